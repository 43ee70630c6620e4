"""An old picture shown as new, and a picture of elsewhere: said, with what is left open."""

import math
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ledger.errors import FormatError
from ledger.vocabulary import Outcome
from verifier.compare.context import (
    Captured,
    Claim,
    Spot,
    check_context,
    distance,
    not_checked,
    parse_moment,
    parse_spot,
    spot_of,
)
from verifier.report import Finding, Step

PASSED, FAILED, ABSENT = Outcome.PASSED, Outcome.FAILED, Outcome.ABSENT
ENTERED = datetime(2019, 3, 4, tzinfo=UTC)


def of_time(claimed: str, recorded: str | None, entered: datetime = ENTERED) -> Finding:
    captured = Captured(entered=entered, time=parse_moment(recorded) if recorded else None)
    [finding] = check_context(Claim(time=parse_moment(claimed)), captured, "picture")
    return finding


def of_place(claimed: str, recorded: Spot | None) -> Finding:
    captured = Captured(entered=ENTERED, place=recorded)
    [finding] = check_context(Claim(place=parse_spot(claimed)), captured, "picture")
    return finding


TIMES = [
    # claimed, recorded, outcome, sentence
    (
        ("2022-05-01", "2019-03-02T12:00:00+01:00", FAILED),
        (
            "Recorded on 2019-03-02, three years before the claimed 2022-05-01: "
            "an old picture shown as new."
        ),
    ),
    (
        ("2019-03-02", "2022-05-01T12:00:00Z", FAILED),
        "Recorded on 2022-05-01, three years after the claimed 2019-03-02.",
    ),
    (
        ("2019-03-02T18:00:00+01:00", "2019-03-02T12:00:00+01:00", FAILED),
        (
            "Recorded on 2019-03-02, six hours before the claimed 2019-03-02T18:00:00+01:00: "
            "an old picture shown as new."
        ),
    ),
    (
        ("2019-03", "2019-03-02T12:00:00+01:00", PASSED),
        "Recorded on 2019-03-02, which agrees with the claimed 2019-03.",
    ),
    (
        ("2019-05", "2019-03-02T12:00:00+01:00", FAILED),
        (
            "Recorded on 2019-03-02, two months before the claimed 2019-05: "
            "an old picture shown as new."
        ),
    ),
    (
        ("2022-05-01", None, FAILED),
        (
            "Entered in the log on 2019-03-04, three years before the claimed 2022-05-01: "
            "an old picture shown as new."
        ),
    ),
    (
        ("2018-05-01", None, ABSENT),
        "No time of capture was recorded; it was entered on 2019-03-04.",
    ),
]


@pytest.mark.parametrize(("case", "sentence"), TIMES)
def test_a_claimed_time_is_held_against_the_recorded_one(
    case: tuple[str, str | None, Outcome], sentence: str
) -> None:
    claimed, recorded, outcome = case
    finding = of_time(claimed, recorded)
    assert (finding.step, finding.outcome, finding.sentence) == (Step.CONTEXT, outcome, sentence)
    assert finding.does_not_show


@pytest.mark.parametrize(
    ("claimed", "recorded"),
    [
        ("2019-03-03", "2019-03-02T20:00:00Z"),  # it was the third already in Auckland
        ("2019-03-01", "2019-03-02T11:00:00Z"),  # and still the first on Howland Island
        ("2019-03-02T12:00", "2019-03-02"),
        ("2019-03-02T12:00", "2019-03-03T00:00:30Z"),  # no offset: some place on Earth
        ("2019", "2019-12-31T23:59:59Z"),
        ("2019-03-02T12:00Z", "2019-03-02T12:00:59Z"),  # within that minute
    ],
)
def test_what_a_spelling_leaves_open_contradicts_nothing(claimed: str, recorded: str) -> None:
    assert of_time(claimed, recorded).outcome is PASSED


@pytest.mark.parametrize(
    ("claimed", "recorded"),
    [
        ("2019-03-04", "2019-03-02T20:00:00Z"),
        ("2019-03-01", "2019-03-02T12:00:01Z"),
        ("2019-03-02T12:00Z", "2019-03-02T12:01:01Z"),
    ],
)
def test_and_not_a_moment_more(claimed: str, recorded: str) -> None:
    assert of_time(claimed, recorded).outcome is FAILED


