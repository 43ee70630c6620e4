"""Put finished files in their place: complete or not at all, and never over another."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ledger.errors import AssetError

from .errors import DestinationError


def require_new(destination: Path) -> None:
    """Raise DestinationError when something already lies there, or when nothing can."""
    if os.path.lexists(destination):
        raise DestinationError(f"{destination} already exists", "name a file that does not exist")
    if not destination.parent.is_dir():
        raise DestinationError(f"{destination.parent} is not a folder", "make the folder first")


@contextmanager
def draft(destination: Path, *, like: Path) -> Iterator[BinaryIO]:
    """Give a new file in the destination's folder, with the permissions of `like`, gone at the end.

    Raises DestinationError when the folder or the file cannot be written, whenever that shows, and
    AssetError when `like` is gone.
    """
    permissions = _permissions(like)
    name: str | None = None
    try:
        descriptor, name = tempfile.mkstemp(".partial", ".firsthand-", destination.parent)
        os.close(descriptor)
        with Path(name).open("w+b") as file:
            os.fchmod(file.fileno(), permissions)  # once open: the source may be read-only
            yield file
    except OSError as problem:
        raise DestinationError(
            f"{destination} cannot be written ({problem.strerror or problem})",
            "make room, or name another folder",
        ) from problem
    finally:
        if name is not None:
            Path(name).unlink(missing_ok=True)


def _permissions(path: Path) -> int:
    try:
        return path.stat().st_mode & 0o666
    except OSError as problem:
        raise AssetError(f"{path} cannot be read ({problem.strerror})") from None


def publish(drafts: list[tuple[Path, Path]]) -> None:
    """Give each draft (already on the disk) its name, in order; on failure none keeps it.

    Names are given by hard links, which never replace what another process put there meanwhile.
    Raises DestinationError.
    """
    done: list[Path] = []
    try:
        for temporary, destination in drafts:
            os.link(temporary, destination)
            done.append(destination)
        _sync_folder(drafts[0][1].parent)
    except OSError as problem:
        for destination in done:
            destination.unlink()
        name = problem.filename2 or problem.filename
        raise DestinationError(
            f"{name} cannot be put in place ({problem.strerror})", "name another file or folder"
        ) from None


def sync(file: BinaryIO) -> None:
    """Bring what was written to the disk."""
    file.flush()
    os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
