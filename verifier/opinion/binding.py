"""The hard binding against the bytes in hand (C2PA 2.2, 15.12), streamed."""

from collections.abc import Callable, Mapping

from ledger.errors import FormatError
from ledger.vocabulary import Outcome

from .claim import ingredients
from .container import Embedded
from .hashes import check_hash, is_hash
from .parts import check_parts, is_of_parts
from .result import Aspect, Bound, Check
from .source import NotRead, Source
from .store import Manifest


def check_binding(
    source: Source, embedded: Embedded, manifests: Mapping[str, Manifest], active: Manifest
) -> Bound:
    """Hold the bytes of a file against its active manifest; raises FormatError."""
    bound = active
    for _ in manifests:  # C2PA 2.2, 15.12: an update manifest binds through its parent
        if not bound.update:
            break
        bound = _parent(manifests, bound)
    if bound.update:  # C2PA 2.2, 15.12: they lead to no other one
        return _failed("claim.hardBindings.missing")
    found = [each for each in bound.assertions if is_hash(each)]
    if not found:  # C2PA 2.2, 15.10.1.2
        return _failed("claim.hardBindings.missing")
    if len(found) > 1:  # C2PA 2.2, 11.2.2: exactly one; hashes of parts (18.9) come beside it
        return _failed("assertion.multipleHardBindings")
    updated = bound is not active
    held = check_hash(source, embedded, found[0], bound.claimed().get("alg"), updated=updated)
    if held.checks[0].code.endswith(".mismatch") and any(map(is_of_parts, bound.assertions)):
        # C2PA 2.2, 15.12.4: then the hashes of the parts are what counts.
        if updated:  # its parts have moved, and nothing says where to
            return _unchecked("general.error", "parts of a file that was updated are not read here")
        return _guarded(lambda: check_parts(source, embedded, bound))
    return held


def _guarded(check: Callable[[], Bound]) -> Bound:
    try:
        return check()
    except NotRead as problem:
        return _unchecked("general.error", problem.message)


def _parent(manifests: Mapping[str, Manifest], update: Manifest) -> Manifest:
    parents = [each for each in ingredients(update) if each.parent]
    if len(parents) != 1:  # C2PA 2.2, 11.2.3: exactly one ingredient, its parent
        raise FormatError(f"an update manifest has {len(parents)} parents")
    parent = manifests.get(parents[0].manifest)
    if parent is None:
        raise FormatError("the parent of an update manifest is not in the store")
    return parent


def _failed(code: str, about: str = "") -> Bound:
    return Bound((Check(Aspect.CONTENT, Outcome.FAILED, code, about),))


def _unchecked(code: str, about: str) -> Bound:
    return Bound((Check(Aspect.CONTENT, Outcome.NOT_CHECKED, code, about),))
