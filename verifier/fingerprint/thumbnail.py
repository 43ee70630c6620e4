"""A small picture of a picture: enough to see where a suspect shows it, and what was changed.

    picture-luma 1    width, height and step (a byte each), then bits, highest first, to 4096 bytes

Luma of `width` by `height` (the longer side 128, or the picture's own where that is less), and
two colour differences of a quarter of that (ITU-T T.871, as in JPEG). Each plane is cut into
blocks of 8 by 8, row by row, the last ones filled up with the plane's edge; each block is cosine
transformed, divided by its steps and rounded. Of every block, in zigzag order (ITU-T T.81, figure
5), the levels up to the last that is not zero are kept; the first is told as its difference from
the block before it, or from zero. The bits are, for all blocks of the three planes in turn,

    how many levels are kept        7 bits each
    the length of each level        so many ones, then a zero: the bits of its amount; 0 for zero
    each level that is not zero     1 if it is negative, then its amount without its highest bit

and zeros to the end of the last byte. This is our own and not JPEG or WebP, because it is read
outside of the sandbox: nothing in it can be larger than it says.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from ledger.errors import FormatError
from ledger.vocabulary import Fingerprint

THUMBNAIL = "picture-luma"
VERSION = 1
SIDE = 128  # pixels: the longer side
MOST_BYTES = 4096

_BLOCK = 8
_HEADER = 3
_COUNT_BITS = 7
_LONGEST = 12  # bits of the amount of a level: twice 8 times 128, in steps of 1
_FINEST, _COARSEST = 4, 250  # steps: of the lowest frequency, in transformed grey levels

Levels = npt.NDArray[np.int32]
Bits = npt.NDArray[np.uint8]


def _transform() -> npt.NDArray[np.float64]:
    """The orthonormal cosine transform of 8 samples."""
    n = np.arange(_BLOCK)
    matrix = np.cos(np.pi * (2 * n[None, :] + 1) * n[:, None] / (2 * _BLOCK)) / 2
    matrix[0] /= np.sqrt(2)
    return matrix


def _zigzag() -> npt.NDArray[np.intp]:
    """Places of a block, row by row, in the order in which its levels are kept."""
    v, u = np.divmod(np.arange(_BLOCK * _BLOCK), _BLOCK)
    along = u + v
    return np.lexsort((np.where(along % 2, v, u), along))


_COSINES = _transform()
_ORDER = _zigzag()
# Fine detail is told more coarsely: three times so at the highest frequency.
_STEEPNESS = 1 + (_ORDER // _BLOCK + _ORDER % _BLOCK) / 7.0


@dataclass(frozen=True, slots=True, eq=False)
class Thumbnail:
    """What is recorded of a picture: the levels of each plane, (blocks, 64), in zigzag order."""

    width: int
    height: int
    step: int
    planes: tuple[Levels, Levels, Levels]

    def luma(self) -> npt.NDArray[np.float32]:
        """Luma of height by width, 0 to 255."""
        return _restored(self.planes[0], self.step, self.width, self.height)

    def colours(self) -> npt.NDArray[np.float32]:
        """The blue and the red difference, 2 by a quarter of the height and width, 0 to 255."""
        size = _quarter(self.width), _quarter(self.height)
        return np.stack([_restored(plane, self.step, *size) for plane in self.planes[1:]])


def make_thumbnail(image: Image.Image) -> Thumbnail:
    """Reduce an upright picture; its step is the finest with which it fits MOST_BYTES."""
    factor = min(1.0, SIDE / max(image.size))
    width, height = (max(1, round(side * factor)) for side in image.size)
    small = image.convert("RGB").resize((width, height), Image.Resampling.BICUBIC).convert("YCbCr")
    luma, *colours = small.split()
    size = _quarter(width), _quarter(height)
    arrays = [luma, *(each.resize(size, Image.Resampling.BOX) for each in colours)]
    transformed = [_transformed(np.asarray(each, np.float64)) for each in arrays]
    step = _FINEST
    while True:
        blue_red = [np.round(each / (step * _STEEPNESS)).astype(np.int32) for each in transformed]
        found = Thumbnail(width, height, step, (blue_red[0], blue_red[1], blue_red[2]))
        if len(format_thumbnail(found)) <= MOST_BYTES:
            return found
        step += max(1, step // 6)


def fingerprint_thumbnail(image: Image.Image) -> Fingerprint:
    """The thumbnail of an upright picture, as it is recorded."""
    return Fingerprint(THUMBNAIL, VERSION, format_thumbnail(make_thumbnail(image)))


def format_thumbnail(thumbnail: Thumbnail) -> bytes:
    """Encode a thumbnail in the layout above."""
    counts, told = [], []
    for levels in thumbnail.planes:
        kept = np.where(levels.any(1), 64 - (levels[:, ::-1] != 0).argmax(1), 0)
        shifted = _differences(levels)
        # A first level that is equal to that of the block before it still must be told.
        kept = np.where((kept == 0) & (shifted[:, 0] != 0), 1, kept)
        counts.append(kept)
        told.append(shifted[np.arange(64) < kept[:, None]])
    count, level = np.concatenate(counts), np.concatenate(told)
    amount = np.abs(level)
    length = _bit_length(amount)
    bits = [
        _fixed(count, np.full(len(count), _COUNT_BITS)),
        _unary(length),
        _fixed(np.where(level < 0, amount, amount - (1 << np.maximum(length - 1, 0))), length),
    ]
    header = bytes([thumbnail.width, thumbnail.height, thumbnail.step])
    return header + np.packbits(np.concatenate(bits)).tobytes()


def parse_thumbnail(data: bytes) -> Thumbnail:
    """Read what `format_thumbnail` writes; raises FormatError for anything else."""
    if not _HEADER < len(data) <= MOST_BYTES:
        raise FormatError(f"a thumbnail cannot have {len(data)} bytes")
    width, height, step = data[:_HEADER]
    if not (1 <= width <= SIDE and 1 <= height <= SIDE and _FINEST <= step <= _COARSEST):
        raise FormatError("a thumbnail's size or step is out of bounds")
    bits = np.unpackbits(np.frombuffer(data, np.uint8, offset=_HEADER))
    blocks = [_blocks(*size) for size in _sizes(width, height)]
    count, bits = _take_counts(bits, sum(blocks))
    level = _take_levels(bits, int(count.sum()))
    rows = np.zeros((len(count), 64), np.int32)
    rows[np.arange(64) < count[:, None]] = level
    planes = [_sums(each) for each in np.split(rows, np.cumsum(blocks)[:-1])]
    found = Thumbnail(width, height, step, (planes[0], planes[1], planes[2]))
    if any(np.abs(each).max() >= 1 << _LONGEST for each in planes):
        raise FormatError("a thumbnail's levels are out of bounds")
    if format_thumbnail(found) != data:
        raise FormatError("a thumbnail is not written as it is here")
    return found


def _sizes(width: int, height: int) -> Iterator[tuple[int, int]]:
    yield width, height
    yield from [(_quarter(width), _quarter(height))] * 2


def _quarter(side: int) -> int:
    return -(-side // 4)


def _blocks(width: int, height: int) -> int:
    return -(-width // _BLOCK) * -(-height // _BLOCK)


def _transformed(plane: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The cosine transforms of a plane's blocks, (blocks, 64), in zigzag order."""
    height, width = plane.shape
    filled = np.pad(plane - 128, ((0, -height % _BLOCK), (0, -width % _BLOCK)), mode="edge")
    rows, columns = filled.shape[0] // _BLOCK, filled.shape[1] // _BLOCK
    blocks = filled.reshape(rows, _BLOCK, columns, _BLOCK).swapaxes(1, 2)
    return (_COSINES @ blocks @ _COSINES.T).reshape(-1, 64)[:, _ORDER]


