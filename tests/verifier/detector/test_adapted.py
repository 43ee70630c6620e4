"""CLIP, changed to see one thing: it says so, says it twice, and reads its own."""

import numpy as np
import pytest

from verifier.detector import clip, detect, encoder, faces, swap
from verifier.detector.adapted import FACES, FEATURES, PICTURES, SWAPS, Adapted
from verifier.detector.blend import Portrait, self_blended
from verifier.errors import ToolMissing

ALL = (SWAPS, PICTURES, FACES)


def _seen(rgb: np.ndarray, portrait: Portrait) -> np.ndarray:
    return swap.look_at(rgb, faces.Mesh(portrait.points, 1.0))


def test_blended_faces_score_above_the_same_face_as_it_is(portrait: Portrait) -> None:
    _, plain = SWAPS.look(_seen(portrait.rgb, portrait))
    drawn = [self_blended(portrait, np.random.default_rng(seed)).rgb for seed in range(12)]
    told = [SWAPS.look(_seen(each, portrait))[1] for each in drawn]
    assert np.mean(np.array(told) > plain) >= 0.75


@pytest.mark.parametrize("network", ALL, ids=lambda each: each.file)
def test_the_same_is_said_twice_and_what_is_seen_has_a_known_length(
    network: Adapted, portrait: Portrait
) -> None:
    square = _seen(portrait.rgb, portrait)
    first, second = network.look(square), network.look(square)
    assert first[0].shape == (FEATURES,)
    assert np.array_equal(first[0], second[0])
    assert first[1] == second[1]


def test_each_was_taught_another_thing(portrait: Portrait) -> None:
    square = _seen(portrait.rgb, portrait)
    assert len({network.look(square)[1] for network in ALL}) == len(ALL)


@pytest.mark.parametrize("network", ALL, ids=lambda each: each.file)
@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_plain_square_has_a_bounded_score(network: Adapted, level: int) -> None:
    seen, score = network.look(np.full((encoder.SIDE, encoder.SIDE, 3), level, np.uint8))
    assert np.isfinite(seen).all()
    assert abs(score) < 30


def test_weights_that_are_others_or_absent_are_not_read() -> None:
    with pytest.raises(ToolMissing, match="not those"):
        Adapted(SWAPS.file, "0" * 64, SWAPS.says).session()
    with pytest.raises(ToolMissing, match="cannot be read"):
        Adapted("none.onnx", SWAPS.digest, SWAPS.says).session()


def test_without_the_encoders_matrices_it_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder, "DIGEST", "0" * 64)
    with pytest.raises(ToolMissing, match="not those"):
        Adapted(SWAPS.file, SWAPS.digest, "read anew").session()


def test_its_weights_are_named_among_those_that_a_clip_is_judged_by() -> None:
    assert clip.digests()[SWAPS.file] == SWAPS.digest
    assert f"sha256:{SWAPS.digest}" in clip.MODELS


@pytest.mark.parametrize("network", [PICTURES, FACES], ids=lambda each: each.file)
def test_its_weights_are_named_among_those_that_pictures_are_judged_by(network: Adapted) -> None:
    assert detect.digests()[network.file] == network.digest
