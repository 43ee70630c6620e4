"""What happens to pictures on their way: honest copies.

Each copy comes with the map from its parts to those of its original (verifier/compare/warp.py), so
that what is found can be held against what was done. Everything is drawn from a given generator.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

from verifier.compare.warp import Matrix

Random = np.random.Generator


@dataclass(frozen=True)
class Copy:
    """A picture, RGB, and where its parts lie in the original.

    `marks` is a picture of the same size: red where its content was changed, green where it shows
    the original.
    """

    image: Image.Image
    marks: Image.Image
    matrix: Matrix

    def moved(self, how: Callable[[Image.Image], Image.Image], back: Matrix) -> "Copy":
        """The copy, moved; `back` maps the parts of what comes out to those of what went in."""
        return Copy(how(self.image), how(self.marks), self.matrix @ back)


def untouched(image: Image.Image) -> Copy:
    """A copy that is the original."""
    return Copy(image, Image.new("RGB", image.size, (0, 255, 0)), np.eye(3))


Step = Callable[[Copy, Random], Copy]


def saved(format_: str, quality: int) -> Step:
    """Saved with a loss, and read again."""

    def step(copy: Copy, _: Random) -> Copy:
        data = io.BytesIO()
        copy.image.save(data, format_, quality=quality)
        return replace(copy, image=Image.open(data).convert("RGB"))

    return step


def scaled(factor: float, squash: float = 1.0) -> Step:
    """Resized; its width by `squash` more than its height."""

    def step(copy: Copy, _: Random) -> Copy:
        width, height = copy.image.size
        size = max(8, round(width * factor * squash)), max(8, round(height * factor))
        return copy.moved(lambda image: image.resize(size, Image.Resampling.LANCZOS), np.eye(3))

    return step


def cropped(share: float) -> Step:
    """A share of its width and of its height cut away, more of it at one side or the other."""

    def step(copy: Copy, random: Random) -> Copy:
        width, height = copy.image.size
        left, top = (int(random.random() * share * side) for side in (width, height))
        kept = round(width * (1 - share)), round(height * (1 - share))
        return _cut(copy, (left, top, left + kept[0], top + kept[1]))

    return step


def square(copy: Copy, _: Random) -> Copy:
    """The square in its middle."""
    width, height = copy.image.size
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    return _cut(copy, (left, top, left + side, top + side))


def _cut(copy: Copy, box: tuple[int, int, int, int]) -> Copy:
    width, height = copy.image.size
    left, top, right, bottom = box
    inner = np.array(
        [
            [(right - left) / width, 0, left / width],
            [0, (bottom - top) / height, top / height],
            [0, 0, 1],
        ]
    )
    return copy.moved(lambda image: image.crop(box), inner)


def toned(gamma: float = 1.0, gain: float = 1.0, offset: float = 0.0) -> Step:
    """Another brightness, contrast or gamma."""

    def step(copy: Copy, _: Random) -> Copy:
        values = (np.asarray(copy.image) / 255.0) ** gamma * 255
        toned_ = np.clip((values - 128) * gain + 128 + offset, 0, 255).astype(np.uint8)
        return replace(copy, image=Image.fromarray(toned_))

    return step


def coloured(factor: float) -> Step:
    """Its colours stronger, weaker, or (0) gone."""

    def step(copy: Copy, _: Random) -> Copy:
        grey = copy.image.convert("L").convert("RGB")
        return replace(copy, image=Image.blend(grey, copy.image, factor))

    return step


def soft(sigma: float) -> Step:
    """Blurred all over."""
    return lambda copy, _: replace(copy, image=copy.image.filter(ImageFilter.GaussianBlur(sigma)))


def noisy(sigma: float) -> Step:
    """With noise all over."""

    def step(copy: Copy, random: Random) -> Copy:
        values = np.asarray(copy.image) + random.normal(0, sigma, np.asarray(copy.image).shape)
        return replace(copy, image=Image.fromarray(np.clip(values, 0, 255).astype(np.uint8)))

    return step


def mirrored(copy: Copy, _: Random) -> Copy:
    """Left to right."""
    flip = np.array([[-1.0, 0, 1], [0, 1, 0], [0, 0, 1]])
    return copy.moved(lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT), flip)


def turned(quarters: int) -> Step:
    """By quarters, counter-clockwise."""

    def step(copy: Copy, _: Random) -> Copy:
        quarter = np.array([[0.0, -1, 1], [1, 0, 0], [0, 0, 1]])
        for _quarter in range(quarters):
            copy = copy.moved(lambda image: image.transpose(Image.Transpose.ROTATE_90), quarter)
        return copy

    return step


def rotated(degrees: float, *, corners: bool) -> Step:
    """By a small angle counter-clockwise; with black corners, or cropped until there are none."""

    def step(copy: Copy, _: Random) -> Copy:
        width, height = copy.image.size
        a = np.radians(degrees)
        cos, sin = np.cos(a), np.sin(a)
        spin = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
        to_middle = np.array([[width, 0, -width / 2], [0, height, -height / 2], [0, 0, 1.0]])
        back = np.linalg.inv(to_middle) @ spin @ to_middle
        whole = copy.moved(lambda image: image.rotate(degrees, Image.Resampling.BICUBIC), back)
        if corners:
            return whole
        c, s = abs(cos), abs(sin)
        share = min(1 / (c + s * height / width), 1 / (c + s * width / height))
        dx, dy = round(width * (1 - share) / 2) + 1, round(height * (1 - share) / 2) + 1
        return _cut(whole, (dx, dy, width - dx, height - dy))

    return step


def on_ground(
    colour: tuple[int, int, int], left: float, top: float, right: float, bottom: float
) -> Step:
    """On a larger even ground; the margins are shares of its own width and height."""

    def step(copy: Copy, _: Random) -> Copy:
        width, height = copy.image.size
        x, y = round(left * width), round(top * height)
        size = width + x + round(right * width), height + y + round(bottom * height)
        return _pasted(copy, Image.new("RGB", size, colour), (x, y))

    return step


def _pasted(copy: Copy, ground: Image.Image, at: tuple[int, int]) -> Copy:
    width, height = copy.image.size
    outer = np.array(
        [
            [ground.width / width, 0, -at[0] / width],
            [0, ground.height / height, -at[1] / height],
            [0, 0, 1],
        ]
    )
    ground.paste(copy.image, at)
    marks = Image.new("RGB", ground.size)
    marks.paste(copy.marks, at)
    return Copy(ground, marks, copy.matrix @ outer)


def letterboxed(copy: Copy, random: Random) -> Copy:
    """In a black frame of 16:9, upright or lying, whichever leaves more black."""
    width, height = copy.image.size
    ratio = 16 / 9 if width / height < 4 / 3 else 9 / 16
    wide, high = max(width, height * ratio), max(height, width / ratio)
    x, y = (wide / width - 1) / 2, (high / height - 1) / 2
    return on_ground((0, 0, 0), x, y, x, y)(copy, random)


def captioned(copy: Copy, random: Random) -> Copy:
    """Under a white bar with words."""
    bar = on_ground((255, 255, 255), 0, 0.2, 0, 0)(copy, random)
    width, height = copy.image.size
    draw = ImageDraw.Draw(bar.image)
    draw.text((0.05 * width, 0.04 * height), "WHEN THEY SAY", "black", font_size=0.08 * height)
    draw.text((0.05 * width, 0.12 * height), "it never happened", "black", font_size=0.05 * height)
    return bar


def screenshot(copy: Copy, _: Random) -> Copy:
    """Shown by an application on a phone, with a status bar, a name, text and buttons."""
    wide, high = 1080, 2220
    width, height = copy.image.size
    size = wide, min(round(wide * height / width), 1500)
    shown = copy.moved(lambda image: image.resize(size, Image.Resampling.LANCZOS), np.eye(3))
    ground = Image.new("RGB", (wide, high), (250, 250, 250))
    draw = ImageDraw.Draw(ground)
    draw.text((60, 30), "12:41", "black", font_size=44)
    draw.rectangle((940, 36, 1020, 74), fill="black")
    draw.ellipse((40, 150, 150, 260), fill=(90, 120, 200))
    draw.text((180, 160), "some.account", "black", font_size=44)
    draw.text((180, 215), "Sponsored", (120, 120, 120), font_size=34)
    under = 300 + size[1]
    for i in range(4):
        draw.ellipse(
            (50 + 130 * i, under + 30, 120 + 130 * i, under + 100), outline="black", width=8
        )
    for i, text in enumerate(("1,204 likes", "some.account what a day", "View all 48 comments")):
        draw.text((50, under + 140 + 60 * i), text, "black", font_size=40)
    draw.rectangle((0, high - 140, wide, high), fill=(235, 235, 235))
    return _pasted(shown, ground, (0, 300))


def recaptured(copy: Copy, random: Random) -> Copy:
    """Photographed from a screen, at a slight angle: perspective, blur, noise and a tint."""
    width, height = copy.image.size
    corners = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])
    seen = corners + random.uniform(-0.04, 0.04, (4, 2)) + np.sign(0.5 - corners) * 0.05
    matrix = _homography(seen, corners)
    size = np.diag([width, height, 1.0])
    pixel = size @ matrix @ np.linalg.inv(size)
    data = (pixel / pixel[2, 2]).ravel()[:8].tolist()
    way = Image.Transform.PERSPECTIVE, data, Image.Resampling.BICUBIC
    copy = copy.moved(lambda image: image.transform(image.size, *way), matrix)
    tinted = np.asarray(copy.image) * np.array([1.0, 0.95, 0.88]) * 0.9 + 8
    whole = replace(copy, image=Image.fromarray(tinted.astype(np.uint8)))
    return noisy(4)(soft(max(width, height) / 900)(whole, random), random)


def _homography(source: npt.NDArray[np.float64], target: npt.NDArray[np.float64]) -> Matrix:
    rows = []
    for (x, y), (u, v) in zip(source, target, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
    return np.append(np.linalg.solve(np.array(rows), target.ravel()), 1).reshape(3, 3)


def text_over(copy: Copy, _: Random) -> Copy:
    """With words across it."""
    image = copy.image.copy()
    size = image.height * 0.09
    ImageDraw.Draw(image).text(
        (0.05 * image.width, 0.8 * image.height),
        "BREAKING NEWS",
        "white",
        font_size=size,
        stroke_width=2,
        stroke_fill="black",
    )
    return replace(copy, image=image)


def chained(*steps: Step) -> Step:
    """One after the other."""

    def step(copy: Copy, random: Random) -> Copy:
        for each in steps:
            copy = each(copy, random)
        return copy

    return step


JPEG70 = saved("JPEG", 70)

# Honest copies: what they show is what the original shows.
HONEST: dict[str, Step] = {
    "JPEG q30": saved("JPEG", 30),
    "JPEG q50": saved("JPEG", 50),
    "JPEG q95": saved("JPEG", 95),
    "WebP q40": saved("WEBP", 40),
    "half size, JPEG q50": chained(scaled(0.5), saved("JPEG", 50)),
    "quarter size": chained(scaled(0.25), JPEG70),
    "twice the size": chained(scaled(2), JPEG70),
    "crop 10 %": chained(cropped(0.1), JPEG70),
    "crop 25 %": chained(cropped(0.25), JPEG70),
    "crop 50 %": chained(cropped(0.5), JPEG70),
    "crop 20 %, gamma 1.4, q40": chained(cropped(0.2), toned(gamma=1.4), saved("JPEG", 40)),
    "square": chained(square, JPEG70),
    "squashed by 1.2": chained(scaled(0.8, 1.2), JPEG70),
    "gamma 1.6": chained(toned(gamma=1.6), JPEG70),
    "gamma 0.6": chained(toned(gamma=0.6), JPEG70),
    "contrast 1.4": chained(toned(gain=1.4), JPEG70),
    "40 levels darker": chained(toned(offset=-40), JPEG70),
    "grey": chained(coloured(0), JPEG70),
    "blur": chained(soft(2), JPEG70),
    "noise": chained(noisy(12), JPEG70),
    "mirror": chained(mirrored, JPEG70),
    "turned 90": chained(turned(1), JPEG70),
    "turned 180": chained(turned(2), JPEG70),
    "turned 270, mirrored": chained(turned(3), mirrored, JPEG70),
    "rotated 5, black corners": chained(rotated(5, corners=True), JPEG70),
    "rotated -9, cropped": chained(rotated(-9, corners=False), JPEG70),
    "white border": chained(on_ground((255, 255, 255), 0.08, 0.08, 0.08, 0.08), JPEG70),
    "letterbox": chained(letterboxed, JPEG70),
    "caption bar": chained(captioned, JPEG70),
    "screenshot": chained(screenshot, JPEG70),
    "crop 15 %, screenshot": chained(cropped(0.15), screenshot, saved("JPEG", 60)),
    "mirror, crop 20 %, border": chained(
        mirrored, cropped(0.2), on_ground((20, 60, 120), 0.1, 0.15, 0.1, 0.02), JPEG70
    ),
    "recaptured": chained(recaptured, JPEG70),
}
