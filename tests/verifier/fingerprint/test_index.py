"""The index finds what a comparison with every asset would find, and forgets what was erased."""

import contextlib
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.asset import HEAD_SIZE, Kind, detect_media_type
from ledger.errors import FormatError
from ledger.vocabulary import Fingerprint
from tests import media
from verifier.fingerprint import compute
from verifier.fingerprint.audio import format_words, parse_words
from verifier.fingerprint.described import Footage, format_footage
from verifier.fingerprint.index import (
    MOST_CLIPS_REGISTERED,
    MOST_REGISTERED,
    FingerprintIndex,
)
from verifier.fingerprint.match import (
    DESCRIPTOR_THRESHOLD,
    HASH_BITS,
    PDQ_THRESHOLD,
    REGISTERED_THRESHOLD,
    Match,
    Registers,
    match,
)
from verifier.fingerprint.rows import Part, format_part, near_rows
from verifier.fingerprint.video import FrameHashes, format_frames, parse_frames

Prints = tuple[Fingerprint, ...]


def fingerprints(path: Path) -> Prints:
    return compute(path, detect_media_type(path.read_bytes()[:HEAD_SIZE]))


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Prints]:
    folder = tmp_path_factory.mktemp("media")
    makers = (
        *(media.photograph, media.another_photograph, media.clip, media.clip_with_sound),
        *(media.recording, media.another_recording),
    )
    return {maker.__name__: fingerprints(maker(folder)) for maker in makers}


def flipped(bits: bytes, count: int, random: np.random.Generator) -> bytes:
    """`bits` with `count` of them turned over."""
    unpacked = np.unpackbits(np.frombuffer(bits, np.uint8))
    unpacked[random.choice(len(unpacked), count, replace=False)] ^= 1
    return np.packbits(unpacked).tobytes()


def random_picture(random: np.random.Generator) -> Prints:
    names = ("picture-phash", "picture-dhash", "picture-pdq", "picture-descriptor")
    return tuple(Fingerprint(name, 1, random.bytes(32)) for name in names)


def random_clip(random: np.random.Generator, seconds: int = 10) -> Prints:
    times = np.arange(4 * seconds) / 4
    hashes = random.integers(0, 256, (len(times), 32), np.uint8)
    return (Fingerprint("clip-phash", 1, format_frames(FrameHashes(seconds, times, hashes))),)


def random_sound(random: np.random.Generator, seconds: int = 10) -> Prints:
    words = random.integers(1, 2**32, 20 * seconds, np.uint32)
    return (Fingerprint("sound-bands", 1, format_words(words)),)


def brute_force(
    assets: dict[int, Prints], suspect: Prints, registers: Registers | None = None
) -> list[Match]:
    found = [match(entry, suspect, prints, registers=registers) for entry, prints in assets.items()]
    return sorted(
        (each for each in found if each), key=lambda each: (each.distance, each.entry_index)
    )


def test_each_real_asset_finds_itself_and_nothing_else(real: dict[str, Prints]) -> None:
    index = FingerprintIndex()
    for entry, prints in enumerate(real.values()):
        index.add(100 + entry, prints)
    assert len(index) == 6
    kinds = [Kind.PICTURE, Kind.PICTURE, Kind.CLIP, Kind.CLIP, Kind.RECORDING, Kind.RECORDING]
    for entry, prints in enumerate(real.values()):
        (found,) = index.search(prints)
        assert found.entry_index == 100 + entry
        assert found.distance == 0
    found_kinds = [index.search(prints)[0].kind for prints in real.values()]
    # The clip with sound is found by the surer of its two.
    assert found_kinds[:3] + found_kinds[4:] == kinds[:3] + kinds[4:]
    assert index.search(real["clip_with_sound"][:1])[0].kind is Kind.CLIP
    assert index.search(real["clip_with_sound"][2:])[0].kind is Kind.RECORDING


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 90), st.integers(0, 90))
def test_pictures_are_found_exactly_as_by_comparing_with_each(
    seed: int, finder_bits: int, confirmer_bits: int
) -> None:
    random = np.random.default_rng(seed)
    assets = {entry: random_picture(random) for entry in range(50)}
    index = FingerprintIndex()
    for entry, prints in assets.items():
        index.add(entry, prints)
    finder, confirmer, *_ = assets[int(random.integers(50))]
    suspect = (
        Fingerprint(finder.algorithm, 1, flipped(finder.bits, finder_bits, random)),
        Fingerprint(confirmer.algorithm, 1, flipped(confirmer.bits, confirmer_bits, random)),
    )
    found = index.search(suspect)
    assert found == brute_force(assets, suspect)
    assert bool(found) is (finder_bits <= 64 and confirmer_bits <= 56)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 110), st.integers(0, 120), st.booleans())
