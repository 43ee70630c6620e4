"""Files that are made from files: manifests over manifests, each as a test wants it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

from .mint import Mint

INTACT = (
    *("claimSignature.validated", "signingCredential.trusted", "assertion.dataHash.match"),
    "assertion.hashedURI.match",
)


def label(number: int) -> str:
    return f"urn:c2pa:00000000-0000-4000-8000-{number:012}"


def ingredient(
    parent: bytes,
    name: str,
    relationship: str = "componentOf",
    failures: Sequence[str] = (),
    successes: Sequence[str] = INTACT,
) -> dict[str, object]:
    """Return what is said of a manifest that is signed over (C2PA 2.2, 18.15)."""
    link = f"self#jumbf=/c2pa/{name}"
    signature = parent[parent.rindex(b"c2cs") - 16 :]

    def told(codes: Sequence[str]) -> list[Mapping[str, str]]:
        return [{"code": code, "url": link} for code in codes]

    return {
        "dc:title": "what it was made from",
        "dc:format": "image/jpeg",
        "relationship": relationship,
        "activeManifest": {"url": link, "hash": hashlib.sha256(parent[8:]).digest()},
        "claimSignature": {
            "url": f"{link}/c2pa.signature",
            "hash": hashlib.sha256(signature[8:]).digest(),
        },
        "validationResults": {
            "activeManifest": {
                "success": told(successes),
                "informational": [],
                "failure": told(failures),
            }
        },
    }


def below(
    source: bytes, mints: Sequence[Mint], recorded: Mapping[int, Sequence[str]] | None = None
) -> list[tuple[str, bytes]]:
    """Return label and manifest of each generation, the oldest first.

    recorded: the failures that a generation records of the one below it.
    """
    made: list[tuple[str, bytes]] = []
    for number, each in enumerate(mints):
        here = replace(each, label=label(number))
        if made:
            name, manifest = made[-1]
            said = ingredient(manifest, name, failures=(recorded or {}).get(number, ()))
            here = replace(here, assertions={**here.assertions, "c2pa.ingredient.v3": said})
        length = len(here.into(source)) - len(source)
        made.append((here.label, here.manifest(here._bound(source, length))))
    return made


def generations(
    source: bytes, mints: Sequence[Mint], recorded: Mapping[int, Sequence[str]] | None = None
) -> bytes:
    """Return a JPEG of the last of some generations, with all those below it."""
    made = below(source, mints[:-1], recorded)
    name, manifest = made[-1]
    said = ingredient(manifest, name, failures=(recorded or {}).get(len(made), ()))
    last = replace(mints[-1], label=label(len(made)))
    last = replace(last, assertions={**last.assertions, "c2pa.ingredient.v3": said})
    return last.into(source, [each for _, each in made])
