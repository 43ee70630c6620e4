"""What people do to recordings before they publish them, always alike, to measure voices by.

None of it makes a voice. Most of it was learnt from in kind (`bench.training.voice_handled` draws
its own; Opus and AAC of lower rates), the programs named in `UNHEARD` were not.
"""

import numpy as np
import numpy.typing as npt

from bench.training.voice_handled import filtered
from bench.training.voice_views import Codec, aac, mp3, opus, through
from verifier.detector.voice_bands import RATE

FILTERS = {
    "noise reduced": "afftdn=nr=12:nf=-40",
    "… by much": "afftdn=nr=30:nf=-30",
    "… by means": "anlmdn=s=0.001",
    "cut at 5 kHz": "lowpass=f=5000,lowpass=f=5000",
    "bass": "bass=g=8,treble=g=-8",
    "treble": "highpass=f=90,treble=g=8:f=4000",
    "echo": "aecho=0.8:0.7:40|70|110:0.4|0.3|0.2",
    "a third lower": f"asetrate={RATE * 0.8409:.0f},aresample={RATE},atempo={1 / 0.8409:.4f}",
    "faster": "atempo=1.15",
    "levelled": "acompressor=threshold=-30dB:ratio=6:makeup=8,loudnorm",
    "clipped": "volume=18dB",
}
CODED = (
    mp3(128, 44_100),
    aac(128, 44_100),
    opus(24),
    Codec("g722", ".wav", ("-c:a", "g722"), 16_000),
)
HISS = "hiss"  # white noise a hundredth as strong as the voice (20 dB below)
UNHEARD = ("… by means", "mp3-128", "g722")
ALL = (*FILTERS, HISS, *(each.name for each in CODED))

Floats = npt.NDArray[np.float32]


def handled(parts: list[Floats], way: str, ffmpeg: str) -> list[Floats]:
    """Clips at 16 kHz after a way of `ALL`."""
    if way == HISS:
        random = np.random.default_rng(0)
        noise = [random.standard_normal(len(each), np.float32) for each in parts]
        return [each + one * each.std() / 10 for each, one in zip(parts, noise, strict=True)]
    if way in FILTERS:
        return [filtered(each, FILTERS[way], ffmpeg).astype(np.float32) for each in parts]
    return through(parts, next(each for each in CODED if each.name == way), ffmpeg)
