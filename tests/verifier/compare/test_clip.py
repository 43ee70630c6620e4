"""Real clips, edited and encoded again for real, against their originals and their records."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.asset import HEAD_SIZE, MediaType, detect_media_type
from ledger.vocabulary import Fingerprint
from tests import media
from verifier.compare.clip import File, compare_clips_in
from verifier.compare.footage import MOST_FRAMES
from verifier.compare.result import WHOLE, Comparison
from verifier.compare.sentence import describe
from verifier.errors import VerifierError
from verifier.fingerprint import compute
from verifier.fingerprint.luma import LONG_SIDE
from verifier.media.limits import Limits
from verifier.media.sandbox import Sandbox

SMALL = ("-an", "-c:v", "libx264", "-preset", "veryfast", "-crf", "32", "-pix_fmt", "yuv420p")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as opened:
        yield opened


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return media.clip(tmp_path_factory.mktemp("original"))


def file(path: Path) -> File:
    return path, type_of(path)


def type_of(path: Path) -> MediaType:
    return detect_media_type(path.read_bytes()[:HEAD_SIZE])


def copy(original: Path, folder: Path, filters: str, name: str = "copy.mp4") -> Path:
    media.run_ffmpeg("-i", str(original), "-vf", filters, *SMALL, str(folder / name))
    return folder / name


def compared(sandbox: Sandbox, suspect: Path, original: Path) -> Comparison:
    found = compare_clips_in(sandbox, file(suspect), [file(original)], limits=Limits())
    assert found is not None
    return found


def record_of(original: Path) -> Fingerprint:
    (record,) = [
        each for each in compute(original, type_of(original)) if each.algorithm == "clip-luma"
    ]
    return record


def kinds(found: Comparison) -> list[str]:
    return [each.kind for each in found.time_map]


def test_an_honest_copy_is_the_same_from_end_to_end(
    sandbox: Sandbox, original: Path, tmp_path: Path
) -> None:
    found = compared(sandbox, copy(original, tmp_path, "scale=-2:180"), original)
    assert kinds(found) == ["same"]
    assert found.removed == ()
    assert found.regions == ()
    assert found.geometry is not None
    assert found.geometry.crop == WHOLE


@pytest.mark.parametrize("filters", ["scale=-2:360", "setpts=PTS/0.75,fps=30,scale=-2:360"])
def test_what_a_coarse_codec_leaves_out_is_no_region(
    sandbox: Sandbox, original: Path, tmp_path: Path, filters: str
) -> None:
    suspect = tmp_path / "coarse.mp4"
    coarse = (*SMALL[:-4], "-crf", "44", *SMALL[-2:])
    media.run_ffmpeg("-i", str(original), "-vf", filters, *coarse, str(suspect))
    assert compared(sandbox, suspect, original).regions == ()


def test_a_copy_of_half_the_frames_is_the_same_though_its_first_is_shown_twice(
    sandbox: Sandbox, original: Path, tmp_path: Path
) -> None:
    suspect = tmp_path / "15.mp4"
    media.run_ffmpeg("-i", str(original), *SMALL, "-r", "15", str(suspect))
    assert kinds(compared(sandbox, suspect, original)) == ["same"]


def test_a_border_of_the_original_that_only_its_copy_shows_still_is_not_cropped(
    sandbox: Sandbox, tmp_path: Path, original: Path
) -> None:
    noisy = "drawbox=y=ih*0.9:h=ih*0.1:w=iw:color=gray:t=fill,noise=c0s=18:c0f=t"
    grainy = copy(original, tmp_path, noisy, "grainy.mp4")
    found = compared(sandbox, copy(grainy, tmp_path, "scale=-2:180"), grainy)
    assert found.geometry is not None
    assert found.geometry.crop == WHOLE
    assert found.geometry.placed == WHOLE


def test_a_slowed_mirrored_copy_in_an_upright_frame_is_undone(
    sandbox: Sandbox, original: Path, tmp_path: Path
) -> None:
    filters = "hflip,setpts=PTS/0.75,scale=270:-2,pad=270:480:0:(oh-ih)/2"
    found = compared(sandbox, copy(original, tmp_path, filters), original)
    (segment,) = found.time_map
    assert segment.kind == "slowed"
    assert segment.rate == pytest.approx(0.75, rel=0.01)
    assert found.geometry is not None
    assert found.geometry.mirrored
    top, bottom = found.geometry.placed[1], found.geometry.placed[3]
    assert 0.2 < top < 0.45
    assert 0.55 < bottom < 0.8


def test_a_cut_is_found_to_two_frames_with_the_record_alone(
    sandbox: Sandbox, original: Path, tmp_path: Path
) -> None:
    filters = "select='lt(t,3)+gt(t,5.5)',setpts=N/25/TB"
    suspect = copy(original, tmp_path, filters)
    for known in (file(original), record_of(original)):
        found = compare_clips_in(sandbox, file(suspect), [known], limits=Limits())
        assert found is not None
        assert kinds(found) == ["same", "same"]
        assert found.time_map[1].suspect[0] == pytest.approx(3.0, abs=0.09)
        ((first, last),) = found.removed
        assert (first, last) == pytest.approx((3.0, 5.5), abs=0.12)


def test_a_second_that_was_slowed_is_within_what_the_record_alone_tells(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    original = media.clip_with_sound(tmp_path)
    parts = [
        "0:2,setpts=PTS-STARTPTS",
        "2:2.75,setpts=(PTS-STARTPTS)/0.75",
        "2.75,setpts=PTS-STARTPTS",
    ]
    split = ";".join(f"[{number}]trim={part}[p{number}]" for number, part in enumerate(parts))
    suspect = copy(original, tmp_path, f"split=3[0][1][2];{split};[p0][p1][p2]concat=n=3,fps=25")
    (slowed,) = [
        each for each in compared(sandbox, suspect, original).time_map if each.kind == "slowed"
    ]
    assert slowed.rate == pytest.approx(0.75, abs=0.01)
    assert slowed.suspect == pytest.approx((2, 3), abs=0.1)
    record = [record_of(original)]
    found = compare_clips_in(sandbox, file(suspect), record, limits=Limits())
    assert found is not None
    (slowed,) = [each for each in found.time_map if each.kind == "slowed"]
    assert slowed.starts is not None
    assert slowed.ends is not None
    assert slowed.rates is not None
    assert slowed.starts[0] - 0.08 <= 2 <= slowed.starts[1] + 0.08
    assert slowed.ends[0] - 0.08 <= 3 <= slowed.ends[1] + 0.08
    assert slowed.rates[0] - 0.01 <= 0.75 <= slowed.rates[1] + 0.01
    assert slowed.rates[1] - slowed.rates[0] < 0.6
    assert describe(found).startswith("All or some of 0:00")


def test_what_covers_a_part_for_a_while_is_named_with_its_place_and_time(
    sandbox: Sandbox, original: Path, tmp_path: Path
) -> None:
    filters = "drawbox=x=iw/2:y=ih/3:w=iw/4:h=ih/3:color=gray:t=fill:enable='between(t,4,7)'"
    found = compared(sandbox, copy(original, tmp_path, filters), original)
    assert kinds(found) == ["same"]
    region = max(found.regions, key=lambda each: each.box[2] * each.box[3])
    assert region.time is not None
    assert region.time == pytest.approx((4, 7), abs=1.3)
    width, height = 640, 272
    del width, height
    left, _, across, _ = region.box
    assert across > 20
    assert left > 0


def test_a_clip_of_something_else_has_nothing_in_common(
    sandbox: Sandbox, original: Path, tmp_path: Path
) -> None:
    other = media.clip_with_sound(tmp_path)
    assert compare_clips_in(sandbox, file(other), [file(original)], limits=Limits()) is None


def test_a_clip_of_one_frame_is_placed(sandbox: Sandbox, original: Path, tmp_path: Path) -> None:
    media.run_ffmpeg(
        "-ss", "4", "-i", str(original), "-frames:v", "1", *SMALL, str(tmp_path / "1.mp4")
    )
    found = compared(sandbox, tmp_path / "1.mp4", original)
    assert len(found.time_map) == 1


def test_a_clip_turned_by_its_header_is_compared_as_it_is_displayed(
    sandbox: Sandbox, original: Path, tmp_path: Path
) -> None:
    upright = copy(original, tmp_path, "transpose=1")
    turned = tmp_path / "turned.mp4"
    media.run_ffmpeg("-display_rotation", "90", "-i", str(upright), "-c", "copy", str(turned))
    found = compared(sandbox, turned, original)
    assert kinds(found) == ["same"]


def test_uneven_frame_times_are_taken_as_they_are(
    sandbox: Sandbox, original: Path, tmp_path: Path
) -> None:
    uneven = copy(original, tmp_path, "select='not(mod(n,3))+lt(t,2)'", "uneven.mkv")
    media.run_ffmpeg(
        *("-i", str(original), "-vf", "select='not(mod(n,3))+lt(t,2)'", "-fps_mode", "vfr"),
        *(*SMALL, str(uneven)),
    )
    assert kinds(compared(sandbox, uneven, original)) == ["same"]


def test_a_damaged_clip_is_refused_with_a_reason(
    sandbox: Sandbox, original: Path, tmp_path: Path
) -> None:
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(original.read_bytes()[:2000])
    with pytest.raises(VerifierError):
        compare_clips_in(sandbox, file(damaged), [file(original)], limits=Limits())


def test_a_copy_on_its_side_with_bars_beside_it_is_turned_back_and_its_bars_are_named(
    sandbox: Sandbox, original: Path, tmp_path: Path
) -> None:
    suspect = copy(original, tmp_path, "scale=320:-2,transpose=2,pad=iw*2:ih:iw/2:0:color=gray")
    found = compared(sandbox, suspect, original)
    assert kinds(found) == ["same"]
    assert found.geometry is not None
    assert found.geometry.rotation == 90
    assert found.geometry.placed == pytest.approx((0.25, 0, 0.75, 1), abs=0.03)
    left, right = (each.box for each in found.regions if each.kind == "added")
    assert left[0] == 0
    assert right[0] > left[2]


def test_what_covers_a_part_is_found_by_the_record_alone(
    sandbox: Sandbox, original: Path, tmp_path: Path
) -> None:
    (record,) = [
        each for each in compute(original, type_of(original)) if each.algorithm == "clip-luma"
    ]
    honest = copy(original, tmp_path, "scale=-2:240", "honest.mp4")
    found = compare_clips_in(sandbox, file(honest), [record], limits=Limits())
    assert found is not None
    assert found.regions == ()
    covered = copy(
        original, tmp_path, "drawbox=x=iw/2:y=ih/3:w=iw/3:h=ih/3:color=gray:t=fill", "covered.mp4"
    )
    found = compare_clips_in(sandbox, file(covered), [record], limits=Limits())
    assert found is not None
    assert [each.kind for each in found.regions] == ["changed"]


def test_the_frames_of_a_long_square_clip_fit_a_jobs_answer() -> None:
    frame = LONG_SIDE**2 + 8  # its pixels, and its time
    assert MOST_FRAMES * frame < Limits().answer - 4096
