"""What the log says of a file later on, and whether it says it in one piece: step 8. Pure."""

from collections.abc import Collection, Iterable

from ledger.chain import CustodyLink, LinkState, Stated, follow
from ledger.entry import (
    MAX_TEXT,
    Correction,
    Derivation,
    Entry,
    KeyRevocation,
    Withdrawal,
)
from ledger.merkle import leaf_hash
from ledger.vocabulary import Digest, Outcome, digest_of

from .logged import Ledger, Record, entries_about
from .manifest import printable
from .report import Finding, Step

_MAX_FORKS = 3  # named in one sentence


def check_history(record: Record, ledger: Ledger) -> list[Finding]:
    """Step 8: what later entries say about the asset, its signer's key and its registrar's key.

    And, as a finding of its own, whether each entry about the asset follows on the one before.
    """
    said = record.registration
    findings = []
    about = entries_about(ledger, said.subject)
    for index, _, entry in about:
        if index != record.index:
            finding = _later(index, entry, record, ledger.registrars)
            findings += [finding] if finding else []
    keys = [digest_of(record.entry.key)]
    if said.manifest and said.manifest.certificate:
        keys.append(said.manifest.certificate)
    for key in keys:
        for index, _, entry in entries_about(ledger, key):
            finding = _revocation(index, entry, record, ledger.registrars)
            findings += [finding] if finding else []
    clear = _history(
        Outcome.PASSED,
        "history.clear",
        "The log names no later entry that withdraws, corrects or revokes it.",
    )
    about.append((record.index, record.data, record.entry))  # which a log may keep to itself
    return [*(findings or [clear]), _check_chain(about, said.subject, ledger.registrars)]


def custody_chain(
    about: Iterable[tuple[int, bytes, Entry]], subject: Digest
) -> list[tuple[Entry, CustodyLink]]:
    """Follow the chain of a subject through what `entries_about` found, in the order of the log."""
    chain = {
        index: (Stated(index, Digest(leaf_hash(data)), entry.statement.previous), entry)
        for index, data, entry in sorted(about, key=lambda each: each[0])
        if entry.statement.subject == subject
    }
    links = follow(stated for stated, _ in chain.values())
    return [(chain[link.index][1], link) for link in links]


def _check_chain(
    about: Iterable[tuple[int, bytes, Entry]], subject: Digest, registrars: Collection[bytes]
) -> Finding:
    """Judge the links of known registrars alone: anybody may enter nonsense about anything."""
    links = [link for entry, link in custody_chain(about, subject) if entry.key in registrars]
    if not links:
        sentence = "No entry about it is by a registrar that you have named as known."
        return _chain(Outcome.NOT_CHECKED, "custody_chain.not_checked", sentence)
    for link in links:
        if link.state is LinkState.BROKEN:
            sentence = (
                f"Entry {link.index} {link}: an entry is missing, or its registrar said what is "
                "not so."
            )
            return _chain(Outcome.FAILED, "custody_chain.broken", sentence)
    forks = [f"entry {link.index} {link}" for link in links if link.state is LinkState.FORKS]
    if forks:
        more = f" (and {len(forks) - _MAX_FORKS} more)" if len(forks) > _MAX_FORKS else ""
        sentence = (
            f"The custody chain forks: {'; '.join(forks[:_MAX_FORKS])}{more}. Registrars who do "
            "not know of one another leave this behind."
        )
        return _chain(Outcome.PASSED, "custody_chain.forked", sentence)
    sentence = "Each entry about it that a known registrar made names the one before it."
    if len(links) == 1:
        sentence = f"Entry {links[0].index} {links[0]}."
    return _chain(Outcome.PASSED, "custody_chain.holds", sentence)


def _chain(outcome: Outcome, code: str, sentence: str) -> Finding:
    return Finding(
        step=Step.CUSTODY_CHAIN,
        outcome=outcome,
        code=code,
        sentence=sentence,
        does_not_show="that the newest entry was shown, or that everything was entered",
    )


def _later(
    index: int, entry: Entry, record: Record, registrars: Collection[bytes]
) -> Finding | None:
    match entry.statement:
        case Withdrawal(reason=reason) if entry.key == record.entry.key:
            sentence = f"Entry {index} withdraws it: {_quoted(reason)}"
            return _history(Outcome.FAILED, "history.withdrawn", sentence)
        case Correction(note=note) if entry.key == record.entry.key:
            sentence = f"Entry {index} adds a correction: {_quoted(note)}"
            return _history(Outcome.PASSED, "history.corrected", sentence)
        case Derivation() if index > record.index and entry.key in registrars:
            return _history(
                Outcome.PASSED,
                "history.derivation",
                f"Entry {index} records a later work that was made from it or names its parents.",
            )
        case _:
            return None


def _revocation(
    index: int, entry: Entry, record: Record, registrars: Collection[bytes]
) -> Finding | None:
    """A known registrar's word about a key of the record's, or the word of that key itself."""
    revoked = entry.statement
    if not isinstance(revoked, KeyRevocation) or entry.key not in {*registrars, record.entry.key}:
        return None
    # Whoever holds a stolen key can give any time; he cannot enter it before what was entered.
    logged_after = revoked.time if index < record.index else 0
    if revoked.since > max(record.registration.time, logged_after):
        return None
    sentence = f"Entry {index} revokes the key that signed it: {_quoted(revoked.reason)}"
    return _history(Outcome.FAILED, "history.key_revoked", sentence)


def _quoted(text: str) -> str:
    return printable(text, MAX_TEXT)


def _history(outcome: Outcome, code: str, sentence: str) -> Finding:
    return Finding(
        step=Step.HISTORY,
        outcome=outcome,
        code=code,
        sentence=sentence,
        does_not_show="anything that was not entered in this log",
    )
