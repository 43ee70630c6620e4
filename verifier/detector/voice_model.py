"""What was learnt of cloned voices: lines over statistics, one that knows speech, a calibration.

    voice.npz    mean, deviation and line (5717,) of a window's statistics and of what networks
                 tell of it (`voice_network`), and offset;
                 low_line (1685,), low_offset and low_least: what hears low-rate MP3;
                 speech_mean, speech_deviation (10,) and speech_line (21,) with speech_least;
                 lines (n, 2) and bounds (2,); usual (2,): 95 % of recorded voices left out

Written by `bench.training.voice` and then `bench.training.voice_coded`, read only if it has the
digest below.
"""

import io
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .calibration import Calibration
from .weights import held

MODEL = Path(__file__).with_name("voice.npz")
DIGEST = "a941550609697ed8996fd52f4cdefff6f8ebf802e43946b8a8c1307df66703e4"  # SHA-256 of that file

Floats = npt.NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Line:
    """A line through numbers in units of their deviation, none further than four from the mean."""

    mean: Floats
    deviation: Floats
    weights: Floats
    offset: float

    def score(self, told: Floats) -> float:
        """More for what it was taught to hear, of a window's numbers, as many as it has weights."""
        along = ((told - self.mean) / self.deviation).clip(-4, 4)
        return float(along @ self.weights + self.offset)


@dataclass(frozen=True, slots=True)
class Learnt:
    """All that `voice.npz` holds."""

    voice: Line
    low_rate: Line  # of MP3; above 0 for what has been through it
    speech: tuple[Floats, ...]  # mean, deviation, line
    speech_least: float
    calibration: Calibration
    usual: tuple[float, float]  # the scores of 95 % of recorded voices

    def is_speech(self, described: Floats) -> bool:
        """Whether the ten numbers of a window (`voice_domain.describe`) are those of speech."""
        mean, deviation, line = self.speech
        along = (described - mean) / deviation
        return bool(np.concatenate((along, along**2, (1.0,))) @ line > self.speech_least)


def from_bytes(data: bytes) -> Learnt:
    """Read what `bench.training.voice` wrote."""
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        kept = {name: file[name].astype(np.float64) for name in file.files}
    low, high = (float(each) for each in kept["bounds"])
    least, most = (round(float(each), 2) for each in kept["usual"])
    mean, deviation = kept["mean"], kept["deviation"]
    its = slice(len(kept["low_line"]))  # it goes by the statistics alone
    offset = float(kept["low_offset"] - kept["low_least"])
    return Learnt(
        Line(mean, deviation, kept["line"], float(kept["offset"])),
        Line(mean[its], deviation[its], kept["low_line"], offset),
        (kept["speech_mean"], kept["speech_deviation"], kept["speech_line"]),
        float(kept["speech_least"]),
        Calibration(kept["lines"], (low, high)),
        (least, most),
    )


@cache
def trained() -> Learnt:
    """What belongs to this version; raises ToolMissing."""
    return from_bytes(held(MODEL, DIGEST))
