"""A picture as the detector looks at it: brought to one form, whatever container it came in.

Generated pictures and photographs come in different sizes, containers and qualities, and a detector
that may see those learns them instead. So each picture is first made as a platform would make it:
no larger than LARGEST on its shorter side, and compressed once; and once more, smaller. The same is
done in training, with sizes and qualities drawn, to photographs and generated pictures alike. Of
what that leaves the middle is looked at, made small, and two parts as they are. A face is looked at
in a square with some hair and neck, of FACE_LARGEST pixels at most, made small.
"""

import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from .encoder import SIDE

LARGEST, SMALLEST = 512, 256  # pixels of the shorter side: what a picture is brought to
LEAST = 320  # the same of the second look: of smaller pictures nothing is said
LOOKS = ((LARGEST, 85), (LEAST, 75))  # such pixels, and a quality: a picture is looked at twice
FACE_LARGEST, FACE_SMALLEST = 256, 96  # the same of a face's square
PARTS = 2  # of a look at a picture that are looked at as they are: its roughest and its smoothest
PLACES = 4  # along each side of a picture where a part may lie
QUALITY = 85  # of JPEG, with colour at half the resolution: of a face's look
QUALITIES = (65, 96)  # drawn from in training
ROOM, RAISED = 1.4, 0.19  # of a face's box: the square's side, and how far it is higher
ALIGNED = (0.21, 0.32, 0.58, 0.58)  # where the box of an aligned face lies, in parts of the picture

Pixels = npt.NDArray[np.uint8]
Box = tuple[float, float, float, float]  # left, top, width, height in pixels


@dataclass(frozen=True, slots=True)
class Look:
    """What is looked at: all of a face or the middle of a picture, made small, and parts of it.

    `whole` is (SIDE, SIDE, 3), `parts` (n, SIDE, SIDE, 3): not resized; none of a face.
    """

    whole: Pixels
    parts: Pixels


def looks(image: Image.Image) -> tuple[Look, ...]:
    """The looks at a picture of mode RGB, no side below SIDE pixels."""
    image = shrunk(image, LARGEST)
    return tuple(_of_picture(recoded(image, size, quality)) for size, quality in LOOKS)


def looks_in_training(image: Image.Image, random: np.random.Generator) -> tuple[Look, ...]:
    """The same after resizes and compressions that are drawn."""
    image = shrunk(image, LARGEST)
    largest = min(image.size)
    ranges = ((min(SMALLEST, largest), largest + 1), QUALITIES)
    drawn = ((int(random.integers(*each)) for each in ranges) for _ in LOOKS)
    return tuple(_of_picture(recoded(image, *each)) for each in drawn)


def looks_at_face(image: Image.Image, box: Box) -> tuple[Look]:
    """The one look at a face of a picture of mode RGB."""
    return (_of_face(recoded(around(image, box), FACE_LARGEST, QUALITY)),)


def looks_at_face_in_training(image: Image.Image, random: np.random.Generator) -> tuple[Look]:
    """The same of an aligned face's picture, its frame, size and quality drawn; some are greyed."""
    least = min(image.size)
    side = int(least * random.uniform(0.62, 1.0))
    across, down = (each / 2 + random.normal(0, 0.03) * least for each in image.size)
    left = int(np.clip(across - side / 2, 0, image.width - side))
    top = int(np.clip(down - side / 2, 0, image.height - side))
    square = image.crop((left, top, left + side, top + side))
    if random.random() < 0.15:  # so that grey itself tells nothing
        square = square.convert("L").convert("RGB")
    most = min(FACE_LARGEST + 1, max(FACE_SMALLEST + 1, side + 1))
    shorter = int(random.integers(FACE_SMALLEST, most))
    return (_of_face(recoded(square, shorter, int(random.integers(*QUALITIES)))),)


def around(image: Image.Image, box: Box) -> Image.Image:
    """The square about a face's box, as much of it as lies in the picture; at least one pixel."""
    left, top, width, height = box
    side = max(1.0, min(ROOM * max(width, height), *image.size))
    across, down = left + width / 2, top + height / 2 - RAISED * height
    first = round(min(max(across - side / 2, 0), image.width - side))
    second = round(min(max(down - side / 2, 0), image.height - side))
    return image.crop((first, second, first + round(side), second + round(side)))


def roughest_and_smoothest(rgb: Pixels) -> Pixels:
    """The parts of a picture where neighbours differ most, and least: (PARTS, SIDE, SIDE, 3).

    `rgb` is of shape (height, width, 3), neither side below SIDE; a small picture's are the same.
    """
    height, width = rgb.shape[:2]
    places = [(top, left) for top in _places(height) for left in _places(width)]
    rough = [(_roughness(_part(rgb, place)), place) for place in places]
    return np.stack([_part(rgb, place) for _, place in (max(rough), min(rough))])


def shrunk(image: Image.Image, shorter: int) -> Image.Image:
    """Shrink a picture until its shorter side has at most so many pixels."""
    scale = shorter / min(image.size)
    if scale >= 1:
        return image
    size = (max(shorter, round(image.width * scale)), max(shorter, round(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS)


def recoded(image: Image.Image, shorter: int, quality: int) -> Image.Image:
    """Shrink a picture until its shorter side has so many pixels, and compress it once."""
    data = io.BytesIO()
    shrunk(image, shorter).save(data, "JPEG", quality=quality, subsampling="4:2:0")
    return Image.open(data).convert("RGB")


def _of_picture(image: Image.Image) -> Look:
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    middle = _sized(image.crop((left, top, left + side, top + side)))
    return Look(middle, roughest_and_smoothest(np.asarray(image)))


def _of_face(square: Image.Image) -> Look:
    return Look(_sized(square), np.zeros((0, SIDE, SIDE, 3), np.uint8))


def _sized(square: Image.Image) -> Pixels:
    return np.asarray(square.resize((SIDE, SIDE), Image.Resampling.BICUBIC))


def _places(length: int) -> list[int]:
    return sorted({int(each) for each in np.linspace(0, length - SIDE, PLACES)})


def _part(rgb: Pixels, place: tuple[int, int]) -> Pixels:
    top, left = place
    return rgb[top : top + SIDE, left : left + SIDE]


def _roughness(part: Pixels) -> int:
    """The sum of all steps between neighbours, of grey: exact, so it chooses alike anywhere."""
    grey = part.sum(2, dtype=np.int32)
    return sum(int(np.abs(np.diff(grey, axis=axis)).sum()) for axis in (0, 1))
