"""firsthand trust: whom you believe, by named lists of three kinds, and since when."""

import argparse
from datetime import UTC, date, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from verifier.trust import Kind, TrustList
from verifier.trust_history import Change, held_on, parse_date

from ..errors import EXIT_OK, ServiceError
from ..home import open_home
from ..settings import Settings
from ..trust_store import MAX_LIST_SIZE
from .console import print_json, read_by, say


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb and its own verbs."""
    parser = verbs.add_parser("trust", help="say whom you believe: lists of certificates")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)

    action = actions.add_parser("add", help="take in a list, or a newer version of it")
    action.add_argument("file", type=Path, metavar="FILE", help="certificates, PEM")
    action.add_argument("--name", required=True, help="what reports will call it")
    action.add_argument(
        "--kind", required=True, choices=[kind.value for kind in Kind], help="believed for what"
    )
    action.add_argument(
        "--source", required=True, help="where it is from: an address or words; never fetched"
    )
    action.add_argument(
        "--date",
        required=True,
        type=read_by(parse_date),
        help="the day from which it holds: 2026-11-25",
    )
    action.set_defaults(run=_add)

    action = actions.add_parser("list", help="name every list")
    action.add_argument(
        "--as-of", type=read_by(parse_date), metavar="DATE", help="as they were on that day"
    )
    action.add_argument("--json", action="store_true", help="one object a list")
    action.set_defaults(run=_list)

    action = actions.add_parser("show", help="print a list's history, and who is on it")
    action.add_argument("name", metavar="NAME")
    action.set_defaults(run=_show)

    action = actions.add_parser("remove", help="believe a list no longer; its history stays")
    action.add_argument("name", metavar="NAME")
    action.add_argument(
        "--date", type=read_by(parse_date), help="the day from which not (default: today)"
    )
    action.set_defaults(run=_remove)


def _today() -> date:
    return datetime.now(UTC).date()


def _add(options: argparse.Namespace, settings: Settings) -> int:
    store = open_home(settings.home).trust_store()
    try:
        with options.file.open("rb") as stream:
            data = stream.read(MAX_LIST_SIZE + 1)
    except OSError as problem:
        raise ServiceError(
            f"{options.file} cannot be read ({problem.strerror})", "check the name"
        ) from None
    if len(data) > MAX_LIST_SIZE:
        raise ServiceError(f"{options.file} is larger than any list", "check what it is")
    added = store.add(options.name, data, Kind(options.kind), options.source, options.date)
    say(f"Added “{added.name}”: {_what(added)}, from {added.since} on.")
    say((f"  {added.digest}", "dim"))
    return EXIT_OK


def _list(options: argparse.Namespace, settings: Settings) -> int:
    for each in open_home(settings.home).trust_lists(options.as_of):
        if options.json:
            print_json(
                {
                    "name": each.name,
                    "kind": each.kind.value,
                    "source": each.source or None,
                    "date": each.since.isoformat() if each.since else None,
                    "digest": str(each.digest),
                    "certificates": len(each.anchors),
                }
            )
            continue
        say((each.name, "bold"), f"  {_what(each)}, {_since(each)}")
        say((f"  {each.digest}", "dim"))
    return EXIT_OK


def _show(options: argparse.Namespace, settings: Settings) -> int:
    store = open_home(settings.home).trust_store()
    history = [change for change in store.history() if change.name == options.name]
    current = next((each for each in store.on(_today()) if each.name == options.name), None)
    if not history and current is None:
        raise ServiceError(f"there is no list “{options.name}”", "see: firsthand trust list")
    say((options.name, "bold"), f"  {_what(current)}" if current else "  removed")
    for change in history:
        say(f"  {change.date}  ", _change(change), (f"  {change.digest or ''}", "dim"))
    for certificate in current.anchors if current else ():
        say(f"  - {_certificate(certificate)}")
    return EXIT_OK


def _remove(options: argparse.Namespace, settings: Settings) -> int:
    since = options.date or _today()
    store = open_home(settings.home).trust_store()
    store.remove(options.name, since)
    say(f"“{options.name}” holds no longer, from {since} on. Its history is kept.")
    left = len(held_on(store.history(), _today()))
    say((f"  {left} left of those that were added", "dim"))
    return EXIT_OK


def _what(trust_list: TrustList) -> str:
    count = len(trust_list.anchors)
    of = {
        Kind.CLAIM_SIGNERS: "claim signers",
        Kind.TIME_STAMPS: "time-stamp authorities",
        Kind.IDENTITIES: "identities",
    }[trust_list.kind]
    return f"{count} certificate{'s' if count != 1 else ''} for {of}"


def _since(trust_list: TrustList) -> str:
    if trust_list.since is None:
        return "put there by hand: of no date, so of any"
    return f"since {trust_list.since}, from {trust_list.source}"


def _change(change: Change) -> str:
    return f"from {change.source}" if change.digest else "removed"


def _certificate(certificate: x509.Certificate) -> str:
    name = certificate.subject.rfc4514_string()
    until = f"{certificate.not_valid_after_utc:%Y-%m-%d}"
    return f"{name} (until {until}, sha256:{certificate.fingerprint(SHA256()).hex()})"
