"""Nothing is said of what is no photograph and imitates none: drawings, captions, telescopes."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import skimage
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from bench.training.kinds import FOLDS, UNUSUAL, Training, folds, kinds_of, learn, weigh
from verifier.detector import head, kinds, seen
from verifier.detector.detect import detect_face, detect_picture, unlike
from verifier.detector.kinds import MADE, ORDINARY, SAID, TOKENS, Kinds, from_bytes, to_bytes
from verifier.detector.result import Subject
from verifier.detector.samples import Samples
from verifier.errors import ToolMissing

SHOWN = Path(skimage.__file__).parent / "data"


def shown(name: str) -> Image.Image:
    """A picture that comes with scikit-image."""
    with Image.open(SHOWN / name) as opened:
        return opened.convert("RGB")


def captioned(name: str) -> Image.Image:
    """It, made a meme of."""
    image = shown(name)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(size=image.height // 9)
    for text, at in (("ONE DOES NOT SIMPLY", 0.07), ("SIGN A PHOTOGRAPH", 0.8)):
        place = image.width / 2, image.height * at
        draw.text(
            place, text, "white", font, "ma", align="center", stroke_width=3, stroke_fill="black"
        )
    return image


def random_kinds(seed: int, count: int = 4) -> Kinds:
    random = np.random.default_rng(seed)
    names = (ORDINARY, *sorted(SAID)[: count - 1])
    weights = random.normal(size=(count, TOKENS)).astype(np.float16).astype(np.float64)
    return Kinds(names, weights, random.normal(size=count).astype(np.float32).astype(np.float64))


@pytest.mark.parametrize(
    "name", ["astronaut.png", "coffee.png", "motorcycle_left.png", "motorcycle_right.png"]
)
def test_a_photograph_is_ordinary(name: str) -> None:
    assert kinds.unlike(kinds.tokens(shown(name))) is None
    assert detect_picture(shown(name)).abstained is None


@pytest.mark.parametrize(
    ("name", "kind"),
    [("hubble_deep_field.jpg", "astronomy"), ("ihc.png", "microscope"), ("cell.png", "microscope")],
)
def test_what_instruments_see_is_of_a_kind(name: str, kind: str) -> None:
    assert kinds.trained().of(kinds.tokens(shown(name))) == kind


@pytest.mark.parametrize("name", ["astronaut.png", "coffee.png"])
def test_of_a_photograph_with_a_caption_nothing_is_said_and_why_is(name: str) -> None:
    told = detect_picture(captioned(name))
    assert told.abstained == SAID["screen"]
    assert told.log10_lr is None
    assert f"sha256:{kinds.DIGEST}" in told.models


def test_a_face_is_not_weighed_where_nothing_was_before_a_camera() -> None:
    box = (150.0, 60.0, 150.0, 150.0)
    told = detect_face(shown("astronaut.png"), box, unlike=SAID["painting"])
    assert told.abstained == SAID["painting"]
    assert detect_face(shown("astronaut.png"), box).abstained is None


def test_a_caption_says_nothing_about_the_faces_under_it() -> None:
    told = kinds.tokens(captioned("astronaut.png"))
    assert kinds.unlike(told) is not None
    assert kinds.made(told) is None
    assert set(MADE) < set(SAID)


def test_faces_are_not_asked_of_which_kind_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    # what is seen of a face is of other layers: its picture is asked instead
    monkeypatch.setattr(kinds, "unlike", lambda _: "it was asked")
    asked = {}
    for subject in (Subject.FACE, Subject.PICTURE):
        middle = head.trained(subject).centre.astype(np.float32)
        missing = seen.NUMBERS[subject] + 1 - len(middle)
        asked[subject] = unlike(subject, np.append(middle, np.zeros(missing, np.float32)))
    assert asked == {Subject.FACE: None, Subject.PICTURE: "it was asked"}


@given(st.integers(0, 2**32 - 1))
def test_lines_are_read_as_they_were_written(seed: int) -> None:
    some = random_kinds(seed)
    data = to_bytes(some)
    again = from_bytes(data)
    assert again.names == some.names
    assert np.array_equal(again.weights, some.weights)
    assert np.array_equal(again.offsets, some.offsets)
    assert to_bytes(again) == data


def test_chances_are_those_of_the_logistic_regression_spelt_out() -> None:
    some = random_kinds(3)
    tokens = np.random.default_rng(4).normal(0, 0.05, (5, TOKENS))
    for told, each in zip(some.chances(tokens), tokens, strict=True):
        logits = [
            float(line @ each + offset)
            for line, offset in zip(some.weights, some.offsets, strict=True)
        ]
        slow = [np.exp(one) / sum(np.exp(other) for other in logits) for one in logits]
        assert told == pytest.approx(slow)


def test_weights_with_a_byte_changed_are_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    whole = Path(kinds.__file__).with_name(kinds.FILE).read_bytes()
    (tmp_path / kinds.FILE).write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    monkeypatch.setattr(kinds, "__file__", str(tmp_path / "kinds.py"))
    kinds.trained.cache_clear()
    with pytest.raises(ToolMissing, match="not those"):
        kinds.trained()
    kinds.trained.cache_clear()


def test_what_is_ordinary_weighs_as_much_as_all_kinds_and_each_kind_alike() -> None:
    names = np.array(["drawn"] * 9 + ["game"] * 2 + [ORDINARY] * 20)
    sources = np.array([*"aaaaaabbb", *"cc", *"ddddeeeeff", *"gggggggggg"])
    unusual = np.arange(31) < 21
    weights = weigh(names, sources, unusual)
    assert weights.mean() == pytest.approx(1)
    ordinary = names == ORDINARY
    assert weights[ordinary].sum() == pytest.approx(weights[~ordinary].sum())
    assert weights[names == "drawn"].sum() == pytest.approx(weights[names == "game"].sum())
    assert weights[ordinary & unusual].sum() == pytest.approx(UNUSUAL * weights[ordinary].sum())


def test_kinds_that_differ_are_learnt_apart() -> None:
    random = np.random.default_rng(2)
    names = np.array([ORDINARY] * 60 + ["drawn"] * 30 + ["game"] * 30)
    centres = dict(zip(("drawn", "game", ORDINARY), random.normal(0, 1, (3, TOKENS)), strict=True))
    tokens = np.array([centres[each] for each in names]) + random.normal(0, 1, (120, TOKENS))
    asked = np.array([centres[each] for each in names]) + random.normal(0, 1, (120, TOKENS))
    learnt = learn(tokens, names, np.ones(120))
    assert learnt.names == (ORDINARY, "drawn", "game")
    assert [learnt.of(each) for each in asked.astype(np.float32)] == list(names)


def test_a_publisher_of_two_kinds_is_left_out_of_both_at_once() -> None:
    sources = np.array(["drawn_somebody", "news_somebody", "game_another", "drawn_third"])
    samples = Samples(sources, np.zeros((4, 1)), np.zeros(4, bool), sources, np.zeros((4, 1)))
    told = folds(samples)
    assert told[0] == told[1]
    assert (told < FOLDS).all()
    assert list(kinds_of(samples)) == ["drawn", ORDINARY, "game", "drawn"]


def drawn_about(
    random: np.random.Generator, centre: npt.NDArray[np.float64], sources: list[str]
) -> Samples:
    features = centre + random.normal(0, 1, (len(sources), TOKENS))
    names, made = np.array(sources), np.array([each.startswith("fake") for each in sources])
    return Samples(names, features, made, names, np.zeros((len(sources), 1)))


def test_generated_drawings_are_not_learnt_from_as_ordinary_and_photographs_are() -> None:
    random = np.random.default_rng(6)
    drawn, plain = random.normal(0, 1, (2, TOKENS))
    some = drawn_about(random, drawn, [f"drawn_{n % 8}" for n in range(80)])
    parts = [
        drawn_about(random, plain, [f"real_{n % 9}" for n in range(90)]),
        drawn_about(random, plain, [f"fake_{n % 9}" for n in range(60)]),
        drawn_about(random, drawn, ["fake_cartoons"] * 6),
    ]
    names = ("digests", "features", "generated", "sources", "form")
    ordinary = Samples(*(np.concatenate([getattr(e, name) for e in parts]) for name in names))
    training = Training(some, ordinary)
    assert training.left_out == 6
    assert "fake_cartoons" not in training.ordinary.sources
    assert len(training.ordinary.sources) == 150
