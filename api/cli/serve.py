"""firsthand serve: the HTTP service and its page."""

import argparse

from verifier.media.sandbox import Sandbox

from ..home import open_home
from ..services import Services
from ..settings import Settings
from .console import ERR


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb."""
    parser = verbs.add_parser("serve", help="serve the page, the HTTP interface and the log")
    parser.add_argument("--host", default="127.0.0.1", help="default: this machine only")
    parser.add_argument("--port", type=int, default=8710)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Serve until interrupted."""
    import uvicorn

    from ..app import create_app  # the web framework is slow to import, and only needed here

    home = open_home(settings.home)
    with Services(home, Sandbox(), shows_names=False) as services:
        ERR.print(f"Open http://{options.host}:{options.port} and drop a file on it. Ctrl-C ends.")
        ERR.print(f"To register over HTTP: Authorization: Bearer, with {home.path}/keys/api-token")
        uvicorn.run(
            create_app(services, settings),
            host=options.host,
            port=options.port,
            log_level="warning",
        )
    return 0
