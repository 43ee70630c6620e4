"""firsthand record: register files as they are, without a manifest."""

import argparse
from pathlib import Path

from signer.actions import DigitalSourceType
from verifier.media.sandbox import Sandbox

from ..home import open_home
from ..registrar import Recorded, write_proof
from ..services import Services
from ..settings import Settings
from .batch import add_statement, each, statement


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "record",
        help="record files as they are, where they must not be changed",
        description="Records each file and writes its log proof beside it.",
    )
    add_statement(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Record each file."""
    said = statement(options, DigitalSourceType.DIGITAL_CAPTURE)
    with Services(open_home(settings.home), Sandbox()) as services:

        def act(path: Path) -> Recorded:
            recorded = services.registrar.record(path, said)
            write_proof(recorded)
            return recorded

        return each("Recording", options, act)
