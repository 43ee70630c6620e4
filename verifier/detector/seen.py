"""What is seen of a picture, as numbers over which a line is laid: two kinds of evidence.

The encoder sees the whole of it, made small: what it shows, and how. `texture` sees two parts of it
that are not resized: what its finest detail is like. Of a face the encoder sees all there is.
"""

import contextlib

import numpy as np
import numpy.typing as npt

from verifier.errors import ToolMissing

from . import encoder, texture
from .result import Subject
from .views import PARTS, Look

FEATURES = {
    Subject.PICTURE: encoder.FEATURES + PARTS * texture.NUMBERS,
    Subject.FACE: encoder.FEATURES,
}
NETWORKS = {  # by SHA-256: what the numbers rest on
    Subject.PICTURE: (encoder.DIGEST, texture.NETWORK.digest),
    Subject.FACE: (encoder.DIGEST,),
}


def see(look: Look) -> npt.NDArray[np.float32]:
    """The numbers, (FEATURES of its subject,); raises ToolMissing where weights are absent."""
    return np.concatenate((encoder.encode(look.whole), texture.encode(look.parts)))


def ready() -> None:
    """Read both networks now; absent ones are said when they are asked for."""
    with contextlib.suppress(ToolMissing):
        encoder.session()
    texture.NETWORK.ready()


def digests() -> dict[str, str]:
    """The files of weights and the SHA-256 that each must have."""
    return {encoder.MODEL.name: encoder.DIGEST} | texture.NETWORK.digests()
