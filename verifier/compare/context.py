"""When and where a file is claimed to have been captured, against what was recorded. Pure.

No pixel tells an old picture that is shown as new; the record does. Each time is a span, as wide as
its spelling leaves open: a date without an offset may be that date anywhere on Earth.
"""

import calendar
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ledger.errors import FormatError
from ledger.vocabulary import Outcome
from verifier.report import Finding, Step
from verifier.words import say

from .words import count

_EARLIEST_ZONE, _LATEST_ZONE = timedelta(hours=14), timedelta(hours=12)  # UTC+14 and UTC-12
_EARTH = 6371.0088  # kilometres: the mean radius of WGS 84
_DEGREE = 111.2  # kilometres along a meridian
_TIME = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?)?)?)?",
    re.ASCII,
)
_NUMBER = r"(-?\d{1,3}(?:\.\d{1,10})?)"
_PLACE = re.compile(rf"{_NUMBER},{_NUMBER}(?:,(\d{{1,5}}(?:\.\d{{1,3}})?))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Moment:
    """A time as it was spelled, and the span, in UTC, that the spelling leaves open."""

    text: str
    earliest: datetime
    latest: datetime


@dataclass(frozen=True, slots=True)
class Spot:
    """A place (WGS 84, degrees north and east) and how far from it may be meant, in kilometres."""

    latitude: float
    longitude: float
    within: float


@dataclass(frozen=True, slots=True)
class Claim:
    """What somebody says of a file's origin: the time, the place, or neither."""

    time: Moment | None = None
    place: Spot | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """What was recorded of an original: when and where, who said so, and when it was entered."""

    entered: datetime
    time: Moment | None = None
    time_source: str = "the signer's word"
    place: Spot | None = None
    place_source: str = "the signer's word"


def parse_moment(text: str) -> Moment:
    """Read 2022, 2022-05, 2022-05-01, 2022-05-01T10:00, with or without seconds and an offset.

    Raises FormatError for any other spelling and for times that there are not.
    """
    match = _TIME.fullmatch(text)
    try:
        if match is None:
            raise ValueError(text)
        return _moment(text, match)
    except (ValueError, OverflowError):
        raise FormatError(
            f"{text[:40]!r} is not a time",
            "give 2022, 2022-05, 2022-05-01 or 2022-05-01T10:00:00+01:00",
        ) from None


def _moment(text: str, match: re.Match[str]) -> Moment:
    year, month, day, hour, _minute, second, zone = match.groups()
    if hour is not None:
        start = datetime.fromisoformat(text)
        end = start + timedelta(seconds=0 if second else 60)
    else:
        start = datetime(int(year), int(month or 1), int(day or 1))  # a zone is next
        last_month = int(month or 12)
        last_day = int(day or calendar.monthrange(int(year), last_month)[1])
        end = datetime(int(year), last_month, last_day) + timedelta(days=1)
    if zone is not None:
        return Moment(text, start.astimezone(UTC), end.astimezone(UTC))
    earliest = start.replace(tzinfo=UTC) - _EARLIEST_ZONE
    return Moment(text, earliest, end.replace(tzinfo=UTC) + _LATEST_ZONE)


def parse_spot(text: str) -> Spot:
    """Read LAT,LON in degrees or LAT,LON,KILOMETRES: without them, its digits say how exact it is.

    Raises FormatError for any other spelling and for places that are not on Earth.
    """
    match = _PLACE.fullmatch(text)
    if match is not None:
        latitude, longitude = float(match[1]), float(match[2])
        within = float(match[3]) if match[3] else _implied(match[1], match[2])
        if abs(latitude) <= 90 and abs(longitude) <= 180:
            return Spot(latitude, longitude, within)
    raise FormatError(
        f"{text[:40]!r} is not a place",
        "give degrees north and east, and how many kilometres around if you like: 52.52,13.40,25",
    )


def spot_of(latitude: float, longitude: float, metres: float | None = None) -> Spot:
    """Return a recorded place; without `metres`, its digits say how exact it is."""
    if metres is not None:
        return Spot(latitude, longitude, metres / 1000)
    return Spot(latitude, longitude, _implied(f"{latitude}", f"{longitude}"))


def _implied(latitude: str, longitude: str) -> float:
    """Half a unit of the last digit that both have, in kilometres."""
    digits = max(len(text.partition(".")[2]) for text in (latitude, longitude))
    return _DEGREE / (2.0 * 10.0**digits)


def distance(one: Spot, other: Spot) -> float:
    """Return the great-circle distance in kilometres.

    By Vincenty's formula for a sphere, which is exact for neighbours and antipodes alike (T.
    Vincenty, "Direct and inverse solutions of geodesics on the ellipsoid", Survey Review 23, 1975).
    """
    a, b = math.radians(one.latitude), math.radians(other.latitude)
    east = math.radians(other.longitude - one.longitude)
    across = math.cos(b) * math.sin(east)
    along = math.cos(a) * math.sin(b) - math.sin(a) * math.cos(b) * math.cos(east)
    towards = math.sin(a) * math.sin(b) + math.cos(a) * math.cos(b) * math.cos(east)
    angle = math.atan2(math.hypot(across, along), towards)
    return _EARTH * angle


def check_context(claim: Claim, captured: Captured, what: str = "file") -> Iterator[Finding]:
    """Yield a finding for each claim; `what` names the asset: picture, clip, recording."""
    if claim.time is not None:
        yield _check_time(claim.time, captured, what)
    if claim.place is not None:
        yield _check_place(claim.place, captured)


def not_checked(claim: Claim, reason: str) -> Iterator[Finding]:
    """Yield a finding for each claim that could not be held against anything, with the reason."""
    for name, claimed in (("time", claim.time), ("place", claim.place)):
        if claimed is not None:
            code = f"context.{name}.not_checked"
            yield say(Step.CONTEXT, Outcome.NOT_CHECKED, code, reason=reason)


def _check_time(claimed: Moment, captured: Captured, what: str) -> Finding:
    recorded = captured.time
    entered = Moment(f"{captured.entered:%Y-%m-%d}", captured.entered, captured.entered)
    if recorded is None and entered.latest < claimed.earliest:
        said = f"Entered in the log on {entered.text}, {_gap(entered, claimed)} before the claimed"
        return _contradicted("time", f"{said} {claimed.text}: an old {what} shown as new", "log")
    if recorded is None:
        return say(Step.CONTEXT, Outcome.ABSENT, "context.time.absent", entered=entered.text)
    if recorded.latest < claimed.earliest:
        said = f"Recorded on {_date(recorded)}, {_gap(recorded, claimed)} before the claimed"
        said = f"{said} {claimed.text}: an old {what} shown as new"
        return _contradicted("time", said, captured.time_source)
    if claimed.latest < recorded.earliest:
        said = f"Recorded on {_date(recorded)}, {_gap(claimed, recorded)} after the claimed"
        return _contradicted("time", f"{said} {claimed.text}", captured.time_source)
    return say(
        Step.CONTEXT,
        Outcome.PASSED,
        "context.time.agrees",
        recorded=_date(recorded),
        claimed=claimed.text,
        limit=_limit(captured.time_source),
    )


def _check_place(claimed: Spot, captured: Captured) -> Finding:
    recorded = captured.place
    if recorded is None:
        return say(Step.CONTEXT, Outcome.ABSENT, "context.place.absent")
    away, open_to = distance(claimed, recorded), claimed.within + recorded.within
    if away > open_to:
        said = f"Recorded {_kilometres(away)} from the claimed place"
        return _contradicted("place", said, captured.place_source)
    within, limit = _kilometres(max(open_to, 0.01)), _limit(captured.place_source)
    code = "context.place.agrees"
    return say(Step.CONTEXT, Outcome.PASSED, code, within=within, limit=limit)


def _contradicted(name: str, said: str, source: str) -> Finding:
    code, limit = f"context.{name}.contradicted", _limit(source)
    return say(Step.CONTEXT, Outcome.FAILED, code, contradiction=said, limit=limit)


def _limit(source: str) -> str:
    if source == "log":
        return "when it was captured, only that it was there by then"
    return f"that the record is right: it is as recorded, by {source}"


def _date(recorded: Moment) -> str:
    return recorded.text.partition("T")[0]


def _gap(before: Moment, after: Moment) -> str:
    """Say how long lies between two spans, in one unit."""
    days = (_middle(after) - _middle(before)) / timedelta(days=1)
    for unit, length, least in (("year", 365.2425, 548), ("month", 30.44, 60), ("day", 1, 2)):
        if days >= least:
            return count(round(days / length), unit, f"{unit}s")
    return count(max(round(24 * days), 1), "hour", "hours")


def _middle(moment: Moment) -> datetime:
    return moment.earliest + (moment.latest - moment.earliest) / 2


def _kilometres(distance: float) -> str:
    if distance < 1:
        return f"{max(round(distance * 100) * 10, 10)} m"
    return f"{distance:.1f} km" if distance < 10 else f"{distance:,.0f} km".replace(",", " ")
