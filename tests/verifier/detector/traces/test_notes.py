"""What programs wrote into a file is told as what it is: a note, made harmless."""

import json
from pathlib import Path

import pytest

from ledger.asset import HEAD_SIZE, MediaType, detect_media_type
from tests import media
from verifier.detector.result import Trace
from verifier.detector.traces.notes import noted


def type_of(path: Path) -> MediaType:
    with path.open("rb") as stream:
        return detect_media_type(stream.read(HEAD_SIZE))


def notes(path: Path) -> dict[str, Trace]:
    return {trace.code: trace for trace in noted(path, type_of(path))}


def tagged(folder: Path, ending: str, **tags: str) -> Path:
    """A real recording or clip with these fields."""
    source = media.clip(folder) if ending in ("mp4", "mov", "mkv") else media.recording(folder)
    path = folder / f"tagged.{ending}"
    given = [part for name, value in tags.items() for part in ("-metadata", f"{name}={value}")]
    copy = ("-t", "0.5", *(("-c", "copy") if ending in ("mp4", "mov", "mkv") else ()))
    media.run_ffmpeg("-i", str(source), *copy, *given, str(path))
    return path


@pytest.mark.parametrize(
    ("ending", "field", "value", "named"),
    [
        ("mp4", "comment", "Made with OpenAI Sora", "OpenAI"),
        ("mp4", "description", "Sora", "Sora"),
        ("mov", "comment", "Runway Gen-4", "Runway"),
        ("mp3", "comment", "ElevenLabs", "ElevenLabs"),
        ("mp3", "encoded_by", "Suno AI", "Suno"),
        ("flac", "COMMENT", "generated with AI", "generated with AI"),
        ("mkv", "ENCODED_BY", "Kling AI", "Kling"),
    ],
)
def test_a_generator_that_names_itself_is_named(
    tmp_path: Path, ending: str, field: str, value: str, named: str
) -> None:
    trace = notes(tagged(tmp_path, ending, **{field: value}))["generator.named"]
    assert named in trace.sentence
    assert trace.does_not_show.startswith("It does not show")
    assert "anybody" in trace.does_not_show


LABEL = '{"Label": "1", "ContentProducer": "00119144030071526726XG1ZX0G", "ProduceID": "c9a4"}'
WORKFLOW = '{"8": {"inputs": {"filename_prefix": "video"}, "class_type": "SaveVideo"}}'


@pytest.mark.parametrize(
    ("ending", "field", "value", "told"),
    [
        ("mkv", "AIGC", LABEL, "GB 45438-2025), that it was generated"),
        ("mkv", "AIGC", LABEL.replace('"1"', '"2"'), "that it may have been generated"),
        ("mkv", "AIGC", LABEL.replace('"1"', '"3"'), "is suspected to have been generated"),
        ("mkv", "PROMPT", WORKFLOW, "as ComfyUI writes it"),
        ("mp4", "comment", json.dumps({"prompt": WORKFLOW}), "as ComfyUI writes it"),
        ("mkv", "WORKFLOW", '{"id": "cb", "revision": 0, "last_node_id": 8}', "as ComfyUI writes"),
        ("mp4", "comment", f"Signature: {'q4+/' * 60}==", "as Grok writes it"),
        ("mkv", "METADATA0", f"ChtzZWN1cml0eS5rbGluZy5tZXRhX2VuY3J5cHQ{'S8AFo' * 9}", "as Kling"),
    ],
)
def test_a_note_in_a_form_of_one_program_names_it(
    tmp_path: Path, ending: str, field: str, value: str, told: str
) -> None:
    trace = notes(tagged(tmp_path, ending, **{field: value}))["generator.named"]
    assert told in trace.sentence
    assert "anybody" in trace.does_not_show


@pytest.mark.parametrize(
    "text",
    ["Signature: Anna Smith", f"Signature: {'q4+/' * 60} and more", '{"Label": "1"}', "class_type"],
)
def test_words_that_only_look_like_such_a_form_name_nobody(tmp_path: Path, text: str) -> None:
    assert "generator.named" not in notes(tagged(tmp_path, "mp4", comment=text))


@pytest.mark.parametrize(
    "text", ["The sorafest in Osaka", "a pikachu", "lumad people", "My wanderings", "Unsuno", ""]
)
def test_words_that_only_hold_such_a_name_name_nobody(tmp_path: Path, text: str) -> None:
    assert "generator.named" not in notes(tagged(tmp_path, "mp4", comment=text))


def test_a_singer_may_be_called_as_a_generator_is(tmp_path: Path) -> None:
    assert "generator.named" not in notes(tagged(tmp_path, "mp3", artist="Sora", title="Kling"))


def test_what_iptc_calls_made_by_an_algorithm_is_told(tmp_path: Path) -> None:
    path = media.clip(tmp_path)
    term = b"http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
    path.write_bytes(path.read_bytes() + (8 + len(term)).to_bytes(4) + b"free" + term)
    assert "a trained algorithm" in notes(path)["generator.named"].sentence
    path = media.clip(tmp_path)
    term = term.replace(b"trainedAlgorithmicMedia", b"digitalCapture")
    path.write_bytes(path.read_bytes() + (8 + len(term)).to_bytes(4) + b"free" + term)
    assert "generator.named" not in notes(path)


def test_an_editor_and_an_encoder_are_two_things(tmp_path: Path) -> None:
    path = tagged(tmp_path, "mkv", ENCODER_TOOL="Adobe Premiere Pro 2024.1 (Windows)")
    traces = notes(path)
    assert "Adobe Premiere Pro 2024.1" in traces["editor.named"].sentence
    assert "Lavf" in traces["encoder.named"].sentence
    assert "Adobe" not in traces["encoder.named"].sentence


def test_hostile_text_is_made_harmless_and_cut(tmp_path: Path) -> None:
    hostile = "Sora \x1b[2J\u202e" + "<script>" * 30 + "\u0301" * 90
    told = notes(tagged(tmp_path, "mp4", comment=hostile))["generator.named"].sentence
    assert "\x1b" not in told
    assert "\u202e" not in told
    assert len(told) < 250


def test_times_that_disagree_by_days_are_told(tmp_path: Path) -> None:
    path = tagged(tmp_path, "mov", creation_time="2021-03-01T10:00:00Z")
    assert "container.times-disagree" not in notes(path)
    data = path.read_bytes()
    at = data.index(b"mdhd") + 8  # when the track was made, in seconds since 1904
    made = int.from_bytes(data[at : at + 4])
    assert made
    path.write_bytes(data[:at] + (made + 1096 * 86400).to_bytes(4) + data[at + 4 :])
    assert "1096 days" in notes(path)["container.times-disagree"].sentence


def test_a_wave_without_notes_has_none(tmp_path: Path) -> None:
    path = tmp_path / "plain.wav"
    media.run_ffmpeg(
        *("-i", str(media.recording(tmp_path)), "-map_metadata", "-1"),
        *("-fflags", "+bitexact", "-flags", "+bitexact", str(path)),
    )
    assert not notes(path)
