"""What is taken to pieces says what it said, and levels come out of their bytes as they went in."""

from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifier.detector.encoder import FINE, MOST, WIDTH, _matrix

onnx: Any = pytest.importorskip("onnx")
made: Any = pytest.importorskip("bench.training.encoder")
steady: Any = pytest.importorskip("bench.training.steady")

TOKENS = steady.TOKENS
Floats = npt.NDArray[np.float32]


def _graph(random: np.random.Generator) -> Any:
    """A layer norm, a product in 8 bits with its bias, and what attends to itself."""
    node, shape = onnx.helper.make_node, onnx.helper.make_tensor_value_info
    nodes = [
        node("LayerNormalization", ["x", "w0", "w1"], ["n0"], axis=-1, epsilon=1e-5),
        node("DynamicQuantizeLinear", ["n0"], ["n1", "n1_1", "n1_2"]),
        node("MatMulInteger", ["n1", "matrix0", "n1_2"], ["n2"]),
        node("Mul", ["n1_1", "w2"], ["n3"]),
        node("Cast", ["n2"], ["n4"], to=onnx.TensorProto.FLOAT),
        node("Mul", ["n4", "n3"], ["n5"]),
        node("Add", ["n5", "w3"], ["n6"]),
        node("Transpose", ["n6"], ["n7"], perm=[0, 2, 1]),
        node("MatMul", ["n6", "n7"], ["n8"]),
        node("Softmax", ["n8"], ["n9"], axis=-1),
        node("MatMul", ["n9", "n6"], ["y"]),
    ]
    held = {
        "w0": random.normal(1, 0.2, WIDTH).astype(np.float32),
        "w1": random.normal(0, 0.2, WIDTH).astype(np.float32),
        "w2": np.full(64, 0.002, np.float32),
        "w3": random.normal(0, 0.5, 64).astype(np.float32),
        "matrix0": random.integers(-63, 64, (WIDTH, 64)).astype(np.int8),
    }
    kind = onnx.TensorProto.FLOAT
    return onnx.helper.make_graph(
        nodes,
        "layer",
        [shape("x", kind, [1, TOKENS, WIDTH])],
        [shape("y", kind, [1, TOKENS, 64])],
        [onnx.numpy_helper.from_array(each, name) for name, each in held.items()],
    )


def _run(graph: Any, tokens: Floats) -> Floats:
    opset = [onnx.helper.make_opsetid("", 17)]
    model = onnx.helper.make_model(graph, opset_imports=opset, ir_version=8)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    told: Floats = session.run(None, {"x": tokens})[0]
    return told


def test_a_layer_in_pieces_says_what_the_layer_says() -> None:
    random = np.random.default_rng(2)
    tokens = random.normal(0.3, 2.0, (1, TOKENS, WIDTH)).astype(np.float32)
    graph = _graph(random)
    whole = _run(graph, tokens)
    steady.steady(graph)
    assert steady.norms(graph) == [("w0", "w1")]
    kinds = {node.op_type for node in graph.node}
    assert not kinds & {"Softmax", "LayerNormalization"}
    # A number that lies between two levels may go to the other.
    assert _run(graph, tokens) == pytest.approx(whole, abs=0.05)
    assert np.abs(_run(graph, tokens) - whole).mean() < 0.002


@given(st.integers(0, 2**32 - 1))
def test_levels_come_out_of_their_bytes_as_they_went_in(seed: int) -> None:
    random = np.random.default_rng(seed)
    levels = random.integers(-MOST, MOST + 1, (4 * made.GROUP, 6)).astype(np.int8)
    steps = random.integers(1, 130, (4, 6)).astype(np.uint8)
    wanted = np.rint(levels * (steps.repeat(made.GROUP, 0) / np.float32(FINE)))
    assert np.array_equal(_matrix(made.paired(levels), steps), wanted.astype(np.int8))
