"""Everything that the command line and the HTTP service do, wired over one home."""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Self

from ledger.catalogue import Catalogue
from ledger.log import Log
from ledger.reader import LogReader
from verifier.media.sandbox import Sandbox
from verifier.observe import engine_versions, observe
from verifier.report import Report
from verifier.verify import verify

from .home import Home
from .local_ledger import LocalLedger
from .registrar import Registrar


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Services:
    """The parts of one home, each opened when it is first needed. Safe for many threads."""

    def __init__(
        self,
        home: Home,
        sandbox: Sandbox,
        clock: Callable[[], datetime] = _utc_now,
        randomness: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self.home = home
        self.sandbox = sandbox
        self._clock = clock
        self._randomness = randomness

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.sandbox.close()

    @cached_property
    def log(self) -> Log:
        """The log, for writing."""
        return self.home.log()

    @cached_property
    def catalogue(self) -> Catalogue:
        """The private store."""
        return self.home.catalogue()

    @cached_property
    def ledger(self) -> LocalLedger:
        """The log, as a verification asks it."""
        return LocalLedger(self.home, self.catalogue)

    @cached_property
    def registrar(self) -> Registrar:
        """Who signs files and makes entries."""
        return Registrar(
            self.home, self.log, self.catalogue, self.sandbox, self._clock, self._randomness
        )

    def verify(self, path: Path, *, name: str | None = None, proof: Path | None = None) -> Report:
        """Establish what can be established about the file at `path`."""
        suspect = observe(path, self.sandbox, self.home.trust_lists(), name=name, proof=proof)
        return verify(suspect, self.ledger, self.engine)

    def fsck(self, progress: Progress | None = None) -> Iterator[Difference]:
        """Yield every difference in the log and in the private store, to their ends.

        Changes nothing; nobody should append meanwhile.
        """
        tiles, log_key = self.home.tiles(), self.home.log_verifier()
        storage = self.home.log_storage()
        yield from fsck(storage, tiles, log_key, self.catalogue.check_entry, progress)
        yield from self.catalogue.check_rows(LogReader(tiles, log_key))

    @cached_property
    def engine(self) -> dict[str, str]:
        """What judged: the versions that a report names."""
        return engine_versions() | {"firsthand": version("firsthand")}
