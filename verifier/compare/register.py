"""Find how the original lies in the suspect, from luma alone.

Distinct places known again in both vote for a map (features.py), in the picture and mirrored; the
best maps, and a few plain ones, are refined (refine.py), and what the two pictures then have in
common decides whether they are related at all.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .features import Features, find_features
from .refine import refine, view
from .warp import Matrix, Plane, limited, scaling

SUSPECT_SIDE = 192
ORIGINAL_SIDE = 128
THRESHOLD = 7.0


@dataclass(frozen=True, slots=True, eq=False)
class Registration:
    """Where the original lies: `matrix` maps parts of the suspect to parts of the original."""

    matrix: Matrix
    score: float
    likeness: float


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A picture made ready: `register` takes it in place of luma, and need not do so again."""

    plane: Plane
    features: Features


def prepare(luma: npt.NDArray[np.generic], longest: int) -> Prepared:
    plane = limited(np.asarray(luma, np.float32), longest)
    return Prepared(plane, find_features(plane))


def register(suspect: Prepared, original: Prepared) -> Registration | None:
    found = best(suspect, original)
    return found if found is not None and found.score >= THRESHOLD else None


def best(suspect: Prepared, original: Prepared) -> Registration | None:
    candidates = _hypotheses(suspect, original)
    tried = []
    for votes, matrix in candidates:
        refined = refine(suspect.plane, original.plane, matrix, 48, steps=5)
        if refined is None:
            continue
        judged = _judge(suspect.plane, original.plane, refined, 64)
        if judged: tried.append(judged)
    if not tried:
        return None
    first = max(tried, key=lambda each: each.score)
    refined = refine(suspect.plane, original.plane, first.matrix, 128, steps=6)
    last = refined is not None and _judge(suspect.plane, original.plane, refined, 128)
    return last or None


def _judge(suspect: Plane, original: Plane, matrix: Matrix, longest: int) -> Registration | None:
    seen = view(suspect, original, matrix, longest)
    if seen is None:
        return None
    like = seen.likeness()
    return Registration(matrix, like * np.sqrt(seen.mask.sum() / 25), like)


def _hypotheses(suspect: Prepared, original: Prepared):
    height, width = suspect.plane.shape
    flip = np.array([[-1.0, 0, 1], [0, 1, 0], [0, 0, 1]])
    to_pixels = scaling(width, height)
    oh, ow = original.plane.shape
    from_pixels = scaling(1 / ow, 1 / oh)
    found = []
    for features, back in ((suspect.features, np.eye(3)), (suspect.features.mirrored(width), flip)):
        for votes, similarity in _agreeing(features, original.features):
            found.append((votes, from_pixels @ similarity @ to_pixels @ back))
    found.sort(key=lambda each: -each[0])
    return found[:3]


def _agreeing(ours: Features, theirs: Features, most: int = 2):
    if not len(ours.places) or not len(theirs.places):
        return []
    alike = ours.descriptors @ theirs.descriptors.T
    pick = alike.argmax(1)
    top = alike[np.arange(len(pick)), pick]
    good = top > 0.6
    i, j = np.nonzero(good)[0], pick[good]
    if not len(i):
        return []
    scale = theirs.scales[j] / ours.scales[i]
    angle = theirs.angles[j] - ours.angles[i]
    a = scale * np.exp(1j * angle)
    p = ours.places[i] @ np.array([1, 1j])
    q = theirs.places[j] @ np.array([1, 1j])
    t = q - a * p
    # each hypothesis k applied to every match m
    off = np.abs(a[:, None] * p[None] + t[:, None] - q[None])
    near = np.exp(-(off / (0.03 * 128 )) ** 2/2)
    ratio = np.abs(np.log2(scale[:, None] / scale[None]))
    turn = np.abs((angle[:, None] - angle[None] + np.pi) % (2 * np.pi) - np.pi)
    w = near * np.exp(-(ratio / 0.4) ** 2 / 2) * np.exp(-(turn / 0.35) ** 2 / 2)
    gain = w @ (top[good] - 0.5)
    result = []
    for k in np.argsort(-gain)[:most]:
        result.append((float(gain[k]), _fit(p, q, w[k], a[k], t[k])))
    return result


def _fit(p, q, w, a, t) -> Matrix:
    """Least-squares similarity, weighted."""
    s = w.sum()
    pm, qm = (w * p).sum() / s, (w * q).sum() / s
    den = (w * np.abs(p - pm) ** 2).sum()
    if den > 30 * s:
        b = (w * np.conj(p - pm) * (q - qm)).sum() / den
        if 0.7 < abs(b) / abs(a) < 1.4:
            a, t = b, qm - b * pm
    return np.array([[a.real, -a.imag, t.real], [a.imag, a.real, t.imag], [0, 0, 1]])
