"""What the environment says, read once and passed down."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .errors import ServiceError

DEFAULT_MAX_UPLOAD = 4 << 30  # bytes


@dataclass(frozen=True, slots=True)
class Settings:
    """`home` holds keys, log and private store; `max_upload` is in bytes.

    With `detector` the detector is asked about what nobody signed or recorded.
    """

    home: Path
    max_upload: int = DEFAULT_MAX_UPLOAD
    detector: bool = True


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read FIRSTHAND_HOME (else ~/.firsthand), FIRSTHAND_MAX_UPLOAD (bytes), FIRSTHAND_DETECTOR."""
    home = environment.get("FIRSTHAND_HOME")
    limit = environment.get("FIRSTHAND_MAX_UPLOAD", str(DEFAULT_MAX_UPLOAD))
    if not limit.isascii() or not limit.isdecimal():
        raise ServiceError(
            f"FIRSTHAND_MAX_UPLOAD is {limit!r}", "give it a number of bytes, or unset it"
        )
    detector = environment.get("FIRSTHAND_DETECTOR", "on")
    if detector not in ("on", "off"):
        raise ServiceError(f"FIRSTHAND_DETECTOR is {detector!r}", "say on or off, or unset it")
    return Settings(
        Path(home) if home else Path.home() / ".firsthand", int(limit), detector == "on"
    )
