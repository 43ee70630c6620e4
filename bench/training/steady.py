"""Graphs that every processor makes the same of, to the last bit: `steady`.

One last bit is enough for 8-bit products to differ, and then ever more from layer to layer. Written
for graphs as `bench.training.encoder` and `bench.training.adapted` make them; which steps of the
runtime differ between processors was seen by running each alone on emulated ones
(docs/detector.md).
"""

import numpy as np
import onnx
from onnx import helper, numpy_helper

from verifier.detector.encoder import SIDE, WIDTH

TOKENS = (SIDE // 16) ** 2 + 1
LANES = 16  # columns of ones that add up
TURNED = "_turned"  # how the name of a bias ends whose sign is turned
SCALED = "_scaled"  # how the name ends of what a layer norm has multiplied by its weights


def steady(graph: onnx.GraphProto) -> None:
    """Let every processor make the same of a graph, to the last bit.

    Softmax and layer norms are taken to pieces, since the runtime adds up in as many lanes as a
    processor has: what is added up is multiplied by a matrix of ones, in its order, instead. And
    biases are taken away with their signs turned, so that the runtime does not scale and add them
    in one step, which some processors round once and others twice.
    """
    soft = {node.output[0]: node for node in graph.node if node.op_type == "Softmax"}
    wide = {each.name for each in graph.initializer if list(each.dims) == [WIDTH]}
    nodes: list[onnx.NodeProto] = []
    for node in graph.node:
        near = soft.get(node.input[0]) if node.op_type == "MatMul" else None
        if near is not None:
            nodes += _mixed(near.input[0], node)
        elif node.op_type == "LayerNormalization" and node.input[1] in wide:
            nodes += _level(node)
        elif node.op_type != "Softmax":
            nodes.append(node)
    nodes = [each for node in nodes for each in _in_two_steps(node)]
    del graph.node[:]
    ones = (("tokens_ones", TOKENS, 1.0), ("width_ones", WIDTH, 1 / WIDTH))
    for name, rows, each in ones:
        value = numpy_helper.from_array(np.array([each], np.float32))
        shape = numpy_helper.from_array(np.array([rows, LANES], np.int64), f"{name}_shape")
        graph.initializer.append(shape)
        graph.node.append(helper.make_node("ConstantOfShape", [shape.name], [name], value=value))
    graph.node.extend(nodes)
    held = {
        "lanes_0": np.array([0], np.int64),
        "lanes_1": np.array([1], np.int64),
        "lanes_axis": np.array([-1], np.int64),
        "least": np.array([1e-5], np.float32),
    }
    graph.initializer.extend(numpy_helper.from_array(each, name) for name, each in held.items())


def _added_up(value: str, ones: str, told: str) -> list[onnx.NodeProto]:
    """The sum of the last axis, or its mean: by one column of ones processors differ, not by 16."""
    return [
        helper.make_node("MatMul", [value, ones], [f"{told}_lanes"]),
        helper.make_node("Slice", [f"{told}_lanes", "lanes_0", "lanes_1", "lanes_axis"], [told]),
    ]


def _mixed(near: str, product: onnx.NodeProto) -> list[onnx.NodeProto]:
    """What attends, weighed by softmax of `near`: divided by the sum after it is added up."""
    most, less, each, total, whole = (f"{near}_{n}" for n in ("most", "less", "each", "sum", "all"))
    make = helper.make_node
    return [
        make("ReduceMax", [near], [most], axes=[-1], keepdims=1),
        make("Sub", [near, most], [less]),
        make("Exp", [less], [each]),
        *_added_up(each, "tokens_ones", total),
        make("MatMul", [each, product.input[1]], [whole]),
        make("Div", [whole, total], [product.output[0]]),
    ]


def _level(norm: onnx.NodeProto) -> list[onnx.NodeProto]:
    """A layer norm."""
    value, weight, bias = norm.input
    told = norm.output[0]
    make = helper.make_node
    return [
        *_added_up(value, "width_ones", f"{told}_mean"),
        make("Sub", [value, f"{told}_mean"], [f"{told}_away"]),
        make("Mul", [f"{told}_away", f"{told}_away"], [f"{told}_square"]),
        *_added_up(f"{told}_square", "width_ones", f"{told}_variance"),
        make("Add", [f"{told}_variance", "least"], [f"{told}_more"]),
        make("Sqrt", [f"{told}_more"], [f"{told}_deviation"]),
        make("Div", [f"{told}_away", f"{told}_deviation"], [f"{told}_level"]),
        make("Mul", [f"{told}_level", weight], [f"{told}{SCALED}"]),
        make("Add", [f"{told}{SCALED}", bias], [told]),
    ]


def _in_two_steps(node: onnx.NodeProto) -> list[onnx.NodeProto]:
    """A node; one that adds a matrix's bias (`Graph` names it w…) takes it away, sign turned."""
    if node.op_type != "Add" or node.input[0].endswith(SCALED) or node.input[1][0] != "w":
        return [node]
    (told,), (value, bias) = node.output, node.input
    turned = helper.make_node("Neg", [bias], [f"{bias}{TURNED}"])
    return [turned, helper.make_node("Sub", [value, f"{bias}{TURNED}"], [told])]


def norms(graph: onnx.GraphProto) -> list[tuple[str, str]]:
    """Names of the weights and biases of a graph's layer norms, in their order."""
    biased = {node.input[0]: node.input[1] for node in graph.node if node.op_type == "Add"}
    scaled = (node for node in graph.node if node.output[0].endswith(SCALED))
    return [(node.input[1], biased[node.output[0]]) for node in scaled]
