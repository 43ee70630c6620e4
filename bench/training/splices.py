"""Train the network that hears foreign parts in a recording.

    python -m bench.training.splices FOLDER

FOLDER holds recordings that nobody spliced, a publisher in each of `voice/train/real_*`,
`voice/new/real_*` and `sound/train/*` (`python -m bench.training.media` lays them out). Publishers
named in HELD are not learnt from: what is said of the network is chosen and bounded on them.
`--draws` samples are drawn from the others (`splice_samples`), a hundred and twenty at a time; each
is seen `--times` times. All is drawn by seeds, so that the same media and libraries give the same
weights. Drawing took 26 minutes and training 16, on one core that others used too. Needs torch.
"""

import argparse
import hashlib
import random
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from verifier.detector.traces.colours import BANDS, STEP, Levels, bands, place, shown
from verifier.detector.traces.floor import RATE
from verifier.media.ffmpeg import find_ffmpeg

from .splice_draws import SHORTENED, SPLICED, Pool, Recordings, rms
from .splice_network import Network, write
from .splice_samples import many

HELD = (
    "GoogleCloudPlatform+python-docs-samples",
    "Uberi+speech_recognition",
    "jiaaro+pydub",
    "jim-schwoebel+voicebook",
    "rafaelmardojai+blanket",
    "readbeyond+aeneas",
    "real_bigvgan_gt",
    "real_commonvoice_transpeech",
    "real_emodb_de",
    "real_gigaspeech_pheme",
    "real_librispeechother_resemblyzer",
    "real_podcasts_voicecraft",
    "real_prompts_voxcpm",
    "real_radio_sadtalker",
    "real_talkers_dreamtalk",
    "real_talkers_jixinya",
    "snakers4+silero-vad",
    "tyiannak+pyAudioAnalysis",
)
_LONGEST, _SHORTEST, _SILENT = 150, 1.2, 20 / 32768  # seconds of a recording; root mean square
DRAWS, TIMES = 8160, 6.0
_VOICES, _SOUNDS, _ACTED = 45, 130, 40  # recordings of a publisher at most
_TOGETHER, _BATCH, _ALIKE = 120, 16, 320
_RATE, _DECAY, _WARM = 2e-3, 0.02, 200
_HIDDEN = 0.3  # of samples some bands are not shown
_WEIGHTS, _POSITIVE, _WHOLE = (1.0, 0.5, 0.15), (2.0, 4.0, 4.0), 0.5

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Sample:
    """What the network is shown of a draw, and what it should say."""

    frames: npt.NDArray[np.float16]
    tenths: npt.NDArray[np.float16]
    told: Floats  # (tenths, 3)
    what: int


def publishers(folder: Path) -> Iterator[tuple[str, Path, int]]:
    """Every publisher: its name, its folder and how many of its recordings are taken."""
    for part in ("voice/train", "voice/new"):
        for path in sorted((folder / part).glob("real_*")):
            yield path.name, path, _ACTED if path.name == "real_emodb_de" else _VOICES
    for path in sorted((folder / "sound/train").iterdir()):
        yield path.name, path, _SOUNDS


def recordings(folder: Path, most: int) -> list[npt.NDArray[np.int16]]:
    """Some recordings of a publisher that are long and loud enough."""
    names = sorted(folder.iterdir(), key=lambda path: path.name)
    random.Random(1).shuffle(names)  # the same each time is what is wanted
    found = [_decoded(path) for path in sorted(names[:most], key=lambda path: path.name)]
    return [
        sound
        for sound in found
        if len(sound) > _SHORTEST * RATE
        and rms(sound.astype(np.float32) / np.float32(32768)) > _SILENT
    ]


def _decoded(path: Path) -> npt.NDArray[np.int16]:
    read = ("-t", str(_LONGEST), "-i", str(path), "-vn", "-ac", "1", "-ar", str(RATE))
    command = [find_ffmpeg(), "-v", "error", "-nostdin", *read, "-f", "s16le", "-"]
    return np.frombuffer(subprocess.run(command, capture_output=True, check=False).stdout, "<i2")


def targets(what: int, where: tuple[tuple[int, int], ...], count: int) -> Floats:
    """Of each tenth: how much of it is foreign, whether a join is near, or a part missing."""
    told = np.zeros((count, 3), np.float32)
    begins = np.array([place(tenth) for tenth in range(count)])
    for first, last in ((a / RATE, b / RATE) for a, b in where):
        if what == SPLICED:
            inside = np.minimum(begins + 0.1, last) - np.maximum(begins, first)
            told[:, 0] = np.maximum(told[:, 0], inside.clip(0, 0.1) / 0.1)
        for at in (first, last) if what == SPLICED else (first,):
            near = round((at - place(0)) / 0.1 - 0.5)
            told[max(0, near - 1) : near + 2, 1 if what == SPLICED else 2] = 1
    return told


