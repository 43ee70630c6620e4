"""What was learnt of cloned voices: a few small networks, a line that knows speech, a calibration.

    voice.npz    for each of the networks n: its layers `n.k.weight` and `n.k.bias`, normalisation
                 folded in; `n.look` (features,) and `n.out` (2 x features,) with `n.offset`;
                 speech_mean, speech_deviation (10,) and speech_line (21,) with speech_least;
                 lines (n, 2) and bounds (2,); usual (2,): 95 % of recorded voices left out

Written by `python -m training.voice`, read only if it has the digest below. The networks are run
with NumPy: four layers over time and frequency, one over time, and the mean and the deviation over
the frames that the network itself finds telling (attentive statistics pooling, Okabe et al. 2018).
"""

import hashlib
import io
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from verifier.errors import ToolMissing

from .calibration import Calibration

MODEL = Path(__file__).with_name("voice.npz")
DIGEST = "39655d216228934f71a49d38cfe6a214bc576effb54f45dbc44b6a8f6c7ed185"  # SHA-256 of that file

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Network:
    """One network: convolutions (weight, bias, steps), then a look at frames, then a line."""

    layers: tuple[tuple[Floats, Floats, tuple[int, int]], ...]
    look: Floats
    out: Floats
    offset: float

    def score(self, bands: Floats) -> float:
        """More for what looks cloned, of normalised bands (frames, 64)."""
        seen = np.ascontiguousarray(bands.T)[None]
        for weight, bias, steps in self.layers[:-1]:
            seen = _convolved(seen, weight, bias, steps)
        seen = seen.reshape(1, -1, seen.shape[2]).transpose(1, 0, 2)  # every channel and band, once
        weight, bias, steps = self.layers[-1]
        frames = _convolved(seen, weight, bias, steps)[:, 0]
        attention = self.look @ frames
        attention = np.exp(attention - attention.max())
        attention /= attention.sum()
        mean = frames @ attention
        deviation = np.sqrt(np.maximum((frames**2) @ attention - mean**2, 1e-5))
        return float(self.out @ np.concatenate((mean, deviation)) + self.offset)


@dataclass(frozen=True, slots=True)
class Learnt:
    """All that `voice.npz` holds."""

    networks: tuple[Network, ...]
    speech: tuple[npt.NDArray[np.float64], ...]  # mean, deviation, line
    speech_least: float
    calibration: Calibration
    usual: tuple[float, float]  # the scores of 95 % of recorded voices

    def score(self, bands: Floats) -> float:
        """The mean of the networks' scores."""
        return float(np.mean([each.score(bands) for each in self.networks]))

    def is_speech(self, described: npt.NDArray[np.float64]) -> bool:
        """Whether the ten numbers of a window (`voice_domain.describe`) are those of speech."""
        mean, deviation, line = self.speech
        along = (described - mean) / deviation
        return bool(np.concatenate((along, along**2, (1.0,))) @ line > self.speech_least)


def _convolved(seen: Floats, weight: Floats, bias: Floats, steps: tuple[int, int]) -> Floats:
    """A convolution of (channels, bands, frames) with zeros around, and its positive part."""
    _, _, high, wide = weight.shape
    around = np.pad(seen, ((0, 0), (high // 2, high // 2), (wide // 2, wide // 2)))
    patches = np.lib.stride_tricks.sliding_window_view(around, (high, wide), axis=(1, 2))
    patches = patches[:, :: steps[0], :: steps[1]]
    _, bands, frames = patches.shape[:3]
    columns = patches.transpose(0, 3, 4, 1, 2).reshape(-1, bands * frames)
    told = weight.reshape(len(weight), -1) @ columns + bias[:, None]
    positive: Floats = np.maximum(told, 0).reshape(-1, bands, frames)
    return positive


def from_bytes(data: bytes) -> Learnt:
    """Read what `training.voice` wrote."""
    with np.load(io.BytesIO(data), allow_pickle=False) as held:
        kept = {name: held[name].astype(np.float32) for name in held.files}
        exact = {name: held[name].astype(np.float64) for name in held.files if "." not in name}
    networks = []
    while f"{len(networks)}.look" in kept:
        n = len(networks)
        count = sum(name.startswith(f"{n}.") and name.endswith(".weight") for name in kept)
        layers = tuple(
            (kept[f"{n}.{k}.weight"], kept[f"{n}.{k}.bias"], _steps(k, count)) for k in range(count)
        )
        offset = float(kept[f"{n}.offset"])
        networks.append(Network(layers, kept[f"{n}.look"], kept[f"{n}.out"], offset))
    low, high = (float(each) for each in exact["bounds"])
    return Learnt(
        tuple(networks),
        (exact["speech_mean"], exact["speech_deviation"], exact["speech_line"]),
        float(exact["speech_least"]),
        Calibration(exact["lines"], (low, high)),
        (round(float(exact["usual"][0]), 2), round(float(exact["usual"][1]), 2)),
    )


def _steps(layer: int, count: int) -> tuple[int, int]:
    """How far a layer moves, in bands and in frames: half the size three times, then bands only."""
    if layer == count - 1:
        return 1, 1
    return (2, 2) if layer < count - 2 else (2, 1)


@cache
def trained() -> Learnt:
    """The networks that belong to this version; raises ToolMissing."""
    try:
        data = MODEL.read_bytes()
    except OSError as problem:
        said = f"the weights of the detector of voices cannot be read ({problem.strerror})"
        raise ToolMissing(said, "install Firsthand again") from None
    if hashlib.sha256(data).hexdigest() != DIGEST:
        said = "the weights of the detector of voices are not those that belong to this version"
        raise ToolMissing(said, "install Firsthand again")
    return from_bytes(data)
