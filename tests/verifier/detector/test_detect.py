"""The detector abstains from what it was not measured on, and never without its reason."""

import hashlib
import io
import lzma
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from tests import media
from verifier.detector import encoder, head, seen
from verifier.detector.adapted import FACES, PICTURES
from verifier.detector.calibration import auc, weigh
from verifier.detector.detect import detect_face, detect_picture, digests, ready
from verifier.detector.domain import SOFT, blockiness, colours, flatness, sharpness, why_not
from verifier.detector.encoder import SIDE, WIDTH
from verifier.detector.head import from_bytes, to_bytes
from verifier.detector.learn import SHARE, Said, learn
from verifier.detector.likeness import Likeness, kernel
from verifier.detector.result import Detection, Subject
from verifier.detector.train import scores
from verifier.detector.views import (
    LEAST,
    LOOKS,
    around,
    looks,
    looks_at_face,
    looks_at_face_in_training,
    looks_in_training,
)
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


def drawing() -> Image.Image:
    image = Image.new("RGB", (640, 480), "lightyellow")
    draw = ImageDraw.Draw(image)
    for place in range(12):
        draw.ellipse((40 * place, 30 * place, 40 * place + 120, 30 * place + 90), "teal", "black")
    return image


def scan() -> Image.Image:
    """A page with the grain and the shadow that a scanner leaves."""
    random = np.random.default_rng(9)
    grain = random.normal(0, 2.0, (1000, 800, 1)) - np.linspace(0, 20, 800)[None, :, None]
    return Image.fromarray((np.asarray(page()) + grain).clip(0, 255).astype(np.uint8))


def photograph(folder: Path) -> Image.Image:
    with Image.open(media.photograph(folder)) as opened:
        return opened.convert("RGB")


def bounded(told: Detection, subject: Subject) -> bool:
    """Whether an answer is an abstention with its reason, or lies within the bounds."""
    if told.abstained is not None:
        return told.log10_lr is None and told.interval is None and told.words == "abstained"
    assert told.log10_lr is not None
    assert told.interval is not None
    low, high = head.trained(subject).calibration.bounds
    return low <= told.interval[0] <= told.log10_lr <= told.interval[1] <= high


def test_a_tiny_picture_is_not_judged() -> None:
    reason = why_not(noise(640, 200), None)
    assert reason is not None
    assert "smaller" in reason


def test_a_picture_smaller_than_its_second_look_is_not_judged(tmp_path: Path) -> None:
    whole = photograph(tmp_path)
    reasons = [why_not(whole.crop((0, 0, 400, side)), None) for side in (LEAST - 1, LEAST)]
    assert reasons == ["it is smaller than 320 pixels on one side", None]


def test_a_page_of_text_is_not_judged() -> None:
    reason = why_not(page(), None)
    assert reason is not None
    assert "text" in reason


def test_a_picture_of_few_colours_is_not_judged() -> None:
    assert colours(np.asarray(Image.new("RGB", (300, 300), "red"))) == 1
    assert why_not(noise(400, 400).quantize(4).convert("RGB"), None) is not None


def test_a_picture_compressed_away_is_not_judged() -> None:
    data = io.BytesIO()
    noise(400, 400).save(data, "JPEG", quality=10)
    with Image.open(data) as opened:
        step = float(np.mean(opened.quantization[0]))  # type: ignore[attr-defined]
        reason = why_not(opened.convert("RGB"), step)
    assert reason is not None
    assert "compressed" in reason


def test_a_photograph_is_judged(tmp_path: Path) -> None:
    with Image.open(media.photograph(tmp_path)) as opened:
        assert why_not(opened.convert("RGB"), None) is None


def test_a_blurred_picture_is_not_judged_and_a_blurred_frame_is(tmp_path: Path) -> None:
    blurred = photograph(tmp_path).filter(ImageFilter.GaussianBlur(6))
    reason = why_not(blurred, None)
    assert reason is not None
    assert "blurred" in reason
    assert why_not(blurred, None, moves=True) is None


