"""Who looks at a file asks the sandbox: as a generator, so that many files are asked about in step.

It yields a question, a task of the sandbox and its arguments, and is sent the answer. Of many the
same question is put one after the other: a process that does the same again is the quicker for it.
"""

from collections.abc import Callable, Generator, Sequence
from functools import partial
from typing import Any, TypeAlias, TypeVar

from ledger.errors import FirsthandError

T = TypeVar("T")

Question: TypeAlias = tuple[Any, ...]  # the task, then its arguments
Asking: TypeAlias = Generator[Question, Any, T]
Run: TypeAlias = Callable[..., Any]  # a task of the sandbox, then its arguments
Failure: TypeAlias = FirsthandError | OSError


def answer(asking: Asking[T], run: Run) -> T:
    """Answer one to its end by `run`; return what it returns, and raise what it raises."""
    [answered] = answer_each([asking], run)
    if isinstance(answered, FirsthandError | OSError):
        raise answered
    return answered


def answer_each(askings: Sequence[Asking[T]], run: Run) -> list[T | Failure]:
    """Answer all of them in step; return, in order, what each returns, or the failure it raises."""
    ended: dict[int, T | Failure] = {}
    going: dict[int, Callable[[], Question]] = {
        number: partial(next, asking) for number, asking in enumerate(askings)
    }
    while going:
        asked: dict[int, Question] = {}
        for number, go_on in going.items():
            try:
                asked[number] = go_on()
            except StopIteration as end:
                ended[number] = end.value
            except (FirsthandError, OSError) as failure:
                ended[number] = failure
        going = {number: _answered(askings[number], asked[number], run) for number in asked}
    return [ended[number] for number in range(len(askings))]


def _answered(asking: Asking[T], question: Question, run: Run) -> Callable[[], Question]:
    """Answer a question; return what has the asker go on."""
    try:
        return partial(asking.send, run(*question))
    except (FirsthandError, OSError) as failure:
        return partial(asking.throw, failure)
