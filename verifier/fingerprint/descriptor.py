"""A learnt descriptor of pictures: near for a picture and what was made of it, far for any other.

    picture-descriptor 1    256 bits, packed into 32 bytes, first bit highest: whether each output
                            of the network (`descriptor.onnx`), added up over the four quarter turns
                            of 128 by 128 pixels, is positive; of one view of the picture or two, as
                            `image.py` says

The network is ours (MODEL_CARD.md says how it was trained, and on what), its file is part of this
package, and it is read only if it has the digest below. Bits whose output is close to zero may fall
the other way in another build of the runtime.
"""

import hashlib
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
from PIL import Image

from verifier.errors import ToolMissing

DESCRIPTOR = "picture-descriptor"
VERSION = 1
BITS = 256
SIDE = 128  # pixels: what the network sees, whatever the picture's shape
MODEL = Path(__file__).with_name("descriptor.onnx")
DIGEST = "b177a100e783656a11dc5a6bbb97d00bdc2035ca3cf83a6cbabdc913b4ff75a2"  # SHA-256 of that file

Pixels = npt.NDArray[np.uint8]
Bits = npt.NDArray[np.uint8]


def describe(squares: Pixels) -> Bits:
    """The descriptors of pictures of shape (n, SIDE, SIDE, 3), red, green, blue: (n, 32) bytes.

    Raises ToolMissing where the network's file is not the one that belongs to this version.
    """
    turns = [np.ascontiguousarray(np.rot90(squares, turn, (1, 2))) for turn in range(4)]
    outputs = sum(session().run(None, {"pixels": turned})[0] for turned in turns)
    return np.packbits(outputs > 0, axis=1)


def square(image: Image.Image) -> Pixels:
    """A picture as the network sees it: squashed to a square."""
    return np.asarray(image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BILINEAR))


@cache
def session() -> onnxruntime.InferenceSession:
    """The network, read once in a process: in the sandbox's server, before it forks."""
    try:
        data = MODEL.read_bytes()
    except OSError as problem:
        said = f"the network for pictures cannot be read ({problem.strerror})"
        raise ToolMissing(said, "install Firsthand again") from None
    if hashlib.sha256(data).hexdigest() != DIGEST:
        said = "the network for pictures is not the one that belongs to this version"
        raise ToolMissing(said, "install Firsthand again")
    options = onnxruntime.SessionOptions()
    # The calling thread alone: jobs run beside one another, and a fork must find a single thread.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
