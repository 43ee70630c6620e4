"""Witnesses that lie, fail or fall silent on command, and the network between them and a log."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ledger.cosignature import Cosigner
from ledger.errors import StorageError
from ledger.note import NoteVerifier
from ledger.witness import (
    BadRequest,
    Inconsistent,
    OtherSize,
    Seen,
    UnknownLog,
    Untrusted,
    Witness,
    WitnessError,
    format_size,
)
from ledger.witnessing import SIZE_TYPE, Answer

_STATUS: dict[type[WitnessError], int] = {
    BadRequest: 400,
    Untrusted: 403,
    UnknownLog: 404,
    Inconsistent: 422,
}


class MemoryWitnessStorage:
    """A WitnessStorage for one process and one thread at a time."""

    def __init__(self) -> None:
        self.seen: dict[str, Seen] = {}

    def read(self, origin: str) -> Seen | None:
        return self.seen.get(origin)

    def swap(self, origin: str, expected: Seen | None, seen: Seen) -> bool:
        if self.seen.get(origin) != expected:
            return False
        self.seen[origin] = seen
        return True

    def publish(self, origin: str, seen: Seen, cosigned: bytes) -> None:
        if self.seen.get(origin) == seen:
            self.seen[origin] = replace(seen, cosigned=cosigned)


def make_witness(cosigner: Cosigner, *logs: NoteVerifier) -> Witness:
    """Return an honest witness with one key, that follows these logs."""
    return Witness(
        MemoryWitnessStorage(), [cosigner], {log.name: [log] for log in logs}, lambda: 1_000
    )


def serve_witness(witness: Witness, body: bytes) -> Answer:
    """Answer as a witness does over HTTP."""
    try:
        return Answer(200, "text/plain; charset=utf-8", witness.add_checkpoint(body))
    except OtherSize as problem:
        return Answer(409, SIZE_TYPE, format_size(problem.size))
    except WitnessError as problem:
        return Answer(_STATUS[type(problem)], "text/plain", b"")


@dataclass
class Network:
    """By URL prefix, who answers; whoever is not there is silent. Counts what was asked."""

    answerers: dict[str, Callable[[bytes], Answer]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def join(self, prefix: str, witness: Witness) -> None:
        """Let an honest witness answer under a prefix."""
        self.answerers[prefix] = lambda body: serve_witness(witness, body)

    def ask(self, url: str, body: bytes) -> Answer:
        """Be the transport of a log."""
        prefix, _, call = url.rpartition("/")
        assert call == "add-checkpoint"
        self.asked.append(prefix)
        if prefix not in self.answerers:
            raise StorageError(f"{url} cannot be reached")
        return self.answerers[prefix](body)
