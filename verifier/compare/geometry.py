"""How the frames of a suspect clip lie over those of the original: found once for the whole clip.

A clip's times are not known yet, so frames are tried pair by pair: over all sizes and both ways
round, their fine structures are laid over one another (normalised correlation by Fourier transform,
counting only where both are seen: Padfield, Masked object registration, 2012). The best few are
checked against all frames of the original, and refined on the pairs that then agree best.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import numpy as np
import numpy.typing as npt
from scipy import fft

from .placement import Box, Frames, Placement, fine_structure, shape_of, spread

Spectra = npt.NDArray[np.complex64]

_GRID = 128  # of the Fourier transforms: twice the long side of a thumbnail
_OURS, _THEIRS = 8, 16  # frames that are tried in pairs
_CHECKED = (16, 300)  # of the suspect, of the original, that a placement is checked on
_SIZES = np.geomspace(0.35, 2.9, 44)  # the original's size over the suspect's
_LEAST_OVERLAP = 0.5  # of the smaller of the two frames
_USUAL_OVERLAP = 0.85  # likewise: a crop lies wholly inside the original
_GOOD = 0.84  # fit above which the plainest placement needs no search
_BANNER = 0.25  # of the height: more than any banner takes
_BETTER = 0.05  # that the fit without a banner has to be better by: it is of fewer pixels
_STRETCHED = 0.03  # from which frames of another shape may have been stretched to it
_STILL, _EVEN = 2.0, 8.0  # a border moves less in time, and differs less along itself (levels)
_FINE = 4  # pixels of the original: coarser structure is left out
_EVENLY = 1.0  # how much it weighs, against what is seen, that both sides are scaled alike


def find_placement(
    suspect: Frames, original: Frames, even: float = 1.0
) -> tuple[Placement, Box, Box, float]:
    """The placement, and how well it fits (-1 to 1), last.

    Between them the part of the suspect that is not border, and the part of that by which it was
    found: a banner at the foot or the head of frames is left out of it. `even` is how many times as
    much it scales across as down where nothing is stretched: frames have whole pixels, so that
    theirs are not quite square.
    """
    box, other = content_box(suspect), content_box(original)
    ours = suspect[spread(len(suspect), _CHECKED[0])]
    theirs = original[spread(len(original), _CHECKED[1])]
    plain = _fitted(
        [
            over(box, other, even),
            over(box, other, even, mirrored=True, width=suspect.shape[2]),
        ],
        ours,
        theirs,
        box,
    )
    (placement, fit), part = plain, box
    for without, least in ((box, 0.0), *((each, _BETTER) for each in _without_banner(box))):
        if fit >= _GOOD:
            break
        found = _fitted(list(_searched(ours, theirs, without, even)), ours, theirs, without)
        if found[1] > fit + least:
            (placement, fit), part = found, without
    return placement, box, part, fit


def _without_banner(box: Box) -> Iterator[Box]:
    """What is left of a box without its foot, and without its head."""
    left, top, right, bottom = box
    banner = round((bottom - top) * _BANNER)
    yield left, top, right, bottom - banner
    yield left, top + banner, right, bottom


def content_box(frames: Frames, slack: float = 1.0) -> Box:
    """What is left when still, even borders are cut off; the whole if that would be nothing.

    With more `slack` than 1, what is so many times less still and less even is a border too.
    """
    some = frames[spread(len(frames), 64)]
    _, height, width = some.shape
    moves = some.std(0)
    mean = some.mean(0)
    box = []
    for axis, length in ((0, width), (1, height)):
        border = (moves.max(axis) < slack * _STILL) & (np.ptp(mean, axis) < slack * _EVEN)
        inside = np.flatnonzero(~border)
        box.append((int(inside[0]), int(inside[-1]) + 1) if len(inside) else (0, length))
    (left, right), (top, bottom) = box
    if right - left < 6 or bottom - top < 6:
        return 0, 0, width, height
    return left, top, right, bottom


def over(box: Box, other: Box, even: float, *, mirrored: bool = False, width: int = 0) -> Placement:
    """One box over the other; no more stretched than a row of a border at either side tells."""
    left, top, right, bottom = box
    if mirrored:
        left, right = width - right, width - left
    across, down = (other[2] - other[0]) / (right - left), (other[3] - other[1]) / (bottom - top)
    stretched = across / down / even
    if abs(np.log(stretched)) < 2 / min(right - left, bottom - top):
        across, down = across / stretched**0.5, down * stretched**0.5
    middle = (other[0] + other[2]) / 2, (other[1] + other[3]) / 2
    offset = middle[0] - across * (left + right) / 2, middle[1] - down * (top + bottom) / 2
    return Placement((across, down), offset, mirrored)


def _searched(ours: Frames, theirs: Frames, box: Box, even: float) -> Iterator[Placement]:
    """The few placements at which some pair of frames correlates best."""
    some = fine_structure(theirs[spread(len(theirs), _THEIRS)], _FINE)
    turned = _Turned(some, np.ones(some.shape[1:], bool))
    content = ours[spread(len(ours), _OURS), box[1] : box[3], box[0] : box[2]]
    found: list[tuple[float, Placement]] = []
    for mirrored in (False, True):
        facing = content[:, :, ::-1] if mirrored else content
        for size, aspect in product(_SIZES.tolist(), _aspects(ours, theirs, even)):
            scale = size * aspect**0.5, size / aspect**0.5
            shape = round(facing.shape[1] * scale[1]), round(facing.shape[2] * scale[0])
            if max(shape) > _GRID - max(some.shape[1:]) or min(shape) < 8:
                continue
            plain = Placement(scale, (0.0, 0.0), mirrored=False)
            laid = fine_structure(plain.laid(facing, shape), _FINE)
            score, down, across = turned.best(_Turned(laid, np.ones(shape, bool)))
            left = suspect_left(box, ours.shape[2], mirrored)
            offset = (across - plain.scale[0] * left, down - plain.scale[1] * box[1])
            found.append((score, Placement(plain.scale, offset, mirrored)))
    found.sort(key=lambda each: -each[0])
    yield from (placement for _, placement in found[:6])


def _aspects(ours: Frames, theirs: Frames, even: float) -> list[float]:
    """How many times as much the suspect may be scaled across as down: evenly, or stretched."""
    (height, width), (high, wide) = shape_of(ours), shape_of(theirs)
    stretched = wide * height / (high * width)
    return [even, stretched] if abs(np.log(stretched / even)) > _STRETCHED else [even]


def suspect_left(box: Box, width: int, mirrored: bool) -> int:
    """The left edge of the content, as seen when the suspect is mirrored back."""
    return width - box[2] if mirrored else box[0]


class _Turned:
    """Frames, their squares and where they are seen, as Fourier transforms."""

    def __init__(self, frames: Frames, seen: npt.NDArray[np.bool_]) -> None:
        self.shape = seen.shape
        masked = frames * seen
        self.frames = self._turn(masked)
        self.squares = self._turn(masked**2)
        self.seen = self._turn(seen.astype(np.float32)[None])
        self.area = float(seen.sum())

    @staticmethod
    def _turn(frames: Frames) -> Spectra:
        return np.asarray(fft.rfft2(frames, (_GRID, _GRID)), np.complex64)

    def best(self, laid: "_Turned") -> tuple[float, int, int]:
        """How far to move `laid`, down and across, so that each frame correlates best with some.

        The first value is that correlation.
        """

        def back(one: Spectra, other: Spectra) -> Frames:
            return np.asarray(fft.irfft2(one * np.conj(other), (_GRID, _GRID)), np.float32)

        overlap = back(self.seen, laid.seen)[0]
        enough = overlap > max(_LEAST_OVERLAP * min(self.area, laid.area), 40)
        safe = np.maximum(overlap, 1)
        theirs, their_squares = back(self.frames, laid.seen), back(self.squares, laid.seen)
        ours, our_squares = back(self.seen, laid.frames), back(self.seen, laid.squares)
        their_spread = np.sqrt(np.maximum(their_squares - theirs**2 / safe, safe * 0.5))
        our_spread = np.sqrt(np.maximum(our_squares - ours**2 / safe, safe * 0.5))
        share = np.minimum(1, overlap / (_USUAL_OVERLAP * min(self.area, laid.area)))
        likely = enough * (0.7 + 0.3 * share)
        best = np.full((len(laid.frames), _GRID, _GRID), -1, np.float32)
        for row in range(len(self.frames)):
            products = back(self.frames[row][None], laid.frames) - theirs[row] * ours / safe
            best = np.maximum(best, products / (their_spread[row] * our_spread) * likely)
        # A place that fits one frame only is where something moved to.
        score = best.mean(0) - _chance(safe)
        down, across = np.unravel_index(int(score.argmax()), score.shape)
        return float(score.max()), _signed(int(down)), _signed(int(across))


def _chance(pixels: npt.ArrayLike) -> Frames:
    """What unrelated frames of so many pixels correlate by: the fewer they are, the more."""
    return np.asarray(_FINE / np.sqrt(np.maximum(pixels, 1)), np.float32)


def _signed(place: int) -> int:
    return place if place < _GRID // 2 + 16 else place - _GRID


def _fitted(
    placements: list[Placement], ours: Frames, theirs: Frames, box: Box
) -> tuple[Placement, float]:
    """The best of some placements after refining, and the correlation that it reaches."""
    best = (placements[0], -1.0)
    for placement in placements:
        now = placement
        for _ in range(3):
            pairs, score = _pairs(now, ours, theirs, box)
            if score > best[1]:
                best = (now, score)
            if score < 0.1:
                break
            now = _refined(now, ours[pairs[0]], theirs[pairs[1]], box, _aspect(placement))
        score = _pairs(now, ours, theirs, box)[1]
        if score > best[1]:
            best = (now, score)
    return best


def _pairs(
    placement: Placement, ours: Frames, theirs: Frames, box: Box
) -> tuple[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]], float]:
    """For the better half of our frames the frame that it fits best, and how well they fit."""
    shape = shape_of(theirs)
    seen = placement.seen(box, ours.shape[2], shape)
    content = (box[2] - box[0]) * (box[3] - box[1]) * placement.scale[0] * placement.scale[1]
    share = float(seen.sum()) / max(min(content, shape[0] * shape[1]), 1.0)
    if seen.sum() < 40 or share < _LEAST_OVERLAP:
        return (np.zeros(1, np.int64), np.zeros(1, np.int64)), -1.0
    left = _unit(fine_structure(placement.laid(ours, shape), _FINE)[:, seen])
    right = _unit(fine_structure(theirs, _FINE)[:, seen])
    scores = left @ right.T
    best = scores.argmax(1)
    values = scores.max(1)
    order = np.argsort(-values)[: max(1, (len(values) + 1) // 2)]
    whole = min(1.0, share / _USUAL_OVERLAP)
    fit = float(np.median(values[order])) * (0.7 + 0.3 * whole) - float(_chance(seen.sum()))
    return (order, best[order]), fit


def _unit(rows: Frames) -> Frames:
    rows = rows - rows.mean(1, keepdims=True)
    lengths = np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 5.0)
    return np.asarray(rows / lengths, np.float32)


def _aspect(placement: Placement) -> float:
    return placement.scale[0] / placement.scale[1]


def _refined(
    placement: Placement, ours: Frames, theirs: Frames, box: Box, aspect: float | None
) -> Placement:
    """One step of Gauss and Newton on scale and offset, gain and grey left free.

    `aspect` is how many times as much it scales across as down, unless the frames say otherwise: a
    banner would stretch it.
    """
    shape = shape_of(theirs)
    now = placement
    for _ in range(3):
        seen = now.seen(box, ours.shape[2], shape)
        if seen.sum() < 40:
            return placement
        laid = fine_structure(now.laid(ours, shape), _FINE)
        wanted = fine_structure(theirs, _FINE)
        down, across = np.gradient(laid, axis=(1, 2))
        y, x = np.meshgrid(np.arange(shape[0]) + 0.5, np.arange(shape[1]) + 0.5, indexing="ij")
        basis = np.stack([across, across * x, down, down * y, laid], -1)[:, seen]
        error = (wanted - laid)[:, seen]
        robust = _trust(error)
        rows = basis.reshape(-1, 5)
        weighted = rows * robust.reshape(-1, 1)
        scale = weighted.T @ rows
        wanted_step = weighted.T @ error.ravel()
        even = np.array([0, -1, 0, 1, 0], np.float32)  # how b and d change the aspect
        weight = _EVENLY * (scale[1, 1] + scale[3, 3]) / 2 if aspect else 0.0
        scale = scale + weight * np.outer(even, even)
        wanted_step = wanted_step + weight * even * np.log((aspect or 1.0) / _aspect(now))
        step = np.linalg.solve(
            scale + np.eye(5) * 1e-3 * np.trace(scale) / 5 * 0.01 + np.eye(5) * 1e-6, wanted_step
        )
        # laid(x + a + b x) fits: what lay at x now lies at (x - a) / (1 + b).
        a, b, c, d = np.clip(step[:4], [-2, -0.05, -2, -0.05], [2, 0.05, 2, 0.05]).tolist()
        now = replace(
            now,
            scale=(now.scale[0] / (1 + b), now.scale[1] / (1 + d)),
            offset=((now.offset[0] - a) / (1 + b), (now.offset[1] - c) / (1 + d)),
        )
        if max(abs(a), abs(c)) < 0.02 and max(abs(b), abs(d)) < 0.001:
            break
    return now


def _trust(error: Frames) -> Frames:
    """Weigh pixels, (pairs, pixels): little where they differ, least where they always do.

    A banner has stronger edges than what it covers, and they would be moved onto anything.
    """
    once = 1 / (1 + (error / (2 * np.median(np.abs(error)) + 1)) ** 2)
    usual = np.sqrt((error**2).mean(0))
    always = 1 / (1 + (usual / (1.5 * np.median(usual) + 1)) ** 2)
    return np.asarray(once * always**2, np.float32)


def refined_on(
    placement: Placement, ours: Frames, theirs: Frames, box: Box, *, evenly: bool = True
) -> Placement:
    """The placement that fits these pairs of frames best, near the one given.

    Without `evenly` its two scales are found apart: what large frames show well enough.
    """
    aspect = _aspect(placement) if evenly else None
    for _ in range(2):
        placement = _refined(placement, ours, theirs, box, aspect)
    return placement


def agreement(placement: Placement, ours: Frames, theirs: Frames, box: Box) -> tuple[float, float]:
    """How alike pairs of frames are in what is fine, and in how that moves (correlations)."""
    shape = shape_of(theirs)
    seen = placement.seen(box, ours.shape[2], shape)
    left = fine_structure(placement.laid(ours, shape), _FINE)[:, seen]
    right = fine_structure(theirs, _FINE)[:, seen]
    alike = float(np.median((_unit(left) * _unit(right)).sum(1)))
    one, other = left - left.mean(0), right - right.mean(0)
    power = float((one**2).sum() * (other**2).sum()) ** 0.5
    return alike, float((one * other).sum()) / max(power, 1e-6)
