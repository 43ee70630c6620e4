"""What we read of a manifest ourselves, beside the C2PA engine: none of its code, no decoder.

Runs in the sandbox, in a process that never runs the engine (`Sandbox.ask`).
"""

import contextlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography import x509

from ledger.errors import FirsthandError
from ledger.timestamp_chain import UNREADABLE

from .locate import find_claim, find_signature, has_store
from .media.film import seconds_of
from .opinion.examine import examine
from .opinion.result import format_opinion
from .signature import format_signature

_ARCHIVE = b"PK\x03\x04"
_COLLECTION = "assertion.collectionHash."


def look(path: str) -> dict[str, object]:
    """Look for a store that the engine did not read: whether something is like one, its claim."""
    found = has_store(Path(path))
    with Path(path).open("rb") as stream:
        archive = stream.read(len(_ARCHIVE)) == _ARCHIVE
    return {
        "found": found,
        "identity": find_claim(Path(path)) if found else None,
        "archive": archive,
    }


def identify(holder: str, label: str, hashes: Sequence[Sequence[Any]]) -> dict[str, object]:
    """Find the claim that the engine calls active, and the signature over it.

    `hashes` are address and hash of each assertion that the engine found it to name. Returns
    "identity": [label, claim digest, hard-binding digest | None] | None, "signature": what
    `format_signature` writes, or {"problem": str} where the signature that the engine checked was
    not found, and "expired": bool (the signer's certificate, by now).
    """
    named = [(str(url), bytes(digest)) for url, digest in hashes]
    found = find_signature(Path(holder), label, named)
    told: Mapping[str, Any]
    told = (
        {"problem": found.message} if isinstance(found, FirsthandError) else format_signature(found)
    )
    return {
        "identity": find_claim(Path(holder), label),
        "signature": told,
        "expired": _is_expired(told),
    }


def opine(path: str, sidecar: str | None, trust_lists: dict[str, str]) -> dict[str, object]:
    """Return the second opinion on a file, as `format_opinion` writes it."""
    store = Path(sidecar).read_bytes() if sidecar else None
    with Path(path).open("rb") as stream:
        opinion = examine(stream, trust_lists, datetime.now(UTC), store, seconds_of)
        return format_opinion(opinion)


def collection(path: str, sidecar: str, trust_lists: dict[str, str]) -> str:
    """Say what is found in a manifest of several files: the engine reads none; else nothing."""
    with contextlib.suppress(OSError):
        store = Path(sidecar).read_bytes()
        if b"c2pa.hash.collection.data" not in store:
            return ""
        with Path(path).open("rb") as stream:
            opinion = examine(stream, trust_lists, datetime.now(UTC), store)
        checks = (check for each in opinion.judgements[:1] for check in each.checks)
        about_files = (each for each in checks if each.code.startswith(_COLLECTION))
        return next((each.about for each in about_files), "")
    return ""


def identify_and_opine(identified: Sequence[Any], opined: Sequence[Any]) -> list[dict[str, object]]:
    """Do both, with the arguments of each: a short file is worth no second question."""
    return [identify(*identified), opine(*opined)]


def _is_expired(signature: Mapping[str, Any]) -> bool:
    """Whether the signer's certificate is out of date now; True where that cannot be told."""
    try:
        leaf = x509.load_der_x509_certificate(signature["chain"][0])
        return leaf.not_valid_after_utc < datetime.now(UTC)
    except (KeyError, *UNREADABLE):
        return True
