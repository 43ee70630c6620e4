"""What CLIP's picture encoder sees: the first layers of ViT-B/16, in few bits, ours by digest.

"Learning Transferable Visual Models From Natural Language Supervision" (ICML 2021). The weights are
CLIP's own, rounded and entropy-coded by `bench/training/encoder.py`; the layers that see texture
and parts are kept, those after them, that name what is shown, are not.

    encoder.npz.z   zlib over graph, an ONNX file: `pixels` (1, SIDE, SIDE, 3) of bytes in, `layer1`
                    … `layer9` (1, 197, WIDTH) out, and for each matrix of it levels (inputs,
                    outputs / 2), two in a byte, and steps, in FINE parts, (inputs / 64, outputs);
                    and w2 …, whatever else graphs over the same matrices share: all but the
                    normalisations

Pictures are encoded one at a time: the graph scales its 8-bit arithmetic to what it is shown, so a
picture's features would depend on its neighbours. Products are of 8-bit by 7-bit integers, so that
no processor's kernel saturates, and sums are exact; all else is done by steps that come out the
same to the bit with AVX-512, with AVX2 and on 64-bit ARM (`bench.training.steady`).
"""

import io
import zlib
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime

from . import network
from .weights import held

MODEL = Path(__file__).with_name("encoder.npz.z")
DIGEST = "0c0f9eca431451ac9de30b1e3a363bca72b8b40fde89ade37ee818bccdab149a"  # SHA-256 of that file
SIDE = 224  # pixels
WIDTH = 768
FINE = 8  # parts of a step
MOST = 3  # levels on each side of nought
_LARGEST = 128 << 20  # bytes of the graph

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Shared = npt.NDArray[np.int8 | np.float16 | np.float32]


def encode(
    square: Pixels,
    layers: tuple[int, ...],
    runtime: onnxruntime.InferenceSession | None = None,
) -> Floats:
    """The features of one picture of shape (SIDE, SIDE, 3), red, green, blue.

    The first tokens of the layers (1 to 9) in their order, then the means of the others:
    (2 * WIDTH * len(layers),). Raises ToolMissing where the weights are absent or are others.
    """
    names = [f"layer{layer}" for layer in layers]
    seen = (runtime or session()).run(names, {"pixels": np.ascontiguousarray(square)[None]})
    return np.concatenate([*(each[0, 0] for each in seen), *(each[0, 1:].mean(0) for each in seen)])


@cache
def session() -> onnxruntime.InferenceSession:
    """The encoder, read once in a process, for the calling thread alone; raises ToolMissing."""
    return opened(threads=1)


def opened(*, threads: int, graph: bytes | None = None) -> onnxruntime.InferenceSession:
    """The encoder on so many threads, or another graph over its matrices; raises ToolMissing."""
    its_own, beside = parts()
    how = network.options(threads=threads)
    values = [onnxruntime.OrtValue.ortvalue_from_numpy(each) for each in beside.values()]
    how.add_external_initializers(list(beside), values)
    return network.running(graph or its_own, how)


def parts() -> tuple[bytes, dict[str, Shared]]:
    """The encoder's graph, and by name what lies beside it; raises ToolMissing.

    The matrices as they multiply, and what else graphs over them share: `adapted` runs over the
    same. Read once in a process.
    """
    return _parts(MODEL, DIGEST)


def forget() -> None:
    """Give back what networks were opened with: each holds its own by then."""
    _parts.cache_clear()


@cache
def _parts(model: Path, digest: str) -> tuple[bytes, dict[str, Shared]]:
    data = zlib.decompressobj().decompress(held(model, digest), _LARGEST)
    with np.load(io.BytesIO(data), allow_pickle=False) as stored:
        count = sum(name.startswith("levels") for name in stored.files)
        beside: dict[str, Shared] = {
            f"matrix{i}": _matrix(stored[f"levels{i}"], stored[f"steps{i}"]) for i in range(count)
        }
        return stored["graph"].tobytes(), beside | {
            name: stored[name] for name in stored.files if name.startswith("w")
        }


def _matrix(pairs: npt.NDArray[np.uint8], steps: npt.NDArray[np.uint8]) -> npt.NDArray[np.int8]:
    inputs, outputs = len(pairs), steps.shape[1]
    levels = np.stack(np.divmod(pairs, np.uint8(2 * MOST + 1)), -1).astype(np.int8) - np.int8(MOST)
    grouped = levels.reshape(len(steps), -1, outputs)
    whole = np.rint(grouped * (steps[:, None] / np.float32(FINE)))
    return whole.astype(np.int8).reshape(inputs, outputs)
