"""Write ears as ONNX: weights of 16 bits that are widened when the file is loaded. Torch."""

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from verifier.detector.voice_bands import WINDOW

from .voice_pupils import Pupil

_OPSET = 17


def written(network: Pupil, to: Path) -> None:
    """The network as ONNX: a window (1, WINDOW) of prepared sound to its numbers."""
    torch.onnx.export(
        network,
        (torch.zeros(1, WINDOW),),
        str(to),
        input_names=["sound"],
        output_names=["numbers"],
        opset_version=_OPSET,
        dynamo=False,
    )
    made = onnx.load(to)
    _halve(made.graph)
    for node in made.graph.node:
        node.doc_string = ""  # where it was written, which is nobody's business
    to.write_bytes(made.SerializeToString())


def _halve(graph: onnx.GraphProto) -> None:
    """Weights in 16 bits, each widened by a node before any other."""
    casts = []
    for weight in graph.initializer:
        values = numpy_helper.to_array(weight)
        if values.dtype != np.float32 or values.size < 16:
            continue
        name = weight.name
        weight.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
        casts.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
