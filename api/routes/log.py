"""The log: as C2SP clients read it (tlog-tiles), and one entry at a time for everybody else."""

import base64
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from ledger.entry import parse_entry
from ledger.errors import FormatError, UnknownEntry
from ledger.storage import CHECKPOINT_PATH
from ledger.tile import parse_tile_path
from ledger.vocabulary import parse_digest

from ..schemas import EntryAnswer, FoundAnswer, said
from ..services import Services

router = APIRouter(tags=["log"])

_MUTABLE = "no-cache"
_IMMUTABLE = "public, max-age=31536000, immutable"  # c2sp.org/tlog-tiles: long-lived

Index = Annotated[int, Path(ge=0, description="zero-based index of the entry")]


@router.get("/checkpoint", response_class=Response)
def checkpoint(request: Request) -> Response:
    """Return the newest signed checkpoint (c2sp.org/tlog-tiles#checkpoints)."""
    return _stored(request, CHECKPOINT_PATH, "text/plain; charset=utf-8", _MUTABLE)


@router.get("/tile/{coordinates:path}", response_class=Response)
def tile(request: Request, coordinates: str) -> Response:
    """Return a tile or an entry bundle (c2sp.org/tlog-tiles#merkle-tree)."""
    path = f"tile/{coordinates}"
    try:
        parse_tile_path(path)
    except FormatError:
        raise UnknownEntry("there is no such tile", "see c2sp.org/tlog-tiles") from None
    return _stored(request, path, "application/octet-stream", _IMMUTABLE)


@router.get("/v1/entries")
def find(
    request: Request,
    sha256: Annotated[str, Query(pattern="^[0-9a-f]{64}$", description="of a file, or a claim")],
) -> list[FoundAnswer]:
    """Return the entries that name a digest. An empty list says that none does."""
    services: Services = request.app.state.services
    found = services.ledger.find(parse_digest(f"sha256:{sha256}"))
    return [FoundAnswer(index=each.index, role=each.role) for each in found]


@router.get("/v1/entries/{index}")
def entry(request: Request, index: Index) -> EntryAnswer:
    """Return one entry, as its bytes and as what they say."""
    services: Services = request.app.state.services
    data = services.reader.entry(index)
    return EntryAnswer(
        index=index, entry=base64.b64encode(data).decode(), says=said(parse_entry(data))
    )


@router.get("/v1/proofs/{index}", response_class=Response)
def proof(request: Request, index: Index) -> Response:
    """Return the log proof of an entry (c2sp.org/tlog-proof), the entry as its extra data."""
    services: Services = request.app.state.services
    return Response(
        services.prove(index),
        media_type="text/plain; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{index}.tlog-proof"'},
    )


def _stored(request: Request, path: str, media_type: str, caching: str) -> Response:
    services: Services = request.app.state.services
    data = services.tiles.read(path)
    if data is None:
        raise UnknownEntry(f"the log has no {path}", "read the checkpoint for its size")
    return Response(data, media_type=media_type, headers={"Cache-Control": caching})
