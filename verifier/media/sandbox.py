"""Run a task on hostile bytes in a child process that may do nothing else.

    with Sandbox() as sandbox:
        value = sandbox.run(probe_task, "/path/to/clip.mp4", "video/mp4")

A job is a fresh process, forked from a clean one (`server.py`), that dies with its answer. The
answer is plain CBOR (`answer.py`); a crash, a limit or a nonsensical answer is a typed error.
"""

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import weakref
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

from ledger.errors import FormatError
from verifier.errors import DecoderFailed, LimitReached, SandboxError

from . import confine
from .answer import format_value, parse_answer, parse_value
from .clerk import Clerk, Unasked, life, serve
from .confine import Isolation
from .framing import receive_frame, send_frame
from .limits import Limits, format_limits
from .server import answer_reached, time_reached

# What the tasks import, and what imagehash and Pillow import only when they are first used.
PRELOAD = (
    *("numpy", "imagehash", "scipy.fftpack", "c2pa", "verifier.fingerprint.ready"),
    *("PIL.JpegImagePlugin", "PIL.PngImagePlugin", "PIL.WebPImagePlugin", "PIL.TiffImagePlugin"),
)
# A job costs what the process holds that it is forked from, and these tasks need little.
READING = ("verifier.warm", "verifier.second")  # a server for both: neither runs the other's code
_LIGHT = {
    "verifier._c2pa": READING,
    "verifier.second": READING,
    "verifier.detector.examine": ("verifier.detector.ready",),
}
_START = 60.0  # seconds that the server may take to import everything, on a busy machine
_GRACE = 10.0  # seconds after a job's deadline before we believe that its keeper is gone
_KEPT = ("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH")  # all that a decoder needs of our environment


class Sandbox:
    """Runs tasks in confined child processes. Safe to use from many threads at once.

    The server starts with the first job, and ends with `close`, with the `with` block, or with us.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        preload: tuple[str, ...] = PRELOAD,
        process_per_file: bool = False,
    ) -> None:
        """Let each job use what `limits` allows, in processes that have imported `preload`.

        With `process_per_file`, what is asked (`ask`) is run, in a process that ends with it.
        """
        self.limits = limits or Limits()
        self.process_per_file = process_per_file
        self._preload = preload
        self._lock = threading.Lock()
        self._servers: dict[tuple[str, ...], _Server] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the servers. A later job starts another."""
        with self._lock:
            servers, self._servers = self._servers, {}
        for server in servers.values():
            server.close()

    def isolation(self) -> Isolation:
        """Which protections hold for each job on this machine (a job is run to find out)."""
        return confine.parse_isolation(self.run(confine.report_isolation))

    def describe(self) -> tuple[str, ...]:
        """`isolation` in plain sentences, for `firsthand doctor`."""
        return self.isolation().describe()

    def run(
        self, task: Callable[..., object], *arguments: object, limits: Limits | None = None
    ) -> Any:
        """Run `task(*arguments)` in a child process and return its value.

        `task` is a function at the top level of a module that can be imported; `arguments` and its
        value are plain: bytes, text, numbers, None, lists and dictionaries with text keys. Raises
        the task's own FirsthandError; LimitReached and DecoderFailed when it was stopped or
        crashed; SandboxError when the sandbox itself failed.
        """
        limits = limits or self.limits
        request = _request(task, arguments, limits)
        server = self._running(self._preload_of(task.__module__))
        keeper, reader = server.begin()
        try:
            send_frame(keeper, request)
            answer = _read_answer(reader, limits)
            keeper.settimeout(_GRACE)
            keeper.sendall(b"k")  # whatever still runs is to be killed now
            status = parse_value(receive_frame(keeper))
            keeper.settimeout(None)
        except (OSError, FormatError) as problem:
            keeper.close()
            self.close()
            raise SandboxError(
                f"the sandbox went away in the middle of a job ({problem})", "try again"
            ) from None
        except BaseException:
            keeper.close()  # and so the job ends
            raise
        finally:
            os.close(reader)
        server.idle.append(keeper)
        return _conclude(answer, cast("dict[str, Any]", status), limits)

    def ask(self, task: Callable[..., object], *arguments: object) -> Any:
        """Run `task(*arguments)` as `run` does, in a process that does the same module's next one.

        A file that took it over could answer for those after it (`clerk.py`): only for what another
        module's process is asked as well. It ends with the first task that raises anything.
        """
        if self.process_per_file:
            return self.run(task, *arguments)
        request = _request(task, arguments, self.limits)
        server = self._running(self._preload_of(task.__module__))
        clerk = server.clerk(task.__module__, self.limits)
        try:
            value = _parsed(clerk.ask(request, self.limits))
        except Unasked:
            clerk.close()
            return self.ask(task, *arguments)
        except BaseException:
            clerk.close()
            raise
        server.clerks[task.__module__].append(clerk)
        return value

    def _preload_of(self, module: str) -> tuple[str, ...]:
        return _LIGHT.get(module, self._preload)

    def _running(self, preload: tuple[str, ...]) -> "_Server":
        with self._lock:
            server = self._servers.get(preload)
            if server is None or not server.serves_us():
                server = self._servers[preload] = _Server(preload)
            return server


