"""Part of a picture, turned and scaled: one complex factor and a shift."""

import numpy as np
import numpy.typing as npt
from PIL import Image

Pixels = npt.NDArray[np.uint8]


def warped(rgb: Pixels, back: complex, corner: complex, side: int) -> Pixels:
    """A square of a picture of shape (height, width, 3), turned and scaled: (side, side, 3).

    `corner` is where its first pixel lies in the picture (x + iy), `back` how far it is from there
    to the next one across. What lies beyond the picture is black.
    """
    corners = corner + np.array((0, side, 1j * side, side + 1j * side)) * back
    low = np.maximum((int(corners.real.min()) - 1, int(corners.imag.min()) - 1), 0)
    high = (int(corners.real.max()) + 2, int(corners.imag.max()) + 2)
    part = rgb[low[1] : max(high[1], low[1] + 1), low[0] : max(high[0], low[0] + 1)]
    if 0 in part.shape:
        return np.zeros((side, side, 3), np.uint8)
    image = Image.fromarray(np.ascontiguousarray(part))
    times = max(1, int(abs(back)))
    image = image.reduce(times) if times > 1 else image
    x, y = (corner.real - low[0]) / times, (corner.imag - low[1]) / times
    rows = (back.real / times, -back.imag / times, x, back.imag / times, back.real / times, y)
    return np.asarray(
        image.transform((side, side), Image.Transform.AFFINE, rows, Image.Resampling.BILINEAR)
    )
