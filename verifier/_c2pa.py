"""Reads C2PA manifests with the reference engine. The only file here that imports c2pa.

Runs in the sandbox: strange bytes come in, plain values go out. The engine fetches nothing: no
manifest, no revocation answer, whatever the file names.
"""

import base64
import contextlib
import json
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import c2pa
from cryptography import x509

from ledger.errors import FirsthandError
from ledger.timestamp_chain import UNREADABLE

from .locate import find_claim, find_signature, has_store
from .media.film import seconds_of
from .opinion.examine import examine
from .opinion.result import format_opinion
from .signature import format_signature

# Extended key usages that a claim signer may have (C2PA 2.2, 14.4.1): e-mail protection,
# document signing, C2PA claim signing. Without the last in this global key, such leaves read
# Invalid.
_KEY_USAGES = "1.3.6.1.5.5.7.3.4\n1.3.6.1.5.5.7.3.36\n1.3.6.1.4.1.62558.2.1"
_SHORT = 1 << 22  # bytes
LIST_URI = "urn:firsthand:trust-list:"
# What the engine says instead of fetching a manifest that lies on the network.
_REMOTE = re.compile(r"must fetch remote manifests from url (\S+)")


def engine_version() -> str:
    """Return the version of c2pa-rs."""
    return str(c2pa.sdk_version())


def settings(trust_lists: dict[str, str]) -> dict[str, object]:
    """Return the engine's settings for reading: claim-signer lists alone, by name, as PEM.

    Time-stamp and identity anchors never stand in the same settings: the engine pools them.
    """
    anchors = [
        {"trust_kind": "manifest", "trust_uri": LIST_URI + name, "trust_anchors": pem}
        for name, pem in trust_lists.items()
    ]
    return {
        "version": 1,
        "trust": {"trust_config": _KEY_USAGES, "anchors": anchors},
        "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
        "core": {"allowed_network_hosts": []},
    }


def read(
    path: str, sidecar: str | None, name: str, trust_lists: dict[str, str]
) -> dict[str, object]:
    """Read the manifest store of a file: embedded, else the sidecar's.

    Returns one of
    {"state": "read", "store": the engine's JSON, "claim": the active claim and its data hash,
    "url": str | None, "embedded": bool, "expired": bool (the signer's certificate, by now),
    "opinion": the second engine's,
    "signature": what `format_signature` writes, or {"problem": str} where the signature that the
    engine checked was not found},
    {"state": "absent", "searched": bool (manifests can lie in files of this type)},
    {"state": "remote", "url": str},
    {"state": "unreadable", "reason": str, "embedded": bool} where there is a store, and
    {"state": "unsearched", "reason": str} where the engine could not tell; and in each
    "identity": [label, claim digest, hard-binding digest | None] | None.
    """
    if Path(path).stat().st_size <= _SHORT:  # a second thread costs more than it saves
        answer = _read(path, sidecar, name, trust_lists)
        if answer["state"] == "read":
            answer["opinion"] = _examine(path, sidecar, trust_lists)
        return answer
    with ThreadPoolExecutor(1) as beside:  # both hash, and neither holds up the other
        opinion = beside.submit(_examine, path, sidecar, trust_lists)
        answer = _read(path, sidecar, name, trust_lists)
        if answer["state"] == "read":
            answer["opinion"] = opinion.result()
    return answer


def _examine(path: str, sidecar: str | None, trust_lists: dict[str, str]) -> dict[str, object]:
    store = Path(sidecar).read_bytes() if sidecar else None
    with Path(path).open("rb") as stream:
        opinion = examine(stream, trust_lists, datetime.now(UTC), store, seconds_of)
        return format_opinion(opinion)


