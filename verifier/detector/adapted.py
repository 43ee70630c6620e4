"""CLIP, taught to see one thing: the encoder's layers, a little changed.

To each matrix of the nine layers that the encoder keeps a product of two narrow ones is added
("LoRA: Low-Rank Adaptation of Large Language Models", ICLR 2022), and the layers' normalisations
are others; the matrices themselves are the encoder's, and so is how a picture is cut into tokens,
so that these files hold the changes alone. Read only by their digests.

SWAPS sees that a face was laid over (`bench.training.swaps`, on real faces laid over, as `seams`
is); PICTURES and FACES that a picture or a face was generated (`bench.training.tuned`).
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime

from . import encoder
from .network import Network
from .weights import held

FEATURES = 2 * encoder.WIDTH  # the last layer's first token, and the mean of its others

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Adapted(Network):
    """A file of changes, the SHA-256 that it must have, and what it calls its score."""

    says: str

    def look(self, square: Pixels) -> tuple[Floats, float]:
        """What is seen of a square, (FEATURES,), and a score: more for what it was taught to see.

        `square` is (encoder.SIDE, encoder.SIDE, 3). Raises ToolMissing.
        """
        shown = {"pixels": np.ascontiguousarray(square)[None]}
        seen, score = self.session().run(["seen", self.says], shown)
        return seen[0], float(score[0, 0])

    def session(self) -> onnxruntime.InferenceSession:
        """The network, read once in a process, for the calling thread alone; raises ToolMissing."""
        return _opened(self)


@cache
def _opened(adapted: Adapted) -> onnxruntime.InferenceSession:
    path = Path(__file__).with_name(adapted.file)
    return encoder.opened(threads=1, graph=held(path, adapted.digest))


SWAPS = Adapted(
    "adapted.onnx",
    "cba802c75355005db3897edaf0e4f96527a007533147026066b18daf02e730a8",
    "laid_over",
)
PICTURES = Adapted(
    "adapted_picture.onnx",
    "7551a7a7c61df158c71e519de77dd67069ce576a39e7d72df2a9ea31265ad136",
    "generated",
)
FACES = Adapted(
    "adapted_face.onnx",
    "b30ebe577b4e64954632d670fde4d1978aa61b6664b816557c47c5f2a57646f1",
    "generated",
)