def sample(levels: Levels, what: int, where: tuple[tuple[int, int], ...]) -> Sample:
    """What is learnt from a draw that was heard as these levels."""
    frames, tenths = (each.astype(np.float16) for each in shown(levels))
    return Sample(frames, tenths, targets(what, where, len(tenths)), what)


def samples(pool: Pool, count: int) -> Iterator[Sample]:
    """At least so many, drawn anew."""
    for _ in range(-(-count // _TOGETHER)):
        for draw, heard in many(pool, _TOGETHER):
            yield sample(bands(heard), draw.what, draw.where)


def _batch(some: list[Sample], numbers: np.random.Generator) -> list[torch.Tensor]:
    """Samples side by side, the shorter ones filled up; of some, a few bands are not shown."""
    count, most = len(some), max(len(each.tenths) for each in some)
    frames = np.zeros((count, most * STEP, 2, BANDS), np.float32)
    tenths = np.zeros((count, most, 3, BANDS), np.float32)
    told, there = np.zeros((count, most, 3), np.float32), np.zeros((count, most), bool)
    for row, each in enumerate(some):
        size = len(each.tenths)
        frames[row, : size * STEP] = each.frames.reshape(-1, 2, BANDS)
        tenths[row, :size] = each.tenths.reshape(-1, 3, BANDS)
        told[row, :size], there[row, :size] = each.told, True
        if numbers.random() < _HIDDEN:
            first, wide = int(numbers.integers(BANDS)), int(numbers.integers(1, 9))
            frames[row, :, :, first : first + wide] = 0
            tenths[row, :, :, first : first + wide] = 0
    flat = frames.reshape(count, most * STEP, -1), tenths.reshape(count, most, -1)
    return [torch.from_numpy(each) for each in (*flat, told, there)]


def _order(some: list[Sample], numbers: np.random.Generator) -> list[list[int]]:
    """Every sample once, in batches of similar lengths."""
    order = numbers.permutation(len(some))
    batches: list[list[int]] = []
    for first in range(0, len(order), _ALIKE):
        alike = sorted(order[first : first + _ALIKE].tolist(), key=lambda k: len(some[k].tenths))
        cut = [alike[at : at + _BATCH] for at in range(0, len(alike), _BATCH)]
        batches += [cut[int(k)] for k in numbers.permutation(len(cut))]
    return batches


def loss(network: Network, batch: list[torch.Tensor], what: torch.Tensor) -> torch.Tensor:
    """How wrong it is of each tenth, and of the whole; whether parts are missing is no question."""
    frames, tenths, told, there = batch
    each, whole = network(frames, tenths, there)
    wrong = functional.binary_cross_entropy_with_logits(
        each, told, pos_weight=torch.tensor(_POSITIVE), reduction="none"
    )
    by_kind = (wrong * there[..., None]).sum((0, 1)) / there.sum()
    asked = (what != SHORTENED).float()
    spliced = (what == SPLICED).float()
    of_whole = functional.binary_cross_entropy_with_logits(whole, spliced, reduction="none")
    return (by_kind * torch.tensor(_WEIGHTS)).sum() + _WHOLE * (
        of_whole * asked
    ).sum() / asked.sum().clamp(1)


def taught(some: list[Sample], times: float) -> Network:
    """A network that has seen each sample so many times."""
    torch.manual_seed(1)
    torch.set_num_threads(1)
    numbers, network = np.random.default_rng(1), Network()
    network.train()
    stepper = torch.optim.AdamW(network.parameters(), _RATE, weight_decay=_DECAY)
    steps, began, mean = round(times * len(some) / _BATCH), time.monotonic(), 0.0
    left: list[list[int]] = []
    for step in range(steps):
        slower = min(1, (step + 1) / _WARM) * (0.5 + 0.5 * np.cos(np.pi * step / steps))
        stepper.param_groups[0]["lr"] = _RATE * slower + 1e-5
        left = left or _order(some, numbers)
        chosen = [some[k] for k in left.pop()]
        what = torch.tensor([each.what for each in chosen])
        wrong = loss(network, _batch(chosen, numbers), what)
        stepper.zero_grad()
        torch.autograd.backward(wrong)
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        stepper.step()
        mean = 0.98 * mean + 0.02 * float(wrong.detach())
        if step % 100 == 99:
            print(
                f"{step + 1} of {steps} steps, {mean:.3f}, {time.monotonic() - began:.0f} s",
                flush=True,
            )
    return network


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--to", type=Path, required=True, help="the ONNX file to write")
    parser.add_argument("--draws", type=int, default=DRAWS)
    parser.add_argument("--times", type=float, default=TIMES)
    options = parser.parse_args()
    learnt: Recordings = {}
    for name, folder, most in publishers(options.folder):
        if name not in HELD and (some := recordings(folder, most)):
            learnt[name] = some
    pool = Pool(learnt, np.random.default_rng(1))
    network = taught(list(samples(pool, options.draws)), options.times)
    write(network, options.to)
    print(hashlib.sha256(options.to.read_bytes()).hexdigest())


if __name__ == "__main__":
    main()
