"""Which digests an entry names, and what each is to it. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from .entry import Custody, Derivation, Entry, Erasure, Registration, UnverifiedEntry
from .vocabulary import Digest, digest_of


class Role(StrEnum):
    """What a digest is to an entry."""

    SUBJECT = "subject"
    SOURCE = "source"
    CLAIM = "claim"
    LABEL = "label"
    HARD_BINDING = "hard-binding"
    PARENT = "parent"
    GIVER = "giver"
    RECEIVER = "receiver"
    ERASED = "erased"


@dataclass(frozen=True, slots=True)
class Found:
    """An entry that names a digest, and what the digest is to it."""

    index: int
    role: Role


def label_digest(label: str) -> Digest:
    """Return what a manifest's label is found by: the SHA-256 of its UTF-8.

    A manifest whose claim cannot be located byte for byte is found by its label alone.
    """
    return digest_of(label.encode())


def subjects_of(entry: Entry | UnverifiedEntry) -> set[tuple[Digest, Role]]:
    """Return every digest that an entry names, by role."""
    statement = entry.statement
    named = {(statement.subject, Role.SUBJECT)}
    if isinstance(statement, Registration):
        if statement.source:
            named.add((statement.source, Role.SOURCE))
        if statement.manifest:
            named.add((statement.manifest.claim, Role.CLAIM))
            named.add((label_digest(statement.manifest.label), Role.LABEL))
            if statement.manifest.hard_binding:
                named.add((statement.manifest.hard_binding, Role.HARD_BINDING))
    if isinstance(statement, Derivation):
        named |= {(parent, Role.PARENT) for parent in statement.parents}
    if isinstance(statement, Custody):
        named.add((statement.receiver, Role.RECEIVER))
        if statement.giver:
            named.add((statement.giver, Role.GIVER))
    if isinstance(statement, Erasure):
        named.add((statement.erased, Role.ERASED))
    return named