def test_a_claimed_place_is_held_against_the_recorded_one() -> None:
    berlin = spot_of(52.52, 13.405)
    far = of_place("48.8566,2.3522", berlin)
    assert (far.outcome, far.sentence) == (FAILED, "Recorded 877 km from the claimed place.")
    near = of_place("52.52,13.41", berlin)
    assert (near.outcome, near.code) == (PASSED, "context.place.agrees")
    assert of_place("52.5,13.4", berlin).outcome is PASSED  # its digits mean 6 km
    assert of_place("52.500,13.300", berlin).sentence == "Recorded 7.4 km from the claimed place."
    assert of_place("52.500,13.300,10", berlin).outcome is PASSED
    assert of_place("0,0", None).outcome is ABSENT


def test_how_exact_the_record_is_counts_too() -> None:
    assert of_place("52.5200,13.4050", spot_of(52.53, 13.405, metres=2000)).outcome is PASSED
    assert of_place("52.5200,13.4050", spot_of(52.53, 13.405, metres=20)).outcome is FAILED


def test_what_was_not_checked_says_why_for_each_claim() -> None:
    claim = Claim(parse_moment("2022"), parse_spot("1,2"))
    found = list(not_checked(claim, "nothing recorded matches"))
    assert [each.code for each in found] == [
        "context.time.not_checked",
        "context.place.not_checked",
    ]
    assert all("because" not in each.sentence for each in found)
    assert list(not_checked(Claim(), "why")) == []


@pytest.mark.parametrize(
    "text",
    [
        *("", "22", "2022-5-1", "2022-13", "2022-02-30", "2022-05-01T10", "2022-05-01 10:00"),
        *("2022-05-01T25:00", "0000", "0001-01-01", "9999-12-31", "2022-05-01T10:00:00+99:00"),
        *("2022\n", "٢٠٢٢", "2022-05-01T10:00:00.1234567", "today", "2022Z"),
    ],
)
def test_only_one_spelling_of_a_time_is_read(text: str) -> None:
    with pytest.raises(FormatError, match="is not a time"):
        parse_moment(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "91,0",
        "0,181",
        "1,2,",
        "1, 2",
        "nan,0",
        "1e1,0",
        "+1,2",
        "1,2,-3",
        "1,2,3,4",
        "٥,2",
    ],
)
def test_only_one_spelling_of_a_place_is_read(text: str) -> None:
    with pytest.raises(FormatError, match="is not a place"):
        parse_spot(text)


@given(st.datetimes(datetime(2, 1, 2), datetime(9998, 1, 1)), st.integers(-14 * 60, 14 * 60))
def test_every_moment_lies_in_the_span_of_every_shorter_spelling_of_it(
    when: datetime, minutes: int
) -> None:
    moment = when.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=minutes)))
    text = moment.isoformat()
    for spelled in (text, text[:19], text[:16], text[:10], text[:7], text[:4]):
        span = parse_moment(spelled)
        assert span.text == spelled
        # Offsets beyond -12 are nowhere on Earth.
        if minutes >= -12 * 60:
            assert span.earliest <= moment <= span.latest, spelled


spots = st.builds(Spot, st.floats(-90, 90), st.floats(-180, 180), st.just(0.0))


@given(spots, spots, spots)
@example(Spot(0.0, 180.0, 0.0), Spot(0.0, -1.0, 0.0), Spot(0.0, -1.19e-07, 0.0))
def test_distances_are_those_of_a_sphere(one: Spot, two: Spot, three: Spot) -> None:
    assert distance(one, one) == 0
    assert 0 <= distance(one, two) <= math.pi * 6371.01
    assert distance(one, two) == pytest.approx(distance(two, one), abs=1e-6)
    assert distance(one, three) <= distance(one, two) + distance(two, three) + 1e-6


def test_a_known_distance_is_found() -> None:
    """London to New York, 5570 km by the sphere."""
    assert distance(parse_spot("51.5074,-0.1278"), parse_spot("40.7128,-74.0060")) == pytest.approx(
        5570, abs=1
    )
    assert distance(parse_spot("0,179.9"), parse_spot("0,-179.9")) == pytest.approx(22.24, abs=0.01)
