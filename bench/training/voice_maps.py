"""Write Distill-MOS's maps, as ears of voices.

    python -m bench.training.voice_maps WHEEL --to ONNX

Distill-MOS (Stahl and Gamper, "Distillation and Pruning for Scalable Self-Supervised
Representation-Based Speech Quality Assessment", 2025) tells how good speech sounds. Its first part,
six convolutions over a compressed complex spectrum, comes from the wheel `distillmos` (Microsoft,
MIT), untouched but for rounding: 8 bits a weight, a step for each output. What comes after them is
left out; told are means and deviations of the last maps over time, and deviations of what they
change by. WHEEL is what `pip download --no-deps distillmos==0.9.1` brings; its licence is written
into the file, since copies must carry it. Needs torch, which reads the weights. The same wheel
gives the same file.
"""

import argparse
import hashlib
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import torch
from onnx import TensorProto, helper

from verifier.detector.voice_bands import WINDOW

from .encoder import Graph

WEIGHTS = "distillmos/weights/distill_mos_v7.pt"
LICENCE = ".dist-info/LICENSE"
LAYERS = 6
FRAME, STEP = 320, 160  # samples of a frame of the spectrum, and between frames
POWER, LEAST = 0.3, 1e-12  # to which magnitudes are raised; the least of them
SLOPE = 0.1  # of what is below nothing
LEVELS = 127  # of a weight, to either side
NORMS = ("transformer_pool_attn.norm_input", "transformer_pool_attn.transformer.norm")
_FLOOR = 1e-4  # of a map's variance
_EPSILON = 1e-5  # of the wheel's norms
_END = 2**31 - 1
_OPSET = 17

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Heard:
    """What is taken from the wheel, and what it says of copies."""

    layers: list[tuple[Floats, Floats]]  # weights (outputs, inputs, 3, 3) and biases
    scale: Floats  # of each of the last maps, and shift: to its mean and deviation in the wheel
    shift: Floats
    licence: str


def rounded(graph: Graph, weights: Floats) -> str:
    """Store weights in 8 bits, with a step for each output; widened when the file is loaded."""
    steps = np.abs(weights).max((1, 2, 3), keepdims=True) / np.float32(LEVELS)
    levels = np.rint(weights / np.maximum(steps, np.float32(1e-12))).astype(np.int8)
    wide = graph.add("Cast", graph.hold(levels), to=TensorProto.FLOAT)
    return graph.add("Mul", wide, graph.hold(steps))


