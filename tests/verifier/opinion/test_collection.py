"""Manifests of several files: what is on the list is told, and nothing is opened or believed."""

import hashlib
import io
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.verifier.conftest import Check
from tests.verifier.reports import INCONCLUSIVE
from verifier.opinion.examine import examine
from verifier.opinion.result import Opinion

from .mint import CREATED, NOW, Mint, Signer, superbox
from .test_attacks import LISTS, PICTURE, SIGNER, failures

HASH = hashlib.sha256(PICTURE).digest()
Files = list[tuple[str, bytes]]
LISTED, NOT_LISTED = (f"assertion.collectionHash.{each}" for each in ("listed", "notListed"))


def in_order(files: Files) -> object:
    """As C2PA 2.2, 18.8.2, has it."""
    return [{"uri": name, "hash": digest} for name, digest in files]


def by_name(files: Files) -> object:
    """As c2pa-rs 0.91.3 has it."""
    return {name: {"hash": digest, "size": 1} for name, digest in files}


both_ways = pytest.mark.parametrize("said", [in_order, by_name])


def store(uris: object, signer: Signer = SIGNER, **more: object) -> bytes:
    value = {"uris": uris, "alg": "sha256"} | more
    said = {"c2pa.actions.v2": CREATED, "c2pa.hash.collection.data": value}
    return superbox(b"c2pa", "c2pa", Mint(signer, binding=False, assertions=said).manifest({}))


def opinion_of(sidecar: bytes, data: bytes = PICTURE) -> Opinion:
    return examine(io.BytesIO(data), LISTS, NOW, sidecar)


@both_ways
def test_whether_a_file_is_on_the_list_is_told_and_never_more(
    said: Callable[[Files], object],
) -> None:
    sidecar = store(said([("one.jpg", HASH), ("more/two%20.jpg", bytes(32))]))
    assert failures(opinion_of(sidecar)) == [LISTED]
    [check] = [c for c in opinion_of(sidecar).judgements[0].checks if c.code == LISTED]
    assert "a list of 2 files, which are not judged here" in check.about
    assert check.about.endswith("this one is on it, as “one.jpg”")
    assert failures(opinion_of(sidecar, PICTURE + b"!")) == [NOT_LISTED]


@both_ways
@pytest.mark.parametrize(
    "name",
    [
        *("../key", "a/../../key", "./one", "/etc/passwd", "https://example.org/x", "a//b"),
        *("..\\key", "%2e%2e/key", "C:\\key", "a/.."),
    ],
)
def test_no_name_leads_out_of_the_folder(said: Callable[[Files], object], name: str) -> None:
    found = failures(opinion_of(store(said([(name, HASH)]))))
    assert found == ["assertion.collectionHash.invalidURI"]


@pytest.mark.parametrize(
    "sidecar",
    [
        store([]),
        store({}),
        store(in_order([("a", HASH), ("a", bytes(32))])),
        store(in_order([("a", HASH)]), alg=None),
        store([{"uri": "a"}]),
        store([{"hash": HASH}]),
        store(in_order([("a", HASH)]), alg="md5"),
    ],
)
def test_a_list_that_is_none_fails(sidecar: bytes) -> None:
    [code] = failures(opinion_of(sidecar))
    assert code in ("assertion.collectionHash.malformed", "general.error")


@both_ways
def test_the_report_says_that_it_is_of_several_files(
    check: Check, tmp_path: Path, said: Callable[[Files], object]
) -> None:
    path = tmp_path / "one.jpg"
    path.write_bytes(PICTURE)
    path.with_name("one.jpg.c2pa").write_bytes(store(said([("one.jpg", HASH)])))
    report = check(path)
    assert report.conclusion.code == INCONCLUSIVE
    assert "this one is on it, as “one.jpg”" in report.findings[0].sentence


def test_of_an_archive_it_is_said_that_none_is_read_there(check: Check, tmp_path: Path) -> None:
    path = tmp_path / "book.epub"
    path.write_bytes(b"PK\x03\x04" + bytes(26) + store(in_order([("a", HASH)])))
    report = check(path)
    assert report.conclusion.code == INCONCLUSIVE
    assert "none is read in those" in report.findings[0].sentence
