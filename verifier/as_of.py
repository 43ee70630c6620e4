"""Two reports on one file, as things stood at some time and as they stand now: why they differ.

Pure. Whatever is said about the log is of now in both: a log says when each entry was made.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from ledger.errors import FormatError

from .report import AsOf, Finding, Report, Step
from .timing import moment
from .trust import TrustList

_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)", re.ASCII)
_JUDGED = (Step.SIGNATURE, Step.TIME, Step.REVOCATION)
_EXPIRED = "signingCredential.expired"


def parse_as_of(text: str, now: datetime) -> datetime:
    """Read a date, which means its end in UTC, or a full time with its offset.

    Raises FormatError for any other spelling, and for a time that is still to come.
    """
    try:
        if _DATE.fullmatch(text):
            day = datetime.fromisoformat(text).replace(tzinfo=UTC)
            time = max(min(day + timedelta(days=1, seconds=-1), now), day)
        elif _TIME.fullmatch(text):
            time = datetime.fromisoformat(text).astimezone(UTC)
        else:
            raise ValueError(text)
    except (ValueError, OverflowError):
        raise FormatError(
            f"{text[:40]!r} is not a time", "give 2026-11-25 or 2026-11-25T10:00:00Z"
        ) from None
    if time > now:
        raise FormatError(f"{text} is still to come", "give a time that has passed")
    return time


def compare_reports(
    then: Report,
    now: Report,
    time: datetime,
    lists: tuple[Sequence[TrustList], Sequence[TrustList]],
) -> Report:
    """Return the report of then, saying what is concluded now, and why where they differ.

    `lists` are those of then and those of now.
    """
    because = tuple(_causes(then, now, *lists)) if _differ(then, now) else ()
    said = f"As things stood at {moment(time)}: {then.conclusion.sentence}"
    return replace(
        then,
        conclusion=replace(then.conclusion, sentence=said),
        as_of=AsOf(time=time.isoformat(), now=now.conclusion, because=because),
    )


def _differ(then: Report, now: Report) -> bool:
    return (
        then.conclusion.code is not now.conclusion.code
        or [link.list for link in then.chain] != [link.list for link in now.chain]
        or any(_code(then, step) != _code(now, step) for step in _JUDGED)
    )


def _causes(
    then: Report, now: Report, old: Sequence[TrustList], new: Sequence[TrustList]
) -> Iterator[str]:
    found = False
    if _code(now, Step.SIGNATURE) == _EXPIRED != _code(then, Step.SIGNATURE):
        found = True
        yield "Its signer's certificate has expired since."
    if _code(then, Step.SIGNATURE) == _EXPIRED != _code(now, Step.SIGNATURE):
        found = True
        yield "Its signer's certificate was not valid yet."
    revoked = _of(now, Step.REVOCATION)
    if revoked and "revoked_" in revoked.code and revoked.code != _code(then, Step.REVOCATION):
        found = True
        yield f"It was revoked since. {revoked.sentence}"
    changes = list(_list_changes(old, new))
    yield from changes
    if not found and not changes:
        for step in Step:
            before, after = _of(then, step), _of(now, step)
            if before and after and before.code != after.code:
                yield f"Then: {before.sentence} Now: {after.sentence}"


def _list_changes(old: Sequence[TrustList], new: Sequence[TrustList]) -> Iterator[str]:
    before = {each.name: each for each in old}
    after = {each.name: each for each in new}
    for name in sorted(before | after):
        if name not in after:
            yield f"Your list “{name}” was removed since."
        elif name not in before:
            yield f"Your list “{name}” was added since."
        elif before[name].digest != after[name].digest:
            versions = f"{_date(before[name])}, {_date(after[name])}"
            yield f"Your list “{name}” has changed since ({versions})."


def _date(trust_list: TrustList) -> str:
    return f"that of {trust_list.since}" if trust_list.since else "undated"


def _of(report: Report, step: Step) -> Finding | None:
    return next((each for each in report.findings if each.step is step), None)


def _code(report: Report, step: Step) -> str | None:
    finding = _of(report, step)
    return finding.code if finding else None
