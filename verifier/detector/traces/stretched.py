"""Whether a recording was made longer or shorter with its pitch kept. Pure.

To keep the pitch, sound is cut into pieces of equal length that are laid over one another at
another distance (WSOLA: Verhelst and Roelands, ICASSP 1993; the phase vocoder: Flanagan and Golden
1966). What is loud is made to fit; noise does not fit, and grows faint in the middle of each seam,
so that its level beats with the distance of the pieces: a line in the spectrum of the envelope,
where nothing that was recorded has one so narrow.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import median_filter
from scipy.signal import butter, sosfilt

from .floor import RATE, Floats, Samples

_BANDS = ((700, 1500), (1500, 2500), (2500, 3600), (3600, 5000), (5000, 6500), (6500, 7800))  # Hz
_STEP = 32  # samples of one value of the envelope: 2 ms
_SMOOTH = 33  # values: what changes more slowly is taken out
_AROUND = 3.0  # Hz on each side, that a line is held against
_DISTANCES = {  # a second: pieces of a power of two of samples, of which ffmpeg's filter joins half
    "512 samples of 16,000 a second": 16_000 / 512,
    "1024 samples of 44,100 a second": 44_100 / 1024,
    "1024 samples of 48,000 a second": 48_000 / 1024,
}
_SHORTEST = 4.0  # seconds


@dataclass(frozen=True, slots=True)
class Beat:
    """The clearest beat: how many a second, of what pieces, how far above its surroundings."""

    rate: float
    pieces: str
    strength: float


def beat(sound: Samples) -> Beat | None:
    """The clearest beat of the distances that programs join pieces at; None for short sound.

    Its strength is the power of the line over the median around it, the mean of six bands.
    """
    if len(sound) < _SHORTEST * RATE:
        return None
    spectra = [_lines(sound, band) for band in _BANDS]
    frequencies = np.fft.rfftfreq(len(sound) // _STEP, _STEP / RATE)
    mean = np.mean(spectra, 0)
    best = None
    for pieces, rate in _DISTANCES.items():
        at = round(rate / frequencies[1])
        strength = float(mean[at - 1 : at + 2].max())
        if best is None or strength > best.strength:
            best = Beat(rate, pieces, strength)
    return best


def _lines(sound: Samples, band: tuple[int, int]) -> Floats:
    """The power spectrum of the envelope of a band, over its median around each frequency."""
    heard = sosfilt(butter(3, band, "bandpass", fs=RATE, output="sos").astype(np.float32), sound)
    count = len(heard) // _STEP
    power = np.square(heard[: count * _STEP].reshape(count, _STEP)).mean(1, dtype=np.float64)
    level = np.log(power + 1e-10) / 2
    level -= np.convolve(level, np.ones(_SMOOTH) / _SMOOTH, "same")
    spectrum = np.square(np.abs(np.fft.rfft(np.clip(level, -1.5, 1.5) * np.hanning(count))))
    reach = max(8, round(_AROUND * count * _STEP / RATE))
    return _over_median(spectrum, reach)


def _over_median(spectrum: Floats, reach: int) -> Floats:
    """Divide by the median within `reach`; of long spectra, the median of a coarser one."""
    coarse = max(1, reach // 32)
    some = spectrum[::coarse]
    around = median_filter(some, 2 * (reach // coarse) + 1)
    over: Floats = spectrum / (np.repeat(around, coarse)[: len(spectrum)] + 1e-12)
    return over
