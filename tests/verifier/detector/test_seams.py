"""What looks for seams: it looks at the middle, says the same twice, and is another's no more."""

import numpy as np
import pytest

from verifier.detector import clip, encoder, faces, seams, swap
from verifier.detector.adapted import FEATURES
from verifier.detector.blend import Portrait, self_blended


def _seen(rgb: np.ndarray, portrait: Portrait) -> np.ndarray:
    return swap.look_at(rgb, faces.Mesh(portrait.points, 1.0))


def test_blended_faces_score_above_the_same_face_as_it_is(portrait: Portrait) -> None:
    plain = seams.score(_seen(portrait.rgb, portrait))
    drawn = [self_blended(portrait, np.random.default_rng(seed)).rgb for seed in range(16)]
    told = [seams.score(_seen(each, portrait)) for each in drawn]
    assert np.mean(np.array(told) > plain) >= 0.75


def test_only_the_middle_is_looked_at_and_the_same_is_said_twice(portrait: Portrait) -> None:
    square = _seen(portrait.rgb, portrait)
    edge = (encoder.SIDE - seams.SIDE) // 2
    framed = np.zeros_like(square)
    framed[edge:-edge, edge:-edge] = square[edge:-edge, edge:-edge]
    middle = square[edge:-edge, edge:-edge]
    assert seams.score(square) == seams.score(framed) == seams.score(middle)


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_plain_square_has_a_bounded_score(level: int) -> None:
    assert abs(seams.score(np.full((224, 224, 3), level, np.uint8))) < 20


def test_lines_weigh_what_all_say_and_what_is_seen_of_seams_tells_what_is_usual() -> None:
    head = swap.trained()
    plain = np.full((encoder.SIDE, encoder.SIDE, 3), 90, np.uint8)
    seen, laid_over = swap.features(plain), swap.laid_over(plain)
    known = len(laid_over)
    assert (2, *seen.shape) == head.weights.shape == (2, known + FEATURES + 1)
    assert (seen[:known] == laid_over).all()
    over, whole = head.weights
    assert (over[known - 2 : known] > 0).all()
    assert over[: known - 2].any()
    assert not over[known:].any()
    assert whole[known:].any()
    assert head.directions[:, : known - 2].any()
    assert not head.directions[:, known - 2 :].any()


def test_its_weights_are_named_among_those_that_a_clip_is_judged_by() -> None:
    assert clip.digests()[seams.NETWORK.file] == seams.NETWORK.digest
