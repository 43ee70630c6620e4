"""What is learnt of clips that others made is asked of makers and publishers it has not seen."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.training.clips_made import LEAST, Clips, groups, learnt, line, read, weighed
from verifier.detector.calibration import auc
from verifier.detector.head import Head, from_bytes, to_bytes

FEATURES, KNOWN = 12, 8  # that are seen, and of these that the line of before weighs
ALL = slice(None)
SOURCES = [
    *(f"fake_{'swap' if n % 2 else 'reenact'}-maker{n}_publisher{n}" for n in range(8)),
    *(f"real_person{n}" for n in range(8)),
]


def nothing() -> Head:
    """A line that says little, of the last number alone."""
    weights = np.zeros(KNOWN)
    weights[-1] = 0.1
    none = np.zeros((1, KNOWN))
    return Head(
        weights, np.array(0.0), np.zeros((1, 2)), np.zeros(2), none[0], none, np.array(np.inf)
    )


def clips(seed: int, *, told: float, publisher: float) -> Clips:
    """Eight clips a source: what was made shows in two numbers, whose it is in all others."""
    random = np.random.default_rng(seed)
    sources = np.repeat(SOURCES, 8)
    seen = random.normal(size=(len(sources), FEATURES))
    seen[:, [0, -1]] += told * np.char.startswith(sources, "fake")[:, None]
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
    assert auc(line(some, ALL).scores, some.made) > 0.85


def test_knowing_whose_a_clip_is_tells_nothing_of_those_that_were_left_out() -> None:
    some = clips(2, told=0.0, publisher=4.0)
    weights, _ = weighed(some, ALL, np.ones(len(some.made), bool))
    assert auc(some.seen @ weights, some.made) > 0.8
    assert auc(line(some, ALL).scores, some.made) < 0.65


def test_each_line_weighs_what_it_may_see_and_a_clip_scores_by_either(
    capsys: pytest.CaptureFixture[str],
) -> None:
    some, head = clips(3, told=2.0, publisher=0.5), nothing()
    head = replace(head, directions=np.ones((1, KNOWN)))
    told = learnt(some, head, seed=0)
    laid_over, whole = told.weights
    assert laid_over[KNOWN - 1] > 0
    assert not laid_over[KNOWN:].any()
    assert whole[KNOWN:].any()
    ratios = some.seen @ told.weights.T + told.offset
    wanted = np.log(np.exp(ratios).mean(axis=1))
    scores = [told.score(each.astype(np.float32)) for each in some.seen]
    assert scores == pytest.approx(wanted, abs=1e-4)
    assert auc(np.array(scores), some.made) > 0.9
    for each in some.seen.astype(np.float32):  # what is usual is what the line of before was shown
        assert told.distance(each) == pytest.approx(head.distance(each[:KNOWN]))
    assert told.bounds[0] >= LEAST
    assert told.lines[0, 0] > 0
    assert "64 real clips, 64 others, 16 groups" in capsys.readouterr().out


def test_a_line_by_itself_scores_as_it_always_did() -> None:
    head = replace(nothing(), offset=np.array(0.25))
    seen = np.linspace(-1, 1, KNOWN, dtype=np.float32)
    assert head.score(seen) == float(seen @ head.weights + head.offset)


def test_the_same_clips_give_the_same_bytes() -> None:
    some = clips(4, told=1.0, publisher=0.5)
    once, twice = (to_bytes(learnt(some, nothing(), seed=0)) for _ in range(2))
    assert once == twice
    assert from_bytes(once).weights.shape == (2, FEATURES)


def test_what_cannot_be_read_is_named_and_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "clips/fake_swap-roop_anna"
    place.mkdir(parents=True)
    (place / "no.mp4").write_bytes(b"no clip at all" * 500)
    assert len(read([tmp_path / "clips"], tmp_path).sources) == 0
    assert "no.mp4" in capsys.readouterr().out
