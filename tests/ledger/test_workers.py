"""Work that is shared out comes back in order, whatever befalls the workers."""

import os
import signal
from collections.abc import Iterator

import pytest

from ledger.errors import StorageError
from ledger.workers import spread


def square(number: int) -> int:
    return number * number


def square_or_die(task: tuple[int, int]) -> int:
    number, parent = task
    if number == 5 and os.getpid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)
    return number * number


def fail(number: int) -> int:
    if number == 5:
        raise StorageError("five")
    return number


@pytest.mark.parametrize("workers", [0, 2])
def test_what_comes_of_the_items_comes_in_their_order(workers: int) -> None:
    assert list(spread(square, range(30), workers)) == [n * n for n in range(30)]
    assert list(spread(square, [], workers)) == []


def test_what_a_killed_worker_left_undone_is_done_once() -> None:
    tasks = [(number, os.getpid()) for number in range(30)]
    assert list(spread(square_or_die, tasks, 2)) == [n * n for n in range(30)]


@pytest.mark.parametrize("workers", [0, 2])
def test_an_error_of_the_work_is_the_caller_s(workers: int) -> None:
    found: list[int] = []
    with pytest.raises(StorageError, match="five"):
        found.extend(spread(fail, range(30), workers))


def test_who_stops_early_waits_for_little() -> None:
    taken = []

    def items() -> Iterator[int]:
        for number in range(1000):
            taken.append(number)
            yield number

    shared = spread(square, items(), 2)
    assert next(shared) == 0
    shared.close()
    assert len(taken) < 20
