"""A file, or one part of it, against one assertion that hashes it, whatever its kind."""

import re

from ledger.vocabulary import Outcome

from .bmff import check_bmff
from .boxes import check_boxes
from .collection import check_collection
from .container import Embedded
from .data import check_data
from .result import Aspect, Bound, Check
from .source import Source
from .store import Assertion

# C2PA 2.2, 11.2.2: the kinds of a hard binding; 18.9.2: those of a part are labelled so.
_LABEL = re.compile(
    r"(c2pa\.hash\.(?:data|boxes|bmff|collection\.data))(\.v[0-9]+)?(\.part)?(__[0-9]+)?"
)


def is_hash(assertion: Assertion, *, of_part: bool = False) -> bool:
    """Whether an assertion is a hard binding, or one of a part of the file."""
    match = _LABEL.fullmatch(assertion.label)
    return match is not None and (match[3] is not None) is of_part


def check_hash(
    source: Source,
    embedded: Embedded,
    assertion: Assertion,
    default: object,
    *,
    updated: bool = False,
) -> Bound:
    """Hold the bytes of `source` against an assertion; raises FormatError.

    `embedded` is the manifest store in them, `default` the algorithm of the claim; `updated`: the
    store took the place of the one that the assertion was made for.
    """
    value = assertion.value()
    match = _LABEL.fullmatch(assertion.label)
    kind, version = (match[1], match[2]) if match else ("", None)
    if kind == "c2pa.hash.data":
        return check_data(source, embedded.container, value, default, updated=updated)
    if kind == "c2pa.hash.bmff" and version in (None, ".v2", ".v3"):
        return check_bmff(source, value, default, old=version is None)
    if kind == "c2pa.hash.boxes":
        return check_boxes(source, embedded.container, value, default)
    if kind == "c2pa.hash.collection.data":
        return check_collection(source, value)
    said = f"a binding of the kind {assertion.label[:80]} is not read here"
    return Bound((Check(Aspect.CONTENT, Outcome.NOT_CHECKED, "general.error", said),))
