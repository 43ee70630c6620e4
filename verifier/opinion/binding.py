"""The hard binding against the bytes in hand (C2PA 2.2, 15.12), streamed."""

import re
from collections.abc import Mapping, Sequence

from ledger.errors import FormatError
from ledger.vocabulary import Outcome

from .bmff import check_bmff
from .claim import ingredients
from .container import Embedded
from .result import Aspect, Check
from .source import Range, Source
from .store import Assertion, Manifest, as_bytes, as_list, as_map, as_number, as_text

# C2PA 2.2, 9.2 "Hard Bindings".
_BINDING = re.compile(
    r"(c2pa\.hash\.(?:data|boxes|bmff|collection\.data|multi-asset))(\.v[0-9]+)?(__[0-9]+)?"
)
_MAX_EXCLUSIONS = 1024


def check_binding(
    source: Source, embedded: Embedded, manifests: Mapping[str, Manifest], active: Manifest
) -> Check:
    """Hold the bytes of a file against its active manifest; raises FormatError."""
    bound = active
    for _ in manifests:  # C2PA 2.2, 11.2.3: an update manifest binds through its parent
        if not bound.update:
            break
        bound = _parent(manifests, bound)
    if bound.compressed or bound.update:
        return _unchecked("general.error", "the manifest that binds the bytes is compressed")
    found = [(a, m) for a in bound.assertions if (m := _BINDING.fullmatch(a.label))]
    if not found:  # C2PA 2.2, 15.10.3.1
        return _failed("claim.hardBindings.missing")
    if len(found) > 1:
        return _failed("assertion.multipleHardBindings")
    assertion, match = found[0]
    algorithm = bound.claimed().get("alg")
    if match[1] == "c2pa.hash.data":
        return _check_data(source, embedded, assertion, algorithm, updated=bound is not active)
    if match[1] == "c2pa.hash.bmff" and match[2] in (".v2", ".v3"):
        return check_bmff(source, assertion.value(), algorithm)
    return _unchecked("general.error", f"a binding of the kind {assertion.label} is not read here")


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
) -> Check:
    """Check `c2pa.hash.data` (C2PA 2.2, 15.12.1 and 18.5)."""
    value = assertion.value()
    algorithm = as_text(value.get("alg") or default, "a hash algorithm")  # C2PA 2.2, 15.4
    expected = as_bytes(value.get("hash"), "the hash of the bytes")
    exclusions = _exclusions(value)
    if updated:
        exclusions = [_grown(each, embedded.container) for each in exclusions]
    at = 0
    kept: list[Range] = []
    for start, end in exclusions:
        if start < at:  # C2PA 2.2, 15.12.1: in order, none over another
            return _failed("assertion.dataHash.malformed", "its exclusions overlap")
        if end > source.size:
            return _failed("assertion.dataHash.mismatch", "an exclusion ends beyond the file")
        kept.append((at, start))
        at = end
    kept.append((at, source.size))
    if source.digest(algorithm, kept) != expected:
        return _failed("assertion.dataHash.mismatch")
    for start, end in exclusions:
        # C2PA 2.2, 18.5.2: for the manifest store. What else is excluded, anybody may change.
        if not any(first <= start and end <= last for first, last in embedded.container):
            said = f"bytes {start} to {end} are excluded, which are not the manifest's own"
            return _failed("assertion.dataHash.additionalExclusionsPresent", said)
    return Check(Aspect.CONTENT, Outcome.PASSED, "assertion.dataHash.match")


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


def _grown(excluded: Range, container: Sequence[Range]) -> Range:
    """Stretch an exclusion of a parent to the container that its update made longer.

    C2PA 2.2, 15.12.1: the update manifest's store took the place of its parent's.
    """
    start, end = excluded
    for first, last in container:
        if first <= start < last:
            return start, max(end, last)
    return excluded


def _failed(code: str, about: str = "") -> Check:
    return Check(Aspect.CONTENT, Outcome.FAILED, code, about)


def _unchecked(code: str, about: str) -> Check:
    return Check(Aspect.CONTENT, Outcome.NOT_CHECKED, code, about)
