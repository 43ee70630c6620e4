"""Who may register over HTTP: whoever holds the home's token."""

import secrets
from typing import Annotated

from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from .services import Services

_BEARER = HTTPBearer(auto_error=False, description="The token in keys/api-token of the home")


def require_token(
    request: Request,
    given: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
) -> None:
    """Refuse a request without the token (401)."""
    services: Services = request.app.state.services
    expected = services.home.api_token().encode()
    if given is None or not secrets.compare_digest(given.credentials.encode(), expected):
        raise HTTPException(
            401, "registering needs the home's token", headers={"WWW-Authenticate": "Bearer"}
        )
