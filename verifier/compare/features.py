"""Distinct places of a picture, and how to know them again after any turn, scale or exposure.

Extrema of the difference of Gaussians over place and scale, each described by histograms of the
gradients around it, relative to their main direction: D. Lowe, Distinctive Image Features from
Scale-Invariant Keypoints (IJCV 2004), sections 3 to 6, made small enough for thumbnails.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from .warp import Plane

Floats = npt.NDArray[Any]  # of floats

MOST = 300  # the strongest places of a picture
_STEPS = 3  # scales in an octave
_SIGMA = 1.2  # pixels: the blur of an octave's first scale
_OCTAVES = 4
_EDGE = 10.0  # a place on an edge is found anywhere along it: the most its curvatures may differ by
_LEAST = 0.4  # grey levels: weaker extrema are noise
_BINS = 36
_CELLS, _DIRECTIONS = 4, 8
_EDGE_PIXELS = 4  # nothing nearer to the picture's edge is a place
_LENGTH = _CELLS * _CELLS * _DIRECTIONS
_SAMPLES = 16  # along each side of the described square
_ORIENTED, _REACH = 4.5, 6.0  # half the side of the square that is oriented by, described by
_LARGEST = 0.2  # of a descriptor's length: what one direction may say


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """Places of a picture: n of each."""

    places: Floats  # (n, 2) pixels, x and y
    scales: Floats  # pixels
    angles: Floats  # radians, from x towards y
    descriptors: Floats  # (n, 128), each of length 1

    def mirrored(self, width: int) -> "Features":
        """The features of the picture mirrored left to right."""
        cells = self.descriptors.reshape(-1, _CELLS, _CELLS, _DIRECTIONS)
        # About the main direction, mirroring swaps what is on its one side and on its other.
        turned = cells[:, ::-1, :, _MIRRORED].reshape(len(cells), _LENGTH)
        places = self.places * np.array([-1, 1], np.float32) + np.array([width, 0], np.float32)
        return Features(places, self.scales, np.float32(np.pi) - self.angles, turned)


_MIRRORED = -np.arange(_DIRECTIONS) % _DIRECTIONS


def find_features(plane: Plane, most: int = MOST) -> Features:
    """The `most` strongest places of a luma plane (0 to 255); few or none where it is flat."""
    found = []
    image = plane
    image = ndimage.gaussian_filter(image, np.sqrt(max(_SIGMA**2 - 0.6**2, 0.01)), truncate=3)
    zoom = 1.0
    for _ in range(_OCTAVES):
        if min(image.shape) < 12:
            break
        stack = _octave(image)
        places = _extrema(stack, most)  # no weaker one is among the strongest of all octaves
        if len(places[0]):
            found.append(_describe(stack, *places, zoom))
        image = stack[_STEPS][::2, ::2]
        zoom *= 2
    if not found:
        nothing = np.zeros(0, np.float32)
        return Features(nothing.reshape(0, 2), nothing, nothing, nothing.reshape(0, _LENGTH))
    columns = [np.concatenate(each) for each in zip(*found, strict=True)]
    strongest = np.argsort(-columns[4], kind="stable")[:most]
    return Features(*(each[strongest] for each in columns[:4]))


def _octave(first: Plane) -> Floats:
    """Blurs of one octave, (_STEPS + 3, height, width), each 2^(1/_STEPS) of that before it."""
    stack = [first]
    for step in range(1, _STEPS + 3):
        before = _SIGMA * 2 ** ((step - 1) / _STEPS)
        further = before * np.sqrt(2 ** (2 / _STEPS) - 1)
        stack.append(ndimage.gaussian_filter(stack[-1], further, truncate=3))
    return np.stack(stack)


def _extrema(stack: Floats, most: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Scale index, y, x (to a fraction of a pixel) and strength of the `most` strongest extrema."""
    dog = np.diff(stack, axis=0)
    s, y, x = _highest(dog)
    c = dog[s, y, x]
    dxx = dog[s, y, x + 1] + dog[s, y, x - 1] - 2 * c
    dyy = dog[s, y + 1, x] + dog[s, y - 1, x] - 2 * c
    dxy = (
        dog[s, y + 1, x + 1] + dog[s, y - 1, x - 1] - dog[s, y - 1, x + 1] - dog[s, y + 1, x - 1]
    ) / 4
    det, trace = dxx * dyy - dxy**2, dxx + dyy
    good = (det > 0) & (trace**2 * _EDGE < (_EDGE + 1) ** 2 * det)
    good = np.flatnonzero(good)
    good = np.sort(good[np.argsort(-np.abs(c[good]), kind="stable")[:most]])
    s, y, x = s[good], y[good], x[good]
    c, dxx, dyy = c[good], dxx[good], dyy[good]
    dss = dog[s + 1, y, x] + dog[s - 1, y, x] - 2 * c
    fraction = (
        _vertex(dog[s + 1, y, x] - dog[s - 1, y, x], dss),
        _vertex(dog[s, y + 1, x] - dog[s, y - 1, x], dyy),
        _vertex(dog[s, y, x + 1] - dog[s, y, x - 1], dxx),
    )
    return s + fraction[0], y + fraction[1], x + fraction[2], np.abs(c)


