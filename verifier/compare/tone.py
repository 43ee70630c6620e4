"""Giving the original the tone and the sharpness of the suspect, so that only content is left.

Robustly: what was edited does not pull the tone, and what was clipped says nothing about it.
"""

from collections.abc import Iterable

import numpy as np
from scipy import ndimage

from .warp import Mask, Plane

_BLURS = (0.0, 0.4, 0.6, 0.8, 1.0, 1.3, 1.7, 2.2, 3.0)  # pixels, tried to match the two
_FINER = (0.88, 0.94, 1.06, 1.12)  # times the best of them
_PREFERRED = 1.05  # times so much more alike must the two be by blurring the suspect
_SHARES = 0.299, 0.587, 0.114  # of red, green and blue in luma
_BLACK, _WHITE = 8, 247  # grey levels: beyond these a tone may be clipped


def curve(laid: Plane) -> list[Plane]:
    """What sums to any usual change of brightness, contrast and gamma."""
    return [laid, laid**2 / 128, laid**3 / 128**2, np.sqrt(128 * np.maximum(laid, 0))]


def fit_tone(planes: Iterable[Plane], target: Plane, mask: Mask) -> Plane:
    """A constant, and how much of each plane to add, to come nearest to the target."""
    a = np.stack([np.ones_like(target), *planes], -1)[mask].astype(np.float64)
    b = target[mask].astype(np.float64)
    scale = np.abs(a).mean(0) + 1e-6
    a /= scale
    dark, bright = b <= _BLACK, b >= _WHITE
    within = ~(dark | bright)
    weight = np.where(within, 1.0, 0.01)
    for _ in range(6):
        weighted = a * weight[:, None]
        normal = weighted.T @ a + np.eye(a.shape[1]) * 1e-4 * len(b)
        fit = np.linalg.solve(normal, weighted.T @ b)
        over = a @ fit - b
        away = np.abs(over)
        # What was clipped says that the tone is not within, and nothing more.
        told = within | (bright & (over < 0)) | (dark & (over > 0))
        weight = told / (1 + (away / max(2 * float(np.median(away)), 1.0)) ** 2)
    return np.asarray(fit / scale)


def toned(planes: Iterable[Plane], fit: Plane) -> Plane:
    """The constant and the sum of the planes, by what `fit_tone` found; clipped to 0 to 255."""
    total = sum(plane * share for plane, share in zip(planes, fit[1:], strict=True))
    return np.clip(np.asarray(fit[0] + total, np.float32), 0, 255)


def matching_blurs(suspect: Plane, original: Plane, mask: Mask) -> tuple[float, float]:
    """By how much to blur the suspect or the original, whichever is sharper."""
    softer = {sigma: _left(suspect, soft(original, sigma), mask) for sigma in _BLURS}
    # Blurring makes any two pictures more alike: of the suspect, it must do so by more than a bit.
    other = {
        sigma: _PREFERRED * _left(soft(suspect, sigma), original, mask) for sigma in _BLURS[1:5]
    }
    best, least = min(softer, key=softer.__getitem__), min(other, key=other.__getitem__)
    if other[least] < softer[best]:
        return least, 0.0
    near = [best * by for by in _FINER] if best else []
    softer |= {sigma: _left(suspect, soft(original, sigma), mask) for sigma in near}
    return 0.0, min(softer, key=softer.__getitem__)


def soft(plane: Plane, sigma: float) -> Plane:
    """Blurred by a Gaussian of `sigma` pixels."""
    return np.asarray(ndimage.gaussian_filter(plane, sigma, truncate=3)) if sigma else plane


def _left(one: Plane, other: Plane, mask: Mask) -> float:
    return float(np.abs(one - other)[mask].mean())


def channels(luma: Plane, blue: Plane, red: Plane) -> list[Plane]:
    """Red, green and blue of luma and the two colour differences (ITU-T T.871)."""
    b, r = blue - 128, red - 128
    return [luma + 1.402 * r, luma - 0.344 * b - 0.714 * r, luma + 1.772 * b]


def clipped(luma: Plane, blue: Plane, red: Plane) -> Mask:
    """Where red, green or blue is about as dark or as bright as it can be."""
    levels = np.stack(channels(luma, blue, red))
    return np.asarray((levels.min(0) < _BLACK) | (levels.max(0) > _WHITE))


def toned_by_channel(suspect: list[Plane], original: list[Plane], mask: Mask) -> Plane:
    """The original's luma, once each of its channels has the tone of the suspect's.

    Planes are luma and the two colour differences. Unlike a tone of luma, this knows what becomes
    of a strong colour of which one channel is clipped.
    """
    total = np.zeros_like(suspect[0])
    ours, theirs = channels(*suspect), channels(*original)
    for number, share in enumerate(_SHARES):
        planes = [*curve(theirs[number]), *theirs[:number], *theirs[number + 1 :]]
        total += np.float32(share) * toned(planes, fit_tone(planes, ours[number], mask))
    return total
