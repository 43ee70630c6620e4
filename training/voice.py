"""Train the networks of voices: `python -m training.voice FOLDER --keep DIR --leave PATTERN`.

FOLDER holds sources of 16 kHz WAVs, one a folder: `real*/` of recorded and `fake*/` of synthetic
speech, among them what `training.voice_copies` makes of the recorded ones, and `none*/` of music
and noise. Every clip is dirtied and coded by draws from the seed (`voice_views.py`), so that both
classes come alike; the views are kept in DIR. Sources are drawn alike within their class. Each
`--leave` is a fold: a network that never heard the systems it names, judged by them. The networks
of all folds are what is shipped, and their scores of what they never heard are what calibrates it.
"""

import argparse
import hashlib
import re
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from verifier.detector.calibration import Calibration, auc, calibrate
from verifier.detector.voice_bands import RATE, WINDOW, spectrum
from verifier.detector.voice_domain import SILENT, describe, loudness

from .voice_views import dirtied, trimmed, views, window

CHANNELS = (16, 32, 48, 64)
HIDDEN = 64
BATCH = 48
TOGETHER = 1000  # clips whose views are made, and kept, together

Floats = npt.NDArray[np.float32]


class Network(nn.Module):
    """Four convolutions over bands and frames, one over frames, and attentive statistics."""

    def __init__(self) -> None:
        super().__init__()
        before, layers = 1, list[nn.Module]()
        for number, channels in enumerate(CHANNELS):
            size, steps = 5 if number == 0 else 3, (2, 2) if number < 3 else (2, 1)
            layers += [
                nn.Conv2d(before, channels, size, steps, size // 2, bias=False),
                nn.BatchNorm2d(channels),
                nn.ReLU(),
            ]
            before = channels
        self.bands = nn.Sequential(*layers)
        self.frames = nn.Sequential(
            nn.Conv1d(4 * before, HIDDEN, 3, 1, 1, bias=False), nn.BatchNorm1d(HIDDEN), nn.ReLU()
        )
        self.look = nn.Conv1d(HIDDEN, 1, 1)
        self.drop = nn.Dropout(0.3)
        self.out = nn.Linear(2 * HIDDEN, 1)

    def forward(self, bands: torch.Tensor) -> torch.Tensor:
        """Scores (n,) of bands (n, frames, 64)."""
        told = self.bands(bands.transpose(1, 2)[:, None]).flatten(1, 2)
        told = self.frames(told)
        share = torch.softmax(self.look(told), 2)
        mean = (share * told).sum(2)
        deviation = ((share * told * told).sum(2) - mean * mean).clamp(1e-5).sqrt()
        scores: torch.Tensor = self.out(self.drop(torch.cat((mean, deviation), 1)))[:, 0]
        return scores


@dataclass(frozen=True, slots=True)
class Views:
    """What is learnt from: bands (n, frames, 64), whether synthetic, and of which source."""

    bands: npt.NDArray[np.float16]
    synthetic: npt.NDArray[np.bool_]
    sources: npt.NDArray[np.str_]
    thirds: npt.NDArray[np.int64]  # of the recordings, by digest; a copy is in its original's

    def only(self, rows: npt.NDArray[np.bool_]) -> "Views":
        """Some of them."""
        return Views(self.bands[rows], self.synthetic[rows], self.sources[rows], self.thirds[rows])


def clips(folder: Path, most: int) -> Iterator[tuple[str, Floats]]:
    """Names and trimmed speech of a source: at least 1.5 s, chosen by the digest of its name."""
    paths = sorted(folder.glob("*.wav"), key=lambda each: _digest(each.name))
    for path in paths[:most]:
        with wave.open(str(path)) as opened:
            assert (opened.getframerate(), opened.getnchannels()) == (RATE, 1)
            data = opened.readframes(30 * RATE)
        heard = trimmed((np.frombuffer(data, "<i2") / 32768).astype(np.float32))
        if len(heard) >= 1.5 * RATE:
            yield path.name, heard


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def kept_views(folder: Path, keep: Path, options: argparse.Namespace) -> Views:
    """The views of every source, made where DIR does not hold them, a thousand at a time.

    Of recorded speech there are several views a clip, so that there are as many as synthetic ones.
    """
    keep.mkdir(parents=True, exist_ok=True)
    sources, thirds, heard = list[str](), list[int](), list[Floats]()
    for place in sorted(each for each in folder.iterdir()):
        times = {"real": options.views, "fake": 1}.get(place.name[:4], 0)
        for name, samples in clips(place, options.most) if times else ():
            sources += [place.name] * times
            # Copies are named as what they copy: a recording and its copies go together.
            thirds += [int(_digest(name.split(".")[0]), 16) % 3] * times
            heard += [samples] * times
    order = np.random.default_rng(options.seed).permutation(len(heard))
    told = []
    for start in range(0, len(order), TOGETHER):
        kept = keep / f"views.{options.most}.{options.seed}.{start}.npy"
        if not kept.exists():
            rows = order[start : start + TOGETHER]
            random = np.random.default_rng((options.seed, start))
            np.save(kept, views([heard[row] for row in rows], random, options.ffmpeg)[0])
        told.append(np.load(kept))
    named = np.array(sources)[order]
    synthetic = np.char.startswith(named, "fake")
    return Views(np.concatenate(told), synthetic, named, np.array(thirds)[order])


def evenly(known: Views) -> npt.NDArray[np.float64]:
    """How often each view is drawn: half of each class; a source by the root of its size."""
    shares = np.zeros(len(known.sources))
    for which in (False, True):
        names, counts = np.unique(known.sources[known.synthetic == which], return_counts=True)
        for name, count in zip(names, counts, strict=True):
            shares[(known.sources == name) & (known.synthetic == which)] = count**-0.5
        its = known.synthetic == which
        shares[its] /= 2 * shares[its].sum()
    return shares


def masked(bands: torch.Tensor, random: np.random.Generator) -> torch.Tensor:
    """Bands and frames left out, rolled in time, a little louder or softer (SpecAugment)."""
    for view in bands:
        for _ in range(2):
            for axis, widest in ((1, 12), (0, 50)):
                width = int(random.integers(widest))
                start = int(random.integers(view.shape[axis] - width + 1))
                view.narrow(axis, start, width).zero_()
        view.copy_(torch.roll(view, int(random.integers(len(view))), 0))
    gains = random.uniform(0.85, 1.15, (len(bands), 1, 1)).astype(np.float32)
    return bands * torch.from_numpy(gains)


def train(known: Views, steps: int, seed: int) -> Network:
    """Learn from views; the same views and seed give the same weights on the same machine."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    random = np.random.default_rng(seed)
    network, shares = Network(), evenly(known)
    bands = torch.from_numpy(known.bands)
    goals = torch.from_numpy(known.synthetic.astype(np.float32))
    optimiser = torch.optim.AdamW(network.parameters(), lr=3e-3, weight_decay=0.02)
    pace = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, steps)
    network.train()
    for step in range(steps):
        rows = random.choice(len(shares), BATCH, p=shares)
        batch, goal = masked(bands[rows].float(), random), goals[rows]
        if random.random() < 0.5:  # mixup, between systems as between classes
            other = torch.from_numpy(random.permutation(BATCH))
            share = torch.from_numpy(random.beta(0.6, 0.6, BATCH).astype(np.float32))
            batch = share[:, None, None] * batch + (1 - share)[:, None, None] * batch[other]
            goal = share * goal + (1 - share) * goal[other]
        loss = nn.functional.binary_cross_entropy_with_logits(network(batch), 0.9 * goal + 0.05)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 2.0)
        optimiser.step()
        pace.step()
        if step % 100 == 99:
            print(f"{step + 1}/{steps} loss {loss.item():.3f}", flush=True)
    network.eval()
    return network


def scored(networks: list[Network], bands: npt.NDArray[np.float16]) -> npt.NDArray[np.float64]:
    """The mean of the networks' scores of each view."""
    with torch.no_grad():
        parts = torch.from_numpy(bands).split(128)
        told = [
            torch.stack([each(part.float()) for each in networks]).mean(0).numpy() for part in parts
        ]
    return np.concatenate(told).astype(np.float64)


def layers(network: Network) -> Iterator[tuple[npt.NDArray[np.float16], npt.NDArray[np.float16]]]:
    """Weight and bias of each convolution, with its normalisation folded in."""
    parts = [*network.bands, *network.frames]
    for layer, norm in zip(parts[::3], parts[1::3], strict=True):
        gain = (norm.weight / (norm.running_var + norm.eps).sqrt()).detach()
        weight = layer.weight.detach() * gain.view(-1, *[1] * (layer.weight.dim() - 1))
        bias = norm.bias.detach() - norm.running_mean * gain
        if weight.dim() == 3:  # over frames: one band high
            weight = weight[:, :, None]
        yield weight.numpy().astype(np.float16), bias.numpy().astype(np.float16)


def speech_line(folder: Path, most: int, seed: int) -> dict[str, npt.NDArray[np.float64]]:
    """The line that knows speech from `none*/` sources, and the score of all but 1 % of speech."""
    random = np.random.default_rng(seed)
    told, spoken = [], list[bool]()
    for place in sorted(each for each in folder.iterdir() if each.is_dir()):
        for _, heard in clips(place, most):
            for start in range(0, len(heard) if place.name.startswith("none") else 1, WINDOW):
                part = heard[start : start + WINDOW]
                if len(part) < RATE or loudness(part) < SILENT:
                    continue
                for each in (part, dirtied(window(part, random, WINDOW), random)):
                    told.append(describe(each.astype(np.float32), spectrum(each)))
                    spoken.append(not place.name.startswith("none"))
    features, speech = np.array(told), np.array(spoken)
    mean, deviation = features.mean(0), features.std(0)
    along = (features - mean) / deviation
    design = np.c_[along, along**2, np.ones(len(along))]
    weights = np.where(speech, 0.5 / speech.sum(), 0.5 / (~speech).sum())
    line = np.zeros(design.shape[1])
    for _ in range(60):
        chance = 1 / (1 + np.exp(-design @ line))
        curve = (design * (weights * chance * (1 - chance))[:, None]).T @ design
        slope = design.T @ (weights * (chance - speech)) + 1e-3 * line
        line -= np.linalg.solve(curve + 1e-3 * np.eye(len(line)), slope).clip(-2, 2)
    scores = design @ line
    print(f"speech known from the rest: AUC {auc(scores, speech):.3f}")
    return {
        "speech_mean": mean,
        "speech_deviation": deviation,
        "speech_line": line,
        "speech_least": np.quantile(scores[speech], 0.01),
    }


def fold(known: Views, pattern: str, third: int) -> tuple[npt.NDArray[np.bool_], ...]:
    """Which views a fold learns from and which it is judged by.

    It learns from no source that `pattern` names and from no recording of a third, nor any copy of
    one. It is judged by the systems that `pattern` names, and by recordings that it has not heard.
    """
    named = np.array([bool(re.search(pattern, each)) for each in known.sources])
    apart = known.thirds == third
    return ~named & ~apart, np.where(known.synthetic, named, named | apart)


def show(scores: npt.NDArray[np.float64], known: Views) -> None:
    """Print each source's area under the ROC curve against the other class."""
    print(f"left out: AUC {auc(scores, known.synthetic):.3f} of {len(scores)} views")
    for name in np.unique(known.sources):
        its = known.sources == name
        against = its | (known.synthetic != known.synthetic[its][0])
        print(f"  {name:36} {its.sum():5} {auc(scores[against], known.synthetic[against]):.3f}")


def main() -> None:
    """Train a network for each `--leave`, and write all of them together."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--keep", type=Path, required=True, help="where views are kept")
    parser.add_argument("--leave", action="append", required=True, help="sources of a fold")
    parser.add_argument("--most", type=int, default=120, help="clips of a source")
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--views", type=int, default=3, help="of each recorded clip")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--ffmpeg", default="ffmpeg")
    parser.add_argument("--to", type=Path, help="where the weights are written")
    options = parser.parse_args()
    known = kept_views(options.folder, options.keep, options)
    networks, scores, rows = list[Network](), [], []
    for number, pattern in enumerate(options.leave):
        learnt, left = fold(known, pattern, number % 3)
        networks.append(train(known.only(learnt), options.steps, options.seed + number))
        rows.append(np.flatnonzero(left))
        scores.append(scored(networks[-1:], known.bands[left]))
        show(scores[-1], known.only(left))
    if options.to:
        told, places = np.concatenate(scores), np.concatenate(rows)
        recorded = ~known.synthetic[places]
        calibration = calibrate(told, ~recorded, known.sources[places])
        held = speech_line(options.folder, 40, options.seed)
        held["usual"] = np.quantile(told[recorded], (0.025, 0.975))
        write(options.to, networks, held, calibration)


def write(
    path: Path,
    networks: list[Network],
    speech: dict[str, npt.NDArray[np.float64]],
    calibration: Calibration,
) -> None:
    """Write `voice.npz`, and print its digest."""
    held: dict[str, npt.NDArray[np.floating]] = {
        name: np.asarray(value, np.float32) for name, value in speech.items()
    }
    held |= {"lines": calibration.lines.astype(np.float32), "bounds": np.array(calibration.bounds)}
    for number, network in enumerate(networks):
        for place, (weight, bias) in enumerate(layers(network)):
            held[f"{number}.{place}.weight"], held[f"{number}.{place}.bias"] = weight, bias
        held[f"{number}.look"] = network.look.weight.detach().numpy()[0, :, 0]
        held[f"{number}.out"] = network.out.weight.detach().numpy()[0]
        held[f"{number}.offset"] = network.out.bias.detach().numpy()[0]
    np.savez(path, **held)
    data = path.read_bytes()
    print(f"DIGEST = {hashlib.sha256(data).hexdigest()!r}  # {len(data)} bytes")


if __name__ == "__main__":
    main()
