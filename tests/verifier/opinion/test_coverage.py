"""What a signature protects, byte by byte: held against a slow drawing, and against the engine."""

import hashlib
import io
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ledger.errors import FormatError
from ledger.vocabulary import Outcome
from signer import DevelopmentChain
from tests.verifier.conftest import EMBEDDED, Check, sign
from tests.verifier.reports import INCONCLUSIVE, UNCHANGED, finding
from verifier.opinion.coverage import (
    Coverage,
    Guard,
    Region,
    draw,
    format_coverage,
    parse_coverage,
    placed,
)
from verifier.opinion.examine import examine
from verifier.opinion.result import Opinion
from verifier.opinion.store import parse_store
from verifier.report import Report, Step
from verifier.trust import TrustList

from . import mint
from .mint import NOW, Mint
from .test_attacks import PICTURE, ROOT, SIGNER, both, failures, opinion_on, update_of

SIZE = 40
guards = st.sampled_from(list(Guard))


@st.composite
def layers(draw_from: st.DrawFn) -> list[Region]:
    """Some regions in order, apart from one another; they may reach beyond the file."""
    places = sorted(draw_from(st.sets(st.integers(0, SIZE + 10), max_size=8)))
    pairs = zip(places[::2], places[1::2], strict=False)
    return [Region(*pair, draw_from(guards), draw_from(st.sampled_from("ab"))) for pair in pairs]


def each_byte(coverage: Coverage) -> list[tuple[Guard, str]]:
    return [
        (each.guard, each.what) for each in coverage.regions for _ in range(each.start, each.end)
    ]


@given(st.lists(layers(), max_size=4), layers())
def test_a_map_is_what_painting_byte_by_byte_gives(
    drawn: list[list[Region]], bound: list[Region]
) -> None:
    ranges = [(each.start, each.end) for each in bound]
    painted = [(Guard.OPEN, "bytes without a name")] * SIZE
    for layer in [*drawn, [Region(*each, Guard.BOUND, "content") for each in ranges]]:
        for region in layer:
            for at in range(region.start, min(region.end, SIZE)):
                painted[at] = region.guard, region.what
    coverage = draw(SIZE, drawn, ranges)
    assert each_byte(coverage) == painted
    assert parse_coverage(format_coverage(coverage)) == coverage
    assert sum(map(coverage.total, Guard)) == SIZE


@given(layers(), st.lists(st.integers(1, 9), min_size=1, max_size=8))
def test_parts_of_a_store_lie_where_its_pieces_do(parts: list[Region], lengths: list[int]) -> None:
    pieces, at = [], 3
    for length in lengths:
        pieces.append((at, at + length))
        at += length + 2
    places = [place for start, end in pieces for place in range(start, end)]
    expected = {
        places[offset]: (part.guard, part.what)
        for part in parts
        for offset in range(part.start, min(part.end, len(places)))
    }
    found = {
        at: (each.guard, each.what)
        for each in placed(parts, pieces)
        for at in range(each.start, each.end)
    }
    assert found == expected


@pytest.mark.parametrize(
    "value",
    [
        [],
        [5, []],
        [5, [[0, 4, "bound", "content"]]],
        [5, [[0, 2, "bound", "content"], [3, 5, "bound", "content"]]],
        [5, [[0, 5, "guarded", "content"]]],
        [5, [[0, 5, "bound", 7]]],
        [0, [[0, 0, "open", ""]]],
    ],
)
def test_a_map_with_a_gap_or_of_another_shape_is_refused(value: object) -> None:
    with pytest.raises((FormatError, ValueError)):
        parse_coverage(value)


def whole(opinion: Opinion) -> bool:
    """Whether nothing but the signer's list has anything against it."""
    return not opinion.reason and set(failures(opinion)) <= {"signingCredential.untrusted"}


