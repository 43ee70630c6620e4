"""Bad input: one line that says what to do, the right exit code, and nothing half-written."""

import json
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import media

from .command import code_of, firsthand, flip, main, tree, verify

Make = Callable[[Path], Path]

HOSTILE_NAME = "a\nb\x1b[31mred\x07\u202egnp.\x9b2J<b>.jpg"
HOSTILE_TITLE = "t\x1b]0;owned\x07\u202e<script>alert(1)</script>"


def _empty(folder: Path) -> Path:
    path = folder / "empty.jpg"
    path.touch()
    return path


def _truncated(make: Make, name: str) -> Make:
    def cut(folder: Path) -> Path:
        whole = make(folder)
        path = folder / name
        path.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 5])
        whole.unlink()
        return path

    return cut


def _png(folder: Path) -> Path:
    return media.convert(media.photograph(folder), folder / "whole.png")


def _wrong_extension(folder: Path) -> Path:
    return media.photograph(folder).rename(folder / "photograph.png")


def _text_as_jpg(folder: Path) -> Path:
    path = folder / "note.jpg"
    path.write_text("This is no photograph.\n")
    return path


def _bomb(folder: Path) -> Path:
    """Return 20,000 by 20,000 pixels in half a megabyte."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        size, check = struct.pack(">I", len(data)), struct.pack(">I", zlib.crc32(kind + data))
        return size + kind + data + check

    rows = zlib.compress(bytes(20_000 * (1 + 3 * 20_000)), 1)
    header = struct.pack(">IIBBBBB", 20_000, 20_000, 8, 2, 0, 0, 0)
    path = folder / "bomb.png"
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + b"".join(chunk(b"IDAT", rows[at : at + 65536]) for at in range(0, len(rows), 65536))
        + chunk(b"IEND", b"")
    )
    return path


def _missing(folder: Path) -> Path:
    return folder / "missing.jpg"


def _folder(folder: Path) -> Path:
    path = folder / "holiday.jpg"
    path.mkdir()
    return path


def _fifo(folder: Path) -> Path:
    path = folder / "pipe.jpg"
    os.mkfifo(path)
    return path


def _dangling(folder: Path) -> Path:
    path = folder / "link.jpg"
    path.symlink_to(folder / "nowhere.jpg")
    return path


def _loop(folder: Path) -> Path:
    path = folder / "loop.jpg"
    path.symlink_to(path)
    return path


def _latin(folder: Path) -> Path:
    return media.photograph(folder).rename(os.fsdecode(os.fsencode(folder) + b"/k\xf6ln.jpg"))


# What the folder holds; what signing says of it (with exit code 2, or the one named), and what
# verifying exits with.
CASES: dict[str, tuple[Make, str, int, int]] = {
    "an empty file": (_empty, "give a file that holds something", 2, 4),
    "a truncated JPEG": (_truncated(media.photograph, "cut.jpg"), "cannot be decoded", 4, 4),
    "a truncated PNG": (_truncated(_png, "cut.png"), "cannot be decoded", 4, 4),
    "a truncated MP4": (_truncated(media.clip, "cut.mp4"), "cannot be decoded", 4, 4),
    "a wrong extension": (_wrong_extension, "rename it to end in .jpg", 2, 3),
    "a text file named .jpg": (_text_as_jpg, "rename it to end in .txt", 2, 3),
    "a picture of 20,000 by 20,000": (_bomb, "pixels", 4, 4),
    "a missing file": (_missing, "check the name", 2, 2),
    "a folder": (_folder, "name the files in it", 2, 2),
    "a pipe": (_fifo, "save it to a file first", 2, 2),
    "a link to nowhere": (_dangling, "check the name", 2, 2),
    "a link to itself": (_loop, "cannot be read", 2, 2),
    "a name in Latin-1": (_latin, "rename it", 2, 4),
}


@pytest.mark.parametrize("case", CASES)
def test_what_cannot_be_signed_is_said_in_a_line_and_nothing_is_written(
    home: Path, folder: Path, case: str
) -> None:
    make, words, code, _ = CASES[case]
    path = make(folder)
    size = len(tree(home / "log"))
    before = _state(folder)
    ran = main(home, "sign", path, "-o", folder / "out")
    assert words in ran.complaint
    assert (ran.code, ran.out) == (code, "")
    (folder / "out").rmdir()  # empty, or this fails
    ran = main(home, "record", path)
    assert words in ran.complaint
    assert (ran.code, ran.out) == (code, "")
    assert _state(folder) == before
    assert len(tree(home / "log")) == size


def _state(folder: Path) -> dict[str, tuple[int, int]]:
    found = {path.name: path.lstat() for path in folder.iterdir()}
    return {name: (state.st_size, state.st_mtime_ns) for name, state in found.items()}


@pytest.mark.parametrize("case", CASES)
def test_what_cannot_be_verified_is_said_and_never_a_crash(
    home: Path, folder: Path, case: str
) -> None:
    make, _, _, code = CASES[case]
    path = make(folder)
    before = _state(folder)
    ran = main(home, "verify", "--json", path)
    [report] = ran.objects
    assert ran.code == code
    assert os.fsencode(report["file"]) == os.fsencode(path)
    assert code_of(report) == ("unknown" if code == 3 else "inconclusive")
    if ran.err:
        assert ran.complaint
    assert _state(folder) == before


def test_a_bad_file_in_a_batch_costs_the_others_nothing(home: Path, folder: Path) -> None:
    good, bad = media.photograph(folder), _empty(folder)
    ran = main(home, "sign", "--json", bad, good, folder / "missing.jpg")
    assert ran.code == 5
    assert [("index" in each, "error" in each) for each in ran.objects] == [
        *((False, True), (True, False), (False, True))
    ]
    assert len(ran.err.splitlines()) == 2
    assert code_of(verify(home, folder / "photograph.signed.jpg")[0]) == "unchanged"


@pytest.mark.parametrize("place", ["a-file/out", "/proc/out", "/dev/null/out"])
def test_a_folder_that_cannot_be_written_is_said(home: Path, note: Path, place: str) -> None:
    (note.parent / "a-file").touch()
    before = tree(note.parent)
    ran = main(home, "sign", note, "-o", note.parent / place)
    assert ran.code == 2
    assert "name another folder with -o" in ran.complaint
    assert tree(note.parent) == before


def test_a_read_only_folder_that_exists_is_said(home: Path, note: Path) -> None:
    before = tree(note.parent)
    ran = main(home, "sign", note, "-o", "/proc/self")
    assert ran.code == 2
    assert "cannot be written" in ran.complaint
    assert tree(note.parent) == before
    assert main(home, "log", "fsck").err.startswith("Tree size 0: ")


def test_what_lies_at_the_output_is_never_replaced(home: Path, note: Path) -> None:
    there = note.with_name("note.signed.txt")
    for make in (lambda: there.write_text("mine"), there.mkdir, lambda: there.symlink_to("gone")):
        make()
        before = tree(note.parent)
        ran = main(home, "sign", note)
        assert ran.code == 2
        assert "already exists" in ran.complaint
        assert tree(note.parent) == before
        there.rmdir() if there.is_dir() else there.unlink()


def test_the_input_is_never_the_output(home: Path, photograph: Path) -> None:
    before = tree(photograph.parent)
    for how in ((), ("--resume",)):
        ran = main(home, "sign", photograph, "-o", photograph.parent, *how)
        assert ran.code == 2
        assert "exists" in ran.complaint
        assert tree(photograph.parent) == before
    assert main(home, "log", "fsck").err.startswith("Tree size 0: ")


def test_two_files_of_one_name_do_not_share_an_output(home: Path, note: Path) -> None:
    other = note.parent / "other" / "note.txt"
    other.parent.mkdir()
    other.write_text("Another caption.\n")
    out = note.parent / "out"
    ran = main(home, "sign", "--jobs", "2", note, other, "-o", out)
    assert ran.code == 5
    assert "exist" in ran.complaint
    assert sorted(path.name for path in out.iterdir()) == [
        *("note.txt", "note.txt.c2pa", "note.txt.tlog-proof")
    ]
    assert main(home, "log", "fsck").err.startswith("Tree size 1: ")


@pytest.mark.parametrize(
    "call",
    [
        *(("sign", "FILE"), ("record", "FILE"), ("verify", "FILE"), ("serve",)),
        *(("log", "fsck"), ("log", "prove", "0"), ("log", "withdraw", "0", "--reason", "x")),
    ],
    ids=" ".join,
)
def test_a_home_that_was_never_initialised_is_said(note: Path, call: tuple[str, ...]) -> None:
    before = tree(note.parent)
    nowhere = note.parent.parent / "nowhere"
    ran = main(nowhere, *(str(note) if each == "FILE" else each for each in call))
    assert (ran.code, ran.out) == (2, "")
    assert "run: firsthand init" in ran.complaint
    assert tree(note.parent) == before
    assert not nowhere.exists()


def test_a_changed_checkpoint_is_not_built_upon(home: Path, note: Path) -> None:
    published = home / "log" / "checkpoint"
    assert main(home, "record", note).code == 0
    checkpoint = published.read_bytes()
    text_and_first_signature = checkpoint[: checkpoint.index("\n— ".encode()) + 100]
    for at in range(0, len(text_and_first_signature), 16):
        flip(published, at)
        assert main(home, "record", note).code in (2, 4)
        published.write_bytes(checkpoint)
    assert main(home, "record", note).code == 0


def _only_file(home: Path, name: str) -> str:
    if not (home / name).is_dir():
        return name
    [file] = (home / name).iterdir()
    return f"{name}/{file.name}"


@pytest.mark.parametrize("damage", ["missing", "empty", "garbage"])
@pytest.mark.parametrize(
    "name",
    [
        *("firsthand.json", "log.vkey", "ledger.sqlite", "private.sqlite"),
        *("keys/log.key", "keys/registrar.key", "keys/signer.key", "keys/signer.pem"),
        *("trust/history.jsonl", "trust/versions", "log/checkpoint"),
    ],
)
def test_a_home_half_destroyed_is_said_and_nothing_is_signed(
    home: Path, note: Path, name: str, damage: str
) -> None:
    assert main(home, "record", note).code == 0
    for end in ("-wal", "-shm"):
        (home / (name + end)).unlink(missing_ok=True)
    name = _only_file(home, name)
    (home / name).unlink()
    if damage != "missing":
        mode = 0o600 if name.startswith("keys/") else 0o644
        (home / name).touch(mode)
        (home / name).write_bytes(b"" if damage == "empty" else b"\xffgarbage\n" * 500)
    other = note.with_name("other.txt")
    other.write_text("Another caption.\n")
    before = tree(note.parent)
    ran = main(home, "verify" if name == "log.vkey" else "sign", other)
    assert ran.code in (2, 4)
    assert ran.complaint
    assert tree(note.parent) == before
    if damage == "missing" and name.endswith(".sqlite"):
        assert not (home / name).exists()  # an empty one in its place would hide the loss


@pytest.mark.parametrize(
    "call", [("verify", "--bogus"), ("frobnicate",), (), ("log", "prove", "x")]
)
def test_a_wrong_call_says_how_to_call_it(home: Path, call: tuple[str, ...]) -> None:
    ran = main(home, *call)
    assert (ran.code, ran.out) == (2, "")
    assert "--help" in ran.complaint


@pytest.mark.parametrize(
    "option",
    [
        *(("--place", "52.5"), ("--place", "91,0"), ("--place", "nan,0"), ("--captured", "noon")),
        *(("--captured", "2026-11-22T10:00:00"), ("--jobs", "0"), ("--source-type", "dream")),
    ],
    ids=" ".join,
)
def test_an_option_that_means_nothing_is_refused_before_anything_is_done(
    home: Path, note: Path, option: tuple[str, str]
) -> None:
    before = tree(note.parent)
    ran = main(home, "sign", note, *option)
    assert (ran.code, ran.out) == (2, "")
    assert ran.complaint
    assert tree(note.parent) == before


def test_hostile_names_and_titles_come_out_harmless(home: Path, folder: Path) -> None:
    """The command helper refuses any escape, control or direction mark in what is printed."""
    path = media.photograph(folder).rename(folder / HOSTILE_NAME)
    ran = main(home, "sign", path, "--title", HOSTILE_TITLE)
    assert (ran.code, ran.err) == (0, "")
    assert len(ran.out.splitlines()) == 1
    signed = path.with_name(HOSTILE_NAME.replace(".jpg", ".signed.jpg"))
    ran = main(home, "verify", signed, path, flip(path))
    assert "\N{REPLACEMENT CHARACTER}" in ran.out
    ran = main(home, "verify", "--json", signed)
    assert ran.out.isascii()
    [report] = ran.objects
    assert report["file"] == str(signed)
    assert report["matches"][0]["title"].isprintable()
    path.unlink()
    ran = main(home, "sign", path)
    assert "check the name" in ran.complaint
    ran = main(home, "log", "withdraw", "0", "--reason", HOSTILE_TITLE)
    assert "withdraws" in main(home, "verify", signed).out


def test_stdin_from_a_pipe_is_refused_and_from_a_file_is_that_file(
    home: Path, photograph: Path
) -> None:
    main(home, "sign", photograph)
    reader, writer = os.pipe()
    os.close(writer)
    ran = firsthand(home, "verify", "/dev/stdin", stdin=reader)
    os.close(reader)
    assert ran.code == 2
    assert "save it to a file first" in ran.complaint
    with photograph.with_name("photograph.signed.jpg").open("rb") as stream:
        [report] = firsthand(home, "verify", "--json", "/dev/stdin", stdin=stream).objects
    assert code_of(report) == "unchanged"
    assert report["chain"] != []


@pytest.mark.parametrize("length", [255, 256])
def test_the_longest_name_of_a_file_is_no_trouble(home: Path, folder: Path, length: int) -> None:
    path = folder / ("n" * (length - 4) + ".jpg")
    if length == 255:
        media.photograph(folder).rename(path)
    ran = main(home, "verify", "--json", path)
    assert code_of(ran.objects[0]) == ("unknown" if length == 255 else "inconclusive")
    before = tree(folder)
    for how in ((), ("--resume",)):
        ran = main(home, "sign", path, *how)
        assert (ran.code, ran.out) == (2, "")
        assert ran.complaint
        assert tree(folder) == before


def test_json_of_a_file_that_failed_is_still_a_line(home: Path, folder: Path) -> None:
    ran = main(home, "record", "--json", folder / "missing.jpg")
    assert ran.code == 2
    [answer] = [json.loads(line) for line in ran.out.splitlines()]
    assert set(answer) == {"file", "error"}
