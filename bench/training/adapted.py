"""Networks of `verifier/detector/adapted.py`: CLIP's nine layers, and low-rank changes.

Each matrix that the encoder holds (`verifier/detector/encoder.npz.z`) stays as it is; what is
learnt is a product of two narrow matrices beside each ("LoRA: Low-Rank Adaptation of Large Language
Models", ICLR 2022), the layers' normalisations, and a line over the last layer's first token and
the mean of its others. Written as a graph over the encoder's own matrices, with its 8-bit products.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from verifier.detector import encoder

from .steady import TURNED, norms

RANK, SCALE = 8, 2.0  # of what is added to a matrix
HEADS, PLACES = 12, 14  # of attention; along a side of what is seen
NAMES = ("qkv", "out", "wide", "narrow")  # of a layer's four matrices

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Held:
    """The encoder's weights as floats: matrices (inputs, outputs), their biases, and the rest."""

    kernel: Floats
    first: Floats
    spots: Floats
    colours: tuple[Floats, Floats]
    norms: list[tuple[Floats, Floats]]
    matrices: list[tuple[Floats, Floats]]


def products(graph: onnx.GraphProto) -> list[tuple[onnx.NodeProto, onnx.NodeProto, str]]:
    """Of each matrix: the node that multiplies, the one that brings its bias, its scales' name."""
    made = {name: node for node in graph.node for name in node.output}
    named = {each.name for each in graph.initializer}
    told = []
    for node in graph.node:
        scaled = made.get(node.input[0]) if node.op_type == "Sub" else None
        cast = made.get(scaled.input[0]) if scaled is not None and scaled.op_type == "Mul" else None
        product = made.get(cast.input[0]) if cast is not None and cast.op_type == "Cast" else None
        if scaled is not None and product is not None and product.op_type == "MatMulInteger":
            scales = next(name for name in made[scaled.input[1]].input if name in named)
            told.append((product, node, scales))
    return told


def held() -> Held:
    """Read the encoder's weights."""
    graph, beside = encoder.parts()
    model = onnx.load_from_string(graph)
    arrays = {
        each.name: numpy_helper.to_array(each)
        for each in model.graph.initializer
        if each.data_location != TensorProto.EXTERNAL
    }
    arrays = {name: each.astype(np.float32) for name, each in (arrays | beside).items()}
    matrices = [
        (arrays[product.input[1]] * arrays[scales], arrays[added.input[1].removesuffix(TURNED)])
        for product, added, scales in products(model.graph)
    ]
    level = [(arrays[weight], arrays[bias]) for weight, bias in norms(model.graph)]
    colours = (arrays["w0"], arrays["w1"])
    return Held(arrays["w2"], arrays["w4"], arrays["w5"], colours, level, matrices)


class _Graph:
    def __init__(self, graph: onnx.GraphProto) -> None:
        self.graph = graph
        self.stored = {each.name: each for each in graph.initializer}

    def put(self, name: str, values: npt.NDArray[np.generic]) -> None:
        tensor = numpy_helper.from_array(np.asarray(values, order="C"), name)
        if name in self.stored:
            self.stored[name].CopyFrom(tensor)
        else:
            self.graph.initializer.append(tensor)


def export(state: dict[str, torch.Tensor], path: Path, *, name: str) -> None:
    """Write what was learnt as a graph over the encoder's matrices.

    It answers with `seen` and a score called `name`; changes are stored in 8 bits.
    """
    model = onnx.load_from_string(encoder.parts()[0])
    graph, told = _Graph(model.graph), {name: v.float().numpy() for name, v in state.items()}
    level = norms(model.graph)
    for (weight, bias), at in zip(level, _norm_names(len(level)), strict=True):
        graph.put(weight, told[f"{at}.weight"])
        graph.put(bias, told[f"{at}.bias"])
    nodes = _with_changes(graph, told)
    last = next(n.input[0] for n in nodes if n.output[0] == f"layer{len(level) // 2}")
    kept = [node for node in nodes if not node.output[0].startswith("layer")]
    del model.graph.node[:], model.graph.output[:]
    model.graph.node.extend([*kept, *_ending(graph, told, last, name)])
    for each, width in (("seen", 2 * encoder.WIDTH), (name, 1)):
        shape = helper.make_tensor_value_info(each, TensorProto.FLOAT, [1, width])
        model.graph.output.append(shape)
    path.write_bytes(model.SerializeToString())


def _with_changes(graph: _Graph, told: dict[str, Floats]) -> list[onnx.NodeProto]:
    """The graph's nodes, and after each product by a matrix what is added to it."""
    made = {name: node for node in graph.graph.node for name in node.output}
    after = {added.output[0]: product for product, added, _ in products(graph.graph)}
    nodes = []
    for node in graph.graph.node:
        nodes.append(node)
        product = after.get(node.output[0])
        if product is None:
            continue
        number, name = int(product.input[1].removeprefix("matrix")), node.output[0]
        key = f"blocks.{number // 4}.{NAMES[number % 4]}"
        value = made[product.input[0]].input[0]  # before it is rounded
        node.output[0] = f"{name}_held"
        for side, factor in (("down", 1.0), ("up", SCALE)):
            values = told[f"{key}.{side}"] * np.float32(factor)
            nodes += _stored(graph, f"{side}{number}", values, axis=int(side == "up"))
            product_of = helper.make_node(
                "MatMul", [value, f"{side}{number}"], [f"{side}{number}p"]
            )
            nodes.append(product_of)
            value = f"{side}{number}p"
        nodes.append(helper.make_node("Add", [f"{name}_held", value], [name]))
    return nodes


