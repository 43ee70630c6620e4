"""The log of this home, as a verification asks it (`verifier.logged.Ledger`)."""

import contextlib
from collections.abc import Callable, Sequence
from copy import copy
from functools import cache

from ledger.catalogue import Catalogue
from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.entry import Registration, parse_entry
from ledger.errors import FormatError, ProofError
from ledger.private import PrivateRecord
from ledger.proof import LogProof
from ledger.reader import LogReader
from ledger.subjects import Found
from ledger.vocabulary import Digest, Fingerprint
from verifier.compare.registers import registers
from verifier.fingerprint.match import Match as FingerprintMatch
from verifier.harmless import printable

from .errors import HomeBroken
from .files import replace_file
from .home import Home
from .local_index import LocalIndex


class LocalLedger:
    """Reads the public tree without a private key, and the private store for names and likeness."""

    def __init__(self, home: Home, catalogue: Catalogue, *, tells_private: bool) -> None:
        """Without `tells_private` no private title, file name, time or place is given away."""
        self.tells_private = tells_private
        self.origin = home.origin
        self.log_key = home.log_verifier()
        self.policy = home.policy()
        self.registrars = home.registrars()
        self._reader = LogReader(home.tiles(), self.log_key)
        self._catalogue = catalogue
        self._behind: Callable[[int], PrivateRecord | None] = catalogue.private_record
        self._found: dict[Digest, Sequence[Found]] | None = None  # what is held of the log
        self._accepted = home.path / "accepted"
        self._index = LocalIndex(home.index_path(), catalogue, registers)

    def held(self) -> "LocalLedger":
        """The same log as it stands when it is first asked, for one verification or a few."""
        held = copy(self)
        held._found = {}  # noqa: SLF001  # of our copy
        held._reader = self._reader.held()  # noqa: SLF001  # of our copy
        held._behind = cache(self._behind)  # noqa: SLF001  # of our copy; asked at several steps
        return held

    def find(self, digest: Digest) -> Sequence[Found]:
        """Return the entries that name a digest, in the order of the log."""
        [found] = self.find_each([digest])
        return found

    def find_each(self, digests: Sequence[Digest]) -> Sequence[Sequence[Found]]:
        """Return for each digest the entries that name it, in the order of the log."""
        if self._found is None:
            return self._catalogue.look_up_each(self._reader, digests)
        if missing := [digest for digest in digests if digest not in self._found]:
            found = self._catalogue.look_up_each(self._reader, missing)
            self._found.update(zip(missing, found, strict=True))
        return [self._found[digest] for digest in digests]

    def entry(self, index: int) -> bytes:
        """Return the entry at `index`."""
        return self._reader.entry(index)

    def prove(self, index: int) -> LogProof:
        """Prove the entry at `index` in the newest checkpoint."""
        return self._reader.prove(index)

    def consistency(self, old: int, new: int) -> list[bytes]:
        """Prove that the tree of size `old` is a prefix of the tree of size `new`."""
        return self._reader.consistency(old, new)

    def title(self, index: int) -> str | None:
        """Return the private title, else the file name, of a registration, where we may."""
        if not self.tells_private:
            return None
        try:
            record = self.private(index)
            statement = parse_entry(self.entry(index)).statement
            if record is None or not isinstance(statement, Registration):
                return None
            record.check(statement.commitments)  # a changed row must not name anything
        except (FormatError, ProofError):
            return None
        value = record.value("title") or record.value("file_name")
        return printable(value) if isinstance(value, str) else None

    def private(self, index: int) -> PrivateRecord | None:
        """Return the private record behind a registration, where it is kept."""
        return self._behind(index)

    def similar(self, fingerprints: Sequence[Fingerprint]) -> Sequence[FingerprintMatch]:
        """Return the registered assets near some fingerprints, nearest first."""
        self._catalogue.follow(self._reader)
        return self._index.search(fingerprints)

    def accepted(self) -> Checkpoint | None:
        """Return the last checkpoint of this log that a verification here accepted."""
        try:
            note = self._accepted.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as problem:
            said = f"{self._accepted} cannot be read ({problem.strerror})"
            raise HomeBroken(said, "see to its rights") from None
        return open_checkpoint(note, self.log_key, self.origin)

    def accept(self, note: bytes) -> None:
        """Remember a checkpoint that has been verified, unless a larger one is remembered."""
        checkpoint = open_checkpoint(note, self.log_key, self.origin)
        accepted = self.accepted()
        if accepted is not None and accepted.size >= checkpoint.size:
            return
        # A home that cannot be written can still verify; it just remembers nothing.
        with contextlib.suppress(OSError):
            replace_file(self._accepted, note)
