"""What the log says of a file: steps 5 to 7 of a verification. Pure; the log is an argument."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from ledger.asset import Asset
from ledger.checkpoint import Checkpoint
from ledger.entry import Entry, Registration, parse_entry
from ledger.errors import FirsthandError, ProofError
from ledger.jumbf import ClaimIdentity
from ledger.merkle import leaf_hash, verify_consistency
from ledger.note import NoteVerifier
from ledger.policy import Policy, check_quorum
from ledger.private import PrivateRecord
from ledger.proof import LogProof, verify_log_proof
from ledger.subjects import Found, Role, label_digest, subjects_of
from ledger.vocabulary import Digest, Fingerprint, Outcome

from .fingerprint.match import Match as FingerprintMatch
from .report import Finding, MatchKind, Step
from .words import say


class Ledger(Protocol):
    """What a verification asks of a log. Every answer is checked before it is believed."""

    @property
    def origin(self) -> str:
        """The log's unique name."""

    @property
    def log_key(self) -> NoteVerifier:
        """The public key that checkpoints must be signed with."""

    @property
    def policy(self) -> Policy | None:
        """Whose cosignatures a checkpoint must carry, or None where nobody says."""

    @property
    def registrars(self) -> Collection[bytes]:
        """The public keys (32 bytes each) whose entries are believed."""

    def find_each(self, digests: Sequence[Digest]) -> Sequence[Sequence[Found]]:
        """Return for each digest the entries that name it, in the order of the log."""

    def entry(self, index: int) -> bytes:
        """Return the entry at `index`."""

    def prove(self, index: int) -> LogProof:
        """Prove the entry at `index` in the newest checkpoint."""

    def consistency(self, old: int, new: int) -> list[bytes]:
        """Prove that the tree of size `old` is a prefix of the tree of size `new`."""

    def title(self, index: int) -> str | None:
        """Return the private title or file name of a registration, where it is kept."""

    def private(self, index: int) -> PrivateRecord | None:
        """Return the private record behind a registration, where it is kept."""

    @property
    def tells_private(self) -> bool:
        """Whether private times and places may be told to whoever asks."""

    def similar(self, fingerprints: Sequence[Fingerprint]) -> Sequence[FingerprintMatch]:
        """Return the registered assets near some fingerprints, nearest first."""

    def accepted(self) -> Checkpoint | None:
        """Return the last checkpoint of this log that a verification here accepted."""

    def accept(self, note: bytes) -> None:
        """Remember a checkpoint, a signed note, that has been verified."""


@dataclass(frozen=True, slots=True)
class Record:
    """The registration that a suspect is held against, and how it was found."""

    index: int
    kind: MatchKind
    data: bytes
    entry: Entry
    proof: LogProof | None = None

    @property
    def registration(self) -> Registration:
        """The statement of the entry."""
        if not isinstance(self.entry.statement, Registration):
            raise TypeError("a record is a registration")  # a bug in us
        return self.entry.statement


def record_in_hand(proof: LogProof, asset: Asset) -> Record | None:
    """Return the record inside a log proof, or None where it speaks of other bytes.

    The proof's extra data holds the entry. Raises FirsthandError where it does not read as one.
    """
    data = proof.extra or b""
    entry = parse_entry(data)
    statement = entry.statement
    if not isinstance(statement, Registration):
        return None
    if asset.digest not in (statement.subject, statement.source):
        return None
    return Record(proof.index, MatchKind.EXACT, data, entry, proof)


def find_records(
    ledger: Ledger, asset: Asset, claim: ClaimIdentity | None, label: str | None
) -> Iterator[Record]:
    """Find the registrations of these bytes, then those of this manifest; newest first.

    A manifest is known by its claim, and by its `label` where its claim cannot be located: the
    engine overlooks changes to bytes around the claim that no hash covers.
    """
    seen: set[int] = set()
    searches = [(asset.digest, {Role.SUBJECT, Role.SOURCE}, MatchKind.EXACT)]
    if claim is not None:
        searches.append((claim.claim_digest, {Role.CLAIM}, MatchKind.MANIFEST))
    if label is not None:
        searches.append((label_digest(label), {Role.LABEL}, MatchKind.MANIFEST))
    about = entries_about(ledger, [digest for digest, _, _ in searches])
    for (_, roles, kind), found in zip(searches, about, strict=True):
        for index, role, data, entry in reversed(found):
            is_one = role in roles and isinstance(entry.statement, Registration)
            if is_one and index not in seen:
                seen.add(index)
                yield Record(index, kind, data, entry)


def entries_about(
    ledger: Ledger, digests: Sequence[Digest]
) -> list[list[tuple[int, Role, bytes, Entry]]]:
    """Return, for each digest, all entries that name it, in order.

    Of each its index, what the digest is to it, its bytes and its statement. Raises ProofError
    where the log gives an entry that does not name the digest.
    """
    found = zip(digests, ledger.find_each(digests), strict=True)
    return [[_entry(ledger, digest, each) for each in some] for digest, some in found]


