"""Recording files as they are."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from signer.manifest import Statement

from ..auth import require_token
from ..limits import file_name, in_turn, upload
from ..schemas import OCTETS, RegistrationAnswer
from ..services import Services

router = APIRouter(tags=["registrations"])


@router.post(
    "/v1/registrations",
    openapi_extra=OCTETS,
    status_code=201,
    dependencies=[Depends(require_token)],
)
async def register(
    request: Request,
    name: Annotated[str, Query(description="what the file is called; kept private")],
    title: Annotated[str, Query(description="a title; kept private", max_length=1000)] = "",
) -> RegistrationAnswer:
    """Record the file in the body; answer when that is durable, with the proof."""
    services: Services = request.app.state.services
    called = file_name(name)
    async with upload(request, called) as path:
        record = services.registrar.record
        recorded = await in_turn(request, record, path, Statement(title=title), called)
    return RegistrationAnswer(
        index=recorded.index,
        sha256=recorded.asset.digest.hex,
        media_type=recorded.asset.media_type.name,
        again=recorded.again,
        proof=recorded.proof.decode(),
    )
