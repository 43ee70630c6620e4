"""The system calls of a real run that change a disk, in their order, with all that they wrote."""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .tracing import run_traced

_CALLS = (
    "openat,open,creat,close,write,pwrite64,writev,pwritev,pwritev2,ftruncate,truncate,fallocate,"
    "fsync,fdatasync,sync,syncfs,sync_file_range,rename,renameat,renameat2,unlink,unlinkat,mkdir,"
    "mkdirat,rmdir,link,linkat,symlink,symlinkat,mmap,dup,dup2,dup3,sendfile,copy_file_range"
)
_LONGEST = 1 << 22  # bytes of one write

_LINE = re.compile(r"(?P<thread>\d+) +(?P<rest>.*)\n")
_RESULT = re.compile(r"\) += (-?\d+|0x[0-9a-f]+)(?: .*)?$")
_ARGUMENT = re.compile(r'"([^"]*)"|([^",\s][^",]*)')


@dataclass(frozen=True, slots=True)
class Step:
    """A system call began, or it ended: between the two it may have been done or not.

    `arguments` are bytes where the call takes a string, and else as strace writes them. `result` is
    None where the call begins.
    """

    call: str
    arguments: tuple[bytes | str, ...]
    thread: str
    result: int | None


def record(act: Callable[[int], None], place: Path) -> list[Step]:
    """Do `act(out)` in a child, and return its steps; `place` is a file that may be written."""
    calls = ",".join(f"?{call}" for call in _CALLS.split(","))  # ? where a machine has no such call
    options = ["-xx", "-s", str(_LONGEST), "-e", f"trace={calls}", "-e", "signal=none"]
    _, status = run_traced(act, place, options)
    assert os.waitstatus_to_exitcode(status) == 0, "the child failed: see its traceback above"
    with place.open() as lines:
        return list(parse(lines))


def parse(lines: Iterator[str]) -> Iterator[Step]:
    """Read what strace wrote, line by line."""
    begun: dict[str, tuple[str, tuple[bytes | str, ...]]] = {}
    for line in lines:
        match = _LINE.fullmatch(line)
        assert match, line[:200]
        thread, rest = match["thread"], match["rest"]
        if rest.startswith("+++") or rest.endswith("<detached ...>"):
            continue  # the thread's end: after a call, or where it was killed before it made one
        if not rest.startswith("<..."):
            call, _, text = rest.partition("(")
            begun[thread] = call, _parse_arguments(text)
            yield Step(*begun[thread], thread, None)
        result = _RESULT.search(rest)
        if result:
            yield Step(*begun.pop(thread), thread, int(result[1], 0))
        else:
            # "?": the thread was killed in its call, which may have been done or not
            assert rest.endswith(("<unfinished ...>", " = ?")), rest[-200:]


def _parse_arguments(text: str) -> tuple[bytes | str, ...]:
    assert '"...' not in text, "a write was longer than what is recorded of it"
    text = text.removesuffix(" <unfinished ...>")
    arguments = _RESULT.sub("", text)
    return tuple(
        other or bytes.fromhex(string.replace("\\x", ""))
        for string, other in _ARGUMENT.findall(arguments)
    )
