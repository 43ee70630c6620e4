"""Teaching networks side by side: what was drawn, brought to where they learn, and the steps."""

import threading
import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch

from .pool import Pool
from .tuned_net import Many, State

AVERAGED = 0.998
LATER = 1000  # draws of a worker's stripe that are fetched at once, at most
EVERY = 20  # times that is said how it goes

Labels = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]


class Ring:
    """The last `kept` draws of a pool where they are learnt from; a thread fetches them.

    `fields` are the pool's, each (kept, …); `facts` are the last of them, on the host.
    """

    def __init__(self, pool: Pool, kept: int, device: torch.device) -> None:
        self.pool, self.kept, self.device = pool, kept, device
        self.fields = [
            torch.zeros(
                (kept, *each.shape[2:]), dtype=torch.from_numpy(each[:0]).dtype, device=device
            )
            for each in pool.fields
        ]
        self.facts = np.zeros((kept, *pool.fields[-1].shape[2:]), np.int64)
        self.drawn = 0
        self._taken = np.zeros(len(pool.drawn), np.int64)
        self._over = threading.Event()
        self._fetches = threading.Thread(target=self._always, daemon=True)
        self.fetch()

    def begin(self) -> None:
        """Fetch from now on, once a second."""
        self._fetches.start()

    def _always(self) -> None:
        while not self._over.wait(1):
            self.fetch()

    def close(self) -> None:
        """Fetch no more."""
        self._over.set()
        self._fetches.join()

    def fetch(self) -> None:
        """Bring what was drawn since."""
        each, drawn = self.pool.each, self.pool.drawn.copy()
        # No more than a half: the oldest may be written over meanwhile.
        first = np.maximum(self._taken, drawn - min(each // 2, LATER))
        counts = drawn - first
        if not counts.any():
            return
        workers = np.repeat(np.arange(len(drawn)), counts)
        at = np.concatenate([np.arange(*ends) for ends in zip(first, drawn, strict=True)]) % each
        new = [field[workers, at] for field in self.pool.fields]
        told = [torch.from_numpy(some).to(self.device) for some in new]
        to = (self.drawn + np.arange(len(at))) % self.kept
        rows = torch.from_numpy(to).to(self.device)
        # Written at once, when all is there: what is learnt from and what is known of it agree.
        for field, some in zip(self.fields, told, strict=True):
            field[rows] = some
        self.facts[to] = new[-1]
        self._taken = drawn
        self.drawn += len(at)

    def have(self) -> Numbers:
        """The rows that hold a draw."""
        return np.arange(min(self.drawn, self.kept))


def _group(name: str) -> tuple[float, float]:
    """A parameter's share of the rate, and its decay."""
    if name.startswith(("line", "offset", "where")):
        return 3.0, 0.05
    return (1.0, 0.1) if name.endswith((".down", ".up")) else (0.3, 0.0)


def taught(
    model: Many,
    lesson: Callable[[int], torch.Tensor],
    *,
    seconds: float,
    rate: float,
    falling: float,
    so_far: Callable[[State], None] | None = None,
) -> State:
    """Teach networks until the time is up: the mean of their weights over the last steps.

    `lesson` says, at a step, how wrong each network is: (networks,). Over the last `falling` of the
    time steps become smaller. `so_far` is given the mean now and then.
    """
    named = dict(model.named_parameters())
    mean = {name: each.detach().clone() for name, each in named.items()}
    kinds = sorted({_group(name) for name in named})
    groups = [[each for name, each in named.items() if _group(name) == kind] for kind in kinds]
    optimiser = torch.optim.AdamW(
        [
            {"params": some, "weight_decay": kind[1]}
            for some, kind in zip(groups, kinds, strict=True)
        ],
        rate,
        betas=(0.9, 0.98),
    )
    began = said = time.monotonic()
    step = 0
    while (gone := (time.monotonic() - began) / seconds) < 1:
        slower = min(1.0, (step + 1) / 150, (1 - gone) / falling + 0.01)
        for group, kind in zip(optimiser.param_groups, kinds, strict=True):
            group["lr"] = rate * kind[0] * slower
        losses = lesson(step)
        optimiser.zero_grad(set_to_none=True)
        losses.sum().backward()
        optimiser.step()
        step += 1
        with torch.no_grad():
            for name, each in mean.items():
                each.lerp_(named[name], 1 - min(AVERAGED, step / (step + 10)))
        if time.monotonic() - said > seconds / EVERY:
            said = time.monotonic()
            print(step, " ".join(f"{each:.3f}" for each in losses.tolist()), flush=True)
            if so_far is not None:
                so_far(mean)
    return mean
