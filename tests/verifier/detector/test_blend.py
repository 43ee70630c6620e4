"""Self-blended faces: changed within a face, the same far from it, the same again for a seed."""

import numpy as np
import pytest

from verifier.detector import blend, faces
from verifier.detector.blend import Portrait, changed_whole, self_blended, worn


def test_the_same_draw_gives_the_same_face(portrait: Portrait) -> None:
    one, two = (self_blended(portrait, np.random.default_rng(3)).rgb for _ in range(2))
    assert (one == two).all()
    assert one.shape == portrait.rgb.shape
    assert (one != self_blended(portrait, np.random.default_rng(4)).rgb).any()


@pytest.mark.parametrize("seed", range(12))
def test_the_face_differs_from_its_surroundings_by_more_than_one_change_of_the_whole(
    portrait: Portrait, seed: int
) -> None:
    told = self_blended(portrait, np.random.default_rng(seed))
    change = told.rgb.astype(int) - portrait.rgb
    corner = change[-40:, -40:].mean((0, 1))
    assert np.abs(change - corner)[told.mask > 0.9].mean() > 1


def test_another_face_is_laid_over_eyes_on_eyes(portrait: Portrait) -> None:
    mirrored = portrait.rgb[:, ::-1].copy()
    (face,) = faces.find_faces(mirrored)
    mesh = faces.fit(mirrored, face)
    assert mesh is not None
    other = Portrait(mirrored, mesh.points[:, :2])
    for seed in range(4):
        told = self_blended(portrait, np.random.default_rng(seed), other).rgb
        (found,) = faces.find_faces(told)[:1]
        eyes = portrait.points[[468, 473]]
        assert np.abs(found.points[:2] - eyes).max() < 9


def test_a_change_of_the_whole_leaves_the_shape_and_may_be_none() -> None:
    plain = np.full((40, 40, 3), 120.0)
    told = changed_whole(plain, np.random.default_rng(0), 0.0)
    assert told.shape == plain.shape
    assert told == pytest.approx(plain, abs=1)


@pytest.mark.parametrize("seed", range(4))
def test_the_mask_says_where_the_face_was_laid_over(portrait: Portrait, seed: int) -> None:
    mask = self_blended(portrait, np.random.default_rng(seed)).mask
    assert mask.shape == portrait.rgb.shape[:2]
    assert (mask.min(), mask.max()) == (0, 1)
    x, y = portrait.points[13].astype(int)  # every mask holds the mouth
    assert mask[y, x] > 0.9


def test_a_camera_and_a_first_file_change_every_place_a_little(portrait: Portrait) -> None:
    told = [worn(portrait, np.random.default_rng(seed)).rgb for seed in range(12)]
    changes = [np.abs(each.astype(int) - portrait.rgb).mean() for each in told]
    assert min(changes) == 0
    assert 0.5 < max(changes) < 6


def test_a_mouth_is_opened_or_shut_and_the_brow_stays(portrait: Portrait) -> None:
    plain = portrait.rgb.astype(np.float32)
    for seed in range(4):
        change = np.abs(blend.mouthed(plain, portrait, np.random.default_rng(seed)) - plain)
        (x, y), (_, brow) = portrait.points[[blend.LIP, blend.BROW]].astype(int)
        assert change[y - 8 : y + 8, x - 8 : x + 8].mean() > 1
        assert change[: max(1, brow - 4)].mean() < 1


def test_a_face_drawn_anew_is_the_same_face_with_other_texture(portrait: Portrait) -> None:
    plain = portrait.rgb.astype(np.float32)
    for seed in range(8):
        told = blend._anew(plain, portrait, np.random.default_rng(seed))
        assert told.shape == plain.shape
        assert 0.5 < np.abs(told - plain).mean() < 20
