"""What can be established about a file."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from ..limits import file_name, in_turn, upload
from ..schemas import OCTETS, ReportAnswer
from ..services import Services

router = APIRouter(tags=["verifications"])


@router.post("/v1/verifications", openapi_extra=OCTETS)
async def verify(
    request: Request,
    name: Annotated[str, Query(description="what the file is called")] = "upload",
) -> ReportAnswer:
    """Verify the file in the body. It is read, and kept no longer than that takes."""
    services: Services = request.app.state.services
    called = file_name(name)
    async with upload(request, called) as path:
        report = await in_turn(request, services.verify, path, name=called)
    return ReportAnswer.model_validate(report.to_json())
