"""Pictures that move: GIF, WebP, PNG and AVIF of several frames, each shown for its own time.

Pillow decodes them, frame by frame: many ffmpeg cannot read a moving WebP.
"""

import contextlib
import math
from collections.abc import Generator, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageSequence

from ledger import asset
from ledger.asset import MediaType

from .picture import opaque, opened

_MAY_MOVE = (asset.GIF, asset.WEBP, asset.PNG, asset.AVIF)
_AT_ONCE = 10  # milliseconds: what is to be shown for less,
_INSTEAD = 100  # is shown for so long by every browser

Luma = npt.NDArray[np.uint8]


def moves(path: Path, media_type: MediaType) -> bool:
    """Whether a picture has more than one frame; raises Unreadable."""
    if media_type not in _MAY_MOVE:
        return False
    with opened(path, media_type) as image:
        return bool(getattr(image, "is_animated", False))


def moving_frames(
    path: Path,
    media_type: MediaType,
    *,
    per_second: float,
    size: tuple[int, int],
    crop: tuple[int, int, int, int] | None = None,
    beside: tuple[int, int] | None = None,
) -> Iterator[tuple[float, Luma]]:
    """Yield frames as `decode.frames` does. Raises Unreadable."""
    before = -math.inf
    with contextlib.closing(_shown(path, media_type)) as shown:
        for time, image in shown:
            if math.floor(time * per_second) <= before:
                continue
            before = math.floor(time * per_second)
            if crop is not None:
                left, top, across, down = crop
                image = image.crop((left, top, left + across, top + down))  # noqa: PLW2901
            luma = _scaled(image, size)
            if beside is not None:
                filled = np.zeros((size[1], beside[0]), np.uint8)
                filled[: beside[1]] = _scaled(image, beside)
                luma = np.concatenate([luma, filled], 1)
            yield time, luma


def _shown(path: Path, media_type: MediaType) -> Generator[tuple[float, Image.Image], None, None]:
    """Every frame, in grey, with its time in seconds."""
    ticks = 0.0  # milliseconds
    with opened(path, media_type) as image:
        for frame in ImageSequence.Iterator(image):
            frame.load()
            lasts = float(frame.info.get("duration") or 0)
            yield ticks / 1000, opaque(frame).convert("L")
            ticks += lasts if lasts > _AT_ONCE else _INSTEAD


def _scaled(image: Image.Image, size: tuple[int, int]) -> Luma:
    return np.asarray(image.resize(size, Image.Resampling.BOX), np.uint8)