@pytest.mark.parametrize("ending", EMBEDDED)
def test_what_is_called_protected_is_in_every_format(
    files: dict[str, Path], chain: DevelopmentChain, tmp_path: Path, ending: str
) -> None:
    """A flipped byte of it is seen; and nearly all of the file is."""
    data = sign(files[ending], tmp_path / f"signed.{ending}", chain).path.read_bytes()
    opinion = examine(io.BytesIO(data), {}, NOW)
    assert whole(opinion)
    assert opinion.coverage is not None
    assert opinion.coverage.size == len(data)
    assert opinion.coverage.total(Guard.OPEN) < 200
    assert opinion.coverage.total(Guard.BOUND) >= len(files[ending].read_bytes()) * 0.99 - 200
    named = {each.what for each in opinion.coverage.regions}
    assert {"claim", "claim signature", "padding of the claim signature"} <= named
    chance = Random(ending)
    for region in opinion.coverage.regions:
        if region.guard in (Guard.BOUND, Guard.SIGNED):
            at = chance.randrange(region.start, region.end)
            changed = data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]
            assert not whole(examine(io.BytesIO(changed), {}, NOW)), (at, region)


def with_exif() -> tuple[bytes, int, int]:
    """Return a picture with EXIF, and where in it that segment starts and ends."""
    exif = Image.Exif()
    exif[0x010E] = "a caption that the signer does not answer for"
    stream = io.BytesIO()
    Image.linear_gradient("L").resize((16, 16)).save(stream, "JPEG", quality=20, exif=exif)
    data = stream.getvalue()
    at = data.index(b"\xff\xe1")
    return data, at, at + 2 + int.from_bytes(data[at + 2 : at + 4])


PHOTO, EXIF, EXIF_END = with_exif()


def leaving_out(start: int, end: int) -> bytes:
    """Sign the photograph but for the manifest, and bytes of it from `start` to `end`."""
    made = Mint(SIGNER, excludes=lambda at, size: [(at, size), (start + size, end - start)])
    return made.into(PHOTO)


LEFT_OUT = {
    "the whole segment": (EXIF, EXIF_END),
    "what the segment holds": (EXIF + 4, EXIF_END),
    "a part of what it holds": (EXIF + 20, EXIF_END - 10),
}


def check_minted(check: Check, data: bytes, folder: Path) -> Report:
    path = folder / "suspect.jpg"
    path.write_bytes(data)
    return check(path, lists=[TrustList("A list", ROOT.pem())])


@pytest.mark.parametrize("name", LEFT_OUT)
def test_metadata_may_be_left_out_as_some_cameras_do_and_are_said_to_be(
    check: Check, tmp_path: Path, name: str
) -> None:
    start, end = LEFT_OUT[name]
    data = leaving_out(start, end)
    other = data.replace(b"a caption that the", b"another caption, a", 1)
    for each in (data, other):
        report = check_minted(check, each, tmp_path)
        assert report.conclusion.code == UNCHANGED
        outcome, sentence = finding(report, Step.COVERAGE)
        assert outcome is Outcome.NOT_CHECKED
        assert f"{end - start} bytes, " in sentence
        assert f"are not protected by the signature: EXIF ({end - start})." in sentence
        [open_] = [each for each in report.uncovered or () if each.what == "EXIF"]
        size = len(each) - len(PHOTO)
        assert open_.bytes == (start + size, end + size)


def test_what_is_no_metadata_in_the_place_of_metadata_is_refused() -> None:
    """Where all of a segment is left out, another one may stand there: with another picture."""
    data = leaving_out(EXIF, EXIF_END)
    at = data.index(b"\xff\xe1")
    length = EXIF_END - EXIF
    table = b"\xff\xdb" + (length - 2).to_bytes(2) + bytes(length - 4)
    longer = data[: at + 2] + (length + 20).to_bytes(2) + data[at + 4 :]
    for changed in (data[:at] + table + data[at + length :], longer):
        assert failures(opinion_on(changed)) == ["assertion.dataHash.exclusionTooWide"]


@pytest.mark.parametrize("past", [(EXIF - 1, EXIF_END), (EXIF, EXIF_END + 1), (EXIF, EXIF_END - 1)])
def test_a_header_is_left_out_with_the_whole_of_its_metadata_or_not_at_all(
    past: tuple[int, int],
) -> None:
    assert failures(opinion_on(leaving_out(*past))) == ["assertion.dataHash.exclusionTooWide"]