def test_a_camera_that_moved_one_way_does_not_hide_what_is_sharp_the_other_way() -> None:
    stripes = np.zeros((400, 400, 3), np.uint8)
    stripes[::20] = 255  # as if everything were drawn out along the rows
    assert sharpness(stripes) > SOFT
    assert sharpness(np.ascontiguousarray(stripes.transpose(1, 0, 2))) == sharpness(stripes)


def test_the_wider_a_blur_the_less_sharp(tmp_path: Path) -> None:
    whole = photograph(tmp_path)
    told = [
        sharpness(np.asarray(whole.filter(ImageFilter.GaussianBlur(each)))) for each in (0, 1, 2, 4)
    ]
    assert told == sorted(told, reverse=True)
    assert told[0] > SOFT > told[-1]


def test_flat_is_what_equals_its_neighbour() -> None:
    assert flatness(np.zeros((9, 9, 3), np.uint8)) == 1
    assert flatness(np.asarray(noise(50, 50))) < 0.01


def test_a_small_face_is_not_judged(tmp_path: Path) -> None:
    told = detect_face(photograph(tmp_path), (200.0, 60.0, 90.0, 90.0))
    assert told.abstained is not None
    assert "smaller than 96" in told.abstained


def test_a_face_compressed_away_is_not_judged(tmp_path: Path) -> None:
    data = io.BytesIO()
    photograph(tmp_path).save(data, "JPEG", quality=8)
    with Image.open(data) as opened:
        told = detect_face(opened.convert("RGB"), (100.0, 100.0, 200.0, 200.0))
    assert told.abstained is not None
    assert "compressed" in told.abstained


def test_blocks_are_seen_wherever_their_grid_lies() -> None:
    blocks = np.kron(np.random.default_rng(1).integers(0, 200, (30, 30)), np.ones((8, 8)))
    grain = np.random.default_rng(2).integers(0, 8, blocks.shape)
    for left in (0, 3):
        assert blockiness((blocks + grain).astype(np.uint8)[left:, left:]) > 3
    assert blockiness(np.asarray(noise(90, 90).convert("L"))) < 1.2
    assert blockiness(np.zeros((100, 100), np.uint8)) == 0


@pytest.mark.parametrize(
    "box",
    [
        (0.0, 0.0, 1e9, 1e9),
        (-1e9, -1e9, 400.0, 400.0),
        (1e9, 1e9, 100.0, 100.0),
        (-50.0, -50.0, 200.0, 200.0),
        (150.0, 40.0, 160.0, 1e-9),
        (0.0, 0.0, -5.0, -5.0),
        (float("nan"), 0.0, 100.0, 100.0),
        (0.0, 0.0, float("inf"), float("inf")),
    ],
)
def test_a_box_that_makes_no_sense_gets_a_bounded_answer(
    tmp_path: Path, box: tuple[float, float, float, float]
) -> None:
    assert bounded(detect_face(photograph(tmp_path), box), Subject.FACE)


def test_a_face_is_looked_at_with_room_about_it() -> None:
    image = Image.new("RGB", (1000, 800), "white")
    image.paste("black", (400, 300, 600, 500))
    square = around(image, (400.0, 300.0, 200.0, 200.0))
    assert square.size == (280, 280)
    assert np.mean(np.asarray(square) == 0) == pytest.approx(200**2 / 280**2, abs=0.01)


