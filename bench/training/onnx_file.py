"""Write a trained MobileNetV2 as ONNX, node by node: few operators, weights of 16 bits.

Weights are stored as 16-bit floats and widened when the file is loaded; the arithmetic is done in
32 bits, so that runtimes differ by rounding alone.
"""

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_OPSET = 17


class _Writer:
    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def weight(self, values: torch.Tensor) -> str:
        """Store a weight and return the name of its 32-bit form."""
        name = f"w{len(self.weights)}"
        half = values.detach().numpy().astype(np.float16)
        self.weights.append(numpy_helper.from_array(half, name))
        return self.add("Cast", name, to=TensorProto.FLOAT)

    def constant(self, *values: float) -> str:
        """Store a constant of 32 bits."""
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.array(values, np.float32), name))
        return name

    def axes(self, *values: int) -> str:
        """Store a list of axes."""
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.array(values, np.int64), name))
        return name

    def add(self, kind: str, *inputs: str, **attributes: object) -> str:
        """Append a node and return the name of its output."""
        name = f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def layer(self, layer: nn.Module, value: str) -> str:
        """Append a layer of a MobileNetV2."""
        if isinstance(layer, nn.Conv2d):
            assert layer.bias is not None
            return self.add(
                "Conv",
                value,
                self.weight(layer.weight),
                self.weight(layer.bias),
                kernel_shape=list(layer.kernel_size),
                strides=list(layer.stride),
                pads=[int(each) for each in layer.padding] * 2,
                group=layer.groups,
            )
        if isinstance(layer, nn.ReLU6):
            return self.add("Clip", value, self.scalar(0.0), self.scalar(6.0))
        inner = value
        for child in layer.children():
            inner = self.layer(child, inner)
        return self.add("Add", value, inner) if getattr(layer, "adds", False) else inner

    def scalar(self, value: float) -> str:
        """Store a constant without axes."""
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.array(value, np.float32), name))
        return name

    def start(self) -> str:
        """Turn bytes (n, side, side, 3) into what the first layer wants."""
        value = self.add("Cast", "pixels", to=TensorProto.FLOAT)
        value = self.add("Sub", value, self.constant(*(255 * each for each in MEAN)))
        value = self.add("Div", value, self.constant(*(255 * each for each in DEVIATION)))
        return self.add("Transpose", value, perm=[0, 3, 1, 2])

    def finish(self, value: str, line: nn.Linear, name: str, path: Path) -> None:
        """Lay a line over pooled values, call what it says `name`, and write the file."""
        weight, bias = self.weight(line.weight.T), self.weight(line.bias)
        self.add("Gemm", value, weight, bias)
        self.write(name, len(line.bias), path)

    def write(self, name: str, many: int, path: Path) -> None:
        """Call the last node's numbers (n, many) `name`, and write the file."""
        self.nodes[-1].output[0] = name
        pixels = helper.make_tensor_value_info(
            "pixels", TensorProto.UINT8, ["n", "side", "side", 3]
        )
        told = helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", many])
        made = helper.make_graph(self.nodes, name, [pixels], [told], self.weights)
        opset = helper.make_opsetid("", _OPSET)
        whole = helper.make_model(made, opset_imports=[opset], ir_version=8)
        onnx.checker.check_model(whole)
        path.write_bytes(whole.SerializeToString())


def export(model: nn.Module, path: Path) -> None:
    """Write `model` (a `descriptor.Descriptor`): uint8 pixels (n, side, side, 3) in, floats out."""
    graph = _Writer()
    value = graph.layer(model.features, graph.start())
    power = float(model.power)
    value = graph.add("Max", value, graph.scalar(1e-6))
    value = graph.add("Pow", value, graph.scalar(power))
    value = graph.add("ReduceMean", value, axes=[2, 3], keepdims=0)
    value = graph.add("Pow", value, graph.scalar(1 / power))
    graph.finish(value, model.project, "descriptor", path)


def export_mean(features: nn.Module, line: nn.Linear, name: str, path: Path) -> None:
    """Write `features`, the mean of what they see, and a line over it: pixels in, floats out."""
    graph = _Writer()
    value = graph.layer(features, graph.start())
    value = graph.add("ReduceMean", value, axes=[2, 3], keepdims=0)
    graph.finish(value, line, name, path)


def export_maps(parts: nn.Sequential, taken: tuple[int, ...], name: str, path: Path) -> None:
    """Write the parts as far as they are `taken`, and each map's mean and deviation after those."""
    graph = _Writer()
    value, told, many = graph.start(), [], 0
    for place, part in enumerate(parts[: taken[-1] + 1]):
        value = graph.layer(part, value)
        if place in taken:
            mean = graph.add("ReduceMean", value, axes=[2, 3], keepdims=1)
            away = graph.add("Sub", value, mean)
            square = graph.add("ReduceMean", graph.add("Mul", away, away), axes=[2, 3], keepdims=0)
            told += [graph.add("Squeeze", mean, graph.axes(2, 3)), graph.add("Sqrt", square)]
            many += 2 * part.layers[-1][0].out_channels
    graph.add("Concat", *told, axis=1)
    graph.write(name, many, path)


def resume_mean(features: nn.Module, line: nn.Linear, path: Path) -> None:
    """Read back the weights that `export_mean` wrote of the same parts, rounded as they were."""
    stored = [numpy_helper.to_array(each) for each in onnx.load(path).graph.initializer]
    halves = [each for each in stored if each.dtype == np.float16]
    weights = [*features.parameters(), line.weight, line.bias]
    with torch.no_grad():
        for weight, half in zip(weights, halves, strict=True):
            told = half.T if weight is line.weight else half
            weight.copy_(torch.tensor(told.astype(np.float32)))
