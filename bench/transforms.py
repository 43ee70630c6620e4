"""What happens to a picture on its way through the world: 32 edits, by name.

Each takes a picture (mode RGB) and a random generator and returns the edited picture. They are
apart from the edits that the descriptor learnt on (`bench/training/edits.py`).
"""

import io
from collections.abc import Callable, Iterator

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

Random = np.random.Generator
Transform = Callable[[Image.Image, Random], Image.Image]
_FILTER = Image.Resampling.BICUBIC


def jpeg(image: Image.Image, quality: int) -> Image.Image:
    """Through a JPEG of this quality."""
    data = io.BytesIO()
    image.save(data, "JPEG", quality=quality)
    return Image.open(data).convert("RGB")


def scaled(image: Image.Image, share: float) -> Image.Image:
    """Each side times `share`."""
    return image.resize((max(1, round(image.width * share)), max(1, round(image.height * share))))


def limited(image: Image.Image, longest: int) -> Image.Image:
    """No side longer than `longest`."""
    return scaled(image, min(1.0, longest / max(image.size)))


def cropped(image: Image.Image, share: float, random: Random) -> Image.Image:
    """`share` of each side cut away, the rest taken from anywhere."""
    width, height = round(image.width * (1 - share)), round(image.height * (1 - share))
    left = int(random.integers(0, image.width - width + 1))
    top = int(random.integers(0, image.height - height + 1))
    return image.crop((left, top, left + width, top + height))


def turned(image: Image.Image, *, cut: bool) -> Image.Image:
    """5 degrees, with black corners, or without them by a crop."""
    found = image.rotate(5, _FILTER)
    if not cut:
        return found
    across, down = round(image.width * 0.07), round(image.height * 0.07)
    return found.crop((across, down, image.width - across, image.height - down))


def noisy(image: Image.Image, sigma: float, random: Random) -> Image.Image:
    """With noise of `sigma` grey levels on each sample."""
    noise = random.normal(0, sigma, (image.height, image.width, 3))
    return Image.fromarray((np.asarray(image, float) + noise).clip(0, 255).astype(np.uint8))


def gamma(image: Image.Image, power: float) -> Image.Image:
    """Each sample to the power, 0 to 1."""
    return image.point([round(255 * (value / 255) ** power) for value in range(256)] * 3)


