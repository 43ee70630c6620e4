"""How much at once: uploads up to a size, and so many files decoded side by side."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from anyio import CapacityLimiter, to_thread
from fastapi import Request

from ledger.errors import AssetError, FormatError
from verifier.harmless import printable

from .errors import UploadTooLarge
from .settings import Settings

_LONGEST_NAME = 200

_T = TypeVar("_T")


@asynccontextmanager
async def upload(request: Request, name: str) -> AsyncIterator[Path]:
    """Stream the body into a file under a folder of its own, which is gone when the block ends.

    Raises UploadTooLarge as soon as the limit is passed or promised, AssetError for no body.
    """
    settings: Settings = request.app.state.settings
    limit = settings.max_upload
    promised = request.headers.get("content-length", "0")
    if promised.isascii() and promised.isdecimal() and int(promised) > limit:
        raise _too_large(limit)
    with TemporaryDirectory(prefix="firsthand-") as folder:
        path = Path(folder) / "upload"
        size = 0
        with path.open("wb") as stream:
            async for chunk in request.stream():
                size += len(chunk)
                if size > limit:
                    raise _too_large(limit)
                stream.write(chunk)
        if size == 0:
            raise AssetError(f"{name} is empty", "send the file itself as the body")
        yield path


async def in_turn(request: Request, act: Callable[..., _T], *given: object, **named: object) -> _T:
    """Run `act` in a thread, when one of the few places is free: each decodes a file."""
    places: CapacityLimiter = request.app.state.places
    return await to_thread.run_sync(partial(act, *given, **named), limiter=places)


def _too_large(limit: int) -> UploadTooLarge:
    return UploadTooLarge(
        f"the upload is larger than {limit} bytes",
        "use the command line, which has no such limit, or raise FIRSTHAND_MAX_UPLOAD",
    )


def file_name(text: str) -> str:
    """Return the last part of a name that a stranger gave, harmless to show.

    Raises FormatError where nothing is left of it.
    """
    name = printable(text.replace("\\", "/").rsplit("/", 1)[-1].strip(), _LONGEST_NAME)
    if not name or name in (".", ".."):
        raise FormatError("the name of the file is empty", "add ?name=photo.jpg")
    return name
