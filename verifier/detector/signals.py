"""What the points and colours of a face do over time: blinks, jitter, pulse, lips and sound.

Pure arithmetic. Times are in seconds and rise; points are of MediaPipe's canonical face model, of
shape (frames, 468 or more, 2), in pixels. A measurement that the frames cannot give is None.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Seconds = tuple[float, float]

# Corners, then two pairs of points on the lids ("Real-Time Eye Blink Detection", CVWW 2016).
_LEFT_EYE = (33, 133, 160, 144, 158, 153)
_RIGHT_EYE = (362, 263, 385, 380, 387, 373)
_LIPS = (13, 14)  # the inner edges of the lips, in the middle
CORNERS = (33, 263)  # the eyes' outer corners
RIGID = (168, 6, 197, 195, 9, 8, 151, 10, 33, 133, 362, 263, 127, 356)  # what no expression moves

_SHUT = 0.6  # of how far the eyes are usually open: below it they are shut
_LONGEST_BLINK = 0.8  # seconds; what lasts longer is a look down, or sleep
_BLINKS_NEED, _PULSE_NEEDS, _LIPS_NEED = 4.0, 5.0, 3.0  # seconds of frames
_HEART = (0.7, 3.0)  # hertz: 42 to 180 beats a minute
_GRID = 30.0  # samples a second of the pulse
_SOUND_GRID = 50.0
FARTHEST = 0.5  # seconds: lags between lips and sound that are tried


@dataclass(frozen=True, slots=True)
class Pulse:
    """The strongest rhythm of the skin's colour, and how far it stands above the rest."""

    beats: float  # a minute
    decibels: float


@dataclass(frozen=True, slots=True)
class Lips:
    """How well mouth and sound go together at the lag that fits best (seconds, sound after it)."""

    lag: float
    correlation: float


def eye_opening(points: Floats) -> Floats:
    """How far the eyes are open, height by width, the mean of both: (frames,)."""
    both = []
    for corner, other, *lids in (_LEFT_EYE, _RIGHT_EYE):
        width = np.hypot(*(points[:, corner] - points[:, other]).T)
        pairs = [np.hypot(*(points[:, a] - points[:, b]).T) for a, b in (lids[:2], lids[2:])]
        both.append((pairs[0] + pairs[1]) / 2 / np.maximum(width, 1e-6))
    told: Floats = (both[0] + both[1]) / 2
    return told


def mouth_opening(points: Floats) -> Floats:
    """How far the lips are apart, in distances between the eyes' outer corners: (frames,)."""
    apart = np.hypot(*(points[:, _LIPS[0]] - points[:, _LIPS[1]]).T)
    told: Floats = apart / np.maximum(_between_corners(points), 1e-6)
    return told


def blinks(times: Floats, opening: Floats) -> list[Seconds] | None:
    """When the eyes were shut for a moment, each from its first to its last frame."""
    if len(times) < 8 or times[-1] - times[0] < _BLINKS_NEED:
        return None
    usual = np.quantile(opening, 0.75)
    shut = opening < _SHUT * usual
    edges = np.flatnonzero(np.diff(np.concatenate(([False], shut, [False])).astype(int)))
    step = float(np.median(np.diff(times)))
    found = []
    for first, end in zip(edges[::2], edges[1::2], strict=True):
        lasts = float(times[end - 1] - times[first]) + step
        if lasts <= _LONGEST_BLINK and first > 0 and end < len(times):
            found.append((float(times[first]), float(times[first]) + lasts))
    return found


def jitter(times: Floats, points: Floats) -> float | None:
    """How much the points tremble once the head's motion is taken out.

    The root mean square of the second difference over time of points that no expression moves, in
    thousandths of the distance between the eyes' outer corners.
    """
    if len(times) < 8:
        return None
    rigid = points[:, list(RIGID)]
    laid = np.stack([_laid(each, rigid.mean(0)) for each in rigid])
    steps = np.diff(times)
    even = (steps[1:] < 1.5 * np.median(steps)) & (steps[:-1] < 1.5 * np.median(steps))
    second = (laid[2:] - 2 * laid[1:-1] + laid[:-2])[even]
    if len(second) == 0:
        return None
    size = float(np.median(_between_corners(points)))
    # The median over frames: one cut is no tremble.
    each = np.sqrt((second**2).sum(2).mean(1))
    return float(1000 * np.median(each) / max(size, 1e-6))


