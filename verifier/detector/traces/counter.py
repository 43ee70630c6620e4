"""The network that counts how many frames are missing in each step of a clip, as frames pass by.

It sees each frame at 128 by 72 pixels beside those around it: the pictures themselves, where small
parts of them went from one to the next, how far each frame is on the way between its neighbours,
and how that differs from the clip's own steps before and after. It learnt to count, by
`bench.training.missing`, on unedited clips of which frames had been left out, repeated or cut to
another shot, everything coded again (frame deletion learnt from clips alone: Long et al., "A
C3D-based convolutional neural network for frame dropping detection in a single video shot", CVPRW
2017; the network is our own). Its weights are read only by their digest.
"""

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from verifier.detector.network import Network
from verifier.errors import ToolMissing

from .missing import CLASSES
from .motion import Frame

NETWORK = Network(
    "missing.onnx", "5199ce9f08387c497c14ee8b0777a78e2b0a90ffa43b918f8a02f1034d1547bb"
)
_TOGETHER, _BESIDE = 240, 64  # frames that are looked at together, and on each side of those


class Counter:
    """Counts what is missing in frames that pass by, of 128 by 72 pixels (or 72 by 128).

    `problem` says why nothing was counted, where the network cannot be read; the frames pass.
    """

    def __init__(self) -> None:
        self.problem = ""
        self._held: list[npt.NDArray[np.uint8]] = []
        self._before = 0  # of those that are held, the frames that were told already
        self._said: list[npt.NDArray[np.float32]] = []

    def passed(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """Yield the same frames."""
        for time, luma in frames:
            if not self.problem:
                self._held.append(luma if luma.shape[0] <= luma.shape[1] else luma.T)
            if len(self._held) == self._before + _TOGETHER + _BESIDE:
                self._tell(_TOGETHER)
            yield time, luma

    def said(self) -> npt.NDArray[np.float32] | None:
        """The network's seven numbers of the step to each frame that passed (frames, 7)."""
        if len(self._held) > self._before:
            self._tell(len(self._held) - self._before)
        if self.problem:
            return None
        return np.concatenate([np.zeros((0, CLASSES), np.float32), *self._said])

    def _tell(self, count: int) -> None:
        try:
            counts = NETWORK.session()
        except ToolMissing as problem:
            self.problem, self._held = problem.message, []
            return
        told = counts.run(None, {"frames": np.stack(self._held)})[0]
        self._said.append(told[self._before : self._before + count])
        left = self._before + count
        self._before = min(_BESIDE, left)
        self._held = self._held[left - self._before :]
