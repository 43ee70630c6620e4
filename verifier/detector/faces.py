"""Find faces in a picture, and the 478 points of one face: three small networks, on the processor.

BlazeFace ("BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs", 2019) finds faces near
by (short range, 128 pixels) and farther off (full range, 192 pixels); MediaPipe's landmark model
with irises ("Attention Mesh: High-fidelity Face Mesh Prediction in Real-time", 2020) lays points on
one. The weights are Google's, Apache-2.0, rewritten by `bench/training/faces.py` and not changed;
each file is read only if it has its digest below.

Sizes and places are in pixels of the picture, x to the right and y down. “Left” is the viewer's.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import onnxruntime
from PIL import Image

from verifier.errors import ToolMissing

from .network import Network

MOST = 40  # faces that one picture is asked for
POINTS = 478
SURE = 0.5  # score from which a box may be a face
CERTAIN = 0.9  # score from which it is one: below it points must be found too
CONFIRMED = 12  # boxes of a picture for which points are looked for, the largest first
PRESENT = 0.5  # how likely the points must be to lie on a face
GRAIN = 0.25  # of the shorter side: where no face is larger, smaller ones are looked for in parts

_FILES = {
    "face_short.onnx": "849b8a35e381678e820b25b5019df9bb586eb341af1f2fa2c354dcf51a34f5f3",
    "face_full.onnx": "213d9d2ac8d3b3907d37d1931bb3986a75fa19472b1d19f0470113cb8b3ea4e6",
    "face_points.onnx": "2b9abf25c246bbae216e64207e077fa4248b10998a0bd221a910aba7e707afa3",
}
_OVERLAP = 0.3  # intersection over union from which two boxes are of one face
_POINT_SIDE = 256  # pixels of the square that points are looked for in
_ROOM = 1.5  # side of that square, in sides of the face's box
_EYES = (33, 263)  # of the 478: the outer corners of the eyes, left and right

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Face:
    """A face that was found.

    `box` is left, top, width, height, from brow to chin and a little more; it may reach beyond the
    picture. `points` are six, of shape (6, 2): left eye, right eye, nose, mouth, left ear, right
    ear. `score` is 0 to 1.
    """

    box: tuple[float, float, float, float]
    points: Floats
    score: float


@dataclass(frozen=True, slots=True)
class Mesh:
    """The points of one face: (POINTS, 3), the third towards the back in the same unit.

    The order is MediaPipe's canonical face model's: 0-467 the mesh, 468-472 the iris on the left
    (its middle first), 473-477 the one on the right. `score` says how likely a face is there.
    """

    points: Floats
    score: float


@dataclass(frozen=True, slots=True)
class _Finder:
    file: str
    side: int
    anchors: Floats  # (boxes, 2): the middles that boxes are told from, 0 to 1


def find_faces(rgb: Pixels, *, most: int = MOST) -> list[Face]:
    """Find the faces of a picture of shape (height, width, 3), the largest first.

    At most `most`. Takes up to 0.4 s: less for a face that fills the picture, or where there is no
    face. Raises ToolMissing where weights are absent or are others.
    """
    height, width = rgb.shape[:2]
    shorter = min(height, width)
    if shorter < 8:
        return []
    image = Image.fromarray(rgb)
    whole = (0.0, 0.0, float(max(height, width)))
    found = [*_looked(image, whole, _short()), *_looked(image, whole, _full())]
    if max((each.box[2] for each in found), default=0) < GRAIN * shorter:
        for window in _windows(width, height):
            found += _looked(image, window, _full())
    kept = sorted(_merged(found), key=lambda face: -face.box[2] * face.box[3])
    return [face for place, face in enumerate(kept) if _stands(rgb, face, place)][:most]


def find_near(rgb: Pixels) -> list[Face]:
    """The same in one look, for a clip's frames: faces from about a tenth of the picture's side."""
    height, width = rgb.shape[:2]
    whole = (0.0, 0.0, float(max(height, width)))
    kept = _merged(_looked(Image.fromarray(rgb), whole, _full()))
    return sorted(kept, key=lambda face: -face.box[2] * face.box[3])[:MOST]


def fit(rgb: Pixels, face: Face) -> Mesh | None:
    """Lay the points on a face that was found; None where there seems to be none."""
    left, top, width, height = face.box
    middle = np.array((left + width / 2, top + height / 2))
    return _fitted(rgb, middle, max(width, height), face.points[1] - face.points[0])


def follow(rgb: Pixels, before: Mesh) -> Mesh | None:
    """Lay the points on a face whose points in the frame before are known; None where it left."""
    flat = before.points[:468, :2]
    low, high = flat.min(0), flat.max(0)
    along = flat[_EYES[1]] - flat[_EYES[0]]
    return _fitted(rgb, (low + high) / 2, float((high - low).max()), along)


def box_of(mesh: Mesh) -> tuple[float, float, float, float]:
    """The box around a face's points: left, top, width, height."""
    flat = mesh.points[:468, :2]
    low, high = flat.min(0), flat.max(0)
    return float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1])