def test_described_pictures_are_found_exactly_as_by_comparing_with_each(
    seed: int, descriptor_bits: int, pdq_bits: int, registered: bool
) -> None:
    random = np.random.default_rng(seed)
    assets = {entry: random_picture(random) for entry in range(50)}
    index = FingerprintIndex()
    for entry, prints in assets.items():
        index.add(entry, prints)
    _, _, pdq, descriptor = assets[int(random.integers(50))]
    suspect = (
        Fingerprint(pdq.algorithm, 1, flipped(pdq.bits, pdq_bits, random)),
        Fingerprint(descriptor.algorithm, 1, flipped(descriptor.bits, descriptor_bits, random)),
    )
    found = index.search(suspect, registers=lambda *_: registered)
    assert found == brute_force(assets, suspect, registers=lambda *_: registered)
    near, nearer = (
        descriptor_bits <= most * HASH_BITS for most in (REGISTERED_THRESHOLD, DESCRIPTOR_THRESHOLD)
    )
    confirmed = nearer and pdq_bits <= PDQ_THRESHOLD * HASH_BITS
    assert bool(found) is (confirmed or (near and registered))


@pytest.mark.parametrize("right", [None, 0, 31, 32, 255, 256])
def test_the_nearest_are_laid_over_a_suspect_until_one_fits(right: int | None) -> None:
    """Many are near by chance: the nearest are tried first, and no more of them than is told."""
    random = np.random.default_rng(6)
    index = FingerprintIndex()
    *_, descriptor = suspect = random_picture(random)[2:]
    assets = {}
    for entry in random.permutation(300).tolist():
        bits = flipped(descriptor.bits, 80 + entry // 18, random)  # 80 to 96 bits away
        assets[entry] = (Fingerprint("picture-descriptor", 1, bits),)
        index.add(entry, assets[entry])
    tried: list[int] = []

    def registers(_: str, __: Sequence[Fingerprint], original: Sequence[Fingerprint]) -> bool:
        tried.append(next(entry for entry, each in assets.items() if each == original))
        return tried[-1] == right

    found = index.search(suspect, registers=registers)
    if right is None or right >= MOST_REGISTERED:
        assert found == []
        assert tried == list(range(MOST_REGISTERED))
    else:
        assert [each.entry_index for each in found] == [right]
        assert tried == list(range(max(32, right + 1)))


@pytest.mark.parametrize(("right", "seconds"), [(None, 60), (0, 60), (7, 60), (31, 60), (5, 99999)])
def test_the_nearest_clips_are_laid_over_a_suspect_and_not_too_much_is_read(
    right: int | None, seconds: int
) -> None:
    random = np.random.default_rng(7)
    views = random.integers(0, 256, (5, 32), np.uint8)
    index = FingerprintIndex()
    assets = {}
    for entry in random.permutation(50).tolist():
        near = [flipped(row.tobytes(), 40 + entry, random) for row in views]
        shown = np.frombuffer(b"".join(near), np.uint8).reshape(-1, 32)
        data = format_footage(Footage(9.0, np.arange(5.0), shown))
        luma = Fingerprint("clip-luma", 1, bytes(100 * seconds))
        assets[entry] = (Fingerprint("clip-descriptor", 1, data), luma)
        index.add(entry, assets[entry])
    tried: list[int] = []

    def registers(name: str, _: Sequence[Fingerprint], original: Sequence[Fingerprint]) -> bool:
        assert name == "clip-descriptor"
        tried.append(next(entry for entry, each in assets.items() if each == original))
        return tried[-1] == right

    suspect = format_footage(Footage(9.0, np.arange(5.0), views))
    found = index.search((Fingerprint("clip-descriptor", 1, suspect),), registers=registers)
    if seconds > 60:  # one such record is more than is read of all
        assert (found, tried) == ([], [0])
        return
    assert [each.entry_index for each in found] == ([] if right is None else [right])
    most = MOST_CLIPS_REGISTERED if right is None else max(8, right + 1)
    assert tried == list(range(most))


@given(st.integers(0, 2**32), st.integers(1, 60), st.integers(0, 256))
def test_near_rows_are_those_that_counting_every_bit_finds(
    seed: int, count: int, most: int
) -> None:
    random = np.random.default_rng(seed)
    rows = random.integers(0, 256, (count, 32), np.uint8)
    asked = np.stack([rows[0], *random.integers(0, 256, (2, 32), np.uint8)])
    distances = np.unpackbits(asked[:, None] ^ rows[None], axis=2).sum(axis=2)
    near = near_rows(asked, rows, most)
    expected = np.argwhere(distances <= most)
    assert sorted(zip(near.asked.tolist(), near.found.tolist(), strict=True)) == [
        (i, j) for i, j in expected.tolist()
    ]
    assert (near.bits == distances[near.asked, near.found]).all()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 60), st.integers(0, 30), st.integers(4, 20))