def with_text(image: Image.Image, _: Random) -> Image.Image:
    """Two lines of large letters with an outline over the picture."""
    found = image.copy()
    draw = ImageDraw.Draw(found)
    size = max(10, image.height // 9)
    for line, place in (("WHEN YOU SEE IT", 0.04), ("you cannot unsee it", 0.84)):
        where = (image.width * 0.05, image.height * place)
        draw.text(where, line, "white", font_size=size, stroke_width=max(1, size // 12))
        draw.text(where, line, "black", font_size=size)
    return found


def with_caption(image: Image.Image, _: Random) -> Image.Image:
    """A white bar of a quarter of the height above, with two lines of text."""
    bar = image.height // 4
    found = ImageOps.expand(image, (0, bar, 0, 0), "white")
    draw = ImageDraw.Draw(found)
    for number, line in enumerate(("Nobody is talking about this.", "Share before it is gone!")):
        at = (image.width * 0.04, bar * (0.12 + 0.42 * number))
        draw.text(at, line, "black", font_size=max(8, bar // 3))
    return found


def with_logo(image: Image.Image, _: Random) -> Image.Image:
    """A solid disc with letters in a corner, 15 % of the width."""
    found = image.copy()
    draw = ImageDraw.Draw(found)
    side = round(image.width * 0.15)
    left, top = image.width - side - side // 5, side // 5
    draw.ellipse((left, top, left + side, top + side), "crimson", "white", max(1, side // 20))
    draw.text((left + side * 0.2, top + side * 0.3), "TV1", "white", font_size=max(8, side // 3))
    return found


def bordered(image: Image.Image, _: Random) -> Image.Image:
    """A white border of 8 % of each side."""
    across, down = round(image.width * 0.08), round(image.height * 0.08)
    return ImageOps.expand(image, (across, down, across, down), "white")


def letterboxed(image: Image.Image, aspect: float) -> Image.Image:
    """Black bars to an aspect of width to height."""
    width = max(image.width, round(image.height * aspect))
    height = max(image.height, round(image.width / aspect))
    canvas = Image.new("RGB", (width, height))
    canvas.paste(image, ((width - image.width) // 2, (height - image.height) // 2))
    return canvas


def screenshot(image: Image.Image, _: Random) -> Image.Image:
    """A telephone's screen: a status bar, a name, the picture over the whole width, buttons."""
    width = 720
    shown = image.resize((width, round(image.height * width / image.width)))
    height = max(1280, shown.height + 320)
    canvas = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(canvas)
    draw.text((30, 12), "12:41", "black", font_size=26)
    draw.rectangle((640, 18, 690, 38), None, "black", 3)
    draw.ellipse((24, 70, 84, 130), "steelblue")
    draw.text((100, 80), "someone.somewhere", "black", font_size=30)
    canvas.paste(shown, (0, 150))
    below = 150 + shown.height
    for number in range(3):
        left = 30 + 80 * number
        draw.ellipse((left, below + 20, left + 44, below + 64), None, "black", 4)
    draw.text((30, below + 80), "1,204 likes", "black", font_size=28)
    draw.text((30, below + 120), "someone.somewhere look at this!!", "black", font_size=26)
    draw.rectangle((0, height - 60, width, height), "whitesmoke")
    return canvas


def recaptured(image: Image.Image, random: Random) -> Image.Image:
    """Photographed from a screen at an angle: perspective, uneven light, blur, noise."""
    width, height = image.size
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], float)
    seen = corners + random.uniform(-0.05, 0.05, (4, 2)) * (width, height)
    rows, values = [], []
    for (x, y), (u, v) in zip(corners, seen, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    solved = np.linalg.solve(np.array(rows), np.array(values)).tolist()
    found = image.transform(image.size, Image.Transform.PERSPECTIVE, solved, _FILTER)
    light = np.linspace(0.8, 1.15, width)[None, :, None]
    lit = Image.fromarray((np.asarray(found) * light).clip(0, 255).astype(np.uint8))
    return jpeg(noisy(lit.filter(ImageFilter.GaussianBlur(1)), 6, random), 75)


def square(image: Image.Image) -> Image.Image:
    """The middle square."""
    return ImageOps.fit(image, (min(image.size),) * 2)


def viral(image: Image.Image, random: Random) -> Image.Image:
    """Shared again and again: cropped a little, shrunk, compressed, brightened, compressed."""
    found = jpeg(limited(cropped(image, 0.04, random), 800), 50)
    found = ImageEnhance.Brightness(ImageEnhance.Contrast(found).enhance(1.15)).enhance(1.08)
    return jpeg(scaled(jpeg(limited(found, 600), 40), 0.75), 35)


def spliced(image: Image.Image, random: Random) -> Image.Image:
    """A patch of the picture itself, 7.5 % of the area, mirrored and put elsewhere."""
    width, height = round(image.width * 0.274), round(image.height * 0.274)
    places = [
        (
            int(random.integers(0, image.width - width)),
            int(random.integers(0, image.height - height)),
        )
        for _ in range(2)
    ]
    (left, top), onto = places
    found = image.copy()
    patch = image.crop((left, top, left + width, top + height))
    found.paste(ImageOps.flip(ImageOps.mirror(patch)), onto)
    return found


TRANSFORMS: dict[str, Transform] = {
    "JPEG q30": lambda image, _: jpeg(image, 30),
    "JPEG q10": lambda image, _: jpeg(image, 10),
    "half size": lambda image, _: scaled(image, 0.5),
    "quarter size": lambda image, _: scaled(image, 0.25),
    "crop 10 %": lambda image, random: cropped(image, 0.1, random),
    "crop 30 %": lambda image, random: cropped(image, 0.3, random),
    "crop 50 %": lambda image, random: cropped(image, 0.5, random),
    "90 degrees": lambda image, _: image.rotate(90, expand=True),
    "5 degrees": lambda image, _: turned(image, cut=False),
    "5 degrees, cut": lambda image, _: turned(image, cut=True),
    "mirror": lambda image, _: ImageOps.mirror(image),
    "50 % brighter": lambda image, _: ImageEnhance.Brightness(image).enhance(1.5),
    "50 % darker": lambda image, _: ImageEnhance.Brightness(image).enhance(0.5),
    "gamma 2": lambda image, _: gamma(image, 2.0),
    "60 % more contrast": lambda image, _: ImageEnhance.Contrast(image).enhance(1.6),
    "grey": lambda image, _: ImageOps.grayscale(image).convert("RGB"),
    "blur 2": lambda image, _: image.filter(ImageFilter.GaussianBlur(2)),
    "blur 5": lambda image, _: image.filter(ImageFilter.GaussianBlur(5)),
    "noise 25": lambda image, random: noisy(image, 25, random),
    "text over it": with_text,
    "caption bar": with_caption,
    "logo": with_logo,
    "white border 8 %": bordered,
    "letterbox": lambda image, _: letterboxed(image, 16 / 9),
    "phone screenshot": screenshot,
    "recaptured": recaptured,
    "squashed": lambda image, _: image.resize((min(image.size),) * 2),
    "WhatsApp": lambda image, _: jpeg(limited(image, 1600), 65),
    "Twitter": lambda image, _: jpeg(limited(image, 1200), 80),
    "square crop": lambda image, _: jpeg(square(image), 70),
    "viral chain": viral,
    "splice 7.5 %": spliced,
}


def edited(image: Image.Image, seed: int) -> Iterator[tuple[str, Image.Image]]:
    """Yield each transform's name and what it makes of a picture, the same for the same seed."""
    for number, (name, transform) in enumerate(TRANSFORMS.items()):
        yield name, transform(image, np.random.default_rng((seed, number)))
