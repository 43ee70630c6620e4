"""What is seen of a picture, as numbers that are learnt from: three kinds of evidence.

The encoder sees the whole of it, made small: what it shows, and how. `texture` sees two parts of it
that are not resized: what its finest detail is like. `adapted`, which was taught to tell what is
generated, says one number. Of a face the encoder and `adapted` see all there is.
"""

import contextlib

import numpy as np
import numpy.typing as npt

from verifier.errors import ToolMissing

from . import encoder, texture
from .adapted import FACES, PICTURES
from .result import Subject
from .views import PARTS, Look

LAYERS = {Subject.PICTURE: (6, 7, 8, 9), Subject.FACE: (8, 9)}  # of the encoder
NUMBERS = {  # of the encoder and of texture; `adapted` says one more
    Subject.PICTURE: 2 * encoder.WIDTH * len(LAYERS[Subject.PICTURE]) + PARTS * texture.NUMBERS,
    Subject.FACE: 2 * encoder.WIDTH * len(LAYERS[Subject.FACE]),
}
ADAPTED = {Subject.PICTURE: PICTURES, Subject.FACE: FACES}
NETWORKS = {  # by SHA-256: what the numbers rest on
    Subject.PICTURE: (encoder.DIGEST, texture.NETWORK.digest),
    Subject.FACE: (encoder.DIGEST,),
}

Floats = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]


def see(subject: Subject, looks: tuple[Look, ...]) -> Floats:
    """The mean numbers of all looks, and last what `adapted` says: (NUMBERS[subject] + 1,).

    Raises ToolMissing where weights are absent.
    """
    said = np.array([generated(subject, looks)], np.float32)
    return np.concatenate((numbers(subject, looks), said))


def numbers(subject: Subject, looks: tuple[Look, ...]) -> Floats:
    """The mean numbers of all looks, (NUMBERS[subject],); raises ToolMissing."""
    layers = LAYERS[subject]
    told = [
        np.concatenate((encoder.encode(each.whole, layers), texture.encode(each.parts)))
        for each in looks
    ]
    mean: Floats = np.mean(told, axis=0, dtype=np.float32)
    return mean


def generated(subject: Subject, looks: tuple[Look, ...]) -> float:
    """What `adapted` says of the first look, more for what is generated; raises ToolMissing.

    The mean of what it says of each of the `squares`.
    """
    return float(np.mean([ADAPTED[subject].look(each)[1] for each in squares(looks)]))


def squares(looks: tuple[Look, ...]) -> tuple[Pixels, ...]:
    """What `adapted` looks at: the whole of the first look, and of a picture its roughest part."""
    return looks[0].whole, *looks[0].parts[:1]


def ready() -> None:
    """Read the networks now; absent ones are said when they are asked for."""
    with contextlib.suppress(ToolMissing):
        encoder.session()
    texture.NETWORK.ready()
    for each in ADAPTED.values():
        each.ready()


def digests() -> dict[str, str]:
    """The files of weights and the SHA-256 that each must have."""
    of_both = {name: each for some in ADAPTED.values() for name, each in some.digests().items()}
    return {encoder.MODEL.name: encoder.DIGEST} | texture.NETWORK.digests() | of_both