def pulse(times: Floats, colours: Floats) -> Pulse | None:
    """The pulse in a face's mean colour of shape (frames, 3): red, green, blue.

    "Algorithmic Principles of Remote PPG" (Wang et al., IEEE TBME 2017): the plane orthogonal to
    the skin, in windows of 1.6 s. The signal-to-noise ratio is de Haan's, over 0.7 to 4 Hz.
    """
    if len(times) < 30 or times[-1] - times[0] < _PULSE_NEEDS:
        return None
    grid = np.arange(times[0], times[-1], 1 / _GRID)
    even = np.stack([np.interp(grid, times, colours[:, c]) for c in range(3)], 1)
    signal = _orthogonal_to_skin(even)
    signal = signal - _smoothed(signal, int(_GRID))
    size = 1 << 12
    power = np.abs(np.fft.rfft(signal * np.hanning(len(signal)), size)) ** 2
    hertz = np.fft.rfftfreq(size, 1 / _GRID)
    heart = (hertz >= _HEART[0]) & (hertz <= _HEART[1])
    if not power[heart].any():
        return None
    rate = float(hertz[heart][np.argmax(power[heart])])
    near = (np.abs(hertz - rate) < 0.15) | (np.abs(hertz - 2 * rate) < 0.15)
    band = (hertz >= _HEART[0]) & (hertz <= 4)
    inside, outside = power[near & band].sum(), power[~near & band].sum()
    return Pulse(60 * rate, float(10 * np.log10(inside / max(outside, 1e-12))))


def lips(times: Floats, opening: Floats, heard: Floats, loudness: Floats) -> Lips | None:
    """Compare how far the mouth is open at `times` with loudness (decibels) at `heard`."""
    start, end = max(times[0], heard[0]), min(times[-1], heard[-1])
    if len(times) < 30 or end - start < _LIPS_NEED:
        return None
    grid = np.arange(start, end, 1 / _SOUND_GRID)
    mouth = _without_drift(np.interp(grid, times, opening))
    sound = _without_drift(np.interp(grid, heard, loudness))
    if mouth.std() < 1e-4 or sound.std() < 1e-2:
        return None
    best, most = 0.0, -2.0
    reach = int(FARTHEST * _SOUND_GRID)
    for lag in range(-reach, reach + 1):
        a, b = (mouth[: len(mouth) - lag], sound[lag:]) if lag >= 0 else (mouth[-lag:], sound[:lag])
        told = float(np.corrcoef(a, b)[0, 1])
        if told > most:
            best, most = lag / _SOUND_GRID, told
    return Lips(best, most)


def loudness(samples: Floats, rate: int, *, step: float = 0.02) -> tuple[Floats, Floats]:
    """Times and decibels of steps of a recording, no lower than 50 below the loudest."""
    size = max(1, int(rate * step))
    whole = samples[: len(samples) // size * size].reshape(-1, size)
    power = 10 * np.log10((whole**2).mean(1) + 1e-10)
    times = np.arange(len(power), dtype=np.float64) * step + step / 2
    floored: Floats = np.maximum(power, float(power.max(initial=-100.0)) - 50)
    return times, floored


def _between_corners(points: Floats) -> Floats:
    told: Floats = np.hypot(*(points[:, CORNERS[0]] - points[:, CORNERS[1]]).T)
    return told


def _laid(points: Floats, wanted: Floats) -> Floats:
    """Points of shape (n, 2) shifted, turned and scaled to lie over others, by least squares."""
    a, b = (each[:, 0] + 1j * each[:, 1] for each in (points, wanted))
    centred = a - a.mean()
    factor = np.vdot(centred, b - b.mean()) / max(float(np.vdot(centred, centred).real), 1e-12)
    told = centred * factor + b.mean()
    return np.stack((told.real, told.imag), 1)


def _orthogonal_to_skin(colours: Floats) -> Floats:
    length = int(1.6 * _GRID)
    told = np.zeros(len(colours))
    for start in range(len(colours) - length + 1):
        part = colours[start : start + length]
        part = part / np.maximum(part.mean(0), 1e-6)
        first = part[:, 1] - part[:, 2]
        second = part[:, 1] + part[:, 2] - 2 * part[:, 0]
        mixed = first + first.std() / max(float(second.std()), 1e-9) * second
        told[start : start + length] += mixed - mixed.mean()
    return told


def _without_drift(values: Floats) -> Floats:
    smooth = _smoothed(values, 5)
    told: Floats = smooth - _smoothed(smooth, int(2 * _SOUND_GRID))
    return told


def _smoothed(values: Floats, width: int) -> Floats:
    """The mean of `width` neighbours, fewer at the ends."""
    kernel = np.ones(min(width, len(values)))
    sums = np.convolve(values, kernel, "same")
    told: Floats = sums / np.convolve(np.ones(len(values)), kernel, "same")
    return told
