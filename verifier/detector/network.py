"""A network that belongs to this version, ready to run: read by its digest, on one thread.

Files are examined beside one another, each by a thread of its own: more threads within a network
would wait for each other.
"""

from pathlib import Path

import onnxruntime

from .weights import held


def opened(path: Path, digest: str) -> onnxruntime.InferenceSession:
    """The ONNX file of this path and SHA-256, on the calling thread alone; raises ToolMissing."""
    return running(held(path, digest), options(threads=1))


def options(*, threads: int) -> onnxruntime.SessionOptions:
    """How a network runs on so many threads."""
    told = onnxruntime.SessionOptions()
    told.intra_op_num_threads, told.inter_op_num_threads = threads, 1
    return told


def running(graph: bytes, how: onnxruntime.SessionOptions) -> onnxruntime.InferenceSession:
    """A graph on the processor, where sums are the same on every machine but for rounding."""
    return onnxruntime.InferenceSession(graph, how, providers=["CPUExecutionProvider"])
