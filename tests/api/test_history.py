"""`firsthand log history`: the custody chain of one asset, as a court follows it by hand."""

import os
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from api.home import open_home
from api.services import Services
from ledger.chain import LinkState
from ledger.entry import Correction, format_entry
from ledger.vocabulary import Digest, digest_of, parse_digest
from tests import media

from .command import code_of, firsthand, main, verify

# docs/formats/entry.md, "Following a chain by hand": nothing of ours but what `prove` wrote.
BY_HAND = """
(printf '\\000'; sed -n 's/^extra //p' "$PROOF" | base64 -d) | sha256sum | cut -d' ' -f1
"""


@pytest.fixture(scope="module")
def made(empty_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a home whose entries 0 to 3 are about the note: copy it."""
    folder = tmp_path_factory.mktemp("history")
    home = Path(shutil.copytree(empty_home, folder / "home"))
    note = folder / "note.txt"
    note.write_text("A caption, by hand.\n")
    main(home, "record", note)
    receiver = str(digest_of(b"the court's key"))
    main(home, "log", "correct", "0", "--note", "Taken in Bonn.\x1b[31m")
    main(home, "log", "hand", "0", "--receiver", receiver)
    main(home, "log", "erase", "0", "--reason", "Asked to.")
    return home


@pytest.fixture
def kept(made: Path, home: Path) -> Path:
    shutil.rmtree(home)
    return Path(shutil.copytree(made, home))


def enter(home: Path, services: Services, subject: Digest, previous: Digest | None) -> int:
    """Enter, with the home's own key, a correction that names what it likes."""
    statement = Correction(subject=subject, time=1 << 52, previous=previous, note="Named so.")
    [index] = services.log.append([format_entry(statement, open_home(home).registrar())])
    return index


def test_it_prints_who_said_what_when_and_that_each_link_holds(kept: Path, note: Path) -> None:
    ran = main(kept, "log", "history", "0")
    assert ran.code == 0
    lines = ran.out.splitlines()
    subject = str(digest_of(note.read_bytes()))
    key = (kept / "registrars" / "self.pub").read_text().strip()
    assert lines[0] == subject
    entries = [line.split()[1:3] for line in lines if line.startswith("entry ")]
    assert entries == [
        *(["0", "registration,"], ["1", "correction,"], ["2", "custody,"], ["3", "erasure,"])
    ]
    assert sum(f"by {key} (known)" in line for line in lines) == 4
    assert sum("✓" in line for line in lines) == 4
    assert str(datetime.now(UTC).year) in lines[1]
    for said in ("text/plain, 20 bytes", "Taken in Bonn.", "the first about it", "Asked to."):
        assert said in ran.out
    assert "tree size 4" in ran.err
    assert main(kept, "log", "history", note).out == ran.out
    assert main(kept, "log", "history", "3").out == ran.out


def test_each_object_names_the_leaf_hash_of_the_one_before(kept: Path) -> None:
    objects = main(kept, "log", "history", "0", "--json").objects
    assert [each["index"] for each in objects] == [0, 1, 2, 3]
    assert [each["previous"] for each in objects] == [None, *(o["leaf"] for o in objects[:3])]
    assert [each["link"] for each in objects] == ["first", "holds", "holds", "holds"]
    assert [each["named"] for each in objects] == [None, 0, 1, 2]
    assert [each["kind"] for each in objects] == [
        *("registration", "correction", "custody", "erasure")
    ]
    assert all(each["known"] for each in objects)
    assert objects[2]["receiver"] == str(digest_of(b"the court's key"))


def test_a_court_follows_it_with_sha256sum_alone(kept: Path, tmp_path: Path) -> None:
    objects = main(kept, "log", "history", "0", "--json").objects
    for each in objects:
        proof = tmp_path / "proof"
        main(kept, "log", "prove", str(each["index"]), "-o", proof)
        done = subprocess.run(
            ["/bin/sh", "-ec", BY_HAND],
            env=os.environ | {"PROOF": str(proof)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert f"sha256:{done.stdout.strip()}" == each["leaf"]
    document = Path(__file__).parents[2] / "docs" / "formats" / "entry.md"
    pipeline = BY_HAND.strip().replace('"$PROOF"', "proof")
    assert pipeline in document.read_text("utf-8")


def test_a_fork_is_said_and_a_broken_link_is_not_met(
    kept: Path, note: Path, services: Services
) -> None:
    subject = digest_of(note.read_bytes())
    leaves = [
        parse_digest(each["leaf"]) for each in main(kept, "log", "history", "0", "--json").objects
    ]
    fork = enter(kept, services, subject, leaves[1])
    ran = main(kept, "log", "history", note)
    assert ran.code == 0
    assert "? it names entry 1, as if entry 3 were not there" in ran.out
    assert f"{1 << 52} s after 1970" in ran.out
    assert main(kept, "log", "fsck").code == 0
    assert code_of(verify(kept, note)[0]) == "unchanged"

    broken = enter(kept, services, subject, Digest(bytes(32)))
    ran = main(kept, "log", "history", note)
    assert ran.code == 1
    assert "✗ it names what is no earlier entry about it in this log" in ran.out
    objects = main(kept, "log", "history", note, "--json").objects
    assert [each["link"] for each in objects[-2:]] == [LinkState.FORKS, LinkState.BROKEN]
    assert [each["index"] for each in objects[-2:]] == [fork, broken]
    ran = main(kept, "log", "fsck", "--json")
    assert ran.code == 1
    [found] = ran.objects
    assert (found["where"], found["entry"]) == ("custody chain", broken)
    ran = main(kept, "verify", "--json", note)
    assert (ran.code, code_of(ran.objects[0])) == (4, "inconclusive")


def test_what_was_signed_is_found_by_the_file_that_it_was_made_of(
    home: Path, photograph: Path
) -> None:
    main(home, "sign", photograph)
    main(home, "log", "correct", "0", "--note", "A rocket.")
    ran = main(home, "log", "history", photograph)
    assert ran.code == 0
    assert (
        ran.out == main(home, "log", "history", photograph.with_name("photograph.signed.jpg")).out
    )
    assert ran.out.count("entry ") == 3  # two, and one that is named


def test_a_source_of_two_signed_files_has_both_their_chains(home: Path, folder: Path) -> None:
    photograph = media.photograph(folder)
    for name in ("one", "two"):
        assert main(home, "sign", photograph, "-o", folder / name).code == 0
    objects = main(home, "log", "history", photograph, "--json").objects
    assert [(each["index"], each["link"]) for each in objects] == [(0, "first"), (1, "first")]
    assert len({each["subject"] for each in objects}) == 2


def test_the_chain_of_a_key_is_followed_too(home: Path, note: Path) -> None:
    main(home, "record", note)
    for reason in ("Stolen.", "Stolen earlier."):
        main(home, "log", "revoke", "0", "--since", "2120-01-01", "--reason", reason)
    objects = main(home, "log", "history", "2", "--json").objects
    assert [(each["index"], each["link"]) for each in objects] == [(1, "first"), (2, "holds")]
    assert "void since 2120-01-01" in main(home, "log", "history", "2").out


def test_what_the_log_does_not_know_is_unknown(kept: Path, tmp_path: Path) -> None:
    stranger = tmp_path / "7"
    stranger.write_text("A file that is named like an entry.")
    for about in ("99", stranger, "9" * 19):
        ran = main(kept, "log", "history", about)
        assert (ran.code, ran.out) == (3, "")
        assert ran.complaint
    assert main(kept, "log", "history", tmp_path / "missing").code == 2


def test_a_changed_entry_is_never_followed(kept: Path) -> None:
    [bundle] = (kept / "log" / "tile" / "entries").rglob("4")
    data = bytearray(bundle.read_bytes())
    data[300] ^= 1
    bundle.write_bytes(data)
    ran = firsthand(kept, "log", "history", "0")
    assert (ran.code, ran.out) == (4, "")
    assert "do not lead to the checkpoint" in ran.complaint