def _restored(levels: Levels, step: int, width: int, height: int) -> npt.NDArray[np.float32]:
    rows, columns = -(-height // _BLOCK), -(-width // _BLOCK)
    flat = np.empty((len(levels), 64))
    flat[:, _ORDER] = levels * (step * _STEEPNESS)
    blocks = _COSINES.T @ flat.reshape(rows, columns, _BLOCK, _BLOCK) @ _COSINES
    plane = blocks.swapaxes(1, 2).reshape(rows * _BLOCK, columns * _BLOCK)
    return np.clip(plane[:height, :width] + 128, 0, 255).astype(np.float32)


def _differences(levels: Levels) -> Levels:
    shifted = levels.copy()
    shifted[1:, 0] -= levels[:-1, 0]
    return shifted


def _sums(shifted: Levels) -> Levels:
    levels = shifted.copy()
    levels[:, 0] = np.cumsum(shifted[:, 0])
    return levels


def _bit_length(amount: Levels) -> Levels:
    return np.frexp(amount.astype(np.float64))[1].astype(np.int32)


def _fixed(values: Levels, lengths: Levels) -> Bits:
    """The lowest `lengths` bits of each value, highest first."""
    owner = np.repeat(np.arange(len(values)), lengths)
    ends = np.cumsum(lengths)
    place = ends[owner] - 1 - np.arange(len(owner))
    return ((values[owner] >> place) & 1).astype(np.uint8)


def _unary(lengths: Levels) -> Bits:
    bits = np.ones(int(lengths.sum()) + len(lengths), np.uint8)
    bits[np.cumsum(lengths + 1) - 1] = 0
    return bits


def _numbers(bits: Bits, lengths: Levels) -> Levels:
    """Read what `_fixed` writes."""
    owner = np.repeat(np.arange(len(lengths)), lengths)
    ends = np.cumsum(lengths)
    place = ends[owner] - 1 - np.arange(len(owner))
    values = np.bincount(owner, bits.astype(np.float64) * 2.0**place, len(lengths))
    return values.astype(np.int32)


def _take_counts(bits: Bits, blocks: int) -> tuple[Levels, Bits]:
    room = blocks * _COUNT_BITS
    if len(bits) < room:
        raise FormatError("a thumbnail ends too soon")
    count = _numbers(bits[:room], np.full(blocks, _COUNT_BITS))
    if count.max() > 64:
        raise FormatError("a block of a thumbnail has more than 64 levels")
    return count, bits[room:]


def _take_levels(bits: Bits, levels: int) -> Levels:
    ends = np.flatnonzero(bits == 0)[:levels]
    if len(ends) < levels:
        raise FormatError("a thumbnail ends too soon")
    length = np.diff(ends, prepend=-1).astype(np.int32) - 1
    bits = bits[ends[-1] + 1 :] if levels else bits
    room = int(length.sum())
    if length.max(initial=0) > _LONGEST or len(bits) < room:
        raise FormatError("a level of a thumbnail is too large, or it ends too soon")
    low = _numbers(bits[:room], length)
    half = 1 << np.maximum(length - 1, 0)
    return np.where(length == 0, 0, np.where(low >= half, -low, low + half))
