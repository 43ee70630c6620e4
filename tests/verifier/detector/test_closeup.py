"""What a face shows close up, on faces that were changed in one thing whose answer is known."""

from dataclasses import fields

import numpy as np
import numpy.typing as npt
import pytest
import skimage.data
from PIL import Image, ImageDraw, ImageFilter

from verifier.detector import closeup, faces
from verifier.detector.closeup import CloseUp, look
from verifier.detector.faces import Face, Mesh
from verifier.detector.pictured import pictured
from verifier.detector.skin import OVAL

Pixels = npt.NDArray[np.uint8]
FACE = skimage.data.astronaut()[:256, 96:352]
NAMES = [each.name for each in fields(CloseUp)]


def points(rgb: Pixels = FACE) -> Mesh:
    mesh = faces.fit(rgb, faces.find_faces(rgb)[0])
    assert mesh is not None
    return mesh


MESH = points()


def value(told: CloseUp, name: str) -> float:
    read = getattr(told, name)
    assert read is not None, f"nothing was told of {name}"
    return float(read)


def inside(outline: npt.NDArray[np.float64]) -> Image.Image:
    mask = Image.new("L", FACE.shape[1::-1])
    ImageDraw.Draw(mask).polygon([(float(x), float(y)) for x, y in outline], fill=255)
    return mask


def blurred(*outlines: npt.NDArray[np.float64]) -> Pixels:
    """The face, smoothed within outlines."""
    image = Image.fromarray(FACE)
    smooth = image.filter(ImageFilter.GaussianBlur(4))
    for outline in outlines:
        image.paste(smooth, mask=inside(outline))
    return np.asarray(image)


def test_a_smiling_astronaut_shows_all_but_what_is_too_small() -> None:
    told = look(FACE, MESH)
    assert all(getattr(told, name) is not None for name in NAMES)
    assert 0 <= value(told, "hair") <= 1


@pytest.mark.parametrize(("name", "parts"), [("teeth", (closeup._LIPS,)), ("skin", closeup.CHEEKS)])
def test_what_was_smoothed_has_less_detail_and_the_rest_keeps_its_own(
    name: str, parts: tuple[tuple[int, ...], ...]
) -> None:
    outlines = [MESH.points[list(part), :2] for part in parts]
    before, after = look(FACE, MESH), look(blurred(*outlines), MESH)
    assert value(after, name) < value(before, name) - 0.5
    for other in set(NAMES) - {name}:
        assert value(after, other) == pytest.approx(value(before, other), abs=0.2)


def test_a_shut_mouth_has_no_teeth_and_neither_has_a_dark_one() -> None:
    shut = MESH.points.copy()
    shut[closeup._LIPS[5]] = shut[closeup._LIPS[15]]
    assert look(FACE, Mesh(shut, 1.0)).teeth is None
    image = Image.fromarray(FACE)
    image.paste((20, 5, 5), mask=inside(MESH.points[list(closeup._LIPS), :2]))
    assert look(np.asarray(image), MESH).teeth is None


def test_lines_that_run_alongside_one_another_are_hair_and_noise_is_not() -> None:
    random = np.random.default_rng(1)
    noise = random.integers(0, 256, FACE.shape, np.uint8)
    lines = np.repeat(random.integers(0, 256, (1, FACE.shape[1], 3), np.uint8), FACE.shape[0], 0)
    flat = np.full_like(FACE, 90)
    assert value(look(mixed(noise), MESH), "hair") < 0.35
    assert value(look(mixed(lines), MESH), "hair") > 0.8
    assert look(mixed(flat), MESH).hair is None


def mixed(around: Pixels) -> Pixels:
    """The face within its outline, and something else around it."""
    outline = MESH.points[list(OVAL), :2]
    image = Image.fromarray(around)
    within = inside(0.85 * (outline - outline.mean(0)) + outline.mean(0))
    image.paste(Image.fromarray(FACE), mask=within)
    return np.asarray(image)


def test_an_eye_of_another_colour_is_seen_and_a_reflection_is_not_its_colour() -> None:
    blue, glint = Image.fromarray(FACE), Image.fromarray(FACE)
    x, y = MESH.points[closeup.IRISES[0][0], :2]
    radius = abs(MESH.points[469, 0] - MESH.points[471, 0]) / 2
    iris = (x - radius, y - radius, x + radius, y + radius)
    ImageDraw.Draw(blue).ellipse(iris, fill=(40, 60, 160))
    ImageDraw.Draw(glint).ellipse((x, y - 1, x + 1, y), fill=(255, 255, 255))
    before = value(look(FACE, MESH), "eyes")
    assert value(look(np.asarray(blue), MESH), "eyes") > before + 20
    assert value(look(np.asarray(glint), MESH), "eyes") == pytest.approx(before, abs=4)


def test_one_earring_is_seen_and_a_pair_is_not() -> None:
    jaws = [MESH.points[each, :2] for each in closeup._JAW]
    one, two = (here + closeup._LOBE[0] * (here - there) for here, there in (jaws, reversed(jaws)))

    def with_rings(*places: npt.NDArray[np.float64]) -> Pixels:
        image = Image.fromarray(FACE // 2)
        for x, y in places:
            ImageDraw.Draw(image).ellipse((x - 3, y - 3, x + 3, y + 3), fill=(255, 240, 180))
        return np.asarray(image)

    assert value(look(with_rings(one), MESH), "ears") > 60
    assert value(look(with_rings(one, two), MESH), "ears") < 45


def test_a_head_that_is_turned_away_or_small_is_not_compared() -> None:
    turned = MESH.points.copy()
    turned[closeup._NOSE, 0] += 40
    assert look(FACE, Mesh(turned, 1.0)).ears is None
    small = np.asarray(Image.fromarray(FACE).resize((64, 64)))
    assert look(small, Mesh(MESH.points / 4, 1.0)) == CloseUp()


@pytest.mark.parametrize("factor", [1e-9, 0.01, 2.0, 30.0, -1.0])
@pytest.mark.parametrize("shift", [0.0, 300.0, -1e6])
def test_no_place_of_the_points_breaks_a_look(factor: float, shift: float) -> None:
    told = look(FACE, Mesh(MESH.points * factor + shift, 1.0))
    read = [getattr(told, name) for name in NAMES]
    assert all(each is None or np.isfinite(each) for each in read)


def test_a_face_laid_where_stylegan_puts_one_is_near_there_and_a_shifted_one_is_not() -> None:
    (face,) = faces.find_faces(FACE)
    mesh = faces.fit(FACE, face)
    assert mesh is not None
    eyes = mesh.points[[468, 473], :2]
    side = float(np.hypot(*(eyes[1] - eyes[0]))) / 0.25
    left, top = eyes.mean(0) - (0.5 * side, 0.47 * side)
    image = Image.fromarray(FACE)

    def placed(shift: float) -> float:
        box = (left + shift * side, top, left + (1 + shift) * side, top + side)
        cut = np.asarray(image.transform((320, 320), Image.Transform.EXTENT, box))
        told = pictured(cut, faces.find_faces(cut)[0]).place
        assert told is not None
        return told

    assert placed(0) < 2.5
    assert placed(0.1) == pytest.approx(10, abs=2.5)


def test_a_small_face_in_a_picture_is_not_measured() -> None:
    told = pictured(FACE, Face((100.0, 60.0, 80.0, 80.0), np.zeros((6, 2)), 1.0))
    assert told.place is None
    assert told.skin is None
