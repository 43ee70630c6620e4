"""Policies: which logs and witnesses, and how many must have cosigned (c2sp.org/tlog-policy).

    log <vkey>

    witness X1 <vkey>
    witness X2 <vkey> https://witness.example/
    group X any X1 X2
    quorum X

People write these files, so blanks and comments are free, as the specification has it; everything
else is strict. Names are opaque octets to it: here texts in which an octet that is not UTF-8 stands
as a lone surrogate.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from .checkpoint import Checkpoint, parse_checkpoint
from .cosignature import (
    ML_DSA_44_COSIGNATURE,
    cosignature_time,
    parse_cosigner_key,
)
from .errors import FormatError, ProofError
from .note import (
    KeyedNoteVerifier,
    NoteVerifier,
    format_verifier_key,
    open_note,
    parse_key,
    parse_note,
    parse_verifier_key,
)

MAX_POLICY_SIZE = 1_000_000  # bytes; the key of an ML-DSA-44 witness takes 1,800

_NONE = b"none"
_ALLOWED = re.compile(rb"[\t\n\x20-\x7e\x80-\xff]*")
_DECIMAL = re.compile(rb"[1-9][0-9]{0,5}")


@dataclass(frozen=True, slots=True)
class PolicyLog:
    """A log that is believed, by one of its keys; the key's name is the log's origin."""

    verifier: KeyedNoteVerifier
    url: str | None = None


@dataclass(frozen=True, slots=True)
class PolicyWitness:
    """A witness, by the name that it has in this file; `url` is its submission prefix."""

    name: str
    verifier: KeyedNoteVerifier
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Witnesses and groups of which `threshold` must have cosigned."""

    name: str
    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """What makes a checkpoint valid. A `quorum` of None asks for no cosignature."""

    logs: tuple[PolicyLog, ...] = ()
    witnesses: tuple[PolicyWitness, ...] = ()
    groups: tuple[Group, ...] = ()
    quorum: str | None = None

    def is_satisfied_by(self, names: Iterable[str]) -> bool:
        """Whether these witnesses make a quorum."""
        reached = set(names)
        for group in self.groups:  # each names only what stands before it
            if sum(member in reached for member in group.members) >= group.threshold:
                reached.add(group.name)
        return self.quorum is None or self.quorum in reached

    def required(self) -> list[PolicyWitness]:
        """Return the witnesses that can contribute to the quorum."""
        members = {group.name: group.members for group in self.groups}
        wanted = [self.quorum] if self.quorum else []
        for name in wanted:  # grows while it is walked
            wanted.extend(members.get(name, ()))
        return [witness for witness in self.witnesses if witness.name in wanted]


@dataclass(frozen=True, slots=True)
class Witnessed:
    """A checkpoint that a policy accepts: by witness, when it cosigned (seconds since 1970)."""

    checkpoint: Checkpoint
    times: dict[str, int]


def check_quorum(note: bytes, policy: Policy, logs: Sequence[NoteVerifier] = ()) -> Witnessed:
    """Check that a log of the policy, or one of `logs`, signed it, and that a quorum cosigned.

    Raises FormatError for bytes that are no checkpoint; ProofError, with the names of the witnesses
    that are missing, where the quorum is not reached, and where a known key's signature is wrong.
    """
    checkpoint = parse_checkpoint(parse_note(note).text)
    # "This name MUST correspond to the log's origin line".
    log_keys = {
        (key.name, key.key_id): key
        for key in (*(log.verifier for log in policy.logs), *logs)
        if key.name == checkpoint.origin
    }
    if not log_keys:
        raise ProofError(f"the policy names no log {checkpoint.origin}")
    witness_keys = [witness.verifier for witness in policy.witnesses]
    opened = open_note(note, [*log_keys.values(), *witness_keys])
    signed = {(each.name, each.key_id): each.value for each in opened.signatures}
    if not log_keys.keys() & signed.keys():
        raise ProofError(f"no key of the log {checkpoint.origin} signed the checkpoint")
    times = {
        witness.name: cosignature_time(value)
        for witness in policy.witnesses
        if (value := signed.get((witness.verifier.name, witness.verifier.key_id)))
    }
    if not policy.is_satisfied_by(times):
        missing = [w.name for w in policy.required() if w.name not in times]
        raise ProofError(
            f"the checkpoint of {checkpoint.size} entries lacks the quorum {policy.quorum}: "
            f"no cosignature of {', '.join(missing)}",
            "ask the log for a newer checkpoint, or the witnesses why",
        )
    return Witnessed(checkpoint, times)


def format_policy(policy: Policy) -> bytes:
    """Write a policy file: logs, witnesses, groups, then the quorum, one on each line.

    Raises FormatError for a policy that no file can hold.
    """
    data = _encode(policy)
    if _encode(parse_policy(data)) != data:
        raise FormatError("not a policy that a file can hold")
    return data


