"""Asks past verdicts again: `firsthand recall`, wired over one home."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from ledger.asset import read_asset_file
from ledger.errors import FirsthandError
from ledger.vocabulary import Digest
from verifier.recall import Difference, Verdict, differences, verdict_of
from verifier.report import Report

from .many import for_each
from .services import Asked, Services
from .verdicts import Given


@dataclass(frozen=True, slots=True)
class Recalled:
    """A verdict that was given, and what it comes to now; or why that was not checked."""

    given: Given
    now: Verdict | None = None
    differences: tuple[Difference, ...] = ()
    report: Report | None = None
    reason: str = ""

    @property
    def concludes_otherwise(self) -> bool:
        """Whether somebody who relied on the conclusion should hear of it."""
        return self.now is not None and self.now.conclusion is not self.given.verdict.conclusion


def recall(services: Services, elsewhere: Sequence[Path] = ()) -> Iterator[Recalled]:
    """Verify again every file on which a verdict was given, where the same bytes still are.

    What was sent over HTTP, moved or replaced is looked for among the files of `elsewhere`.
    """
    others = _by_digest(elsewhere)
    found = [(given, others.get(given.digest)) for given in services.verdicts.all()]
    return for_each(services, _ask_again, found)


def _ask_again(
    services: Services, found: Sequence[tuple[Given, Path | None]]
) -> Iterator[Recalled]:
    places = [_place(given, elsewhere) for given, elsewhere in found]
    asked = [
        (place, Asked(name=given.name, proof=given.proof, keep=False, detect=False))
        for (given, _), place in zip(found, places, strict=True)
        if place is not None
    ]
    reports = iter(services.verify_each(asked))
    for (given, _), place in zip(found, places, strict=True):
        yield _recalled(given, next(reports)) if place else Recalled(given, reason=_missing(given))


def _place(given: Given, elsewhere: Path | None) -> Path | None:
    return given.path if given.path and _digest(given.path) == given.digest else elsewhere


def _recalled(given: Given, report: Report | FirsthandError) -> Recalled:
    if isinstance(report, FirsthandError):
        return Recalled(given, reason=report.message)
    now = verdict_of(report)
    return Recalled(given, now, tuple(differences(given.verdict, now)), report)


def accept(services: Services, recalled: Iterable[Recalled], when: datetime) -> None:
    """Let what each verdict came to, just now, be what it is held against from here on."""
    changed = [
        replace(each.given, verdict=each.now, time=when)
        for each in recalled
        if each.now is not None
    ]
    services.verdicts.keep(changed)


def _missing(given: Given) -> str:
    if given.path is None:
        return "it was sent over HTTP and not kept; name a folder that holds it"
    if not given.path.exists():
        return f"{given.path} is gone; name the folder that it was moved to"
    return f"{given.path} no longer holds those bytes; name a folder that does"


def _by_digest(places: Sequence[Path]) -> dict[Digest, Path]:
    found: dict[Digest, Path] = {}
    for place in places:
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if path.is_file() and (digest := _digest(path)) is not None:
                found.setdefault(digest, path)
    return found


def _digest(path: Path) -> Digest | None:
    try:
        return read_asset_file(path).digest
    except (FirsthandError, OSError):
        return None
