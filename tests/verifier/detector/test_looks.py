"""What the encoder's rounding is fitted to: training looks, one of each source in turn."""

from pathlib import Path

import numpy as np

from bench.training.looks import looks
from tests import media
from verifier.detector.encoder import SIDE


def test_looks_are_squares_of_each_source_in_turn_and_the_same_twice(tmp_path: Path) -> None:
    for source in ("real_a", "real_b"):
        (tmp_path / source).mkdir()
        media.photograph(tmp_path / source)
    (tmp_path / "real_b" / "text.txt").write_text("no picture")
    drawn = list(looks(tmp_path))
    assert len(drawn) == 2
    assert {each.shape for each in drawn} == {(SIDE, SIDE, 3)}
    assert np.array_equal(np.array(drawn), np.array(list(looks(tmp_path))))
