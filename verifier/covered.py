"""What a signature leaves open of a file, and which bytes of it were changed, in words. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from ledger.vocabulary import Outcome

from .harmless import printable
from .manifest import ManifestReading
from .opinion.coverage import Coverage, Guard, Region
from .opinion.fragments import ELSEWHERE
from .opinion.parts import LEFT_OUT
from .opinion.result import Aspect, Changed, Check, Opinion
from .report import Finding, Step, Uncovered
from .words import say

# What C2PA leaves open in every file of a type (2.2, A.5.6).
_ALWAYS = ("the `ftyp` box", "the `mfra` box")
_NAMED = 4  # of what is left open, so many are named
_TOO_WIDE = ".exclusionTooWide"
DISPUTED = "hardBinding.disputed"


def coverage_findings(reading: ManifestReading) -> list[Finding]:
    """Return a finding where the signature leaves something open beside its own manifest."""
    if reading.opinion is None or reading.opinion.coverage is None:
        return []
    coverage = reading.opinion.coverage
    left_open = [each for each in coverage.regions if _matters(each)]
    if not left_open:
        return []
    count = sum(each.end - each.start for each in left_open)
    verb = "byte, {}, is" if count == 1 else "bytes, {}, are"
    bytes_are = f"{count:,} {verb.format(_share(count, coverage.size))}"
    names = _names(left_open)
    return [
        say(
            Step.COVERAGE,
            Outcome.NOT_CHECKED,
            "coverage.partial",
            bytes_are=bytes_are,
            names=names,
        )
    ]


def _matters(region: Region) -> bool:
    return region.guard is Guard.OPEN and region.what not in _ALWAYS


def _share(count: int, of: int) -> str:
    share = 100 * count / of
    return f"{share:.1f} %" if share >= 0.05 else "under 0.1 %"


def _names(regions: Iterable[Region]) -> str:
    sizes: dict[str, int] = {}
    for each in regions:
        sizes[each.what] = sizes.get(each.what, 0) + each.end - each.start
    names = sorted(sizes, key=lambda what: -sizes[what])
    told = [printable(f"{name} ({sizes[name]:,})", 100) for name in names[:_NAMED]]
    more = len(names) - len(told)
    return ", ".join(told) + (f", and {more} more" if more else "")


def harmless(coverage: Coverage) -> Coverage:
    """Make the names in a map harmless to show: some are a stranger's."""
    named = (replace(each, what=printable(each.what)) for each in coverage.regions)
    return replace(coverage, regions=tuple(named))


def uncovered(coverage: Coverage) -> tuple[Uncovered, ...]:
    """Return the ranges that the hard binding skips: the manifest, and what else is open."""
    found: list[Uncovered] = []
    for each in coverage.regions:
        if each.guard is Guard.BOUND:
            continue
        what = printable(each.what) if each.guard is Guard.OPEN else "manifest"
        if found and found[-1].bytes[1] == each.start and found[-1].what == what:
            found[-1] = Uncovered(bytes=(found[-1].bytes[0], each.end), what=what)
        else:
            found.append(Uncovered(bytes=(each.start, each.end), what=what))
    return tuple(found)


def no_change(opinion: Opinion | None, label: str) -> Check | None:
    """Return what the second engine says where the first says `mismatch`, and no byte differs.

    What is hashed matches; held against the file is that the signer left out more than C2PA lets
    him (C2PA 2.2, 15.12.1.1), or that the rest of the film lies in other files, or nothing at all:
    then which engine is right is not settled here, and nobody is accused.
    """
    if opinion is None or not opinion.judgements or opinion.judgements[0].label != label:
        return None
    checks = [each for each in opinion.judgements[0].checks if each.aspect is Aspect.CONTENT]
    against = [each for each in checks if each.outcome is not Outcome.PASSED]
    if checks and not against:
        return Check(Aspect.CONTENT, Outcome.NOT_CHECKED, DISPUTED, checks[0].code)
    if len(against) != 1:
        return None
    [check] = against
    if check.code in (ELSEWHERE, LEFT_OUT) or check.code.endswith(_TOO_WIDE):
        return replace(check, about=printable(check.about))
    return None


def changed_sentence(changed: Sequence[Changed]) -> str:
    """Say which bytes were changed, and which seconds of the film or the recording they hold."""
    told = "; ".join(_ranges(changed[:_NAMED]))
    more = len(changed) - _NAMED
    return f"{told}{f'; and {more} more ranges' if more > 0 else ''}"


def _ranges(changed: Iterable[Changed]) -> Iterator[str]:
    for each in changed:
        about = f", about {_clock(each.time[0])} to {_clock(each.time[1])}" if each.time else ""
        yield f"bytes {each.start:,} to {each.end - 1:,}{about}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds * 10), 600)
    hours, minutes = divmod(minutes, 60)
    start = f"{hours}:{minutes:02}" if hours else f"{minutes}"
    return f"{start}:{rest // 10:02}.{rest % 10}"
