"""Whatever the engine's process became when it read a file: its words are a reading or an error."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verifier import _c2pa, second
from verifier.errors import DecoderFailed
from verifier.manifest import parse_reading
from verifier.reading import Reading, parse_json

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
LABEL = "urn:c2pa:1"
ACTIVE: dict[str, object] = {"claim": {}, "assertion_store": {}}
JSON = st.sampled_from(
    [
        json.dumps({"active_manifest": LABEL, "manifests": {LABEL: ACTIVE}}),
        json.dumps({"active_manifest": LABEL, "manifests": {LABEL: {"claim": {"assertions": 7}}}}),
        *("{}", "[" * 100_000, "NaN", '"\\ud800"', "7"),
    ]
)
ANSWERS = PLAIN | st.fixed_dictionaries(
    {"store": JSON | PLAIN, "detailed": JSON | PLAIN, "url": PLAIN, "embedded": PLAIN}
)


@settings(max_examples=50)
@given(ANSWERS | st.fixed_dictionaries({"failure": PLAIN, "reason": PLAIN}), PLAIN)
def test_any_answer_is_a_reading_or_a_typed_error(answer: Any, ours: Any) -> None:
    for sidecar in (None, __file__):

        def told(task: Any, *_: Any) -> Any:
            return answer if task is _c2pa.read else ours

        reading = Reading(__file__, sidecar, "image/jpeg", {}, told)
        try:
            found = reading.read()
        except DecoderFailed:
            continue
        parse_reading(found, _c2pa.LIST_URI)


@pytest.mark.parametrize("text", ['"\\ud800"', '{"\\udfff": 1}', "NaN", "[Infinity]", "", "{} {}"])
def test_json_that_no_engine_writes_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"surrogates|no JSON|Expecting|Extra"):
        parse_json(text)


def test_whole_characters_and_what_looks_like_half_of_one_are_read() -> None:
    for value in ("\U0001f600", "C:\\ud800", "\u202e", "\x00"):
        assert parse_json(json.dumps(value)) == value


def test_the_engine_is_never_asked_what_is_ours_nor_we_what_is_the_engines(tmp_path: Path) -> None:
    """Whoever takes over the process of one has nothing of the other's."""
    picture = Path(_c2pa.__file__).with_name("sample.jpg")
    long = tmp_path / "long.jpg"
    long.write_bytes(picture.read_bytes() + bytes(5 << 20))
    for path in (picture, long):
        asked = []

        def run(task: Any, *arguments: Any) -> Any:
            asked.append(task)  # noqa: B023
            return task(*arguments)

        assert Reading(str(path), None, "image/jpeg", {}, run).read()["state"] == "read"
        assert asked.count(_c2pa.read) == 1
        assert {task.__module__ for task in asked if task is not _c2pa.read} == {second.__name__}
