"""Three ways to change one object that a picture shows, and how it then goes on its way."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from .edits import JPEG70, Copy, Random, Step, chained, cropped, saved, scaled, screenshot, toned

SMALLEST, LARGEST = 0.01, 0.15  # of the frame: the area of an edited object
_VISIBLE = {"pasted": 12.0, "removed": 12.0, "blurred": 5.0}  # grey levels: the least mean change


def edited(how: str, image: Image.Image, other: Image.Image, random: Random) -> Copy:
    """A picture with one object changed: `pasted` from another, `removed`, or `blurred`.

    The object is a random round shape of SMALLEST to LARGEST of the frame. One that changes
    nothing to be seen (sky over sky) is drawn again.
    """
    before = np.asarray(image.convert("L"), np.float32)
    for _ in range(200):
        shape, box = _shape(image.size, random)
        changed = _CHANGES[how](image, other, box, random)
        feathered = shape.filter(ImageFilter.GaussianBlur(max(image.size) / 600))
        after = Image.composite(changed, image, feathered)
        inside = np.asarray(shape) > 127
        away = np.abs(np.asarray(after.convert("L"), np.float32) - before)[inside].mean()
        if away >= _VISIBLE[how]:
            break
    marks = Image.merge("RGB", (shape, Image.new("L", image.size, 255), shape.point(lambda _: 0)))
    return Copy(after, marks, np.eye(3))


def _shape(size: tuple[int, int], random: Random) -> tuple[Image.Image, tuple[int, int, int, int]]:
    """A mask of a round shape with a wavy edge, and the box around it."""
    width, height = size
    area = np.exp(random.uniform(np.log(SMALLEST), np.log(LARGEST))) * width * height
    stretch = np.exp(random.uniform(-0.5, 0.5))
    angle = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    radius = (
        1
        + 0.15 * np.sin(2 * angle + random.uniform(0, 6))
        + 0.1 * np.sin(3 * angle + random.uniform(0, 6))
    )
    x, y = radius * np.cos(angle) * stretch, radius * np.sin(angle) / stretch
    now = 0.5 * abs(float((x * np.roll(y, 1) - y * np.roll(x, 1)).sum()))
    x, y = x * (area / now) ** 0.5, y * (area / now) ** 0.5
    x += random.uniform(-x.min(), max(width - x.max(), -x.min() + 1))
    y += random.uniform(-y.min(), max(height - y.max(), -y.min() + 1))
    mask = Image.new("L", size)
    ImageDraw.Draw(mask).polygon(list(zip(x.tolist(), y.tolist(), strict=True)), fill=255)
    return mask, mask.getbbox() or (0, 0, width, height)


def _paste(
    image: Image.Image, other: Image.Image, box: tuple[int, int, int, int], random: Random
) -> Image.Image:
    """Something of another picture, at the place of the box."""
    wide, high = box[2] - box[0], box[3] - box[1]
    scale = random.uniform(0.3, 1) * min(other.width / wide, other.height / high)
    cut = max(1, int(wide * scale)), max(1, int(high * scale))
    x, y = (
        int(random.random() * (other.width - cut[0])),
        int(random.random() * (other.height - cut[1])),
    )
    piece = other.resize((wide, high), Image.Resampling.BICUBIC, (x, y, x + cut[0], y + cut[1]))
    result = image.copy()
    result.paste(piece, box[:2])
    return result


def _remove(
    image: Image.Image, _: Image.Image, box: tuple[int, int, int, int], random: Random
) -> Image.Image:
    """What stands elsewhere in the picture, in place of the object (a clone stamp)."""
    wide, high = box[2] - box[0], box[3] - box[1]
    x, y = int(random.random() * (image.width - wide)), int(random.random() * (image.height - high))
    result = image.copy()
    result.paste(image.crop((x, y, x + wide, y + high)), box[:2])
    return result


def _blur(
    image: Image.Image, _: Image.Image, box: tuple[int, int, int, int], random: Random
) -> Image.Image:
    """The object blurred away, as faces are."""
    side = min(box[2] - box[0], box[3] - box[1])
    return image.filter(ImageFilter.GaussianBlur(side * random.uniform(0.12, 0.3)))


_CHANGES = {"pasted": _paste, "removed": _remove, "blurred": _blur}

# How an edited picture goes on its way.
AFTER: dict[str, Step] = {
    "JPEG q50, half size": chained(scaled(0.5), saved("JPEG", 50)),
    "crop 10-25 %, gamma": lambda copy, random: chained(
        cropped(random.uniform(0.1, 0.25)), toned(gamma=random.uniform(0.7, 1.5)), JPEG70
    )(copy, random),
    "screenshot": chained(screenshot, JPEG70),
}
