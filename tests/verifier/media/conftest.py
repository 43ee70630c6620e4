"""One warm sandbox for the tests of this folder, with small limits."""

from collections.abc import Iterator

import pytest

from verifier.media.limits import Limits
from verifier.media.sandbox import Sandbox


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(Limits(address_space=1 << 30, cpu=5, wall=20.0, answer=1 << 20)) as sandbox:
        yield sandbox
