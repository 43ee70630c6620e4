"""Edits drawn at random, harder than most that a picture meets: what the descriptor learns to bear.

Used by `descriptor.py` alone. The edits that `bench` measures are written apart from these.
"""

import io
import math
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

Random = np.random.Generator
Edit = Callable[[Image.Image, Random], Image.Image]
_BICUBIC, _BILINEAR = Image.Resampling.BICUBIC, Image.Resampling.BILINEAR


def draw_edits(
    image: Image.Image, random: Random, another: Callable[[], Image.Image]
) -> Image.Image:
    """Put one to three edits on a picture; `another()` is one to paste it into."""
    if random.random() < 0.07:
        return _jpeg(image, random)
    shape = random.random()
    if shape < 0.75:
        image = _pick(_SHAPES, random)(image, random)
    elif shape < 0.85:
        image = _inside(image, random, another())
    if shape > 0.45:
        image = _pick(_LIGHTS, random)(image, random)
    if random.random() < 0.35:
        image = _pick(_COVERS, random)(image, random)
    if random.random() < 0.06:
        image = _splice(image, random, another())
    if random.random() < 0.15:
        image = image.rotate(90 * int(random.integers(1, 4)), expand=True)
    if random.random() < 0.25:
        image = ImageOps.mirror(image)
    return _jpeg(image, random) if random.random() < 0.3 else image


def _pick(edits: tuple[Edit, ...], random: Random) -> Edit:
    return edits[random.integers(len(edits))]


def _colour(random: Random) -> tuple[int, int, int]:
    plain = random.random()
    if plain < 0.35:
        return (0, 0, 0)
    if plain < 0.7:
        return (255, 255, 255)
    red, green, blue = (int(each) for each in random.integers(0, 256, 3))
    return red, green, blue


def _crop(image: Image.Image, random: Random) -> Image.Image:
    area = random.uniform(0.16, 0.95)
    aspect = math.exp(random.uniform(-0.35, 0.35))
    width = min(image.width, max(24, round(image.width * math.sqrt(area * aspect))))
    height = min(image.height, max(24, round(image.height * math.sqrt(area / aspect))))
    left = int(random.integers(0, image.width - width + 1))
    top = int(random.integers(0, image.height - height + 1))
    return image.crop((left, top, left + width, top + height))


def _square(image: Image.Image, random: Random) -> Image.Image:
    side = min(image.size)
    place = random.uniform(0.2, 0.8)
    left, top = round((image.width - side) * place), round((image.height - side) * place)
    return image.crop((left, top, left + side, top + side))


def _turn(image: Image.Image, random: Random) -> Image.Image:
    angle = random.uniform(-15, 15)
    turned = image.rotate(angle, _BILINEAR, expand=random.random() < 0.5, fillcolor=_colour(random))
    if random.random() < 0.5:
        return turned
    share = 1 - 1.4 * abs(math.sin(math.radians(angle)))
    across, down = turned.width * share / 2, turned.height * share / 2
    middle = turned.width / 2, turned.height / 2
    box = middle[0] - across, middle[1] - down, middle[0] + across, middle[1] + down
    return turned.crop(tuple(round(each) for each in box))  # type: ignore[arg-type]


def _border(image: Image.Image, random: Random) -> Image.Image:
    most = (0.22, 0.45)[int(random.random() < 0.4)]
    sides = [random.uniform(0, most) if random.random() < 0.7 else 0.0 for _ in range(4)]
    if random.random() < 0.5:  # letterboxed, pillarboxed
        both = random.uniform(0.04, 0.5)
        sides = [both, 0, both, 0] if random.random() < 0.5 else [0, both, 0, both]
    left, top, right, bottom = (
        round(each * (image.width, image.height)[place % 2]) for place, each in enumerate(sides)
    )
    return ImageOps.expand(image, (left, top, right, bottom), _colour(random))


def _caption(image: Image.Image, random: Random) -> Image.Image:
    bar = round(image.height * random.uniform(0.1, 0.4))
    ground = _colour(random)
    canvas = Image.new("RGB", (image.width, image.height + bar), ground)
    below = random.random() < 0.4
    canvas.paste(image, (0, 0 if below else bar))
    _write(canvas, random, (0.05, (image.height if below else 0) / canvas.height), bar, ground)
    return canvas


