"""Of what kind a picture is that no opinion is for: drawn, rendered, written over, and others.

The detector was taught photographs and generated pictures that imitate them. Drawings, games and
captions were made by somebody too, and look it: asked of them it would say "generated". So what the
encoder sees of a picture is asked first of which kind it is, by one line a kind (multinomial
logistic regression, "The Elements of Statistical Learning", 2nd edition, section 4.4), learnt from
pictures that people made and took before generators made any like them (`bench.training.kinds`).

    kinds.npz   names (kinds,), the first of which opinions are for; weights (kinds, TOKENS) of 16
                bits, offsets (kinds,)
"""

import io
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from . import encoder, seen
from .result import Subject
from .views import looks
from .weights import held

FILE = "kinds.npz"
DIGEST = "d2216a5616d9e5cb6164e48b60475bae5e7af5562ef34f53f4cabde868c92fce"  # SHA-256 of that file
ORDINARY = "ordinary"  # photographs, and what imitates them
SAID = {  # ends of "It says nothing, for …"
    "animation": "it looks like an animated film",
    "astronomy": "it looks like a telescope's picture",
    "document": "it looks like a document",
    "drawn": "it looks drawn",
    "game": "it looks like a computer game",
    "medical": "it looks like a medical picture",
    "microscope": "it looks like a microscope's picture",
    "painting": "it looks painted, or drawn by hand",
    "render": "it looks rendered by a program",
    "satellite": "it looks like a satellite's picture",
    "screen": "writing or other pictures seem to be laid over it",
    "thermal": "it looks like a picture in infrared",
}
MADE = ("animation", "drawn", "game", "painting", "render")  # nothing in these was before a camera
LIKELY = 0.5  # chance below which a picture is not taken for an ordinary one
TOKENS = encoder.WIDTH * len(seen.LAYERS[Subject.PICTURE])  # the encoder's first tokens come first

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Kinds:
    """A line a kind, the first for ordinary pictures."""

    names: tuple[str, ...]
    weights: Floats
    offsets: Floats

    def chances(self, tokens: npt.NDArray[np.float32] | Floats) -> Floats:
        """How likely pictures (n, TOKENS) are of each kind, all else alike: (n, kinds)."""
        told = tokens.astype(np.float64) @ self.weights.T + self.offsets
        told = np.exp(told - told.max(1, keepdims=True))
        return np.asarray(told / told.sum(1, keepdims=True))

    def of(self, tokens: npt.NDArray[np.float32]) -> str:
        """Of which kind a picture is, (TOKENS,) and more: ORDINARY, or one of SAID."""
        chances = self.chances(tokens[None, :TOKENS])[0]
        if chances[0] >= LIKELY:
            return ORDINARY
        return self.names[1 + int(np.argmax(chances[1:]))]


def unlike(numbers: npt.NDArray[np.float32]) -> str | None:
    """The reason to say nothing of a picture of which this is seen, or None.

    `numbers` begin with the encoder's first tokens, as those of `seen.see` do. Raises ToolMissing.
    """
    return SAID.get(trained().of(numbers))


def made(numbers: npt.NDArray[np.float32]) -> str | None:
    """The same, where nothing in it was before a camera: of a clip, and of faces in a picture."""
    kind = trained().of(numbers)
    return SAID[kind] if kind in MADE else None


def tokens(image: Image.Image) -> npt.NDArray[np.float32]:
    """What a picture's kind is told by: (TOKENS,). It is of mode RGB, no side below LEAST pixels.

    Raises ToolMissing where weights are absent.
    """
    layers = seen.LAYERS[Subject.PICTURE]
    shown = [encoder.encode(each.whole, layers)[:TOKENS] for each in looks(image)]
    return np.asarray(np.mean(shown, axis=0, dtype=np.float32))


@cache
def trained() -> Kinds:
    """The lines that belong to this version; raises ToolMissing."""
    return from_bytes(held(Path(__file__).with_name(FILE), DIGEST))


def digests() -> dict[str, str]:
    """The file, and the SHA-256 that it must have."""
    return {FILE: DIGEST}


def to_bytes(kinds: Kinds) -> bytes:
    """Write lines; the same ones give the same bytes."""
    data = io.BytesIO()
    weights, offsets = kinds.weights.astype(np.float16), kinds.offsets.astype(np.float32)
    np.savez(data, names=np.array(kinds.names), weights=weights, offsets=offsets)
    return data.getvalue()


def from_bytes(data: bytes) -> Kinds:
    """Read what `to_bytes` wrote."""
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        names = tuple(str(each) for each in arrays["names"])
        weights, offsets = (arrays[each].astype(np.float64) for each in ("weights", "offsets"))
        return Kinds(names, weights, offsets)
