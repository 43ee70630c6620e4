"""Bindings box by box of PNG, GIF and RIFF: what each engine says where a box is not as it was."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from ledger.vocabulary import Outcome
from verifier import _c2pa
from verifier.agreement import AGREES, DIFFERS, MILDER, compare_opinions
from verifier.manifest import parse_reading
from verifier.opinion.coverage import Guard
from verifier.reading import Reading
from verifier.report import Step
from verifier.validation import manifest_findings

from .carriers import GIF, PNG, WEBP, Carrier, animation, chunk, picture, put_together
from .test_attacks import LISTS, SIGNER, failures, opinion_on

EXIF = b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0"
SOURCES = {
    PNG: picture("PNG", exif=EXIF),
    GIF: animation(),
    WEBP: picture("WEBP", exif=EXIF, lossless=True),
}
READ_BY_BOTH = (PNG, GIF)
ending = pytest.mark.parametrize("carrier", SOURCES, ids=lambda each: each.ending)
by_both = pytest.mark.parametrize("carrier", READ_BY_BOTH, ids=lambda each: each.ending)


def both(data: bytes, carrier: Carrier, folder: Path) -> tuple[str, Sequence[str], Outcome]:
    """Return what comes of both engines, the first one's failures, and what the bytes come to."""
    path = folder / f"suspect.{carrier.ending}"
    path.write_bytes(data)
    answer = Reading(str(path), None, carrier.media_type, dict(LISTS)).read()
    reading = parse_reading(answer, _c2pa.LIST_URI)
    assert reading.store is not None, reading.reason
    [found] = compare_opinions(reading)
    [bytes_found] = [e for e in manifest_findings(reading) if e.step is Step.HARD_BINDING]
    return found.code, reading.store.failures, bytes_found.outcome


@ending
def test_every_box_is_hashed_and_every_byte_that_is_changed_is_told(carrier: Carrier) -> None:
    source = SOURCES[carrier]
    data = put_together(carrier, source, SIGNER)
    opinion = opinion_on(data)
    assert failures(opinion) == []
    assert opinion.coverage is not None
    assert opinion.coverage.total(Guard.BOUND) == len(source)
    assert opinion.coverage.total(Guard.OPEN) == 0
    for name, part in carrier.parts(data):
        if name in ("caBX", "21FF", "C2PA") or len(part) < 14:
            continue
        at = data.index(part) + len(part) - 2
        changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        assert any("boxesHash" in code for code in failures(opinion_on(changed))), name


@by_both
def test_both_engines_pass_it_and_refuse_what_was_changed(carrier: Carrier, tmp_path: Path) -> None:
    data = put_together(carrier, SOURCES[carrier], SIGNER)
    assert both(data, carrier, tmp_path) == (AGREES, (), Outcome.PASSED)
    at = data.rindex(b"IDAT") + 8 if carrier is PNG else len(data) - 8
    changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
    code, engine, bytes_found = both(changed, carrier, tmp_path)
    assert (code, engine, bytes_found) == (
        AGREES,
        ("assertion.boxesHash.mismatch",),
        Outcome.FAILED,
    )


@by_both
def test_a_box_that_is_not_listed_is_told_though_the_first_engine_passes_it(
    carrier: Carrier, tmp_path: Path
) -> None:
    last = list(carrier.parts(SOURCES[carrier]))[-1][0]
    data = put_together(carrier, SOURCES[carrier], SIGNER, unlisted=[last])
    assert failures(opinion_on(data)) == ["assertion.boxesHash.unknownBox"]
    assert both(data, carrier, tmp_path)[:2] == (DIFFERS, ())


