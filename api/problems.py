"""What the HTTP service answers when it cannot answer: problem documents (RFC 9457)."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from ledger.errors import FirsthandError
from verifier.harmless import harmless

from .errors import status

MEDIA_TYPE = "application/problem+json"


class Problem(BaseModel):
    """A problem document (RFC 9457, 3.1): what went wrong, and what to do next."""

    title: str
    status: int
    detail: str
    remedy: str | None = Field(default=None, description="what to do next")


# Any answer that a route does not describe is a problem document.
RESPONSES: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "A problem (RFC 9457)",
        "content": {MEDIA_TYPE: {"schema": Problem.model_json_schema()}},
    }
}


def answer_with_problems(app: FastAPI, headers: Mapping[str, str]) -> None:
    """Turn every exception into a problem document, those that nobody foresaw too.

    `headers` go with the latter, which pass every middleware by.
    """

    @app.exception_handler(FirsthandError)
    def ours(_: Request, problem: FirsthandError) -> JSONResponse:
        return _answer(status(problem), problem.message, problem.remedy)

    @app.exception_handler(HTTPException)
    def of_http(_: Request, problem: HTTPException) -> JSONResponse:
        answer = _answer(HTTPStatus(problem.status_code), problem.detail)
        answer.headers.update(problem.headers or {})
        return answer

    @app.exception_handler(RequestValidationError)
    def of_the_request(_: Request, problem: RequestValidationError) -> JSONResponse:
        said = "; ".join(f"{each['loc'][-1]}: {each['msg']}" for each in problem.errors())
        return _answer(HTTPStatus.UNPROCESSABLE_ENTITY, said, "see /openapi.json")

    @app.exception_handler(ClientDisconnect)
    def gone(_: Request, __: ClientDisconnect) -> JSONResponse:
        return _answer(HTTPStatus.BAD_REQUEST, "the upload broke off", "send it again")

    @app.exception_handler(Exception)
    def unforeseen(_: Request, __: Exception) -> JSONResponse:
        said = "the service failed in a way that nobody foresaw"
        remedy = "try again; whoever keeps it finds the reason on its stderr"
        answer = _answer(HTTPStatus.INTERNAL_SERVER_ERROR, said, remedy)
        answer.headers.update(headers)
        return answer


def _answer(code: HTTPStatus, detail: str, remedy: str = "") -> JSONResponse:
    said, do_next = harmless(detail), harmless(remedy)
    problem = Problem(title=code.phrase, status=code, detail=said, remedy=do_next or None)
    return JSONResponse(problem.model_dump(exclude_none=True), code, media_type=MEDIA_TYPE)
