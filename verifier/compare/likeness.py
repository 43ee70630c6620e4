"""How badly a small frame of a suspect fits a moment of the original, in nats.

What stands still says nothing about time and most of what differs is the codec's: so frames are
compared in the few directions in which the original moves (its principal components), each divided
by the noise found there. A second measure, the correlation of what is fine in the two frames, tells
whether they can show the same scene at all.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from .lines import Nats, Rows, Times
from .placement import fine_structure
from .timeline import OUTSIDE, nearest

Frames = npt.NDArray[np.floating]  # frames, height, width

DIRECTIONS = 32
_SCENES = 48
_LEARN = 250  # frames, evenly spread, from which directions and noise are learnt
_TEMPER = 0.4  # of the nats: neighbouring pixels and directions repeat each other's errors
_UNTOLD = 3.0  # nats by which moments may differ and yet be told apart by the codec alone
_HINT = 0.05  # of those nats count: enough to choose among moments that are all as likely
_SAME_SCENE = 4.0  # nats that a frame of the right scene costs at most
_OTHER_SCENE = 8.0  # nats more for a frame of another scene
_LEAST_NOISE = 0.2  # grey levels of a pixel that moves: codecs leave out what changes less
_VISIBLE = 12.0  # grey levels of a patch: less may be left out by a codec
_STIR = 0.3  # grey levels that the codec alone moves a pixel
_FLAT = 2.0  # grey levels: fine structure below is as good as none
_SAY = 9  # pairs that decide together
_FAR_NEARER = 0.5  # of the square of a distance: a pair decides by itself
_LATE = 1.5  # frames by which a suspect of few frames a second may show its first late, and
_LATEST = 0.15  # seconds, at most
_TOLERANCE = 0.04  # seconds: a frame may be shown so much early or late


@dataclass(frozen=True, slots=True, eq=False)
class Likeness:
    """A `timeline.Cost` of frames."""

    times: Times
    moments: Times
    ours: Frames  # (n, directions), in units of noise
    theirs: Frames  # (m, directions)
    our_scene: Frames  # (n, d), of length 1
    their_scene: Frames  # (m, d)
    moved: Frames  # (m,), the square of how far the original moves until its next frame
    coarse: Frames  # (m, patches): the original's grey in patches, for what an eye can tell apart
    least: Frames  # (n,), the square of how far the nearest frame of the original is
    usual: float  # correlation of frames that show the same
    early: float  # seconds before the original begins, in which its first frame may be shown
    gap: float  # seconds on the axis between frames, above which nothing is shown

    def block(self, rows: Rows) -> Nats:
        """See `timeline.Cost`."""
        ours = self.ours[rows]
        squares = (
            (ours**2).sum(1)[:, None] + (self.theirs**2).sum(1)[None] - 2 * ours @ self.theirs.T
        )
        return self._nats(
            squares, self.least[rows, None], self.our_scene[rows] @ self.their_scene.T
        )

    def at(self, rows: Rows, moments: Times) -> Nats:
        """See `timeline.Cost`: between two frames, either of them if near, or one in between."""
        flat = moments.reshape(len(rows), -1)
        chosen = np.repeat(rows, flat.shape[1])
        squares, alike, outside = self._at(chosen, flat.ravel(), _TOLERANCE)
        costs = self._nats(squares, self.least[chosen], alike)
        costs[outside] = OUTSIDE
        return costs.reshape(moments.shape)

    def exactly(self, rows: Rows, moments: Times) -> Nats:
        """See `exact.Sharp`: as `at`, but no frame is shown early or late, nor left out."""
        flat = moments.reshape(len(rows), -1)
        chosen = np.repeat(rows, flat.shape[1])
        squares, _, outside = self._at(chosen, flat.ravel(), None)
        excess = np.maximum(0.5 * _TEMPER * (squares - self.least[chosen]), 0)
        costs = -_SAME_SCENE * np.expm1(-excess / _SAME_SCENE)
        costs[outside] = OUTSIDE
        return np.asarray(costs.reshape(moments.shape), np.float32)

    def _at(
        self, rows: Rows, moments: Times, tolerance: float | None
    ) -> tuple[Frames, Frames, npt.NDArray[np.bool_]]:
        """How far frames are from the moments, how alike the scenes, and what lies outside."""
        after = np.searchsorted(self.moments, moments, "right").clip(1, len(self.moments) - 1)
        before = after - 1
        width = self.moments[after] - self.moments[before]
        part = ((moments - self.moments[before]) / width).clip(0, 1)
        ours = self.ours[rows]
        left = _squares(ours - self.theirs[before])
        right = _squares(ours - self.theirs[after])
        moved = self.moved[before]
        mixed = part * (1 - part)
        between = (1 - part) * left + part * right - mixed * moved
        unsure = 1 + mixed * moved / DIRECTIONS
        squares = between / unsure + DIRECTIONS * np.log(unsure)
        if tolerance is not None:
            for near, apart in ((left, part * width), (right, (1 - part) * width)):
                late = np.maximum(apart / tolerance - 1, 0)
                squares = np.minimum(squares, near + DIRECTIONS * late)
        nearer = np.where(part < 0.5, before, after)
        alike = np.einsum("ij,ij->i", self.our_scene[rows], self.their_scene[nearer])
        first, last = self.moments[[0, -1]]
        begins = first if first > self.gap else 0.0  # until the first frame, players show that
        outside = (moments < begins - self.early) | (moments > last + self.gap)
        outside |= (width > self.gap) & (np.minimum(part, 1 - part) * width > self.gap)
        return squares.astype(np.float32), alike, outside

    def told(self, one: Times, other: Times) -> npt.NDArray[np.bool_]:
        """See `timeline.Cost`."""
        left, right = (self.coarse[nearest(self.moments, each)] for each in (one, other))
        return np.asarray(np.abs(left - right).max(1) >= _VISIBLE)

    def nearby(self, rows: Rows, columns: Rows) -> Rows:
        """For each row the column, within two of the one given, that is most like it.

        Those beside it have a say: a line is a little early or late for a while, not for a frame.
        But where a clip was slowed, each is one of two neighbours, now the one and now the other.
        """
        steps = np.arange(-2, 3)
        around = (columns[:, None] + steps).clip(0, len(self.moments) - 1)
        apart = self.ours[rows][:, None] - self.theirs[around]
        squares = (apart**2).sum(2)
        best = ndimage.uniform_filter1d(squares, _SAY, 0, mode="nearest").argmin(1)[:, None]
        beside = np.where(np.abs(steps + 2 - best) <= 1, squares, np.inf).argmin(1)[:, None]
        far, near = (np.take_along_axis(squares, each, 1) for each in (best, beside))
        chosen = np.where(near < _FAR_NEARER * far, beside, best)
        return np.take_along_axis(around, chosen, 1)[:, 0]

    def _nats(self, squares: Frames, least: Frames, alike: Frames) -> Nats:
        excess = np.maximum(0.5 * _TEMPER * (squares - least), 0)
        told = np.maximum(excess - _UNTOLD, 0) + _HINT * np.minimum(excess, _UNTOLD)
        bounded = -_SAME_SCENE * np.expm1(-told / _SAME_SCENE)
        enough = 0.6 * self.usual
        other = np.clip((enough - alike) / enough, 0, 1) * _OTHER_SCENE
        return np.asarray(bounded + other, np.float32)


def _squares(differences: Frames) -> Frames:
    return np.asarray(np.einsum("ij,ij->i", differences, differences), np.float32)


def likeness(
    times: Times,
    suspect: Frames,
    moments: Times,
    original: Frames,
    mask: npt.NDArray[np.bool_],
    pairs: tuple[Rows, Rows] | None = None,
) -> Likeness:
    """Learn the directions and the noise, from `pairs` of frames that show the same if given.

    The frames lie over one another already; `mask` (height, width) tells where both can be seen.
    """
    ours = suspect[:, mask]
    theirs = original[:, mask]
    scenes = _reduced(*(_scene(frames, mask) for frames in (suspect, original)))
    if pairs is None:
        chosen = _spread(len(ours), 300)
        alike = (scenes[0][chosen] @ scenes[1].T).argmax(1)
        weights = _moving(ours[chosen], theirs[alike])
        ours = _toned(ours, ours[chosen] * weights, theirs[alike] * weights)
    else:
        left, right = ours[pairs[0]], theirs[pairs[1]]
        ours = _toned(ours, left, right)
        ours, theirs = ours - ours[pairs[0]].mean(0), theirs - right.mean(0)
        weights = _together(ours[pairs[0]], theirs[pairs[1]])
    directions = _directions((theirs - theirs.mean(0)) * weights, moments)
    a: Frames = (ours * weights) @ directions
    b: Frames = (theirs * weights) @ directions
    floor = 0.02
    if pairs is None:
        floor = 0.08  # the nearest are nearer than what shows the same
        pairs, a = _nearest_pairs(a, b)
    differences = a[pairs[0]] - b[pairs[1]]
    noise = 1.48 * np.median(np.abs(differences - np.median(differences, 0)), 0)
    extent = 1 / np.sqrt(np.maximum((directions**4).sum(0), 1e-9))  # about so many pixels move
    noise = np.maximum(noise, floor * b.std(0) + _LEAST_NOISE * extent)
    usual = float(np.median((scenes[0][pairs[0]] * scenes[1][pairs[1]]).sum(1)))
    gap = float(max(4 * np.median(np.diff(moments)), 0.1)) if len(moments) > 1 else 1.0
    shown_for = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    a, b = a / noise, b / noise
    moved = _squares(np.diff(b, axis=0, append=b[-1:]))
    return Likeness(
        times,
        moments,
        a,
        b,
        *scenes,
        moved=moved,
        coarse=_patches(original, mask),
        least=_least(a, b),
        usual=max(usual, 0.3),
        early=2 * _TOLERANCE + min(_LATE * shown_for, _LATEST),
        gap=gap,
    )


def _patches(frames: Frames, mask: npt.NDArray[np.bool_]) -> Frames:
    """The mean of each patch of 3 by 3 pixels that is wholly seen."""
    whole = ndimage.minimum_filter(mask, 3)
    chosen = np.zeros_like(mask)
    chosen[1::2, 1::2] = True
    return np.asarray(ndimage.uniform_filter(frames, (0, 3, 3))[:, whole & chosen], np.float32)


def _least(ours: Frames, theirs: Frames) -> Frames:
    """The least square of a distance of each of ours to any of theirs."""
    lengths = (theirs**2).sum(1)
    parts = [
        (some**2).sum(1) + (lengths - 2 * some @ theirs.T).min(1)
        for some in np.array_split(ours, -(-len(ours) // 512))
    ]
    return np.concatenate(parts)


def _nearest_pairs(ours: Frames, theirs: Frames) -> tuple[tuple[Rows, Rows], Frames]:
    """Pairs of frames that are near; and ours without what is the same in all differences."""
    chosen = _spread(len(ours), 300)
    for _ in range(3):
        some = ours[chosen]
        squares = (some**2).sum(1)[:, None] + (theirs**2).sum(1)[None] - 2 * some @ theirs.T
        closest = squares.argmin(1)
        ours = ours - np.median(some - theirs[closest], 0)
    return (chosen, closest), ours


def _spread(count: int, most: int) -> Rows:
    return np.unique(np.linspace(0, count - 1, min(count, most)).round()).astype(np.int64)


def _toned(frames: Frames, left: Frames, right: Frames) -> Frames:
    """Frames with the gain and the grey that bring the pixels of `left` to those of `right`."""
    one, other = left - left.mean(), right - right.mean()
    gain = np.sqrt((other * other).sum() / max(float((one * one).sum()), 1e-6))
    gain = float(np.clip(gain, 0.5, 2))
    return np.asarray((frames - left.mean()) * gain + right.mean())


def _moving(ours: Frames, theirs: Frames) -> Frames:
    """Leave out the pixels that move in one of the two only: under a banner, a logo.

    What stands still there is nearest to a still original, and would make any clip seem frozen.
    """
    one, other = ours.std(0) + _STIR, theirs.std(0) + _STIR
    ratio = np.minimum(one / other, other / one)
    return np.asarray(np.clip(1.5 * ratio - 0.3, 0, 1), np.float32)


def _together(ours: Frames, theirs: Frames) -> Frames:
    """Weigh pixels by how much they move together in frames that show the same."""
    one, other = ours - ours.mean(0), theirs - theirs.mean(0)
    spread = np.sqrt((one**2).mean(0) * (other**2).mean(0)) + _STIR**2
    return np.asarray(np.clip(1.5 * (one * other).mean(0) / spread, 0, 1), np.float32)


def _directions(theirs: Frames, moments: Times) -> Frames:
    """Orthonormal directions, (pixels, DIRECTIONS): how frames differ from others a moment on."""
    chosen = _spread(len(theirs), _LEARN)
    step = float(np.median(np.diff(moments))) if len(moments) > 1 else 1.0
    parts: list[Frames] = []
    for lag in (0.2, 1.0):
        ahead = np.minimum(chosen + max(1, round(lag / step)), len(theirs) - 1)
        parts.append(theirs[ahead] - theirs[chosen])
    whole = theirs[chosen]
    parts.append(whole * 0.5)
    rows = np.concatenate(parts)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    usual = float(np.median(lengths[: 2 * len(chosen)]))
    rows = rows * np.minimum(1, 2 * usual / np.maximum(lengths, 1e-6))
    _, _, directions = np.linalg.svd(_sketched(rows), full_matrices=False)
    found = directions[:DIRECTIONS].T
    return np.ascontiguousarray(np.pad(found, ((0, 0), (0, DIRECTIONS - found.shape[1]))))


def _reduced(ours: Frames, theirs: Frames) -> tuple[Frames, Frames]:
    """The scenes in the directions in which the original's are found; others lose length."""
    some = theirs[_spread(len(theirs), _LEARN)]
    _, _, directions = np.linalg.svd(_sketched(some), full_matrices=False)
    return ours @ directions[:_SCENES].T, theirs @ directions[:_SCENES].T


def _sketched(rows: Frames) -> Frames:
    """Fewer rows with nearly the same principal directions (Halko, Martinsson and Tropp, 2011)."""
    few = min(2 * DIRECTIONS, *rows.shape)
    sketch = np.random.default_rng(0).normal(size=(few, len(rows))).astype(np.float32) @ rows
    for _ in range(2):
        basis, _ = np.linalg.qr(sketch.T)
        sketch = (rows @ basis).T @ rows
    return sketch


def _scene(frames: Frames, mask: npt.NDArray[np.bool_]) -> Frames:
    """The fine structure of each frame, of length 1; flat frames are like one another only."""
    fine = fine_structure(frames, 4)
    fine = ndimage.uniform_filter(fine, (0, 2, 2))
    rows = fine[:, mask]
    rows = np.concatenate(
        [rows, np.full((len(rows), 1), _FLAT * np.sqrt(rows.shape[1]), np.float32)], 1
    )
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))
