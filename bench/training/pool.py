"""What processes draw all the while, in memory that all share: what networks are taught by.

Each process draws into a stripe of its own and begins again where it ends, so that the last draws
are there, however fast they are learnt from.
"""

import mmap
import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

Random = np.random.Generator
Array = npt.NDArray[np.generic]
Draws = Callable[[Random], Iterator[tuple[Array, ...]]]
Field = tuple[tuple[int, ...], type[np.generic]]  # the shape and the kind of number of an array


class Pool:
    """What was drawn last: `fields`, each (workers, each, …); and `drawn`, how many by each worker.

    `draws` yields draws without end from a generator, each of as many arrays as there are fields.
    """

    def __init__(
        self, draws: Draws, fields: Sequence[Field], *, workers: int, kept: int, seed: int
    ) -> None:
        self.each = kept // workers
        self.fields = [shared((workers, self.each, *shape), kind) for shape, kind in fields]
        self.drawn = shared((workers,), np.int64)
        context = multiprocessing.get_context("fork")
        self._processes = [
            context.Process(target=self._draw, args=(draws, (seed, number), number), daemon=True)
            for number in range(workers)
        ]
        for process in self._processes:
            process.start()
        while not self.drawn.all():
            time.sleep(0.1)

    def close(self) -> None:
        """Let no more be drawn."""
        for process in self._processes:
            process.terminate()
            process.join()

    def _draw(self, draws: Draws, seed: tuple[int, int], number: int) -> None:
        for drawn in draws(np.random.default_rng(seed)):
            at = self.drawn[number] % self.each
            for field, value in zip(self.fields, drawn, strict=True):
                field[number, at] = value
            self.drawn[number] += 1


def shared(shape: tuple[int, ...], kind: type[np.generic]) -> npt.NDArray[np.generic]:
    """Noughts in memory that processes share which are forked from this one."""
    room = mmap.mmap(-1, int(np.prod(shape)) * np.dtype(kind).itemsize)
    return np.frombuffer(room, kind).reshape(shape)