def _screenshot(image: Image.Image, random: Random) -> Image.Image:
    """A telephone's screen with bars, text and buttons above and below the picture."""
    ground = (255, 255, 255) if random.random() < 0.5 else (18, 18, 18)
    width = round(image.width * random.uniform(1.0, 1.15))
    height = round(max(width * random.uniform(1.3, 2.2), image.height * 1.15))
    canvas = Image.new("RGB", (width, height), ground)
    top = int(random.integers(height // 20, max(height - image.height, height // 20 + 1)))
    canvas.paste(image, ((width - image.width) // 2, top))
    _write(canvas, random, (0.05, 0.01), max(12, top - 4), ground)
    _write(canvas, random, (0.05, (top + image.height) / height), height // 6, ground)
    return canvas


def _write(
    canvas: Image.Image,
    random: Random,
    at: tuple[float, float],
    room: int,
    ground: tuple[int, int, int],
) -> None:
    """Draw lines of made-up letters, as boxes and strokes or in Pillow's own letters."""
    draw = ImageDraw.Draw(canvas)
    ink = (0, 0, 0) if sum(ground) > 380 else (255, 255, 255)
    size = max(8, round(room * random.uniform(0.25, 0.6)))
    y = round(at[1] * canvas.height) + 2
    while y + size < at[1] * canvas.height + room:
        text = "".join(chr(int(c)) for c in random.integers(97, 123, 30))
        draw.text((at[0] * canvas.width, y), text, fill=ink, font_size=size)
        y += round(size * 1.4)


def _perspective(image: Image.Image, random: Random) -> Image.Image:
    width, height = image.size
    reach = random.uniform(0.03, 0.14)
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], float)
    moved = corners + random.uniform(-reach, reach, (4, 2)) * (width, height)
    rows, values = [], []
    for (x, y), (u, v) in zip(corners, moved, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    solved = np.linalg.lstsq(np.array(rows), np.array(values), rcond=None)[0].tolist()
    kind = Image.Transform.PERSPECTIVE
    return image.transform(image.size, kind, solved, _BILINEAR, fillcolor=_colour(random))


def _squash(image: Image.Image, random: Random) -> Image.Image:
    return image.resize((image.width, max(16, round(image.height * random.uniform(0.5, 1.7)))))


def _mirror(image: Image.Image, _: Random) -> Image.Image:
    return ImageOps.mirror(image)


def _quarter(image: Image.Image, random: Random) -> Image.Image:
    return image.rotate(90 * int(random.integers(1, 4)), expand=True)


def _inside(image: Image.Image, random: Random, other: Image.Image) -> Image.Image:
    """The picture inside another: picture in picture, a print on a wall."""
    share = random.uniform(0.5, 0.85)
    canvas = other.resize((round(image.width / share), round(image.height / share)))
    if random.random() < 0.5:
        canvas = canvas.filter(ImageFilter.BoxBlur(8))
    left = int(random.integers(0, canvas.width - image.width + 1))
    canvas.paste(image, (left, int(random.integers(0, canvas.height - image.height + 1))))
    return canvas


def _light(image: Image.Image, random: Random) -> Image.Image:
    image = ImageEnhance.Brightness(image).enhance(random.uniform(0.4, 1.7))
    image = ImageEnhance.Contrast(image).enhance(random.uniform(0.5, 1.8))
    return ImageEnhance.Color(image).enhance(random.uniform(0, 1.8))


def _gamma(image: Image.Image, random: Random) -> Image.Image:
    power = math.exp(random.uniform(-0.9, 0.9))
    return image.point([round(255 * (v / 255) ** power) for v in range(256)] * 3)


def _grey(image: Image.Image, random: Random) -> Image.Image:
    grey = ImageOps.grayscale(image)
    if random.random() < 0.15:
        return ImageOps.colorize(grey, _colour(random), (255, 240, 200))
    return grey.convert("RGB")


def _tint(image: Image.Image, random: Random) -> Image.Image:
    gains = random.uniform(0.6, 1.4, 3)
    return image.point([min(255, round(v * gain)) for gain in gains for v in range(256)])


def _blur(image: Image.Image, random: Random) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(max(image.size) / 288 * random.uniform(0.3, 4.5)))


def _noise(image: Image.Image, random: Random) -> Image.Image:
    sigma = random.uniform(5, 35)
    noisy = np.asarray(image, np.float32) + random.normal(0, sigma, (*image.size[::-1], 3))
    return Image.fromarray(noisy.clip(0, 255).astype(np.uint8))


def _small(image: Image.Image, random: Random) -> Image.Image:
    share = random.uniform(0.15, 0.6)
    size = (max(12, round(image.width * share)), max(12, round(image.height * share)))
    return image.resize(size, _BILINEAR).resize(image.size, _BICUBIC)


def _jpeg(image: Image.Image, random: Random) -> Image.Image:
    data = io.BytesIO()
    image.save(data, "JPEG", quality=int(random.integers(6, 70)))
    return Image.open(data).convert("RGB")


def _text(image: Image.Image, random: Random) -> Image.Image:
    image = image.copy()
    room = round(image.height * random.uniform(0.1, 0.5))
    ground = (0, 0, 0) if random.random() < 0.5 else (255, 255, 255)
    at = random.uniform(-0.1, 0.3), random.uniform(0, 0.7)
    if random.random() < 0.4:
        box = (0, round(at[1] * image.height), image.width, round(at[1] * image.height) + room)
        image.paste(ground, box)
    _write(image, random, at, room, ground)
    return image


def _blocks(image: Image.Image, random: Random) -> Image.Image:
    image = image.copy()
    for _ in range(int(random.integers(1, 4))):
        across = round(image.width * random.uniform(0.08, 0.4))
        down = round(image.height * random.uniform(0.08, 0.4))
        left = int(random.integers(0, image.width - across + 1))
        top = int(random.integers(0, image.height - down + 1))
        image.paste(_colour(random), (left, top, left + across, top + down))
    return image


def _splice(image: Image.Image, random: Random, other: Image.Image) -> Image.Image:
    image = image.copy()
    share = random.uniform(0.1, 0.4)
    piece = other.resize((round(image.width * share), round(image.height * share)))
    left = int(random.integers(0, image.width - piece.width + 1))
    image.paste(piece, (left, int(random.integers(0, image.height - piece.height + 1))))
    return image


_SHAPES: tuple[Edit, ...] = (
    *(
        _crop,
        _crop,
        _crop,
        _crop,
        _crop,
        _crop,
        _crop,
        _crop,
        _square,
        _turn,
        _turn,
        _border,
        _border,
        _caption,
    ),
    *(_screenshot, _screenshot, _perspective, _squash, _mirror, _quarter),
)
_LIGHTS: tuple[Edit, ...] = (_light, _gamma, _grey, _grey, _tint, _blur, _blur, _noise, _small)
_COVERS: tuple[Edit, ...] = (_text, _text, _blocks)
