"""Write AASIST as ONNX: `python -m training.voice_ears AASIST.py best.pth CONFIGURATION --to FILE`.

The three files are those of ASVspoof 5's baseline (Jung et al., "AASIST: Audio Anti-Spoofing using
Integrated Spectro-Temporal Graph Attention Networks", ICASSP 2022; Wang et al., "ASVspoof 5", 2024;
both MIT). What is written takes a window of sound (1, 64000) and tells its score, its last layer,
and the means and deviations of its maps over time, which are more than it makes of them itself.
Nothing is trained here: `training.voice_coded` lays a line over all of it. Needs torch.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import nn

from verifier.detector.voice_bands import WINDOW

_OPSET = 17


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


def main() -> None:
    """Write what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("files", type=Path, nargs=3, help="code, weights, configuration")
    parser.add_argument("--to", type=Path, required=True)
    options = parser.parse_args()
    names = ["score", "last", "mean", "spread"]
    torch.onnx.export(
        Ears(read(*options.files)).eval(),
        (torch.zeros(1, WINDOW),),
        str(options.to),
        input_names=["sound"],
        output_names=names,
        opset_version=_OPSET,
        dynamo=False,
    )
    made = onnx.load(options.to)
    for node in made.graph.node:
        node.doc_string = ""  # where it was written, which is nobody's business
    options.to.write_bytes(made.SerializeToString())


if __name__ == "__main__":
    main()