def test_one_range_over_manifest_and_picture_is_inconclusive_and_not_altered(
    check: Check, tmp_path: Path
) -> None:
    """As some press photographs of 2023 have it: C2PA rejects them, yet no byte was changed."""
    made = Mint(SIGNER, excludes=lambda at, size: [(0, at + size)])
    report = check_minted(check, made.into(PHOTO), tmp_path)
    assert report.conclusion.code == INCONCLUSIVE
    changed = bytearray(made.into(PHOTO))
    changed[-20] ^= 1
    assert (
        "not those that"
        in finding(check_minted(check, bytes(changed), tmp_path), Step.HARD_BINDING)[1]
    )


def test_a_manifest_that_nothing_rests_on_is_open() -> None:
    """Whoever adds one hides what he likes in it: no claim says that it is there."""
    stowaway = replace(Mint(SIGNER), label="urn:c2pa:00000000-0000-4000-8000-000000000009")
    data = Mint(SIGNER).into(PICTURE, [stowaway.manifest({})])
    coverage = opinion_on(data).coverage
    assert coverage is not None
    [region] = [each for each in coverage.regions if each.guard is Guard.OPEN]
    assert region.what == "a manifest that nothing rests on"


def test_hashes_of_parts_come_beside_the_one_hard_binding() -> None:
    """Photographs of some cameras hold several pictures, and a hash of each (C2PA 2.2, 18.9)."""
    parts = {"c2pa.hash.multi-asset": {"parts": []}, "c2pa.actions.v2": mint.CREATED}
    data = Mint(SIGNER, assertions=parts).into(PICTURE)
    assert failures(opinion_on(data)) == []
    changed = data[:-20] + bytes([data[-20] ^ 1]) + data[-19:]
    assert failures(opinion_on(changed)) == ["assertion.multiAssetHash.malformed"]


def test_a_claim_alone_stands_for_an_ingredients_manifest_in_old_claims_only() -> None:
    """Before C2PA 1.3 that was the rule: the first files that anybody published have it."""
    for version, expected in ((1, []), (2, ["ingredient.manifest.mismatch"])):
        parent = Mint(SIGNER, version)
        first = parent.manifest({})
        [read] = parse_store(mint.superbox(b"c2pa", "c2pa", first))
        link = {
            "url": f"self#jumbf=/c2pa/{parent.label}",
            "hash": hashlib.sha256(read.claim).digest(),
        }
        name = "c2pa_manifest" if version == 1 else "activeManifest"
        label = "c2pa.ingredient" if version == 1 else "c2pa.ingredient.v3"
        child = Mint(
            SIGNER,
            version,
            label="urn:c2pa:00000000-0000-4000-8000-000000000002",
            assertions={
                "c2pa.actions.v2": mint.CREATED,
                label: {"relationship": "componentOf", name: link},
            },
        )
        assert failures(opinion_on(child.into(PICTURE, [first]))) == expected


def test_an_update_moves_what_is_left_out_behind_its_store(tmp_path: Path) -> None:
    parent = Mint(SIGNER, excludes=lambda at, size: [(at, size), (EXIF + size, EXIF_END - EXIF)])
    length = len(parent.into(PHOTO)) - len(PHOTO)
    first = parent.manifest(parent._bound(PHOTO, length))
    made = update_of(first).into(PHOTO, [first])
    assert failures(opinion_on(made)) == []
    assert both(made, tmp_path)[1] == []
    coverage = opinion_on(made).coverage
    assert coverage is not None
    assert [each.what for each in coverage.regions if each.guard is Guard.OPEN] == ["EXIF"]


def test_nothing_is_called_protected_by_what_was_not_signed() -> None:
    data = Mint(SIGNER).into(PICTURE)
    assert opinion_on(data).coverage is not None
    for changed in (
        data.replace(b"xmp:iid:1", b"xmp:iid:2"),
        data.replace(b"digitalCapture", b"digitalcapture"),
    ):
        assert opinion_on(changed).coverage is None
