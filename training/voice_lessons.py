"""Teach wider ears, on a GPU: `python -m training.voice_lessons FOLDER --sources CSV`.

Aims and counts are those of `voice_ears.py`: what AASIST, the teacher, tells of a window. There the
teacher was asked once, of some thousand windows; here it is asked of new ones in each round
(`voice_pool.py`), on the same device, as long as the lesson lasts. Each pupil learns from them, and
again from as many of former rounds, begun elsewhere. FOLDER holds the sources that CSV names; one
in sixteen is left out, to see what is told of sources that were not heard. The workers' codecs come
in when they come in: a lesson is not the same to the bit again. Needs torch; on a processor it is
good for a test. **No lesson of full length has been given yet**: what ships is of `voice_ears`.
"""

import argparse
import csv
import math
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from verifier.detector.voice_bands import WINDOW

from .voice_ears import COMPONENTS, EVENNESS, RATE, SCORE
from .voice_file import written
from .voice_pool import Pool, apart, gathered
from .voice_pupils import SHAPES, Pupil
from .voice_teacher import LAST, Ears, read

_RISE = 0.02  # of the lesson, until it is reached
_DECAY = 0.02
_FIRST = 4_096  # windows by which the aims are laid out
_ALIKE = 0.98  # how far the teacher in 16 bits must agree with itself in 32
_EVERY = 20.0  # seconds between reports
_CLIPPED = 4.0
_CLIPS = "clips.npy"  # for the workers, as long as the lesson lasts
_ASKED = 64  # windows of which the teacher is asked together


@dataclass(frozen=True, slots=True)
class Aims:
    """How the teacher's numbers become aims of deviation one, and how much each counts."""

    mean: Tensor
    deviation: Tensor
    along: Tensor
    scale: Tensor
    counts: Tensor

    def of(self, told: Tensor) -> Tensor:
        """The aims (n, LAST + COMPONENTS) of what it told."""
        even = ((told - self.mean) / self.deviation).clamp(-_CLIPPED, _CLIPPED)
        parts = torch.cat((even[:, :LAST], even[:, LAST:] @ self.along), 1)
        return (parts / self.scale).clamp(-2 * _CLIPPED, 2 * _CLIPPED)


def laid_out(told: Tensor, components: int) -> Aims:
    """The aims that suit what the teacher told of some windows."""
    mean, deviation = told.mean(0), told.std(0) + 1e-3
    even = ((told - mean) / deviation).clamp(-_CLIPPED, _CLIPPED)
    maps = even[:, LAST:].double()
    varies, along = torch.linalg.eigh(maps.T @ maps / len(maps))
    varies = varies.flip(0)[:components].clamp(min=1e-6)
    along = along.flip(1)[:, :components]
    # A direction has no sign of its own: its greatest entry is to be positive.
    along = along * along.gather(0, along.abs().argmax(0)[None]).sign()
    parts = torch.cat((even[:, :LAST], even[:, LAST:] @ along.float()), 1)
    counts = varies.float() ** (2 * EVENNESS)
    counts = torch.cat((torch.ones_like(parts[0, :LAST]), counts / counts.mean()))
    counts[0] = SCORE
    return Aims(mean, deviation, along.float(), parts.std(0) + 1e-6, counts / counts.sum())


class Teacher:
    """AASIST on a device: in 16 bits where that tells the same."""

    def __init__(self, files: tuple[Path, Path, Path], device: str, some: Tensor) -> None:
        self.ears = Ears(read(*files)).to(device).eval()
        self.kind, self.halved = torch.device(device).type, False
        with torch.no_grad():
            exact = self.told(some)
            self.halved = True
            near = self.told(some)
        moved = torch.stack((exact, near)) - exact.mean(0)
        exact, near = moved
        alike = (exact * near).sum(0) / (exact.norm(dim=0) * near.norm(dim=0) + 1e-9)
        self.halved = self.kind == "cuda" and float(alike[:LAST].mean()) > _ALIKE
        print(
            f"in 16 bits it agrees with itself by {alike[:LAST].mean():.4f}, "
            f"its score by {alike[0]:.4f}, its maps by {alike[LAST:].mean():.4f}",
            flush=True,
        )

    @torch.no_grad()
    def told(self, sound: Tensor) -> Tensor:
        """Its score, its last layer, means and deviations of its maps: (n, 3105)."""
        with torch.autocast(self.kind, torch.bfloat16, enabled=self.halved):
            told = [self.ears(each) for each in torch.split(sound, _ASKED)]
        score, last, mean, spread = (torch.cat(each).float() for each in zip(*told, strict=True))
        return torch.cat((score[:, None], last, mean, spread), 1)


