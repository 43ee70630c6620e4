"""firsthand log stamp: have the newest checkpoint time-stamped, and those that still wait."""

import argparse
import secrets
from pathlib import Path

from cryptography import x509

from ledger.stamping import Authority, Stamped, Stamping
from ledger.storage.folder import FolderTileStorage

from ...errors import EXIT_INCONCLUSIVE, EXIT_OK, ServiceError
from ...home import open_home
from ...settings import Settings
from ..console import note, say


def add(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the action."""
    action = actions.add_parser("stamp", help="have checkpoints time-stamped (RFC 3161)")
    action.add_argument(
        "--authority",
        dest="authorities",
        nargs=3,
        action="append",
        required=True,
        metavar=("NAME", "URL", "ANCHORS.pem"),
        help="whom to ask, and whom its certificates must lead to; more than once for more",
    )
    action.set_defaults(run=_run)


def _run(options: argparse.Namespace, settings: Settings) -> int:
    from ...transports import HttpTransport

    home = open_home(settings.home)
    authorities = [_authority(*words) for words in options.authorities]
    checkpoint = home.tiles().read("checkpoint")
    with HttpTransport() as transport:
        files = FolderTileStorage(home.path / "timestamps")
        stamping = Stamping(files, authorities, transport.post, secrets.token_bytes)
        if checkpoint is not None:
            stamping.add(checkpoint)
        outcomes = list(stamping.run())
    for each in outcomes:
        _tell(each)
    return EXIT_INCONCLUSIVE if any(each.problem for each in outcomes) else EXIT_OK


def _tell(stamped: Stamped) -> None:
    what = f"The checkpoint of tree size {stamped.size}"
    if stamped.stamp:
        time, who = stamped.stamp.time.isoformat(), stamped.stamp.authority
        say(f"{what} existed at {time}, says {stamped.authority} ({who}).")
    else:
        note(f"{what} waits for {stamped.authority}: {stamped.problem}")


def _authority(name: str, url: str, path: str) -> Authority:
    try:
        anchors = x509.load_pem_x509_certificates(Path(path).read_bytes())
    except (OSError, ValueError) as problem:
        raise ServiceError(f"{path} holds no certificates ({problem})", "give PEM") from None
    return Authority(name, url, tuple(anchors))
