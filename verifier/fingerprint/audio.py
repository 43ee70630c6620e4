"""Fingerprints of sound: how its spectrum moves, as 32 bits twenty times a second.

Haitsma and Kalker, "A Highly Robust Audio Fingerprinting System", ISMIR 2002, section 4.2: the
sign of the difference, in time, of the difference between neighbouring bands. Here 33 bands from
300 to 3000 Hz (what a telephone lets through), a Hann window of 0.512 s, a step of 0.05 s.

    sound-bands 1   2 bytes: milliseconds in a step, 50; 2 bytes: bits in a word, 32;
                    4 bytes: the number of words; then the words, 4 bytes each

All are unsigned and big-endian. Word n is about the time n * 0.05 s + 0.281 s. A word of zero says
nothing: it was too quiet there. Silence has no fingerprint. `peaks.py` is the fingerprint that
outlasts another tempo or pitch.
"""

import struct
from collections.abc import Iterable, Iterator
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from ledger.errors import FormatError
from ledger.vocabulary import Fingerprint

SOUND = "sound-bands"
VERSION = 1
RATE = 8000  # samples a second
STEP = 400  # samples: 0.05 s
SECONDS_PER_WORD = STEP / RATE
BITS = 32
_WINDOW = 4096  # samples: 0.512 s
_BANDS = BITS + 1
_LOWEST, _HIGHEST = 300, 3000  # Hz
_QUIET = 1e-8  # mean square in the bands, -80 dB of full scale: below it is silence anywhere
_FAINT = 3e-5  # of the loud parts of the recording (45 dB below them): below it is room noise
_AT_ONCE = 512  # windows transformed together
_HEADER = struct.Struct(">HHI")
_STEP_MILLISECONDS = 1000 * STEP // RATE

Words = npt.NDArray[np.uint32]


def fingerprint_samples(blocks: Iterable[npt.NDArray[np.float32]]) -> tuple[Fingerprint, ...]:
    """Fingerprint blocks of mono samples at RATE; nothing for silence, or less than 0.562 s."""
    energies = np.concatenate(list(_band_energies(blocks)) or [np.zeros((0, _BANDS), np.float32)])
    if len(energies) < 2:
        return ()
    slopes = np.diff(energies, axis=1)
    words = np.packbits(np.diff(slopes, axis=0) > 0, axis=1).view(">u4")[:, 0].astype(np.uint32)
    levels = energies.sum(axis=1)
    floor = max(_QUIET, _FAINT * float(np.percentile(levels, 95)))
    words[np.minimum(levels[1:], levels[:-1]) < floor] = 0
    if not words.any():
        return ()
    return (Fingerprint(SOUND, VERSION, format_words(words)),)


def _band_energies(
    blocks: Iterable[npt.NDArray[np.float32]],
) -> Iterator[npt.NDArray[np.float32]]:
    """Yield rows of the mean square in each band, one row for each step."""
    shape = np.hanning(_WINDOW).astype(np.float32)
    spread = _spread() * np.float32(2 / (_WINDOW * np.square(shape).sum()))
    size = _WINDOW + (_AT_ONCE - 1) * STEP
    for part in _overlapping(blocks, size, _WINDOW - STEP):
        windows = np.lib.stride_tricks.sliding_window_view(part, _WINDOW)[::STEP]
        spectrum = np.fft.rfft(windows * shape)
        yield ((spectrum.real**2 + spectrum.imag**2) @ spread).astype(np.float32)


def _overlapping(
    blocks: Iterable[npt.NDArray[np.float32]], size: int, overlap: int
) -> Iterator[npt.NDArray[np.float32]]:
    """Cut a stream into parts of `size` samples that share `overlap`; the last may be shorter."""
    held = np.zeros(0, np.float32)
    for block in blocks:
        held = np.concatenate((held, block))
        while len(held) >= size:
            yield held[:size]
            held = held[size - overlap :]
    if len(held) >= _WINDOW:
        yield held


def _spread() -> npt.NDArray[np.float32]:
    """Return the matrix that adds the lines of a spectrum up into bands of equal ratio."""
    lines = np.fft.rfftfreq(_WINDOW, 1 / RATE)
    edges = np.geomspace(_LOWEST, _HIGHEST, _BANDS + 1)
    inside = [(lines >= low) & (lines < high) for low, high in pairwise(edges)]
    return np.stack(inside, axis=1).astype(np.float32)


def format_words(words: Words) -> bytes:
    """Encode words in the layout above."""
    return _HEADER.pack(_STEP_MILLISECONDS, BITS, len(words)) + words.astype(">u4").tobytes()


def parse_words(data: bytes) -> Words:
    """Read what `format_words` writes; raises FormatError for anything else."""
    if len(data) < _HEADER.size:
        raise FormatError(f"a sound's fingerprint cannot have {len(data)} bytes")
    step, bits, count = _HEADER.unpack_from(data)
    if (step, bits) != (_STEP_MILLISECONDS, BITS) or len(data) != _HEADER.size + 4 * count:
        raise FormatError("a sound's fingerprint has another step, width or length than it says")
    words = np.frombuffer(data, ">u4", offset=_HEADER.size).astype(np.uint32)
    if not words.any():
        raise FormatError("a sound's fingerprint says nothing")
    return words
