"""Files of two parts, each with a hash of its own, and what was done to one of them."""

import hashlib
from pathlib import Path

import pytest

from ledger.vocabulary import Outcome
from verifier import _c2pa
from verifier.agreement import AGREES, NOT_CHECKED, compare_opinions
from verifier.manifest import parse_reading
from verifier.opinion.coverage import Guard
from verifier.reading import Reading
from verifier.report import Step
from verifier.validation import manifest_findings

from . import mint
from .carriers import entry
from .mint import CREATED, Mint, Signer, hashed
from .test_attacks import LISTS, PICTURE, SIGNER, both, failures, opinion_on
from .test_boxes import boxes

FILM = b"Not a picture, but a film of some seconds." * 8
PARTS, WHOLE = "c2pa.hash.multi-asset", "c2pa.hash.data"


def in_parts(
    second: bytes = FILM,
    *,
    optional: bool = True,
    kind: str = "data",
    starts: int = 0,
    ends: int = 0,
    twice: bool = False,
    other: bytes | None = None,
    picture: bytes = PICTURE,
    signer: Signer = SIGNER,
) -> bytes:
    """Sign a picture with something behind it.

    kind: of the second part's hash. starts, ends: by how much the second part is said to start and
    end later than it does. twice: two assertions say which parts there are. other: what the second
    part's hash is over instead.
    """
    made, length = b"", 0
    for _ in range(4):  # until the length that the manifest names is its own
        kept = picture
        excluded = [{"start": 2, "length": length}]
        end = len(picture) + length

        def data_hash(data: bytes, exclusions: list[dict[str, int]]) -> dict[str, object]:
            digest = hashlib.sha256(data).digest()
            said = {"name": "a part", "alg": "sha256", "hash": digest, "pad": b""}
            return {**said, "exclusions": exclusions} if exclusions else {**said}

        over = second if other is None else other
        of_second: object = data_hash(over, [])
        if kind == "boxes":
            of_second = {"alg": "sha256", "boxes": [entry([n], part) for n, part in boxes(over)]}
        first_label, second_label = "c2pa.hash.data.part", f"c2pa.hash.{kind}.part__2"
        said: dict[str, object] = {
            "c2pa.actions.v2": CREATED,
            WHOLE: data_hash(kept + second, excluded),
            first_label: data_hash(kept, excluded),
            second_label: of_second,
        }
        links = {
            label: hashed(label, mint.assertion(label, said[label]))
            for label in (first_label, second_label)
        }
        place = {"byteOffset": end + starts, "length": len(second) - starts + ends}
        parts: list[dict[str, object]] = [
            {"location": {"byteOffset": 0, "length": end}, "hashAssertion": links[first_label]},
            {"location": place, "hashAssertion": links[second_label], "optional": optional},
        ]
        said[PARTS] = {"parts": parts}
        if twice:
            said[f"{PARTS}__1"] = {"parts": parts}
        made = Mint(signer, binding=False, assertions=said).into(picture) + second
        length = len(made) - len(second) - len(picture)
    return made


def outcome(data: bytes, folder: Path) -> tuple[str, Outcome, str]:
    """Return what comes of both engines, and what is said of the bytes."""
    path = folder / "suspect.jpg"
    path.write_bytes(data)
    answer = Reading(str(path), None, "image/jpeg", dict(LISTS)).read()
    reading = parse_reading(answer, _c2pa.LIST_URI)
    [found] = compare_opinions(reading)
    [of_bytes] = [e for e in manifest_findings(reading) if e.step is Step.HARD_BINDING]
    return found.code, of_bytes.outcome, of_bytes.code


@pytest.mark.parametrize("kind", ["data", "boxes"])
def test_the_whole_file_passes_with_both(tmp_path: Path, kind: str) -> None:
    data = in_parts(PICTURE if kind == "boxes" else FILM, kind=kind)
    assert failures(opinion_on(data)) == []
    assert both(data, tmp_path) == (AGREES, [])


def test_a_part_that_may_be_left_out_is_told_and_nobody_is_accused(tmp_path: Path) -> None:
    """C2PA 2.2, 15.12.4: valid; the first engine (0.91.3) knows no parts, and calls it changed."""
    data = in_parts()[: -len(FILM)]
    opinion = opinion_on(data)
    assert failures(opinion) == ["assertion.multiAssetHash.partLeftOut"]
    assert opinion.coverage is not None
    assert opinion.coverage.total(Guard.BOUND) == len(PICTURE)
    assert outcome(data, tmp_path) == (
        *(NOT_CHECKED, Outcome.NOT_CHECKED),
        "assertion.multiAssetHash.partLeftOut",
    )


def test_a_part_that_may_not_be_left_out_is_missing(tmp_path: Path) -> None:
    data = in_parts(optional=False)[: -len(FILM)]
    assert failures(opinion_on(data)) == ["assertion.multiAssetHash.missingPart"]
    assert outcome(data, tmp_path)[:2] == (AGREES, Outcome.FAILED)


@pytest.mark.parametrize("at", [-1, -len(FILM) - 20], ids=["second", "first"])
@pytest.mark.parametrize("optional", [True, False])
def test_a_byte_that_is_changed_in_either_part_is_told(
    tmp_path: Path, at: int, *, optional: bool
) -> None:
    data = in_parts(optional=optional)
    at %= len(data)
    changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
    assert failures(opinion_on(changed)) == ["assertion.multiAssetHash.mismatch"]
    assert outcome(changed, tmp_path)[:2] == (AGREES, Outcome.FAILED)


def test_a_picture_behind_the_picture_is_held_against_its_boxes() -> None:
    data = in_parts(PICTURE, kind="boxes")
    assert failures(opinion_on(data[: -len(PICTURE)])) == ["assertion.multiAssetHash.partLeftOut"]
    changed = data[:-20] + bytes([data[-20] ^ 1]) + data[-19:]
    assert failures(opinion_on(changed)) == ["assertion.multiAssetHash.mismatch"]


@pytest.mark.parametrize(
    "changed",
    [
        in_parts()[:-1],  # cut off within a part
        in_parts() + b"more",
        in_parts()[: -len(FILM)] + FILM + FILM,  # a part twice
        in_parts()[: -len(FILM)] + b"Another film.",  # another in its place
        in_parts(starts=4) + b"!",  # a gap
        in_parts(starts=-4) + b"!",  # one over the other
        in_parts(ends=4) + b"!",
        in_parts(twice=True) + b"!",
    ],
)
def test_parts_that_do_not_cover_the_file_say_nothing_of_it(changed: bytes, tmp_path: Path) -> None:
    assert failures(opinion_on(changed)) == ["assertion.multiAssetHash.malformed"]
    assert outcome(changed, tmp_path)[:2] == (AGREES, Outcome.FAILED)


def test_a_part_whose_hash_is_of_something_else_is_refused() -> None:
    data = in_parts(other=b"Another film.")
    assert failures(opinion_on(data + b"!")) == ["assertion.multiAssetHash.malformed"]
    longer = in_parts(other=FILM + b"!")
    assert failures(opinion_on(longer[:-1] + b"?")) == ["assertion.multiAssetHash.mismatch"]
