"""Draws a comparison: original and suspect side by side, what differs, and when. Pure.

Pictures in, a picture out. Everything is drawn twice as large and made smaller at the end, so that
no line has steps.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from . import ink
from .draw_time import Strip, draw_timeline, timeline_height
from .ink import Box
from .result import WHOLE, Comparison, Geometry, Heat, Region, RegionKind

_FINE = 2  # drawn so much larger
WIDTH = 1600  # pixels of what is returned
_LINE = 4 * _FINE  # around a region
_MARGIN, _GAP = 48 * _FINE, 28 * _FINE
_TALLEST = 620 * _FINE  # a picture
_TITLE, _LABEL, _SMALL = 30 * _FINE, 19 * _FINE, 16 * _FINE
_LEGEND = {
    RegionKind.CHANGED: "changed",
    RegionKind.ADDED: "added around the picture",
    RegionKind.COLOUR: "other colours",
}


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two: its name, and what it shows (a picture or a frame, upright) or None.

    `size` is the width and height that boxes are given in. `strip` shows its whole length.
    """

    name: str
    picture: Image.Image | None = None
    size: tuple[int, int] | None = None
    strip: Strip | None = None


def draw(original: Side, suspect: Side, comparison: Comparison) -> Image.Image:
    """Draw the sentence, the two side by side with what differs, and the time line."""
    parts = [_title(comparison.sentence)]
    one, other = original.picture, suspect.picture
    if one is not None and other is not None:
        labels = f"The original: {original.name}", f"The suspect: {suspect.name}"
        size = suspect.size or other.size
        parts.append(_side_by_side(labels, (one, other), comparison, size))
    above, below = original.strip, suspect.strip
    if (comparison.time_map or comparison.sound) and above is not None and below is not None:
        sheet, _ = _sheet(timeline_height(comparison) * _FINE)
        draw_timeline(sheet, above, below, comparison, _FINE)
        parts.append(sheet)
    width = WIDTH * _FINE
    height = sum(part.height + _GAP for part in parts) + 2 * _MARGIN - _GAP
    page = Image.new("RGB", (width, height), ink.PAPER)
    top = _MARGIN
    for part in parts:
        page.paste(part, (_MARGIN, top))
        top += part.height + _GAP
    return page.resize((width // _FINE, height // _FINE), Image.Resampling.LANCZOS)


def _inner() -> int:
    return WIDTH * _FINE - 2 * _MARGIN


def _sheet(height: float) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    sheet = Image.new("RGB", (_inner(), math.ceil(height)), ink.PAPER)
    return sheet, ImageDraw.Draw(sheet)


def _title(sentence: str) -> Image.Image:
    lines = ink.wrapped(sentence, _TITLE, _inner())
    step = round(_TITLE * 1.4)
    sheet, draw = _sheet(step * len(lines))
    for number, line in enumerate(lines):
        ink.write(draw, (0, step * number), line, _TITLE)
    return sheet


def _side_by_side(
    labels: tuple[str, str],
    pictures: tuple[Image.Image, Image.Image],
    comparison: Comparison,
    size: tuple[int, int],
) -> Image.Image:
    panels = [
        (labels[0], with_crop(_shown(pictures[0]), comparison.geometry)),
        (labels[1], with_boxes(_shown(pictures[1]), comparison.regions, size)),
    ]
    is_changed = any(each.kind is RegionKind.CHANGED for each in comparison.regions)
    if comparison.heat is not None and is_changed:
        panels.append(
            ("Where its content differs", with_heat(_shown(pictures[1]), comparison.heat))
        )
    column = (_inner() - (len(panels) - 1) * _GAP) // len(panels)
    sizes = [_fitted(picture.size, (column, _TALLEST)) for _, picture in panels]
    head, legend = round(_LABEL * 1.7), _legend_of(comparison)
    foot = round(_SMALL * 2.4) if legend else 0
    tallest = max(height for _, height in sizes)
    sheet, draw = _sheet(head + tallest + foot)
    left = 0
    for (label, picture), fitted in zip(panels, sizes, strict=True):
        said = ink.shortened(label, _LABEL, column)
        ink.write(draw, (left, 0), said, _LABEL, ink.QUIET)
        sheet.paste(picture.resize(fitted, Image.Resampling.LANCZOS), (left, head))
        left += max(fitted[0], math.ceil(ink.width_of(said, _LABEL))) + _GAP
    _write_legend(draw, legend, head + tallest + round(_SMALL * 1.0))
    return sheet


def _shown(picture: Image.Image) -> Image.Image:
    """Return the picture in the size that lines are drawn for, whatever its own."""
    room = (_inner() - _GAP) // 2, _TALLEST
    return picture.convert("RGB").resize(_fitted(picture.size, room), Image.Resampling.LANCZOS)


def _fitted(size: tuple[int, int], room: tuple[int, int]) -> tuple[int, int]:
    scale = min(room[0] / size[0], room[1] / size[1])
    return max(round(size[0] * scale), 1), max(round(size[1] * scale), 1)


def with_crop(picture: Image.Image, geometry: Geometry | None) -> Image.Image:
    """Return the original with what the suspect leaves out made dark, and the rest outlined."""
    if geometry is None or geometry.crop == WHOLE:
        return picture
    width, height = picture.size
    left, top, right, bottom = geometry.crop
    box = (left * width, top * height, right * width - 1, bottom * height - 1)
    kept = Image.new("L", picture.size, 0)
    ImageDraw.Draw(kept).rectangle(box, fill=255)
    made = ink.dimmed(picture, kept)
    ink.frame(ImageDraw.Draw(made), box, ink.INK, 2 * _FINE)
    return made


def with_boxes(
    picture: Image.Image, regions: Sequence[Region], size: tuple[int, int]
) -> Image.Image:
    """Return the suspect with a numbered box around each region; `size` is what boxes count in."""
    made = picture.copy()
    draw = ImageDraw.Draw(made)
    across, down = picture.width / size[0], picture.height / size[1]
    for region in regions:
        left, top, width, height = region.box
        box = (left * across, top * down, (left + width) * across, (top + height) * down)
        ink.frame(draw, _inside(box, picture.size), ink.OF_REGION[region.kind], _LINE)
    return made


def _inside(box: Box, size: tuple[int, int], edge: int = 2 * _LINE) -> Box:
    """Move the sides of a box far enough into the picture that its outline can be seen."""
    left, top, right, bottom = box
    return (
        max(left, edge),
        max(top, edge),
        min(right, size[0] - 1 - edge),
        min(bottom, size[1] - 1 - edge),
    )


def with_heat(picture: Image.Image, heat: Heat) -> Image.Image:
    """Return the suspect, grey, with what differs glowing over it."""
    made = picture.convert("L").convert("RGBA")
    levels = Image.frombytes("L", (heat.width, heat.height), heat.levels)
    made.alpha_composite(ink.glow(levels, picture.size))
    return made.convert("RGB")


def _legend_of(comparison: Comparison) -> list[tuple[str, ink.Colour]]:
    kinds = {region.kind for region in comparison.regions}
    said = [(_LEGEND[kind], ink.OF_REGION[kind]) for kind in RegionKind if kind in kinds]
    if comparison.geometry is not None and comparison.geometry.crop != WHOLE:
        said.insert(0, ("what the suspect still shows (the dark part is cut away)", ink.INK))
    return said


def _write_legend(
    draw: ImageDraw.ImageDraw, legend: Sequence[tuple[str, ink.Colour]], top: float
) -> None:
    left, side = 0.0, round(_SMALL * 0.95)
    for words, colour in legend:
        draw.rectangle((left, top, left + side, top + side), outline=colour, width=3 * _FINE)
        ink.write(draw, (left + side * 1.5, top + side / 2), words, _SMALL, anchor="lm")
        left += side * 3.2 + ink.width_of(words, _SMALL)
