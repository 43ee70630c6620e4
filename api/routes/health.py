"""Whether the service is there, and can answer."""

from fastapi import APIRouter, Request

from ..schemas import Health
from ..services import Services

router = APIRouter(tags=["health"])


@router.get("/healthz")
def health(request: Request) -> Health:
    """Answer when the log can be read and its checkpoint verifies."""
    services: Services = request.app.state.services
    return Health(origin=services.home.origin, tree_size=services.reader.size)
