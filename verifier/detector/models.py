"""The weights of this version, all of them, by digest: what `firsthand doctor` lists."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from . import clip, detect, footage, voice
from .traces import counter, foreign
from .weights import held

_PARTS = (detect, footage, clip, voice, foreign.NETWORK, counter.NETWORK)


@dataclass(frozen=True, slots=True)
class Model:
    """A file of weights, and the SHA-256 that it must have."""

    path: Path
    digest: str

    @property
    def name(self) -> str:
        """What it is called."""
        return self.path.name

    def check(self) -> None:
        """Raise ToolMissing where the file is absent or another."""
        held(self.path, self.digest)


def models() -> Iterator[Model]:
    """Every file of weights that the detector reads, in the order of their names."""
    folder = Path(__file__).parent
    named = {name: digest for part in _PARTS for name, digest in part.digests().items()}
    for name, digest in sorted(named.items()):
        yield Model(folder / name, digest)