def ready() -> None:
    """Read the networks now, as far as they are installed; never raises."""
    for name in _FILES:
        try:
            session(name)
        except ToolMissing:
            return


def digests() -> dict[str, str]:
    """The files that are read, and the SHA-256 digest that each must have."""
    return dict(_FILES)


def session(name: str) -> onnxruntime.InferenceSession:
    """A network, read once in a process; raises ToolMissing."""
    return Network(name, _FILES[name]).session()


@cache
def _short() -> _Finder:
    return _Finder("face_short.onnx", 128, np.concatenate((_grid(16, 2), _grid(8, 6))))


@cache
def _full() -> _Finder:
    return _Finder("face_full.onnx", 192, _grid(48, 1))


def _grid(cells: int, each: int) -> Floats:
    """The middles of cells by cells squares, row by row, each so many times."""
    along = (np.arange(cells) + 0.5) / cells
    across, down = np.meshgrid(along, along)
    return np.repeat(np.stack((across.ravel(), down.ravel()), 1), each, 0)


def _windows(width: int, height: int) -> Iterator[tuple[float, float, float]]:
    """Squares of half the shorter side that cover a picture with some overlap, at most 6 by 6."""
    side = min(width, height) / 2
    side = max(side, max(width, height) / 4)
    counts = [
        min(6, int(np.ceil((length - side) / (0.7 * side))) + 1) for length in (width, height)
    ]
    for top in np.linspace(0, max(height - side, 0), counts[1]):
        for left in np.linspace(0, max(width - side, 0), counts[0]):
            yield float(left), float(top), side


def _looked(image: Image.Image, window: tuple[float, float, float], finder: _Finder) -> list[Face]:
    """Faces within a square (left, top, side); what lies beyond the picture is black."""
    left, top, side = window
    square = _square(image, window, finder.side)
    values = np.asarray(square, np.float32)[None] / 127.5 - 1
    boxes, scores = session(finder.file).run(None, {"pixels": values})
    logits = scores[:, 0].astype(np.float64)
    rows = np.flatnonzero(logits > np.log(SURE / (1 - SURE)))
    rows = rows[np.argsort(-logits[rows])][: 8 * MOST]
    found = []
    for row in rows:
        told = boxes[row].astype(np.float64).reshape(8, 2) / finder.side
        size = told[1] * side
        middle, *points = (np.delete(told, 1, 0) + finder.anchors[row]) * side + (left, top)
        corner = middle - size / 2
        score = float(1 / (1 + np.exp(-logits[row])))
        box = (float(corner[0]), float(corner[1]), float(size[0]), float(size[1]))
        found.append(Face(box, np.array(points), score))
    return [each for each in found if min(each.box[2:]) > 0]


