"""TileStorage in a folder that any web server can serve as it is, and the lock of its writers."""

import contextlib
import fcntl
import os
import re
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from ..errors import LogBusy, StorageError

_UNFINISHED = ".tmp"  # the one name that is not part of the log: writes that were interrupted
_ABANDONED_SECONDS = 3600
_PATH = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
_POLL_SECONDS = 0.005


class FolderTileStorage:
    """A TileStorage in a folder; a file is written beside it, synced, and renamed into place."""

    def __init__(self, root: Path) -> None:
        """Create the folder when it is missing; raise StorageError when that is impossible."""
        self._root = root
        with _translate(root):
            _make_folder(root / _UNFINISHED)
            _remove_abandoned(root / _UNFINISHED)

    def read(self, path: str) -> bytes | None:
        """See TileStorage."""
        place = self._locate(path)
        with _translate(place):
            try:
                return place.read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                return None

    def write(self, files: Mapping[str, bytes]) -> None:
        """See TileStorage."""
        for path, data in files.items():
            self._write(path, data, synced=True)
        self._sync_folders(files)

    def write_unsynced(self, files: Mapping[str, bytes]) -> None:
        """See TileStorage."""
        for path, data in files.items():
            self._write(path, data, synced=False)

    def sync(self, paths: Sequence[str]) -> None:
        """See TileStorage."""
        for path in paths:
            place = self._locate(path)
            with _translate(place):
                _sync(place, os.O_RDONLY)
        self._sync_folders(paths)

    def list_paths(self, prefix: str = "") -> Iterator[str]:
        """See TileStorage."""
        top, _, _ = prefix.rpartition("/")
        start = self._locate(top) if top else self._root
        with _translate(start):
            for folder, folders, names in os.walk(start, onerror=_raise_unless_missing):
                if Path(folder) == self._root and _UNFINISHED in folders:
                    folders.remove(_UNFINISHED)
                for name in names:
                    path = Path(folder, name).relative_to(self._root).as_posix()
                    if path.startswith(prefix):
                        yield path

    def delete(self, paths: Sequence[str]) -> None:
        """See TileStorage. Folders that this leaves empty go too."""
        for path in paths:
            place = self._locate(path)
            with _translate(place):
                place.unlink(missing_ok=True)
        left = folders = {self._locate(path).parent for path in paths}
        for folder in folders - {self._root}:
            with contextlib.suppress(OSError):  # not empty, or gone already
                folder.rmdir()
                left = left - {folder} | {folder.parent}
        for folder in left:
            with _translate(folder):
                _sync_nearest(folder)

    def _locate(self, path: str) -> Path:
        return Path(self._place(path))

    def _place(self, path: str) -> str:
        if not _PATH.fullmatch(path):
            raise StorageError(f"not a path in a log's folder: {path[:80]!r}")
        return f"{self._root}/{path}"

    def _write(self, path: str, data: bytes, *, synced: bool) -> None:
        # By plain strings and few calls: this is most of what an append costs beside its hashes.
        place = self._place(path)
        unfinished = f"{self._root}/{_UNFINISHED}/{secrets.token_hex(8)}"
        with _translate(place):
            try:
                descriptor = os.open(unfinished, _CREATE, 0o666)
                try:
                    _write_whole(descriptor, data)
                    if synced:
                        os.fsync(descriptor)
                finally:
                    os.close(descriptor)
                _move(unfinished, place)
            except OSError:
                Path(unfinished).unlink(missing_ok=True)
                raise

    def _sync_folders(self, paths: Iterable[str]) -> None:
        """Make the names of these files durable, and those of the folders that hold them."""
        folders: set[Path] = set()
        for place in {self._locate(path).parent for path in paths}:
            folders.update((place, *place.parents))
        for folder in sorted(folders - set(self._root.parents)):
            with _translate(folder):
                _sync(folder, os.O_RDONLY | os.O_DIRECTORY)


class FileLock:
    """One holder at a time of the file at `path`, among all threads and processes."""

    def __init__(self, path: Path, timeout_seconds: float = 30) -> None:
        self._path = path
        self._timeout = timeout_seconds

    @contextlib.contextmanager
    def __call__(self) -> Iterator[None]:
        """Hold it; raise LogBusy when it does not come free in time. A holder that dies lets go."""
        with _translate(self._path):
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            self._wait(descriptor)
            yield
        finally:
            os.close(descriptor)  # which also unlocks

    def _wait(self, descriptor: int) -> None:
        deadline = time.monotonic() + self._timeout
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise LogBusy(
                        f"another process has held {self._path} for {self._timeout:g} seconds",
                        "let it finish, or stop it, and try again",
                    ) from None
                time.sleep(_POLL_SECONDS)
            else:
                return


def _make_folder(folder: Path) -> None:
    """Make a folder with its parents, so that their names survive a power cut."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync(folder.parent, os.O_RDONLY | os.O_DIRECTORY)


def _move(source: str, target: str) -> None:
    """Rename into place, and make the folder only where it is missing, as it seldom is."""
    try:
        os.replace(source, target)  # noqa: PTH105  # a Path costs as much as the call
    except FileNotFoundError:
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        Path(source).replace(target)


def _write_whole(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:  # a disk that is nearly full may take a part
        rest = rest[os.write(descriptor, rest) :]


def _sync(place: Path, flags: int) -> None:
    descriptor = os.open(place, flags | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_nearest(folder: Path) -> None:
    """Sync a folder, or the one that held it where it is gone."""
    try:
        _sync(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        _sync_nearest(folder.parent)


def _remove_abandoned(folder: Path) -> None:
    """Remove what writers that were killed left behind; one that lives is long done in an hour."""
    for path in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > _ABANDONED_SECONDS:
                path.unlink()


def _raise_unless_missing(problem: OSError) -> None:
    if not isinstance(problem, (FileNotFoundError, NotADirectoryError)):
        raise problem


@contextlib.contextmanager
def _translate(place: Path | str) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        raise StorageError(f"{place}: {problem.strerror}", "see to the disk") from problem
