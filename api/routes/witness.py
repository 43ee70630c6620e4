"""A witness over HTTP: c2sp.org/tlog-witness, and nothing else on the port."""

from collections.abc import Callable

from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from ledger.errors import FirsthandError
from ledger.vocabulary import digest_of
from ledger.witness import (
    MAX_REQUEST_SIZE,
    BadRequest,
    Inconsistent,
    OtherSize,
    UnknownLog,
    Untrusted,
    Witness,
    WitnessError,
    format_size,
)
from ledger.witnessing import SIZE_TYPE

_TEXT = "text/plain; charset=utf-8"
_STATUS: dict[type[WitnessError], int] = {
    BadRequest: 400,
    Untrusted: 403,
    UnknownLog: 404,
    OtherSize: 409,
    Inconsistent: 422,
}


def create_witness_app(witness: Witness) -> FastAPI:
    """Build the application of one witness: both prefixes are the root."""
    app = FastAPI(title="Firsthand witness", docs_url=None, redoc_url=None, openapi_url=None)
    origins = {digest_of(origin.encode()).hex: origin for origin in witness.origins}

    @app.post("/add-checkpoint")
    async def add_checkpoint(request: Request) -> Response:
        body = bytearray()
        async for part in request.stream():
            body += part
            if len(body) > MAX_REQUEST_SIZE:
                return Response("the request is too large\n", 413, media_type=_TEXT)
        return await run_in_threadpool(_answer, lambda: witness.add_checkpoint(bytes(body)))

    @app.get("/{origin_hash}/checkpoint")
    def checkpoint(origin_hash: str) -> Response:
        origin = origins.get(origin_hash, "")
        answer = _answer(lambda: witness.checkpoint(origin))
        answer.headers["Cache-Control"] = "no-cache"
        return answer

    return app


def _answer(act: Callable[[], bytes]) -> Response:
    try:
        return Response(act(), 200, media_type=_TEXT)
    except OtherSize as problem:
        # Raw, since Starlette adds a charset to every text type.
        return Response(format_size(problem.size), 409, {"Content-Type": SIZE_TYPE})
    except WitnessError as problem:
        return Response(f"{problem.message}\n", _STATUS[type(problem)], media_type=_TEXT)
    except FirsthandError as problem:
        return Response(f"{problem.message}\n", 500, media_type=_TEXT)
