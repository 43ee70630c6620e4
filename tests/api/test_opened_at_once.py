"""A store that is new and is opened by many at once is made once, and every one of them has it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from api.verdicts import Verdicts
from ledger.catalogue import Catalogue
from ledger.witness_storage import SqlWitnessStorage

MANY = 6


@pytest.mark.parametrize(
    ("opened", "ask"),
    [
        (lambda path: Catalogue(f"sqlite:///{path}"), lambda store: store.size),
        (lambda path: SqlWitnessStorage(f"sqlite:///{path}"), lambda store: store.read("a log")),
        (Verdicts, lambda store: store.all()),
    ],
    ids=["catalogue", "witness", "verdicts"],
)
def test_a_new_store_is_opened_by_many_at_once(
    opened: Callable[[Path], Catalogue], ask: Callable[[Catalogue], object], tmp_path: Path
) -> None:
    for number in range(20):
        start = Barrier(MANY)

        def act(_: int, path: Path = tmp_path / f"{number}", start: Barrier = start) -> object:
            start.wait()
            store = opened(path)
            answer = ask(store)
            store.close()
            return answer

        with ThreadPoolExecutor(MANY) as threads:
            answers = list(threads.map(act, range(MANY)))
        assert not any(answers)
