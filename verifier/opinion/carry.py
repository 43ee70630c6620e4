"""What manifests carry for whoever judges their signers: signatures, late proofs, identities.

A time-stamp or an OCSP answer may come with a later manifest (C2PA 2.2, 18.21 and 18.22). Each of
them is signed by its own authority, so whoever brings it along need not be believed.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from ledger.errors import FirsthandError, FormatError

from ..signature import Token, verify_signature
from .carried import Carried
from .identity import identities
from .store import Manifest

_STAMPS = re.compile(r"c2pa\.time-stamp(__[0-9]+)?")
_ANSWERS = re.compile(r"c2pa\.certificate-status(__[0-9]+)?")
_MAX = 64  # of late proofs of either kind


def carried(chain: Sequence[Manifest]) -> dict[str, Carried]:
    """Return what each manifest carries, by label, with what the others carry for it."""
    stamps = list(_late_stamps(chain))[:_MAX]
    answers = tuple(_answers(chain))[:_MAX]
    return {each.label: _of(each, stamps, answers) for each in chain if each.claim}


def _of(
    manifest: Manifest, stamps: Sequence[tuple[str, bytes]], answers: tuple[bytes, ...]
) -> Carried:
    named = tuple(identities(manifest))
    try:
        signature = verify_signature(manifest.signature, manifest.claim)
    except FirsthandError as problem:
        return Carried(problem.message, named, manifest.update)
    late = tuple(
        # C2PA 2.2, 18.21: over the signature itself, as it stands in the COSE message.
        Token(token, (signature.value,), late=True)
        for label, token in stamps
        if label == manifest.label
    )
    tokens, held = (*signature.tokens, *late), (*signature.ocsp, *answers)
    return Carried(replace(signature, tokens=tokens, ocsp=held), named, manifest.update)


def _late_stamps(chain: Sequence[Manifest]) -> Iterator[tuple[str, bytes]]:
    """Yield the manifests that are stamped, and the tokens; what is malformed proves nothing."""
    for label, value in _values(chain, _STAMPS):
        if isinstance(value, bytes):
            yield label, value


def _answers(chain: Sequence[Manifest]) -> Iterator[bytes]:
    for name, value in _values(chain, _ANSWERS):
        if name == "ocspVals" and isinstance(value, list):
            yield from (each for each in value if isinstance(each, bytes))


def _values(chain: Sequence[Manifest], pattern: re.Pattern[str]) -> Iterator[tuple[str, object]]:
    for manifest in chain:
        for assertion in manifest.assertions:
            if not pattern.fullmatch(assertion.label):
                continue
            try:
                yield from assertion.value().items()
            except FormatError:
                continue
