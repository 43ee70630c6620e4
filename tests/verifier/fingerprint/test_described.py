"""A clip is known by what it shows, through a crop, bars, a mirror and a window."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.asset import HEAD_SIZE, detect_media_type
from ledger.errors import FormatError
from ledger.vocabulary import Fingerprint
from tests import media
from verifier.compare.registers import registers
from verifier.fingerprint import compute
from verifier.fingerprint.described import (
    FOOTAGE,
    Footage,
    FootageFinder,
    format_footage,
    parse_footage,
)
from verifier.fingerprint.index import FingerprintIndex
from verifier.fingerprint.luma import CLIP_LUMA
from verifier.fingerprint.match import match

Luma = npt.NDArray[np.uint8]


def seen(path: Path) -> tuple[Fingerprint, ...]:
    """The descriptors of a clip and its small frames, without the hashes of its frames."""
    found = compute(path, detect_media_type(path.read_bytes()[:HEAD_SIZE]))
    return tuple(each for each in found if each.algorithm in (FOOTAGE, CLIP_LUMA))


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return media.clip_with_sound(tmp_path_factory.mktemp("described"))


@pytest.mark.parametrize(
    "edit",
    [
        "crop=iw*0.7:ih*0.7",
        "hflip",
        "pad=iw:ih*1.8:0:ih*0.4",
        "scale=iw*0.6:-2,pad=iw/0.6:ih/0.6:iw*0.3:ih*0.3:0x305070",
        "crop=ih*9/16:ih",
    ],
)
def test_a_clip_is_known_through_an_edit_of_its_frames(
    clip: Path, tmp_path: Path, edit: str
) -> None:
    copy = tmp_path / "copy.mp4"
    even = "scale=trunc(iw/2)*2:trunc(ih/2)*2"
    media.run_ffmpeg("-i", str(clip), "-an", "-vf", f"{edit},{even}", "-crf", "30", str(copy))
    assert match(4, seen(copy), seen(clip)) is None  # alone, views are believed in nothing
    found = match(4, seen(copy), seen(clip), registers=registers)
    assert found is not None
    assert (found.entry_index, found.algorithm) == (4, "clip-descriptor")
    assert found.offset == pytest.approx(0, abs=1.1)  # one frame a second is looked at
    index = FingerprintIndex()
    index.add(4, seen(clip))
    index.add(9, seen(media.clip(tmp_path)))
    assert index.search(seen(copy), registers=registers) == [found]
    assert index.search(seen(copy)) == []


def test_another_clip_is_not_known(clip: Path, tmp_path: Path) -> None:
    assert match(0, seen(media.clip(tmp_path)), seen(clip), registers=registers) is None


def noise(seed: int) -> Luma:
    """Something to see, the same for the same seed."""
    coarse = np.random.default_rng(seed).integers(0, 256, (12, 12), np.uint8)
    return np.repeat(np.repeat(coarse, 16, axis=0), 16, axis=1)


def described(frames: list[Luma]) -> Footage:
    finder = FootageFinder()
    passed = list(finder.watch(iter([(float(n), luma) for n, luma in enumerate(frames)])))
    assert len(passed) == len(frames)
    (found,) = finder.fingerprints()
    return parse_footage(found.bits)


def test_bars_are_left_out_and_what_moves_is_seen_by_itself() -> None:
    plain = described([noise(n) for n in range(4)])
    assert plain.times.tolist() == [0, 1, 2, 3]
    barred, window = [], []
    for number in range(4):
        frame = np.full((192, 192), 5, np.uint8)
        frame[48:144] = noise(number)[::2]
        barred.append(frame)
        frame = noise(99).copy()
        frame[40:136, 50:146] = noise(number)[::2, ::2]
        window.append(frame)
    assert described(barred).times.tolist() == [0, 1, 2, 3]
    twice = described(window)
    assert twice.times.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    apart = np.bitwise_count(twice.hashes[1::2] ^ plain.hashes).sum(axis=1)
    assert apart.max() < 40  # the window alone is as good as the clip itself


def test_one_frame_a_second_is_looked_at_and_flat_ones_are_left_out() -> None:
    finder = FootageFinder()
    flat = np.full((192, 192), 90, np.uint8)

    def shown() -> Iterator[tuple[float, Luma]]:
        for quarter in range(20):
            yield quarter / 4, flat if quarter < 8 else noise(quarter // 4)

    assert len(list(finder.watch(shown()))) == 20
    (found,) = finder.fingerprints()
    footage = parse_footage(found.bits)
    assert sorted(set(footage.times.tolist())) == [2, 3, 4]
    assert footage.duration == 4.75
    nothing = FootageFinder()
    assert list(nothing.watch(iter([(0.0, flat)])))
    assert nothing.fingerprints() == ()
    assert list(FootageFinder().watch(iter([]))) == []


def test_a_long_clip_is_described_minute_by_minute() -> None:
    finder = FootageFinder()
    held = 0
    for _ in finder.watch((float(n), noise(n % 3)) for n in range(150)):
        held = max(held, len(finder._minute))
    assert held <= 60
    (found,) = finder.fingerprints()
    assert len(np.unique(parse_footage(found.bits).times)) == 150


@given(st.lists(st.integers(0, 2**40), min_size=1, max_size=20, unique=True).map(sorted), st.data())
def test_footage_is_read_back_exactly(times: list[int], draw: st.DataObject) -> None:
    twice = draw.draw(st.lists(st.booleans(), min_size=len(times), max_size=len(times)))
    views = [each for each, both in zip(times, twice, strict=True) for _ in range(1 + both)]
    hashes = draw.draw(st.binary(min_size=32 * len(views), max_size=32 * len(views)))
    rows = np.frombuffer(hashes, np.uint8).reshape(-1, 32)
    data = format_footage(Footage((times[-1] + 5) / 1e6, np.array(views) / 1e6, rows))
    assert format_footage(parse_footage(data)) == data


def test_malformed_footage_is_refused() -> None:
    rows = np.zeros((3, 32), np.uint8)
    good = format_footage(Footage(2.0, np.array([0.5, 0.5, 1.0]), rows))
    thrice = format_footage(Footage(2.0, np.array([0.5, 0.5, 0.5]), rows))
    falling = good[:8] + good[88:] + good[8:88]
    beyond = (10).to_bytes(8, "big") + good[8:]
    for bad in (b"", good[:8], good[:-1], good + b"\0", thrice, falling, beyond):
        with pytest.raises(FormatError):
            parse_footage(bad)


@given(st.binary(max_size=200))
def test_no_other_bytes_are_footage(data: bytes) -> None:
    with contextlib.suppress(FormatError):
        assert format_footage(parse_footage(data)) == data
