"""Fingerprints of sound: where its spectrum peaks, about twenty times a second.

Wang, "An Industrial-Strength Audio Search Algorithm", ISMIR 2003, section 2.1: local maxima of the
spectrogram outlast codecs, noise and other voices. Six and Leman, "Panako", ISMIR 2014, lays them
on an axis of pitch, so that another speed or tempo shifts and stretches what lies between them and
changes none of its ratios (`triplets.py`). Here pitches go from 220 Hz up by 48 semitones, with a
Hann window of 0.1 s and a step of 0.0125 s; a peak is the highest point within 0.075 s and a
semitone, and one of the twenty highest within half a second on either side.

    sound-peaks 1   2 bytes: milliseconds in a step of time, 4; 2 bytes: steps of pitch in a
                    semitone, 5; 4 bytes: the number of peaks; then the peaks, 4 bytes each: 24 bits
                    of time, 8 of pitch

All are unsigned and big-endian, and the peaks grow strictly. Peaks after 18.6 hours are left out.
Silence has no fingerprint.
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.fft import rfft
from scipy.ndimage import maximum_filter

from ledger.errors import FormatError
from ledger.vocabulary import Fingerprint

PEAKS = "sound-peaks"
VERSION = 1
RATE = 8000  # samples a second
SECONDS_PER_STEP = 0.004
STEPS_PER_SEMITONE = 5
LEAST_PEAKS = 8  # fewer can neither be found nor tell anything
_WINDOW = 800  # samples: 0.1 s
_HOP = 100  # samples: 0.0125 s
_LINES = 1024  # samples transformed: the window, and zeros
_LOWEST = 220.0  # Hz
_PITCHES_PER_SEMITONE = 3
_PITCHES = 146  # to 3580 Hz: what a telephone lets through, and a little more
HIGHEST = (_PITCHES - 1) / _PITCHES_PER_SEMITONE  # semitones above _LOWEST
_APART_IN_TIME = 6  # hops: 0.075 s
_APART_IN_PITCH = 3  # a semitone
_MOST = 20  # peaks within _AROUND on either side
_AROUND = 0.5  # seconds
_QUIET = -75.0  # dB of full scale, of one line: below it is silence anywhere
_FAINT = 45.0  # dB below the loud parts of the recording: below it is room noise
_AT_ONCE = 512  # windows transformed together
_HEADER = struct.Struct(">HHI")
_LATEST = (1 << 24) - 1
_HIGHEST = (_PITCHES - 1) * STEPS_PER_SEMITONE // _PITCHES_PER_SEMITONE

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Peaks:
    """Peaks in the order of their times, in seconds; pitches are semitones above 220 Hz."""

    times: npt.NDArray[np.float64]
    pitches: npt.NDArray[np.float64]

    def __len__(self) -> int:
        """How many there are."""
        return len(self.times)

    def between(self, start: float, end: float) -> "Peaks":
        """Those from `start` up to `end`, in seconds."""
        first, last = np.searchsorted(self.times, (start, end))
        return Peaks(self.times[first:last], self.pitches[first:last])

    def numbers(self) -> npt.NDArray[np.uint32]:
        """Each as time << 8 | pitch, in steps."""
        times = np.rint(self.times / SECONDS_PER_STEP).astype(np.int64)
        pitches = np.rint(self.pitches * STEPS_PER_SEMITONE).astype(np.int64)
        return (times << 8 | pitches).astype(np.uint32)


class PeakFinder:
    """Finds the peaks of a stream of mono samples at RATE, in little more memory than they take."""

    def __init__(self) -> None:
        self._held = np.zeros(0, np.float32)
        self._first = 0  # the hop at which the held samples begin
        self._found: list[npt.NDArray[np.float64]] = []  # rows of time, pitch and level
        self._levels: list[Samples] = []
        self._shape = np.hanning(_WINDOW).astype(np.float32)

    def listen(self, blocks: Iterable[Samples]) -> Iterator[Samples]:
        """Pass blocks on to whoever else wants them, and find their peaks."""
        for block in blocks:
            self.add(block)
            yield block

    def add(self, block: Samples) -> None:
        """Go on with the next samples."""
        self._held = np.concatenate((self._held, block))
        size = _WINDOW + (_AT_ONCE - 1) * _HOP
        while len(self._held) >= size:
            self._search(self._held[:size])
            kept = _AT_ONCE - 2 * _APART_IN_TIME  # hops; the rest is looked at again
            self._held = self._held[kept * _HOP :]
            self._first += kept

    def fingerprints(self) -> tuple[Fingerprint, ...]:
        """End, and return the fingerprint; none for silence."""
        if len(self._held) >= _WINDOW + 2 * _HOP:
            self._search(self._held, last=True)
        self._held = np.zeros(0, np.float32)
        if not self._found:
            return ()
        rows = np.concatenate(self._found)
        loud = float(np.percentile(np.concatenate(self._levels), 95))
        rows = _strongest(rows[rows[:, 2] >= max(_QUIET, loud - _FAINT)])
        numbers = _numbers(rows)
        if len(numbers) < LEAST_PEAKS:
            return ()
        return (Fingerprint(PEAKS, VERSION, format_peaks(numbers)),)

    def _search(self, samples: Samples, *, last: bool = False) -> None:
        """Find peaks, but near the ends of what was given only where the recording ends there."""
        levels = _levels(samples, self._shape)
        highest = maximum_filter(
            levels, (2 * _APART_IN_TIME + 1, 2 * _APART_IN_PITCH + 1), mode="nearest"
        )
        first = _APART_IN_TIME if self._first else 1
        end = len(levels) - (1 if last else _APART_IN_TIME)
        self._levels.append(levels[first:end].max(axis=1))
        inside = (slice(first, end), slice(1, -1))
        hops, pitches = np.nonzero((levels[inside] == highest[inside]) & (levels[inside] >= _QUIET))
        hops, pitches = hops + first, pitches + 1
        middle = levels[hops, pitches]
        later = _vertex(levels[hops - 1, pitches], middle, levels[hops + 1, pitches])
        higher = _vertex(levels[hops, pitches - 1], middle, levels[hops, pitches + 1])
        times = ((self._first + hops + later) * _HOP + _WINDOW / 2) / RATE
        semitones = (pitches + higher) / _PITCHES_PER_SEMITONE
        self._found.append(np.stack((times, semitones, middle), axis=1))


def fingerprint_peaks(blocks: Iterable[Samples]) -> tuple[Fingerprint, ...]:
    """Fingerprint blocks of mono samples at RATE; nothing for silence."""
    finder = PeakFinder()
    for block in blocks:
        finder.add(block)
    return finder.fingerprints()


def _levels(samples: Samples, shape: Samples) -> Samples:
    """The level in dB of full scale at each pitch, one row for each hop."""
    lines = _LOWEST * 2 ** (np.arange(_PITCHES) / (12 * _PITCHES_PER_SEMITONE)) * _LINES / RATE
    below = lines.astype(np.int64)
    share = (lines - below).astype(np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(samples, _WINDOW)[::_HOP]
    spectrum = rfft(windows * shape, _LINES)
    power = spectrum.real**2 + spectrum.imag**2
    mixed = power[:, below] * (1 - share) + power[:, below + 1] * share
    full = np.square(shape.sum() / 2)  # of a sine at full scale
    return np.asarray(10 * np.log10(mixed / full + 1e-12), np.float32)


def _vertex(before: Samples, middle: Samples, after: Samples) -> npt.NDArray[np.float64]:
    """Where between -0.5 and 0.5 the parabola through three levels is highest."""
    bend = np.minimum(before - 2 * middle + after, -1e-6).astype(np.float64)
    return np.asarray(np.clip((before - after) / bend / 2, -0.5, 0.5), np.float64)


def _strongest(rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Leave out a peak that has _MOST stronger ones around it."""
    rows = rows[np.argsort(rows[:, 0], kind="stable")]
    times, levels = rows[:, 0], rows[:, 2]
    stronger = np.zeros(len(rows), np.int64)
    for step in range(1, len(rows)):
        near = times[step:] - times[:-step] <= _AROUND
        if not near.any():
            break
        stronger[:-step] += near & (levels[step:] > levels[:-step])
        stronger[step:] += near & (levels[:-step] > levels[step:])
    return rows[stronger < _MOST]


