"""The HTTP service: routes, limits and headers around `Services`."""

import os
from collections.abc import Awaitable, Callable
from importlib.metadata import version

from anyio import CapacityLimiter
from fastapi import FastAPI, Request, Response

from .problems import RESPONSES, answer_with_problems
from .routes import entries, health, log, pages, registrations, verifications
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


def create_app(services: Services, settings: Settings) -> FastAPI:
    """Build the application over one home."""
    app = FastAPI(
        title="Firsthand",
        version=version("firsthand"),
        summary="Is this real, and where did it come from?",
        docs_url=None,  # their page would load scripts from elsewhere
        redoc_url=None,
        responses=RESPONSES,
    )
    app.state.services = services
    app.state.settings = settings
    app.state.places = CapacityLimiter(os.cpu_count() or 1)  # files decoded at once
    for routes in (pages, health, verifications, registrations, entries, log):
        app.include_router(routes.router)
    answer_with_problems(app, _HEADERS)

    @app.middleware("http")
    async def protect(
        request: Request, answer: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        response = await answer(request)
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    return app
