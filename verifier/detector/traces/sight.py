"""Every test of a picture's pixels in one go: each gives a strength, a place, and a map. Pure.

A strength is a test's own; `USUAL` is what 1 of 100 unedited pictures reaches after ordinary
handling, as `python -m bench.detector_traces` measures it. The score that is shown is the strength
over itself and the usual one, so that 0.5 is usual for every test.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from .blocks import SIDE, Floats, Mask
from .copies import CELL as COPY_CELL
from .copies import Copy, find_copy
from .earlier import earlier
from .grid import CELL as GRID_CELL
from .grid import grids, periodicity, votes, zero_in
from .history import history, other_history, quality
from .look import Look
from .noise import CELL as NOISE_CELL
from .noise import noise
from .overlay import CELL as OVERLAY_CELL
from .overlay import Overlay, Planes, lay_over, share_seen
from .pairs import moves
from .resampling import WINDOW, resampled

MOST_PAIRED = 1_200_000  # pixels of the whole in which places are paired

_NATS = 8.0  # that an earlier table gains where it is told: at most 7.3 in pictures saved once
_BEYOND = 0.6  # evidence of a copy that is told: arches and shop windows reached 0.48
_ALL_OF_IT = 2.0  # deviations beside the part: then the whole is interpolated, and no part told

USUAL = {
    "jpeg.compressed-twice": 0.0025,
    "jpeg.region-other-history": 0.025,
    "jpeg.moved-grid": 7.0,
    "jpeg.region-other-grid": 12.0,
    "jpeg.before": 7.0,
    "copy-move": 0.3,
    "resampled": 10.0,
    "resampled.region": 22.0,
    "noise.smooth-region": 150.0,
}


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """What one test saw: its strength, 0 or more, and where.

    `mask` marks the place in squares of `cell` pixels from (`left`, `top`) of the picture as
    stored; None where it is about the whole. `heat` is 0 to 1 in the same squares. `notes` are what
    the sentence needs to know.
    """

    code: str
    strength: float
    notes: Mapping[str, float]
    mask: Mask | None = None
    heat: Floats | None = None
    cell: float = 1.0
    left: int = 0
    top: int = 0

    @property
    def score(self) -> float:
        """Between 0 and 1, 0.5 for what is usual."""
        return self.strength / (self.strength + USUAL[self.code])


def sights(look: Look) -> tuple[Sight, ...]:
    """Ask every test; those that cannot say anything of this picture say nothing."""
    return tuple(sight for ask in ASKED.values() for sight in ask(look))


def of_history(look: Look) -> list[Sight]:
    """An earlier compression on the same grid, and the part that lacks it."""
    if look.jpeg is None or look.jpeg.luma is None:
        return []
    found = history(look.luma, look.jpeg.luma, look.clipped)
    if found is None:
        return []
    strength, before = found.score, quality(found)
    if found.score < USUAL["jpeg.compressed-twice"]:
        fine = earlier(look.luma, look.jpeg.luma, look.clipped)
        if (
            fine is not None
            and (told := fine.nats / _NATS * USUAL["jpeg.compressed-twice"]) > strength
        ):
            strength, before = told, fine.quality
    twice = Sight("jpeg.compressed-twice", strength, {"quality": before} if before else {})
    if found.score < USUAL["jpeg.compressed-twice"]:
        return [twice]
    part = other_history(found)
    heat = np.clip(part.against / 2, 0, 1)
    at = (look.left, look.top)
    return [
        twice,
        Sight("jpeg.region-other-history", part.strength, {}, part.blocks, heat, SIDE, *at),
    ]


def of_steps(look: Look) -> list[Sight]:
    """An earlier compression on another grid, or in a file that is not JPEG on any."""
    own = look.jpeg is not None
    steps = periodicity(look.luma, look.clipped)
    if steps is None:
        return []
    strength = steps.strength.copy()
    if own:
        strength[0, 0] = 0
    down, right = (int(n) for n in np.unravel_index(int(np.argmax(strength)), strength.shape))
    second = float(np.partition(strength.ravel(), -2)[-2])
    clear = max(float(strength[down, right]) - 1.5 * second, 0.0)
    notes = {
        "cut": float(-(look.left + right) % SIDE),
        "cut_down": float(-(look.top + down) % SIDE),
        "step": float(steps.steps[down, right]),
    }
    is_moved = own or notes["cut"] > 0 or notes["cut_down"] > 0
    return [Sight("jpeg.moved-grid" if is_moved else "jpeg.before", clear, notes)]


def of_votes(look: Look) -> list[Sight]:
    """A part that was compressed on another grid than the rest."""
    found = grids(votes(look.luma, zero_in(None if look.jpeg is None else look.jpeg.luma)))
    heat = np.clip(found.share, 0, 1)
    at = (look.left, look.top)
    certainty = found.foreign_certainty
    return [Sight("jpeg.region-other-grid", certainty, {}, found.foreign, heat, GRID_CELL, *at)]


def of_copies(look: Look) -> list[Sight]:
    """A part that stands in the picture twice."""
    straight = find_copy(look.whole)
    plane, further = look.whole, 1
    while plane.size > MOST_PAIRED:
        rows, columns = (side // 2 * 2 for side in plane.shape)
        plane = plane[:rows, :columns].reshape(rows // 2, 2, columns // 2, 2).mean((1, 3))
        further *= 2
    planes = Planes.of(plane)
    found = []
    if straight is not None:
        found.append(_straight(straight, look.factor))
        if straight.score >= USUAL["copy-move"]:
            found = [_confirmed(straight, found[0], planes, further)]
    if not found or found[0].strength < USUAL["copy-move"]:
        laid = (lay_over(planes, *each) for each in moves(plane))
        found += [_overlaid(each, look.factor * further) for each in laid if each is not None]
    return [max(found, key=lambda sight: sight.strength)] if found else []


def _confirmed(copy: Copy, its: Sight, planes: Planes, further: int) -> Sight:
    """A copy of grain, as far as what is larger than grain agrees, too: on lattices it does not."""
    move, places = _move(copy, further)
    found = lay_over(planes, move, places)
    if found is None:
        return replace(its, strength=its.strength * (1 - share_seen(planes, places)))
    wider = _overlaid(found, round(its.cell * further / COPY_CELL))
    return replace(wider, strength=max(wider.strength, its.strength * min(found.alike, 1.0)))


def _straight(copy: Copy, factor: int) -> Sight:
    notes = {"down": copy.by[0] * factor, "right": copy.by[1] * factor}
    both = copy.cells | copy.moved
    return Sight("copy-move", copy.score, notes, both, both * 1.0, float(COPY_CELL * factor))


def _move(copy: Copy, further: int) -> tuple[npt.NDArray[np.float64], Floats]:
    """A copy as a move in a plane that is so many times smaller, and places that it holds."""
    places = (np.argwhere(copy.cells)[:, ::-1] + 0.5) * COPY_CELL / further
    by = np.array(copy.by[::-1]) / further
    return np.column_stack([np.eye(2), by]), places


def _overlaid(found: Overlay, factor: int) -> Sight:
    both = found.one | found.other
    notes = {"degrees": found.degrees, "factor": found.factor}
    if abs(found.degrees) < 0.5 and abs(found.factor - 1) < 0.01:
        middle = (np.argwhere(found.one)[:, ::-1].mean(0) + 0.5) * OVERLAY_CELL
        right, down = found.move[:, :2] @ middle + found.move[:, 2] - middle
        notes = {"down": float(down) * factor, "right": float(right) * factor}
    strength = found.evidence * USUAL["copy-move"] / _BEYOND
    return Sight("copy-move", strength, notes, both, both * 1.0, float(OVERLAY_CELL * factor))


def of_resampling(look: Look) -> list[Sight]:
    """Interpolated pixels, in the whole or in a part."""
    found = resampled(look.luma)
    if found is None:
        return []
    across, down = (abs(each) for each in found.frequency)
    whole = Sight("resampled", found.strength, {"across": across, "down": down})
    share = float(found.windows.mean())
    if share > 0.6 or found.beside > _ALL_OF_IT:
        return [whole]
    heat = np.clip(np.log1p(found.heights) / np.log1p(300), 0, 1) * found.windows
    step = WINDOW / 2
    at = (look.left + WINDOW // 4, look.top + WINDOW // 4)
    region = Sight("resampled.region", found.window_strength, {}, found.windows, heat, step, *at)
    return [whole, region]


def of_noise(look: Look) -> list[Sight]:
    """A part with less noise than the rest."""
    found = noise(look.luma, look.clipped)
    if found is None:
        return []
    lack = np.where(found.law > 0, 1 - found.level / np.maximum(found.law, 0.1), 0)
    at = (look.left, look.top)
    heat = np.clip(lack, 0, 1) * found.smooth
    return [Sight("noise.smooth-region", found.strength, {}, found.smooth, heat, NOISE_CELL, *at)]


ASKED = {
    "history": of_history,
    "steps": of_steps,
    "votes": of_votes,
    "copies": of_copies,
    "resampling": of_resampling,
    "noise": of_noise,
}


def bytes_of(heat: Floats) -> npt.NDArray[np.uint8]:
    """A map of 0 to 1 as it is drawn."""
    return np.asarray(np.rint(np.clip(heat, 0, 1) * 255), np.uint8)
