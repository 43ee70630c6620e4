"""Who goes where a file would have them go: a listener on this machine, and an eye on a folder."""

import ctypes
import os
import select
import socket
import struct
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_OPENED = 0x20  # inotify(7): IN_OPEN
_ANSWER = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Listener:
    """Hears whoever connects by TCP, or sends by UDP, to one port of this machine."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self._tcp = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._tcp.getsockname()[1]
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", self.port))
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._ends, self._end = os.pipe()
        self._thread.start()

    def close(self) -> None:
        os.close(self._end)
        self._thread.join()
        os.close(self._ends)
        self._tcp.close()
        self._udp.close()

    def _listen(self) -> None:
        while True:
            ends = (self._tcp.fileno(), self._udp.fileno(), self._ends)
            ready, _, _ = select.select(ends, [], [])
            if self._ends in ready:
                return
            if self._udp.fileno() in ready:
                self.heard.append(self._udp.recv(2048))
            if self._tcp.fileno() in ready:
                self._answer()

    def _answer(self) -> None:
        guest, _ = self._tcp.accept()
        self.heard.append(b"a connection")
        with guest:
            guest.settimeout(5)
            try:
                self.heard.append(guest.recv(2048))
                guest.sendall(_ANSWER)
            except OSError:  # whoever it was is gone: they were heard
                return


@contextmanager
def listening() -> Iterator[Listener]:
    """Listen while the block runs."""
    listener = Listener()
    try:
        yield listener
    finally:
        listener.close()


class Eye:
    """Sees which files of a folder are opened, by any process (inotify(7), so on Linux alone)."""

    def __init__(self, folder: Path) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._events: int = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._events < 0 or libc.inotify_add_watch(self._events, bytes(folder), _OPENED) < 0:
            raise OSError(ctypes.get_errno(), "the folder cannot be watched")

    def close(self) -> None:
        os.close(self._events)

    def opened(self) -> set[str]:
        """Return the names of the files that were opened since it was asked last."""
        names: set[str] = set()
        while True:
            try:
                data = os.read(self._events, 1 << 16)
            except BlockingIOError:
                return names
            while data:
                _, _, _, length = struct.unpack_from("iIII", data)
                names.add(data[16 : 16 + length].rstrip(b"\0").decode())
                data = data[16 + length :]


@contextmanager
def watching(folder: Path) -> Iterator[Eye]:
    """Watch a folder while the block runs."""
    eye = Eye(folder)
    try:
        yield eye
    finally:
        eye.close()


class Calls:
    """What this process itself asks of the network: names to look up, addresses to go to."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self.counts = False
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[object, ...]) -> None:
        if self.counts and event in _CALLS:
            where = arguments[-1] if event.startswith("socket.connect") else arguments
            if isinstance(where, tuple):  # of the internet; those of this machine are texts
                self.made.append(f"{event} {where}")


_CALLS = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto")
