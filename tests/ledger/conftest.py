"""A log's key, and a log in memory."""

import pytest

from ledger.log import Log
from ledger.note import Ed25519NoteSigner
from ledger.storage.memory import MemoryLogStorage, MemoryTileStorage

ORIGIN = "log.example/firsthand"
SEED = bytes(range(32))


@pytest.fixture
def note_signer() -> Ed25519NoteSigner:
    return Ed25519NoteSigner(ORIGIN, SEED)


@pytest.fixture
def tiles() -> MemoryTileStorage:
    return MemoryTileStorage()


@pytest.fixture
def log_storage() -> MemoryLogStorage:
    return MemoryLogStorage()


@pytest.fixture
def log(
    log_storage: MemoryLogStorage, tiles: MemoryTileStorage, note_signer: Ed25519NoteSigner
) -> Log:
    return Log(log_storage, tiles, note_signer)