def _square(image: Image.Image, window: tuple[float, float, float], side: int) -> Image.Image:
    """A square of a picture at another size, averaged where it shrinks, black beyond its edge."""
    left, top, length = window
    right, bottom = min(left + length, image.width), min(top + length, image.height)
    scale = side / length
    size = (max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale)))
    inner = image.resize(
        size, Image.Resampling.BILINEAR, box=(left, top, right, bottom), reducing_gap=2
    )
    whole = Image.new("RGB", (side, side))
    whole.paste(inner)
    return whole


def _merged(found: list[Face]) -> list[Face]:
    """Boxes that overlap as one: their mean, weighted by score, as BlazeFace's authors do."""
    rest = sorted(found, key=lambda face: -face.score)
    kept = []
    while rest:
        near = [_overlap(rest[0].box, each.box) > _OVERLAP for each in rest]
        near[0] = True
        group = [each for each, is_near in zip(rest, near, strict=True) if is_near]
        weights = np.array([each.score for each in group])
        box = np.average([each.box for each in group], axis=0, weights=weights)
        points = np.average([each.points for each in group], axis=0, weights=weights)
        left, top, width, height = map(float, box)
        kept.append(Face((left, top, width, height), points, group[0].score))
        rest = [each for each, is_near in zip(rest, near, strict=True) if not is_near]
    return kept


def _stands(rgb: Pixels, face: Face, place: int) -> bool:
    """Whether a box is kept: animals and patterns are told from faces by where points would lie."""
    if face.score >= CERTAIN:
        return True
    return fit(rgb, face) is not None if place < CONFIRMED else face.score >= (SURE + CERTAIN) / 2


def _overlap(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    common = max(width, 0.0) * max(height, 0.0)
    return common / (a[2] * a[3] + b[2] * b[3] - common + 1e-9)


def _fitted(rgb: Pixels, middle: Floats, size: float, along: Floats) -> Mesh | None:
    side = _ROOM * size
    length = float(np.hypot(*along))
    if not (4 < side < 4 * max(rgb.shape)) or length < 1e-6:
        return None
    unit = np.array((along[0], along[1])) / length
    turn = np.stack((unit, (-unit[1], unit[0])), 1) * (side / _POINT_SIDE)  # square to picture
    corner = middle - turn @ np.full(2, _POINT_SIDE / 2)
    values = _turned(rgb, turn, corner)
    points, presence, _ = session("face_points.onnx").run(
        None, {"pixels": values.astype(np.float32)[None] / 255}
    )
    score = float(1 / (1 + np.exp(-float(presence[0]))))
    if score < PRESENT:
        return None
    told = points.astype(np.float64).reshape(POINTS, 3)
    flat = told[:, :2] @ turn.T + corner
    return Mesh(np.column_stack((flat, told[:, 2] * side / _POINT_SIDE)), score)


def _turned(rgb: Pixels, turn: Floats, corner: Floats) -> Pixels:
    """A turned square of the picture, _POINT_SIDE on a side."""
    scale = float(np.hypot(*turn[:, 0]))
    # Only what the square covers is shrunk, so that a large picture costs no more than a small one.
    corners = corner + np.array(((0, 0), (1, 0), (0, 1), (1, 1))) * _POINT_SIDE @ turn.T
    low = np.maximum(np.floor(corners.min(0)).astype(int), 0)
    high = np.maximum(np.ceil(corners.max(0)).astype(int) + 1, low + 1)
    part = rgb[low[1] : high[1], low[0] : high[0]]
    if 0 in part.shape:
        return np.zeros((_POINT_SIDE, _POINT_SIDE, 3), np.uint8)
    image = Image.fromarray(np.ascontiguousarray(part))
    factor = max(1, int(scale))
    image = image.reduce(factor) if factor > 1 else image
    a, b = (turn / factor).tolist()
    x, y = ((corner - low) / factor).tolist()
    size = (_POINT_SIDE, _POINT_SIDE)
    coefficients = (a[0], a[1], x, b[0], b[1], y)
    return np.asarray(
        image.transform(size, Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR)
    )
