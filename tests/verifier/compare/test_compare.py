"""Which engines two files call for, and one comparison of what they answer."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ledger.asset import Kind
from ledger.vocabulary import Fingerprint
from tests import media
from verifier.compare.compare import (
    Engines,
    File,
    Kept,
    Way,
    compare_in,
    read_medium,
)
from verifier.compare.look import look_in
from verifier.compare.picturing import moments, picture_of
from verifier.compare.result import Comparison, Geometry, Region, RegionKind, Segment, SegmentKind
from verifier.compare.sentence import IDENTICAL, NOTHING_DIFFERS
from verifier.errors import NotComparable, Unreadable, Unrelated
from verifier.media.limits import Limits
from verifier.media.sandbox import Sandbox

SAME = SegmentKind.SAME
WHOLE = Segment((0.0, 5.3), (0.0, 5.3), 1.0, SAME)
Asked = list[tuple[Any, ...]]  # the name, the suspect, and each original


class Answering:
    """Engines that answer what they are told to, and note what they were asked."""

    def __init__(self, **answers: Comparison | None) -> None:
        self.asked: Asked = []
        self._answers = answers

    def engines(self) -> Engines:
        return Engines(
            **{name: Way(self._engine(name), (f"{name}-kept",)) for name in self._answers}
        )

    def _engine(self, name: str) -> Callable[..., Comparison | None]:
        def engine(
            sandbox: Sandbox,
            suspect: File,
            originals: Sequence[File | Fingerprint],
            *,
            limits: Limits,
        ) -> Comparison | None:
            assert limits.cpu >= 60
            assert isinstance(sandbox, Sandbox)
            self.asked.append((name, suspect, *originals))
            return self._answers[name]

        return engine


def found(**parts: object) -> Comparison:
    return Comparison(sentence="", **parts)  # type: ignore[arg-type]  # parts of it


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("files")
    clip = media.clip_with_sound(folder)
    picture, other = media.photograph(folder), media.another_photograph(folder)
    small, silent = folder / "small.mp4", folder / "silent.mp4"
    media.run_ffmpeg("-i", str(clip), "-vf", "scale=320:-2", str(small))
    media.run_ffmpeg("-i", str(small), "-c:v", "copy", "-an", str(silent))
    note = folder / "note.txt"
    note.write_text("A caption.\n")
    sound = media.recording(folder)
    return {
        "picture": picture,
        "other": other,
        "clip": clip,
        "small": small,
        "silent": silent,
        "sound": sound,
        "note": note,
    }


def compared(
    sandbox: Sandbox, files: dict[str, Path], original: str, suspect: str, answering: Answering
) -> Comparison:
    one, other = read_medium(files[original]), read_medium(files[suspect])
    return compare_in(sandbox, one, other, answering.engines())


def test_two_pictures_call_for_the_picture_engine_and_get_a_sentence(
    sandbox: Sandbox, files: dict[str, Path]
) -> None:
    region = Region((0, 0, 60, 40), RegionKind.CHANGED)
    answering = Answering(picture=found(geometry=Geometry(), regions=(region,)))
    said = compared(sandbox, files, "picture", "other", answering)
    assert said.sentence == "One region was changed (top left, 1 % of the frame)."
    [(name, suspect, original)] = answering.asked
    assert (name, suspect[0], original) == (
        "picture",
        files["other"],
        (files["picture"], read_medium(files["picture"]).media_type),
    )


def test_two_clips_call_for_both_engines_and_are_one_comparison(
    sandbox: Sandbox, files: dict[str, Path]
) -> None:
    late = Segment((0.4, 5.3), (0.0, 4.9), 1.0, SAME)
    answering = Answering(
        clip=found(geometry=Geometry(), time_map=(WHOLE,)), sound=found(sound=(late,))
    )
    said = compared(sandbox, files, "clip", "small", answering)
    assert [name for name, _, _ in answering.asked] == ["clip", "sound"]
    assert said.lag == pytest.approx(0.4)
    assert "The sound runs 0.4 s behind the picture." in said.sentence


def test_sound_that_is_gone_is_said_and_of_silence_nothing(
    sandbox: Sandbox, files: dict[str, Path]
) -> None:
    answering = Answering(clip=found(geometry=Geometry(), time_map=(WHOLE,)), sound=None)
    gone = compared(sandbox, files, "clip", "silent", answering)
    assert gone.sentence.startswith("The sound is muted.")
    silence = compared(sandbox, files, "clip", "small", answering)
    assert silence.sentence == NOTHING_DIFFERS


def test_the_sound_of_a_clip_under_other_pictures_is_known_again(
    sandbox: Sandbox, files: dict[str, Path]
) -> None:
    answering = Answering(clip=None, sound=found(sound=(WHOLE,)))
    said = compared(sandbox, files, "clip", "small", answering)
    assert said.sentence.startswith("All of it is not from the original.")


def test_a_recording_is_compared_with_the_sound_of_a_clip(
    sandbox: Sandbox, files: dict[str, Path]
) -> None:
    answering = Answering(sound=found(sound=(Segment((0.0, 2.0), (0.0, 2.0), 1.0, SAME),)))
    compared(sandbox, files, "clip", "sound", answering)
    assert [name for name, _, _ in answering.asked] == ["sound"]


def test_the_same_bytes_need_no_engine(sandbox: Sandbox, files: dict[str, Path]) -> None:
    assert compared(sandbox, files, "clip", "clip", Answering()).sentence == IDENTICAL


@pytest.mark.parametrize(
    ("original", "suspect", "words"),
    [
        ("picture", "clip", "a clip cannot be compared with a picture"),
        ("clip", "note", "a file cannot be compared with a clip"),
        ("picture", "other", "this version does not compare pictures"),
    ],
)
def test_what_cannot_be_compared_is_said(
    sandbox: Sandbox, files: dict[str, Path], original: str, suspect: str, words: str
) -> None:
    with pytest.raises(NotComparable, match=words):
        compared(sandbox, files, original, suspect, Answering())


def test_what_has_nothing_in_common_is_unrelated(sandbox: Sandbox, files: dict[str, Path]) -> None:
    with pytest.raises(Unrelated):
        compared(sandbox, files, "picture", "other", Answering(picture=None))
    with pytest.raises(Unrelated):
        compared(sandbox, files, "clip", "small", Answering(clip=None, sound=None))
    foreign = Segment((0.0, 5.3), None, None, SegmentKind.INSERTED)
    with pytest.raises(Unrelated):
        compared(sandbox, files, "sound", "clip", Answering(sound=found(sound=(foreign,))))


def test_what_is_damaged_is_unreadable(
    sandbox: Sandbox, files: dict[str, Path], tmp_path: Path
) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(files["clip"].read_bytes()[:2000])
    answering = Answering(clip=None, sound=None)
    with pytest.raises(Unreadable):
        compare_in(sandbox, read_medium(files["clip"]), read_medium(broken), answering.engines())


def test_a_record_takes_the_place_of_the_original_where_it_keeps_enough(
    sandbox: Sandbox, files: dict[str, Path]
) -> None:
    kept = Fingerprint("picture-kept", 1, b"bits")
    answering = Answering(picture=found(geometry=Geometry()))
    suspect = read_medium(files["picture"])
    record = Kept(Kind.PICTURE, (Fingerprint("another", 1, b""), kept))
    assert compare_in(sandbox, record, suspect, answering.engines()).sentence == NOTHING_DIFFERS
    assert answering.asked[0][2] == kept
    with pytest.raises(NotComparable, match="keeps too little"):
        compare_in(sandbox, Kept(Kind.PICTURE, ()), suspect, answering.engines())


def test_a_frame_is_chosen_that_shows_what_differs() -> None:
    slowed = Segment((4.0, 8.0), (14.0, 17.0), 0.75, SegmentKind.SLOWED)
    back = Segment((8.0, 10.0), (17.0, 19.0), -1.0, SegmentKind.REVERSED)
    assert moments(found(time_map=(WHOLE, slowed))) == (6.0, 15.5)
    region = Region((0, 0, 9, 9), RegionKind.CHANGED, (8.0, 9.0))
    assert moments(found(time_map=(slowed, back), regions=(region,))) == (8.5, 18.5)
    assert moments(found(geometry=Geometry())) == (0.0, 0.0)


@pytest.mark.parametrize(("name", "suspect"), [("picture", "other"), ("clip", "small")])
def test_two_files_are_drawn(
    sandbox: Sandbox, files: dict[str, Path], tmp_path: Path, name: str, suspect: str
) -> None:
    shown = {"picture": found(geometry=Geometry()), "clip": found(time_map=(WHOLE,))}[name]
    drawn = tmp_path / "drawn.png"
    one, other = read_medium(files[name]), read_medium(files[suspect])
    drawn.write_bytes(picture_of(sandbox, one, other, shown))
    with Image.open(drawn) as image:
        assert image.format == "PNG"
        assert image.width == 1600
        assert len(set(image.convert("L").resize((40, 40)).tobytes())) > 20


def test_a_clip_is_looked_at_at_the_second_asked_for(
    sandbox: Sandbox, files: dict[str, Path]
) -> None:
    medium = read_medium(files["small"])
    looks = [look_in(sandbox, medium.path, medium.media_type, at=at) for at in (0.0, 3.0, 99.0)]
    assert looks[0].picture is not None
    assert looks[1].picture is not None
    assert looks[0].size == looks[0].picture.size
    assert looks[0].picture.tobytes() != looks[1].picture.tobytes()
    assert looks[2].picture is not None  # after the end there is the beginning
    assert looks[0].strip is not None
    assert looks[0].strip.look is not None
    assert looks[0].strip.look.width > 1500


def test_a_recording_is_looked_at_as_a_wave(sandbox: Sandbox, files: dict[str, Path]) -> None:
    medium = read_medium(files["sound"])
    look = look_in(sandbox, medium.path, medium.media_type)
    assert (look.picture, look.size) == (None, None)
    assert look.strip is not None
    assert look.strip.look is not None
    assert look.seconds == pytest.approx(look.strip.seconds)


def test_several_originals_are_asked_about_together_and_named_by_their_places(
    sandbox: Sandbox, files: dict[str, Path]
) -> None:
    segments = Segment((0.0, 2.0), (0.0, 2.0), 1.0, SAME), Segment((2, 5), (1, 4), 1.0, SAME, 1)
    answering = Answering(clip=found(time_map=segments), sound=None)
    one, other = read_medium(files["clip"]), read_medium(files["small"])
    suspect = read_medium(files["silent"])
    said = compare_in(sandbox, one, suspect, answering.engines(), [other])
    assert said.sentence.startswith("0:00–0:02 is 0:00–0:02 of the first original; ")
    assert "the rest is as in the second original" in said.sentence
    [(_, _, *originals)] = answering.asked
    assert [each[0] for each in originals if isinstance(each, tuple)] == [one.path, other.path]


def test_pictures_have_one_original(sandbox: Sandbox, files: dict[str, Path]) -> None:
    one, other = read_medium(files["picture"]), read_medium(files["other"])
    shrunk = files["picture"].with_name("shrunk.jpg")
    media.run_ffmpeg("-i", str(one.path), "-vf", "scale=200:-2", str(shrunk))
    with pytest.raises(NotComparable, match="one original"):
        compare_in(sandbox, one, read_medium(shrunk), Answering(picture=None).engines(), [other])
