"""A picture as the detector looks at it: brought to one form, whatever container it came in.

Generated pictures and photographs come in different sizes, containers and qualities, and a detector
that may see those learns them instead. So each picture is first made as a platform would make it:
no larger than LARGEST on its shorter side, and compressed once. The same is done in training,
with sizes and qualities drawn, to photographs and generated pictures alike.
"""

import io

import numpy as np
import numpy.typing as npt
from PIL import Image

from .encoder import SIDE

LARGEST, SMALLEST = 512, 256  # pixels of the shorter side: what a picture is brought to
QUALITY = 85  # of JPEG, with colour at half the resolution
QUALITIES = (65, 96)  # drawn from in training

Pixels = npt.NDArray[np.uint8]


def look(image: Image.Image) -> Pixels:
    """The look at a picture of mode RGB, no side below SIDE pixels: its middle, SIDE by SIDE."""
    return _middle(recoded(image, min(LARGEST, *image.size), QUALITY))


def look_in_training(image: Image.Image, random: np.random.Generator) -> Pixels:
    """The same after a resize and a compression that are drawn."""
    largest = min(LARGEST, *image.size)
    side = int(random.integers(min(SMALLEST, largest), largest + 1))
    return _middle(recoded(image, side, int(random.integers(*QUALITIES))))


def recoded(image: Image.Image, shorter: int, quality: int) -> Image.Image:
    """Shrink a picture until its shorter side has so many pixels, and compress it once."""
    scale = shorter / min(image.size)
    if scale < 1:
        size = (max(shorter, round(image.width * scale)), max(shorter, round(image.height * scale)))
        image = image.resize(size, Image.Resampling.LANCZOS)
    data = io.BytesIO()
    image.save(data, "JPEG", quality=quality, subsampling="4:2:0")
    return Image.open(data).convert("RGB")


def _middle(image: Image.Image) -> Pixels:
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    square = image.crop((left, top, left + side, top + side))
    return np.asarray(square.resize((SIDE, SIDE), Image.Resampling.BICUBIC))
