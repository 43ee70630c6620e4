"""The definition of a manifest says what was meant, and nothing else."""

import base64
import dataclasses
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.asset import JPEG
from ledger.vocabulary import Fingerprint
from signer import (
    Action,
    ActionKind,
    DevelopmentChain,
    DigitalSourceType,
    Place,
    Statement,
    StatementError,
    build_manifest,
)
from signer import _c2pa as engine

from .conftest import CAPTURE, Sign

PARIS = timezone(timedelta(hours=1))
MOMENT = datetime(2026, 11, 22, 10, 11, 12, tzinfo=PARIS)
CREATED = Action(ActionKind.CREATED, source_type=DigitalSourceType.DIGITAL_CAPTURE)
OPENED = Action(ActionKind.OPENED)


def build(*actions: Action, **said: Any) -> dict[str, Any]:
    return build_manifest(title="a.jpg", media_type=JPEG, actions=actions, version="1.2", **said)


def test_a_capture_is_said_like_this() -> None:
    assert build(CREATED, captured_at=MOMENT, captured_where=Place(48.8584, -2.2945)) == {
        "title": "a.jpg",
        "format": "image/jpeg",
        "claim_generator_info": [{"name": "Firsthand", "version": "1.2"}],
        "assertions": [
            {
                "label": "c2pa.actions.v2",
                "created": True,
                "data": {
                    "actions": [
                        {
                            "action": "c2pa.created",
                            "softwareAgent": {"name": "Firsthand", "version": "1.2"},
                            "digitalSourceType": (
                                "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"
                            ),
                        }
                    ]
                },
            },
            {
                "label": "c2pa.metadata",
                "kind": "Json",
                "created": True,
                "data": {
                    "@context": {"exif": "http://ns.adobe.com/exif/1.0/"},
                    "exif:DateTimeOriginal": "2026-11-22T10:11:12+01:00",
                    "exif:GPSLatitude": "48,51.504000N",
                    "exif:GPSLongitude": "2,17.670000W",
                },
            },
        ],
    }


def test_an_edit_is_said_like_this() -> None:
    cropped = Action(ActionKind.CROPPED, MOMENT, "the left edge")
    [assertion] = build(OPENED, cropped)["assertions"]
    agent = {"name": "Firsthand", "version": "1.2"}
    assert assertion["data"]["actions"] == [
        {
            "action": "c2pa.opened",
            "softwareAgent": agent,
            "parameters": {"ingredientIds": ["parent"]},
        },
        {
            "action": "c2pa.cropped",
            "softwareAgent": agent,
            "when": "2026-11-22T09:11:12Z",
            "description": "the left edge",
        },
    ]


def test_nothing_private_is_said_unless_it_is_asked_for() -> None:
    """No time, place or fingerprint by default, and no title where there is none."""
    said: dict[str, Any] = build_manifest(
        title="", media_type=JPEG, actions=(CREATED,), version="1"
    )
    assert "title" not in said
    [only] = said["assertions"]
    assert only["label"] == "c2pa.actions.v2"
    assert Statement().soft_bindings == ()


def test_fingerprints_are_published_when_asked_for() -> None:
    fingerprint = Fingerprint("org.example.hash", 3, b"\x00\xff")
    _, said = build(CREATED, soft_bindings=(fingerprint,))["assertions"]
    assert said["label"] == "c2pa.soft-binding"
    assert said["data"]["alg"] == "org.example.hash.v3"
    assert base64.b64decode(said["data"]["blocks"][0]["value"]) == b"\x00\xff"


@pytest.mark.parametrize(
    "actions",
    [(), (Action(ActionKind.EDITED),), (CREATED, CREATED), (CREATED, OPENED), (OPENED, CREATED)],
)
def test_a_history_starts_once(actions: tuple[Action, ...]) -> None:
    with pytest.raises(StatementError, match="created or opened, once"):
        build(*actions)


