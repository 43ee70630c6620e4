"""Entries that registrars made themselves, many at once."""

import base64
import binascii
import json
from collections.abc import Sequence
from functools import partial

from anyio import to_thread
from fastapi import APIRouter, Depends, Request, Response

from ledger import batch
from ledger.batch import Fault
from ledger.errors import EntryError, FormatError, ProofError

from ..auth import require_token
from ..errors import UnsupportedType, UploadTooLarge
from ..schemas import BATCH, BatchAnswer
from ..services import Services

router = APIRouter(tags=["log"])

MAX_BODY = 1 << 26  # bytes

_CBOR, _COSE, _NDJSON = "application/cbor", "application/cose", "application/x-ndjson"


@router.post(
    "/v1/entries",
    openapi_extra=BATCH,
    response_model=BatchAnswer,
    dependencies=[Depends(require_token)],
)
async def append(request: Request) -> Response:
    """Append a batch of entries, all or none; answer with the index of each.

    `application/cbor`: an array of entries, and `application/x-ndjson`: a line each,
    `{"entry": "…base64…"}`; every signature is checked. `application/cose`: that array signed by
    the key that made all entries, whose one signature is checked. The makers must be registrars
    that this home knows.
    """
    services: Services = request.app.state.services
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await _read(request)
    # Not `in_turn`: no file is decoded, and the more that wait together the larger the commits.
    indexes = await to_thread.run_sync(_append, services, media_type, body)
    answer = json.dumps({"tree_size": services.reader.size, "indexes": indexes})
    return Response(answer, media_type="application/json")


def _append(services: Services, media_type: str, body: bytes) -> list[int]:
    if media_type == _COSE:
        entries, signer = _open(body)
        if signer not in services.home.registrars():
            raise EntryError("the batch is signed by a key that may not add to this log", _REMEDY)
        check = partial(batch.find_faults_but_signatures, signer=signer)
    elif media_type in _PARSERS:
        entries = _PARSERS[media_type](body)
        check = partial(batch.find_faults, registrars=services.home.registrars())
    else:
        raise UnsupportedType(f"a batch is not {media_type[:80]!r}", f"send it as {_CBOR}")
    faults = services.checkers.find_faults(entries, check)
    if faults:
        raise EntryError(_tell(faults), _REMEDY)
    return services.sequencer.append_batch(entries)


def _open(body: bytes) -> tuple[list[bytes], bytes]:
    try:
        return batch.open_batch(body)
    except ProofError:
        raise EntryError("the signature of the batch does not verify", _REMEDY) from None


_REMEDY = "nothing was appended; the keys in registrars/ of the home are those that may"


def _tell(faults: Sequence[Fault]) -> str:
    return "; ".join(f"entry {fault.position} of the batch: {fault.sentence}" for fault in faults)


def parse_lines(data: bytes) -> list[bytes]:
    """Read entries from lines of JSON; raises FormatError, with the number of the line."""
    entries = []
    for number, line in enumerate(data.splitlines(), 1):
        if number > batch.MAX_BATCH:
            raise FormatError(f"a batch has 1 to {batch.MAX_BATCH} entries, not more")
        try:
            match json.loads(line):
                case {"entry": str() as text, **others} if not others:
                    entries.append(base64.b64decode(text, validate=True))
                case _:
                    raise ValueError
        except (ValueError, RecursionError, binascii.Error):
            raise FormatError(
                f'line {number} is not {{"entry": "…"}} with an entry in base64'
            ) from None
    if not entries:
        raise FormatError("the batch is empty")
    return entries


_PARSERS = {_CBOR: batch.parse_batch, _NDJSON: parse_lines}


async def _read(request: Request) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY:
            raise UploadTooLarge(
                f"a batch has at most {MAX_BODY} bytes", "send fewer entries at a time"
            )
    return bytes(body)
