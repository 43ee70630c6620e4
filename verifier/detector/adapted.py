"""Where CLIP was taught to see that a face was laid over: the encoder's layers, a little changed.

To each matrix of the nine layers that the encoder keeps a product of two narrow ones is added
("LoRA: Low-Rank Adaptation of Large Language Models", ICLR 2022), and the layers' normalisations
are others; the matrices themselves are the encoder's, so that this file holds the changes alone.
Trained by `training.swaps` on real faces laid over, as `seams` is. Read only by its digest.
"""

from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime

from . import encoder
from .weights import held

FILE = "adapted.onnx"
DIGEST = "9b224d411ff5a604b945cc2ce5033f07a3fa8033c94384d8a7c5df759ccf4885"  # SHA-256 of that file
FEATURES = 2 * encoder.WIDTH  # the last layer's first token, and the mean of its others

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


def look(square: Pixels) -> tuple[Floats, float]:
    """What is seen of a square, (FEATURES,), and a score: more for what looks laid over.

    `square` is (encoder.SIDE, encoder.SIDE, 3). Raises ToolMissing.
    """
    shown = {"pixels": np.ascontiguousarray(square)[None]}
    seen, laid_over = session().run(["seen", "laid_over"], shown)
    return seen[0], float(laid_over[0, 0])


@cache
def session() -> onnxruntime.InferenceSession:
    """The network, read once in a process, for the calling thread alone; raises ToolMissing."""
    return encoder.opened(threads=1, graph=held(Path(__file__).with_name(FILE), DIGEST))
