"""Everything that the command line and the HTTP service do, wired over one home."""

import contextlib
import gc
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, cached_property
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Self

from ledger.catalogue import Catalogue
from ledger.checkpoint import open_checkpoint, parse_checkpoint
from ledger.entry import ManifestIdentity, Registration, parse_entry
from ledger.errors import FirsthandError, FormatError, LogBusy, ProofError, StorageError
from ledger.fsck import Difference, Progress, fsck
from ledger.log import Log
from ledger.note import open_note, parse_note
from ledger.reader import LogReader
from ledger.receipt import sign_inclusion_receipt
from ledger.repair import Repaired, repair
from ledger.sequencer import Sequencer
from ledger.storage import CHECKPOINT_PATH
from ledger.storage.folder import FolderTileStorage
from ledger.storage.sql import SqlLogStorage
from ledger.tile import TileReader
from ledger.vocabulary import Digest, digest_of
from verifier.as_of import compare_reports
from verifier.asking import Asking, answer_each
from verifier.compare.context import Claim
from verifier.judgement import Bench
from verifier.media.sandbox import Sandbox
from verifier.observe import engine_versions, observing
from verifier.recall import verdict_of
from verifier.report import Report
from verifier.trust import TrustList
from verifier.verify import NOTHING_CLAIMED, verify