def _highest(dog: Floats) -> tuple[npt.NDArray[np.intp], ...]:
    """Scale index, y and x of what none of its 26 neighbours exceeds, or none falls below."""
    edge = _EDGE_PIXELS
    inner = dog[1:-1, edge:-edge, edge:-edge]
    left, right = (dog[1:-1, edge:-edge, edge + step : step - edge or None] for step in (-1, 1))
    # Most places end here, where no list of them has to be made.
    ridge = ((inner >= left) & (inner >= right)) | ((inner <= left) & (inner <= right))
    s, y, x = np.nonzero(ridge & (np.abs(inner) > _LEAST))
    _, height, width = dog.shape
    place = ((s + 1) * height + y + edge) * width + x + edge
    values, found = dog.ravel(), []
    for signed in (values, -values):
        kept = place
        for step in _neighbours(height, width):
            kept = kept[signed[kept] >= signed[kept + step]]
        found.append(kept)
    return np.unravel_index(np.union1d(*found), dog.shape)


def _neighbours(height: int, width: int) -> list[int]:
    """How far the 26 neighbours of a place lie from it in a flat array."""
    steps = (-1, 0, 1)
    return [(ds * height + dy) * width + dx for ds in steps for dy in steps for dx in steps]


def _vertex(difference: Floats, curvature: Floats) -> Floats:
    """How far from the middle of three samples their parabola has its vertex."""
    flat = np.abs(curvature) < 1e-6
    return np.clip(-difference / 2 / np.where(flat, np.inf, curvature), -0.5, 0.5)


