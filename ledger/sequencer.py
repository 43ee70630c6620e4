"""Many callers, one commit: appends that arrive together share it.

    with Sequencer(log) as sequencer:
        index = sequencer.append(entry)              # from any thread
        index = await sequencer.append_async(entry)  # from any event loop

While one commit is under way, the entries that arrive wait for the next; so the busier the log, the
larger its commits. Both faces return as `Log.append` does: when the entry is durable, in the tree,
under a signed checkpoint, and published.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Self

from .errors import LogBusy
from .log import Log, check_entries, check_entry

MAX_WAITING = 16_384  # entries
MAX_WAITING_BYTES = 1 << 27
MAX_COMMIT = 4_096  # entries, unless one caller brings more at once
BUSY_SECONDS = 10.0

_Outcome = list[int] | Exception
_AsyncFuture = asyncio.Future[int]


@dataclass(frozen=True, slots=True)
class _Group:
    """Entries that arrived together, and whom to tell what became of them."""

    entries: Sequence[bytes]
    tell: Callable[[_Outcome], None]


class Sequencer:
    """Appends to one log, for many threads and event loops at once.

    At most `max_waiting` entries, and 128 MiB of them, wait. Who comes then is held up until there
    is room, and after `busy_seconds` gets LogBusy. Several processes may have one each.
    """

    def __init__(
        self, log: Log, *, max_waiting: int = MAX_WAITING, busy_seconds: float = BUSY_SECONDS
    ) -> None:
        self._log = log
        self._max_waiting = max_waiting
        self._busy_seconds = busy_seconds
        self._lock = threading.Lock()  # guards all below
        self._changed = threading.Condition(self._lock)
        self._groups: deque[_Group] = deque()
        self._count = self._bytes = 0  # of entries that have not been answered
        self._held_up: list[Callable[[], None]] = []
        self._closing = False
        self._arrived: dict[asyncio.AbstractEventLoop, list[tuple[bytes, _AsyncFuture]]] = {}
        self._thread = threading.Thread(target=self._work, name="sequencer", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Take no more entries, answer those that wait, and return."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join()

    def append(self, entry: bytes) -> int:
        """Append one entry; return its index. Raises as `Log.append` does, and LogBusy when full.

        After StorageError the entry may be in the log or not, and to append it again is right.
        """
        [index] = self.append_batch([entry])
        return index

    def append_batch(self, entries: Sequence[bytes]) -> list[int]:
        """Append some entries, in one commit; return the index of each. Raises as `append`."""
        check_entries(entries)
        count, size = len(entries), sum(map(len, entries))
        deadline = time.monotonic() + self._busy_seconds
        room = threading.Event()
        while not self._reserve(count, size, room.set):
            if not room.wait(max(deadline - time.monotonic(), 0)):
                raise self._busy()
            room.clear()
        done: Future[list[int]] = Future()
        self._enter(_Group(entries, lambda outcome: _resolve(done, outcome)))
        return done.result()

    async def append_async(self, entry: bytes) -> int:
        """Append one entry; return its index. Raises as `append` does.

        When the caller is cancelled meanwhile, the entry may be in the log or not.
        """
        check_entry(entry)
        loop = asyncio.get_running_loop()
        if not self._reserve(1, len(entry)):
            await self._reserve_async(loop, len(entry))
        future: _AsyncFuture = loop.create_future()
        arrived = self._arrived.get(loop)
        if arrived is None:  # all that arrive in this turn of the loop become one group
            arrived = self._arrived[loop] = []
            loop.call_soon(self._enter_arrived, loop)
        arrived.append((entry, future))
        return await future

    async def _reserve_async(self, loop: asyncio.AbstractEventLoop, size: int) -> None:
        room = asyncio.Event()
        deadline = loop.time() + self._busy_seconds
        while not self._reserve(1, size, lambda: _call(loop, room.set)):
            try:
                async with asyncio.timeout_at(deadline):
                    await room.wait()
            except TimeoutError:
                raise self._busy() from None
            room.clear()

    def _enter_arrived(self, loop: asyncio.AbstractEventLoop) -> None:
        arrived = self._arrived.pop(loop)
        futures = [future for _, future in arrived]
        tell = partial(_call, loop, _resolve_all, futures)
        self._enter(_Group([entry for entry, _ in arrived], tell))

    def _reserve(self, count: int, size: int, call_back: Callable[[], None] | None = None) -> bool:
        """Take places for so many entries and bytes, or be called back when some come free."""
        with self._lock:
            if self._closing:
                raise LogBusy("the sequencer is closing", "append through one that is open")
            if self._count and (
                self._count + count > self._max_waiting or self._bytes + size > MAX_WAITING_BYTES
            ):
                if call_back:
                    self._held_up.append(call_back)
                return False
            self._count += count
            self._bytes += size
            return True

    def _enter(self, group: _Group) -> None:
        with self._changed:
            self._groups.append(group)
            self._changed.notify_all()

    def _work(self) -> None:
        while groups := self._take():
            entries = [entry for group in groups for entry in group.entries]
            outcome: _Outcome
            try:
                outcome = self._log.append(entries)
            except Exception as problem:  # noqa: BLE001 (the callers are the ones to handle it)
                outcome = problem
            self._answer(groups, outcome)

    def _take(self) -> list[_Group]:
        """Wait for entries; return some groups, or none when all is answered and it closes."""
        with self._changed:
            while not self._groups and not (self._closing and self._count == 0):
                self._changed.wait()
            groups: list[_Group] = []
            count = 0
            while self._groups and (
                not groups or count + len(self._groups[0].entries) <= MAX_COMMIT
            ):
                groups.append(self._groups.popleft())
                count += len(groups[-1].entries)
            return groups

    def _answer(self, groups: Sequence[_Group], outcome: _Outcome) -> None:
        at = 0
        for group in groups:
            stop = at + len(group.entries)
            group.tell(outcome if isinstance(outcome, Exception) else outcome[at:stop])
            at = stop
        with self._changed:
            self._count -= at
            self._bytes -= sum(len(entry) for group in groups for entry in group.entries)
            held_up, self._held_up = self._held_up, []
        for call_back in held_up:
            call_back()

    def _busy(self) -> LogBusy:
        return LogBusy(
            f"{self._max_waiting} entries wait, and none was answered in time",
            "append fewer at a time, or see what holds up the disk, the database or a witness",
        )


def _resolve(done: Future[list[int]], outcome: _Outcome) -> None:
    if isinstance(outcome, Exception):
        done.set_exception(outcome)
    else:
        done.set_result(outcome)


def _resolve_all(futures: Sequence[_AsyncFuture], outcome: _Outcome) -> None:
    for number, future in enumerate(futures):
        if future.done():  # its caller was cancelled
            continue
        if isinstance(outcome, Exception):
            future.set_exception(outcome)
        else:
            future.set_result(outcome[number])


def _call(loop: asyncio.AbstractEventLoop, act: Callable[..., None], *arguments: object) -> None:
    with suppress(RuntimeError):  # the loop was closed: nobody waits there any more
        loop.call_soon_threadsafe(act, *arguments)
