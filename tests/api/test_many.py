"""Many files, verified by a process a core: the same answers, in the order of the files."""

import shutil
from copy import copy
from pathlib import Path

import pytest

from api.home import open_home
from api.many import verify_each
from api.services import Asked, Services
from ledger.errors import AssetError, FirsthandError
from verifier.media.sandbox import Sandbox
from verifier.report import Report

from .command import code_of, flip, main


def test_many_files_are_told_as_each_alone_and_in_their_order(
    services: Services, home: Path, photograph: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(home, "sign", photograph).code == 0
    signed = photograph.with_name("photograph.signed.jpg")
    changed = flip(Path(shutil.copy(signed, signed.with_name("changed.jpg"))), -100)
    missing, empty = photograph.with_name("missing.jpg"), photograph.with_name("empty.jpg")
    empty.touch()
    paths = [signed, missing, changed, photograph, empty] * 4
    asked = Asked(detect=False, keep=False)
    alone = list(verify_each(services, paths, asked))
    monkeypatch.setattr("api.many._MANY", 1)
    monkeypatch.setattr("api.many._AT_ONCE", 3)
    spread = list(verify_each(services, paths, asked))
    assert list(map(told, spread)) == list(map(told, alone))
    assert told(spread[0]) != told(spread[2])
    assert isinstance(spread[1], AssetError)


def test_services_sent_to_another_process_tell_no_more_than_these(
    home: Path, sandbox: Sandbox
) -> None:
    for tells in (True, False):
        sent = Services(open_home(home), sandbox, tells_private=tells)
        again = copy(sent)  # by what it is sent by
        assert again.ledger.tells_private is tells
        again.sandbox.close()


def told(found: Report | FirsthandError) -> object:
    """What a person is told."""
    return found.to_json() if isinstance(found, Report) else str(found)


def test_more_files_than_one_process_takes_are_verified_and_recalled(
    home: Path, photograph: Path
) -> None:
    assert main(home, "sign", photograph).code == 0
    signed = photograph.with_name("photograph.signed.jpg")
    copies = [Path(shutil.copy(signed, signed.with_name(f"{n}.jpg"))) for n in range(64)]
    ran = main(home, "verify", "--json", *copies)
    assert [each["file"] for each in ran.objects] == list(map(str, copies))
    assert {code_of(each) for each in ran.objects} == {"unchanged"}
    assert ran.code == 0
    copies[7].unlink()
    assert "64 verdicts, 0 changed, 1 could not be asked again" in main(home, "recall").err
    assert main(home, "verify", "--process-per-file", signed).code == 0
    assert main(home, "recall", "--process-per-file").code == 4
    for each in (signed, *copies):
        each.unlink(missing_ok=True)
    nothing = main(home, "recall", "--accept").err
    assert "65 verdicts, 0 changed, 65 could not be asked again" in nothing


def test_where_the_private_store_is_damaged_each_file_is_told_so(
    home: Path, photograph: Path
) -> None:
    assert main(home, "sign", photograph).code == 0
    (home / "private.sqlite").write_bytes(b"no database" * 1000)
    ran = main(home, "verify", "--json", photograph, photograph)
    assert [each["file"] for each in ran.objects] == [str(photograph)] * 2
    assert all("the database failed" in str(each["conclusion"]) for each in ran.objects)
