"""What the log says of a file later on, and whether it says it in one piece: step 8. Pure."""

from collections.abc import Collection, Iterable
from itertools import chain

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

from .harmless import printable
from .logged import Ledger, Record, entries_about
from .report import Finding, Step
from .words import say

_MAX_FORKS = 3  # named in one sentence


def check_history(record: Record, ledger: Ledger) -> list[Finding]:
    """Step 8: what later entries say about the asset, its signer's key and its registrar's key.

    And, as a finding of its own, whether each entry about the asset follows on the one before.
    """
    said = record.registration
    keys = [digest_of(record.entry.key)]
    if said.manifest and said.manifest.certificate:
        keys.append(said.manifest.certificate)
    found, *of_keys = entries_about(ledger, [said.subject, *keys])
    about = [(index, data, entry) for index, _, data, entry in found]
    later = [
        _later(index, entry, record, ledger.registrars)
        for index, _, entry in about
        if index != record.index
    ]
    later += [
        _revocation(index, entry, record, ledger.registrars)
        for index, _, _, entry in chain.from_iterable(of_keys)
    ]
    findings = [each for each in later if each]
    clear = say(Step.HISTORY, Outcome.PASSED, "history.clear")
    about.append((record.index, record.data, record.entry))  # which a log may keep to itself
    return [*(findings or [clear]), _check_chain(about, said.subject, ledger.registrars)]


def custody_chain(
    about: Iterable[tuple[int, bytes, Entry]], subject: Digest
) -> list[tuple[Entry, CustodyLink]]:
    """Follow the chain of a subject through what `entries_about` found, in the order of the log."""
    stated = {
        index: (Stated(index, Digest(leaf_hash(data)), entry.statement.previous), entry)
        for index, data, entry in sorted(about, key=lambda each: each[0])
        if entry.statement.subject == subject
    }
    links = follow(said for said, _ in stated.values())
    return [(stated[link.index][1], link) for link in links]


def _check_chain(
    about: Iterable[tuple[int, bytes, Entry]], subject: Digest, registrars: Collection[bytes]
) -> Finding:
    """Judge the links of known registrars alone: anybody may enter nonsense about anything."""
    links = [link for entry, link in custody_chain(about, subject) if entry.key in registrars]
    if not links:
        return say(Step.CUSTODY_CHAIN, Outcome.NOT_CHECKED, "custody_chain.not_checked")
    for link in links:
        if link.state is LinkState.BROKEN:
            which = f"{link.index} {link}"
            return say(Step.CUSTODY_CHAIN, Outcome.FAILED, "custody_chain.broken", link=which)
    forks = [f"entry {link.index} {link}" for link in links if link.state is LinkState.FORKS]
    if forks:
        more = f" (and {len(forks) - _MAX_FORKS} more)" if len(forks) > _MAX_FORKS else ""
        told = f"{'; '.join(forks[:_MAX_FORKS])}{more}"
        return say(Step.CUSTODY_CHAIN, Outcome.PASSED, "custody_chain.forked", forks=told)
    told = "Each entry about it that a known registrar made names the one before it"
    if len(links) == 1:
        told = f"Entry {links[0].index} {links[0]}"
    return say(Step.CUSTODY_CHAIN, Outcome.PASSED, "custody_chain.holds", link=told)


def _later(
    index: int, entry: Entry, record: Record, registrars: Collection[bytes]
) -> Finding | None:
    match entry.statement:
        case Withdrawal(reason=reason) if entry.key == record.entry.key:
            code, why = "history.withdrawn", _quoted(reason)
            return say(Step.HISTORY, Outcome.FAILED, code, index=index, reason=why)
        case Correction(note=note) if entry.key == record.entry.key:
            code, added = "history.corrected", _quoted(note)
            return say(Step.HISTORY, Outcome.PASSED, code, index=index, note=added)
        case Derivation() if index > record.index and entry.key in registrars:
            return say(Step.HISTORY, Outcome.PASSED, "history.derivation", index=index)
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
    code, why = "history.key_revoked", _quoted(revoked.reason)
    return say(Step.HISTORY, Outcome.FAILED, code, index=index, reason=why)


def _quoted(text: str) -> str:
    return printable(text, MAX_TEXT)
