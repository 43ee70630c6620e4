"""The log: as C2SP clients read it (tlog-tiles), and one entry at a time for everybody else."""

import base64
import re
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BeforeValidator

from ledger.entry import parse_entry
from ledger.errors import FormatError, UnknownEntry
from ledger.receipt import CONTENT_TYPE
from ledger.storage import CHECKPOINT_PATH
from ledger.tile import parse_tile_path
from ledger.vocabulary import digest_of, parse_digest

from ..schemas import UNCHANGED, EntryAnswer, FoundAnswer, octets, said
from ..services import Services

router = APIRouter(tags=["log"])

_TEXT = "text/plain; charset=utf-8"
_OCTETS = "application/octet-stream"
_MUTABLE = "no-cache"
_IMMUTABLE = "public, max-age=31536000, immutable"  # c2sp.org/tlog-tiles: long-lived

_DECIMAL = re.compile(r"0|[1-9][0-9]*")


def _spelt_once(text: str) -> str:
    """Refuse "07", "+7" and "7.0", which name what "7" names."""
    if not _DECIMAL.fullmatch(text):
        raise ValueError("an index is written in decimal digits")
    return text


Index = Annotated[
    int,
    BeforeValidator(_spelt_once),
    Path(ge=0, description="zero-based index of the entry"),
]


@router.get("/checkpoint", response_class=Response, responses=octets(_TEXT))
def checkpoint(request: Request) -> Response:
    """Return the newest signed checkpoint (c2sp.org/tlog-tiles#checkpoints)."""
    return _stored(request, CHECKPOINT_PATH, _TEXT, _MUTABLE)


@router.get("/tile/{coordinates:path}", response_class=Response, responses=octets(_OCTETS))
def tile(request: Request, coordinates: str) -> Response:
    """Return a tile or an entry bundle (c2sp.org/tlog-tiles#merkle-tree)."""
    path = f"tile/{coordinates}"
    try:
        parse_tile_path(path)
    except FormatError:
        raise UnknownEntry("there is no such tile", "see c2sp.org/tlog-tiles") from None
    return _stored(request, path, _OCTETS, _IMMUTABLE)


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


@router.get("/v1/proofs/{index}", response_class=Response, responses=octets(_TEXT) | UNCHANGED)
def proof(request: Request, index: Index) -> Response:
    """Return the log proof of an entry (c2sp.org/tlog-proof), the entry as its extra data."""
    services: Services = request.app.state.services
    return _newest(request, services.prove(index), _TEXT, f"{index}.tlog-proof")


@router.get(
    "/v1/receipts/{index}", response_class=Response, responses=octets(CONTENT_TYPE) | UNCHANGED
)
def receipt(request: Request, index: Index) -> Response:
    """Return the COSE receipt of an entry (RFC 9942), under the newest checkpoint."""
    services: Services = request.app.state.services
    return _newest(request, services.receipt(index), CONTENT_TYPE, f"{index}.receipt.cose")


def _newest(request: Request, data: bytes, media_type: str, name: str) -> Response:
    """Answer with a proof, which changes when the log grows; an older one stays as good."""
    tag = f'"{digest_of(data).hex[:32]}"'
    headers = {"Cache-Control": _MUTABLE, "ETag": tag}
    asked = request.headers.get("if-none-match", "")  # RFC 9110 section 13.1.2
    if tag in (each.strip().removeprefix("W/") for each in asked.split(",")) or asked == "*":
        return Response(status_code=304, headers=headers)
    headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return Response(data, media_type=media_type, headers=headers)


def _stored(request: Request, path: str, media_type: str, caching: str) -> Response:
    services: Services = request.app.state.services
    data = services.tiles.read(path)
    if data is None:
        raise UnknownEntry(f"the log has no {path}", "read the checkpoint for its size")
    return Response(data, media_type=media_type, headers={"Cache-Control": caching})
