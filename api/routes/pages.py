"""The page and what it is made of."""

from fastapi import APIRouter
from fastapi.responses import FileResponse

from ..web import FOLDER

router = APIRouter(include_in_schema=False)


@router.get("/")
def page() -> FileResponse:
    """Return the page on which a file is dropped."""
    return FileResponse(FOLDER / "page.html", media_type="text/html; charset=utf-8")


@router.get("/page.css")
def style() -> FileResponse:
    """Return how the page looks."""
    return FileResponse(FOLDER / "page.css", media_type="text/css; charset=utf-8")


@router.get("/page.js")
def script() -> FileResponse:
    """Return what the page does."""
    return FileResponse(FOLDER / "page.js", media_type="text/javascript; charset=utf-8")


@router.get("/compare.js")
def compare_script() -> FileResponse:
    """Return what the page does with a comparison."""
    return FileResponse(FOLDER / "compare.js", media_type="text/javascript; charset=utf-8")


@router.get("/coverage.js")
def coverage_script() -> FileResponse:
    """Return what the page does with a coverage map."""
    return FileResponse(FOLDER / "coverage.js", media_type="text/javascript; charset=utf-8")


@router.get("/detection.js")
def detection_script() -> FileResponse:
    """Return what the page does with the opinion of the detector."""
    return FileResponse(FOLDER / "detection.js", media_type="text/javascript; charset=utf-8")


@router.get("/icon.svg")
def icon() -> FileResponse:
    """Return the picture beside the page's title."""
    return FileResponse(FOLDER / "icon.svg", media_type="image/svg+xml")
