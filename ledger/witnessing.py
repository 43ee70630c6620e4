"""How a log obtains the quorum of its policy before it publishes (c2sp.org/tlog-witness).

    cosign = Witnessing(policy, tiles, transport.ask, [ml_dsa_signer], [log_verifier])
    note = cosign(note)       # with the cosignatures of a quorum, or an error and nothing published

A log must not sign behind what a witness has seen of it: such a witness is believed at once, since
it means that a backup was restored or that a second sequencer runs.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace

from .checkpoint import Checkpoint, parse_checkpoint
from .errors import FirsthandError, LogBehind, ProofError, QuorumMissing
from .merkle import prove_consistency
from .note import (
    Note,
    NoteSignature,
    NoteSigner,
    NoteVerifier,
    format_note,
    parse_note,
    parse_signatures,
)
from .policy import Policy, PolicyWitness, check_quorum
from .storage import TileStorage
from .tile import TileHashReader
from .witness import AddCheckpoint, format_add_checkpoint, parse_size

SIZE_TYPE = "text/x.tlog.size"
GRACE_SECONDS = 0.5  # for the witnesses that a quorum does not need

_ATTEMPTS = 3
_BACKUP = "a restored backup or a second sequencer: append nothing, and bring the newest copy"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a witness answered: the HTTP status, the content type and the body."""

    status: int
    content_type: str
    body: bytes


# Posts a body to a URL; raises FirsthandError where no answer comes, within its own time.
Ask = Callable[[str, bytes], Answer]


