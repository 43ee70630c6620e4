"""The learnt descriptor finds what no hash can, and alone is believed in nothing."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from ledger.asset import HEAD_SIZE, detect_media_type
from ledger.vocabulary import Fingerprint
from tests import media
from verifier.errors import ToolMissing
from verifier.fingerprint import compute, compute_in, descriptor
from verifier.fingerprint.descriptor import DESCRIPTOR
from verifier.fingerprint.match import DESCRIPTOR_THRESHOLD, HASH_BITS, evidence, match
from verifier.media.sandbox import Sandbox

Prints = tuple[Fingerprint, ...]


def waves() -> Image.Image:
    """A picture that needs no decoder: rings and bars in three colours."""
    down, across = np.mgrid[0:200, 0:300]
    rings = np.sin(np.hypot(down - 80, across - 190) / 9)
    bars = np.sin(across / 13 + down / 29)
    planes = (rings, bars, rings * bars)
    return Image.fromarray(np.stack([127 + 120 * each for each in planes], -1).astype(np.uint8))


def bits_between(one: bytes, other: bytes) -> int:
    return (int.from_bytes(one) ^ int.from_bytes(other)).bit_count()


def test_the_bits_of_a_made_picture_never_change() -> None:
    """A change here makes every descriptor that was ever recorded useless: raise the version."""
    (found,) = descriptor.describe(descriptor.square(waves())[None])
    pinned = bytes.fromhex("334d089233681c5dfb3d25f112c07693988dc050526c81145a93d533f37f722f")
    # Outputs near zero fall either way with another build of the runtime.
    assert bits_between(found.tobytes(), pinned) <= 6


def test_many_at_once_are_described_as_each_alone(tmp_path: Path) -> None:
    squares = []
    for path in (media.photograph(tmp_path), media.another_photograph(tmp_path)):
        with Image.open(path) as image:
            squares.append(descriptor.square(image))
    together = descriptor.describe(np.stack(squares))
    for row, alone in zip(together, squares, strict=True):
        (single,) = descriptor.describe(alone[None])
        assert bits_between(row.tobytes(), single.tobytes()) <= 2


def test_another_file_in_its_place_is_never_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "descriptor.onnx"
    other.write_bytes(descriptor.MODEL.read_bytes() + b"\0")
    for wrong in (other, tmp_path / "missing.onnx"):
        descriptor.session.cache_clear()
        monkeypatch.setattr(descriptor, "MODEL", wrong)
        with pytest.raises(ToolMissing):
            descriptor.describe(np.zeros((1, 32, 32, 3), np.uint8))
    descriptor.session.cache_clear()


def prints(image: Image.Image, path: Path) -> Prints:
    image.save(path, quality=85)
    return compute(path, detect_media_type(path.read_bytes()[:HEAD_SIZE]))


def far_hashes(found: Prints) -> Prints:
    """The same descriptor beside hashes that agree with nothing."""
    return tuple(
        each
        if each.algorithm == "picture-descriptor"
        else Fingerprint(each.algorithm, 1, bytes(255 - byte for byte in each.bits))
        for each in found
    )


def test_mirrored_and_turned_copies_match_and_pdq_confirms(tmp_path: Path) -> None:
    with Image.open(media.photograph(tmp_path)) as opened:
        image = opened.convert("RGB")
    original = prints(image, tmp_path / "original.jpg")
    for copy in (ImageOps.mirror(image), image.rotate(90, expand=True), ImageOps.flip(image)):
        found = match(5, prints(copy, tmp_path / "copy.jpg"), original)
        assert found is not None
        assert (found.entry_index, found.algorithm) == (5, "picture-descriptor")
        assert found.false_match_rate <= 1e-6


def test_the_descriptor_alone_is_no_match_but_geometry_may_confirm_it(tmp_path: Path) -> None:
    with Image.open(media.photograph(tmp_path)) as opened:
        image = opened.convert("RGB")
    original = prints(image, tmp_path / "original.jpg")
    suspect = far_hashes(original)
    assert match(0, suspect, original) is None
    assert match(0, suspect, original, registers=lambda *_: False) is None
    found = match(0, suspect, original, registers=lambda *_: True)
    assert found is not None
    assert found.algorithm == "picture-descriptor"


def test_geometry_is_not_asked_about_pictures_that_are_far_apart(tmp_path: Path) -> None:
    with Image.open(media.photograph(tmp_path)) as one:
        ours = prints(one.convert("RGB"), tmp_path / "one.jpg")
    with Image.open(media.another_photograph(tmp_path)) as other:
        theirs = prints(other.convert("RGB"), tmp_path / "other.jpg")
    assert 1 - evidence(DESCRIPTOR, ours, theirs) > DESCRIPTOR_THRESHOLD

    def never(*_: object) -> bool:
        raise AssertionError

    assert match(0, ours, theirs, registers=never) is None


def test_the_sandbox_describes_as_this_process_does(tmp_path: Path, sandbox: Sandbox) -> None:
    path = media.photograph(tmp_path)
    kind = detect_media_type(path.read_bytes()[:HEAD_SIZE])
    assert compute_in(sandbox, path, kind) == compute(path, kind)


def test_the_threshold_is_far_below_what_chance_gives() -> None:
    """Half of the bits of two unrelated pictures differ, give or take 8 were they independent."""
    assert DESCRIPTOR_THRESHOLD * HASH_BITS < 128 - 4 * 8
