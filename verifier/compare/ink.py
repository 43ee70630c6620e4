"""What the pictures of a comparison are drawn with: colours, letters, lines, hatching. Pure.

The colours are those of Okabe and Ito (2008), which people tell apart whatever kind of colour they
see; no meaning rests on a colour alone.
"""

from collections.abc import Sequence
from functools import cache
from itertools import pairwise

from PIL import Image, ImageDraw, ImageFont

from .result import RegionKind, SegmentKind

Colour = tuple[int, int, int]
Box = tuple[float, float, float, float]  # left, top, right, bottom

PAPER: Colour = (251, 251, 249)
INK: Colour = (28, 31, 36)
QUIET: Colour = (90, 98, 109)
LINE: Colour = (205, 209, 215)
_BLACK: Colour = (0, 0, 0)
_ORANGE, _SKY, _GREEN = (230, 159, 0), (86, 180, 233), (0, 158, 115)
_BLUE, _VERMILION, _PURPLE = (0, 114, 178), (213, 94, 0), (204, 121, 167)
_SLATE = (147, 160, 174)

OF_SEGMENT: dict[SegmentKind, Colour] = {
    SegmentKind.SAME: _SLATE,
    SegmentKind.SLOWED: _SKY,
    SegmentKind.SPED_UP: _ORANGE,
    SegmentKind.INSERTED: _VERMILION,
    SegmentKind.REPEATED: _PURPLE,
    SegmentKind.FROZEN: _BLUE,
    SegmentKind.REVERSED: _GREEN,
    SegmentKind.REPLACED: _VERMILION,
    SegmentKind.ABSENT: _BLACK,
    SegmentKind.UNCLEAR: LINE,
}
OF_REGION: dict[RegionKind, Colour] = {
    RegionKind.CHANGED: _VERMILION,
    RegionKind.ADDED: _BLUE,
    RegionKind.COLOUR: _GREEN,
}
_HEAT = ((0.0, (255, 255, 178)), (0.4, (253, 141, 60)), (0.75, (189, 0, 38)), (1.0, (70, 0, 20)))
# Pillow's own letters have no dash and none with a mark: any of these is better, where it is there.
_FACES = (
    "DejaVuSans.ttf",
    "NotoSans-Regular.ttf",
    "LiberationSans-Regular.ttf",
    "Arial.ttf",
    "arial.ttf",
)
_JOINED = "\u00a0%"  # a number is not parted from its sign
_ASCII = str.maketrans({"\u00a0": " ", "–": "-", "×": "x", "°": " deg", "…": "...", "’": "'"})


@cache
def _face() -> str | None:
    for name in _FACES:
        try:
            ImageFont.truetype(name, 10)
        except OSError:
            continue
        return name
    return None


@cache
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return letters of that height in pixels."""
    face = _face()
    return ImageFont.truetype(face, size) if face else ImageFont.load_default(size)


def lettered(text: str) -> str:
    """Return the text in letters that the font has."""
    return text if _face() else text.translate(_ASCII).encode("ascii", "replace").decode()


def width_of(text: str, size: int) -> float:
    """Return how wide a text is in pixels."""
    return font(size).getlength(lettered(text))


def wrapped(text: str, size: int, width: float, most: int = 6) -> list[str]:
    """Break a text into lines of at most `width` pixels; what is more than `most` lines is cut."""
    lines = [""]
    for word in text.replace(" %", _JOINED).split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and width_of(longer, size) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    lines = [shortened(line, size, width) for line in lines]
    return lines if len(lines) <= most else [*lines[: most - 1], f"{lines[most - 1]} …"]


def shortened(text: str, size: int, width: float) -> str:
    """Cut a text in its middle until it is at most `width` pixels wide."""
    if width_of(text, size) <= width:
        return text
    keep = len(text) - 1
    while keep > 2 and width_of(f"{text[: keep // 2]}…{text[-(keep // 2) :]}", size) > width:
        keep = min(keep - 1, int(keep * 0.9))
    return f"{text[: keep // 2]}…{text[-(keep // 2) :]}"


def write(
    draw: ImageDraw.ImageDraw,
    at: tuple[float, float],
    text: str,
    size: int,
    colour: Colour = INK,
    *,
    anchor: str = "la",
    halo: Colour | None = None,
) -> None:
    """Write a text; with a `halo`, so that it can be read over anything."""
    draw.text(
        at,
        lettered(text),
        fill=colour,
        font=font(size),
        anchor=anchor,
        stroke_width=0 if halo is None else max(size // 9, 2),
        stroke_fill=halo,
    )


def frame(draw: ImageDraw.ImageDraw, box: Box, colour: Colour, width: int) -> None:
    """Outline a box in a colour, between two lines of white: seen on any picture."""
    left, top, right, bottom = box
    for grow, ink, line in ((width, (255, 255, 255), 3 * width), (0, colour, width)):
        edges = (left - grow, top - grow, right + grow, bottom + grow)
        draw.rectangle(_ordered(edges), outline=ink, width=line)


def _ordered(box: Box) -> Box:
    left, top, right, bottom = box
    return left, top, max(left, right), max(top, bottom)


def hatched(
    size: tuple[int, int], colour: Colour, *, step: int = 16, width: int = 4
) -> Image.Image:
    """Return a clear picture with diagonal lines."""
    made = Image.new("RGBA", size, (0, 0, 0, 0))
    draw = ImageDraw.Draw(made)
    for x in range(-size[1], size[0] + step, step):
        draw.line([(x, size[1]), (x + size[1], 0)], fill=(*colour, 255), width=width)
    return made


def polygon(
    target: Image.Image, corners: Sequence[tuple[float, float]], colour: Colour, opacity: float
) -> None:
    """Lay a see-through polygon over a picture."""
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    left, top = int(min(xs)), int(min(ys))
    size = max(int(max(xs)) - left + 2, 1), max(int(max(ys)) - top + 2, 1)
    mask = Image.new("L", size, 0)
    moved = [(x - left, y - top) for x, y in corners]
    ImageDraw.Draw(mask).polygon(moved, fill=round(255 * opacity))
    target.paste(Image.new("RGB", size, colour), (left, top), mask)


def glow(heat: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Return a heat map (mode L, 255 where most differs) as a see-through picture of `size`."""
    values = heat.convert("L").resize(size, Image.Resampling.BICUBIC)
    bands = [values.point([_heat(level / 255)[band] for level in range(256)]) for band in range(3)]
    opacity = values.point([min(230, round(3.2 * max(level - 24, 0))) for level in range(256)])
    return Image.merge("RGBA", (*bands, opacity))


def _heat(level: float) -> Colour:
    for (low, one), (high, other) in pairwise(_HEAT):
        if level <= high:
            share = (level - low) / (high - low)
            red, green, blue = (round(a + share * (b - a)) for a, b in zip(one, other, strict=True))
            return red, green, blue
    return _HEAT[-1][1]


def dimmed(picture: Image.Image, kept: Image.Image) -> Image.Image:
    """Return the picture with all but what `kept` (mode L) marks made dark and grey."""
    darker = [level * 120 // 255 for level in range(256)]
    grey = picture.convert("L").point(darker).convert("RGB")
    return Image.composite(picture, grey, kept)
