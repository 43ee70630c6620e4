"""Length-prefixed frames between the parent and a process of the sandbox: 8 bytes, then so many."""

import socket
import time

from ledger.errors import FormatError


class TooLong(FormatError):
    """A frame that is longer than it may be."""


def send_frame(to: socket.socket, data: bytes) -> None:
    """Send `data` as one frame."""
    to.sendall(len(data).to_bytes(8, "big") + data)


def receive_frame(
    source: socket.socket, longest: int = 1 << 63, seconds: float | None = None
) -> bytes:
    """Receive one frame of at most `longest` bytes, all of it in so many seconds.

    Raises FormatError when the other end closes first, TooLong, and TimeoutError.
    """
    deadline = None if seconds is None else time.monotonic() + seconds
    size = int.from_bytes(_receive(source, 8, deadline), "big")
    if size > longest:
        raise TooLong(f"a frame of {size} bytes")
    return _receive(source, size, deadline)


def _receive(source: socket.socket, size: int, deadline: float | None) -> bytes:
    parts = []
    while size:
        if deadline is not None:
            source.settimeout(max(1e-3, deadline - time.monotonic()))
        part = source.recv(min(size, 1 << 20))
        if not part:
            raise FormatError("the other end closed in the middle of a frame")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
