"""firsthand doctor: what is installed, what is missing, and what protects this machine."""

import argparse
import platform
from collections.abc import Callable
from importlib.metadata import packages_distributions

from ledger.errors import FirsthandError
from verifier.detector.models import models
from verifier.media.ffmpeg import find_ffmpeg, find_ffprobe
from verifier.media.sandbox import Sandbox
from verifier.observe import engine_versions

from ..errors import EXIT_NOT_MET, EXIT_OK
from ..home import open_home
from ..settings import Settings
from .console import say

_OURS = ("api", "ledger", "signer", "verifier")


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb."""
    parser = verbs.add_parser("doctor", help="say what is installed and what is missing")
    parser.set_defaults(run=run)


def run(_: argparse.Namespace, settings: Settings) -> int:
    """Print one line for each thing; exit 1 where something that is needed is missing."""
    checks = [
        _say("Python", platform.python_version),
        _say("C2PA engine", lambda: f"c2pa-rs {engine_versions()['c2pa']}"),
        _say("ffmpeg", lambda: str(find_ffmpeg())),
        _say("ffprobe", lambda: str(find_ffprobe())),
        _say("sandbox", _sandbox),
        _say("detector", _detector),
        _say("names", _names),
        _say("home", lambda: str(open_home(settings.home).path)),
    ]
    return EXIT_OK if all(checks) else EXIT_NOT_MET


def _say(what: str, find: Callable[[], str]) -> bool:
    try:
        say(("✓ ", "green"), f"{what:<12} ", find())
    except FirsthandError as problem:
        say(("✗ ", "red"), f"{what:<12} ", str(problem))
        return False
    return True


def _sandbox() -> str:
    with Sandbox() as sandbox:
        return " ".join(sandbox.describe())


def _detector() -> str:
    found = list(models())
    for each in found:
        each.check()
    return ", ".join(f"{each.name} {each.digest[:8]}" for each in found)


def _names() -> str:
    owners = packages_distributions()
    strangers = {o for name in _OURS for o in owners.get(name, ()) if o.lower() != "firsthand"}
    if strangers:
        raise FirsthandError(
            f"other distributions own our packages' names: {', '.join(sorted(strangers))}",
            "install firsthand in an environment of its own",
        )
    return "no other distribution owns our packages' names"