def _read(
    path: str, sidecar: str | None, name: str, trust_lists: dict[str, str]
) -> dict[str, object]:
    context = c2pa.Context.from_dict(settings(trust_lists))
    embedded = _read_embedded(Path(path), name, context)
    if sidecar is None or embedded["state"] not in ("absent", "remote", "unsearched"):
        return embedded
    try:
        with Path(path).open("rb") as stream:
            store = Path(sidecar).read_bytes()
            reader = c2pa.Reader(name, stream, manifest_data=store, context=context)
            return _describe(reader, Path(sidecar))
    except (c2pa.C2paError, OSError) as problem:
        reason = _one_line(problem)
    with contextlib.suppress(OSError):
        reason = _collection(path, sidecar, trust_lists) or reason
    return {"state": "unreadable", "reason": reason, "embedded": False}


def _collection(path: str, sidecar: str, trust_lists: dict[str, str]) -> str:
    """Say what the second engine finds in a manifest of several files: the first one reads none."""
    store = Path(sidecar).read_bytes()
    if b"c2pa.hash.collection.data" not in store:
        return ""
    with Path(path).open("rb") as stream:
        opinion = examine(stream, trust_lists, datetime.now(UTC), store)
    checks = (check for each in opinion.judgements[:1] for check in each.checks)
    about_files = (each for each in checks if each.code.startswith("assertion.collectionHash."))
    return next((each.about for each in about_files), "")


def _read_embedded(path: Path, name: str, context: c2pa.Context) -> dict[str, object]:
    try:
        with path.open("rb") as stream:
            return _describe(c2pa.Reader(name, stream, context=context), path)
    except (c2pa.C2paError.ManifestNotFound, c2pa.C2paError.NotSupported) as problem:
        if not has_store(path):
            searched = isinstance(problem, c2pa.C2paError.ManifestNotFound)
            return {"state": "absent", "searched": searched}
        reason = "something like one lies in the file, not where one belongs"
        if _is_archive(path):
            reason = "it is an archive, as a book or an office document is: none is read in those"
        return {"state": "unsearched", "reason": reason, "identity": find_claim(path)}
    except c2pa.C2paError as problem:
        if remote := _REMOTE.search(str(problem)):
            return {"state": "remote", "url": remote[1]}
        reason = _one_line(problem)
        if not has_store(path):  # what the engine stumbled over is the file, not a manifest
            return {"state": "unsearched", "reason": reason}
        identity = find_claim(path)
        return {"state": "unreadable", "reason": reason, "embedded": True, "identity": identity}


def _is_archive(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(4) == b"PK\x03\x04"


def _describe(reader: c2pa.Reader, holder: Path) -> dict[str, object]:
    with reader:
        store = json.loads(reader.json())
        label = store["active_manifest"]
        detailed = json.loads(reader.detailed_json())["manifests"][label]
        claim = detailed["claim"] | {"data_hash": detailed["assertion_store"].get("c2pa.hash.data")}
        signature = _signature(holder, label, detailed["claim"])
        return {
            "state": "read",
            "store": store,
            "claim": claim,
            "url": reader.get_remote_url(),
            "embedded": bool(reader.is_embedded()),
            "expired": _is_expired(signature),
            "identity": find_claim(holder, label),
            "signature": signature,
        }


def _signature(holder: Path, label: str, claim: Any) -> dict[str, object]:
    """Find the signature over the claim that the engine checked, as plain values."""
    hashes = [
        (str(each["url"]), base64.b64decode(each["hash"]))
        for name in ("assertions", "created_assertions", "gathered_assertions")
        for each in claim.get(name) or []
    ]
    found = find_signature(holder, label, hashes)
    if isinstance(found, FirsthandError):
        return {"problem": found.message}
    return format_signature(found)


def _is_expired(signature: Mapping[str, Any]) -> bool:
    """Whether the signer's certificate is out of date now; True where that cannot be told."""
    try:
        leaf = x509.load_der_x509_certificate(signature["chain"][0])
        return leaf.not_valid_after_utc < datetime.now(UTC)
    except (KeyError, *UNREADABLE):
        return True


def _one_line(problem: Exception) -> str:
    return " ".join(str(problem).split())[:300]
