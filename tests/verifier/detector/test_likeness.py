"""Likeness says what its pictures say, each as loudly as it is alike, but for those left out."""

import numpy as np
import pytest

from verifier.detector.calibration import auc
from verifier.detector.learn import Said
from verifier.detector.learn_likeness import RIDGE, SHARE, Solved, learn_likeness, solve
from verifier.detector.likeness import Likeness, from_bytes, kernel, to_bytes

SOURCES = np.repeat(["real_a", "real_b", "real_c", "fake_gpt_a", "fake_gpt_b", "fake_flux_c"], 30)
GENERATED = np.char.startswith(SOURCES, "fake")


def _pictures(count: int, generated: np.ndarray, seed: int) -> np.ndarray:
    """On either side of a ring, which no line tells apart."""
    random = np.random.default_rng(seed)
    angles = random.uniform(0, 2 * np.pi, count)
    rings = np.stack((np.cos(angles), np.sin(angles)), 1) * np.where(generated, 3.0, 1.0)[:, None]
    unlike = random.normal(0, 0.3, (count, 2))
    told = (rings + random.normal(0, 0.2, rings.shape), unlike, np.zeros((count, 1)))
    return np.hstack(told).astype(np.float32)


@pytest.fixture(scope="module")
def learnt() -> Likeness:
    features = _pictures(180, GENERATED, 1)[:, :-1].astype(np.float64)
    return learn_likeness(features, GENERATED, SOURCES, seed=7).head


def test_what_no_line_tells_apart_is_told_by_likeness(learnt: Likeness) -> None:
    truth = np.arange(200) % 2 == 1
    scores = np.array([learnt.score(each) for each in _pictures(200, truth, 2)])
    assert auc(scores, truth) > 0.95


def test_a_score_is_what_every_picture_says_by_how_alike_it_is(learnt: Likeness) -> None:
    features = _pictures(1, np.array([True]), 3)[0]
    along = [
        float(
            sum(
                float(level) * float(step) * float(scale) * float(number - centre)
                for level, scale, number, centre in zip(
                    row, learnt.scale, features[:-1], learnt.centre, strict=True
                )
            )
        )
        for row, step in zip(learnt.levels, learnt.steps, strict=True)
    ]
    said = 0.0
    for place, coefficient in enumerate(learnt.coefficients):
        apart = sum(
            (float(learnt.examples[k, place]) * float(learnt.step) - along[k]) ** 2
            for k in range(len(along))
        )
        said += float(coefficient) * np.exp(-apart / float(learnt.width))
    assert learnt.score(features) == pytest.approx(said, abs=1e-9)


def test_it_is_read_as_it_was_written_and_learnt_the_same_twice(learnt: Likeness) -> None:
    data = to_bytes(learnt)
    assert to_bytes(from_bytes(data)) == data
    features = _pictures(180, GENERATED, 1)[:, :-1].astype(np.float64)
    assert to_bytes(learn_likeness(features, GENERATED, SOURCES, seed=7).head) == data


def test_far_from_every_picture_nothing_is_said_and_the_distance_says_so(learnt: Likeness) -> None:
    far = np.array([1000, 1000, 1000, 1000, 0], np.float32)
    assert learnt.score(far) == 0
    assert learnt.distance(far) > float(learnt.farthest)
    assert learnt.distance(_pictures(1, np.array([False]), 4)[0]) < float(learnt.farthest)


def test_pictures_are_alike_as_gauss_has_it_and_themselves_most() -> None:
    some = np.random.default_rng(5).normal(size=(6, 4))
    others = np.vstack((some[:2], some[:1] + 100))
    told = kernel(some, others, 3.0)
    for i, one in enumerate(some):
        for j, other in enumerate(others):
            assert told[i, j] == pytest.approx(np.exp(-(((one - other) ** 2).sum()) / 3.0))
    assert told[0, 0] == pytest.approx(1)
    assert told[0, 2] == 0


def test_a_group_that_is_left_out_is_told_as_if_it_had_never_been_learnt_from() -> None:
    random = np.random.default_rng(6)
    along, weights = random.normal(size=(180, 5)), random.uniform(0.2, 3, 180)
    solved = solve(along, 4.0, weights)
    assert isinstance(solved, Solved)
    scores = solved.left_out(GENERATED, SOURCES)
    sides = np.where(GENERATED, 1.0, -1.0)
    for name in np.unique(SOURCES):
        out = name == SOURCES
        rest = kernel(along[~out], along[~out], 4.0) + np.diag(RIDGE / weights[~out])
        anew = kernel(along[out], along[~out], 4.0) @ np.linalg.solve(rest, sides[~out])
        assert scores[out] == pytest.approx(anew, abs=1e-9)


def test_a_makers_other_source_does_not_tell_for_its_family() -> None:
    features = _pictures(180, GENERATED, 1)[:, :-1].astype(np.float64)
    told = learn_likeness(features, GENERATED, SOURCES, seed=7)
    gpt = np.char.startswith(SOURCES, "fake_gpt")
    assert not np.array_equal(told.by_family[gpt], told.by_source[gpt])
    assert np.array_equal(told.by_family[~GENERATED], told.by_source[~GENERATED])
    flux = np.char.startswith(SOURCES, "fake_flux")  # a family of one source
    assert told.by_family[flux] == pytest.approx(told.by_source[flux])


def test_a_score_of_its_own_is_added_in_its_share() -> None:
    features = _pictures(180, GENERATED, 1)[:, :-1].astype(np.float64)
    random = np.random.default_rng(5)
    said = Said(*(np.where(GENERATED, 3.0, -1.0) + random.normal(size=180) for _ in range(2)))
    both = learn_likeness(features, GENERATED, SOURCES, said=said, seed=7)
    alone = learn_likeness(features, GENERATED, SOURCES, seed=7)
    more = SHARE * alone.by_family.std() / said.by_family.std()
    assert both.by_family - alone.by_family == pytest.approx(more * said.by_family)
    assert both.by_source - alone.by_source == pytest.approx(more * said.by_source)
    one = _pictures(1, np.array([True]), 3)[0]
    other = np.append(one[:-1], np.float32(2))
    rose = both.head.score(other) - both.head.score(one)
    assert rose == pytest.approx(2 * more, rel=1e-5)
    assert both.head.distance(one) == both.head.distance(other)


def test_one_source_of_a_class_is_too_few_to_learn_from() -> None:
    features = _pictures(180, GENERATED, 1)[:, :-1].astype(np.float64)
    names = np.where(GENERATED, "fake_a", SOURCES)
    with pytest.raises(ValueError, match="two sources"):
        learn_likeness(features, GENERATED, names)