def _describe(
    stack: Floats, s: Floats, y: Floats, x: Floats, strength: Floats, zoom: float
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    dy, dx = np.gradient(stack, axis=(1, 2))
    sigma = (_SIGMA * 2 ** (s / _STEPS)).astype(np.float32)
    across, down = _grid(_ORIENTED * sigma, np.zeros_like(sigma))
    gx, gy = _sampled(dx, dy, _level(s, stack), y[:, None] + down, x[:, None] + across)
    owner, angle = _directions(gx, gy)
    s, y, x, sigma = s[owner], y[owner], x[owner], sigma[owner]
    across, down = _grid(_REACH * sigma, angle)
    gx, gy = _sampled(dx, dy, _level(s, stack), y[:, None] + down, x[:, None] + across)
    # Every second pixel was kept, from the first: the middle of the first is where it was.
    places = (np.stack([x, y], 1) * zoom + 0.5).astype(np.float32)
    return places, sigma * zoom, angle, _histograms(gx, gy, angle), strength[owner]


def _level(s: Floats, stack: Floats) -> npt.NDArray[np.intp]:
    return np.clip(np.round(s), 0, len(stack) - 1).astype(np.intp)


_ALONG = (np.arange(_SAMPLES, dtype=np.float32) + 0.5) / _SAMPLES * 2 - 1
_GX, _GY = (axis.ravel() for axis in np.meshgrid(_ALONG, _ALONG))
_NEAR = np.exp(-(_GX**2 + _GY**2) / (2 * 0.5**2)).astype(np.float32)


def _grid(reach: Floats, angle: Floats) -> tuple[Floats, Floats]:
    """Offsets of the samples of each place's square, turned by its angle: x and y, (n, 256)."""
    cos, sin = np.cos(angle)[:, None] * reach[:, None], np.sin(angle)[:, None] * reach[:, None]
    return cos * _GX - sin * _GY, sin * _GX + cos * _GY


def _sampled(
    dx: Floats, dy: Floats, level: npt.NDArray[np.intp], y: Floats, x: Floats
) -> tuple[Floats, Floats]:
    """Gradients at the nearest pixels; none outside of the picture."""
    _, height, width = dx.shape
    row, column = np.round(y).astype(int), np.round(x).astype(int)
    inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    place = (level[:, None] * height + np.clip(row, 0, height - 1)) * width + np.clip(
        column, 0, width - 1
    )
    return np.where(inside, dx.ravel()[place], 0), np.where(inside, dy.ravel()[place], 0)


def _directions(gx: Floats, gy: Floats) -> tuple[npt.NDArray[np.intp], Floats]:
    """The main directions of each place: its number, and an angle (a place may have two)."""
    n = len(gx)
    weight = np.hypot(gx, gy) * _NEAR
    which = np.floor(np.arctan2(gy, gx) / (2 * np.pi) * _BINS).astype(int) % _BINS
    flat = (np.arange(n)[:, None] * _BINS + which).ravel()
    counts: Floats = np.bincount(flat, weight.ravel(), n * _BINS).reshape(n, _BINS)
    for _ in range(3):  # smoothed
        counts = (np.roll(counts, 1, 1) + counts + np.roll(counts, -1, 1)) / 3
    before, after = np.roll(counts, 1, 1), np.roll(counts, -1, 1)
    peak = (counts > before) & (counts >= after) & (counts >= 0.8 * counts.max(1, keepdims=True))
    owner, place = np.nonzero(peak)
    left, mid, right = (each[owner, place] for each in (before, counts, after))
    angle = (place + 0.5 + _vertex(right - left, left + right - 2 * mid)) * (2 * np.pi / _BINS)
    return owner, angle.astype(np.float32)


def _soft(along: Floats) -> Floats:
    """How much of each sample falls to each cell: (samples, cells), linear between middles."""
    place = (along + 1) / 2 * _CELLS - 0.5
    return np.asarray(np.maximum(0, 1 - np.abs(place[:, None] - np.arange(_CELLS))))


_CELL = np.einsum("nj,ni->nji", _soft(_GY), _soft(_GX)).reshape(_SAMPLES**2, -1)
_CELL = (_CELL * _NEAR[:, None]).astype(np.float32)


def _histograms(gx: Floats, gy: Floats, angle: Floats) -> Floats:
    """The descriptors: in each of 4 by 4 cells, how much gradient there is in 8 directions."""
    size = np.hypot(gx, gy)
    turn = (np.arctan2(gy, gx) - angle[:, None]) / (2 * np.pi) * _DIRECTIONS
    low = np.floor(turn)
    share = (turn - low).astype(np.float32)
    first = low.astype(np.intp) % _DIRECTIONS
    soft = np.zeros((*size.shape, _DIRECTIONS), np.float32)
    flat, sample = soft.reshape(-1), np.arange(size.size).reshape(size.shape) * _DIRECTIONS
    flat[sample + first] = size * (1 - share)
    flat[sample + (first + 1) % _DIRECTIONS] = size * share
    found = np.matmul(_CELL.T, soft).reshape(len(gx), -1)
    for _ in range(2):
        found /= np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-6)
        found = np.minimum(found, _LARGEST)
    return np.asarray(found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-6))
