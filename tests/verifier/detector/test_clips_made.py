"""What is learnt of clips that others made is asked of makers and publishers it has not seen."""

from pathlib import Path

import numpy as np
import pytest

from bench.training.clips_made import LEAST, Clips, groups, learnt, left_out, line, read
from verifier.detector.calibration import auc
from verifier.detector.head import Head, from_bytes, to_bytes

FEATURES = 12
SOURCES = [
    *(f"fake_swap-maker{n}_publisher{n}" for n in range(8)),
    *(f"real_person{n}" for n in range(8)),
]


def nothing() -> Head:
    """A line that says little, of the last number alone."""
    weights = np.zeros(FEATURES)
    weights[-1] = 0.1
    none = np.zeros((1, FEATURES))
    return Head(
        weights, np.array(0.0), np.zeros((1, 2)), np.zeros(2), none[0], none, np.array(np.inf)
    )


def clips(seed: int, *, told: float, publisher: float) -> Clips:
    """Eight clips a source: what was made shows in one number, whose it is in all others."""
    random = np.random.default_rng(seed)
    sources = np.repeat(SOURCES, 8)
    seen = random.normal(size=(len(sources), FEATURES))
    seen[:, 0] += told * np.char.startswith(sources, "fake")
    for source in SOURCES:
        seen[sources == source, 1:-1] += publisher * random.normal(size=FEATURES - 2)
    return Clips(seen, sources)


def test_sources_that_share_a_maker_or_a_publisher_are_one_group() -> None:
    names = np.array(
        [
            "fake_swap-roop_anna",
            "fake_lips-roop_bert",
            "real_bert",
            "fake_swap-simswap_bert",
            "fake_edit-simswap_carl",
            "real_dora",
            "fake_swap-unknown_emil",
            "fake_swap-unknown_fred",
        ]
    )
    told = groups(names)
    assert len(set(told[:5].tolist())) == 1
    assert len(set(told[4:].tolist())) == 4
    assert (groups(names[::-1])[::-1] == told).all()


def test_what_makers_have_in_common_is_told_of_those_that_were_left_out() -> None:
    some = clips(1, told=2.0, publisher=0.5)
    assert auc(left_out(some), some.made) > 0.85


def test_knowing_whose_a_clip_is_tells_nothing_of_those_that_were_left_out() -> None:
    some = clips(2, told=0.0, publisher=4.0)
    known = line(some, np.ones(len(some.made), bool))
    assert auc(some.seen @ known[:-1] + known[-1], some.made) > 0.8
    assert auc(left_out(some), some.made) < 0.65


def test_the_head_is_the_line_of_before_and_as_much_of_the_new(
    capsys: pytest.CaptureFixture[str],
) -> None:
    some, head = clips(3, told=2.0, publisher=0.5), nothing()
    told = learnt(some, head, seed=0)
    before, new = some.seen @ head.weights, left_out(some)
    of_all = line(some, np.ones(len(some.made), bool))
    loud = before.std() / new.std()
    wanted = before + loud * (some.seen @ of_all[:-1] + of_all[-1])
    assert [told.score(each.astype(np.float32)) for each in some.seen] == pytest.approx(
        wanted, abs=1e-5
    )
    assert told.bounds[0] >= LEAST
    assert told.lines[0, 0] > 0
    assert "64 real clips, 64 others, 16 groups" in capsys.readouterr().out


def test_the_same_clips_give_the_same_bytes() -> None:
    some = clips(4, told=1.0, publisher=0.5)
    once, twice = (to_bytes(learnt(some, nothing(), seed=0)) for _ in range(2))
    assert once == twice
    assert from_bytes(once).weights.shape == (FEATURES,)


def test_what_cannot_be_read_is_named_and_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "clips/fake_swap-roop_anna"
    place.mkdir(parents=True)
    (place / "no.mp4").write_bytes(b"no clip at all" * 500)
    assert len(read([tmp_path / "clips"], tmp_path).sources) == 0
    assert "no.mp4" in capsys.readouterr().out
