"""Pictures that move: their frames, each with its own time."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ledger import asset
from ledger.asset import HEAD_SIZE, MediaType, detect_media_type
from tests import media
from verifier.errors import VerifierError
from verifier.media.decode import frames
from verifier.media.moving import moves
from verifier.media.probe import probe

TYPES = {"gif": asset.GIF, "webp": asset.WEBP, "png": asset.PNG}


def moving(path: Path, levels: list[int], durations: list[int]) -> Path:
    """A picture whose frames are even but for a bright corner, so that none is left out."""
    pictures = []
    for level in levels:
        luma = np.full((24, 32), level, np.uint8)
        luma[:4, : 4 + level // 8] = 255 - level
        pictures.append(Image.fromarray(luma))
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=durations, loop=0)
    return path


def kind_of(path: Path) -> MediaType:
    return detect_media_type(path.read_bytes()[:HEAD_SIZE])


@pytest.mark.parametrize("name", TYPES)
def test_frames_come_with_their_own_times(tmp_path: Path, name: str) -> None:
    path = moving(tmp_path / f"a.{name}", [40, 120, 200, 80], [100, 500, 200, 300])
    assert kind_of(path) == TYPES[name]
    assert moves(path, TYPES[name])
    found = list(frames(path, TYPES[name], per_second=30, size=(32, 24)))
    assert [time for time, _ in found] == pytest.approx([0, 0.1, 0.6, 0.8])
    assert [int(luma[12, 16]) for _, luma in found] == pytest.approx([40, 120, 200, 80], abs=4)


def test_the_first_frame_in_each_period_is_taken_and_shown_small_beside(tmp_path: Path) -> None:
    path = moving(tmp_path / "a.gif", [40, 120, 200, 80], [100, 500, 200, 300])
    found = list(frames(path, asset.GIF, per_second=2, size=(32, 24), beside=(16, 12)))
    assert [time for time, _ in found] == pytest.approx([0, 0.6])
    assert all(luma.shape == (24, 48) for _, luma in found)
    assert found[0][1][8, 40] == pytest.approx(40, abs=4)
    (cut, *_) = frames(path, asset.GIF, per_second=2, size=(8, 8), crop=(0, 8, 16, 16))
    assert np.ptp(cut[1]) <= 4


def test_frames_that_are_to_be_shown_for_no_time_are_shown_for_a_tenth_of_a_second(
    tmp_path: Path,
) -> None:
    path = moving(tmp_path / "a.gif", [40, 120, 200], [0, 0, 0])
    assert [time for time, _ in frames(path, asset.GIF, per_second=30)] == pytest.approx(
        [0, 0.1, 0.2]
    )


def test_a_still_picture_does_not_move(tmp_path: Path) -> None:
    still = media.photograph(tmp_path)
    assert not moves(still, asset.JPEG)
    Image.open(still).save(tmp_path / "still.gif")
    assert not moves(tmp_path / "still.gif", asset.GIF)
    assert probe(tmp_path / "still.gif", asset.GIF).video == ()


@pytest.mark.parametrize("name", TYPES)
def test_a_moving_picture_that_breaks_off_is_refused_or_read_so_far(
    tmp_path: Path, name: str
) -> None:
    path = moving(tmp_path / f"a.{name}", [40, 120, 200, 80], [100, 500, 200, 300])
    data = path.read_bytes()
    for length in range(40, len(data), max(1, len(data) // 40)):
        path.write_bytes(data[:length])
        try:
            found = list(frames(path, TYPES[name], per_second=30, size=(32, 24)))
        except VerifierError:
            continue
        assert len(found) <= 4
