"""firsthand compare, and what is claimed of a file: at the command line."""

import shutil
from pathlib import Path

import pytest
from PIL import Image

from tests import media

from .command import code_of, main

NO_HOME = Path("/nowhere/at/all")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ((), "the following arguments are required"),
        (("a.jpg", "b.jpg", "c.jpg", "--picture", "out.png"), "name just these two files"),
        (("nowhere.jpg", "neither.jpg"), "does not exist"),
        (("a.mp4", "--also", "b.mp4"), "name ORIGINAL and SUSPECT too"),
    ],
)
def test_a_call_that_must_be_changed_says_how(call: tuple[str, ...], words: str) -> None:
    ran = main(NO_HOME, "compare", *call)
    assert ran.code == 2
    assert words in ran.complaint


def test_the_same_bytes_need_no_home_and_no_engine(photograph: Path, folder: Path) -> None:
    copy = Path(shutil.copy(photograph, folder / "copy.jpg"))
    ran = main(NO_HOME, "compare", photograph, copy)
    assert ran.code == 0
    assert "NO DIFFERENCE FOUND" in ran.out
    [answer] = main(NO_HOME, "compare", "--json", photograph, copy).objects
    assert answer["file"] == str(copy)
    assert answer["original"] == str(photograph)
    assert answer["differs"] is False
    assert answer["comparison"]["sentence"] == "The two files are the same, byte for byte."


def test_what_cannot_be_compared_and_what_cannot_be_read_are_two_answers(
    photograph: Path, folder: Path
) -> None:
    clip = media.clip(folder)
    other = main(NO_HOME, "compare", photograph, clip)
    assert other.code == 3
    assert "a clip cannot be compared with a picture" in other.complaint
    broken = folder / "broken.jpg"
    broken.write_bytes(photograph.read_bytes()[:40])
    unread = main(NO_HOME, "compare", "--json", photograph, broken)
    assert unread.code == 4
    assert "error" in unread.objects[0]
    both = main(NO_HOME, "compare", photograph, clip, broken, photograph)
    assert both.code == 5  # a part of them could not be


def test_a_further_original_is_named_with_also(folder: Path) -> None:
    clip, other = media.clip(folder), media.clip_with_sound(folder)
    copy = Path(shutil.copy(other, folder / "copy.mp4"))
    [answer] = main(NO_HOME, "compare", "--json", clip, copy, "--also", other).objects
    assert answer["also"] == [str(other)]
    assert answer["differs"] is False


def test_a_suspect_alone_is_held_against_the_log(home: Path, photograph: Path) -> None:
    alone = main(home, "compare", photograph)
    assert alone.code == 3
    assert "no recorded original to compare it with" in alone.complaint
    assert main(home, "record", photograph).code == 0
    again = main(home, "compare", photograph)
    assert "The two files are the same, byte for byte." in again.out
    assert again.code == 0


def _old(folder: Path) -> Path:
    """Return a photograph whose EXIF says that it is of 2019, near Berlin."""
    with Image.open(media.photograph(folder)) as picture:
        exif = Image.Exif()
        exif.get_ifd(0x8769)[0x9003] = "2019:03:02 12:00:00"
        exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 18.0)})
        picture.save(folder / "old.jpg", exif=exif)
    return folder / "old.jpg"


def test_an_old_picture_shown_as_new_fails_the_policy_without_being_called_false(
    home: Path, folder: Path
) -> None:
    old = _old(folder)
    assert main(home, "record", old).code == 0
    assert main(home, "verify", old).code == 0
    claimed = ("--claimed-time", "2022-05-01", "--claimed-place", "48.8566,2.3522")
    ran = main(home, "verify", "--json", old, *claimed)
    [report] = ran.objects
    assert ran.code == 1
    assert code_of(report) == "unchanged"
    said = report["conclusion"]["sentence"]
    assert "Recorded on 2019-03-02, three years before the claimed 2022-05-01" in said
    assert "an old picture shown as new. Recorded 877 km from the claimed place." in said
    limits = {each["does_not_show"] for each in report["findings"] if each["step"] == "context"}
    assert limits == {"that the record is right: it is as recorded, by the file's EXIF"}
    agreeing = ("--claimed-time", "2019-03-02", "--claimed-place", "52.5,13.4")
    assert main(home, "verify", old, *agreeing).code == 0


def test_the_signers_word_goes_before_that_of_the_file(home: Path, folder: Path) -> None:
    old = _old(folder)
    signed = ("--captured", "2020-01-01T00:00:00Z", "--place", "48.8566,2.3522")
    assert main(home, "sign", old, *signed).code == 0
    ran = main(
        *(home, "verify", "--json", folder / "old.signed.jpg"),
        *("--claimed-time", "2020-01", "--claimed-place", "48.86,2.35"),
    )
    assert ran.code == 0
    context = [each for each in ran.objects[0]["findings"] if each["step"] == "context"]
    assert [each["outcome"] for each in context] == ["passed", "passed"]
    assert all("the signer's word" in each["does_not_show"] for each in context)


@pytest.mark.parametrize("claim", [("--claimed-time", "last year"), ("--claimed-place", "Berlin")])
def test_a_claim_that_does_not_read_is_refused_before_anything_is_looked_at(
    home: Path, photograph: Path, claim: tuple[str, str]
) -> None:
    ran = main(home, "verify", photograph, *claim)
    assert ran.code == 2
    assert "give " in ran.complaint


def test_no_time_and_place_that_a_file_says_stand_in_the_public_log(
    home: Path, folder: Path
) -> None:
    assert main(home, "record", _old(folder)).code == 0
    public = b"".join(path.read_bytes() for path in (home / "log").rglob("*") if path.is_file())
    for private in (b"2019-03-02", b"52.52", b"13.405", b"EXIF"):
        assert private not in public
