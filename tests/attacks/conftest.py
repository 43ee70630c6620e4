"""One world and one sandbox for all attacks."""

from collections.abc import Iterator

import pytest

from verifier.media.sandbox import Sandbox

from .watch import Calls
from .world import World


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


_CALLS = Calls()  # an audit hook stays for good


@pytest.fixture
def calls() -> Iterator[Calls]:
    _CALLS.made.clear()
    yield _CALLS
    _CALLS.counts = False
