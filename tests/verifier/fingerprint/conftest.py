"""One warm sandbox for the tests of this folder."""

from collections.abc import Iterator

import pytest

from verifier.media.limits import Limits
from verifier.media.sandbox import Sandbox


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(Limits()) as sandbox:
        yield sandbox
