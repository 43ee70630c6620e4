"""A picture laid over itself by a move: where both agree, and how much that says. Pure.

A move that was guessed from a few places is first refined until the fine detail of both fits best
(B. Lucas and T. Kanade, "An iterative image registration technique", IJCAI 1981). Then they are
compared cell by cell. A copy agrees wherever there is something to see in it, and what compression
left is all it differs by; the windows of one house agree in their frames alone, and differ by
shadows, curtains and stone.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from .blocks import Floats, Mask, Plane

CELL = 4  # pixels: agreement is told in squares of this side
_WINDOW = 15  # pixels that are compared around each
_ALIKE = 0.6  # correlation
_TEXTURE = 0.6  # mean square of detail, grey levels: less shows nothing but rounding
_LEVEL = 2.0  # grey levels that a smooth cell may differ by
_MARGIN = 96  # pixels around the paired places
_LEAST_PIXELS = 500  # to refine by
_LEAST_CELLS = 20
_HOLE = 5  # cells: half of what a hole in the agreement may measure
_TURNS = 4  # of refining
_STILL = 0.02  # pixels, or of a bend: less is no step
_LONG = 100.0  # pixels: bends are counted over so far, to be of the size of shifts
_ITSELF = 0.2  # of the part lies on the part: a turn about its own middle, no copy
_NOISE = 1.0  # mean square that two copies may differ by, grey levels: what compression leaves
_UNLIKE, _LIKE = 0.8, 0.15  # agreement that windows of one house reach; how much more is certain
_SPARSE, _DENSE = 0.5, 0.4  # share of the part's detail that agrees, likewise
_SHARP = 0.3  # of the likeness that is lost beside the move
_BESIDE = 12  # pixels
_ENOUGH = 150.0  # cells with detail

Affine = npt.NDArray[np.float64]  # (2, 3): where x, y, 1 comes to lie
Box = tuple[slice, slice]


@dataclass(frozen=True, slots=True, eq=False)
class Overlay:
    """A part that stands twice: masks of both in cells of CELL pixels of the plane.

    `move` takes the one to the other. `agreement` is 1 less the share of the detail by which they
    differ beyond noise, `dense` the share of the part's lively cells that agree at all, `lively`
    how many those are. `sharp` is how far they disagree a little along the direction in which they
    change least: 0 for stripes and edges, which are like all of themselves. `evidence` is the
    statistic, 0 to 1.2.
    """

    one: Mask
    other: Mask
    move: Affine
    agreement: float
    dense: float
    lively: float
    sharp: float

    @property
    def alike(self) -> float:
        """How far the agreement is beyond what merely looks alike: 1 for a copy."""
        like = np.clip((self.agreement - _UNLIKE) / _LIKE, 0, 1.2)
        return float(like * np.clip((self.dense - _SPARSE) / _DENSE, 0, 1))

    @property
    def evidence(self) -> float:
        """The same by how much there is, and how certain its place."""
        sharp = np.clip(self.sharp / _SHARP, 0, 1)
        return float(self.alike * sharp * (1 - np.exp(-self.lively / _ENOUGH)))

    @property
    def degrees(self) -> float:
        """How far the copy is turned, clockwise as seen."""
        return float(np.degrees(np.arctan2(self.move[1, 0], self.move[0, 0])))

    @property
    def factor(self) -> float:
        """How many times larger the copy is."""
        return float(np.sqrt(abs(np.linalg.det(self.move[:, :2]))))


@dataclass(frozen=True, slots=True, eq=False)
class Planes:
    """A luma plane as it is compared: a little blurred, and what a wider blur takes from that."""

    soft: Plane
    detail: Plane

    @classmethod
    def of(cls, luma: Plane) -> "Planes":
        """Blur a luma plane (0 to 255)."""
        soft = ndimage.gaussian_filter(luma, 1.0, truncate=3)
        return cls(soft, soft - ndimage.gaussian_filter(luma, 4.0, truncate=3))


def share_seen(planes: Planes, places: Floats) -> float:
    """The share of places, (n, 2) x and y, that have detail around them."""
    level = ndimage.uniform_filter(planes.detail**2, _WINDOW)
    x, y = places.astype(int).T
    rows, columns = level.shape
    seen = level[np.clip(y, 0, rows - 1), np.clip(x, 0, columns - 1)] > _TEXTURE
    return float(seen.mean())


def lay_over(planes: Planes, move: Affine, places: Floats) -> Overlay | None:
    """Lay a picture over itself and mark where it agrees around the places, (n, 2) x and y."""
    if not _is_sane(move):
        return None
    box = _around(places, planes.detail.shape)
    near = _near(places, box)
    for _ in range(_TURNS):
        refined = _refined(planes.detail, move, box, near)
        if refined is None:
            break
        still = np.abs(refined - move).max() < _STILL
        move = refined
        if still:
            break
    return _compared(planes, move, box, near) if _is_sane(move) else None


def _is_sane(move: Affine) -> bool:
    linear = move[:, :2]
    return bool(0.1 < abs(np.linalg.det(linear)) < 10 and np.linalg.cond(linear) < 4)


def _around(places: Floats, shape: tuple[int, ...]) -> Box:
    """The rows and columns that are compared, from the corner of a cell."""
    low, high = places.min(0) - _MARGIN, places.max(0) + _MARGIN + 1
    left, top = (int(max(each, 0)) // CELL * CELL for each in low)
    return np.s_[top : min(shape[0], int(high[1])), left : min(shape[1], int(high[0]))]


def _near(places: Floats, box: Box) -> Mask:
    """The pixels of the box that have a place in their window."""
    held = np.zeros((box[0].stop - box[0].start, box[1].stop - box[1].start), np.float32)
    x, y = (places.astype(int) - (box[1].start, box[0].start)).T
    held[np.clip(y, 0, held.shape[0] - 1), np.clip(x, 0, held.shape[1] - 1)] = 1
    return np.asarray(ndimage.maximum_filter(held, 2 * _WINDOW + 1) > 0)


def _warped(plane: Plane, move: Affine, box: Box) -> Plane:
    """What the move lays on each pixel of the box; NaN outside of the picture."""
    linear = move[:, :2]
    # Places are counted from the picture's corner, array indices from the first pixel's middle.
    shift = linear @ (0.5, 0.5) + move[:, 2] - 0.5 + linear @ (box[1].start, box[0].start)
    shape = (box[0].stop - box[0].start, box[1].stop - box[1].start)
    turned = linear[::-1, ::-1], shift[::-1]
    return np.asarray(ndimage.affine_transform(plane, *turned, shape, order=1, cval=np.nan))


def _slopes(plane: Plane) -> tuple[Floats, Floats]:
    """How much the plane changes a pixel, downwards and to the right."""
    return np.asarray(np.gradient(plane, axis=0)), np.asarray(np.gradient(plane, axis=1))


def _refined(detail: Plane, move: Affine, box: Box, near: Mask) -> Affine | None:
    """One step of Gauss and Newton towards the least difference over what is near."""
    seen = _warped(detail, move, box)
    down, right = _slopes(seen)
    used = near & np.isfinite(down + right)
    if used.sum() < _LEAST_PIXELS:
        return None
    y, x = np.nonzero(used)
    middle = np.array([x.mean(), y.mean()])
    across, along = (x - middle[0]) / _LONG, (y - middle[1]) / _LONG
    slopes = np.stack(
        [slope * by for slope in (right[used], down[used]) for by in (across, along, 1.0)], 1
    ).astype(np.float64)
    error = (detail[box][used] - seen[used]).astype(np.float64)
    weight = 1 / (1 + (error / (2 * np.median(np.abs(error)) + 0.1)) ** 2)
    normal = (slopes * weight[:, None]).T @ slopes
    normal[np.diag_indices(6)] += 1e-3 * np.trace(normal) / 6 + 1e-9
    step = np.linalg.solve(normal, slopes.T @ (weight * error)).reshape(2, 3)
    if np.abs(step).max() > _WINDOW:
        return None
    bend, by = np.eye(2) + step[:, :2] / _LONG, step[:, 2]
    place = middle + np.array([box[1].start, box[0].start]) + 0.5
    linear = move[:, :2] @ bend
    return np.column_stack([linear, move[:, :2] @ (place + by - bend @ place) + move[:, 2]])


def _compared(planes: Planes, move: Affine, box: Box, near: Mask) -> Overlay | None:
    """The cells that agree, and how well."""
    here, seen = planes.detail[box], _warped(planes.detail, move, box)
    known = np.isfinite(seen)
    seen = np.where(known, seen, 0)
    both, one, two = (_cells(each) for each in (here * seen, here * here, seen * seen))
    is_known = _cells(known.astype(np.float32)) > 0.99
    lively = is_known & (np.maximum(one, two) > _TEXTURE)
    is_alike = both > _ALIKE * np.sqrt(np.maximum(one * two, 1e-6))
    alike = lively & is_alike & (np.minimum(one, two) > 0.3 * _TEXTURE)
    core = alike & _holding(_closed(alike, 2), alike & (_cells(near.astype(np.float32)) > 0.5))
    if core.sum() < _LEAST_CELLS:
        return None
    wide = _closed(core, _HOLE)
    level = _cells(np.where(known, planes.soft[box] - _warped(planes.soft, move, box), 0))
    plain = is_known & ~lively & (np.abs(level - np.median(level[core])) < _LEVEL)
    opened = ndimage.binary_opening(wide & (alike | plain), np.ones((3, 3)))
    part = ndimage.binary_fill_holes(_holding(opened, core))
    masks = _laid(part, move, box, planes.soft.shape)
    if not part.any() or (masks[0] & masks[1]).sum() > _ITSELF * part.sum():
        return None
    told = part & is_known
    differs = np.maximum(one + two - 2 * both - _NOISE, 0) / np.maximum(one + two, 1e-6)
    weight = (one + two) / (one + two + 2 * _NOISE)
    count = float(weight[told].sum())
    agreement = 1 - float((weight * differs)[told].sum()) / max(count, 1e-6)
    dense = float((wide & alike).sum()) / float(max((wide & lively).sum(), 1))
    fine = told.repeat(CELL, 0).repeat(CELL, 1)
    sharp = _sharpness(
        here[: fine.shape[0], : fine.shape[1]], seen[: fine.shape[0], : fine.shape[1]], fine
    )
    return Overlay(*masks, move, agreement, dense, count, sharp)


def _sharpness(here: Plane, seen: Plane, told: Mask) -> float:
    """How much likeness is lost where one is moved in the direction in which it changes least."""
    down, right = (each[told] for each in _slopes(here))
    tensor = np.array([[right @ right, right @ down], [right @ down, down @ down]])
    x, y = np.rint(np.linalg.eigh(tensor)[1][:, 0] * _BESIDE).astype(int)
    alike = [
        2 * float(here[told] @ other) / max(float(here[told] @ here[told] + other @ other), 1e-6)
        for sign in (0, -1, 1)
        for other in (np.roll(seen, (sign * y, sign * x), (0, 1))[told],)
    ]
    return alike[0] - max(alike[1:])


def _cells(plane: Floats) -> Floats:
    """The mean around the middle of each whole cell."""
    rows, columns = (side // CELL * CELL for side in plane.shape)
    mean = ndimage.uniform_filter(plane, _WINDOW)
    return np.asarray(mean[CELL // 2 : rows : CELL, CELL // 2 : columns : CELL])


def _closed(mask: Mask, cells: int) -> Mask:
    wide = ndimage.binary_closing(np.pad(mask, cells), np.ones((3, 3)), iterations=cells)
    return np.asarray(wide[cells:-cells, cells:-cells])


def _holding(mask: Mask, wanted: Mask) -> Mask:
    """The connected piece that holds most of what is wanted; nothing where none does."""
    labels, count = ndimage.label(mask)
    held = np.bincount(labels[wanted], minlength=count + 1)
    held[0] = 0
    best = int(np.argmax(held))
    return np.asarray(labels == best) if held[best] else np.zeros_like(mask)


def _laid(part: Mask, move: Affine, box: Box, shape: tuple[int, ...]) -> tuple[Mask, Mask]:
    """The part, and what it comes to lie on, as cells of the whole plane."""
    rows, columns = (-(-side // CELL) for side in shape)
    one, other = np.zeros((rows, columns), bool), np.zeros((rows, columns), bool)
    top, left = box[0].start // CELL, box[1].start // CELL
    one[top : top + part.shape[0], left : left + part.shape[1]] = part
    # Four points of each cell, so that one that is enlarged leaves no holes.
    fine = np.argwhere(one.repeat(2, 0).repeat(2, 1))[:, ::-1] + 0.5
    to = ((fine * CELL / 2 @ move[:, :2].T + move[:, 2]) / CELL).astype(int)
    inside = ((to >= 0) & (to < (columns, rows))).all(1)
    other[to[inside, 1], to[inside, 0]] = True
    return one, other | np.asarray(ndimage.binary_closing(other, np.ones((3, 3))))
