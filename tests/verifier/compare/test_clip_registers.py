"""A clip is confirmed by its frames at several moments, not by what one of them looks like."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ledger.asset import HEAD_SIZE, detect_media_type
from ledger.vocabulary import Fingerprint
from tests import media
from verifier.compare import clip_registers
from verifier.compare.clip_registers import clips_register
from verifier.compare.register import Registration
from verifier.compare.registers import registers
from verifier.fingerprint import compute
from verifier.fingerprint.described import FOOTAGE, Footage, format_footage, parse_footage
from verifier.fingerprint.luma import CLIP_LUMA

Prints = tuple[Fingerprint, ...]


def prints(path: Path) -> Prints:
    return compute(path, detect_media_type(path.read_bytes()[:HEAD_SIZE]))


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return media.clip_with_sound(tmp_path_factory.mktemp("registers"))


@pytest.fixture(scope="module")
def original(clip: Path) -> Prints:
    return prints(clip)


@pytest.fixture
def edited(clip: Path, tmp_path: Path) -> Callable[[str], Prints]:
    def edit(how: str) -> Prints:
        copy = tmp_path / f"{hashlib.sha256(how.encode()).hexdigest()}.mp4"
        filters = f"{how},scale=trunc(iw/2)*2:trunc(ih/2)*2"
        media.run_ffmpeg("-i", str(clip), "-an", "-vf", filters, "-crf", "30", str(copy))
        return prints(copy)

    return edit


def test_an_upright_cut_out_that_moves_over_the_clip_registers(
    edited: Callable[[str], Prints], original: Prints
) -> None:
    following = edited("crop=ih*9/16:ih:(iw-ow)*(0.4+0.04*t):0")
    assert registers(FOOTAGE, following, original)
    assert not registers(CLIP_LUMA, following, original)  # nothing else supposes a place


def test_views_that_agree_by_chance_are_not_confirmed(tmp_path: Path, original: Prints) -> None:
    """The frames of another clip, even where every view of the two is the same."""
    other = prints(media.clip(tmp_path))
    views = next(each for each in original if each.algorithm == FOOTAGE)
    luma = next(each for each in other if each.algorithm == CLIP_LUMA)
    assert registers(FOOTAGE, original, original)
    assert not registers(FOOTAGE, (views, luma), original)
    assert not registers(FOOTAGE, original, (views, luma))


def test_what_has_no_record_or_a_damaged_one_confirms_nothing(original: Prints) -> None:
    views = next(each for each in original if each.algorithm == FOOTAGE)
    luma = next(each for each in original if each.algorithm == CLIP_LUMA)
    cut = Fingerprint(CLIP_LUMA, 1, luma.bits[:50])
    newer = Fingerprint(CLIP_LUMA, 2, luma.bits)
    damaged = Fingerprint(FOOTAGE, 1, views.bits[:-1])
    for other in ((views,), (luma,), (views, cut), (views, newer), (damaged, luma)):
        assert not registers(FOOTAGE, other, original)
        assert not registers(FOOTAGE, original, other)


def test_one_second_is_too_little(original: Prints) -> None:
    footage = parse_footage(original[1].bits)
    one = Footage(footage.duration, footage.times[:1], footage.hashes[:1])
    second = Fingerprint(FOOTAGE, 1, format_footage(one))
    assert not registers(FOOTAGE, (second, original[2]), original)


def test_an_upright_cut_out_whose_views_point_elsewhere_is_laid_over_all_that_is_shown(
    edited: Callable[[str], Prints],
    original: Prints,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    upright, mirrored = edited("crop=ih*9/16:ih:iw*0.1:0"), edited("crop=ih*9/16:ih:iw*0.1:0,hflip")
    other = prints(media.clip(tmp_path))
    views, luma = (
        next(each for each in prints if each.algorithm == name)
        for prints, name in ((upright, FOOTAGE), (other, CLIP_LUMA))
    )
    monkeypatch.setattr(clip_registers, "best_map", lambda *_: None)
    assert registers(FOOTAGE, upright, original)
    assert not registers(FOOTAGE, mirrored, original)  # other pictures of just that shape
    assert not registers(FOOTAGE, upright, (views, luma))
    assert not registers(FOOTAGE, original, original)  # of one shape nothing is cut out


def map_of(scale: float = 1.0, *, side: float = 1.0, votes: float = 5.0) -> Registration:
    matrix = np.array([[side * scale, 0, 0.2], [0, scale, 0.1], [0, 0, 1]])
    return Registration(matrix, 5.0, 0.8, votes)


@pytest.mark.parametrize(
    ("found", "agree", "looks"),
    [
        ([map_of(), map_of(1.1)], True, 2),
        ([None, None, map_of(), None, map_of()], True, 5),
        ([map_of(), map_of(1.6), map_of(side=-1), map_of(0.6), None], False, 5),  # of other sizes
        ([map_of(votes=1.7), map_of(votes=1.7), map_of(), None, None], False, 5),  # by chance
        ([None, None, None, map_of(), map_of()], False, 3),  # nothing promises anything
    ],
)
def test_two_moments_must_agree_and_what_promises_nothing_is_left(
    monkeypatch: pytest.MonkeyPatch,
    original: Prints,
    found: list[Registration | None],
    agree: bool,
    looks: int,
) -> None:
    asked = iter(found)
    monkeypatch.setattr(clip_registers, "best_map", lambda *_: next(asked))
    assert clips_register(original, original) is agree
    assert len(list(asked)) == len(found) - looks
