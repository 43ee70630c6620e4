"""A coarse spectrum of a recording: tells to some 20 ms where peaks are too few to tell.

Twenty bands of equal ratio from 200 to 3600 Hz, 80 times a second, in half decibels. Two frames are
alike where their bands rise and fall together (Pearson's correlation), whatever their loudness and
colour, and so do three moments together. Pure functions of arrays.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt

RATE = 8000  # samples a second
HOP = 0.0125  # seconds
BANDS = 20
MOST_ROWS = 576_000  # two hours; of what comes after, peaks alone tell
_STEP = round(RATE * HOP)  # samples
_WINDOW = 400  # samples: 0.05 s
_LINES = 512
_LOWEST, _HIGHEST = 200.0, 3600.0  # Hz
_PER_SEMITONE = BANDS / (12 * np.log2(_HIGHEST / _LOWEST))
_AT_ONCE = 1024  # windows transformed together
_LEAST_BANDS = 8  # that two frames share at different pitches
_QUIETEST = 5  # percent of a recording are its noise,
_LOUDEST = 95  # percent of it are below its loud parts
_ABOVE_NOISE = 4.0  # half decibels more still are
_CLEAR = 4.0  # half decibels above its noise, all bands together, is a sound
_APART = 0.025  # seconds: three moments so far apart are compared together, so how sound changes is

Samples = npt.NDArray[np.float32]
Rows = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]


class Spectrograph:
    """Makes the rows of a stream of mono samples at RATE."""

    def __init__(self) -> None:
        self._held = np.zeros(0, np.float32)
        self._rows: list[Rows] = [np.zeros((0, BANDS), np.uint8)]
        self._count = 0
        self._shape = np.hanning(_WINDOW).astype(np.float32)
        self._spread = _spread()

    def listen(self, blocks: Iterable[Samples]) -> Iterator[Samples]:
        """Pass blocks on to whoever else wants them, and make their rows."""
        for block in blocks:
            self._held = np.concatenate((self._held, block))
            while len(self._held) >= _WINDOW + (_AT_ONCE - 1) * _STEP:
                self._transform(_AT_ONCE)
            yield block

    def rows(self) -> Rows:
        """End, and return the rows of levels, of 0.5 dB above -100 dB of full scale."""
        if len(self._held) >= _WINDOW:
            self._transform((len(self._held) - _WINDOW) // _STEP + 1)
        return np.concatenate(self._rows)[:MOST_ROWS]

    def _transform(self, count: int) -> None:
        samples, self._held = self._held, self._held[count * _STEP :]
        if self._count >= MOST_ROWS:
            return
        windows = np.lib.stride_tricks.sliding_window_view(samples, _WINDOW)[::_STEP][:count]
        spectrum = np.fft.rfft(windows * self._shape, _LINES)
        power = (spectrum.real**2 + spectrum.imag**2) @ self._spread
        levels = 10 * np.log10(power / np.square(self._shape.sum() / 2) + 1e-10)
        self._rows.append(np.clip(np.rint(2 * (levels + 100)), 0, 255).astype(np.uint8))
        self._count += count


def _spread() -> Samples:
    """The matrix that averages the lines of a spectrum into bands of equal ratio."""
    lines = np.fft.rfftfreq(_LINES, 1 / RATE)
    edges = np.geomspace(_LOWEST, _HIGHEST, BANDS + 1)
    inside = [(lines >= low) & (lines < high) for low, high in pairwise(edges)]
    return np.stack([each / each.sum() for each in inside], axis=1).astype(np.float32)


@dataclass(frozen=True)
class Spectrum:
    """The rows of a recording; row n is about the time n * HOP + 0.025 s."""

    rows: Rows
    noise: Rows | float = (
        0.0  # half decibels, in each band: what does not rise above it is no sound
    )

    @cached_property
    def _means(self) -> Samples:
        """The mean of each band in dB where the recording is loud."""
        loud = self.rows.mean(axis=1)
        louder = self.rows[loud >= np.median(loud)] if len(loud) else np.zeros((1, BANDS))
        return np.asarray(louder.mean(axis=0) / 2, np.float32)

    @cached_property
    def _levels(self) -> Samples:
        """The rows in dB, each band without its mean."""
        return np.asarray(self.rows.astype(np.float32) / 2 - self._means, np.float32)

    def floor(self) -> Floats:
        """The level of each band, in half decibels, under which lies but noise, or next to it."""
        if not len(self.rows):
            return np.zeros(BANDS)
        return np.asarray(np.percentile(self.rows, _QUIETEST, axis=0) + _ABOVE_NOISE, np.float64)

    def above(self, floor: Floats) -> "Spectrum":
        """The same, drowned in noise of the level `floor` in each band."""
        noise = np.clip(floor, 0, 255).astype(np.uint8)
        return Spectrum(np.maximum(self.rows, noise), noise)

    def is_clear(self, times: Floats, by: float = _CLEAR) -> npt.NDArray[np.bool_]:
        """Whether there is more than noise at times, by so many half decibels over all bands."""
        if not len(self.rows):
            return np.zeros(times.shape, np.bool_)
        places = np.rint((times - _WINDOW / RATE / 2) / HOP)
        over = self._over_noise[np.clip(places, 0, len(self.rows) - 1).astype(np.int64)]
        return np.asarray(over >= by, np.bool_)

    @cached_property
    def _over_noise(self) -> Floats:
        return np.asarray((self.rows - self.noise).mean(axis=1), np.float64)

    @cached_property
    def _loudnesses(self) -> Floats:
        return np.asarray(self.rows.mean(axis=1), np.float64)

    def loudness(self, times: Floats) -> Floats:
        """The mean level of all bands, in half decibels, at times; NaN where there is none."""
        levels, known = self.at(times)
        return np.where(known, 2 * (levels + self._means).mean(axis=-1), np.nan)

    def levels(self, times: Floats, pitches: Floats | None = None) -> Floats:
        """The level in half decibels at times, of all bands or about pitches; NaN where unknown.

        Pitches are semitones above 220 Hz.
        """
        places = np.rint((times - _WINDOW / RATE / 2) / HOP).astype(np.int64)
        known = (places >= -2) & (places < len(self.rows) + 2)
        if not len(self.rows):
            return np.full(len(times), np.nan)
        places = places.clip(0, len(self.rows) - 1)
        if pitches is None:
            found = self._loudnesses[places]
        else:
            bands = (12 * np.log2(220 / _LOWEST) + pitches) * _PER_SEMITONE
            found = self.rows[places, bands.astype(np.int64).clip(0, BANDS - 1)]
        return np.where(known, found, np.nan)

    def below_loud(self, times: Floats) -> float:
        """The mean level in dB at times, less that of the loud parts; 0 where there is none."""
        places = np.rint((times - _WINDOW / RATE / 2) / HOP).astype(np.int64)
        places = places[places < len(self.rows)]
        if not len(places):
            return 0.0
        levels = self._loudnesses / 2
        return float(levels[np.maximum(places, 0)].mean() - np.percentile(levels, _LOUDEST))

    def at(self, times: Floats) -> tuple[Samples, npt.NDArray[np.bool_]]:
        """The levels at times, and which of the times have any."""
        places = (times - _WINDOW / RATE / 2) / HOP
        known = (places >= 0) & (places <= len(self.rows) - 1)
        if len(self.rows) < 2:
            return np.zeros((*times.shape, BANDS), np.float32), np.zeros(times.shape, np.bool_)
        below = np.clip(places.astype(np.int64), 0, len(self.rows) - 2)
        share = np.clip(places - below, 0, 1).astype(np.float32)[..., None]
        levels = self._levels
        return levels[below] * (1 - share) + levels[below + 1] * share, known

    def around(self, times: Floats, rate: Floats | float) -> Samples:
        """The levels before, at and after times, at this rate: three rows for each."""
        return np.stack([self.at(times + step * _APART * rate)[0] for step in (-1, 0, 1)], axis=-2)


def correlation(
    suspect: Spectrum,
    original: Spectrum,
    times: Floats,
    moments: Floats,
    pitch: float,
    rate: Floats | float = 1.0,
) -> Floats:
    """How alike the suspect at `times` is to the original at `moments`; NaN where none is known.

    Both have one shape, and `rate` is seconds of the original in one of the suspect. The suspect
    sounds `pitch` semitones higher.
    """
    shift = pitch * _PER_SEMITONE
    wanted = np.arange(BANDS) - shift
    inside = (wanted >= 0) & (wanted <= BANDS - 1)
    if inside.sum() < _LEAST_BANDS:
        return np.full(times.shape, np.nan)
    below = np.minimum(wanted[inside].astype(np.int64), BANDS - 2)
    share = (wanted[inside] - below).astype(np.float32)
    ours, theirs = suspect.around(times, 1.0)[..., inside], original.around(moments, rate)
    theirs = theirs[..., below] * (1 - share) + theirs[..., below + 1] * share
    ours = ours - ours.mean(axis=(-2, -1), keepdims=True)
    theirs = theirs - theirs.mean(axis=(-2, -1), keepdims=True)
    size = np.sqrt(np.square(ours).sum(axis=(-2, -1)) * np.square(theirs).sum(axis=(-2, -1)))
    alike = (ours * theirs).sum(axis=(-2, -1)) / np.maximum(size, 1e-6)
    known = suspect.at(times)[1] & original.at(moments)[1]
    return np.asarray(np.where(known, alike, np.nan), np.float64)
