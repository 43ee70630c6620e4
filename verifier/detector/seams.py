"""Where a face was blended over another: a small network that looks at its pixels, uncompressed.

The first 14 parts of a MobileNetV2 ("MobileNetV2: Inverted Residuals and Linear Bottlenecks", CVPR
2018), the mean of what they see and a line, trained by `bench.training.seams` on real faces blended
over themselves. It looks at the middle of what the picture encoder is shown, at the same size:
seams are a few pixels wide, and are lost where a face is shrunk. Its weights are read only by their
digest.
"""

import numpy as np
import numpy.typing as npt

from .network import Network

NETWORK = Network("seams.onnx", "8d7065236e36b4698f54995dda5232b533f5a8ed1f353b3b7020026ca8df3446")
SIDE = 176  # pixels
LEFT_OUT = (  # of the sources in `clip_train`, those that no step of its training saw
    "video/real_echomimic_drv",
    "video/real_liveportrait_driving",
    "video/real_talkers",
)

Pixels = npt.NDArray[np.uint8]


def score(square: Pixels) -> float:
    """More for what looks blended, of a square of SIDE by SIDE or larger; raises ToolMissing."""
    edge = (square.shape[0] - SIDE) // 2
    middle = np.ascontiguousarray(square[edge : edge + SIDE, edge : edge + SIDE])
    return float(NETWORK.session().run(None, {"pixels": middle[None]})[0][0, 0])
