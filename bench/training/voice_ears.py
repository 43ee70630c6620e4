"""Teach the ears of the detector of voices.

    python -m bench.training.voice_ears FOLDER --sources CSV

A small network of ours learns to tell of a window what a larger one tells of it: AASIST, whose
files `--teacher` names (`voice_teacher.py`). Taught are its score, its last layer, and the first
principal components of the means and deviations of its maps, weighted between as they vary and
alike (Hinton et al., "Distilling the Knowledge in a Neural Network", 2015, of numbers rather than
of classes). FOLDER holds the sources that CSV names, as `bench.training.voice_coded` has them;
nobody tells the network which of them are synthetic: that is for its line, which comes after.
Windows and what the teacher told of them are kept in DIR. Needs torch.
"""

import argparse
import csv
import hashlib
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import torch
from torch import nn

from verifier.detector.voice_bands import WINDOW

from .voice_listener import Listener
from .voice_sounds import FULL, Sounds, drawn, spread
from .voice_teacher import LAST, asked, session

COMPONENTS = 192  # of the teacher's maps
EVENNESS = 0.25  # 0.5: each component counts alike; 0: as it varies
SCORE = 20.0  # how much the score counts, where one of the last layer's numbers counts 1
BATCH = 32
RATE = 2e-3  # of learning, at its highest
_RISE = 50  # steps until it is reached
_DECAY = 0.02
_OPSET = 17

Floats = npt.NDArray[np.float32]


def lessons(options: argparse.Namespace, names: list[str]) -> tuple[list[Sounds], Floats]:
    """Windows, and what the teacher tells of each, made where DIR lacks them."""
    options.keep.mkdir(parents=True, exist_ok=True)
    sounds, told, teacher = list[Sounds](), list[Floats](), None
    for how, count, seed in ((spread, options.most, 5), (drawn, options.windows, options.seed)):
        kind = f"{how.__name__}.{count}.{seed}"
        heard, answers = (options.keep / f"{part}.{kind}.npy" for part in ("sounds", "taught"))
        if not heard.exists():
            how(options.folder, names, count, np.random.default_rng(seed), options.ffmpeg, heard)
        sounds.append(np.load(heard, mmap_mode="r"))
        if not answers.exists():
            teacher = teacher or session(*options.teacher)
            its = [asked(teacher, each.astype(np.float32) / FULL) for each in sounds[-1]]
            np.save(answers, np.array(its, np.float32))
        told.append(np.load(answers))
    return sounds, np.concatenate(told)


def aims(told: Floats) -> tuple[Floats, Floats]:
    """What is to be told (n, LAST + COMPONENTS), of deviation one, and how much each counts."""
    even = ((told - told.mean(0)) / (told.std(0) + 1e-3)).clip(-4, 4)
    maps = even[:, LAST:].astype(np.float64)
    varies, along = np.linalg.eigh(maps.T @ maps / len(maps))
    varies, along = varies[::-1][:COMPONENTS].clip(1e-6), along[:, ::-1][:, :COMPONENTS]
    # A direction has no sign of its own: its greatest entry is to be positive.
    along = along * np.sign(along[np.abs(along).argmax(0), np.arange(along.shape[1])])
    parts = np.concatenate((even[:, :LAST], maps @ along), 1)
    counts = varies ** (2 * EVENNESS)
    counts = np.concatenate(([SCORE], np.ones(LAST - 1), counts / counts.mean()))
    scaled = parts / (parts.std(0) + 1e-6)
    return scaled.astype(np.float32), (counts / counts.sum()).astype(np.float32)


def taught(sounds: list[Sounds], told: Floats, steps: int, seed: int) -> Listener:
    """A network that has heard the windows, each begun anywhere, for so many steps.

    The rate of learning rises soon and falls as a cosine.
    """
    random = np.random.default_rng(seed)
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    goals, counts = (torch.from_numpy(each) for each in aims(told))
    network = Listener(goals.shape[1]).to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(network.parameters(), RATE, weight_decay=_DECAY)
    order, lost, started = list[int](), list[float](), time.monotonic()
    for step in range(steps):
        pace = min(1.0, (step + 1) / _RISE) * (0.5 + 0.5 * np.cos(np.pi * step / steps))
        for group in optimiser.param_groups:
            group["lr"] = RATE * pace
        if len(order) < BATCH:
            order = [int(each) for each in random.permutation(len(goals))]
        rows, order = order[:BATCH], order[BATCH:]
        heard = [np.roll(_window(sounds, row), int(random.integers(WINDOW))) for row in rows]
        given = torch.from_numpy(np.stack(heard).astype(np.float32) / FULL)
        with torch.autocast("cpu", torch.bfloat16):
            answer = network.aims(given)
        loss = ((answer.float() - goals[rows]).square() * counts).sum(1).mean()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        lost.append(loss.item())
        if (step + 1) % 100 == 0:
            seconds = time.monotonic() - started
            print(f"{step + 1:6} {np.mean(lost[-100:]):.3f} {seconds:.0f} s", flush=True)
    return network.eval()


def _window(sounds: list[Sounds], row: int) -> Sounds:
    for each in sounds:
        if row < len(each):
            return each[row]
        row -= len(each)
    raise IndexError(row)


def written(network: Listener, to: Path) -> None:
    """The network as ONNX: a window (1, WINDOW) of prepared sound to its numbers."""
    torch.onnx.export(
        network,
        (torch.zeros(1, WINDOW),),
        str(to),
        input_names=["sound"],
        output_names=["numbers"],
        opset_version=_OPSET,
        dynamo=False,
    )
    made = onnx.load(to)
    for node in made.graph.node:
        node.doc_string = ""  # where it was written, which is nobody's business
    to.write_bytes(made.SerializeToString())


def main() -> None:
    """Teach what the command line names, and write it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sources", type=Path, required=True, help="which sources are heard")
    parser.add_argument("--teacher", type=Path, nargs=3, help="code, weights, configuration")
    parser.add_argument("--keep", type=Path, required=True, help="where windows are kept")
    parser.add_argument("--most", type=int, default=24, help="windows spread over a source")
    parser.add_argument("--windows", type=int, default=960, help="that are drawn besides")
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--ffmpeg", default="ffmpeg")
    parser.add_argument("--to", type=Path, required=True)
    options = parser.parse_args()
    with options.sources.open(newline="") as file:
        names = sorted(row["source"] for row in csv.DictReader(file))
    network = taught(*lessons(options, names), options.steps, options.seed)
    written(network, options.to)
    print(f"DIGEST = {hashlib.sha256(options.to.read_bytes()).hexdigest()!r}")


if __name__ == "__main__":
    main()