def _entry(ledger: Ledger, digest: Digest, found: Found) -> tuple[int, Role, bytes, Entry]:
    data = ledger.entry(found.index)
    entry = parse_entry(data)
    if (digest, found.role) not in subjects_of(entry):
        raise ProofError(f"entry {found.index} is not about what the log says it is")
    return found.index, found.role, data, entry


def registration_at(ledger: Ledger, index: int, kind: MatchKind) -> Record:
    """Return the registration at an index; raise ProofError where the entry is none."""
    data = ledger.entry(index)
    entry = parse_entry(data)
    if not isinstance(entry.statement, Registration):
        raise ProofError(f"entry {index} registers no file, as the log says it does")
    return Record(index, kind, data, entry)


def check_content(
    record: Record, asset: Asset, claim: ClaimIdentity | None, registrars: Collection[bytes]
) -> Finding:
    """Step 6: derive what the entry should say from what we hold, and compare.

    A proof about another entry proves nothing here.
    """
    said = record.registration
    if record.entry.key not in registrars:
        return say(Step.RECORD_CONTENT, Outcome.FAILED, "record.registrar_unknown")
    if other := _other_manifest(record, asset, claim):
        code, index = "record.manifest_differs", record.index
        return say(Step.RECORD_CONTENT, Outcome.FAILED, code, index=index, names=other)
    if asset.digest == said.subject and asset.size == said.size:
        return say(Step.RECORD_CONTENT, Outcome.PASSED, "record.content.match")
    if asset.digest == said.source:
        return say(Step.RECORD_CONTENT, Outcome.PASSED, "record.content.source")
    if record.kind is MatchKind.MANIFEST:
        return say(Step.RECORD_CONTENT, Outcome.FAILED, "record.bytes_differ")
    if record.kind is MatchKind.EXACT:
        return say(Step.RECORD_CONTENT, Outcome.FAILED, "record.size_differs")
    return say(Step.RECORD_CONTENT, Outcome.NOT_CHECKED, "record.other_bytes")


def _other_manifest(record: Record, asset: Asset, claim: ClaimIdentity | None) -> str | None:
    """Return what the entry names where its manifest is another one than that in hand."""
    said = record.registration
    if not claim or not said.manifest:
        return None
    if asset.digest == said.subject:
        held = (claim.label, claim.claim_digest, claim.hard_binding_digest)
        named = (said.manifest.label, said.manifest.claim, said.manifest.hard_binding)
        return "these bytes, but with another manifest" if held != named else None
    is_other = claim.claim_digest != said.manifest.claim
    if record.kind is MatchKind.MANIFEST and is_other:
        return "a manifest of that label with another claim"
    return None


def check_inclusion(record: Record, ledger: Ledger) -> Finding:
    """Step 7: inclusion, checkpoint signature, consistency with the last accepted checkpoint.

    And with the checkpoint of the proof in hand, where there is one.
    """
    try:
        proof = ledger.prove(record.index)
        checkpoint = _check_proof(record, proof, ledger)
        if record.proof is not None:  # the log must still stand by what it once proved
            _check_consistency(_check_proof(record, record.proof, ledger), checkpoint, ledger)
        accepted = ledger.accepted()
        if accepted is not None:
            _check_consistency(accepted, checkpoint, ledger)
    except FirsthandError as problem:
        code, reason = "log.proof.failed", problem.message
        return say(Step.INCLUSION, Outcome.FAILED, code, reason=reason)
    try:
        witnesses = _witnesses(proof.checkpoint, ledger)
    except FirsthandError as problem:
        code, reason = "log.quorum.missing", problem.message
        return say(Step.INCLUSION, Outcome.FAILED, code, reason=reason)
    ledger.accept(proof.checkpoint)
    independent = "that these witnesses are independent of the log and of one another"
    alone = "that the log shows everyone the same history; no witness has cosigned it"
    return say(
        Step.INCLUSION,
        Outcome.PASSED,
        "log.proof.verified",
        index=record.index,
        origin=ledger.origin,
        size=checkpoint.size,
        cosigned=f", cosigned by {', '.join(witnesses)}" if witnesses else "",
        limit=independent if witnesses else alone,
    )


def _witnesses(note: bytes, ledger: Ledger) -> list[str]:
    """Return who cosigned, by name; raise ProofError where the policy asks for more."""
    if ledger.policy is None:
        return []
    return list(check_quorum(note, ledger.policy, [ledger.log_key]).times)


def _check_proof(record: Record, proof: LogProof, ledger: Ledger) -> Checkpoint:
    if proof.index != record.index:
        raise ProofError(f"the proof is about entry {proof.index}, not {record.index}")
    return verify_log_proof(proof, leaf_hash(record.data), ledger.log_key, ledger.origin)


def _check_consistency(one: Checkpoint, other: Checkpoint, ledger: Ledger) -> None:
    older, newer = sorted((one, other), key=lambda known: known.size)
    grown = older.size < newer.size  # else nothing needs proving: the roots are the same, or not
    proof = ledger.consistency(older.size, newer.size) if grown else []
    verify_consistency(older.size, newer.size, older.root_hash, newer.root_hash, proof)
