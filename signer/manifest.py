"""The manifest definition: what is said about an asset, as the engine wants to hear it. Pure."""

import base64
from dataclasses import dataclass
from datetime import UTC, datetime

from ledger.asset import MediaType
from ledger.vocabulary import Fingerprint

from .actions import Action, ActionKind, DigitalSourceType, require_aware
from .errors import StatementError

JSON = dict[str, object]

CLAIM_GENERATOR = "Firsthand"
PARENT = "parent"  # how `c2pa.opened` names the ingredient that the engine is handed


@dataclass(frozen=True, slots=True)
class Place:
    """A point on Earth (WGS 84): degrees north and degrees east."""

    latitude: float
    longitude: float

    def __post_init__(self) -> None:
        """Refuse what is not on Earth."""
        if not (-90 <= self.latitude <= 90 and -180 <= self.longitude <= 180):
            raise StatementError(
                f"no such place: latitude {self.latitude}, longitude {self.longitude}",
                "give degrees: latitude -90 to 90, longitude -180 to 180",
            )


@dataclass(frozen=True, slots=True)
class Statement:
    """What the signer says about an asset.

    title: as readers will show it; usually a file name, so leave it empty to say nothing.
    source_type: how the asset came to be. Needed where it has no parent; where it has one, the
    parent's own manifest says it, and this is not written.
    edits: what was done to it, in order.
    captured_at: an aware datetime. captured_where: a place. Both are public once signed.
    soft_bindings: fingerprints to publish inside the file; none by default, for they are private.
    """

    title: str = ""
    source_type: DigitalSourceType | None = None
    edits: tuple[Action, ...] = ()
    captured_at: datetime | None = None
    captured_where: Place | None = None
    soft_bindings: tuple[Fingerprint, ...] = ()

    def history(self, *, parent: bool) -> tuple[Action, ...]:
        """Return the actions from the first: created, or opened where there is a parent.

        Raises StatementError where there is neither a parent nor a source type.
        """
        if parent:
            return (Action(ActionKind.OPENED), *self.edits)
        if self.source_type is None:
            raise StatementError(
                "nothing says how the asset came to be", "name its digital source type"
            )
        return (Action(ActionKind.CREATED, source_type=self.source_type), *self.edits)


def build_manifest(
    *,
    title: str,
    media_type: MediaType,
    actions: tuple[Action, ...],
    version: str,
    captured_at: datetime | None = None,
    captured_where: Place | None = None,
    soft_bindings: tuple[Fingerprint, ...] = (),
) -> JSON:
    """Build the definition of a manifest whose claim generator is Firsthand at `version`.

    Raises StatementError unless the actions start with exactly one `c2pa.created` that has a source
    type, or exactly one `c2pa.opened` (C2PA 2.3, 18.15: the mandatory first action).
    """
    assertions = [_actions(actions, version)]
    if captured_at is not None or captured_where is not None:
        assertions.append(_metadata(captured_at, captured_where))
    assertions.extend(_soft_binding(fingerprint) for fingerprint in soft_bindings)
    definition: JSON = {
        "claim_generator_info": [{"name": CLAIM_GENERATOR, "version": version}],
        "format": media_type.name,
        "assertions": assertions,
    }
    if title:
        definition["title"] = title
    return definition


def _actions(actions: tuple[Action, ...], version: str) -> JSON:
    first = [each.kind in (ActionKind.CREATED, ActionKind.OPENED) for each in actions]
    if first[:1] != [True] or any(first[1:]):
        raise StatementError(
            "a history starts with created or opened, once", "begin it with one of the two"
        )
    if actions[0].kind is ActionKind.CREATED and actions[0].source_type is None:
        raise StatementError("created says nothing without a source type", "name its source type")
    said = [_action(each, version) for each in actions]
    return {"label": "c2pa.actions.v2", "created": True, "data": {"actions": said}}


def _action(action: Action, version: str) -> JSON:
    said: JSON = {
        "action": action.kind.value,
        "softwareAgent": {"name": CLAIM_GENERATOR, "version": version},
    }
    if action.when is not None:
        said["when"] = _rfc3339(action.when)
    if action.description:
        said["description"] = action.description
    if action.source_type is not None:
        said["digitalSourceType"] = action.source_type.value
    if action.kind is ActionKind.OPENED:
        said["parameters"] = {"ingredientIds": [PARENT]}
    return said


def _metadata(captured_at: datetime | None, captured_where: Place | None) -> JSON:
    """Time and place as `c2pa.metadata` (C2PA 2.3, 18.17 and Appendix B): XMP's Exif properties."""
    said: JSON = {"@context": {"exif": "http://ns.adobe.com/exif/1.0/"}}
    if captured_at is not None:
        require_aware(captured_at, "the time of capture")
        said["exif:DateTimeOriginal"] = captured_at.isoformat()
    if captured_where is not None:
        said["exif:GPSLatitude"] = _xmp_angle(captured_where.latitude, "N", "S")
        said["exif:GPSLongitude"] = _xmp_angle(captured_where.longitude, "E", "W")
    return {"label": "c2pa.metadata", "kind": "Json", "created": True, "data": said}


def _xmp_angle(degrees: float, positive: str, negative: str) -> str:
    """Degrees and minutes as XMP writes them, `DDD,MM.mmmmmmk`: 1e-6 minutes is 2 mm."""
    millionths = round(abs(degrees) * 60_000_000)
    whole, rest = divmod(millionths, 60_000_000)
    minutes, fraction = divmod(rest, 1_000_000)
    return f"{whole},{minutes:02}.{fraction:06}{negative if degrees < 0 else positive}"


def _soft_binding(fingerprint: Fingerprint) -> JSON:
    """One fingerprint of the whole asset (C2PA 2.3, 18.10 "Soft Binding")."""
    value = base64.b64encode(fingerprint.bits).decode()
    return {
        "label": "c2pa.soft-binding",
        "created": True,
        "data": {
            "alg": f"{fingerprint.algorithm}.v{fingerprint.version}",
            "blocks": [{"scope": {}, "value": value}],
        },
    }


def _rfc3339(moment: datetime) -> str:
    """An aware time in UTC, as `2026-11-22T10:00:00Z` (RFC 3339, 5.6)."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
