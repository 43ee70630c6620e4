"""firsthand log witness: cosign other people's logs."""

import argparse
import secrets
import time
from contextlib import ExitStack
from pathlib import Path

from ledger.cosignature import (
    Cosigner,
    Ed25519Cosigner,
    MlDsa44Cosigner,
    format_private_cosigner_key,
    parse_private_cosigner_key,
)
from ledger.errors import FormatError
from ledger.note import KeyedNoteVerifier, NoteVerifier, format_verifier_key
from ledger.policy import parse_log_key
from ledger.witness import Witness
from ledger.witness_storage import SqlWitnessStorage

from ...errors import EXIT_OK, HomeBroken, ServiceError
from ...files import replace_file
from ...settings import Settings
from ..console import note, say

_KEYS = "witness.keys"
_HOST = "127.0.0.1"


def add(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the action."""
    action = actions.add_parser("witness", help="cosign the checkpoints of other logs, over HTTP")
    action.add_argument("--listen", type=int, required=True, metavar="PORT", help="0: a free one")
    action.add_argument("--host", default=_HOST, help="default: this machine only")
    action.add_argument(
        "--log",
        dest="logs",
        action="append",
        type=_log_key,
        required=True,
        metavar="VKEY",
        help="a key of a log to follow; more than once for more keys or logs",
    )
    action.add_argument("--name", help="the witness's own name, when its keys are made")
    action.add_argument("--folder", type=Path, help="keys and database (default: HOME/witness)")
    action.set_defaults(run=_run)


def _run(options: argparse.Namespace, settings: Settings) -> int:
    import uvicorn

    from ...routes.witness import create_witness_app  # the web framework is slow to import
    from ..serve import listen

    folder = options.folder or settings.home / "witness"
    cosigners = open_cosigners(folder, options.name)
    logs: dict[str, list[NoteVerifier]] = {}
    for verifier in options.logs:
        logs.setdefault(verifier.name, []).append(verifier)
    with ExitStack() as stack:
        listener = stack.enter_context(listen(options.host, options.listen))
        storage = SqlWitnessStorage(f"sqlite:///{folder / 'witness.sqlite'}")
        stack.callback(storage.close)
        witness = Witness(storage, cosigners, logs, now)
        for cosigner in cosigners:
            say(format_verifier_key(cosigner.verifier))
        port = listener.getsockname()[1]
        note(f"A policy names these keys with the URL http://{options.host}:{port}/. Ctrl-C ends.")
        config = uvicorn.Config(create_witness_app(witness), log_level="warning", ws="none")
        uvicorn.Server(config).run(sockets=[listener])
    return EXIT_OK


def open_cosigners(folder: Path, name: str | None) -> list[Cosigner]:
    """Read the witness's two keys, or make them under `name` where there are none."""
    path = folder / _KEYS
    try:
        lines = path.read_text("utf-8").splitlines()
    except FileNotFoundError:
        return _make_cosigners(path, name)
    except (OSError, UnicodeDecodeError) as problem:
        raise HomeBroken(f"{path} cannot be read ({problem})", "restore it from a backup") from None
    return [parse_private_cosigner_key(line, now) for line in lines]


def _make_cosigners(path: Path, name: str | None) -> list[Cosigner]:
    if name is None:
        raise ServiceError(
            f"{path} is missing", "give the witness a --name, like witness.example.com/w1"
        )
    cosigners: list[Cosigner] = [
        Ed25519Cosigner(name, secrets.token_bytes(32), now),
        MlDsa44Cosigner(name, secrets.token_bytes(32), now),
    ]
    text = "".join(format_private_cosigner_key(cosigner) + "\n" for cosigner in cosigners)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_file(path, text.encode())
        path.chmod(0o600)
    except OSError as problem:
        raise ServiceError(f"{path} cannot be written ({problem.strerror})") from None
    return cosigners


def now() -> int:
    """Return the seconds since 1970-01-01 UTC."""
    return int(time.time())


def _log_key(text: str) -> KeyedNoteVerifier:
    try:
        return parse_log_key(text)
    except FormatError as problem:
        raise argparse.ArgumentTypeError(problem.message) from None
