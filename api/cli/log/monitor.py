"""firsthand log monitor: follow a log, mirror it, and cry out when it lies."""

import argparse
import time
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

from ledger.errors import FirsthandError, FormatError
from ledger.monitor import Misbehaviour, Monitor, Named, Watch, parse_watch
from ledger.policy import Policy, parse_log_key, parse_policy
from ledger.reader import LogReader
from ledger.storage.folder import FolderTileStorage
from ledger.tile import TileReader

from ...errors import EXIT_NOT_MET, EXIT_OK, ServiceError
from ...settings import Settings
from ..console import note, print_json, say, say_error


def add(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the action."""
    action = actions.add_parser("monitor", help="follow a log, and cry out when it lies")
    action.add_argument("source", metavar="URL|DIR", help="where the log's public files are")
    action.add_argument("--log", required=True, metavar="VKEY", help="the log's public key")
    action.add_argument("--mirror", type=Path, required=True, metavar="DIR", help="where to")
    action.add_argument("--policy", type=Path, help="a policy that its checkpoints must satisfy")
    action.add_argument(
        "--watch",
        action="append",
        default=[],
        metavar="KEY|DIGEST|WORDS",
        help="say at once when an entry names this; more than once for more",
    )
    action.add_argument("--all", action="store_true", help="compare every file mirrored before too")
    action.add_argument("--every", type=float, metavar="SECONDS", help="go on until interrupted")
    action.add_argument("--json", action="store_true", help="one object an entry")
    action.set_defaults(run=_run)


def _run(options: argparse.Namespace, _: Settings) -> int:
    verifier, watches = parse_log_key(options.log), [parse_watch(each) for each in options.watch]
    mirror = FolderTileStorage(options.mirror / "log")
    evidence = FolderTileStorage(options.mirror / "evidence")
    with ExitStack() as stack:
        source = open_source(options.source, stack)
        monitor = Monitor(source, mirror, evidence, verifier, _policy(options.policy))
        while True:
            code = _round(monitor, watches, options)
            size = LogReader(mirror, verifier).size if mirror.read("checkpoint") else 0
            note(f"{verifier.name}: {size} entries are mirrored in {options.mirror}")
            if options.every is None or code != EXIT_OK:
                return code
            time.sleep(options.every)


def _round(monitor: Monitor, watches: list[Watch], options: argparse.Namespace) -> int:
    try:
        for named in monitor.follow(watches):
            _tell(named, as_json=options.json)
    except Misbehaviour as problem:
        say_error(problem)
        note(f"The evidence is in {options.mirror / 'evidence'}")
        return EXIT_NOT_MET
    except FirsthandError as problem:
        if options.every is None:
            raise
        say_error(problem)  # the log may be out of reach for a while
    changed = list(monitor.audit()) if options.all else []
    for sentence in changed:
        say(sentence)
    return EXIT_NOT_MET if changed else EXIT_OK


def _tell(named: Named, *, as_json: bool) -> None:
    watch = named.watch.said if named.watch else None
    kind = named.entry.statement.kind if named.entry else None
    if as_json:
        print_json({"index": named.index, "watch": watch, "kind": kind})
    elif watch is None:
        say(f"Entry {named.index} does not read as one of ours.")
    else:
        say(f"Entry {named.index} ({kind}) names {watch}")


def open_source(said: str, stack: ExitStack) -> TileReader:
    """Open the public files of a log by URL, or in a folder."""
    if urlsplit(said).scheme in ("http", "https"):
        from ...transports import HttpTiles, HttpTransport

        return HttpTiles(stack.enter_context(HttpTransport()), said)
    if not Path(said).is_dir():
        raise ServiceError(f"{said} is neither an http(s) URL nor a folder", "name the log's")
    return FolderTileStorage(Path(said))


def _policy(path: Path | None) -> Policy | None:
    if path is None:
        return None
    try:
        return parse_policy(path.read_bytes())
    except OSError as problem:
        raise ServiceError(f"{path} cannot be read ({problem.strerror})") from None
    except FormatError as problem:
        raise ServiceError(f"{path}: {problem.message}") from None