class Witnessing:
    """Adds the log's further signatures and its witnesses' cosignatures to a note."""

    def __init__(
        self,
        policy: Policy,
        tiles: TileStorage,
        ask: Ask,
        signers: Sequence[NoteSigner] = (),
        logs: Sequence[NoteVerifier] = (),
        grace_seconds: float = GRACE_SECONDS,
    ) -> None:
        """Ask the witnesses of `policy` that have a URL.

        `tiles` hold the tree of every note that is to be cosigned; `signers` are keys of the log
        beside the one that signs first, `logs` the keys that the policy need not name.
        """
        self._policy = policy
        self._tiles = tiles
        self._ask = ask
        self._signers = signers
        self._logs = logs
        self._grace_seconds = grace_seconds
        self._known: dict[str, int] = {}  # by witness: the size that it cosigned last
        self._running: dict[str, Future[NoteSignature]] = {}
        witnesses = [witness for witness in policy.witnesses if witness.url]
        self._witnesses = witnesses
        self._pool = ThreadPoolExecutor(max(len(witnesses), 1), "witness") if witnesses else None

    def __call__(self, note: bytes) -> bytes:
        """Return the note with every signature that could be had.

        Raises LogBehind where a witness has cosigned what this note does not hold; QuorumMissing,
        naming each witness and its reason, where too few cosigned.
        """
        parsed = self._sign(parse_note(note))
        signatures, problems = self._gather(parsed)
        cosigned = format_note(replace(parsed, signatures=(*parsed.signatures, *signatures)))
        try:
            check_quorum(cosigned, self._policy, self._logs)
        except ProofError as problem:
            reasons = "".join(f"; {name}: {why.message}" for name, why in problems.items())
            raise QuorumMissing(
                problem.message + reasons, "nothing was published; try again when they answer"
            ) from None
        return cosigned

    def check(self, note: bytes) -> None:
        """Ask before anything new is signed: `note` is the checkpoint that was committed last.

        Raises LogBehind where a witness has cosigned what it does not hold; silence is no answer.
        """
        self._gather(parse_note(note))

    def _sign(self, note: Note) -> Note:
        present = {(each.name, each.key_id) for each in note.signatures}
        ours = tuple(
            NoteSignature(signer.verifier.name, signer.verifier.key_id, signer.sign(_text(note)))
            for signer in self._signers
            if (signer.verifier.name, signer.verifier.key_id) not in present
        )
        return replace(note, signatures=(*note.signatures, *ours))

    def _gather(self, note: Note) -> tuple[list[NoteSignature], dict[str, FirsthandError]]:
        """Ask all at once; wait for a quorum, and for the others a little longer."""
        signatures: dict[str, NoteSignature] = {}
        problems: dict[str, FirsthandError] = {}
        names = self._start(note, problems)
        pending = set(names)
        while pending:
            is_enough = self._policy.is_satisfied_by(signatures)
            seconds = self._grace_seconds if is_enough else None
            done, pending = wait(pending, seconds, FIRST_COMPLETED)
            if not done:
                break
            for future in done:
                try:
                    signatures[names[future]] = future.result()
                except LogBehind:
                    raise
                except FirsthandError as problem:
                    problems[names[future]] = problem
        return list(signatures.values()), problems

    def _start(
        self, note: Note, problems: dict[str, FirsthandError]
    ) -> dict["Future[NoteSignature]", str]:
        """Ask every witness that is not still busy with an earlier request."""
        names = {}
        for witness in self._witnesses:
            earlier = self._running.get(witness.name)
            if self._pool is None or (earlier and not earlier.done()):
                problems[witness.name] = ProofError("the last request is not answered yet")
                continue
            future = self._pool.submit(self._obtain, witness, note)
            self._running[witness.name] = future
            names[future] = witness.name
        return names

    def _obtain(self, witness: PolicyWitness, note: Note) -> NoteSignature:
        checkpoint = parse_checkpoint(note.text)
        for _ in range(_ATTEMPTS):
            old_size = self._known.get(witness.name, 0)
            _check_not_behind(witness, old_size, checkpoint)
            answer = self._add(witness, old_size, checkpoint, note)
            if answer.status == 200:
                signature = _verified(witness, note, answer.body)
                self._known[witness.name] = checkpoint.size
                return signature
            if answer.status == 422:
                raise LogBehind(
                    f"the witness {witness.name} cosigned another tree of {checkpoint.origin} than "
                    f"that of the checkpoint of {checkpoint.size} entries",
                    _BACKUP,
                )
            if answer.status != 409 or answer.content_type.partition(";")[0] != SIZE_TYPE:
                raise ProofError(f"the witness answered {answer.status}")
            self._known[witness.name] = parse_size(answer.body)
        raise ProofError(f"the witness changed its mind {_ATTEMPTS} times")

    def _add(
        self, witness: PolicyWitness, old_size: int, checkpoint: Checkpoint, note: Note
    ) -> Answer:
        reader = TileHashReader(self._tiles, checkpoint.size)
        proof = tuple(prove_consistency(old_size, checkpoint.size, reader))
        body = format_add_checkpoint(AddCheckpoint(old_size, proof, format_note(note)))
        return self._ask(f"{(witness.url or '').rstrip('/')}/add-checkpoint", body)


def _check_not_behind(witness: PolicyWitness, known: int, checkpoint: Checkpoint) -> None:
    if known > checkpoint.size:
        raise LogBehind(
            f"the witness {witness.name} has cosigned {known} entries of {checkpoint.origin}, "
            f"and this checkpoint has {checkpoint.size}",
            _BACKUP,
        )


def _verified(witness: PolicyWitness, note: Note, body: bytes) -> NoteSignature:
    """Return the witness's own line; "MUST ignore any cosignatures from unknown keys"."""
    try:
        lines = body.decode()
    except UnicodeDecodeError:
        raise ProofError("the witness answered no signature lines") from None
    wanted = (witness.verifier.name, witness.verifier.key_id)
    for signature in parse_signatures(lines):
        if (signature.name, signature.key_id) == wanted:
            witness.verifier.verify(_text(note), signature.value)
            return signature
    raise ProofError("the witness answered without a signature of its key")


def _text(note: Note) -> bytes:
    return note.text.encode()
