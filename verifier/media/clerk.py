"""A process of the sandbox that does task after task of one module, as long as it is of use.

It is confined as every job is, and it ends with its first failure. A file that took it over in
silence could answer for the files after it: so only that is put to it (`Sandbox.ask`) which another
process, of other code, is asked as well, and where they differ the verdict fails closed. A decoder,
whose answer nothing else checks, gets a process that dies with it.
"""

import contextlib
import os
import select
import socket
from dataclasses import replace
from typing import Any, cast

from ledger.errors import FormatError
from verifier.errors import DecoderFailed

from .answer import parse_value
from .framing import TooLong, receive_frame, send_frame
from .limits import Limits, parse_limits
from .server import ANSWER, answer_reached, answer_to, time_reached

_TOKEN = 16  # bytes, which an answer repeats: none can be given before its task
_TASKS = 256  # before another takes its place
_LIFE = float(10 * 24 * 3600)  # seconds, and then its keeper ends it


def serve() -> None:
    """Do the tasks that the parent sends, one after another, until it goes away."""
    with socket.socket(fileno=ANSWER) as parent, contextlib.suppress(OSError, FormatError):
        while True:
            frame = receive_frame(parent)
            request = cast("dict[str, Any]", parse_value(frame[_TOKEN:]))
            send_frame(parent, frame[:_TOKEN] + answer_to(request, parse_limits(request["limits"])))


def life(limits: Limits) -> Limits:
    """What a clerk may use, whose tasks may use `limits` each: the parent watches the clock."""
    return replace(limits, cpu=int(_LIFE), wall=_LIFE)


class Unasked(DecoderFailed):
    """An answer to no task, from a process that other files were put to before."""


class Clerk:
    """The parent's end of one: the socket to it, and the socket to its keeper."""

    def __init__(self, keeper: socket.socket, own: socket.socket) -> None:
        self._keeper = keeper
        self._own = own
        self._done = 0

    def is_of_use(self) -> bool:
        """Whether it lives, has said nothing that was not asked, and has not served its time."""
        poll = select.poll()
        poll.register(self._own, select.POLLIN)
        return self._done < _TASKS and not poll.poll(0)

    def ask(self, request: bytes, limits: Limits) -> bytes:
        """Put a task to it; return its answer. Whatever is raised, it is of no use any more.

        Raises LimitReached and DecoderFailed; Unasked where another may be asked.
        """
        self._done += 1
        token = os.urandom(_TOKEN)
        try:
            send_frame(self._own, token + request)
            answer = receive_frame(self._own, _TOKEN + limits.answer, limits.wall)
        except TimeoutError:
            raise time_reached(limits) from None
        except TooLong:
            raise answer_reached(limits) from None
        except (OSError, FormatError):
            raise DecoderFailed(
                "reading the file ended the process that read it", "treat it as damaged or hostile"
            ) from None
        if answer[:_TOKEN] == token:
            return answer[_TOKEN:]
        told = "reading the file gave an answer that was not asked for"
        raise (Unasked if self._done > 1 else DecoderFailed)(told, "treat it as damaged or hostile")

    def close(self) -> None:
        """End it, in whatever it does."""
        self._own.close()
        self._keeper.close()