class Memory:
    """The last windows, in 16 bits, and their aims."""

    def __init__(self, kept: int, aims: int, device: str) -> None:
        self.sound = torch.zeros(kept, WINDOW, dtype=torch.float16, device=device)
        self.goals = torch.zeros(kept, aims, device=device)
        self.seen = 0

    def add(self, sound: Tensor, goals: Tensor) -> None:
        """Keep them over the oldest."""
        rows = (torch.arange(len(sound), device=sound.device) + self.seen) % len(self.sound)
        self.sound[rows], self.goals[rows] = sound.half(), goals
        self.seen += len(sound)

    def again(self, count: int) -> tuple[Tensor, Tensor]:
        """Some of them, each begun anywhere."""
        held = min(self.seen, len(self.sound))
        rows = torch.randint(held, (count,), device=self.sound.device)
        begin = torch.randint(WINDOW, (count, 1), device=rows.device)
        place = (begin + torch.arange(WINDOW, device=rows.device)) % WINDOW
        return self.sound[rows].gather(1, place).float(), self.goals[rows]


class Learner:
    """A network, and how it learns."""

    def __init__(self, name: str, seed: int, aims: int, device: str) -> None:
        torch.manual_seed(seed)
        self.name = name if seed == 1 else f"{name}{seed}"
        network = Pupil(aims, SHAPES[name])
        self.network = network.to(device).to(memory_format=torch.channels_last).train()
        fused = device.startswith("cuda")
        self.optimiser = torch.optim.AdamW(
            network.parameters(), RATE, weight_decay=_DECAY, fused=fused
        )
        self.kind, self.lost = torch.device(device).type, torch.zeros((), device=device)

    def learn(self, sound: Tensor, goals: Tensor, counts: Tensor, pace: float) -> None:
        """One step."""
        for group in self.optimiser.param_groups:
            group["lr"] = RATE * pace
        with torch.autocast(self.kind, torch.bfloat16):
            answer = self.network.aims(sound)
        loss = ((answer.float() - goals).square() * counts).sum(1).mean()
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimiser.step()
        self.lost = 0.98 * self.lost + 0.02 * loss.detach()

    @torch.no_grad()
    def explains(self, sound: Tensor, goals: Tensor, counts: Tensor) -> str:
        """How much of what varies it tells: of the score, of the last layer, of all as counted."""
        self.network.eval()
        with torch.autocast(self.kind, torch.bfloat16):
            told = [self.network.aims(each).float() for each in torch.split(sound, 128)]
        self.network.train()
        part = 1 - (torch.cat(told) - goals).square().mean(0) / goals.var(0).clamp(min=1e-6)
        return f"{part[0]:.3f} {part[1:LAST].mean():.3f} {(part * counts).sum():.3f}"


