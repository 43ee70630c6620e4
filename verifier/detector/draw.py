"""Draws an examination: each opinion on its scale, measurements, where traces were found. Pure.

Everything is drawn twice as large and made smaller at the end, so that no line has steps.
"""

import math
from collections.abc import Sequence

from PIL import Image, ImageDraw

from verifier.compare import ink
from verifier.compare.draw_time import Strip
from verifier.compare.words import moment

from .draw_cues import draw_cues
from .result import Box, Detection, Examination, Trace
from .sentence import tell

WIDTH = 1600  # pixels of what is returned
_FINE = 2  # drawn so much larger
_INNER = (WIDTH - 96) * _FINE
_MARGIN, _GAP = 48 * _FINE, 28 * _FINE
_TITLE, _LABEL, _SMALL = 24 * _FINE, 19 * _FINE, 16 * _FINE
_TALLEST = 560 * _FINE  # a picture
_MOST = 3  # powers of ten that a scale shows, either way
_MOST_PANELS = 6
_COLOUR: ink.Colour = (204, 121, 167)
_STRIP = 84 * _FINE


def draw_examination(
    name: str,
    examination: Examination,
    picture: Image.Image | None = None,
    size: tuple[int, int] | None = None,
    strip: Strip | None = None,
) -> Image.Image:
    """Draw it all; `picture` is the file or a frame of it, upright, `size` what boxes count in."""
    parts = [_written(name, _TITLE, ink.QUIET)]
    for detection in examination.detections:
        parts.append(_written(tell(detection), _TITLE))
        if detection.interval is not None:
            parts.append(_scale(detection))
        if any(each.usual is not None for each in detection.cues):
            parts.append(draw_cues(detection.cues, _INNER, _SMALL, _COLOUR))
    if picture is not None:
        placed = [each for each in examination.traces if each.boxes or each.heat is not None]
        parts.append(_panels(picture, size or picture.size, placed))
    timed = [each for each in examination.traces if each.seconds]
    if strip is not None and timed:
        parts.append(_timeline(strip, timed))
    parts += [_written(each.sentence, _LABEL) for each in examination.traces]
    parts += [_written(each, _LABEL, ink.QUIET) for each in examination.not_looked_for]
    height = sum(part.height + _GAP for part in parts) + 2 * _MARGIN - _GAP
    page = Image.new("RGB", (WIDTH * _FINE, height), ink.PAPER)
    top = _MARGIN
    for part in parts:
        page.paste(part, (_MARGIN, top))
        top += part.height + _GAP
    return page.resize((WIDTH, height // _FINE), Image.Resampling.LANCZOS)


def _sheet(height: float) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    sheet = Image.new("RGB", (_INNER, math.ceil(height)), ink.PAPER)
    return sheet, ImageDraw.Draw(sheet)


def _written(text: str, size: int, colour: ink.Colour = ink.INK) -> Image.Image:
    lines = ink.wrapped(text, size, _INNER)
    step = round(size * 1.4)
    sheet, draw = _sheet(step * len(lines))
    for number, line in enumerate(lines):
        ink.write(draw, (0, step * number), line, size, colour)
    return sheet


def _scale(detection: Detection) -> Image.Image:
    """A likelihood ratio with its interval, between what it speaks for and against."""
    sheet, draw = _sheet(_SMALL * 5)
    width, line = _INNER * 0.7, _SMALL * 1.2

    def at(value: float) -> float:
        return width / 2 + min(max(value / _MOST, -1), 1) * (width / 2 - 40 * _FINE)

    draw.line([(0, line), (width, line)], fill=ink.LINE, width=2 * _FINE)
    for power in range(-_MOST, _MOST + 1):
        x, tall = at(power), (12 if power == 0 else 6) * _FINE
        draw.line([(x, line - tall), (x, line + tall)], fill=ink.QUIET, width=_FINE)
        said = f"{'' if power > 0 else '1:'}{10 ** abs(power)}" if power else "says nothing"
        ink.write(draw, (x, line + _SMALL), said, _SMALL, ink.QUIET, anchor="mt")
    low, high = detection.interval or (0.0, 0.0)
    middle = at(detection.log10_lr or 0.0)
    thick, round_ = 7 * _FINE, 9 * _FINE
    draw.rectangle((at(low), line - thick, at(high), line + thick), fill=(232, 196, 217))
    box = (middle - round_, line - round_, middle + round_, line + round_)
    draw.ellipse(box, fill=_COLOUR, outline=ink.INK, width=_FINE)
    positive, negative = detection.sides
    foot = line + 2.4 * _SMALL
    ink.write(draw, (0, foot), f"‹ {negative}", _SMALL, ink.QUIET)
    ink.write(draw, (width, foot), f"{positive} ›", _SMALL, ink.QUIET, anchor="ra")
    return sheet


def _panels(picture: Image.Image, size: tuple[int, int], traces: Sequence[Trace]) -> Image.Image:
    """The file, and beside it each trace that has a place, three in a row."""
    shown = [("The file", _marked(picture, size, None))]
    shown += [(each.code, _marked(picture, size, each)) for each in traces[:_MOST_PANELS]]
    across = min(len(shown), 3)
    column = (_INNER - (across - 1) * _GAP) // across
    scale = min(column / picture.width, _TALLEST / picture.height)
    fitted = max(round(picture.width * scale), 1), max(round(picture.height * scale), 1)
    head, rows = round(_LABEL * 1.7), math.ceil(len(shown) / across)
    sheet, draw = _sheet(rows * (head + fitted[1] + _GAP) - _GAP)
    for number, (label, panel) in enumerate(shown):
        left = number % across * (column + _GAP)
        top = number // across * (head + fitted[1] + _GAP)
        said = ink.shortened(label, _LABEL, column)
        ink.write(draw, (left, top), said, _LABEL, ink.QUIET)
        sheet.paste(panel.resize(fitted, Image.Resampling.LANCZOS), (left, top + head))
    return sheet


def _marked(picture: Image.Image, size: tuple[int, int], trace: Trace | None) -> Image.Image:
    if trace is None:
        return picture.convert("RGB")
    made = picture.convert("RGB")
    if trace.heat is not None:
        grey = picture.convert("L").convert("RGBA")
        levels = Image.frombytes("L", (trace.heat.width, trace.heat.height), trace.heat.levels)
        grey.alpha_composite(ink.glow(levels, picture.size))
        made = grey.convert("RGB")
    draw = ImageDraw.Draw(made)
    for box in trace.boxes:
        ink.frame(draw, _scaled(box, size, picture.size), _COLOUR, max(picture.width // 300, 1))
    return made


def _scaled(box: Box, size: tuple[int, int], shown: tuple[int, int]) -> ink.Box:
    left, top, width, height = box
    across, down = shown[0] / size[0], shown[1] / size[1]
    return left * across, top * down, (left + width) * across, (top + height) * down


def _timeline(strip: Strip, traces: Sequence[Trace]) -> Image.Image:
    """The whole length, and under it a lane a trace with the seconds where it was found."""
    lane = round(_SMALL * 1.8)
    head = round(_LABEL * 1.7)
    sheet, draw = _sheet(head + _STRIP + lane * (len(traces) + 1))
    scale = _INNER / max(strip.seconds, 0.1)
    ink.write(draw, (0, 0), "The file, in time", _LABEL, ink.QUIET)
    if strip.look is not None:
        look = strip.look.convert("RGB").resize((_INNER, _STRIP), Image.Resampling.LANCZOS)
        sheet.paste(look, (0, head))
    top = head + _STRIP
    for part in range(5):
        x, said = _INNER * part / 4, moment(strip.seconds * part / 4)
        anchor = "la" if part == 0 else "ra" if part == 4 else "ma"
        ink.write(draw, (x, top + 4 * _FINE), said, _SMALL, ink.QUIET, anchor=anchor)
    for number, trace in enumerate(traces, 1):
        level = top + number * lane
        for start, end in trace.seconds:
            left = start * scale
            right = max(end * scale, left + 3 * _FINE)
            draw.rectangle((left, level, right, level + lane - 6 * _FINE), fill=_COLOUR)
        at = (8 * _FINE, level + lane / 2 - 3 * _FINE)
        ink.write(draw, at, trace.code, _SMALL, anchor="lm", halo=ink.PAPER)
    return sheet
