"""A model of a disk: what of each file and folder is durable, and what may be there after a cut.

Files are what they are by their inode, not by their name. A sync makes durable what was done before
it began; what has merely been written may be on the disk or not, sector by sector, as the system
writes pages back when it likes, in any order; a name that was made or removed may be so or not,
until its folder is synced. A rename that replaces a file is old or new. This is all that POSIX
promises; ext4 and its like promise more.
"""

import os
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from .recording import Step

_GRAINS = (512, 4096)  # bytes that are written whole or not at all: a sector, a page
_T = TypeVar("_T")

_SHARED_MEMORY = "-shm"  # SQLite's index of the WAL: it is made anew when no process has it open
_KNOWN = ("openat", "close", "write", "ftruncate", "mmap", "rename", "mkdir", "unlink", "rmdir")


@dataclass(eq=False)
class File:
    """The bytes that are durable, and what was done since; `None` is a length that was set."""

    name: str  # its first one
    durable: bytearray = field(default_factory=bytearray)
    changes: list[tuple[int, bytes | None]] = field(default_factory=list)
    forgotten: int = 0  # changes that became durable

    def now(self) -> bytes:
        """Return the bytes as every process sees them."""
        data = bytearray(self.durable)
        for change in self.changes:
            _apply(data, *change)
        return bytes(data)

    def make_durable(self, changes: int) -> None:
        """Make the first so many of all changes durable."""
        count = max(changes - self.forgotten, 0)
        for change in self.changes[:count]:
            _apply(self.durable, *change)
        del self.changes[:count]
        self.forgotten += count

    def make_up(self, chance: random.Random) -> bytes:
        """Return the bytes as they may be after a cut."""
        grain = chance.choice(_GRAINS)
        data = bytearray(self.durable)
        lengths = [len(data)]
        blocks: dict[int, list[bytes]] = {}  # what each of them was, one state after the other
        for at, written in self.changes:
            old = bytes(data)
            _apply(data, at, written)
            stop = max(len(old), len(data)) if written is None else at + len(written)
            lengths.append(len(data))
            for start in range(at // grain * grain, stop, grain):
                states = blocks.setdefault(start, [old[start : start + grain]])
                states.append(bytes(data[start : start + grain]))
        pick = _lot(chance)
        whole = bytearray(self.durable)
        _apply(whole, pick(lengths), None)
        for start, states in blocks.items():
            room = max(len(whole) - start, 0)
            block = pick(states).ljust(grain, b"\0")[:room]
            whole[start : start + len(block)] = block
        return bytes(whole)


@dataclass(eq=False)
class Folder:
    """The names that are durable, and what became of names since; `None` is a name removed."""

    durable: dict[str, "Node"] = field(default_factory=dict)
    changes: list[tuple[str, "Node | None"]] = field(default_factory=list)
    forgotten: int = 0

    def now(self) -> dict[str, "Node"]:
        """Return the names as every process sees them."""
        names: dict[str, Node | None] = {**self.durable}
        names.update(self.changes)
        return {name: node for name, node in names.items() if node}

    def make_durable(self, changes: int) -> None:
        """Make the first so many of all changes durable."""
        count = max(changes - self.forgotten, 0)
        names: dict[str, Node | None] = {**self.durable}
        names.update(self.changes[:count])
        self.durable = {name: node for name, node in names.items() if node}
        del self.changes[:count]
        self.forgotten += count

    def make_up(self, chance: random.Random) -> dict[str, "Node"]:
        """Return the names as they may be after a cut."""
        pick = _lot(chance)
        states: dict[str, list[Node | None]] = {}
        for name, node in self.changes:
            states.setdefault(name, [self.durable.get(name)]).append(node)
        made = {**self.durable, **{name: pick(nodes) for name, nodes in states.items()}}
        return {name: node for name, node in made.items() if node}


Node = File | Folder


class Disk:
    """What is under a folder, as the steps of a recording change it."""

    def __init__(self, root: Path) -> None:
        """Begin with what is there now, all of it durable."""
        self._root = root
        self._top = _read(root)
        self._open: dict[str, Node | None] = {}  # by descriptor; None is a file elsewhere
        self._begun: dict[str, tuple[Node, int]] = {}  # a sync: of what, and of how many changes
        self.said = b""  # what was written to a pipe: what the outside knows

    def apply(self, step: Step) -> None:
        """Take a step; raise where a call is not known here, or failed."""
        if step.result is None:
            self._begin(step)
        else:
            self._end(step)

    def _begin(self, step: Step) -> None:
        first = step.arguments[0] if step.arguments else ""
        node = self._open.get(str(first))
        match step.call, step.arguments:
            case "close", (str(descriptor),):  # now, as another thread may be given it at once
                self._open.pop(descriptor, None)
            case "write", (str(descriptor), bytes(data), _) if descriptor not in self._open:
                self.said += data if int(descriptor) > 2 else b""
            case "write" | "pwrite64" | "ftruncate" | "fsync" | "fdatasync", _ if node:
                self._begin_on(node, step)
            case "mmap", (_, _, str(access), str(kind), str(descriptor), _):
                mapped = self._open.get(descriptor)
                if mapped and "PROT_WRITE" in access and "MAP_SHARED" in kind:
                    assert isinstance(mapped, File)
                    assert mapped.name.endswith(_SHARED_MEMORY), "writes that nobody sees"
            case _:
                assert node is None, f"nobody told the disk of {step.call}"

    def _begin_on(self, node: Node, step: Step) -> None:
        match step.call, step.arguments:
            case "fsync" | "fdatasync", _:
                self._begun[step.thread] = node, node.forgotten + len(node.changes)
            case "write", (_, bytes(data), _) if isinstance(node, File):
                node.changes.append((len(node.now()), data))  # the log's files are written in order
            case "pwrite64", (_, bytes(data), _, str(at)) if isinstance(node, File):
                node.changes.append((int(at), data))
            case "ftruncate", (_, str(length)) if isinstance(node, File):
                node.changes.append((int(length), None))
            case _:
                raise AssertionError(step)

    def _end(self, step: Step) -> None:
        assert step.result is not None
        match step.call, step.arguments:
            case "openat", (_, bytes(path), str(flags), *_) if step.result >= 0:
                self._end_open(path, flags, str(step.result))
            case "fsync" | "fdatasync", _ if step.thread in self._begun:
                assert step.result == 0
                node, changes = self._begun.pop(step.thread)
                node.make_durable(changes)
            case "rename", (bytes(source), bytes(target)) if step.result == 0:
                self._rename(source, target)
            case "mkdir", (bytes(path), *_) if step.result == 0:
                self._name(path, Folder())
            case "unlink" | "rmdir", (bytes(path),) if step.result == 0:
                self._name(path, None)
            case "write" | "pwrite64", (_, bytes(data), *_):
                assert step.result == len(data)
            case _ if step.call in _KNOWN:
                pass
            case _:
                raise AssertionError(f"nobody told the disk of {step.call}")

    def _end_open(self, path: bytes, flags: str, descriptor: str) -> None:
        self._open[descriptor] = None
        place = self._locate(path)
        if place is None:
            return
        folder, name = place
        node = folder.now().get(name) if name else folder
        if node is None:
            node = File(name)
            folder.changes.append((name, node))
        if "O_TRUNC" in flags and isinstance(node, File):
            node.changes.append((0, None))
        self._open[descriptor] = node

    def _rename(self, source: bytes, target: bytes) -> None:
        place = self._locate(source)
        if place:
            folder, name = place
            self._name(target, folder.now()[name])
            self._name(source, None)

    def _name(self, path: bytes, node: Node | None) -> None:
        place = self._locate(path)
        if place:
            folder, name = place
            folder.changes.append((name, node))

    def _locate(self, path: bytes) -> tuple[Folder, str] | None:
        """Return the folder of a path, and the name in it; None where it is not on this disk."""
        place = Path(os.fsdecode(path))
        if not place.is_relative_to(self._root):
            return None
        *folders, name = ["", *place.relative_to(self._root).parts]
        at = self._top
        for folder in folders[1:]:
            child = at.now().get(folder)
            if not isinstance(child, Folder):
                return None
            at = child
        return at, name

    def read(self, path: str) -> bytes | None:
        """Return a file as every process saw it before the cut; None when there was none."""
        place = self._locate(os.fsencode(self._root / path))
        node = place[0].now().get(place[1]) if place else None
        return node.now() if isinstance(node, File) else None

    def check(self) -> None:
        """Check that the model is what is really there: nothing that changed it was overlooked."""
        assert _write_out(self._top) == _write_out(_read(self._root))

    def make_up(self, target: Path, chance: random.Random) -> None:
        """Make a folder that holds what may be there after a cut."""
        _make_up(self._top, target, chance)


def _lot(chance: random.Random) -> Callable[[Sequence[_T]], _T]:
    """Return what picks a state: for all of a file or a folder the old, the new, or any."""
    match chance.randrange(3):
        case 0:
            return lambda states: states[0]
        case 1:
            return lambda states: states[-1]
        case _:
            return chance.choice


def _apply(data: bytearray, at: int, written: bytes | None) -> None:
    if written is None:
        del data[at:]
        data.extend(bytes(at - len(data)))
    else:
        data.extend(bytes(max(at - len(data), 0)))
        data[at : at + len(written)] = written


def _read(folder: Path) -> Folder:
    return Folder(
        {
            child.name: _read(child)
            if child.is_dir()
            else File(child.name, bytearray(child.read_bytes()))
            for child in folder.iterdir()
        }
    )


def _write_out(folder: Folder) -> dict[str, object]:
    return {
        name: _write_out(node) if isinstance(node, Folder) else node.now()
        for name, node in folder.now().items()
        if not name.endswith(_SHARED_MEMORY)
    }


def _make_up(folder: Folder, target: Path, chance: random.Random) -> None:
    target.mkdir()
    for name, node in folder.make_up(chance).items():
        if isinstance(node, Folder):
            _make_up(node, target / name, chance)
        elif name.endswith(_SHARED_MEMORY):
            (target / name).write_bytes(chance.randbytes(1 << 15))
        else:
            (target / name).write_bytes(node.make_up(chance))
