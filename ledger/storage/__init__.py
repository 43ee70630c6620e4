"""What the log needs of the outside: two protocols, and what they promise.

`LogStorage` is the sequencer's durable truth. It is trusted: whoever can edit it can make the log
sign a split view. `TileStorage` is what the world reads. It is not trusted: whoever can edit it can
stop the log and its readers, and can make neither say anything false.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

CHECKPOINT_PATH = "checkpoint"  # c2sp.org/tlog-tiles#checkpoints


@dataclass(frozen=True, slots=True)
class StagedBatch:
    """Entries that one commit put into the log.

    `start` is the index of the first; `data` holds them as an entry bundle does.
    """

    start: int
    data: bytes


@dataclass(frozen=True, slots=True)
class LeafRow:
    """Leaf hashes, 32 bytes each, of the entries from index `start` on."""

    start: int
    hashes: bytes


class LogStorage(Protocol):
    """The signed checkpoint, the batches that may not be in tiles yet, and where each leaf is.

    It may be used by many threads at once, and by other processes through objects of their own.
    What a call returns reflects every commit that returned before the call began, in any process,
    also after a power cut. Every method raises StorageError when the storage fails, and LogBusy
    when it was held by others for too long; after an error from `commit`, other than LogConflict,
    the commit may have happened or not, but never in part.
    """

    def read_checkpoint(self) -> bytes | None:
        """Return the signed checkpoint last committed, or None in a storage that has none."""

    def commit(
        self,
        expected: bytes | None,
        checkpoint: bytes,
        batch: StagedBatch | None,
        leaf_hashes: Sequence[bytes],
        settled: int = 0,
    ) -> None:
        """Replace the checkpoint `expected` by `checkpoint`, durably, together with all below.

        In the same transaction `batch` is staged, `leaf_hashes[i]` is recorded at index
        `batch.start + i`, and the batches that start before `settled` are dropped: `settled` is a
        size up to which the log is in durable tiles. `expected` is None for the first checkpoint,
        which brings no batch. Raises LogConflict, and changes nothing, when the checkpoint is not
        `expected`; StorageError, and changes nothing, when a leaf hash is recorded already.
        """

    def read_staged(self) -> list[StagedBatch]:
        """Return the staged batches, in ascending order of `start`."""

    def find_indexes(self, leaf_hashes: Sequence[bytes]) -> dict[bytes, int]:
        """Return the index of each of `leaf_hashes` that was ever committed."""

    def read_leaves(self, start: int, stop: int) -> Iterator[LeafRow]:
        """Yield what is recorded for start <= index < stop, ascending, without holding it all.

        Rows are cut to that range. Two rows may speak of one index, and none of another, only in a
        storage that was damaged.
        """

    def check(self) -> Iterator[str]:
        """Yield a sentence for each fault that the storage finds in its own structure."""

    def close(self) -> None:
        """Let go of files and connections. Nothing is lost without it."""


class TileStorage(Protocol):
    """Named files: `checkpoint` and what c2sp.org/tlog-tiles puts under `tile/`.

    It may be used by many threads and processes at once. Every method raises StorageError when the
    storage fails; each file of a `write` that failed is either as it was or as it should become.
    """

    def read(self, path: str) -> bytes | None:
        """Return the whole file at `path`, or None when there is none."""

    def write(self, files: Mapping[str, bytes]) -> None:
        """Write each file, replacing what is there, and return when all are durable.

        A reader sees a file's old bytes or its new bytes, never a mixture. In which order the files
        appear is not promised: what must come later belongs in a later call.
        """

    def write_unsynced(self, files: Mapping[str, bytes]) -> None:
        """Write as `write` does, for every reader to see; a power cut may take it all back.

        It may also leave a file empty, short or torn. What is written so must stay staged until
        `sync` has returned.
        """

    def sync(self, paths: Sequence[str]) -> None:
        """Return when these files, which are there, are durable as a reader sees them now.

        After an error nothing is known of any of them: write them again.
        """

    def list_paths(self, prefix: str = "") -> Iterator[str]:
        """Yield the path of every file whose path starts with `prefix`, in no promised order."""

    def delete(self, paths: Sequence[str]) -> None:
        """Delete these files for good; those that are not there are no error.

        When it returns, a power cut brings none of them back: they may never have been synced.
        """
