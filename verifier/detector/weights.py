"""Weights that belong to this version: read only if their digest is the one that is named."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from verifier.errors import ToolMissing

_REMEDY = "install Firsthand again"


def named(digests: Iterable[str]) -> tuple[str, ...]:
    """How an answer names the files that it rests on."""
    return tuple(f"sha256:{each}" for each in digests)


def held(path: Path, digest: str, *, remedy: str = _REMEDY) -> bytes:
    """The bytes of a file of weights; raises ToolMissing where they are absent or are others."""
    try:
        data = path.read_bytes()
    except OSError as problem:
        said = f"the detector's weights {path.name} cannot be read ({problem.strerror})"
        raise ToolMissing(said, remedy) from None
    if hashlib.sha256(data).hexdigest() != digest:
        said = f"the detector's weights {path.name} are not those that belong to this version"
        raise ToolMissing(said, remedy)
    return data
