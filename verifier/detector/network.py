"""A network that belongs to this version, ready to run: read by its digest, on one thread.

Files are examined beside one another, each by a thread of its own: more threads within a network
would wait for each other. What networks need while they run they take from one place, since each
would keep its own.
"""

import contextlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import onnxruntime

from verifier.errors import ToolMissing

from .weights import held


@dataclass(frozen=True, slots=True)
class Network:
    """An ONNX file of this folder, and the SHA-256 that it must have."""

    file: str
    digest: str

    def session(self) -> onnxruntime.InferenceSession:
        """It, read once in a process, for the calling thread alone; raises ToolMissing."""
        return _opened(self)

    def ready(self) -> None:
        """Read it now; where it is absent that is said when it is asked for."""
        with contextlib.suppress(ToolMissing):
            self.session()

    def digests(self) -> dict[str, str]:
        """The file, and the SHA-256 that it must have."""
        return {self.file: self.digest}


@cache
def _opened(network: Network) -> onnxruntime.InferenceSession:
    path = Path(__file__).with_name(network.file)
    return running(held(path, network.digest), options(threads=1))


@cache
def _one_place() -> None:
    """Let networks of this process share memory: told once."""
    kind, use = onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, onnxruntime.OrtMemType.DEFAULT
    onnxruntime.create_and_register_allocator(onnxruntime.OrtMemoryInfo("Cpu", kind, 0, use), None)


def options(*, threads: int) -> onnxruntime.SessionOptions:
    """How a network runs on so many threads."""
    _one_place()
    told = onnxruntime.SessionOptions()
    told.add_session_config_entry("session.use_env_allocators", "1")
    told.intra_op_num_threads, told.inter_op_num_threads = threads, 1
    return told


def running(graph: bytes, how: onnxruntime.SessionOptions) -> onnxruntime.InferenceSession:
    """A graph on the processor, where sums are the same on every machine but for rounding."""
    return onnxruntime.InferenceSession(graph, how, providers=["CPUExecutionProvider"])
