"""Reads C2PA manifests with the reference engine. The only file here that imports c2pa.

Runs in the sandbox: strange bytes come in, plain values go out. The engine fetches nothing: no
manifest, no revocation answer, whatever the file names.
"""

import json
from pathlib import Path

import c2pa

from .locate import find_claim

# Extended key usages that a claim signer may have (C2PA 2.2 section 14.5.1): e-mail protection,
# document signing, C2PA claim signing. Without the last in this global key, such leaves read
# Invalid.
_KEY_USAGES = "1.3.6.1.5.5.7.3.4\n1.3.6.1.5.5.7.3.36\n1.3.6.1.4.1.62558.2.1"
LIST_URI = "urn:firsthand:trust-list:"


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

    Returns {"state": "absent"}, {"state": "unreadable", "reason": str} or {"state": "read",
    "store": the engine's JSON, "claim": the active claim and its data hash, "url": str | None,
    "embedded": bool, "identity": [label, claim digest, hard-binding digest | None] | None}.
    """
    context = c2pa.Context.from_dict(settings(trust_lists))
    try:
        with Path(path).open("rb") as stream:
            return _describe(c2pa.Reader(name, stream, context=context), Path(path))
    except c2pa.C2paError.ManifestNotFound:
        pass
    except c2pa.C2paError.NotSupported:
        pass  # no manifest can be embedded in such a file; a sidecar may still speak of it
    except c2pa.C2paError as problem:
        return {"state": "unreadable", "reason": _one_line(problem)}
    if sidecar is None:
        return {"state": "absent"}
    try:
        with Path(path).open("rb") as stream:
            reader = c2pa.Reader(
                name, stream, manifest_data=Path(sidecar).read_bytes(), context=context
            )
            return _describe(reader, Path(sidecar))
    except (c2pa.C2paError, OSError) as problem:
        return {"state": "unreadable", "reason": _one_line(problem)}


def _describe(reader: c2pa.Reader, holder: Path) -> dict[str, object]:
    with reader:
        store = json.loads(reader.json())
        detailed = json.loads(reader.detailed_json())["manifests"][store["active_manifest"]]
        claim = detailed["claim"] | {"data_hash": detailed["assertion_store"].get("c2pa.hash.data")}
        return {
            "state": "read",
            "store": store,
            "claim": claim,
            "url": reader.get_remote_url(),
            "embedded": bool(reader.is_embedded()),
            "identity": find_claim(holder, store["active_manifest"]),
        }


def _one_line(problem: Exception) -> str:
    return " ".join(str(problem).split())[:300]
