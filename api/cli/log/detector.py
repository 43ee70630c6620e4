"""firsthand log detector: put the detector's weights on record, by their digests."""

import argparse

from signer.manifest import Statement
from verifier.detector.models import models
from verifier.media.sandbox import Sandbox

from ...errors import EXIT_OK
from ...home import open_home
from ...services import Services
from ...settings import Settings
from ..console import say


def add(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the action."""
    action = actions.add_parser(
        "detector",
        help="put the detector's weights on record",
        description="Enters the digest of each file of weights that the detector of this version "
        "reads, so that an answer of it can be held against them years later; what is recorded "
        "already keeps its index.",
    )
    action.set_defaults(run=_run)


def _run(_: argparse.Namespace, settings: Settings) -> int:
    with Services(open_home(settings.home), Sandbox()) as services:
        for model in models():
            model.check()
            said = Statement(f"detector weights {model.name}")
            recorded = services.registrar.record(model.path, said)
            again = ", as it was before" if recorded.again else ""
            say(f"{model.name}: entry {recorded.index}{again}, sha256 {model.digest}")
    return EXIT_OK
