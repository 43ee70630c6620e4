"""firsthand init: create the home."""

import argparse
import socket
from datetime import UTC, datetime

from ledger.note import check_key_name

from ..home import create_home
from ..settings import Settings
from .console import say


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb."""
    parser = verbs.add_parser("init", help="create the home: keys, an empty log, trust lists")
    parser.add_argument(
        "--origin", help="the log's unique name, such as example.com/log (default: from this host)"
    )
    parser.add_argument(
        "--name", default="Firsthand development", help="who signs, as the certificate will say"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Create the home and say what is in it."""
    now = datetime.now(UTC)
    origin = options.origin or f"{socket.gethostname() or 'localhost'}/firsthand/{now:%Y%m%d%H%M%S}"
    check_key_name(origin)
    home = create_home(settings.home, origin=origin, name=options.name, now=now)
    say(f"Created {home.path}")
    say(f"  log      {home.origin}")
    say(f"  log key  {(home.path / 'log.vkey').read_text().strip()}")
    say("  signer   a development certificate, which nobody but this home trusts")
    say(f"Keep {home.path / 'keys'} secret, and back it up. Next: firsthand sign FILE")
    return 0
