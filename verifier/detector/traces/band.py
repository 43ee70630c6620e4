"""Up to which frequency a recording was heard before it came into this file. Pure.

Encoders leave out what lies above a frequency that they choose by bit rate, at once and entirely
(D'Alessandro and Shi, "MP3 bit rate quality detection through frequency spectrum analysis", ACM
MM&Sec 2009). Rooms and microphones do not: there it fades.
"""

from collections.abc import Iterable

import numpy as np

from .floor import Samples

_SIZE = 4096  # samples of a spectrum
_LONGEST = 60  # seconds that are looked at
_DROP, _WITHIN = 25.0, 500.0  # decibels that the level falls by, within so many Hz
_QUIET = 6.0  # decibels by which what is above may vary
_UP_TO = 0.92  # of what the file can hold: every converter has its own filter above


def highest(blocks: Iterable[Samples], rate: int) -> float | None:
    """The frequency (Hz) above which nothing is heard; None where sound fades, or fills the file.

    Raises Unreadable as the blocks do.
    """
    total, count = np.zeros(_SIZE // 2 + 1), 0
    window = np.hanning(_SIZE)
    for block in blocks:
        whole = len(block) // _SIZE
        frames = np.nan_to_num(block[: whole * _SIZE].reshape(whole, _SIZE)).clip(-8, 8)
        total += np.square(np.abs(np.fft.rfft(frames * window, axis=1))).sum(0)
        count += whole
        if count * _SIZE > _LONGEST * rate:
            break
    if count < 4:
        return None
    smooth = np.convolve(total / count, np.ones(9) / 9, "same")
    level = 10 * np.log10(smooth + 1e-12)
    step = max(1, round(_WITHIN * _SIZE / rate))
    fall = level[:-step] - level[step:]
    last = round(_UP_TO * len(level)) - step
    places = np.flatnonzero(fall[:last] >= _DROP)
    for at in places[places * rate / _SIZE > 2000]:
        above = level[at + 2 * step : round(0.98 * len(level))]
        if len(above) and above.max() <= level[at + step] + _QUIET:
            return float((at + step) * rate / _SIZE)
    return None