def test_clips_are_found_exactly_as_by_comparing_with_each(
    seed: int, flips: int, start: int, count: int
) -> None:
    random = np.random.default_rng(seed)
    assets = {entry: random_clip(random) for entry in range(20)}
    index = FingerprintIndex()
    for entry, prints in assets.items():
        index.add(entry, prints)
    original = parse_frames(assets[7][0].bits)
    rows = [flipped(row.tobytes(), flips, random) for row in original.hashes[start : start + count]]
    hashes = np.frombuffer(b"".join(rows), np.uint8).reshape(-1, 32)
    times = np.arange(len(rows)) / 4
    suspect = (Fingerprint("clip-phash", 1, format_frames(FrameHashes(99, times, hashes))),)
    found = index.search(suspect)
    assert found == brute_force(assets, suspect)
    assert bool(found) is (flips <= 48)
    if found:
        assert found[0].entry_index == 7
        assert found[0].offset == start / 4
        assert found[0].overlap == len(rows) / 4


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32), st.floats(0, 0.2), st.integers(0, 140), st.integers(64, 200))
def test_sound_is_found_exactly_as_by_comparing_with_each(
    seed: int, share: float, start: int, count: int
) -> None:
    random = np.random.default_rng(seed)
    assets = {entry: random_sound(random) for entry in range(20)}
    index = FingerprintIndex()
    for entry, prints in assets.items():
        index.add(entry, prints)
    words = parse_words(assets[11][0].bits)[start : start + count]
    noise = flipped(words.tobytes(), round(share * 32 * len(words)), random)
    suspect = (Fingerprint("sound-bands", 1, format_words(np.frombuffer(noise, np.uint32))),)
    found = index.search(suspect)
    assert found == brute_force(assets, suspect)
    if len(words) >= 64:
        assert found[0].entry_index == 11
        assert found[0].offset == pytest.approx(start / 20)


def test_a_short_original_is_found_inside_a_long_suspect() -> None:
    """A compilation that holds a recorded statement of four seconds somewhere."""
    random = np.random.default_rng(1)
    index = FingerprintIndex()
    for entry in range(30):
        index.add(entry, random_sound(random, 4))
        index.add(100 + entry, random_clip(random, 4))
    statement = parse_words(index._held[9][0].bits)
    before, after = (parse_words(random_sound(random, 20)[0].bits) for _ in range(2))
    long = format_words(np.concatenate((before, statement, after)))
    (found,) = index.search((Fingerprint("sound-bands", 1, long),))
    assert found.entry_index == 9
    assert found.offset == pytest.approx(-20)
    assert found.overlap == pytest.approx(4, abs=0.2)


def test_an_erased_entry_is_found_no_more(real: dict[str, Prints]) -> None:
    index = FingerprintIndex()
    for entry, prints in enumerate(real.values()):
        index.add(entry, prints)
    for entry, prints in enumerate(real.values()):
        index.remove(entry)
        assert index.search(prints) == []
        for later, others in list(enumerate(real.values()))[entry + 1 :]:
            assert [found.entry_index for found in index.search(others)] == [later]
    index.remove(3)
    assert len(index) == 0


def test_adding_an_entry_again_replaces_what_it_had(real: dict[str, Prints]) -> None:
    index = FingerprintIndex()
    index.add(5, real["photograph"])
    index.add(5, real["another_photograph"])
    assert len(index) == 1
    assert index.search(real["photograph"]) == []
    assert [found.entry_index for found in index.search(real["another_photograph"])] == [5]


def test_the_same_picture_recorded_twice_is_found_twice(real: dict[str, Prints]) -> None:
    index = FingerprintIndex()
    for entry in (8, 3, 5):
        index.add(entry, real["photograph"])
    assert [found.entry_index for found in index.search(real["photograph"])] == [3, 5, 8]


