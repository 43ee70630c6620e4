"""What c2pa-python alone says of a file: out of the box, and with trust lists configured."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import c2pa

from verifier.errors import VerifierError
from verifier.media.sandbox import Sandbox
from verifier.trust import Kind, TrustList

_KINDS = {Kind.CLAIM_SIGNERS: "manifest", Kind.TIME_STAMPS: "tsa", Kind.IDENTITIES: "cawg"}


def ask_peer(sandbox: Sandbox, path: Path, lists: Sequence[TrustList]) -> tuple[str, str]:
    """Return what the default Reader says, and what it says with the lists, each for its kind."""
    sidecar = path.with_name(path.name + ".c2pa")
    beside = str(sidecar) if sidecar.exists() else None
    anchors = [[_KINDS[each.kind], each.pem] for each in lists]
    try:
        without, with_lists = sandbox.run(read_alone, str(path), beside, anchors)
    except VerifierError as problem:
        return (problem.message, problem.message)
    return str(without), str(with_lists)


def read_alone(path: str, sidecar: str | None, anchors: list[list[str]]) -> list[str]:
    """Read a file as its documentation shows, twice (a task for the sandbox, without network)."""
    listed = [
        {"trust_kind": kind, "trust_uri": f"urn:example:{kind}", "trust_anchors": pem}
        for kind, pem in anchors
    ]
    usages = "1.3.6.1.5.5.7.3.4\n1.3.6.1.5.5.7.3.36\n1.3.6.1.4.1.62558.2.1\n1.3.6.1.5.5.7.3.8"
    trust = {"version": 1, "trust": {"trust_config": usages, "anchors": listed}}
    return [_say(path, sidecar, None), _say(path, sidecar, c2pa.Context.from_dict(trust))]


def _say(path: str, sidecar: str | None, context: c2pa.Context | None) -> str:
    given: dict[str, Any] = {"context": context} if context else {}
    try:
        with Path(path).open("rb") as stream:
            if sidecar:
                given["manifest_data"] = Path(sidecar).read_bytes()
            with c2pa.Reader(_media_type(path), stream, **given) as reader:
                return _state(json.loads(reader.json()))
    except c2pa.C2paError.ManifestNotFound:
        return "no manifest"
    except c2pa.C2paError as problem:
        return f"error: {type(problem).__name__.removeprefix('_C2pa')}"


def _state(store: Any) -> str:
    state = str(store["validation_state"])
    if state != "Invalid":
        return state
    verdict = store["validation_results"]["activeManifest"]
    codes = [each["code"] for each in verdict.get("failure", [])]
    other = [code for code in codes if code != "signingCredential.untrusted"]
    return f"Invalid: {(other or codes or ['in an ingredient'])[0]}"


def _media_type(path: str) -> str:
    """Return what a caller would say, who goes by the name."""
    return {
        ".mp4": "video/mp4",
        ".png": "image/png",
        ".svg": "image/svg+xml",
        ".pdf": "application/pdf",
        ".txt": "text/plain",
    }.get(Path(path).suffix, "image/jpeg")