class Lesson:
    """What is learnt from, and who learns."""

    def __init__(self, options: argparse.Namespace) -> None:
        device, batch = options.device, options.batch
        with options.sources.open(newline="") as file:
            heard, unheard = apart(sorted(row["source"] for row in csv.DictReader(file)))
        self.pool = Pool(*gathered(options.folder, heard), options.hours * 3600, device)
        strange = Pool(*gathered(options.folder, unheard), 2 * 3600, device)
        print(f"{len(heard)} sources, {self.pool.hours:.2f} h; not heard: {unheard}")
        self.coding = self.pool.coding(
            options.workers, options.ffmpeg, options.seed, options.to / _CLIPS
        )
        next(self.coding)
        self.teacher = Teacher(options.teacher, device, self.pool.draw(min(64, options.first)))
        first = [self.pool.draw(batch) for _ in range(options.first // batch)]
        told = [self.teacher.told(each) for each in first]
        self.aims = laid_out(torch.cat(told), options.components)
        self.memory = Memory(options.memory, len(self.aims.counts), device)
        for sound, each in zip(first, told, strict=True):
            self.memory.add(sound, self.aims.of(each))
        asked = [strange.draw(batch) for _ in range(4)]
        goals = torch.cat([self.aims.of(self.teacher.told(each)) for each in asked])
        self.strange = torch.cat(asked), goals
        many = len(self.aims.counts)
        self.pupils = [Learner(name, options.seed, many, device) for name in options.shapes]
        self.batch, self.to, self.rounds = batch, options.to, 0

    def round(self, pace: float) -> None:
        """The teacher is asked of new windows; each pupil learns from them and from former ones."""
        next(self.coding)
        sound = self.pool.draw(self.batch)
        goals = self.aims.of(self.teacher.told(sound))
        self.memory.add(sound, goals)
        for pupil in self.pupils:
            pupil.learn(sound, goals, self.aims.counts, pace)
        again = self.memory.again(self.batch)
        for pupil in self.pupils:
            pupil.learn(*again, self.aims.counts, pace)
        self.rounds += 1

    def show(self, seconds: float) -> None:
        """Print how far they are, and keep them."""
        print(f"{seconds:4.0f} s {self.rounds} rounds, {self.memory.seen} windows, "
              f"{self.pool.hours:.1f} h")  # fmt: skip
        near = self.memory.again(4 * self.batch)
        for pupil in self.pupils:
            known, unknown = (
                pupil.explains(*each, self.aims.counts) for each in (near, self.strange)
            )
            print(f"     {pupil.name} {float(pupil.lost):.3f}: heard {known}; unheard {unknown}")
            torch.save(pupil.network.state_dict(), self.to / f"{pupil.name}.pt")


def taught(options: argparse.Namespace) -> list[Learner]:
    """Pupils of so many seconds. The rate of learning rises soon and falls as a cosine."""
    begun = time.monotonic()
    torch.manual_seed(options.seed)
    torch.backends.cudnn.benchmark = True
    options.to.mkdir(parents=True, exist_ok=True)
    lesson = Lesson(options)
    started = shown = time.monotonic()
    last = begun + options.seconds - started
    print(f"begins after {started - begun:.0f} s, {last:.0f} s remain", flush=True)
    while (now := time.monotonic()) < started + last:
        done = (now - started) / last
        lesson.round(min(1.0, done / _RISE + 0.01) * (0.5 + 0.5 * math.cos(math.pi * done)))
        if now - shown > _EVERY:
            lesson.show(now - started)
            shown = now
    lesson.show(time.monotonic() - started)
    lesson.coding.close()
    (options.to / _CLIPS).unlink()
    return lesson.pupils


def main() -> None:
    """Teach what the command line names, and write it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sources", type=Path, required=True, help="which sources are heard")
    parser.add_argument("--teacher", type=Path, nargs=3, required=True, help="code, weights, conf")
    parser.add_argument("--shapes", nargs="+", default=list(SHAPES), choices=list(SHAPES))
    parser.add_argument("--seconds", type=float, default=250)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--first", type=int, default=_FIRST)
    parser.add_argument("--components", type=int, default=COMPONENTS)
    parser.add_argument("--memory", type=int, default=65_536, help="windows learnt from again")
    parser.add_argument("--hours", type=int, default=60, help="of hearings, at most")
    parser.add_argument("--workers", type=int, default=6)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--ffmpeg", default="ffmpeg")
    parser.add_argument("--to", type=Path, required=True, help="a folder")
    options = parser.parse_args()
    for pupil in taught(options):
        written(pupil.network.cpu().eval(), options.to / f"{pupil.name}.onnx")


if __name__ == "__main__":
    main()