def test_created_says_how() -> None:
    with pytest.raises(StatementError, match="source type"):
        build(Action(ActionKind.CREATED))
    with pytest.raises(StatementError, match="how the asset came to be"):
        Statement().history(parent=False)


def test_with_a_parent_the_history_opens_it_and_does_not_claim_to_have_created_it() -> None:
    edits = (Action(ActionKind.TRIMMED),)
    statement = Statement("", DigitalSourceType.DIGITAL_CAPTURE, edits)
    assert statement.history(parent=True) == (OPENED, *edits)
    assert statement.history(parent=False) == (CREATED, *edits)


def test_a_time_without_a_zone_names_no_instant() -> None:
    naive = MOMENT.replace(tzinfo=None)
    with pytest.raises(StatementError, match="no time zone"):
        Action(ActionKind.EDITED, naive)
    with pytest.raises(StatementError, match="no time zone"):
        build(CREATED, captured_at=naive)


@pytest.mark.parametrize(
    ("latitude", "longitude"), [(91, 0), (-91, 0), (0, 181), (0, -181), (float("nan"), 0)]
)
def test_a_place_lies_on_earth(latitude: float, longitude: float) -> None:
    with pytest.raises(StatementError, match="no such place"):
        Place(latitude, longitude)


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_a_place_is_written_to_the_centimetre(latitude: float, longitude: float) -> None:
    said = build(CREATED, captured_where=Place(latitude, longitude))["assertions"][1]["data"]
    assert abs(_degrees(said["exif:GPSLatitude"]) - latitude) < 1e-7
    assert abs(_degrees(said["exif:GPSLongitude"]) - longitude) < 1e-7


def _degrees(angle: str) -> float:
    degrees, minutes = angle[:-1].split(",")
    assert float(minutes) < 60
    return (int(degrees) + float(minutes) / 60) * (-1 if angle[-1] in "SW" else 1)


@pytest.mark.parametrize("source_type", DigitalSourceType)
def test_every_source_type_is_signed_and_trusted(
    source_type: DigitalSourceType, photograph: Path, sign: Sign, tmp_path: Path
) -> None:
    sign(photograph, tmp_path / "signed.jpg", statement=Statement(source_type=source_type))


@pytest.mark.parametrize(
    "kind", [each for each in ActionKind if each not in (ActionKind.CREATED, ActionKind.OPENED)]
)
def test_every_action_is_signed_and_trusted(
    kind: ActionKind, photograph: Path, sign: Sign, tmp_path: Path
) -> None:
    action = Action(kind, datetime.now(UTC), "so", DigitalSourceType.COMPOSITE)
    sign(photograph, tmp_path / "s.jpg", statement=dataclasses.replace(CAPTURE, edits=(action,)))


def test_time_place_and_fingerprint_read_back_as_they_were_said(
    photograph: Path, sign: Sign, chain: DevelopmentChain, tmp_path: Path
) -> None:
    import json

    import c2pa

    statement = dataclasses.replace(
        CAPTURE,
        captured_at=MOMENT,
        captured_where=Place(48.8584, 2.2945),
        soft_bindings=(Fingerprint("org.example.hash", 1, b"bits"), Fingerprint("b", 2, b"more")),
    )
    signed = sign(photograph, tmp_path / "signed.jpg", statement=statement)
    context = c2pa.Context.from_dict(engine.engine_settings(chain.root))
    with c2pa.Reader(str(signed.path), context=context) as reader:
        report = json.loads(reader.json())
    said = report["manifests"][signed.label]["assertions"]
    [metadata] = [each["data"] for each in said if each["label"] == "c2pa.metadata"]
    assert metadata["exif:DateTimeOriginal"] == "2026-11-22T10:11:12+01:00"
    assert metadata["exif:GPSLatitude"] == "48,51.504000N"
    bindings = [each["data"] for each in said if each["label"].startswith("c2pa.soft-binding")]
    assert [each["alg"] for each in bindings] == ["org.example.hash.v1", "b.v2"]
    assert all(each["created"] for each in said)
