"""Which checkpoints still lack a time-stamp of which authority: a queue in a folder.

    42/checkpoint        a signed note, as it was published with 42 entries
    42/first.tsr         the token of the authority named first

Nothing waits for an authority: a checkpoint is put here when somebody has time, and every run asks
again for whatever is missing. Time-stamps bound from above when an entry was made, so that one of
the newest checkpoint serves for every entry before it.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from cryptography import x509

from .checkpoint import parse_checkpoint
from .errors import FirsthandError, FormatError
from .note import parse_note
from .storage import CHECKPOINT_PATH, TileStorage
from .timestamp import REQUEST_TYPE, TimeStamp, format_request, parse_response, verify_token

# Posts a body of a content type to a URL; raises FirsthandError where no answer comes.
Post = Callable[[str, bytes, str], bytes]

_NONCE_SIZE = 8
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


@dataclass(frozen=True, slots=True)
class Authority:
    """A time-stamp authority: a name of ours, its URL, and whom its certificates must lead to."""

    name: str
    url: str
    anchors: tuple[x509.Certificate, ...]

    def __post_init__(self) -> None:
        """Refuse a name that is no file's."""
        if not _NAME.fullmatch(self.name):
            raise FormatError(f"not a name of an authority (a-z, 0-9 and -): {self.name[:80]!r}")


@dataclass(frozen=True, slots=True)
class Stamped:
    """What came of asking one authority about the checkpoint of `size` entries."""

    size: int
    authority: str
    stamp: TimeStamp | None
    problem: FirsthandError | None = None


class Stamping:
    """The queue of one log, in a folder of its own (a TileStorage)."""

    def __init__(
        self,
        files: TileStorage,
        authorities: Sequence[Authority],
        post: Post,
        randomness: Callable[[int], bytes],
    ) -> None:
        """`randomness(n)` returns n random bytes."""
        self._files = files
        self._authorities = authorities
        self._post = post
        self._randomness = randomness

    def add(self, note: bytes) -> None:
        """Queue a published checkpoint, unless one of its size is queued."""
        path = f"{parse_checkpoint(parse_note(note).text).size}/{CHECKPOINT_PATH}"
        if self._files.read(path) is None:
            self._files.write({path: note})

    def run(self) -> Iterator[Stamped]:
        """Ask every authority for every time-stamp that is missing, the newest checkpoint first."""
        for size in sorted(self._sizes(), reverse=True):
            for authority in self._authorities:
                if self._files.read(_token_path(size, authority)) is None:
                    yield self._stamp(size, authority)

    def stamps(self) -> Iterator[Stamped]:
        """Check every token that is kept, and say what each proves or why it does not."""
        for size in sorted(self._sizes()):
            for authority in self._authorities:
                token = self._files.read(_token_path(size, authority))
                if token is not None:
                    yield self._check(size, authority, token)

    def _sizes(self) -> list[int]:
        paths = [path.partition("/") for path in self._files.list_paths()]
        return [int(size) for size, _, name in paths if name == CHECKPOINT_PATH]

    def _note(self, size: int) -> bytes:
        return self._files.read(f"{size}/{CHECKPOINT_PATH}") or b""

    def _check(self, size: int, authority: Authority, token: bytes) -> Stamped:
        try:
            stamp = verify_token(token, self._note(size), authority.anchors)
        except FirsthandError as problem:
            return Stamped(size, authority.name, None, problem)
        return Stamped(size, authority.name, stamp)

    def _stamp(self, size: int, authority: Authority) -> Stamped:
        note = self._note(size)
        nonce = 1 + int.from_bytes(self._randomness(_NONCE_SIZE), "big")
        try:
            answer = self._post(authority.url, format_request(note, nonce), REQUEST_TYPE)
            token = parse_response(answer)
            stamp = verify_token(token, note, authority.anchors, nonce)
            self._files.write({_token_path(size, authority): token})
        except FirsthandError as problem:
            return Stamped(size, authority.name, None, problem)
        return Stamped(size, authority.name, stamp)


def _token_path(size: int, authority: Authority) -> str:
    return f"{size}/{authority.name}.tsr"
