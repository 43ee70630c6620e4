"""firsthand log history: the custody chain of one asset, link by link, to be followed by hand."""

import argparse
from datetime import UTC, datetime
from pathlib import Path

from ledger.asset import read_asset_file
from ledger.chain import CustodyLink, LinkState
from ledger.entry import (
    Correction,
    Custody,
    Derivation,
    Entry,
    Erasure,
    KeyRevocation,
    Registration,
    Statement,
    Withdrawal,
    parse_entry,
)
from ledger.errors import UnknownEntry
from ledger.subjects import Role
from ledger.vocabulary import Digest
from verifier.history import custody_chain
from verifier.logged import entries_about
from verifier.media.sandbox import Sandbox

from ...errors import EXIT_NOT_MET, EXIT_OK
from ...home import open_home
from ...services import Services
from ...settings import Settings
from ..console import MARKS, note, print_json, say
from .indexes import is_index

_SEEN = {
    LinkState.FIRST: MARKS["passed"],
    LinkState.HOLDS: MARKS["passed"],
    LinkState.FORKS: MARKS["unreadable"],
    LinkState.BROKEN: MARKS["failed"],
}


def add(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the action."""
    action = actions.add_parser("history", help="follow the custody chain of one asset")
    action.add_argument(
        "about", metavar="FILE|INDEX", help="a recorded file, or an entry (./7 is a file named 7)"
    )
    action.add_argument("--json", action="store_true", help="one object an entry")
    action.set_defaults(run=_run)


def _run(options: argparse.Namespace, settings: Settings) -> int:
    with Services(open_home(settings.home), Sandbox()) as services:
        states = [
            _tell(services, subject, as_json=options.json)
            for subject in _subjects(services, options.about)
        ]
        size = services.reader.size
    note(f"All of it is under the signed checkpoint of tree size {size}.")
    note("A leaf hash is SHA-256 over a byte 00 and the entry; for that: firsthand log prove INDEX")
    return EXIT_NOT_MET if LinkState.BROKEN in set().union(*states) else EXIT_OK


def _subjects(services: Services, about: str) -> list[Digest]:
    """Return what the entry is about, or the file; else the files that were made by signing it."""
    if is_index(about):
        return [parse_entry(services.reader.entry(int(about))).statement.subject]
    digest = read_asset_file(Path(about)).digest
    found = services.ledger.find(digest)
    if any(each.role is Role.SUBJECT for each in found):
        return [digest]
    signed = {
        parse_entry(services.reader.entry(each.index)).statement.subject: None
        for each in found
        if each.role is Role.SOURCE
    }
    if not signed:
        raise UnknownEntry(f"no entry of the log is about {about}", "give the file as recorded")
    return list(signed)


def _tell(services: Services, subject: Digest, *, as_json: bool) -> set[LinkState]:
    """Print the chain of one subject; return what its links come to."""
    from ...schemas import said  # its library is slow to import

    [about] = entries_about(services.ledger, [subject])
    chain = custody_chain([(index, data, entry) for index, _, data, entry in about], subject)
    if not as_json:
        say((str(subject), "bold"))
    for entry, link in chain:
        known = entry.key in services.ledger.registrars
        if as_json:
            answer = said(entry) | {"index": link.index, "leaf": str(link.leaf), "known": known}
            answer |= {"link": link.state, "before": link.before, "named": link.named}
            print_json(answer | {"sentence": f"Entry {link.index} {link}."})
        else:
            _print(entry, link, "known" if known else "not known")
    return {link.state for _, link in chain}


def _print(entry: Entry, link: CustodyLink, known: str) -> None:
    statement = entry.statement
    said = f"  {statement.kind}, {_when(statement.time)}, by {entry.key.hex()} ({known})"
    say((f"entry {link.index}", "bold"), said)
    say(f"  says      {_what(statement)}")
    say(f"  leaf hash {link.leaf}")
    say(f"  previous  {link.previous or 'none'}")
    say("  ", _SEEN[link.state], f" it {link}")


def _what(statement: Statement) -> str:
    match statement:
        case Registration(size=size, media_type=media_type):
            return f"{media_type}, {size} bytes"
        case Derivation(parents=parents):
            return f"made from {', '.join(map(str, parents))}"
        case Custody(giver=giver, receiver=receiver):
            return f"handed from {giver or 'whoever had it first'} to {receiver}"
        case Correction(note=text):
            return text
        case KeyRevocation(since=since, reason=reason):
            return f"void since {_when(since)}: {reason}"
        case Erasure(erased=erased, reason=reason):
            return f"what {erased} kept in private is forgotten: {reason}"
        case Withdrawal(reason=reason):
            return reason
        case _:
            raise TypeError(f"no such kind of entry: {statement.kind}")


def _when(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat()
    except (ValueError, OverflowError, OSError):  # an issuer may say any time
        return f"{seconds} s after 1970"
