"""What is seen of a picture, as numbers that are learnt from: two kinds of evidence.

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

LAYERS = {Subject.PICTURE: (6, 7, 8, 9), Subject.FACE: (8, 9)}  # of the encoder
FEATURES = {
    Subject.PICTURE: 2 * encoder.WIDTH * len(LAYERS[Subject.PICTURE]) + PARTS * texture.NUMBERS,
    Subject.FACE: 2 * encoder.WIDTH * len(LAYERS[Subject.FACE]),
}
NETWORKS = {  # by SHA-256: what the numbers rest on
    Subject.PICTURE: (encoder.DIGEST, texture.NETWORK.digest),
    Subject.FACE: (encoder.DIGEST,),
}


def see(subject: Subject, looks: tuple[Look, ...]) -> npt.NDArray[np.float32]:
    """The mean numbers of all looks, (FEATURES[subject],).

    Raises ToolMissing where weights are absent.
    """
    layers = LAYERS[subject]
    told = [
        np.concatenate((encoder.encode(each.whole, layers), texture.encode(each.parts)))
        for each in looks
    ]
    mean: npt.NDArray[np.float32] = np.mean(told, axis=0, dtype=np.float32)
    return mean


def ready() -> None:
    """Read both networks now; absent ones are said when they are asked for."""
    with contextlib.suppress(ToolMissing):
        encoder.session()
    texture.NETWORK.ready()


def digests() -> dict[str, str]:
    """The files of weights and the SHA-256 that each must have."""
    return {encoder.MODEL.name: encoder.DIGEST} | texture.NETWORK.digests()