from .checking import CORES, Checkers
from .errors import of_system
from .home import Home, open_home
from .local_ledger import LocalLedger
from .registrar import Registrar, prove_entry
from .revocations import Gatherer, Network
from .verdicts import Given, Verdicts


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked about a file.

    `as_of` asks for the answer of another time, beside that of now; `revocations` are OCSP answers
    and CRLs; `online` allows to ask the authorities that certificates name. With a `name` of its
    own it is not where it lies for long, as an upload is not. With `keep` the verdict of now is
    remembered for `firsthand recall`; with `detect` the detector is asked about what nobody signed
    or recorded.
    """

    name: str | None = None
    proof: Path | None = None
    claim: Claim = NOTHING_CLAIMED
    as_of: datetime | None = None
    revocations: Sequence[bytes] = ()
    online: bool = False
    keep: bool = True
    detect: bool = True


NOTHING_SPECIAL = Asked()


class Services:
    """The parts of one home, each opened when it is first needed. Safe for many threads."""

    def __init__(
        self,
        home: Home,
        sandbox: Sandbox,
        clock: Callable[[], datetime] = _utc_now,
        randomness: Callable[[int], bytes] = secrets.token_bytes,
        *,
        tells_private: bool = True,
    ) -> None:
        """Without `tells_private`, reports give no private title, name, time or place away."""
        self.home = home
        self.sandbox = sandbox
        self._clock = clock
        self._randomness = randomness
        self._tells_private = tells_private

    def __reduce__(
        self,
    ) -> tuple[Callable[[Path, bool, bool], "Services"], tuple[Path, bool, bool]]:
        """Be opened again, once, in a process that this is sent to, by the clock there."""
        return _opened, (self.home.path, self.sandbox.process_per_file, self._tells_private)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.sandbox.close()
        for name in ("sequencer", "checkers", "_log_storage", "catalogue", "network", "verdicts"):
            if name in vars(self):  # opened, so to be closed
                getattr(self, name).close()

    @cached_property
    def log(self) -> Log:
        """The log, for writing."""
        return self.home.log(self._log_storage)

    @cached_property
    def sequencer(self) -> Sequencer:
        """Who appends for many callers at once."""
        return Sequencer(self.log)

    @cached_property
    def checkers(self) -> Checkers:
        """Who checks entries that others made."""
        return Checkers()

    @cached_property
    def _log_storage(self) -> SqlLogStorage:
        return self.home.log_storage()

    @cached_property
    def reader(self) -> LogReader:
        """The public tree, for reading: no private key is touched."""
        return LogReader(self.tiles, self.home.log_verifier())

    @cached_property
    def tiles(self) -> FolderTileStorage:
        """The folder of the public tree."""
        return self.home.tiles()

    @cached_property
    def catalogue(self) -> Catalogue:
        """The private store."""
        return self.home.catalogue()

    @cached_property
    def verdicts(self) -> Verdicts:
        """The verdicts that were given here."""
        return Verdicts(self.home.verdicts_path())

    @cached_property
    def ledger(self) -> LocalLedger:
        """The log, as a verification asks it."""
        return LocalLedger(self.home, self.catalogue, tells_private=self._tells_private)

    @cached_property
    def network(self) -> Network:
        """Who asks the authorities that certificates name."""
        from .public_transport import PublicTransport  # only who goes online needs HTTP

        return PublicTransport()

    @cached_property
    def registrar(self) -> Registrar:
        """Who signs files and makes entries."""
        return Registrar(
            self.home, self.log, self.catalogue, self.sandbox, self._clock, self._randomness
        )

    def verify(self, path: Path, asked: Asked = NOTHING_SPECIAL) -> Report:
        """Establish what can be established about the file at `path`, and what is claimed of it."""
        [found] = self.verify_each([(path, asked)])
        if isinstance(found, FirsthandError):
            raise found
        return found

    def verify_each(self, files: Sequence[tuple[Path, Asked]]) -> list[Report | FirsthandError]:
        """Return what `verify` returns or raises for each file; they are looked at in step.

        All of them meet the log as it stands when it is first asked.
        """

        @cache  # but an error: where there is no log, each file is told why
        def held() -> LocalLedger:
            return self.ledger.held()

        given: list[Given] = []
        found = answer_each(
            [self._verifying(path, asked, held, given) for path, asked in files], self.sandbox.ask
        )
        if given:
            # A home that cannot be written can still verify; it just remembers nothing.
            with contextlib.suppress(StorageError, LogBusy):
                self.verdicts.keep(given)
        return [of_system(each) if isinstance(each, OSError) else each for each in found]

    def _verifying(
        self, path: Path, asked: Asked, held: Callable[[], LocalLedger], given: list[Given]
    ) -> Asking[Report]:
        clock = self._clock()
        gather = Gatherer(
            self.home.revocations(), asked.revocations, self.network if asked.online else None
        )

        def reporting(
            at: datetime | None, *, detect: bool
        ) -> Asking[tuple[Report, list[TrustList]]]:
            lists = self.home.trust_lists((at or clock).date())
            suspect = yield from observing(
                path,
                self.sandbox,
                lists,
                name=asked.name,
                proof=asked.proof,
                bench=Bench(lists=lists, clock=clock, as_of=at, gather=gather),
                detect=detect,
            )
            return verify(suspect, held(), self.engine, asked.claim), lists

        now, lists = yield from reporting(None, detect=asked.detect and asked.as_of is None)
        if asked.keep:
            given.append(_given(now, path, asked, self._clock()))
        if asked.as_of is None:
            return now
        then, lists_then = yield from reporting(asked.as_of, detect=asked.detect)
        return compare_reports(then, now, asked.as_of, (lists_then, lists))

    def follow(self, progress: Progress | None = None) -> None:
        """Take into the private store what others appended: a verification waits for that."""
        self.catalogue.follow(self.reader, CORES, progress)

    def fsck(self, progress: Progress | None = None) -> Iterator[Difference]:
        """Yield every difference in the log and in the private store, to their ends.

        Changes nothing, but for what a crash kept the private store from taking in; nobody should
        append meanwhile.
        """
        storage = check_entries = None
        try:
            storage = self._log_storage
        except StorageError as problem:
            yield Difference("ledger.sqlite", problem.message)
        try:
            check_entries = self.catalogue.check_entries
            self.follow(progress)
        except FirsthandError:
            pass  # what keeps it from following is found below
        yield from self._check_second_signature()
        yield from fsck(
            storage, self.tiles, self.home.log_verifier(), check_entries, progress, CORES
        )
        try:
            yield from self.catalogue.check_rows(self.reader)
        except StorageError as problem:
            yield Difference("private.sqlite", f"its rows were not all checked: {problem.message}")

    def _check_second_signature(self) -> Iterator[Difference]:
        """Yield what is wrong with the signature of the log's second key, from entry 0 on."""
        verifier, note = self.home.second_verifier(), self.tiles.read(CHECKPOINT_PATH)
        if verifier is None or note is None:
            return
        try:
            if parse_checkpoint(parse_note(note).text).size:
                open_note(note, [verifier])
        except (FormatError, ProofError) as problem:
            yield Difference(CHECKPOINT_PATH, f"its second signature: {problem.message}")

    def repair(self, mirror: TileReader) -> Iterator[Repaired]:
        """Heal the public files from a mirror, under the checkpoint that the database signed.

        Nobody should append meanwhile. Raises FormatError or ProofError where there is none.
        """
        note = self._log_storage.read_checkpoint() or b""
        verifier = self.home.log_verifier()
        committed = open_checkpoint(note, verifier, self.home.origin)
        yield from repair(self.tiles, mirror, committed)
        published = self.tiles.read(CHECKPOINT_PATH)
        try:
            open_checkpoint(published or b"", verifier, self.home.origin)
        except (FormatError, ProofError):
            self.tiles.write({CHECKPOINT_PATH: self.home.witnessing()(note)})
            yield Repaired(CHECKPOINT_PATH, is_healed=True)

    def prove(self, index: int) -> bytes:
        """Return the log proof of an entry, the entry itself within as its extra data."""
        return prove_entry(self.reader, index)

    def receipt(self, index: int) -> bytes:
        """Return the COSE receipt of an entry under the published checkpoint (RFC 9942)."""
        proof = self.reader.prove(index)
        checkpoint = parse_checkpoint(parse_note(proof.checkpoint).text)
        return sign_inclusion_receipt(checkpoint, index, proof.hashes, self.home.log_signer())

    def signing_key(self, index: int) -> Digest:
        """Return the key behind a registration: its signer's certificate, else its registrar."""
        entry = parse_entry(self.reader.entry(index))
        match entry.statement:
            case Registration(manifest=ManifestIdentity(certificate=Digest() as certificate)):
                return certificate
            case _:
                return digest_of(entry.key)

    @cached_property
    def engine(self) -> dict[str, str]:
        """What judged: the versions that a report names."""
        return engine_versions() | {"firsthand": version("firsthand")}


@cache
def _opened(home: Path, process_per_file: bool, tells_private: bool) -> Services:
    sandbox = Sandbox(process_per_file=process_per_file)
    services = Services(open_home(home), sandbox, tells_private=tells_private)
    gc.collect()
    gc.freeze()  # what is imported stays: no collection of such a process need look at it again
    return services


def _given(report: Report, path: Path, asked: Asked, time: datetime) -> Given:
    return Given(
        digest=Digest(bytes.fromhex(report.sha256 or "")),
        name=report.file,
        path=None if asked.name else path.resolve(),
        proof=asked.proof and asked.proof.resolve(),
        time=time,
        verdict=verdict_of(report),
    )
