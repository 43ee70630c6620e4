"""Length-prefixed frames between the parent and a keeper, both ours: 8 bytes big-endian, bytes."""

import socket

from ledger.errors import FormatError


def send_frame(to: socket.socket, data: bytes) -> None:
    """Send `data` as one frame."""
    to.sendall(len(data).to_bytes(8, "big") + data)


def receive_frame(source: socket.socket) -> bytes:
    """Receive one frame; raises FormatError when the other end closes first."""
    return _receive(source, int.from_bytes(_receive(source, 8), "big"))


def _receive(source: socket.socket, size: int) -> bytes:
    parts = []
    while size:
        part = source.recv(min(size, 1 << 20))
        if not part:
            raise FormatError("the other end closed in the middle of a frame")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