def test_boxes_in_another_order_or_fewer_of_them_are_a_mismatch(tmp_path: Path) -> None:
    parts = list(GIF.parts(data := put_together(GIF, SOURCES[GIF], SIGNER)))
    first, second = [at for at, (name, _) in enumerate(parts) if name == "2C"]
    swapped = [*parts]
    # Both pictures, each with its descriptor: by name, the boxes stand as they stood.
    swapped[first : first + 2], swapped[second : second + 2] = (
        parts[second : second + 2],
        parts[first : first + 2],
    )
    fewer = parts[:first] + parts[first + 2 :]
    moved = [*parts[:first], parts[second - 1], *parts[first : second - 1], *parts[second:]]
    for changed in (swapped, fewer, moved):
        made = b"".join(part for _, part in changed)
        assert made != data
        assert failures(opinion_on(made)) == ["assertion.boxesHash.mismatch"]
        code, engine, _ = both(made, GIF, tmp_path)
        assert (code, engine) == (AGREES, ("assertion.boxesHash.mismatch",))


@pytest.mark.parametrize(
    ("carrier", "name", "what"),
    [(PNG, "eXIf", "EXIF"), (GIF, "21FE", "a comment"), (WEBP, "EXIF", "EXIF")],
)
def test_metadata_may_be_left_out_and_is_told(carrier: Carrier, name: str, what: str) -> None:
    opinion = opinion_on(put_together(carrier, SOURCES[carrier], SIGNER, excluded=[name]))
    assert failures(opinion) == []
    assert opinion.coverage is not None
    [region] = [each for each in opinion.coverage.regions if each.guard is Guard.OPEN]
    assert region.what == what


@pytest.mark.parametrize(
    ("carrier", "name"), [(PNG, "IHDR"), (GIF, "LSD"), (GIF, "2C"), (GIF, "21F9"), (WEBP, "VP8L")]
)
def test_nothing_else_may_be_left_out(carrier: Carrier, name: str) -> None:
    data = put_together(carrier, SOURCES[carrier], SIGNER, excluded=[name])
    assert failures(opinion_on(data)) == ["assertion.boxesHash.exclusionTooWide"]


@by_both
def test_what_lies_behind_the_picture_is_listed_or_open(carrier: Carrier, tmp_path: Path) -> None:
    """C2PA 2.2, 18.7.2; the first engine (0.91.3) knows no such box, and calls it a mismatch."""
    behind = b"Another picture."
    data = put_together(carrier, SOURCES[carrier], SIGNER, behind=behind, after=True)
    assert failures(opinion_on(data)) == []
    # Nobody is accused of a change on the word of one engine, and nobody is believed.
    assert both(data, carrier, tmp_path)[::2] == (MILDER, Outcome.NOT_CHECKED)
    for changed in (data[:-1] + b"!", data[:-1], data + b"!"):
        assert failures(opinion_on(changed)) == ["assertion.boxesHash.mismatch"]
        assert both(changed, carrier, tmp_path)[::2] == (AGREES, Outcome.FAILED)
    loose = opinion_on(put_together(carrier, SOURCES[carrier], SIGNER, behind=behind))
    assert failures(loose) == []
    assert loose.coverage is not None
    assert loose.coverage.total(Guard.OPEN) == len(behind)


def test_no_other_box_has_the_name_of_the_manifests() -> None:
    """So that nothing is left out of the hash by what it is called."""
    at = len(b"".join(part for _, part in list(PNG.parts(SOURCES[PNG]))[:3]))
    source = SOURCES[PNG][:at] + chunk(b"C2PA", b"A picture.") + SOURCES[PNG][at:]
    assert failures(opinion_on(put_together(PNG, source, SIGNER))) == ["general.error"]


def test_of_an_old_list_without_the_beginning_of_a_png_nothing_is_missing() -> None:
    data = put_together(PNG, SOURCES[PNG], SIGNER, unlisted=["PNGh"])
    assert failures(opinion_on(data)) == []


def test_a_comment_whose_cutting_is_left_open_is_no_comment() -> None:
    """A data hash that leaves out a part of a GIF's comment leaves out where it ends, too."""
    from verifier.opinion.source import Source
    from verifier.opinion.units import name_open

    source = SOURCES[GIF]
    start = source.index(b"\x21\xfe")
    end = source.index(b"\x00", start) + 1

    def allowed(*place: int) -> list[bool]:
        import io

        return [each for _, each in name_open(Source(io.BytesIO(source)), [(place[0], place[1])])]

    assert allowed(start, end) == [True]
    assert allowed(start + 4, end - 1) == [False]
