"""Write a log of our own entries, cosigned by whatever witness listens: for others to judge.

    python -m tests.interop.write_log DIR ENTRIES [WITNESS-KEY WITNESS-URL]

Prints the log's public key. The entries are registrations as `firsthand record` makes them.
"""

import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from api.transports import HttpTransport
from ledger.cosignature import MlDsa44Cosigner, parse_cosigner_key
from ledger.entry import Registration, format_entry
from ledger.log import Log
from ledger.note import Ed25519NoteSigner, format_verifier_key
from ledger.policy import Policy, PolicyWitness
from ledger.private import seal
from ledger.storage.folder import FolderTileStorage
from ledger.storage.memory import MemoryLogStorage
from ledger.vocabulary import digest_of
from ledger.witnessing import Witnessing

ORIGIN = "log.example/interop"
SIGNER = Ed25519NoteSigner(ORIGIN, bytes(range(32)))
BATCHES = (1, 1, 254, 1, 4_000)  # then the rest: partial tiles come and go


def entry(number: int, key: Ed25519PrivateKey) -> bytes:
    """Make one registration, with all that one may hold."""
    sealed = seal({"title": f"clip {number}", "file_name": f"{number}.mp4"}, lambda n: b"s" * n)
    statement = Registration(
        subject=digest_of(b"signed %d" % number),
        time=1_700_000_000 + number,
        size=1_000 + number,
        media_type="video/mp4",
        source=digest_of(b"source %d" % number),
        commitments=sealed.commitments(),
    )
    return format_entry(statement, key)


def main(folder: Path, count: int, witness: list[str]) -> None:
    """Write `count` entries into `folder`."""
    key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    tiles = FolderTileStorage(folder)
    policy = Policy()
    if witness:
        member = PolicyWitness("theirs", parse_cosigner_key(witness[0]), witness[1])
        policy = Policy(witnesses=(member,), quorum="theirs")
    second = MlDsa44Cosigner(ORIGIN, bytes(range(32)), lambda: 1_700_000_000)
    with HttpTransport() as transport:
        ask = Witnessing(policy, tiles, transport.ask, [second], [SIGNER.verifier])
        log = Log(MemoryLogStorage(), tiles, SIGNER, cosigner=ask)
        start = 0
        for size in (*BATCHES, count):
            stop = min(start + size, count)
            log.append([entry(number, key) for number in range(start, stop)])
            start = stop
    sys.stdout.write(format_verifier_key(SIGNER.verifier) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