def _encode(policy: Policy) -> bytes:
    lines = [_join("log", format_verifier_key(log.verifier), log.url) for log in policy.logs]
    lines += [
        _join("witness", witness.name, format_verifier_key(witness.verifier), witness.url)
        for witness in policy.witnesses
    ]
    lines += [
        _join("group", group.name, _format_threshold(group), *group.members)
        for group in policy.groups
    ]
    lines.append(_join("quorum", policy.quorum or "none"))
    return "".join(line + "\n" for line in lines).encode("utf-8", "surrogateescape")


def _join(*words: str | None) -> str:
    return " ".join(word for word in words if word is not None)


def _format_threshold(group: Group) -> str:
    if group.threshold == len(group.members):
        return "all"
    return "any" if group.threshold == 1 else str(group.threshold)


def parse_policy(data: bytes) -> Policy:
    """Read a policy file; raise FormatError, with the line's number, for what is not one."""
    if len(data) > MAX_POLICY_SIZE:
        raise FormatError(f"a policy has at most {MAX_POLICY_SIZE} bytes")
    if not _ALLOWED.fullmatch(data):
        raise FormatError("a policy holds no control character but tab and newline")
    if data and not data.endswith(b"\n"):
        raise FormatError("every line of a policy ends in a newline")
    reader = _Reader()
    for number, words in _split_lines(data):
        try:
            reader.take(words)
        except FormatError as problem:
            raise FormatError(f"line {number} of the policy: {problem.message}") from None
    return reader.policy()


def _split_lines(data: bytes) -> Iterator[tuple[int, list[bytes]]]:
    for number, line in enumerate(data.split(b"\n"), 1):
        words = line.split()  # of ASCII white space only tab and space are left
        if words and not words[0].startswith(b"#"):
            yield number, words


@dataclass(slots=True)
class _Reader:
    """What has been read of a policy so far."""

    logs: list[PolicyLog] = field(default_factory=list)
    witnesses: list[PolicyWitness] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    quorums: list[str | None] = field(default_factory=list)
    free: dict[bytes, bool] = field(default_factory=dict)  # by name: not yet a member of a group

    def take(self, words: list[bytes]) -> None:
        match words:
            case [b"log", key, *url] if len(url) <= 1:
                self._add_log(PolicyLog(parse_log_key(_text(key)), _url(url)))
            case [b"witness", name, key, *url] if len(url) <= 1:
                self._define(name)
                verifier = parse_cosigner_key(_text(key))
                self._add_witness(PolicyWitness(_text(name), verifier, _url(url)))
            case [b"group", name, threshold, *members] if members:
                number = _parse_threshold(threshold, len(members))
                for member in members:
                    self._join_group(member)
                self._define(name)
                self.groups.append(Group(_text(name), number, tuple(map(_text, members))))
            case [b"quorum", name]:
                self._add_quorum(name)
            case _:
                raise FormatError("not a log, a witness, a group or a quorum")

    def policy(self) -> Policy:
        if len(self.quorums) != 1:
            raise FormatError("a policy has exactly one quorum line")
        [quorum] = self.quorums
        return Policy(tuple(self.logs), tuple(self.witnesses), tuple(self.groups), quorum)

    def _add_log(self, log: PolicyLog) -> None:
        if any(each.verifier.public_key == log.verifier.public_key for each in self.logs):
            raise FormatError("the log's key was given before")
        self.logs.append(log)

    def _add_witness(self, witness: PolicyWitness) -> None:
        if any(each.verifier.public_key == witness.verifier.public_key for each in self.witnesses):
            raise FormatError("the witness's key was given before")
        self.witnesses.append(witness)

    def _define(self, name: bytes) -> None:
        if name == _NONE or name in self.free:
            raise FormatError(f"the name {_text(name)!r} is taken")
        self.free[name] = True

    def _join_group(self, member: bytes) -> None:
        if member not in self.free:
            raise FormatError(f"{_text(member)!r} is not defined above")
        if not self.free[member]:
            raise FormatError(f"{_text(member)!r} is a member already")
        self.free[member] = False

    def _add_quorum(self, name: bytes) -> None:
        if name != _NONE and name not in self.free:
            raise FormatError(f"{_text(name)!r} is not defined above")
        self.quorums.append(None if name == _NONE else _text(name))


def parse_log_key(text: str) -> KeyedNoteVerifier:
    """Read a key that a log signs checkpoints with: Ed25519 (0x01), or ML-DSA-44 (0x06).

    Raises FormatError for any other (c2sp.org/tlog-checkpoint#signatures).
    """
    if parse_key(text)[1][:1] == bytes([ML_DSA_44_COSIGNATURE]):
        return parse_cosigner_key(text)
    return parse_verifier_key(text)


def _parse_threshold(word: bytes, members: int) -> int:
    if word in (b"all", b"any"):
        return members if word == b"all" else 1
    if not _DECIMAL.fullmatch(word) or int(word) > members:
        raise FormatError(f"a threshold is all, any, or 1 to {members}")
    return int(word)


def _url(words: list[bytes]) -> str | None:
    return _text(words[0]) if words else None


def _text(word: bytes) -> str:
    return word.decode("utf-8", "surrogateescape")