class _Server:
    """The server process, the socket to it, and the keepers that have no job now."""

    def __init__(self, preload: tuple[str, ...]) -> None:
        self._owner = os.getpid()
        self.idle: list[socket.socket] = []
        self.clerks: defaultdict[str, list[Clerk]] = defaultdict(list)  # by their tasks' module
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-P",
                    "-m",
                    "verifier.media.server",
                    str(theirs.fileno()),
                    *preload,
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=_environment(),
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        self.close = weakref.finalize(
            self, _end, self._control, self._process, (self.idle, self.clerks), os.getpid()
        )
        self._control.settimeout(_START)
        try:
            started = self._control.recv(1)
        except OSError:
            started = b""
        if not started:
            self.close()
            raise SandboxError("the sandbox could not be started", "run firsthand doctor")
        self._control.settimeout(None)

    def serves_us(self) -> bool:
        """Whether it still runs, and is not our parent's from before a fork."""
        return self._owner == os.getpid() and self._process.poll() is None

    def begin(self) -> tuple[socket.socket, int]:
        """Give a keeper the pipe for an answer; return the socket to it and the pipe's other end.

        Raises SandboxError when there can be no keeper.
        """
        reader, writer = os.pipe()
        try:
            return self._keeper_with(writer), reader
        except OSError:
            os.close(reader)
            raise SandboxError("the sandbox's server died", "try again") from None
        finally:
            os.close(writer)

    def clerk(self, module: str, limits: Limits) -> Clerk:
        """Return a clerk that waits for a task of a module, or a new one."""
        with contextlib.suppress(IndexError):  # many threads take from it
            while not (waiting := self.clerks[module].pop()).is_of_use():
                waiting.close()
            return waiting
        own, theirs = socket.socketpair()
        try:
            keeper = self._keeper_with(theirs.fileno())
            send_frame(keeper, _request(serve, (), life(limits)))
        except OSError:
            own.close()
            raise SandboxError("the sandbox's server died", "try again") from None
        finally:
            theirs.close()
        return Clerk(keeper, own)

    def _idle_ones(self) -> Iterator[socket.socket]:
        with contextlib.suppress(IndexError):  # many threads take from it
            while True:
                yield self.idle.pop()

    def _keeper_with(self, writer: int) -> socket.socket:
        for keeper in self._idle_ones():
            try:
                socket.send_fds(keeper, [b"j"], [writer])
            except OSError:  # it was killed meanwhile
                keeper.close()
            else:
                return keeper
        keeper, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self._control, [b"j"], [theirs.fileno()])
        socket.send_fds(keeper, [b"j"], [writer])
        return keeper


def _end(
    control: socket.socket,
    process: "subprocess.Popen[bytes]",
    waiting: tuple[list[socket.socket], dict[str, list[Clerk]]],
    owner: int,
) -> None:
    control.close()
    keepers, clerks = waiting
    for keeper in keepers:
        keeper.close()
    for clerk in chain.from_iterable(clerks.values()):
        clerk.close()
    if owner == os.getpid():  # after a fork, the copy must not end the parent's server
        process.wait()


def _request(task: Callable[..., object], arguments: Sequence[object], limits: Limits) -> bytes:
    if "." in task.__qualname__ or task.__module__ == "__main__":
        raise SandboxError(
            f"{task.__qualname__} cannot be run in the sandbox",
            "give a function of the top level of a module that can be imported",
        )
    return format_value(
        {
            "module": task.__module__,
            "name": task.__qualname__,
            "arguments": list(arguments),
            "limits": format_limits(limits),
        }
    )


# Of libraries: jobs run beside one another, and a fork must find a single thread.
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


def _environment() -> dict[str, str]:
    """A clean environment: no key, token or password of ours is within a decoder's reach."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return kept | {
        "PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path),
        "PYTHONDONTWRITEBYTECODE": "1",
        "LANG": "C.UTF-8",
        **ONE_THREAD,
    }


def _read_answer(reader: int, limits: Limits) -> bytes | None:
    """Read until the job and all that held its pipe are gone; None when it wrote too much."""
    deadline = time.monotonic() + limits.wall + _GRACE
    poll = select.poll()
    poll.register(reader, select.POLLIN)
    parts: list[bytes] = []
    size = 0
    while poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
        part = os.read(reader, 1 << 20)
        if not part:
            return b"".join(parts)
        parts.append(part)
        size += len(part)
        if size > limits.answer:
            return None
    raise TimeoutError("its keeper does not answer")


def _conclude(answer: bytes | None, status: dict[str, Any], limits: Limits) -> object:
    """Turn how a job ended into its value or its error."""
    if answer is None:
        raise answer_reached(limits)
    if status["late"]:
        raise time_reached(limits)
    if status["code"] == -signal.SIGKILL and status["cpu"] >= limits.cpu - 1:
        raise LimitReached(
            f"reading the file needs more than {limits.cpu} seconds of processor time",
            "raise the limit on time if you trust where the file comes from",
        )
    if status["code"] != 0:
        raise DecoderFailed(
            f"a decoder crashed on the file ({_manner(status['code'])})",
            "treat it as damaged or hostile",
        )
    return _parsed(answer)


def _parsed(answer: bytes) -> object:
    try:
        return parse_answer(answer)
    except FormatError as problem:
        raise DecoderFailed(
            f"reading the file gave a nonsensical answer ({problem.message})",
            "treat it as damaged or hostile",
        ) from None


def _manner(code: int) -> str:
    if code >= 0:
        return f"exit status {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