def test_an_abstention_needs_no_weights_and_states_no_number(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(encoder, "MODEL", tmp_path / "absent")
    encoder.session.cache_clear()
    assert bounded(detect_picture(page()), Subject.PICTURE)
    encoder.session.cache_clear()


def test_absent_weights_are_said_and_do_not_stop_a_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(encoder, "MODEL", tmp_path / "absent")
    encoder.session.cache_clear()
    ready()
    with pytest.raises(ToolMissing, match="absent") as raised:
        detect_picture(photograph(tmp_path))
    assert "install" in raised.value.remedy
    encoder.session.cache_clear()


def test_other_weights_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    other = tmp_path / "encoder.npz.z"
    other.write_bytes(b"not those")
    monkeypatch.setattr(encoder, "MODEL", other)
    encoder.session.cache_clear()
    with pytest.raises(ToolMissing, match="not those"):
        encoder.session()
    encoder.session.cache_clear()


def test_a_damaged_head_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, _ in head.DIGESTS.values():
        (tmp_path / name).write_bytes((head.FOLDER / name).read_bytes()[:-1] + b"?")
    monkeypatch.setattr(head, "FOLDER", tmp_path)
    head.trained.cache_clear()
    for subject in head.DIGESTS:
        with pytest.raises(ToolMissing, match="not those"):
            head.trained(subject)
    head.trained.cache_clear()


def test_every_file_of_weights_is_named_with_its_digest() -> None:
    named = digests()
    adapted = {"adapted_picture.onnx", "adapted_face.onnx"}
    assert (
        set(named)
        == {
            "encoder.npz.z",
            "texture.onnx",
            "picture.npz",
            "face.npz",
            "kinds.npz",
        }
        | adapted
    )
    for name, digest in named.items():
        assert hashlib.sha256((head.FOLDER / name).read_bytes()).hexdigest() == digest


def test_what_is_looked_at_does_not_depend_on_the_container() -> None:
    data = io.BytesIO()
    noise(640, 480).resize((160, 120)).resize((640, 480)).save(data, "JPEG", quality=95)
    with Image.open(data) as opened:
        jpeg = opened.convert("RGB")
    png = io.BytesIO()
    jpeg.save(png, "PNG")
    with Image.open(png) as opened:
        ours, others = looks(opened.convert("RGB")), looks(jpeg)
    for one, other in zip(ours, others, strict=True):
        assert np.array_equal(one.whole, other.whole)
        assert np.array_equal(one.parts, other.parts)


def test_training_looks_differ_by_their_draws_alone() -> None:
    ours, same, others = (
        looks_in_training(noise(600, 500), np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert len(ours) == len(LOOKS)
    for one, again, other in zip(ours, same, others, strict=True):
        assert np.array_equal(one.whole, again.whole)
        assert np.array_equal(one.parts, again.parts)
        assert not np.array_equal(one.whole, other.whole)
    assert not np.array_equal(ours[0].whole, ours[1].whole)


def test_what_is_seen_of_a_picture_is_the_mean_of_its_looks() -> None:
    ours = looks(noise(640, 480).resize((320, 240)).resize((640, 480)))
    told = seen.numbers(Subject.PICTURE, ours)
    alone = [seen.numbers(Subject.PICTURE, (each,)) for each in ours]
    assert not np.array_equal(alone[0], alone[1])
    assert told == pytest.approx(np.mean(alone, 0), abs=1e-5)


def test_what_was_taught_to_tell_looks_at_the_first_look_and_is_heard_last() -> None:
    ours = looks(noise(640, 480))
    told = seen.see(Subject.PICTURE, ours)
    assert np.array_equal(told[:-1], seen.numbers(Subject.PICTURE, ours))
    whole, roughest = (PICTURES.look(each)[1] for each in (ours[0].whole, ours[0].parts[0]))
    assert told[-1] == pytest.approx((whole + roughest) / 2)
    (face,) = looks_at_face(noise(300, 300), (60, 60, 180, 180))
    assert seen.see(Subject.FACE, (face,))[-1] == pytest.approx(FACES.look(face.whole)[1])


def test_training_looks_at_faces_differ_by_their_draws_alone() -> None:
    (one,), (same,), (other,) = (
        looks_at_face_in_training(noise(300, 280), np.random.default_rng(seed))
        for seed in (1, 1, 2)
    )
    assert one.whole.shape == (SIDE, SIDE, 3)
    assert np.array_equal(one.whole, same.whole)
    assert not np.array_equal(one.whole, other.whole)
    assert not len(one.parts)


def test_learning_is_repeatable_and_tells_sources_apart_that_it_never_saw() -> None:
    random = np.random.default_rng(4)
    direction = random.normal(size=40)
    names = np.repeat(["real_a", "real_b", "real_c", "fake_a", "fake_b", "fake_c"], 30)
    generated = np.char.startswith(names, "fake")
    features = random.normal(size=(180, 40)) + np.outer(generated, direction)
    one, other = (learn(features, generated, names, seed=7).head for _ in range(2))
    assert to_bytes(one) == to_bytes(other)
    read = from_bytes(to_bytes(one))
    fresh = random.normal(size=(200, 40)) + np.outer(np.arange(200) % 2, direction)
    scores = np.array([read.score(each) for each in fresh.astype(np.float32)])
    assert auc(scores, np.arange(200) % 2 == 1) > 0.95
    assert read.distance((features[0] + 1000).astype(np.float32)) > float(read.farthest)


def test_a_score_of_its_own_is_added_in_its_share_and_says_nothing_of_what_is_far() -> None:
    random = np.random.default_rng(4)
    names = np.repeat(["real_a", "real_b", "real_c", "fake_a", "fake_b", "fake_c"], 30)
    generated = np.char.startswith(names, "fake")
    features = random.normal(size=(180, 40)) + 0.1 * generated[:, None]
    one, other = (7.0 * generated + random.normal(size=180) for _ in range(2))
    said = Said(by_family=one, by_source=other)
    alone, both = (learn(features, generated, names, said=each) for each in (None, said))
    added = both.by_source - alone.by_source
    more = SHARE * alone.by_family.std() / one.std()
    assert both.by_family - alone.by_family == pytest.approx(more * one)
    assert added == pytest.approx(more * other)
    assert auc(both.by_source, generated) > auc(alone.by_source, generated) + 0.1
    quiet, loud = (np.append(features[0], each).astype(np.float32) for each in (0, 2))
    rose = both.head.score(loud) - both.head.score(quiet)
    assert rose == pytest.approx(2 * more, rel=1e-4)
    assert both.head.distance(quiet) == both.head.distance(loud)


def test_what_a_score_of_its_own_was_not_asked_of_is_learnt_from_and_not_calibrated_by() -> None:
    random = np.random.default_rng(4)
    names = np.repeat(["real_a", "real_b", "real_c", "fake_a", "fake_b", "fake_c"], 30)
    generated = np.char.startswith(names, "fake")
    features = random.normal(size=(180, 40)) + 0.1 * generated[:, None]
    said = 7.0 * generated + random.normal(size=180)
    some = np.where(np.arange(180) % 3 > 0, said, np.nan)
    every, fewer = (learn(features, generated, names, said=Said(s, s)) for s in (said, some))
    assert (np.isnan(fewer.by_family) == np.isnan(some)).all()
    assert (fewer.head.weights[:-1] == every.head.weights[:-1]).all()
    assert np.isfinite(fewer.head.lines).all()
    assert fewer.head.bounds[1] < every.head.bounds[1]


def test_scores_of_other_pictures_are_refused_and_of_some_are_taken(tmp_path: Path) -> None:
    path = tmp_path / "said.csv.xz"
    path.write_bytes(lzma.compress(b"face,abcdefabcdef,1.5,-2.25\nimage,000000000000,9,9\n"))
    digests = np.array(["abcdefabcdef" + 52 * "0", 64 * "0"])
    told = scores(path, Subject.FACE, digests)
    assert told.by_family[0] == 1.5
    assert told.by_source[0] == -2.25
    assert np.isnan(told.by_family[1])
    with pytest.raises(ValueError, match="no line of these pictures"):
        scores(path, Subject.FACE, digests[1:])


@pytest.mark.parametrize("subject", list(head.DIGESTS))
def test_the_shipped_head_is_the_one_that_is_named_and_is_bounded(subject: Subject) -> None:
    held = head.trained(subject)
    more = 0 if isinstance(held, Likeness) else 1
    assert held.centre.shape == (seen.NUMBERS[subject] + more,)
    low, high = held.calibration.bounds
    assert -3 < low < 0 < high < 3.5  # a thousandfold and a little: as many files as there are


def test_the_encoder_answers_alike_twice_and_with_any_number_of_threads() -> None:
    random = np.random.default_rng(3)
    square = random.integers(0, 256, (SIDE, SIDE, 3), np.uint8)
    told = encoder.encode(square, (8, 9))
    assert told.shape == (2 * 2 * WIDTH,)
    assert np.isfinite(told).all()
    assert np.array_equal(told, encoder.encode(square, (8, 9)))
    many = encoder.opened(threads=3)
    assert np.array_equal(told, encoder.encode(square, (8, 9), many))


def test_the_encoder_is_asked_for_any_of_its_layers_at_once() -> None:
    square = np.random.default_rng(3).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
    both = encoder.encode(square, (6, 9)).reshape(2, 2, WIDTH)
    for place, layer in enumerate((6, 9)):
        assert np.array_equal(both[:, place].ravel(), encoder.encode(square, (layer,)))


def test_a_photograph_is_weighed_within_the_bounds(tmp_path: Path) -> None:
    told = detect_picture(photograph(tmp_path))
    assert told.abstained is None
    assert bounded(told, Subject.PICTURE)
    assert told.words != "strong support for a generated picture"


def test_the_same_picture_gets_the_same_answer(tmp_path: Path) -> None:
    assert detect_picture(photograph(tmp_path)) == detect_picture(photograph(tmp_path))


@pytest.mark.parametrize(
    "image",
    [
        Image.new("RGB", (16, 16), "red"),
        Image.new("RGB", (1, 1)),
        Image.new("RGB", (5000, 16), "blue"),
        Image.new("RGB", (600, 600), "grey"),
        noise(500, 400),
        page(),
        drawing(),
        scan(),
    ],
    ids=["16x16", "one pixel", "a strip", "flat", "noise", "text", "a drawing", "a scan of text"],
)
def test_what_is_no_photograph_is_not_weighed(image: Image.Image) -> None:
    told = detect_picture(image)
    assert bounded(told, Subject.PICTURE)
    assert told.abstained is not None


def test_a_hundred_megapixels_are_weighed_within_the_bounds() -> None:
    random = np.random.default_rng(8)
    small = Image.fromarray(random.integers(0, 256, (40, 50, 3), np.uint8))
    large = small.resize((11547, 8660), Image.Resampling.BICUBIC)
    assert bounded(detect_picture(large), Subject.PICTURE)


def test_a_picture_that_is_pushed_towards_an_answer_stays_within_the_bounds(tmp_path: Path) -> None:
    # The strongest push that the weights allow: features moved the way that the score rises most.
    held = head.trained(Subject.PICTURE)
    assert isinstance(held, Likeness)
    features = seen.see(Subject.PICTURE, looks(photograph(tmp_path)))
    along = held.along(features[None, :-1])
    alike = kernel(along, held.learnt_from, float(held.width))[0] * held.coefficients
    rising = alike @ (held.learnt_from - along) @ (held.levels * held.steps[:, None] * held.scale)
    rising = np.append(rising, 0)
    low, high = held.calibration.bounds
    before = held.score(features)
    step = (features + 0.01 * rising / np.linalg.norm(rising)).astype(np.float32)
    assert held.score(step) > before
    for push in (-1e6, -10.0, 10.0, 1e6):
        moved = features + push * rising / np.linalg.norm(rising)
        told = weigh(held.score(moved.astype(np.float32)), held.calibration)
        assert low <= told.interval[0] <= told.log10_lr <= told.interval[1] <= high


def test_the_best_of_many_noises_moves_an_answer_no_further_than_the_bounds(tmp_path: Path) -> None:
    image = np.asarray(photograph(tmp_path), np.int16)
    random = np.random.default_rng(6)
    answers = []
    for _ in range(8):
        pushed = (image + random.integers(-12, 13, image.shape)).clip(0, 255).astype(np.uint8)
        told = detect_picture(Image.fromarray(pushed))
        assert bounded(told, Subject.PICTURE)
        answers.append(told.log10_lr or 0.0)
    assert max(answers) <= head.trained(Subject.PICTURE).calibration.bounds[1]
