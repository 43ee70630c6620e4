"""What a decoder that a hostile file has taken over might do. Run by the sandbox only."""

import contextlib
import ctypes
import os
import pickle
import random
import resource
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

from ledger.asset import JPEG, MEDIA_TYPES, PNG
from ledger.errors import FirsthandError, StorageError
from verifier.errors import Unreadable
from verifier.media.answer import format_value
from verifier.media.decode import frames, samples
from verifier.media.ffmpeg import find_ffmpeg
from verifier.media.picture import picture
from verifier.media.probe import probe

ANSWER = 3  # the descriptor of the answer, as server.py numbers it


def echo(value: object) -> object:
    return value


def add(*numbers: int) -> int:
    return sum(numbers)


def spin() -> NoReturn:
    while True:
        pass


def sleep() -> None:
    time.sleep(1000)


def allocate() -> NoReturn:
    held = []
    while True:
        held.append(bytearray(1 << 24))


def crash() -> None:
    ctypes.string_at(0)


def kill_itself(number: int) -> str:
    """Process 1 of a namespace cannot be killed from inside it; anywhere else it is."""
    os.kill(os.getpid(), number)
    time.sleep(0.2)
    return "unharmed"


def trace_keeper() -> int:
    """Attach to the process that forked this one, as a debugger would; 0 if that is allowed."""
    attach, keeper = 16, os.getppid()
    return int(ctypes.CDLL(None).ptrace(attach, keeper, None, None))


def process_and_keeper() -> list[int]:
    """This process and the one that forked it, as its namespace numbers them."""
    return [os.getpid(), os.getppid()]


def leave(status: int) -> NoReturn:
    os._exit(status)


def fork_sleepers(count: int) -> list[int]:
    """Start processes that leave the group and mean to live on; answer their parents' view."""
    children = []
    for _ in range(count):
        child = os.fork()
        if child == 0:
            os.setsid()
            time.sleep(1000)
            os._exit(0)
        children.append(child)
    return children


def answer_gigabytes() -> NoReturn:
    while True:
        os.write(ANSWER, bytes(1 << 20))


def answer_large(size: int) -> bytes:
    return bytes(size)


def answer_raw(data: bytes) -> NoReturn:
    """Write an answer of one's own making, past the code that would encode it."""
    os.write(ANSWER, data)
    os._exit(0)


def print_much() -> str:
    print("x" * (1 << 24))
    os.write(2, b"y" * (1 << 24))
    return "done"


class Evil:
    """Unpickled, it would write a file."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (self.path,)


def answer_pickle(path: str) -> NoReturn:
    answer_raw(pickle.dumps(Evil(path)))


def answer_object() -> object:
    return Path("/")


def raise_error(name: str) -> NoReturn:
    raise {
        "ours": Unreadable("the file is torn", "get another"),
        "escapes": Unreadable("red \x1b[31m text\nsecond line\u202e"),
        "unlisted": StorageError("not in the table"),
        "root": FirsthandError("too general for the table"),
        "foreign": ZeroDivisionError("a decoder's own"),
        "deep": RecursionError("too deep"),
        "exit": SystemExit(3),
    }[name]


def connect(port: int) -> None:
    socket.create_connection(("127.0.0.1", port), timeout=2).close()


def send_datagram(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.sendto(b"secret", ("127.0.0.1", port))


def write_file(path: str) -> None:
    Path(path).write_text("was here")


def delete_file(path: str) -> None:
    Path(path).unlink()


def truncate_file(path: str) -> None:
    os.truncate(path, 0)


def read_file(path: str) -> bytes:
    return Path(path).read_bytes()


def surroundings() -> dict[str, object]:
    privileges = Path("/proc/self/status").read_text(encoding="ascii")
    return {
        "descriptors": sorted(path.name for path in Path("/proc/self/fd").iterdir()),
        "environment": dict(os.environ),
        "no_new_privileges": "NoNewPrivs:\t1" in privileges,
        "capabilities": privileges.split("CapEff:\t")[1].split()[0],
        "core": resource.getrlimit(resource.RLIMIT_CORE)[0],
        "main": sys.modules["__main__"].__file__,
        "inputs": [str(Path(f"/proc/self/fd/{number}").readlink()) for number in (0, 1)],
    }


def open_many(path: str) -> int:
    held = []
    with contextlib.suppress(OSError):
        while True:
            held.append(os.open(path, os.O_RDONLY))
    return len(held)


def signal_process(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def shrunken_size(path: str, ending: str) -> list[int]:
    """Decode a picture as its fingerprint would, and answer its size."""
    kind = {"png": PNG, "jpg": JPEG}[ending]
    return list(picture(Path(path), kind, shrink_to=256).size)


def count_frames_and_samples(path: str, media_type: str) -> list[int]:
    """Decode all of a clip or recording, as its fingerprint would."""
    kind = next(kind for kind in MEDIA_TYPES if kind.name == media_type)
    info = probe(Path(path), kind)
    shown = sum(1 for _ in frames(Path(path), kind)) if info.video else 0
    heard = sum(len(block) for block in samples(Path(path), kind)) if info.sound else 0
    return [shown, heard]


def most_memory_of_decoding(path: str, media_type: str) -> int:
    """Decode all of a clip, and answer the most bytes of memory that this process had."""
    count_frames_and_samples(path, media_type)
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def ffmpeg_fetches(address: str) -> int:
    """Run ffmpeg without any of our guards on an address, and answer its exit status."""
    return subprocess.run(
        [find_ffmpeg(), "-v", "quiet", "-i", address, "-f", "null", "-"]
    ).returncode


def descriptors() -> list[str]:
    """What is open here, and the folder that tells it."""
    return sorted(entry.name for entry in Path("/proc/self/fd").iterdir())


def answer_before_the_next(value: object) -> str:
    """Have an answer ready for a task that is still to come."""
    data = bytes(16) + format_value({"value": value})
    child = os.fork()
    if child == 0:
        time.sleep(0.2)
        os.write(ANSWER, len(data).to_bytes(8, "big") + data)
        os._exit(0)
    return "its own"


def echo_late(value: object) -> object:
    time.sleep(0.5)
    return value


def claim_a_long_answer() -> None:
    os.write(ANSWER, (1 << 40).to_bytes(8, "big"))
    time.sleep(1000)


def drip() -> NoReturn:
    os.write(ANSWER, (1000).to_bytes(8, "big"))
    while True:
        os.write(ANSWER, b"x")
        time.sleep(0.1)


_done: list[None] = []


def count_tasks() -> int:
    """How often this was done in this process."""
    _done.append(None)
    return len(_done)


_left: list[bytes] = []


def leave_traces(data: bytes) -> None:
    """Put what a file said wherever a process can put it."""
    _left.append(data * 1000)
    os.environ["LEFT"] = data.decode()
    sys.modules["left"] = sys
    random.seed(data)


def traces_of(backwards: str) -> list[str]:
    """Where in this process something lies that the one before it said."""
    needle = bytes.fromhex(backwards)[::-1]
    found = [name for name in ("left",) if name in sys.modules]
    found += [name for name in os.environ if name == "LEFT"]
    with open("/proc/self/mem", "rb", 0) as memory:  # noqa: PTH123
        for line in Path("/proc/self/maps").read_text().splitlines():
            places, rights = line.split()[:2]
            start, end = (int(place, 16) for place in places.split("-"))
            if "w" in rights:
                memory.seek(start)
                # Twice: the first may be `needle` itself, and what reading it copies.
                data = memory.read(end - start)
                found += ["memory"] if data.count(needle) > 100 else []
    return found
