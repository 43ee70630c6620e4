"""Find clips to learn from that hold what is measured: same words, voice and moment, coded or not.

    python -m bench.training.voice_overlap FOLDER MEASURED [--delete]

Demonstrations share LibriSpeech's and VCTK's prompts. FOLDER holds sources of 16 kHz WAVs, one a
folder, MEASURED sources of recordings in any format. The spectrograms of each clip and of each
measured one are laid over one another at every lag; what agrees is named with what it agrees with,
and deleted if that is asked for. Vocoders' copies of a recording agree with it too.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import signal

from ledger.asset import detect_media_type
from verifier.detector.voice_bands import RATE
from verifier.errors import Unreadable
from verifier.media.decode import samples

from .voice_views import clips

AGREES = 0.65  # mean cosine of moments: of 4,497 clips 4 % agree more, nearly all others by 0.3-0.6
_LONGEST = 12 * RATE  # samples of a clip
_STEP, _SIZE = RATE // 20, 1024
_BANDS = np.linspace(2, 480, 25).astype(int)  # of the transform: 24 bands from 30 Hz to 7.5 kHz
_TURNS = 512  # moments, of the transform over time: twice the longest clip
_LEAST = 25  # moments that both must sound together

Floats = npt.NDArray[np.float32]
Transformed = npt.NDArray[np.complexfloating]


def moments(heard: Floats) -> tuple[Floats, Floats]:
    """What each twentieth of a second sounds like, (n, 24) of length one, and whether it sounds."""
    padded = np.pad(heard[:_LONGEST], (0, max(0, RATE - len(heard))))
    *_, bins = signal.stft(
        padded, nperseg=_SIZE, noverlap=_SIZE - _STEP, boundary=None, padded=False
    )
    power = np.log(np.add.reduceat(np.abs(bins) ** 2, _BANDS[:-1], axis=0) + 1e-8).T
    level = power.mean(1)
    loud = level > np.quantile(level, 0.95) - 6
    told = power - power[loud].mean(0)
    told -= told.mean(1, keepdims=True) / 2
    told *= loud[:, None] / (np.linalg.norm(told, axis=1, keepdims=True) + 1e-6)
    return told.astype(np.float32), loud.astype(np.float32)


class Measured:
    """Clips that others are laid over."""

    def __init__(self, parts: list[Floats]) -> None:
        told = [_transformed(each) for each in parts]
        self._sounds, self._loud = (np.array(each) for each in zip(*told, strict=True))

    def nearest(self, heard: Floats) -> tuple[int, float]:
        """Which one agrees most with a clip, and how much: up to 1."""
        sounds, loud = _transformed(heard)
        alike = np.fft.irfft((self._sounds * sounds.conj()).sum(2), _TURNS)
        together = np.fft.irfft(self._loud * loud.conj(), _TURNS)
        agree = np.where(together > _LEAST, alike / np.maximum(together, 1), -1).max(1)
        return int(agree.argmax()), float(agree.max())


def _transformed(heard: Floats) -> tuple[Transformed, Transformed]:
    told, loud = moments(heard)
    return np.fft.rfft(told, _TURNS, axis=0), np.fft.rfft(loud, _TURNS)


def measured(folder: Path) -> Iterator[tuple[str, Floats]]:
    """The name and the sound of each recording of sources, in any format."""
    for path in sorted(folder.glob("*/*")):
        try:
            kind = detect_media_type(path.read_bytes()[:4096])
            yield (
                f"{path.parent.name}/{path.name}",
                np.concatenate([*samples(path, kind, rate=RATE)]),
            )
        except Unreadable as problem:
            print(f"{path}: {problem}")


def main() -> None:
    """Name, or delete, what overlaps."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("measured", type=Path)
    parser.add_argument("--delete", action="store_true")
    options = parser.parse_args()
    names, parts = zip(*measured(options.measured), strict=True)
    known = Measured(list(parts))
    for place in sorted(each for each in options.folder.iterdir() if each.is_dir()):
        for name, heard in clips(place, 1000):
            which, agree = known.nearest(heard)
            if agree >= AGREES:
                print(f"{place.name}/{name} {agree:.2f} {names[which]}", flush=True)
                if options.delete:
                    (place / name).unlink()


if __name__ == "__main__":
    main()
