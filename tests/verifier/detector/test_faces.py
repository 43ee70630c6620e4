"""Faces in pictures: found where they are, at most so many, and none where there is none."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image

from verifier.detector import faces
from verifier.errors import ToolMissing

ASTRONAUT = skimage.data.astronaut()  # her eyes are at (204, 102) and (247, 104)


def eyes(face: faces.Face) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in face.points[:2]]


def test_a_face_is_found_where_it_is() -> None:
    found = faces.find_faces(ASTRONAUT)
    assert len(found) == 1
    left, right = eyes(found[0])
    assert left == pytest.approx((204, 102), abs=4)
    assert right == pytest.approx((247, 105), abs=4)
    x, y, width, height = found[0].box
    assert x < left[0] < right[0] < x + width
    assert y < left[1] < y + height


def test_a_small_face_of_a_large_picture_is_found() -> None:
    picture = np.full((1200, 1800, 3), 90, np.uint8)
    picture[900:1156, 1500:1756] = np.asarray(Image.fromarray(ASTRONAUT).resize((256, 256)))
    (found,) = faces.find_faces(picture)
    assert eyes(found)[0] == pytest.approx((1602, 951), abs=4)


def test_forty_faces_are_found_and_no_more_than_asked_for() -> None:
    one = np.asarray(Image.fromarray(ASTRONAUT[:256, 96:352]).resize((160, 160)))
    many = np.tile(one, (5, 8, 1))
    found = faces.find_faces(many)
    assert len(found) >= 36
    assert len(found) <= faces.MOST
    assert len(faces.find_faces(many, most=3)) == 3


@pytest.mark.parametrize("shape", [(1, 1), (7, 600), (16, 16), (3000, 9), (64, 64)])
@pytest.mark.parametrize("level", [0, 255])
def test_there_is_no_face_in_a_plain_picture_of_any_shape(
    shape: tuple[int, int], level: int
) -> None:
    assert faces.find_faces(np.full((*shape, 3), level, np.uint8)) == []


def test_there_is_no_face_in_noise_nor_in_a_cup() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (300, 400, 3)).astype(np.uint8)
    assert faces.find_faces(noise) == []
    assert faces.find_faces(skimage.data.coffee()) == []


def test_the_points_of_a_face_lie_on_it_and_are_followed_when_it_moves() -> None:
    (face,) = faces.find_faces(ASTRONAUT)
    mesh = faces.fit(ASTRONAUT, face)
    assert mesh is not None
    assert mesh.points.shape == (faces.POINTS, 3)
    assert mesh.points[[468, 473], :2].ravel() == pytest.approx((204, 101, 247, 104), abs=3)
    moved = np.roll(ASTRONAUT, (5, 8), (0, 1))
    followed = faces.follow(moved, mesh)
    assert followed is not None
    shift = (followed.points - mesh.points)[:, :2].mean(0)
    assert shift == pytest.approx((8, 5), abs=1)


def test_a_turned_head_has_turned_points() -> None:
    turned = np.asarray(Image.fromarray(ASTRONAUT).rotate(25, center=(225, 120)))
    (face,) = faces.find_faces(turned)
    mesh = faces.fit(turned, face)
    assert mesh is not None
    across, down = (mesh.points[473] - mesh.points[468])[:2]
    assert np.degrees(np.arctan2(-down, across)) == pytest.approx(25 - 4, abs=4)


def test_points_are_not_laid_where_no_face_is() -> None:
    (face,) = faces.find_faces(ASTRONAUT)
    assert faces.fit(np.zeros_like(ASTRONAUT), face) is None
    away = faces.Face((5000.0, 5000.0, 90.0, 90.0), face.points + 5000, 1.0)
    assert faces.fit(ASTRONAUT, away) is None
    still = faces.Face(face.box, np.zeros((6, 2)), 1.0)
    assert faces.fit(ASTRONAUT, still) is None


def test_weights_are_read_only_by_their_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(faces.__file__).parent
    for name, digest in faces.digests().items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    monkeypatch.setitem(faces._FILES, "face_full.onnx", "0" * 64)
    faces.ready()
    with pytest.raises(ToolMissing, match="not those that belong"):
        faces.find_faces(ASTRONAUT)