def _stored(graph: _Graph, name: str, values: Floats, *, axis: int) -> list[onnx.NodeProto]:
    """Store values in 8 bits and a step along the axis; the nodes that widen them."""
    _put_in_bytes(graph, name, values, axis)
    cast = helper.make_node("Cast", [f"{name}h"], [f"{name}f"], to=TensorProto.FLOAT)
    return [cast, helper.make_node("Mul", [f"{name}f", f"{name}s"], [name])]


def _put_in_bytes(graph: _Graph, name: str, values: Floats, axis: int) -> None:
    steps = np.abs(values).max(axis, keepdims=True) / np.float32(127) + np.float32(1e-12)
    graph.put(f"{name}h", np.rint(values / steps).astype(np.int8))
    graph.put(f"{name}s", steps)


def read(graph: bytes) -> dict[str, Floats]:
    """The numbers that `export` was given: what learning goes on from."""
    model = onnx.load_from_string(graph)
    told = {name: each.astype(np.float32) for name, each in _widened(model.graph).items()}
    level = norms(model.graph)
    names = _norm_names(len(level))
    state = {"line_norm.weight": told["norm_weight"], "line_norm.bias": told["norm_bias"]}
    for (weight, bias), at in zip(level, names, strict=True):
        state[f"{at}.weight"], state[f"{at}.bias"] = told[weight], told[bias]
    for number in range(4 * (len(names) // 2)):
        key = f"blocks.{number // 4}.{NAMES[number % 4]}"
        state[f"{key}.down"], state[f"{key}.up"] = (
            told[f"down{number}"],
            told[f"up{number}"] / SCALE,
        )
    return state | {"line.weight": told["line_weight"].T, "line.bias": told["line_bias"]}


def _norm_names(count: int) -> list[str]:
    """Of the layers' normalisations, in their order."""
    layers = range(count // 2)
    return ["before", *(f"blocks.{i}.{which}" for i in layers for which in ("first", "second"))]


def mean(graphs: Sequence[bytes]) -> bytes:
    """One graph whose numbers are the means of those of graphs that `export` wrote.

    Networks that were taught from one beginning can be averaged so ("Model soups: averaging weights
    of multiple fine-tuned models improves accuracy without increasing inference time", ICML 2022).
    """
    models = [onnx.load_from_string(each) for each in graphs]
    numbers = [_widened(each.graph) for each in models]
    graph = _Graph(models[0].graph)
    for name in numbers[0]:
        values = np.mean([each[name] for each in numbers], axis=0, dtype=np.float32)
        if f"{name}h" in graph.stored:
            _put_in_bytes(graph, name, values, axis=int(name.startswith("up")))
        else:
            graph.put(name, values)
    return models[0].SerializeToString()


def _widened(graph: onnx.GraphProto) -> dict[str, Floats]:
    """The numbers that a graph stores, but for those beside it and counts."""
    here = (each for each in graph.initializer if each.data_location != TensorProto.EXTERNAL)
    stored = {each.name: numpy_helper.to_array(each) for each in here}
    levels = {name for name, each in stored.items() if each.dtype == np.int8}
    steps = {f"{name.removesuffix('h')}s" for name in levels}
    told = {n.removesuffix("h"): stored[n] * stored[f"{n.removesuffix('h')}s"] for n in levels}
    plain = {name for name, each in stored.items() if each.dtype == np.float32} - steps
    return told | {name: stored[name] for name in sorted(plain)}


def _ending(graph: _Graph, told: dict[str, Floats], last: str, name: str) -> list[onnx.NodeProto]:
    """The first token and the mean of the others, and the line over them."""
    for each, value in (("nought", 0), ("one", 1), ("end", PLACES**2 + 1)):
        graph.put(each, np.array([value], np.int64))
    graph.put("line_weight", told["line.weight"].T)
    graph.put("line_bias", told["line.bias"])
    graph.put("norm_weight", told["line_norm.weight"])
    graph.put("norm_bias", told["line_norm.bias"])
    make = helper.make_node
    return [
        make("Slice", [last, "nought", "one", "one"], ["token"]),
        make("Squeeze", ["token", "one"], ["token_row"]),
        make("Slice", [last, "one", "end", "one"], ["others"]),
        make("ReduceMean", ["others"], ["others_mean"], axes=[1], keepdims=0),
        make("Concat", ["token_row", "others_mean"], ["seen"], axis=1),
        make("LayerNormalization", ["seen", "norm_weight", "norm_bias"], ["level"], axis=-1),
        make("Gemm", ["level", "line_weight", "line_bias"], [name]),
    ]
