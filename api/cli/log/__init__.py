"""firsthand log: look at the log, prove entries, check it whole, and add to what it says."""

import argparse
import sys
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from ledger.errors import FirsthandError
from ledger.vocabulary import parse_digest
from verifier.media.sandbox import Sandbox

from ...errors import EXIT_NOT_MET, EXIT_OK
from ...files import replace_file
from ...home import open_home
from ...services import Services
from ...settings import Settings
from ..console import note, print_json, progress, say, show
from . import detector, history, monitor, stamp, witness
from .indexes import is_index, parse_index


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb and its own verbs."""
    parser = verbs.add_parser("log", help="look at the log, prove its entries, check it whole")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)

    action = actions.add_parser("checkpoint", help="print the newest signed checkpoint")
    action.set_defaults(run=_checkpoint)

    action = actions.add_parser("prove", help="write the log proof of an entry")
    action.add_argument("index", type=parse_index)
    action.add_argument("-o", "--output", type=Path, help="where to (default: stdout)")
    action.add_argument("--cose", action="store_true", help="as a COSE receipt (RFC 9942)")
    action.set_defaults(run=_prove)

    action = actions.add_parser("fsck", help="re-derive everything and name what differs")
    action.add_argument("--json", action="store_true", help="one object a difference")
    action.add_argument(
        "--repair-from",
        metavar="URL|DIR",
        help="first heal the files of which a mirror proves what they must be",
    )
    action.set_defaults(run=_fsck)

    action = actions.add_parser("withdraw", help="say that you no longer stand by an entry's file")
    action.add_argument("index", type=parse_index)
    action.add_argument("--reason", required=True)
    action.set_defaults(run=_withdraw)

    action = actions.add_parser("correct", help="add a note of context to an entry's file")
    action.add_argument("index", type=parse_index)
    action.add_argument("--note", required=True)
    action.set_defaults(run=_correct)

    action = actions.add_parser("revoke", help="say that what a key signed since a time is void")
    action.add_argument(
        "key", help="sha256:… of its certificate, or the index of an entry that it signed"
    )
    action.add_argument("--since", type=datetime.fromisoformat, required=True, metavar="TIME")
    action.add_argument("--reason", required=True)
    action.set_defaults(run=_revoke)

    action = actions.add_parser("erase", help="forget the private record behind an entry")
    action.add_argument("index", type=parse_index)
    action.add_argument("--reason", required=True)
    action.set_defaults(run=_erase)

    action = actions.add_parser("hand", help="say who handed an entry's file to whom")
    action.add_argument("index", type=parse_index)
    action.add_argument("--giver", help="sha256:… of the giver's key")
    action.add_argument("--receiver", required=True, help="sha256:… of the receiver's key")
    action.set_defaults(run=_hand)

    for part in (history, monitor, stamp, witness, detector):
        part.add(actions)


def _services(settings: Settings) -> Services:
    return Services(open_home(settings.home), Sandbox())


def _checkpoint(_: argparse.Namespace, settings: Settings) -> int:
    with _services(settings) as services:
        sys.stdout.write(services.reader.checkpoint().decode())
    return EXIT_OK


def _prove(options: argparse.Namespace, settings: Settings) -> int:
    with _services(settings) as services:
        index = options.index
        proof = services.receipt(index) if options.cose else services.prove(index)
    if options.output is None:
        sys.stdout.buffer.write(proof)
        return EXIT_OK
    try:
        replace_file(options.output, proof)
    except OSError as problem:
        said = f"{options.output} cannot be written ({problem.strerror})"
        raise FirsthandError(said, "name another file") from None
    return EXIT_OK


def _fsck(options: argparse.Namespace, settings: Settings) -> int:
    found = 0
    with _services(settings) as services:
        if options.repair_from is not None:
            _repair(options.repair_from, services)
        with progress("Checking", None) as bar:
            for difference in services.fsck(partial(show, bar)):
                found += 1
                if options.json:
                    print_json(
                        {
                            "where": difference.where,
                            "entry": difference.entry,
                            "extent": difference.extent,
                            "sentence": difference.sentence,
                        }
                    )
                else:
                    say(str(difference))
        if not found:
            size = services.reader.size
            note(f"Tree size {size}: every entry, tile, row and proof is as it should be.")
            return EXIT_OK
    said = "1 difference" if found == 1 else f"{found} differences"
    rest = "nothing was changed" if options.repair_from is None else "the mirror healed no more"
    note(f"{said}; {rest}. Keep this log and its copies as they are.")
    return EXIT_NOT_MET


def _repair(mirror: str, services: Services) -> None:
    with ExitStack() as stack:
        source = monitor.open_source(mirror, stack)
        for repaired in services.repair(source):
            done = (
                "is healed" if repaired.is_healed else "is damaged, and the mirror cannot heal it"
            )
            say(f"{repaired.path} {done}")


def _erase(options: argparse.Namespace, settings: Settings) -> int:
    with _services(settings) as services:
        index = services.registrar.erase(options.index, options.reason)
    say(f"The private record of entry {options.index} is forgotten; entry {index} says so.")
    return EXIT_OK


def _hand(options: argparse.Namespace, settings: Settings) -> int:
    giver = options.giver and parse_digest(options.giver)
    with _services(settings) as services:
        index = services.registrar.hand_over(options.index, giver, parse_digest(options.receiver))
    say(f"Entry {index} says who handed on what entry {options.index} records.")
    return EXIT_OK


def _withdraw(options: argparse.Namespace, settings: Settings) -> int:
    with _services(settings) as services:
        index = services.registrar.withdraw(options.index, options.reason)
    say(f"Entry {index} withdraws what entry {options.index} records.")
    return EXIT_OK


def _correct(options: argparse.Namespace, settings: Settings) -> int:
    with _services(settings) as services:
        index = services.registrar.correct(options.index, options.note)
    say(f"Entry {index} adds a note to what entry {options.index} records.")
    return EXIT_OK


def _revoke(options: argparse.Namespace, settings: Settings) -> int:
    since = options.since if options.since.tzinfo else options.since.replace(tzinfo=UTC)
    with _services(settings) as services:
        if is_index(options.key):
            key = services.signing_key(int(options.key))
        else:
            key = parse_digest(options.key)
        index = services.registrar.revoke(key, since, options.reason)
    say(f"Entry {index} revokes {key} since {since.isoformat()}.")
    return EXIT_OK
