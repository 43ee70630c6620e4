"""Many who ask are answered in step: each as if it were alone, and no failure is another's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import FormatError
from verifier.asking import Asking, answer, answer_each


def asking(numbers: list[int]) -> Asking[list[int | str]]:
    """Ask about each number; return the answers, and what came in the place of the others."""
    told: list[int | str] = []
    for number in numbers:
        try:
            told.append((yield double, number))
        except FormatError as problem:
            told.append(problem.message)
        if number == 13:
            raise OSError(13, "no")
    return told


def double(number: int) -> int:
    if number % 5 == 0:
        raise FormatError(f"not {number}")
    return 2 * number


def run(task: object, *arguments: int) -> int:
    assert task is double
    return double(*arguments)


@given(st.lists(st.lists(st.integers(1, 20), max_size=5), max_size=5))
def test_many_are_told_in_their_order_what_each_is_told_alone(many: list[list[int]]) -> None:
    found = answer_each([asking(numbers) for numbers in many], run)
    for numbers, each in zip(many, found, strict=True):
        if 13 in numbers:
            assert isinstance(each, OSError)
            with pytest.raises(OSError, match="no"):
                answer(asking(numbers), run)
        else:
            assert each == answer(asking(numbers), run)
            assert each == [2 * n if n % 5 else f"not {n}" for n in numbers]


def test_the_same_question_is_put_of_all_before_any_goes_on() -> None:
    asked: list[int] = []

    def noted(task: object, number: int) -> int:
        asked.append(number)
        return run(task, number)

    answer_each([asking([1, 2, 3]), asking([11]), asking([21, 22])], noted)
    assert asked == [1, 11, 21, 2, 22, 3]


def test_an_error_of_ours_is_hidden_from_nobody() -> None:
    def broken(task: object, number: int) -> float:
        return number / (task is None)

    with pytest.raises(ZeroDivisionError):
        answer_each([asking([1])], broken)
