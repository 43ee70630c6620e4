"""A binding of several files, each by a hash of its own (C2PA 2.2, 15.12.5, 18.8): what it lists.

It is not judged here, for the other files are not at hand: no file is opened because a manifest
names it. What can be told is whether the bytes in hand are on the list.
"""

import re
from collections.abc import Iterator, Mapping
from urllib.parse import unquote

from ledger.vocabulary import Outcome

from .result import Aspect, Bound, Check
from .source import Source
from .store import as_bytes, as_list, as_map, as_text

_MAX_FILES = 1 << 14
# RFC 3986, 4.2: neither a scheme nor a root; C2PA 2.2, 15.12.5.1: nor a way out of the folder.
_ROOTED = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:|[/\\]")
_STEP = re.compile(r"[/\\]")
# Our own: what is not judged.
LISTED = "assertion.collectionHash.listed"
NOT_LISTED = "assertion.collectionHash.notListed"


def check_collection(source: Source, value: Mapping[str, object]) -> Bound:
    """Look for the bytes of a file on the list of a collection; raises FormatError."""
    if "uris" not in value or "alg" not in value:
        return _failed("malformed", "it lists no files, or names no hash")
    algorithm = as_text(value["alg"], "a hash algorithm")
    files = list(_files(value["uris"]))
    if not 1 <= len(files) <= _MAX_FILES:
        return _failed("malformed", f"it lists {len(files)} files")
    if wrong := next((name for name, _ in files if not _is_below(name)), None):
        return _failed("invalidURI", f"it lists a file as no manifest may: {wrong[:80]}")
    if len({name for name, _ in files}) != len(files):
        return _failed("malformed", "it lists a file twice")
    own = source.digest(algorithm, [(0, source.size)])
    said = f"it signs a list of {len(files)} files, which are not judged here"
    name = next((name for name, digest in files if digest == own), None)
    code, of_this = LISTED, f"this one is on it, as “{(name or '')[:80]}”"
    if name is None:
        code, of_this = NOT_LISTED, "this one is not on it"
    return Bound((Check(Aspect.CONTENT, Outcome.NOT_CHECKED, code, f"{said}; {of_this}"),))


def _files(listed: object) -> Iterator[tuple[str, bytes]]:
    """Yield name and hash of each: C2PA 2.2, 18.8.2, has a list of them, c2pa-rs 0.91.3 a map."""
    if isinstance(listed, Mapping):
        for name, said in as_map(listed, "a list of files").items():
            yield name, as_bytes(as_map(said, "a file").get("hash"), "the hash of a file")
        return
    for each in as_list(listed, "a list of files"):
        said = as_map(each, "a file")
        yield as_text(said.get("uri"), "a name"), as_bytes(said.get("hash"), "the hash of a file")


def _is_below(name: str) -> bool:
    """Whether a name leads to nowhere but below the folder of the manifest."""
    plain = unquote(name)
    return not _ROOTED.match(plain) and not {"", ".", ".."} & set(_STEP.split(plain))


def _failed(code: str, about: str) -> Bound:
    failed = Check(Aspect.CONTENT, Outcome.FAILED, f"assertion.collectionHash.{code}", about)
    return Bound((failed,))
