"""Parts of a recording that were heard before, sample by sample. Pure.

Nobody says a word twice so that the waves agree. So stretches whose spectrum comes again are held
against one another as waves (copy-move in sound: Yan, Yang and Huang, "Robust copy-move detection
of speech recording using similarities of pitch and formant", IEEE T-IFS 14, 2019, and others).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .floor import HOP, RATE, Floats, Samples

_EVERY = 2  # frames of `floor.levels` from one that is compared to the next: 20 ms
_COMPARED = 20  # such frames of a stretch that is looked for elsewhere: 0.4 s
_QUERIES_EVERY = 10  # of them, from one stretch to the next
_CANDIDATES = 60  # stretches that are held against one another as waves
_REACH = 480  # samples by which these may be shifted: 30 ms
_AUDIBLE = 15.0  # decibels of a stretch's spread, below which it is a pause or a tone
_EVEN = 0.85  # of waves that agree so well at other shifts too, nothing can be said: it is a tone


@dataclass(frozen=True, slots=True)
class Copy:
    """A part (seconds), where it was heard before, and how well the waves agree (0 to 1)."""

    start: float
    end: float
    source: float
    score: float


def copied(sound: Samples, decibels: Floats) -> Copy | None:
    """The part that agrees best with an earlier one, of samples and their levels."""
    rows = (decibels - decibels.mean(0))[::_EVERY].astype(np.float32)
    best, at = 0.0, (0, 0)
    for _, source, again in _candidates(rows)[:_CANDIDATES]:
        first, other = source * _EVERY * HOP, again * _EVERY * HOP
        score, shift = _agreement(sound, first, other)
        if score > best:
            best, at = score, (first, other + shift)
    return _grown(sound, *at, best) if best else None


def _candidates(rows: npt.NDArray[np.float32]) -> list[tuple[float, int, int]]:
    """Pairs of stretches whose spectra differ least, against how they differ from most."""
    found = []
    squares = np.square(rows).sum(1)
    for first in range(0, len(rows) - 2 * _COMPARED, _QUERIES_EVERY):
        ours = rows[first : first + _COMPARED]
        if float(ours.mean(1).std() + ours.std(0).mean()) < _AUDIBLE / 3:
            continue
        theirs = rows[first + _COMPARED :]
        table = squares[first + _COMPARED :][None] - 2 * ours @ theirs.T
        offsets = table.shape[1] - _COMPARED + 1
        total = np.zeros(offsets, np.float32)
        for k in range(_COMPARED):
            total += table[k, k : k + offsets]
        apart = total + float(np.square(ours).sum())
        at = int(np.argmin(apart))
        usual = float(np.median(apart))
        found.append((float(apart[at]) / max(usual, 1e-3), first, first + _COMPARED + at))
    return sorted(found)


def _agreement(sound: Samples, first: int, other: int) -> tuple[float, int]:
    """How well the waves of two stretches agree (their correlation), and at which shift."""
    size = _COMPARED * _EVERY * HOP
    begin = max(0, other - _REACH)
    ours, theirs = sound[first : first + size], sound[begin : other + size + _REACH]
    if len(ours) < size or len(theirs) < size + 2:
        return 0.0, 0
    ours, theirs = np.diff(ours), np.diff(theirs)  # what is low would agree too easily
    length = 1 << (len(theirs) + len(ours)).bit_length()
    product = np.fft.irfft(np.fft.rfft(theirs, length) * np.conj(np.fft.rfft(ours, length)), length)
    shifts = len(theirs) - len(ours) + 1
    sums = np.concatenate(([0.0], np.cumsum(np.square(theirs, dtype=np.float64))))
    power = sums[len(ours) : len(ours) + shifts] - sums[:shifts]
    loud = float(np.square(ours, dtype=np.float64).sum())
    if loud < 1e-7 * size:
        return 0.0, 0
    alike = product[:shifts] / np.sqrt(np.maximum(power * loud, 1e-12))
    at = int(np.argmax(alike))
    others = np.delete(alike, slice(max(0, at - 32), at + 33))  # more than 2 ms away
    if len(others) and others.max() > _EVEN * alike[at]:
        return 0.0, 0
    return min(1.0, float(alike[at])), begin + at - other


def _grown(sound: Samples, first: int, other: int, score: float) -> Copy:
    """See how far two parts agree, in steps of 25 ms."""
    step, offset = RATE // 40, other - first
    start, end = other, other + _COMPARED * _EVERY * HOP
    while start - step >= offset and _alike(sound, start - step, offset, step) > score / 2:
        start -= step
    while end + step <= len(sound) and _alike(sound, end, offset, step) > score / 2:
        end += step
    return Copy(start / RATE, end / RATE, (start - offset) / RATE, score)


def _alike(sound: Samples, at: int, offset: int, size: int) -> float:
    ours, theirs = sound[at - offset : at - offset + size], sound[at : at + size]
    power = float(np.sqrt(np.square(ours).sum() * np.square(theirs).sum()))
    return float(ours @ theirs) / power if power > 1e-9 else 0.0
