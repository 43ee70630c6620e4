"""What can be established about a file."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request

from verifier.as_of import parse_as_of
from verifier.compare.context import Claim, parse_moment, parse_spot

from ..limits import file_name, in_turn, upload
from ..schemas import OCTETS, ReportAnswer
from ..services import Asked, Services
from ..settings import Settings

router = APIRouter(tags=["verifications"])


@router.post("/v1/verifications", openapi_extra=OCTETS)
async def verify(
    request: Request,
    name: Annotated[str, Query(description="what the file is called")] = "upload",
    claimed_time: Annotated[
        str | None, Query(description="when it is said to have been captured: 2022-05-01")
    ] = None,
    claimed_place: Annotated[
        str | None, Query(description="where, in degrees north and east: 52.52,13.40")
    ] = None,
    as_of: Annotated[
        str | None, Query(description="ask for the answer as it would have been then: 2026-11-25")
    ] = None,
    detect: Annotated[
        bool, Query(description="ask the detector about a file that nobody signed or recorded")
    ] = True,
) -> ReportAnswer:
    """Verify the file in the body. It is read, and kept no longer than that takes."""
    claim = Claim(
        parse_moment(claimed_time) if claimed_time else None,
        parse_spot(claimed_place) if claimed_place else None,
    )
    time = parse_as_of(as_of, datetime.now(UTC)) if as_of else None
    services: Services = request.app.state.services
    settings: Settings = request.app.state.settings
    detect = detect and settings.detector
    called = file_name(name)
    asked = Asked(name=called, claim=claim, as_of=time, detect=detect)
    async with upload(request, called) as path:
        report = await in_turn(request, services.verify, path, asked)
    return ReportAnswer.model_validate(report.to_json())
