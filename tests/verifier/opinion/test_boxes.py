"""Bindings box by box: as the first engine has them, and where a box may not be left out."""

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from verifier.agreement import AGREES, DIFFERS
from verifier.opinion.coverage import Guard

from .mint import CREATED, Mint, Signer
from .test_attacks import PICTURE, SIGNER, both, failures, opinion_on
from .test_coverage import EXIF, EXIF_END, PHOTO

SYMBOLS = {0xC0: "SOF0", 0xC2: "SOF2", 0xC4: "DHT", 0xDB: "DQT", 0xDD: "DRI"}


def boxes(picture: bytes) -> Iterator[tuple[str, bytes]]:
    """Cut a JPEG into its boxes, by hand."""
    yield "SOI", picture[:2]
    at = 2
    while picture[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(picture[at + 2 : at + 4])
        marker = picture[at + 1]
        name = f"APP{marker - 0xE0}" if 0xE0 <= marker <= 0xEF else SYMBOLS[marker]
        yield name, picture[at:end]
        at = end
    name, start = "SOS", at
    for place in range(at + 2, len(picture) - 1):
        if picture[place] == 0xFF and 0xD0 <= picture[place + 1] <= 0xD7:
            yield name, picture[start:place]
            name, start = f"RST{picture[place + 1] - 0xD0}", place
    yield name, picture[start:-2]
    yield "EOI", picture[-2:]


def bound(picture: bytes, *excluded: str) -> bytes:
    """Sign a JPEG box by box, but for some."""
    return mint_of(picture, *excluded).into(picture)


def mint_of(picture: bytes, *excluded: str, signer: Signer = SIGNER) -> Mint:
    """Return what binds a JPEG box by box, but for some."""
    listed: list[dict[str, object]] = [
        {"names": [name], "hash": hashlib.sha256(data).digest(), "pad": b"", "excluded": True}
        if name in excluded
        else {"names": [name], "hash": hashlib.sha256(data).digest(), "pad": b""}
        for name, data in boxes(picture)
    ]
    listed.insert(1, {"names": ["C2PA"], "hash": b"\x00", "pad": b""})
    value = {"boxes": listed, "alg": "sha256"}
    said = {"c2pa.actions.v2": CREATED, "c2pa.hash.boxes": value}
    return Mint(signer, binding=False, assertions=said)


def restarting() -> bytes:
    """Return a JPEG whose scan has restart markers."""
    stream = io.BytesIO()
    picture = Image.linear_gradient("L").resize((64, 64))
    picture.save(stream, "JPEG", quality=20, restart_marker_blocks=8)
    return stream.getvalue()


@pytest.mark.parametrize("picture", [PICTURE, PHOTO], ids=["plain", "with EXIF"])
def test_both_engines_pass_a_picture_that_is_bound_box_by_box(
    tmp_path: Path, picture: bytes
) -> None:
    data = bound(picture)
    assert failures(opinion_on(data)) == []
    assert both(data, tmp_path) == (AGREES, [])
    coverage = opinion_on(data).coverage
    assert coverage is not None
    assert coverage.total(Guard.OPEN) == 0
    assert coverage.total(Guard.BOUND) == len(picture)
    changed = data[:-20] + bytes([data[-20] ^ 1]) + data[-19:]
    assert failures(opinion_on(changed)) == ["assertion.boxesHash.mismatch"]
    assert both(changed, tmp_path)[0] == AGREES


def test_the_parts_of_a_scan_are_boxes_of_their_own() -> None:
    """C2PA 2.2, 18.7.3.1; the first engine (0.91.3) measures them otherwise, and refuses it."""
    data = bound(restarting())
    assert failures(opinion_on(data)) == []
    changed = data.replace(b"\xff\xd5", b"\xff\xd6")
    assert failures(opinion_on(changed)) == ["assertion.boxesHash.unknownBox"]


def test_a_box_more_or_less_or_elsewhere_is_told() -> None:
    data = bound(PHOTO)
    start = data.index(b"\xff\xe0")
    app0 = data[start : start + 18]
    for changed, code in (
        (data[:start] + app0 + data[start:], "unknownBox"),
        (data[:start] + data[start + 18 :], "mismatch"),
        (data.replace(app0, b"").replace(b"\xff\xdb", app0 + b"\xff\xdb", 1), "mismatch"),
    ):
        assert failures(opinion_on(changed)) == [f"assertion.boxesHash.{code}"]


def test_metadata_are_left_out_and_said_to_be_and_no_other_box_is() -> None:
    data = bound(PHOTO, "APP1")
    assert failures(opinion_on(data)) == []
    coverage = opinion_on(data).coverage
    assert coverage is not None
    [region] = [each for each in coverage.regions if each.guard is Guard.OPEN]
    assert (region.what, region.end - region.start) == ("EXIF", EXIF_END - EXIF)
    for name in ("DQT", "SOS"):
        assert failures(opinion_on(bound(PHOTO, name))) == ["assertion.boxesHash.exclusionTooWide"]


def test_bytes_behind_the_picture_are_in_no_box_and_open(tmp_path: Path) -> None:
    data = bound(PICTURE) + b"something hidden"
    coverage = opinion_on(data).coverage
    assert coverage is not None
    assert coverage.total(Guard.OPEN) == 16
    assert both(data, tmp_path)[0] in (AGREES, DIFFERS, "")
