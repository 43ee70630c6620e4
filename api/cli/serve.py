"""firsthand serve: the HTTP service and its page."""

import argparse
import contextlib
import socket

from verifier.media.sandbox import Sandbox

from ..errors import EXIT_OK, ServiceError
from ..following import Follower
from ..home import open_home
from ..services import Services
from ..settings import Settings
from .console import note
from .verify import add_process_per_file


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb."""
    parser = verbs.add_parser("serve", help="serve the page, the HTTP interface and the log")
    parser.add_argument("--host", default="127.0.0.1", help="default: this machine only")
    parser.add_argument(
        "--port", type=_port, default=8710, help="default: 8710; 0 takes a free one"
    )
    parser.add_argument(
        "--tell-private",
        action="store_true",
        help="tell private titles, names, times and places, on a page that only you can reach",
    )
    add_process_per_file(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Serve until interrupted."""
    import uvicorn

    from ..app import create_app  # the web framework is slow to import, and only needed here

    home = open_home(settings.home)
    sandbox = Sandbox(process_per_file=options.process_per_file)
    with (
        listen(options.host, options.port) as listener,
        Services(home, sandbox, tells_private=options.tell_private) as services,
        Follower(home),
    ):
        host = f"[{options.host}]" if ":" in options.host else options.host
        port = listener.getsockname()[1]
        note(f"Open http://{host}:{port} and drop a file on it. Ctrl-C ends.")
        note(f"To register over HTTP: Authorization: Bearer, with {home.path}/keys/api-token")
        config = uvicorn.Config(create_app(services, settings), log_level="warning", ws="none")
        with contextlib.suppress(KeyboardInterrupt):  # how it is meant to end
            uvicorn.Server(config).run(sockets=[listener])
    return EXIT_OK


def listen(host: str, port: int) -> socket.socket:
    """Listen on an address; raise ServiceError where that is impossible."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as problem:
        raise ServiceError(
            f"{host}:{port} cannot be served ({problem.strerror})",
            "name another with --host or --port",
        ) from None


def _port(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 5 or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port from 0 to 65535")
    return int(text)