def test_malformed_fingerprints_add_nothing(real: dict[str, Prints]) -> None:
    index = FingerprintIndex()
    index.add(1, real["photograph"])
    for algorithm in ("picture-phash", "picture-dhash", "clip-phash", "sound-bands"):
        bad = Fingerprint(algorithm, 1, b"short")
        with pytest.raises(FormatError):
            index.add(2, [*real["clip"], bad])
        with pytest.raises(FormatError):
            index.add(1, [bad])
    assert index.search(real["clip"]) == []
    assert len(index.search(real["photograph"])) == 1
    with pytest.raises(FormatError):
        index.search([Fingerprint("picture-phash", 1, b"short")])


def test_what_is_unknown_here_is_kept_out_and_finds_nothing(real: dict[str, Prints]) -> None:
    index = FingerprintIndex()
    newer = [Fingerprint(each.algorithm, 2, b"another layout") for each in real["photograph"]]
    index.add(1, [*newer, Fingerprint("of tomorrow", 1, b"?")])
    assert index.search(newer) == []
    assert index.search([]) == []
    assert FingerprintIndex().search(real["clip_with_sound"]) == []


def test_searches_run_while_assets_are_added_and_erased(real: dict[str, Prints]) -> None:
    index = FingerprintIndex()
    index.add(0, real["photograph"])
    index.add(1, real["recording"])
    random = np.random.default_rng(2)
    others = [random_picture(random) + random_sound(random, 4) for _ in range(300)]
    problems: list[BaseException] = []

    def churn() -> None:
        try:
            for entry, prints in enumerate(others, start=2):
                index.add(entry, prints)
                if entry % 3 == 0:
                    index.remove(entry)
        except BaseException as problem:  # noqa: BLE001  # reported below
            problems.append(problem)

    writer = threading.Thread(target=churn)
    writer.start()
    while writer.is_alive():
        assert [found.entry_index for found in index.search(real["photograph"])] == [0]
        assert [found.entry_index for found in index.search(real["recording"])] == [1]
    writer.join()
    assert problems == []


def test_what_was_saved_finds_the_same_again(real: dict[str, Prints]) -> None:
    """Saved piece by piece, in several parts, and read in one go."""
    index, saved = FingerprintIndex(), b""
    for entry, prints in enumerate(real.values()):
        index.add(2 * entry, prints)
        saved += index.save()
    again = FingerprintIndex(lambda entry: list(real.values())[entry // 2])
    again.load(saved)
    assert (again.reached, len(again)) == (11, 6)
    assert again.entries().tolist() == [0, 2, 4, 6, 8, 10]
    for prints in real.values():
        assert again.search(prints) == index.search(prints)
    whole = FingerprintIndex(lambda entry: list(real.values())[entry // 2])
    whole.load(again.save(whole=True))
    for prints in real.values():
        assert whole.search(prints) == index.search(prints)


def test_a_part_that_two_wrote_counts_once(real: dict[str, Prints]) -> None:
    index = FingerprintIndex()
    index.add(0, real["photograph"])
    index.add(1, real["clip_with_sound"])
    saved = index.save()
    again = FingerprintIndex(lambda entry: (real["photograph"], real["clip_with_sound"])[entry])
    again.load(saved + saved)
    assert again.save(whole=True) == index.save(whole=True)
    assert [found.entry_index for found in again.search(real["photograph"])] == [0]


def test_a_damaged_or_incomplete_index_is_refused_whole(real: dict[str, Prints]) -> None:
    index = FingerprintIndex()
    index.add(0, real["photograph"])
    first = index.save()
    index.add(1, real["recording"])
    second = index.save()
    flipped_bit = bytearray(first)
    flipped_bit[-40] ^= 4
    later = bytearray(first)
    later[0] ^= 1
    for bad in (second, first[:-1], first + second[:20], bytes(flipped_bit), bytes(later), b"?"):
        again = FingerprintIndex()
        with pytest.raises(FormatError):
            again.load(bad)
        assert len(again) == again.reached == 0
    FingerprintIndex().load(b"")


@given(st.binary(max_size=200))
def test_no_other_bytes_are_an_index(data: bytes) -> None:
    index = FingerprintIndex()
    with contextlib.suppress(FormatError):
        index.load(data)
    with contextlib.suppress(FormatError):
        index.load(format_part(Part(0, 1, ())) + data)


def test_a_search_holds_no_more_of_a_picture_than_it_needs() -> None:
    """Two rows of 32 bytes and the entry of each: a million pictures take 80 MB."""
    index = FingerprintIndex(lambda _: ())
    random = np.random.default_rng(4)
    for entry in range(64):
        index.add(entry, random_picture(random))
    held = sum(rows.nbytes + owners.nbytes for rows, owners in index.stores())
    assert held == 64 * 2 * (32 + 8)
