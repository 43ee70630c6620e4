"""Train what counts missing frames: `python -m bench.training.missing DIR --to missing.onnx`.

DIR holds the clips that `bench.training.missing_clips` cuts, named SOURCE~ANYTHING.mp4 (each source
is one publisher). Nothing is taught of the jumps that they have as they are. Processes draw edited
and honest clips without an end, coded again; what they drew is kept (on the GPU where there is
one), and windows of it are learnt from again and again, mirrored, lit and shifted. Half of a
batch's windows hold a jump. Besides what each step is, it is taught that a window's clearest step
is clearer where frames are missing than in every window of the batch where none are, since that is
what clips are told by. It stops after --seconds, and writes weights every minute. Sources named by
--left-out are seen by no step. Needs torch and av.
"""

import argparse
import multiprocessing
import queue
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.queues import Queue
from pathlib import Path
from threading import Thread

import numpy as np
import torch
from torch.nn import functional

from .missing_clips import listed
from .missing_edits import FEW, MANY, Clip, Drawn, decoded, drawn
from .missing_net import CLASSES, Missing, Rules, export
from .missing_pool import Batch, Pool

RATE = 2.5e-3
AVERAGED = 0.998
SHORTEST = 110  # frames of a clip
FIRST = 64  # clips that are drawn before anything is learnt
_JUMP = sum(1 << each for each in range(FEW, MANY + 1))


def clips_in(paths: list[Path]) -> Iterator[Clip]:
    """Decode clips that are listed, with what is known of each."""
    known = listed()
    for path in paths:
        try:
            frames, rate = decoded(str(path))
        except (OSError, ValueError):
            continue
        if len(frames) < SHORTEST or path.stem not in known:
            continue
        each = known[path.stem]
        own, cuts = (np.isin(np.arange(len(frames)), some) for some in (each.own, each.cuts))
        yield Clip(path.stem, path.name.split("~")[0], frames, rate, own, cuts, each.rhythm)


def draw(paths: list[Path], seed: int, others: "Queue[Drawn]") -> None:
    """Draw clips without an end, few of sources that have many."""
    torch.set_num_threads(1)
    random = np.random.default_rng(seed)
    clips = list(clips_in(paths))
    counts = Counter(each.source for each in clips)
    weights = np.array([counts[each.source] ** -0.6 for each in clips])
    while True:
        one, other = random.choice(len(clips), 2, p=weights / weights.sum())
        same = [each for each in clips if each.source == clips[one].source]
        alike = random.random() < 0.5  # another shot of the same publisher looks alike
        shot = same[random.integers(len(same))] if alike else clips[other]
        try:
            each = drawn(clips[one], shot, random)
        except (OSError, ValueError, IndexError):
            continue
        others.put(each)


def started(paths: list[Path], workers: int) -> "Queue[Drawn]":
    """Let so many processes draw, each from its share of the clips."""
    context = multiprocessing.get_context("fork")
    found: Queue[Drawn] = context.Queue(maxsize=48)
    for number in range(workers):
        some = paths[number::workers]
        process = context.Process(target=draw, args=(some, number, found), daemon=True)
        process.start()
    return found


