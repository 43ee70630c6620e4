"""Whether a picture, or a part of it, was made larger, smaller or turned. Pure.

Interpolated pixels are sums of their neighbours, in a pattern that repeats; how well each is
foretold by them repeats likewise, and its spectrum has a peak: A. Popescu and H. Farid, "Exposing
digital forgeries by detecting traces of resampling" (IEEE TSP 53, 2005); A. Gallagher, "Detection
of linear and cubic interpolation in JPEG compressed images" (CRV 2005); M. Kirchner, "Fast and
reliable resampling detection by spectral analysis of fixed linear predictor residue" (MM&Sec
2008), whose predictor this is. Eighths of the sampling frequency are left out: JPEG's blocks peak
there, and at a half what a camera's colour filter leaves. Statistic: the height of the highest
peak over its surroundings.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from .blocks import Counts, Floats, Mask, Plane

WINDOW = 256  # pixels: what one spectrum is taken of
_STEP = 128
_PREDICTOR = np.array([[-0.25, 0.5, -0.25], [0.5, 0, 0.5], [-0.25, 0.5, -0.25]], np.float32)
_LEFT_OUT = 2  # bins around each eighth
_LOW = 12  # bins: slower changes are the picture's own
_SAME = 2  # bins: peaks so near are one


@dataclass(frozen=True, slots=True, eq=False)
class Resampled:
    """The highest peak of the whole, and that of each window.

    `frequency` is the peak's, across and down, in cycles a pixel; `strength` its height over its
    surroundings. `heights` are the peaks of the windows at any frequency, `windows` those that have
    one at the frequency most have, `window_strength` the least of its heights but for one in four;
    `beside` is how high the others together are at that frequency, 0 where there are none.
    """

    frequency: tuple[float, float]
    strength: float
    heights: Counts
    windows: Mask
    window_strength: float
    beside: float


def resampled(luma: Plane) -> Resampled | None:
    """Look for a periodic pattern; None where the plane is smaller than a window."""
    if min(luma.shape) < WINDOW:
        return None
    unlike = luma - ndimage.convolve(luma, _PREDICTOR)
    foretold = np.exp(-(unlike * unlike) / 4).astype(np.float32)
    rows, columns = ((side - WINDOW) // _STEP + 1 for side in luma.shape)
    heights = np.zeros((rows, columns))
    places = np.zeros((rows, columns, 2), int)
    spectra = np.zeros((rows, columns, WINDOW, WINDOW // 2 + 1), np.float32)
    taper = np.hanning(WINDOW).astype(np.float32)
    for row in range(rows):
        for column in range(columns):
            top, left = row * _STEP, column * _STEP
            spectrum = _spectrum(foretold[top : top + WINDOW, left : left + WINDOW], taper)
            spectra[row, column] = spectrum
            heights[row, column], places[row, column] = _peak(spectrum)
    strength, place = _peak(spectra.sum((0, 1), dtype=np.float64))
    windows, window_strength = _agreeing(heights, places)
    beside = 0.0
    others = ~ndimage.binary_dilation(windows, np.ones((3, 3)))
    if windows.any() and others.any():
        at = places[windows][int(np.argmax(heights[windows]))]
        height = _heights(spectra[others].sum(0, dtype=np.float64))
        near = [np.roll(height, (y, x), (0, 1)) for y in (-1, 0, 1) for x in (-1, 0, 1)]
        beside = float(np.max(near, 0)[at[0], at[1]])
    down = float(np.fft.fftfreq(WINDOW)[place[0]])
    return Resampled((place[1] / WINDOW, down), strength, heights, windows, window_strength, beside)


def _spectrum(plane: Plane, taper: Plane) -> Floats:
    spread = plane.std()
    if spread < 1e-3:
        return np.zeros((WINDOW, WINDOW // 2 + 1))
    even = (plane - plane.mean()) / spread * taper[:, None] * taper[None]
    return np.asarray(np.abs(np.fft.rfft2(even)) ** 2)


def _looked_at() -> Mask:
    down = np.abs(np.fft.fftfreq(WINDOW) * WINDOW)[:, None]
    right = np.arange(WINDOW // 2 + 1)[None]
    eighth = WINDOW // 8

    def near(bins: Floats) -> Mask:
        return np.asarray(np.abs((bins + eighth / 2) % eighth - eighth / 2) <= _LEFT_OUT)

    on_lattice = near(down) & near(right)
    return np.asarray(~on_lattice & (np.hypot(down, right) >= _LOW))


_LOOKED_AT = _looked_at()


def _heights(spectrum: Floats) -> Floats:
    """Each frequency over the mean around it, 0 where it is not looked at."""
    around = ndimage.uniform_filter(spectrum, (17, 17), mode="wrap")
    # On the axes every picture is strong: a peak must stand out along them, too.
    across = ndimage.uniform_filter1d(spectrum, 17, axis=1)
    down = ndimage.uniform_filter1d(spectrum, 17, axis=0, mode="wrap")
    level = np.maximum(np.maximum(around, across), down)
    return np.where(_LOOKED_AT, spectrum / (level + 1e-9), 0)


def _peak(spectrum: Floats) -> tuple[float, tuple[int, int]]:
    """The height of the highest peak, and where it is."""
    height = _heights(spectrum)
    place = np.unravel_index(int(np.argmax(height)), height.shape)
    # A mean over 17 bins holds the peak itself, and can be exceeded 17 times at most.
    value = float(height[place])
    return 16 * value / max(17 - value, 1e-3), (int(place[0]), int(place[1]))


def _agreeing(heights: Counts, places: npt.NDArray[np.int64]) -> tuple[Mask, float]:
    """The windows whose peak is at the frequency that most strong ones have."""
    nothing = np.zeros(heights.shape, bool), 0.0
    strong = heights > np.median(heights)
    if not strong.any():
        return nothing
    listed, weight = places[strong], np.log1p(heights[strong])
    near = np.abs(listed[:, None] - listed[None]).max(2) <= _SAME
    best = listed[int(np.argmax(near @ weight))]
    agree = np.abs(places - best).max(2) <= _SAME
    labels, count = ndimage.label(agree, np.ones((3, 3)))
    if not count:
        return nothing
    sizes = ndimage.sum_labels(np.log1p(heights), labels, np.arange(1, count + 1))
    part = labels == 1 + int(np.argmax(sizes))
    if part.sum() < 2:
        return nothing
    return np.asarray(part), float(np.quantile(heights[part], 0.25)) * float(np.sqrt(part.sum()))
