"""Self-blended faces: changed within a face, the same far from it, the same again for a seed."""

import numpy as np
import pytest

from verifier.detector import faces
from verifier.detector.blend import Portrait, changed_whole, self_blended


def test_the_same_draw_gives_the_same_face(portrait: Portrait) -> None:
    one, two = (self_blended(portrait, np.random.default_rng(3)) for _ in range(2))
    assert (one == two).all()
    assert one.shape == portrait.rgb.shape
    assert (one != self_blended(portrait, np.random.default_rng(4))).any()


@pytest.mark.parametrize("seed", range(12))
def test_the_face_differs_from_its_surroundings_by_more_than_one_change_of_the_whole(
    portrait: Portrait, seed: int
) -> None:
    told = self_blended(portrait, np.random.default_rng(seed)).astype(int)
    change = told - portrait.rgb
    face = change[100:150, 100:150].mean((0, 1))
    corner = change[-40:, -40:].mean((0, 1))
    assert np.abs(face - corner).max() > 0.3


def test_another_face_is_laid_over_eyes_on_eyes(portrait: Portrait) -> None:
    mirrored = portrait.rgb[:, ::-1].copy()
    (face,) = faces.find_faces(mirrored)
    mesh = faces.fit(mirrored, face)
    assert mesh is not None
    other = Portrait(mirrored, mesh.points[:, :2])
    for seed in range(4):
        told = self_blended(portrait, np.random.default_rng(seed), other)
        (found,) = faces.find_faces(told)[:1]
        eyes = portrait.points[[468, 473]]
        assert np.abs(found.points[:2] - eyes).max() < 9


def test_a_change_of_the_whole_leaves_the_shape_and_may_be_none() -> None:
    plain = np.full((40, 40, 3), 120.0)
    told = changed_whole(plain, np.random.default_rng(0), 0.0)
    assert told.shape == plain.shape
    assert told == pytest.approx(plain, abs=1)