def _numbers(rows: npt.NDArray[np.float64]) -> npt.NDArray[np.uint32]:
    times = np.rint(rows[:, 0] / SECONDS_PER_STEP).astype(np.int64)
    pitches = np.rint(rows[:, 1] * STEPS_PER_SEMITONE).astype(np.int64)
    told = times <= _LATEST
    numbers = times[told] << 8 | np.clip(pitches[told], 0, _HIGHEST)
    return np.unique(numbers).astype(np.uint32)


def format_peaks(numbers: npt.NDArray[np.uint32]) -> bytes:
    """Encode peaks, each time << 8 | pitch in steps, in the layout above."""
    milliseconds = round(1000 * SECONDS_PER_STEP)
    header = _HEADER.pack(milliseconds, STEPS_PER_SEMITONE, len(numbers))
    return header + numbers.astype(">u4").tobytes()


def parse_numbers(data: bytes) -> npt.NDArray[np.uint32]:
    """Read what `format_peaks` writes; raises FormatError for anything else."""
    if len(data) < _HEADER.size:
        raise FormatError(f"the peaks of a sound cannot have {len(data)} bytes")
    *steps, count = _HEADER.unpack_from(data)
    expected = [round(1000 * SECONDS_PER_STEP), STEPS_PER_SEMITONE]
    if steps != expected or len(data) != _HEADER.size + 4 * count:
        raise FormatError("the peaks of a sound have other steps or another length than they say")
    numbers = np.frombuffer(data, ">u4", offset=_HEADER.size).astype(np.uint32)
    if count < LEAST_PEAKS or not (numbers[1:] > numbers[:-1]).all():
        raise FormatError("the peaks of a sound are too few or out of order")
    if int((numbers & 0xFF).max()) > _HIGHEST:
        raise FormatError("a peak of a sound is higher than any can be")
    return numbers


def parse_peaks(data: bytes) -> Peaks:
    """`parse_numbers` in seconds and semitones."""
    return peaks_of(parse_numbers(data))


def peaks_of(numbers: npt.NDArray[np.uint32]) -> Peaks:
    """Peaks, each time << 8 | pitch in steps, in seconds and semitones."""
    steps = numbers.astype(np.float64)
    times = np.floor(steps / 256)
    return Peaks(times * SECONDS_PER_STEP, (steps - 256 * times) / STEPS_PER_SEMITONE)
