"""The hard binding against the bytes in hand (C2PA 2.2, 15.12), streamed."""

import re
from collections.abc import Iterator, Mapping, Sequence

from ledger.errors import FormatError
from ledger.vocabulary import Outcome

from .bmff import check_bmff
from .boxes import check_boxes
from .claim import ingredients
from .container import Embedded
from .coverage import Region
from .result import Aspect, Bound, Check
from .source import Range, Source
from .store import Assertion, Manifest, as_bytes, as_list, as_map, as_number, as_text
from .units import name_open

# C2PA 2.2, 11.2.2: exactly one of these. A hash of the parts (18.9) comes beside it.
_BINDING = re.compile(r"(c2pa\.hash\.(?:data|boxes|bmff|collection\.data))(\.v[0-9]+)?(__[0-9]+)?")
_PARTS = re.compile(r"c2pa\.hash\.multi-asset(\.v[0-9]+)?(__[0-9]+)?")
_MAX_EXCLUSIONS = 1024


def check_binding(
    source: Source, embedded: Embedded, manifests: Mapping[str, Manifest], active: Manifest
) -> Bound:
    """Hold the bytes of a file against its active manifest; raises FormatError."""
    bound = active
    for _ in manifests:  # C2PA 2.2, 15.12: an update manifest binds through its parent
        if not bound.update:
            break
        bound = _parent(manifests, bound)
    if bound.compressed or bound.update:
        return _unchecked("general.error", "the manifest that binds the bytes is compressed")
    found = [(a, m) for a in bound.assertions if (m := _BINDING.fullmatch(a.label))]
    if not found:  # C2PA 2.2, 15.10.1.2
        return _failed("claim.hardBindings.missing")
    if len(found) > 1:
        return _failed("assertion.multipleHardBindings")
    assertion, match = found[0]
    algorithm = bound.claimed().get("alg")
    if match[1] == "c2pa.hash.data":
        held = _check_data(source, embedded, assertion, algorithm, updated=bound is not active)
    elif match[1] == "c2pa.hash.bmff" and match[2] in (None, ".v2", ".v3"):
        held = check_bmff(source, assertion.value(), algorithm, old=match[2] is None)
    elif match[1] == "c2pa.hash.boxes":
        held = check_boxes(source, embedded.container, assertion.value(), algorithm)
    else:
        said = f"a binding of the kind {assertion.label} is not read here"
        return _unchecked("general.error", said)
    if held.checks[0].code.endswith(".mismatch") and any(map(_is_of_parts, bound.assertions)):
        # C2PA 2.2, 15.12.1.1: then the hashes of the parts are what counts.
        return _unchecked("general.error", "a hash of several parts is not read here")
    return held


def _is_of_parts(assertion: Assertion) -> bool:
    return _PARTS.fullmatch(assertion.label) is not None


def _parent(manifests: Mapping[str, Manifest], update: Manifest) -> Manifest:
    parents = [each for each in ingredients(update) if each.parent]
    if len(parents) != 1:  # C2PA 2.2, 11.2.3: exactly one ingredient, its parent
        raise FormatError(f"an update manifest has {len(parents)} parents")
    parent = manifests.get(parents[0].manifest)
    if parent is None:
        raise FormatError("the parent of an update manifest is not in the store")
    return parent


def _check_data(
    source: Source,
    embedded: Embedded,
    assertion: Assertion,
    default: object,
    *,
    updated: bool,
) -> Bound:
    """Check `c2pa.hash.data` (C2PA 2.2, 15.12.1 and 18.5)."""
    value = assertion.value()
    algorithm = as_text(value.get("alg") or default, "a hash algorithm")  # C2PA 2.2, 15.4.1
    expected = as_bytes(value.get("hash"), "the hash of the bytes")
    exclusions = _exclusions(value)
    if updated:
        exclusions = list(_grown(exclusions, embedded.container))
    at = 0
    kept: list[Range] = []
    for start, end in exclusions:
        if start < at:  # C2PA 2.2, 15.12.1.1: in order, none over another
            return _failed("assertion.dataHash.malformed", "its exclusions overlap")
        if end > source.size:
            return _failed("assertion.dataHash.mismatch", "an exclusion ends beyond the file")
        kept.append((at, start))
        at = end
    kept.append((at, source.size))
    ranges = tuple(each for each in kept if each[0] < each[1])
    others = list(_outside(exclusions, embedded.container))
    named = list(name_open(source, others)) if others else []
    left_out = tuple(region for region, _ in named)
    if source.digest(algorithm, ranges) != expected:
        failed = Check(Aspect.CONTENT, Outcome.FAILED, "assertion.dataHash.mismatch")
        return Bound((failed,), ranges, left_out)
    checks = [Check(Aspect.CONTENT, Outcome.PASSED, "assertion.dataHash.match")]
    # C2PA 2.2, 15.12.1.1: the manifest store, padding and metadata may be left out, and no more:
    # whatever else is, anybody may change.
    wide = [region for region, allowed in named if not allowed]
    if wide:
        count = sum(region.end - region.start for region in wide)
        said = f"{count} bytes from byte {wide[0].start} on are left out: {_names(wide)}"
        checks.append(Check(Aspect.CONTENT, Outcome.FAILED, WIDE, said))
    elif named:
        checks.append(Check(Aspect.CONTENT, Outcome.PASSED, ADDITIONAL, _names(left_out)))
    return Bound(tuple(checks), ranges, left_out)


def _names(regions: Sequence[Region]) -> str:
    return ", ".join(dict.fromkeys(region.what for region in regions))


ADDITIONAL = "assertion.dataHash.additionalExclusionsPresent"
WIDE = (
    "assertion.dataHash.exclusionTooWide"  # our own: C2PA says `mismatch`, though nothing differs
)


def _outside(exclusions: Sequence[Range], container: Sequence[Range]) -> Iterator[Range]:
    """Yield what of the exclusions lies outside the container of the manifest store."""
    for start, end in exclusions:
        at = start
        for first, last in sorted(container):
            if at < min(first, end):
                yield at, min(first, end)
            if last > at:
                at = max(at, last) if first < end else at
        if at < end:
            yield at, end


def _exclusions(value: Mapping[str, object]) -> Sequence[Range]:
    found = []
    said = as_list(value.get("exclusions", []), "exclusions")
    if len(said) > _MAX_EXCLUSIONS:
        raise FormatError(f"over {_MAX_EXCLUSIONS} exclusions")
    for exclusion in said:
        where = as_map(exclusion, "an exclusion")
        start, length = (as_number(where.get(key), key) for key in ("start", "length"))
        found.append((start, start + length))
    return found


def _grown(exclusions: Sequence[Range], container: Sequence[Range]) -> Iterator[Range]:
    """Stretch the exclusion of a parent's store to that which its update made longer.

    C2PA 2.2, 15.12.1.1: the update manifest's store took the place of its parent's; what lies
    behind it has moved by as much.
    """
    moved = 0
    for start, end in ((first + moved, last + moved) for first, last in exclusions):
        reach = next((last for first, last in container if first <= start < last), end)
        yield start, max(end, reach)
        moved += max(end, reach) - end


def _failed(code: str, about: str = "") -> Bound:
    return Bound((Check(Aspect.CONTENT, Outcome.FAILED, code, about),))


def _unchecked(code: str, about: str) -> Bound:
    return Bound((Check(Aspect.CONTENT, Outcome.NOT_CHECKED, code, about),))
