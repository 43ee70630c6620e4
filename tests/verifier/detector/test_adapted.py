"""CLIP, changed to see where a face was laid over: it says so, says it twice, and reads its own."""

import numpy as np
import pytest

from verifier.detector import adapted, clip, encoder, faces, swap
from verifier.detector.blend import Portrait, self_blended
from verifier.errors import ToolMissing


def _seen(rgb: np.ndarray, portrait: Portrait) -> np.ndarray:
    return swap.look_at(rgb, faces.Mesh(portrait.points, 1.0))


def test_blended_faces_score_above_the_same_face_as_it_is(portrait: Portrait) -> None:
    _, plain = adapted.look(_seen(portrait.rgb, portrait))
    drawn = [self_blended(portrait, np.random.default_rng(seed)).rgb for seed in range(12)]
    told = [adapted.look(_seen(each, portrait))[1] for each in drawn]
    assert np.mean(np.array(told) > plain) >= 0.75


def test_the_same_is_said_twice_and_what_is_seen_has_a_known_length(portrait: Portrait) -> None:
    square = _seen(portrait.rgb, portrait)
    first, second = adapted.look(square), adapted.look(square)
    assert first[0].shape == (adapted.FEATURES,)
    assert np.array_equal(first[0], second[0])
    assert first[1] == second[1]


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_plain_square_has_a_bounded_score(level: int) -> None:
    seen, laid_over = adapted.look(np.full((encoder.SIDE, encoder.SIDE, 3), level, np.uint8))
    assert np.isfinite(seen).all()
    assert abs(laid_over) < 30


def test_weights_that_are_others_or_absent_are_not_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    adapted.session.cache_clear()
    monkeypatch.setattr(adapted, "DIGEST", "0" * 64)
    with pytest.raises(ToolMissing, match="not those"):
        adapted.session()
    monkeypatch.setattr(adapted, "FILE", "none.onnx")
    with pytest.raises(ToolMissing, match="cannot be read"):
        adapted.session()
    adapted.session.cache_clear()


def test_without_the_encoders_matrices_it_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    adapted.session.cache_clear()
    monkeypatch.setattr(encoder, "DIGEST", "0" * 64)
    with pytest.raises(ToolMissing, match="not those"):
        adapted.session()
    adapted.session.cache_clear()


def test_its_weights_are_named_among_those_that_a_clip_is_judged_by() -> None:
    assert clip.digests()[adapted.FILE] == adapted.DIGEST
    assert f"sha256:{adapted.DIGEST}" in clip.MODELS