def loss_of(said: torch.Tensor, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
    """What was told wrong; and of each window by how much, for what is drawn more often.

    Minus the logarithm of what was said of all classes that a step may be, and of a jump; and of
    each window with a jump against each without one, how much clearer the clearest step of the
    second is.
    """
    bits = batch.bits
    classes = torch.tensor([1 << each for each in range(CLASSES)], device=bits.device)
    may_be = (bits[..., None] & classes) > 0
    share = torch.log_softmax(said.float(), -1)
    told = share.masked_fill(~may_be, -1e4).logsumexp(-1)
    jump = share[..., FEW : MANY + 1].logsumexp(-1)
    none = torch.cat([share[..., :FEW], share[..., MANY + 1 :]], -1).logsumexp(-1)
    some = bits > 0
    jumps = some & ((bits & (0x7F & ~_JUMP)) == 0)
    honest = some & ((bits & _JUMP) == 0)
    weight = some * torch.where(jumps, 4.0, 1.0)
    every = weight.sum().clamp(min=1)
    loss = -(told * weight).sum() / every
    loss = loss - 0.5 * ((jump * jumps * 4).sum() + (none * honest).sum()) / every
    clear = jump - none
    worst = clear.masked_fill(~honest, -30).amax(1)
    best = clear.masked_fill(~jumps, -30).amax(1)
    edited, whole = jumps.any(1), ~jumps.any(1) & honest.any(1)
    pairs = functional.softplus(1 - best[edited][:, None] + worst[whole][None, :])
    within = functional.softplus(1 - best[edited] + worst[edited])
    loss = loss + 0.06 * pairs.mean() + 0.03 * within.mean()
    wrong = (worst + 3).clamp(min=0, max=6) * honest.any(1)
    return loss, wrong.detach()


def scaled_to(model: Missing, rules: Rules, pool: Pool) -> None:
    """Let the network take numbers as they come: of mean 0 and deviation 1."""
    with torch.no_grad():
        some = [rules(pool.batch(24).frames)[0].double() for _ in range(4)]
        mean = torch.stack([each.mean((0, 1, 3, 4)) for each in some]).mean(0)
        square = torch.stack([(each * each).mean((0, 1, 3, 4)) for each in some]).mean(0)
        model.mean.copy_(mean.float())
        model.scale.copy_((square - mean**2 + 1e-3).rsqrt().float())


class Averaged:
    """The mean of the last weights."""

    def __init__(self, model: Missing) -> None:
        self.kept = {name: each.detach().clone() for name, each in model.state_dict().items()}

    def add(self, model: Missing, step: int) -> None:
        """Let the weights of one more step count."""
        stays = min(AVERAGED, step / (step + 20))
        with torch.no_grad():
            for name, each in model.state_dict().items():
                if each.dtype.is_floating_point:
                    self.kept[name].lerp_(each, 1 - stays)
                else:
                    self.kept[name].copy_(each)

    def written(self, path: Path) -> None:
        """Write them as 16 bits; `known` reads them."""
        halves = {
            name: each.half() if each.dtype.is_floating_point and each.numel() > 200 else each
            for name, each in self.kept.items()
        }
        torch.save({name: each.cpu() for name, each in halves.items()}, path)


@dataclass(frozen=True)
class How:
    """How long is learnt, in steps of so many windows, where weights go, and what they begin as."""

    seconds: float
    windows: int
    to: Path
    most: int
    warm: int  # steps in which the rate rises
    start: Path | None = None


def train(found: "Queue[Drawn]", how: How) -> Missing:
    """Learn for so many seconds from what is drawn, and from what was learnt before."""
    torch.backends.cudnn.benchmark = True
    device = "cuda" if torch.cuda.is_available() else "cpu"
    began, torch_random = time.monotonic(), torch.manual_seed(0)
    pool = Pool(device, torch_random.initial_seed())
    filler = Thread(target=_filled, args=(pool, found), daemon=True)
    filler.start()
    while len(pool) < FIRST:
        time.sleep(0.2)
    model, rules = Missing(), Rules().to(device)
    if how.start is not None:
        model = known(how.start)
    model = model.to(device).train()
    if how.start is None:
        scaled_to(model, rules, pool)
    mean = Averaged(model)
    optimiser = torch.optim.AdamW(model.parameters(), RATE, weight_decay=0.03)
    start, step, kept = time.monotonic(), 0, 0
    while (spent := time.monotonic() - began) < how.seconds and step < how.most:
        done = (time.monotonic() - start) / max(1e-9, began + how.seconds - start)
        rate = RATE * min(1, (step + 1) / how.warm) * (0.5 + 0.5 * np.cos(np.pi * min(1, done)))
        optimiser.param_groups[0]["lr"] = rate + 1e-5
        batch = pool.batch(how.windows)
        with torch.no_grad():
            placed, whole = rules(batch.frames)
        with torch.autocast(device, torch.bfloat16):
            said = model(placed, whole, batch.frames)
        loss, wrong = loss_of(said, batch)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        mean.add(model, step)
        step += 1
        if step % 4 == 0:
            pool.weigh(batch, wrong)
        if step % 100 == 0 or step <= 3:
            print(f"{spent:.0f} s, {step} steps, {len(pool)} clips: {loss.item():.4f}", flush=True)
        if spent > 60 * (kept + 1):
            kept += 1
            mean.written(how.to.with_suffix(f".{kept}.pt"))
    mean.written(how.to.with_suffix(".pt"))
    print(f"{step} steps, {len(pool)} clips", flush=True)
    model.load_state_dict(mean.kept)
    return model.eval()


def _filled(pool: Pool, found: "Queue[Drawn]") -> None:
    while True:
        try:
            pool.add(found.get(timeout=5))
        except queue.Empty:
            continue


def known(weights: Path) -> Missing:
    """The network that has these weights: `export` writes it as ONNX."""
    model = Missing()
    kept = torch.load(weights, map_location="cpu", weights_only=True)
    model.load_state_dict({name: each.float() for name, each in kept.items()})
    return model


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--to", type=Path, required=True)
    parser.add_argument("--left-out", nargs="*", default=[], metavar="SOURCE")
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--windows", type=int, default=48, help="that are learnt from in a step")
    parser.add_argument("--steps", type=int, default=10**9, help="at most")
    parser.add_argument("--warm", type=int, default=150, help="steps in which the rate rises")
    parser.add_argument("--start", type=Path, help="weights that were learnt before (.pt)")
    options = parser.parse_args()
    paths = sorted(options.folder.rglob("*~*.mp4"))
    paths = [each for each in paths if each.name.split("~")[0] not in options.left_out]
    found = started(paths, options.workers)
    how = How(
        options.seconds, options.windows, options.to, options.steps, options.warm, options.start
    )
    model = train(found, how)
    try:
        export(model, options.to)
    except ImportError:  # no onnx where it was trained: `known` and `export` do it elsewhere
        print("not exported")


if __name__ == "__main__":
    main()
