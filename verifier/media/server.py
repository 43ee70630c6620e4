"""The server that jobs are forked from: clean, preloaded, without network, with no secrets.

    parent ── control socket ──► server ── fork ──► keeper ── fork, job by job ──► job
       ▲                                            │  ▲                            │
       ├──────── socket of its own ◄───────────────┘  └─── killed, and all it began │
       └──────── answer (one CBOR value) ◄──────────────────────────────────────────┘

The server only accepts and forks. A keeper is process 1 of its own namespace and runs one job at a
time: it kills it at its deadline, or when the parent loses interest, kills whatever the job left
behind, and says how it ended. Only the job ever touches a hostile byte.
Started by `sandbox.Sandbox` as `python -m verifier.media.server CONTROL PRELOAD…`.
"""

import contextlib
import gc
import importlib
import os
import select
import signal
import socket
import sys
import time
from typing import NoReturn

from ledger.errors import FirsthandError, FormatError
from verifier.errors import DecoderFailed, LimitReached, SandboxError

from . import confine
from .answer import format_error, format_value, parse_value
from .framing import receive_frame, send_frame
from .limits import Limits, parse_limits

ANSWER = 3  # the job's descriptor for its answer; all others are closed


def main(arguments: list[str]) -> None:
    """Serve jobs from the socket whose descriptor is `arguments[0]` until the parent closes it."""
    with socket.socket(fileno=int(arguments[0])) as control:
        for name in arguments[1:]:
            with contextlib.suppress(ImportError):
                importlib.import_module(name)
        gc.collect()
        gc.freeze()  # forked jobs need not copy the pages that a collection would touch
        network = confine.leave_network()
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps the keepers
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which closes us
        confine.adopt_orphans()  # a keeper's own parent goes at once
        control.send(b"s")  # started
        while True:
            ready, descriptors, _, _ = socket.recv_fds(control, 1, 1)
            if not ready:
                return
            if os.fork() == 0:
                control.close()
                _begin_keeper(socket.socket(fileno=descriptors[0]), network=network)
            for descriptor in descriptors:
                os.close(descriptor)


def _begin_keeper(parent: socket.socket, *, network: bool) -> NoReturn:
    """Become, or be the parent of, process 1 of a namespace: where there can be one."""
    try:
        alone = confine.begin_process_namespace()
        if not alone or os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            with contextlib.suppress(OSError, FormatError):  # the parent went away
                _keep(parent, network=network, alone=alone)
    finally:
        os._exit(0)


def _keep(parent: socket.socket, *, network: bool, alone: bool) -> None:
    """Run the parent's jobs, one after another, until it goes away."""
    confine.forbid_tracing()  # by a job of its own
    while True:
        ready, descriptors, _, _ = socket.recv_fds(parent, 1, 1)
        if not ready:
            return
        request = parse_value(receive_frame(parent))
        assert isinstance(request, dict)  # noqa: S101  # ours, not a stranger's
        limits = parse_limits(request["limits"])
        [answer] = descriptors
        job = os.fork()
        if job == 0:
            _run(request, limits, answer, network=network, alone=alone)
        os.close(answer)
        status = _watch(job, parent, limits, alone=alone)
        if not parent.recv(1):  # the parent has read the answer
            return
        send_frame(parent, format_value(status))


def _watch(job: int, parent: socket.socket, limits: Limits, *, alone: bool) -> dict[str, object]:
    """Wait for the job; kill it at its deadline, or when the parent has enough or is gone."""
    life = os.pidfd_open(job)
    poll = select.poll()
    poll.register(life, select.POLLIN)
    poll.register(parent, select.POLLIN)
    deadline = time.monotonic() + limits.wall
    events = poll.poll(limits.wall * 1000)
    ended = any(descriptor == life for descriptor, _ in events)
    os.close(life)
    _kill(job, alone=alone)
    _, status, usage = os.wait4(job, 0)
    _reap(alone=alone)
    return {
        "late": not ended and time.monotonic() >= deadline,
        "code": os.waitstatus_to_exitcode(status),
        "cpu": usage.ru_utime + usage.ru_stime,
    }


def _kill(job: int, *, alone: bool) -> None:
    """Kill a job and what it began: all of the namespace, or else all of its group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if alone and os.getpid() == 1:  # kill(2): all but process 1 itself
            os.kill(-1, signal.SIGKILL)
        else:
            os.kill(job, signal.SIGKILL)
            os.killpg(job, signal.SIGKILL)


def _reap(*, alone: bool) -> None:
    """Bury what the job left behind, so that its namespace is as it was."""
    options = 0 if alone else os.WNOHANG  # all are dead, or else those that are
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, options)[0]:
            pass


def _run(
    request: dict[str, object], limits: Limits, answer: int, *, network: bool, alone: bool
) -> NoReturn:
    """Become the job: give everything up, do the task, write one answer, and die."""
    try:
        os.setsid()
        os.dup2(answer, ANSWER)
        os.closerange(ANSWER + 1, 1 << 20)
        confine.hold(limits, network=network, processes=alone)
        _write(answer_to(request, limits))
        os._exit(0)
    finally:
        os._exit(1)


def answer_to(request: dict[str, object], limits: Limits) -> bytes:
    """Do a task; return its value or its error, as the parent reads them."""
    try:
        answer = format_value({"value": _do(request)})
    except FirsthandError as problem:
        return format_error(problem)
    except MemoryError:
        return format_error(memory_reached(limits))
    except RecursionError:
        return format_error(DecoderFailed("the file is nested too deeply", "treat it as hostile"))
    except Exception as problem:  # noqa: BLE001  # whatever a decoder raises is about the file
        told = f"a decoder failed on the file ({type(problem).__name__}: {problem})"
        return format_error(DecoderFailed(told, "treat it as damaged or hostile"))
    if len(answer) > limits.answer:
        return format_error(answer_reached(limits))
    return answer


def _do(request: dict[str, object]) -> object:
    module, name, arguments = (request[key] for key in ("module", "name", "arguments"))
    task = getattr(importlib.import_module(str(module)), str(name), None)
    if task is None or not isinstance(arguments, list):
        raise SandboxError(f"no task {module}.{name}", "give a function of a module's top level")
    return task(*arguments)


def _write(answer: bytes) -> None:
    view = memoryview(answer)
    while view:
        view = view[os.write(ANSWER, view) :]


def memory_reached(limits: Limits) -> LimitReached:
    """What to say when a job asked for more memory than it may have."""
    return LimitReached(
        f"reading the file needs more than {limits.address_space >> 20} MiB of memory",
        "raise the limit on memory if you trust where the file comes from",
    )


def time_reached(limits: Limits) -> LimitReached:
    """What to say when a job took longer than it may."""
    return LimitReached(
        f"reading the file took more than {limits.wall:g} seconds",
        "raise the limit on time if you trust where the file comes from",
    )


def answer_reached(limits: Limits) -> LimitReached:
    """What to say when a job answers more than it may."""
    return LimitReached(
        f"reading the file gave an answer of more than {limits.answer} bytes",
        "raise the limit on answers if you trust where the file comes from",
    )


if __name__ == "__main__":
    main(sys.argv[1:])
