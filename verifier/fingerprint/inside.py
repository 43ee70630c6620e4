"""What lies inside of a frame: the picture without its border, bars, caption or screen around it.

A line of pixels (a row, a column) belongs to the frame when most of it has the colour of the
picture's edge; text and buttons leave most of a line as it is. What is left is the longest run of
other lines, first of rows, then of columns. A picture on plain ground is cut down to what stands
on it, which does no harm: it is described in full as well.
"""

import numpy as np
import numpy.typing as npt
from PIL import Image

_SIDE = 192  # pixels of the longer side: what is looked at
_NEAR = 14  # levels of a channel: a pixel that differs by no more has the colour of the edge
_EVEN = 0.85  # of an edge has one colour: there may be a frame
_MOST = 0.5  # of a line has that colour: it belongs to the frame
_GAP = 0.015  # of the lines: a run goes on over fewer that look like a frame
_LEAST_PART = 0.2  # of each side: nothing smaller is taken for the picture
_CLEARLY_LESS = 0.93  # of the area

Pixels = npt.NDArray[np.int16]


def inside(image: Image.Image) -> Image.Image | None:
    """The part of a picture that its frame leaves, or None where it has none."""
    box = inner_box(image)
    if box is None:
        return None
    pixels = np.round(np.array(box) * (*image.size, *image.size)).astype(int).tolist()
    return image.crop((pixels[0], pixels[1], pixels[2], pixels[3]))


def inner_box(image: Image.Image, side: int = _SIDE) -> tuple[float, float, float, float] | None:
    """Left, top, right and bottom of that part, in parts of the picture's sides.

    `side` is how many pixels of the longer side are looked at.
    """
    share = min(1.0, side / max(image.size))
    size = (max(1, round(image.width * share)), max(1, round(image.height * share)))
    small = np.asarray(image.convert("RGB").resize(size, Image.Resampling.BOX), np.int16)
    top, bottom = _longest_run(small)
    left, right = _longest_run(small[top:bottom].swapaxes(0, 1))
    height, width = small.shape[:2]
    across, down = (right - left) / width, (bottom - top) / height
    if min(across, down) < _LEAST_PART or across * down > _CLEARLY_LESS:
        return None
    return left / width, top / height, right / width, bottom / height


def _longest_run(rows: Pixels) -> tuple[int, int]:
    """From where to where the rows do not belong to a frame above or below."""
    framed = np.zeros(len(rows), bool)
    for edge in (rows[0], rows[-1]):
        colour = np.median(edge, axis=0)
        if _same(rows[[0, -1]], colour).max() >= _EVEN:
            framed |= _same(rows, colour) >= _MOST
    places = np.flatnonzero(~framed)
    if not len(places):
        return 0, len(rows)
    runs = np.split(places, np.flatnonzero(np.diff(places) > 1 + _GAP * len(rows)) + 1)
    longest = max(runs, key=len)
    return int(longest[0]), int(longest[-1]) + 1


def _same(rows: Pixels, colour: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The share of each row that has a colour, or nearly."""
    low, high = np.ceil(colour - _NEAR).astype(np.int16), np.floor(colour + _NEAR).astype(np.int16)
    near = (rows >= low) & (rows <= high)
    return np.asarray((near[..., 0] & near[..., 1] & near[..., 2]).mean(axis=1))
