"""A file of several parts, each against a hash of its own (C2PA 2.2, 15.12.4 and 18.9).

A photograph with a film or a second picture behind it: where the hash of the whole does not match,
because a part that may be left out was, those of the parts say what became of each.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ledger.errors import FormatError
from ledger.vocabulary import Outcome

from .claim import matches
from .container import Embedded, find_store
from .hashes import check_hash, is_hash
from .result import Aspect, Bound, Check
from .source import NotRead, Range, Source
from .store import Assertion, Manifest, as_list, as_map, as_number, as_text

_LABEL = re.compile(r"c2pa\.hash\.multi-asset(\.v[0-9]+)?(__[0-9]+)?")
_URL = re.compile(r"self#jumbf=(?:/c2pa/([^/]+)/)?c2pa\.assertions/([^/]+)")
_MAX_PARTS = 64
_MATCH, _MISMATCH = "assertion.multiAssetHash.match", "assertion.multiAssetHash.mismatch"
_MALFORMED, _MISSING = "assertion.multiAssetHash.malformed", "assertion.multiAssetHash.missingPart"
LEFT_OUT = "assertion.multiAssetHash.partLeftOut"  # our own: a part that may be left out was


def is_of_parts(assertion: Assertion) -> bool:
    """Whether an assertion says which parts a file has."""
    return _LABEL.fullmatch(assertion.label) is not None


@dataclass(frozen=True, slots=True)
class _Part:
    place: Range
    hashed: Assertion
    optional: bool


def check_parts(source: Source, embedded: Embedded, manifest: Manifest) -> Bound:
    """Hold each part of a file against its hash; raises FormatError, NotRead among them."""
    saying = [each for each in manifest.assertions if is_of_parts(each)]
    if len(saying) != 1:  # C2PA 2.2, 15.12.4: one says which parts there are
        return _failed(_MALFORMED, f"{len(saying)} assertions say which parts the file has")
    try:
        parts = list(_parts(manifest, saying[0]))
    except NotRead:
        raise
    except FormatError as problem:
        return _failed(_MALFORMED, problem.message)
    here = [part for part in parts if part.place[0] < source.size]
    gone = [part for part in parts if part.place[0] >= source.size]
    if lacking := next((part for part in gone if not part.optional), None):
        return _failed(_MISSING, _said(lacking.place))
    if not _is_covered(here, source.size):
        return _failed(_MALFORMED, "its parts do not cover the file, each byte once")
    return _joined([_check(source, embedded, part, manifest) for part in here], gone)


def _parts(manifest: Manifest, saying: Assertion) -> Iterator[_Part]:
    listed = as_list(saying.value().get("parts"), "parts")
    if not 1 <= len(listed) <= _MAX_PARTS:
        raise FormatError(f"a list of {len(listed)} parts")
    held = {each.label: each for each in manifest.assertions if is_hash(each, of_part=True)}
    claim = manifest.claimed()
    for each in listed:
        part = as_map(each, "a part")
        where = as_map(part.get("location"), "where a part lies")
        if "bmffBox" in where:
            raise NotRead("a part that is a box of a film is not read here")
        start, length = (as_number(where.get(key), key) for key in ("byteOffset", "length"))
        yield _Part(
            (start, start + length),
            _hash_of(as_map(part.get("hashAssertion"), "a hashed URI"), held, manifest, claim),
            part.get("optional") is True,
        )


def _hash_of(
    link: Mapping[str, object],
    held: Mapping[str, Assertion],
    manifest: Manifest,
    claim: Mapping[str, object],
) -> Assertion:
    """Follow the hashed URI of a part's hash; raises FormatError where it leads to none."""
    match = _URL.fullmatch(as_text(link.get("url"), "the url of a part's hash"))
    found = held.get(match[2]) if match and match[1] in (None, manifest.label) else None
    if found is None or not matches(link, claim, found.hashed):
        raise FormatError("a part names no hash of this manifest")
    return found


def _is_covered(parts: Sequence[_Part], size: int) -> bool:
    """Whether parts lie one behind the other, in their order, up to the end (18.9.2)."""
    at = 0
    for part in parts:
        start, end = part.place
        if start != at or end <= start:
            return False
        at = end
    return at == size


def _check(source: Source, embedded: Embedded, part: _Part, manifest: Manifest) -> Bound:
    start, end = part.place
    inside = source.part(start, end)
    held = embedded if start == 0 else _own_store(inside)
    bound = check_hash(inside, held, part.hashed, manifest.claimed().get("alg"))
    first, *more = bound.checks
    if first.outcome is Outcome.FAILED:
        return Bound((replace(first, code=_MISMATCH, about=_said(part.place)),))
    return Bound(
        (first, *more),
        tuple((start + a, start + b) for a, b in bound.ranges or ()),
        tuple(replace(r, start=start + r.start, end=start + r.end) for r in bound.left_out),
    )


def _own_store(part: Source) -> Embedded:
    """Return the manifest store that a further part has of its own (18.9.1), if it has one."""
    try:
        return find_store(part) or Embedded(b"")
    except FormatError:
        return Embedded(b"")


def _joined(bounds: Sequence[Bound], gone: Sequence[_Part]) -> Bound:
    checks = [check for bound in bounds for check in bound.checks]
    against = [check for check in checks if check.outcome is not Outcome.PASSED]
    if any(bound.ranges is None for bound in bounds) or against:
        return Bound(tuple(against) or tuple(checks))
    found = [Check(Aspect.CONTENT, Outcome.PASSED, _MATCH)]
    if gone:
        said = ", ".join(_said(part.place) for part in gone)
        found.append(Check(Aspect.CONTENT, Outcome.NOT_CHECKED, LEFT_OUT, said))
    ranges = tuple(each for bound in bounds for each in bound.ranges or ())
    return Bound(tuple(found), ranges, tuple(each for b in bounds for each in b.left_out))


def _said(place: Range) -> str:
    return f"the part from byte {place[0]} to {place[1] - 1}"


def _failed(code: str, about: str) -> Bound:
    return Bound((Check(Aspect.CONTENT, Outcome.FAILED, code, about),))
