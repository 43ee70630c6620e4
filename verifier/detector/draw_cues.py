"""Draws measurements, each on a track whose grey part is the range of 95 % of real media. Pure."""

import math
from collections.abc import Sequence

from PIL import Image, ImageDraw

from verifier.compare import ink

from .result import Cue

_COLUMNS = 2
_NAME, _TRACK = 0.34, 0.38  # of a column's width: the name, then the track, then the number
_USUAL = (0.3, 0.7)  # of the track: where the usual range lies
_BAND: ink.Colour = (221, 224, 229)
_HEADING = "Measured; grey is the range of 95 % of real media. It weighs nothing."


def draw_cues(cues: Sequence[Cue], width: int, size: int, colour: ink.Colour) -> Image.Image:
    """Draw measurements in letters of a size, in pixels, on a sheet so wide."""
    told = [each for each in cues if each.usual is not None]
    step, gap = round(size * 2.1), size * 2
    column = (width - gap * (_COLUMNS - 1)) // _COLUMNS
    rows = math.ceil(len(told) / _COLUMNS)
    sheet = Image.new("RGB", (width, step * (rows + 1)), ink.PAPER)
    draw = ImageDraw.Draw(sheet)
    ink.write(draw, (0, 0), _HEADING, size, ink.QUIET)
    for number, cue in enumerate(told):
        left, row = number // rows * (column + gap), number % rows
        _gauge(draw, cue, (left, step * (row + 1) + step // 2), column, size, colour)
    return sheet


def _gauge(
    draw: ImageDraw.ImageDraw,
    cue: Cue,
    at: tuple[int, int],
    column: int,
    size: int,
    colour: ink.Colour,
) -> None:
    left, middle = at
    start, long = left + _NAME * column, _TRACK * column
    low, high = cue.usual or (0.0, 0.0)
    thick = size * 0.35
    ink.write(draw, at, cue.code, size, anchor="lm")
    draw.line([(start, middle), (start + long, middle)], fill=ink.LINE, width=max(size // 12, 1))
    band = (start + _USUAL[0] * long, middle - thick, start + _USUAL[1] * long, middle + thick)
    draw.rectangle(band, fill=_BAND)
    place = start + long * position(cue.value, low, high)
    mark = (place - thick, middle - thick, place + thick, middle + thick)
    draw.ellipse(mark, fill=colour, outline=ink.INK, width=max(size // 16, 1))
    number = f"{cue.value:.3g}  ({low:.3g} to {high:.3g})"
    ink.write(draw, (start + long + size, middle), number, size, ink.QUIET, anchor="lm")


def position(value: float, low: float, high: float) -> float:
    """Where a value lies on the track, 0 to 1; what is beyond the track lies at its end."""
    share = (value - low) / max(high - low, 1e-9)
    return min(max(_USUAL[0] + share * (_USUAL[1] - _USUAL[0]), 0.0), 1.0)