def turns(graph: Graph) -> tuple[str, str]:
    """Tapered cosines and sines of each bin, (bins, 1, FRAME) each: made when the file is loaded.

    Bin times place is taken within a frame's length, which changes neither and keeps it exact.
    """
    bins, places = np.arange(FRAME // 2 + 1)[:, None, None], np.arange(FRAME)[None, None]
    turned = graph.add("Mul", graph.hold(bins), graph.hold(places))
    turned = graph.add("Mod", turned, graph.axes(FRAME))
    turned = graph.add("Cast", turned, to=TensorProto.FLOAT)
    angles = graph.add("Mul", turned, graph.number(2 * np.pi / FRAME))
    taper = graph.hold((0.5 - 0.5 * np.cos(2 * np.pi * places / FRAME)).astype(np.float32))
    sines = graph.add("Neg", graph.add("Sin", angles))
    cosines = graph.add("Cos", angles)
    return graph.add("Mul", cosines, taper), graph.add("Mul", sines, taper)


def spectrum(graph: Graph) -> str:
    """The compressed complex spectrum (1, 2, bins, frames) of "sound" (1, WINDOW)."""
    greatest = graph.add("ReduceMax", graph.add("Abs", "sound"), axes=[1], keepdims=1)
    even = graph.add("Div", "sound", graph.add("Add", greatest, graph.number(1e-8)))
    beyond = (FRAME - STEP) // 2
    even = graph.add("Pad", even, graph.axes(0, beyond, 0, beyond), mode="reflect")
    even = graph.add("Unsqueeze", even, graph.axes(1))
    parts = [graph.add("Conv", even, each, strides=[STEP]) for each in turns(graph)]
    both = graph.add("Concat", *(graph.add("Unsqueeze", p, graph.axes(1)) for p in parts), axis=1)
    power = graph.add("ReduceSumSquare", both, axes=[1], keepdims=1)
    power = graph.add("Max", power, graph.number(LEAST**2))
    return graph.add("Mul", both, graph.add("Pow", power, graph.number((POWER - 1) / 2)))


def maps(graph: Graph, heard: Heard) -> str:
    """The last maps, one after the other, in their units: (1, maps, frames)."""
    value = spectrum(graph)
    for number, (weights, biases) in enumerate(heard.layers):
        strides = [2 if number else 1, 2 if number == len(heard.layers) - 1 else 1]
        its = rounded(graph, weights), graph.hold(biases)
        value = graph.add("Conv", value, *its, strides=strides, pads=[0, 1, 0, 1])
        value = graph.add("LeakyRelu", value, alpha=SLOPE)
    value = graph.add("Reshape", value, graph.axes(1, len(heard.scale), -1))
    value = graph.add("Mul", value, graph.hold(heard.scale[:, None]))
    return graph.add("Add", value, graph.hold(heard.shift[:, None]))


def told(graph: Graph, value: str) -> list[str]:
    """Means and deviations over time, and deviations of changes, of maps (1, maps, frames)."""
    mean = graph.add("ReduceMean", value, axes=[2], keepdims=1)
    after, before = (graph.axes(each) for each in (1, -1))
    later = graph.add("Slice", value, after, graph.axes(_END), graph.axes(2))
    earlier = graph.add("Slice", value, graph.axes(0), before, graph.axes(2))
    away = graph.add("Sub", value, mean), graph.add("Sub", later, earlier)
    return [graph.add("Squeeze", mean, graph.axes(2)), *(spread(graph, each) for each in away)]


def spread(graph: Graph, value: str) -> str:
    """The root of the mean square over time, of (1, maps, frames)."""
    square = graph.add("ReduceMean", graph.add("Mul", value, value), axes=[2], keepdims=0)
    return graph.add("Sqrt", graph.add("Add", square, graph.number(_FLOOR)))


def read(wheel: Path) -> Heard:
    """What a wheel carries."""
    with zipfile.ZipFile(wheel) as opened:
        licence = next(each for each in opened.namelist() if each.endswith(LICENCE))
        said = opened.read(licence).decode()
        held = torch.load(io.BytesIO(opened.read(WEIGHTS)), map_location="cpu", weights_only=True)
    weights = {name: each.numpy() for name, each in held["model"].items()}
    names = [f"cnn.cnn.{2 * number}" for number in range(LAYERS)]
    layers = [(weights[f"{name}.weight"], weights[f"{name}.bias"]) for name in names]
    scale, shift = np.ones(1), np.zeros(1)
    for name in NORMS:
        deviation = np.sqrt(weights[f"{name}.running_var"].astype(np.float64) + _EPSILON)
        by = weights[f"{name}.weight"] / deviation
        scale = scale * by
        shift = (shift - weights[f"{name}.running_mean"]) * by + weights[f"{name}.bias"]
    return Heard(layers, scale.astype(np.float32), shift.astype(np.float32), said)


def written(heard: Heard, to: Path) -> None:
    """Write them: "sound" (1, WINDOW) prepared as `voice_network` prepares it, to "numbers"."""
    graph = Graph()
    graph.add("Concat", *told(graph, maps(graph, heard)), axis=1)
    graph.nodes[-1].output[0] = "numbers"
    sound = helper.make_tensor_value_info("sound", TensorProto.FLOAT, [1, WINDOW])
    many = 3 * len(heard.scale)
    numbers = helper.make_tensor_value_info("numbers", TensorProto.FLOAT, [1, many])
    made = helper.make_graph(graph.nodes, "maps", [sound], [numbers], graph.weights)
    opset = helper.make_opsetid("", _OPSET)
    whole = helper.make_model(made, opset_imports=[opset], ir_version=8, doc_string=heard.licence)
    onnx.checker.check_model(whole)
    to.write_bytes(whole.SerializeToString(deterministic=True))


def main() -> None:
    """Write what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--to", type=Path, required=True)
    options = parser.parse_args()
    written(read(options.wheel), options.to)
    print(f"DIGEST = {hashlib.sha256(options.to.read_bytes()).hexdigest()!r}")


if __name__ == "__main__":
    main()
