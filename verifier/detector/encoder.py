"""What CLIP's picture encoder sees: the first layers of ViT-B/16, in few bits, ours by digest.

"Learning Transferable Visual Models From Natural Language Supervision" (ICML 2021). The weights are
CLIP's own, rounded and entropy-coded by `training/encoder.py`; the layers that see texture and
parts are kept, those after them, that name what is shown, are not.

    encoder.npz.z   zlib over graph, an ONNX file: `pixels` (1, SIDE, SIDE, 3) of bytes in, `layer1`
                    … `layer9` (1, 197, WIDTH) out, and for each matrix of it levels (inputs,
                    outputs), and steps, in FINE parts, (inputs / 64, outputs)

Pictures are encoded one at a time: the graph scales its 8-bit arithmetic to what it is shown, so a
picture's features would depend on its neighbours. Products are of 8-bit by 7-bit integers, so that
no processor's kernel saturates, and sums are exact: rounding alone differs between machines.
"""

import io
import zlib
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime

from .weights import held

MODEL = Path(__file__).with_name("encoder.npz.z")
DIGEST = "ee96e32ee16ea7b29a8a7ceb6cf1a4307e1dcab8dc5c8c5f3bfb5cf2cbabef3e"  # SHA-256 of that file
SIDE = 224  # pixels
LAYERS = (8, 9)  # the first token of each is kept, and the mean of the others
WIDTH = 768
FINE = 8  # parts of a step
FEATURES = 2 * WIDTH * len(LAYERS)
_LARGEST = 128 << 20  # bytes of the graph

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


def encode(square: Pixels, runtime: onnxruntime.InferenceSession | None = None) -> Floats:
    """The features of one picture of shape (SIDE, SIDE, 3), red, green, blue: (FEATURES,).

    The first tokens of LAYERS in their order, then the means of the others. Raises ToolMissing
    where the weights are absent or are others.
    """
    names = [f"layer{layer}" for layer in LAYERS]
    layers = (runtime or session()).run(names, {"pixels": np.ascontiguousarray(square)[None]})
    return np.concatenate(
        [*(each[0, 0] for each in layers), *(each[0, 1:].mean(0) for each in layers)]
    )


@cache
def session() -> onnxruntime.InferenceSession:
    """The encoder, read once in a process, for the calling thread alone."""
    # Files are examined beside one another: more threads would wait for each other.
    return opened(threads=1)


def opened(*, threads: int, graph: bytes | None = None) -> onnxruntime.InferenceSession:
    """The encoder on so many threads, or another graph over its matrices; raises ToolMissing."""
    data = zlib.decompressobj().decompress(held(MODEL, DIGEST), _LARGEST)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    with np.load(io.BytesIO(data), allow_pickle=False) as held_arrays:
        graph = graph or held_arrays["graph"].tobytes()
        count = sum(name.startswith("levels") for name in held_arrays.files)
        matrices = [
            _matrix(held_arrays[f"levels{i}"], held_arrays[f"steps{i}"]) for i in range(count)
        ]
    names = [f"matrix{i}" for i in range(count)]
    values = [onnxruntime.OrtValue.ortvalue_from_numpy(each) for each in matrices]
    options.add_external_initializers(names, values)
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def _matrix(levels: npt.NDArray[np.int8], steps: npt.NDArray[np.uint8]) -> npt.NDArray[np.int8]:
    """A matrix as it multiplies; its scales are in the graph."""
    grouped = levels.reshape(len(steps), -1, levels.shape[1])
    whole = np.rint(grouped * (steps[:, None] / np.float32(FINE)))
    return whole.astype(np.int8).reshape(levels.shape)
