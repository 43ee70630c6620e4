"""HTTP as the ledger asks for it: one bounded exchange, within a time, or `Unreachable`."""

import time
from types import TracebackType
from typing import Self

import httpx

from ledger.errors import FirsthandError, StorageError
from ledger.witnessing import Answer

TIMEOUT_SECONDS = 5.0
MAX_TILE_SIZE = 1 << 25  # bytes: the largest entry bundle is 256 entries of 65,535 bytes
MAX_ANSWER_SIZE = 1 << 20  # bytes: a time-stamp, or the signature lines of a witness

_PATIENCE = 6  # times the timeout: who answers a byte at a time is not waited for


class Unreachable(FirsthandError):
    """Nobody answered in time, or not with what was asked for."""


class HttpTransport:
    """Keeps its connections alive. Safe for many threads."""

    def __init__(
        self, timeout_seconds: float = TIMEOUT_SECONDS, *, trusts_environment: bool = True
    ) -> None:
        """Without `trusts_environment`, no proxy that the environment names is used."""
        self._client = httpx.Client(
            timeout=timeout_seconds, follow_redirects=False, trust_env=trusts_environment
        )
        self._longest_seconds = timeout_seconds * _PATIENCE

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def ask(self, url: str, body: bytes) -> Answer:
        """Post a body to a witness; raises Unreachable."""
        return self._exchange("POST", url, body)

    def post(self, url: str, body: bytes, content_type: str) -> bytes:
        """Post a body and return what a 200 answers; raises Unreachable for anything else."""
        answer = self._exchange("POST", url, body, {"Content-Type": content_type})
        if answer.status != 200:
            raise Unreachable(f"{url} answered {answer.status}", "try again later")
        return answer.body

    def get(self, url: str) -> bytes | None:
        """Return what a URL holds, or None where it holds nothing (404); raises Unreachable."""
        answer = self._exchange("GET", url, largest=MAX_TILE_SIZE)
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise Unreachable(f"{url} answered {answer.status}", "try again later")
        return answer.body

    def _request(
        self, method: str, url: str, body: bytes | None, headers: dict[str, str]
    ) -> httpx.Request:
        return self._client.build_request(method, url, content=body, headers=headers)

    def _exchange(
        self,
        method: str,
        url: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        largest: int = MAX_ANSWER_SIZE,
    ) -> Answer:
        deadline = time.monotonic() + self._longest_seconds
        response = None
        try:
            asked = self._request(method, url, body, headers or {})
            response = self._client.send(asked, stream=True)
            parts, size = [], 0
            for part in response.iter_bytes():
                size += len(part)
                if size > largest or time.monotonic() > deadline:
                    raise Unreachable(f"{url} answers too much, or too slowly")
                parts.append(part)
            kind = response.headers.get("Content-Type", "")
            return Answer(response.status_code, kind, b"".join(parts))
        except (httpx.HTTPError, httpx.InvalidURL) as problem:
            raise Unreachable(
                f"{url} cannot be reached ({type(problem).__name__})", "try again later"
            ) from None
        finally:
            if response is not None:
                response.close()


class HttpTiles:
    """The public files of a log behind its URL prefix (c2sp.org/tlog-tiles#apis), for reading."""

    def __init__(self, transport: HttpTransport, prefix: str) -> None:
        self._transport = transport
        self._prefix = prefix.rstrip("/")

    def read(self, path: str) -> bytes | None:
        """Return a file, or None where there is none; raises StorageError where none can be had."""
        try:
            return self._transport.get(f"{self._prefix}/{path}")
        except Unreachable as problem:
            raise StorageError(problem.message, problem.remedy) from None
