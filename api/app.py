"""The HTTP service: routes, limits and headers around `Services`."""

from importlib.metadata import version

from anyio import CapacityLimiter
from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .problems import RESPONSES, Problem, answer_with_problems
from .routes import health, log, pages, registrations, verifications
from .services import Services
from .settings import Settings

_HEADERS = {
    # Nothing is loaded from elsewhere, and nothing is sent elsewhere.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' blob:; media-src blob:; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
