"""A score becomes evidence that is no stronger than what it was calibrated on."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifier.detector.calibration import (
    Calibration,
    Floats,
    Labels,
    Names,
    auc,
    calibrate,
    cllr,
    error_by_chance,
    expected_error,
    interval,
    supported,
    weigh,
)
from verifier.detector.evidence import Evidence, in_words


def drawn(apart: float, each: int = 60, seed: int = 3) -> tuple[Floats, Labels, Names]:
    """Scores of two sources a class; a source has its own offset."""
    random = np.random.default_rng(seed)
    scores, generated, sources = [], [], []
    for name, middle in (("real_a", 0.0), ("real_b", 0.3), ("fake_a", apart), ("fake_b", apart)):
        scores.append(random.normal(middle, 1, each))
        generated.append(np.full(each, name.startswith("fake")))
        sources.append(np.full(each, name))
    return np.concatenate(scores), np.concatenate(generated), np.concatenate(sources)


def test_a_calibrated_ratio_is_the_ratio_of_the_densities() -> None:
    scores, generated, sources = drawn(2.0, each=4000)
    calibration = calibrate(scores, generated, sources, resamples=1)
    slope, offset = calibration.lines[0] * np.log(10)
    # Two normal densities a distance d apart have a log ratio of slope d.
    assert slope == pytest.approx(1.85, abs=0.15)
    assert offset == pytest.approx(-slope * 1.075, abs=0.15)


def test_no_score_says_more_than_the_data_can_support() -> None:
    scores, generated, sources = drawn(20.0, each=30)  # the classes do not overlap at all
    evidence = weigh(1e9, calibrate(scores, generated, sources))
    assert 1.0 < evidence.log10_lr <= np.log10(61)
    assert evidence.interval[1] <= np.log10(61)


def test_more_data_support_a_stronger_ratio() -> None:
    few, many = (calibrate(*drawn(20.0, each=each)).bounds[1] for each in (20, 400))
    assert many > few + 0.8


def test_scores_that_tell_nothing_support_nothing() -> None:
    random = np.random.default_rng(1)
    ratios = random.normal(0, 3, 400)
    low, high = supported(ratios, random.random(400) < 0.5)
    assert low > -0.5
    assert high < 0.5


def test_a_file_scored_twice_is_one_file_and_supports_no_stronger_ratio() -> None:
    scores, generated, sources = drawn(20.0)
    once = calibrate(scores, generated, sources).bounds
    twice = np.tile(np.arange(len(scores)), 2)
    again = (scores[twice], generated[twice], sources[twice])
    assert calibrate(*again, files=twice.astype(np.str_)).bounds == once
    assert calibrate(*again).bounds[1] > once[1] + 0.25


@given(st.lists(st.tuples(st.floats(-4, 4), st.booleans(), st.integers(0, 5)), min_size=2))
def test_bounds_are_those_of_the_definition_counted_one_by_one(
    told: list[tuple[float, bool, int]],
) -> None:
    ratios, generated = np.array([r for r, _, _ in told]), np.array([g for _, g, _ in told])
    files = np.array([f"{g}{f}" for _, g, f in told])
    shares = [1 / list(files).count(name) for name in files]
    real, made = (len({f"{g}{f}" for _, g, f in told if g is which}) for which in (False, True))

    def helps(threshold: float, least: float) -> bool:
        rows = list(zip(ratios, generated, shares, strict=True))
        above = sum(share for r, g, share in rows if not g and r >= threshold)
        below = sum(share for r, g, share in rows if g and r < threshold)
        cost = (above + 1) / (real + 1) * 10**threshold + (below + 1) / (made + 1)
        return bool(cost <= least * min(1, 10**threshold))

    ladder = np.linspace(-6, 6, 1201)
    low, high = supported(ratios, generated, files)
    for slack, inner in ((1 - 1e-9, True), (1 + 1e-9, False)):  # sums may round otherwise
        good = [each for each in ladder if helps(each, slack)]
        least, most = min(good, default=0.0), max(good, default=0.0)
        assert (low <= min(least, 0.0) and high >= max(most, 0.0)) or not inner
        assert (low >= min(least, 0.0) and high <= max(most, 0.0)) or inner


def test_sources_that_disagree_widen_the_interval() -> None:
    scores, generated, sources = drawn(4.0)
    agreed = calibrate(scores, generated, sources).lines @ (2.0, 1.0)
    scores[sources == "fake_b"] -= 3.0
    torn = calibrate(scores, generated, sources).lines @ (2.0, 1.0)
    assert torn.std() > 1.2 * agreed.std()


def test_a_source_that_was_not_seen_widens_the_interval_and_moves_no_ratio() -> None:
    scores, generated, sources = drawn(4.0)
    names = np.where(
        generated, sources, np.char.add("real_", (np.arange(len(sources)) % 5).astype(np.str_))
    )
    scores = scores + np.where(generated, 0, (np.arange(len(sources)) % 5) * 0.3)
    seen, unseen = (
        weigh(2.0, calibrate(scores, generated, names, unseen=each)) for each in (False, True)
    )
    assert unseen.log10_lr == seen.log10_lr
    assert unseen.interval[0] < seen.interval[0]
    assert unseen.interval[1] >= seen.interval[1]


def test_a_large_source_does_not_speak_for_all() -> None:
    scores, generated, sources = drawn(2.0)
    twenty = np.tile(np.flatnonzero(sources == "real_a"), 20)
    more = np.concatenate((np.arange(len(scores)), twenty))
    one = calibrate(scores, generated, sources, resamples=1).lines[0]
    other = calibrate(scores[more], generated[more], sources[more], resamples=1).lines[0]
    assert other == pytest.approx(one, abs=0.02)


def test_one_source_a_class_is_no_calibration() -> None:
    scores, generated, sources = drawn(2.0)
    rows = sources != "fake_b"
    with pytest.raises(ValueError, match="two sources"):
        calibrate(scores[rows], generated[rows], sources[rows])


def test_the_same_data_and_seed_give_the_same_calibration() -> None:
    one, other = calibrate(*drawn(2.0)), calibrate(*drawn(2.0))
    assert np.array_equal(one.lines, other.lines)
    assert one.bounds == other.bounds


@pytest.mark.parametrize(
    ("interval", "words"),
    [
        ((-0.4, 1.2), "no support"),
        ((0.1, 1.2), "no support"),
        ((0.4, 1.2), "weak support for a generated picture"),
        ((-1.9, -1.1), "moderate support for a photograph"),
        ((2.5, 3.5), "moderately strong support for a generated picture"),
    ],
)
def test_the_words_are_those_of_the_weakest_end(interval: tuple[float, float], words: str) -> None:
    assert (
        in_words(Evidence(sum(interval) / 2, interval), ("a generated picture", "a photograph"))
        == words
    )


@given(
    st.floats(-1e6, 1e6),
    st.lists(st.tuples(st.floats(-5, 5), st.floats(-5, 5)), min_size=1, max_size=9),
    st.floats(-4, 0),
    st.floats(0, 4),
)
def test_a_ratio_lies_in_its_interval_and_that_within_the_bounds(
    score: float, lines: list[tuple[float, float]], low: float, high: float
) -> None:
    told = weigh(score, Calibration(np.array(lines), (low, high)))
    assert low <= told.interval[0] <= told.log10_lr <= told.interval[1] <= high


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=40))
def test_the_area_is_the_share_of_pairs_in_order(rows: list[tuple[int, bool]]) -> None:
    scores = np.array([float(score) for score, _ in rows])
    generated = np.array([which for _, which in rows])
    if generated.all() or not generated.any():
        return
    pairs = [
        1.0 if one > other else 0.5 if one == other else 0.0
        for one in scores[generated]
        for other in scores[~generated]
    ]
    assert auc(scores, generated) == pytest.approx(np.mean(pairs))


def test_saying_nothing_costs_one_bit_and_being_wrong_costs_more() -> None:
    generated = np.array([True] * 5 + [False] * 50)
    assert cllr(np.zeros(55), generated) == pytest.approx(1)
    assert cllr(np.where(generated, 3.0, -3.0), generated) < 0.01
    assert cllr(np.where(generated, -3.0, 3.0), generated) > 5


def test_stated_chances_that_come_true_have_no_error() -> None:
    random = np.random.default_rng(2)
    generated = random.random(20000) < 0.5
    ratios = (random.normal(np.where(generated, 1.0, -1.0), 1) * 2) / np.log(10)
    assert expected_error(ratios, generated) < 0.02
    assert expected_error(ratios * 5, generated) > 0.05


def test_the_interval_holds_the_figure() -> None:
    scores, generated, _ = drawn(2.0)
    low, high = interval(auc, scores, generated)
    assert low < auc(scores, generated) < high
    assert high - low < 0.12


def test_by_size_a_line_does_not_depend_on_how_its_scores_are_shared_out() -> None:
    scores, generated, sources = drawn(2.0)
    tiny = np.array([f"{name}{number < 3}" for number, name in enumerate(sources)])
    alike, shared = (
        calibrate(scores, generated, names, resamples=1, by_size=True).lines[0]
        for names in (sources, tiny)
    )
    assert alike == pytest.approx(shared)
    other = calibrate(scores, generated, tiny, resamples=1).lines[0]
    assert other != pytest.approx(shared)


@pytest.mark.parametrize("odds", [0.3, 1.0, 4.0])
def test_exact_ratios_err_as_chance_has_it_and_others_more(odds: float) -> None:
    random = np.random.default_rng(7)
    generated = random.random(3000) < odds / (1 + odds)
    scores = random.normal(np.where(generated, 1.0, -1.0), 1)
    exact = 2 * scores / np.log(10)  # two normal densities, two apart
    low, middle, high = error_by_chance(exact, generated)
    assert 0 < low < middle < high < 0.05
    assert low / 2 < expected_error(exact, generated) < 1.5 * high
    assert expected_error(exact / 3, generated) > 2 * high
    few = error_by_chance(exact[:100], generated[:100])
    assert few[1] > 3 * middle
