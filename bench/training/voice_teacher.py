"""The teacher of our ears: AASIST, asked for numbers of windows of sound. Needs torch.

Its three files are code, weights and configuration of ASVspoof 5's baseline (Jung et al., "AASIST:
Audio Anti-Spoofing using Integrated Spectro-Temporal Graph Attention Networks", ICASSP 2022; Wang
et al., "ASVspoof 5", 2024; both MIT). Nothing of them is shipped: `bench.training.voice_ears`
teaches a network of ours to tell what this one tells, and `bench.detector_voices` measures it
beside.
"""

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
import torch
from torch import nn

from verifier.detector.network import options, running
from verifier.detector.voice_bands import WINDOW

LAST = 161  # of its numbers: its score and its last layer; twice 1,472 of its maps come after
_OPSET = 17

Floats = npt.NDArray[np.float32]


class Ears(nn.Module):
    """An AASIST, and what it is taken apart into."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.network.encoder.register_forward_hook(self._keep)
        self.maps = torch.zeros(0)

    def _keep(self, _layer: nn.Module, _given: object, told: torch.Tensor) -> None:
        self.maps = told

    def forward(self, sound: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Score (1,), last layer (1, 160), means and deviations (1, 1472) of sound (1, WINDOW)."""
        last, classes = self.network(sound)
        maps = self.maps.flatten(1, 2)
        mean = maps.mean(2)
        spread = (maps - mean[:, :, None]).square().mean(2).sqrt()
        return classes[:, 0] - classes[:, 1], last, mean, spread


def read(code: Path, weights: Path, configuration: Path) -> nn.Module:
    """The network that those files make."""
    module: dict[str, Any] = {}
    exec(compile(code.read_bytes(), code.name, "exec"), module)  # noqa: S102  # its own code
    network: nn.Module = module["Model"](json.loads(configuration.read_bytes())["model_config"])
    network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    return network.eval()


def session(code: Path, weights: Path, configuration: Path) -> onnxruntime.InferenceSession:
    """The teacher, written as ONNX for the time being: as such it answers several times faster."""
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / "teacher.onnx"
        torch.onnx.export(
            Ears(read(code, weights, configuration)).eval(),
            (torch.zeros(1, WINDOW),),
            str(written),
            input_names=["sound"],
            output_names=["score", "last", "mean", "spread"],
            opset_version=_OPSET,
            dynamo=False,
        )
        return running(written.read_bytes(), options(threads=1))


def asked(teacher: onnxruntime.InferenceSession, sound: Floats) -> Floats:
    """Its score, its last layer, means and deviations of its maps: (3105,), of sound (WINDOW,)."""
    told: Floats = np.concatenate(
        [each.ravel() for each in teacher.run(None, {"sound": sound[None]})]
    )
    return told
