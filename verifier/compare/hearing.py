"""What a comparison of sound needs of each side: its peaks, and where there is anything to hear."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ledger.vocabulary import Fingerprint
from verifier.fingerprint.peaks import (
    PEAKS,
    RATE,
    PeakFinder,
    Peaks,
    Samples,
    format_peaks,
    parse_peaks,
)

from .spectrum import Spectrograph, Spectrum

STEP = 0.025  # seconds
_BLOCK = round(RATE * STEP)  # samples
_QUIET = -60.0  # dB of full scale: below it is silence anywhere
_FAINT = 30.0  # dB below the loud parts of the recording: below it is a pause, with room noise
_ABOVE_NOISE = 4.0  # dB above the quietest parts is more than their noise,
_NEVER_A_PAUSE = 12.0  # unless it is so few dB below the loud parts: steady sound has no pauses
_NOTHING = Peaks(np.zeros(0), np.zeros(0))


@dataclass(frozen=True, slots=True)
class Heard:
    """A recording as it is compared: seconds of it, its peaks, and which steps are not a pause.

    `sounding` and `spectrum` are None where only the recorded fingerprints are at hand.
    """

    duration: float
    peaks: Peaks
    sounding: npt.NDArray[np.bool_] | None = None
    spectrum: Spectrum | None = None

    def bits(self) -> bytes:
        """The peaks as a fingerprint spells them; nothing where there are none."""
        return format_peaks(self.peaks.numbers()) if len(self.peaks) else b""

    def sounds_at(self, times: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """Whether there is more than a pause at these times; yes where that is not known."""
        if self.sounding is None or not len(self.sounding):
            return np.ones(len(times), np.bool_)
        places = np.clip((times / STEP).astype(np.int64), 0, len(self.sounding) - 1)
        return self.sounding[places]


def hear(blocks: Iterable[Samples]) -> Heard:
    """Listen to blocks of mono samples at peaks.RATE, in little memory."""
    finder, held, powers, count = PeakFinder(), np.zeros(0, np.float32), [np.zeros(0)], 0
    spectrograph = Spectrograph()
    for block in spectrograph.listen(finder.listen(blocks)):
        count += len(block)
        held = np.concatenate((held, block))
        whole = len(held) // _BLOCK * _BLOCK
        powers.append(np.square(held[:whole], dtype=np.float64).reshape(-1, _BLOCK).mean(axis=1))
        held = held[whole:]
    levels = 10 * np.log10(np.concatenate(powers) + 1e-12)
    peaks, spectrum = _peaks(finder.fingerprints()), Spectrum(spectrograph.rows())
    return Heard(count / RATE, peaks, levels > _pause(levels), spectrum)


def _pause(levels: npt.NDArray[np.float64]) -> float:
    """The level in dB below which there is but a pause."""
    if not len(levels):
        return _QUIET
    quiet, loud = (float(np.percentile(levels, share)) for share in (5, 95))
    return max(_QUIET, loud - _FAINT, min(quiet + _ABOVE_NOISE, loud - _NEVER_A_PAUSE))


def recorded(fingerprints: Sequence[Fingerprint]) -> Heard:
    """What the recorded fingerprints tell of an original; raises FormatError for malformed bits."""
    peaks = _peaks(fingerprints)
    return Heard(float(peaks.times[-1]) if len(peaks) else 0.0, peaks)


def _peaks(fingerprints: Sequence[Fingerprint]) -> Peaks:
    for each in fingerprints:
        if each.algorithm == PEAKS and each.version == 1:
            return parse_peaks(each.bits)
    return _NOTHING
