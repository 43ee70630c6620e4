"""From two files, or a file and a record, to the comparison of their pictures, in the sandbox."""

import math
from pathlib import Path
from typing import Any

from ledger.asset import BY_NAME, MediaType
from ledger.errors import FormatError
from ledger.vocabulary import Fingerprint
from verifier.errors import DecoderFailed
from verifier.fingerprint.thumbnail import THUMBNAIL, VERSION, parse_thumbnail
from verifier.media.limits import Limits
from verifier.media.picture import picture, picture_size
from verifier.media.sandbox import Sandbox

from .picture import LONGEST, compare_pictures, picture_of, picture_of_thumbnail
from .regions import Picture
from .result import Comparison, Geometry, Heat, Part, Region, RegionKind

File = tuple[Path, MediaType]

_MOST_REGIONS = 1000


def compare_pictures_in(
    sandbox: Sandbox,
    suspect: File,
    original: File | Fingerprint,
    *,
    limits: Limits | None = None,
) -> Comparison | None:
    """Compare a picture with its original, or with its `picture-luma`, in a job of `sandbox`.

    The sentence is left empty. None where the original is not in the picture. Raises Unreadable
    where one cannot be decoded, NotComparable where one is flat, FormatError for a record that is
    none, and what `Sandbox.run` raises.
    """
    file, name, bits = "", "", b""
    if isinstance(original, Fingerprint):
        if (original.algorithm, original.version) != (THUMBNAIL, VERSION):
            raise FormatError(f"{original.algorithm} {original.version} is no record of a picture")
        bits = original.bits
        parse_thumbnail(bits)
    else:
        file, name = str(original[0].resolve()), original[1].name
    path, media_type = str(suspect[0].resolve()), suspect[1].name
    answer = sandbox.run(compare_task, path, media_type, file, name, bits, limits=limits)
    return None if answer is None else _parse_comparison(answer)


def compare_task(
    suspect: str, suspect_type: str, original: str, original_type: str, record: bytes
) -> dict[str, Any] | None:
    """`compare_pictures` of files, as plain values; `record` in place of an original, or empty."""
    theirs = (
        picture_of_thumbnail(parse_thumbnail(record))
        if record
        else _opened(Path(original), BY_NAME[original_type])
    )
    path, media_type = Path(suspect), BY_NAME[suspect_type]
    size = picture_size(path, media_type)
    found = compare_pictures(_opened(path, media_type), theirs, size)
    if found is None:
        return None
    laid, heat = found.geometry, found.heat
    return {
        "crop": list(laid.crop),
        "placed": list(laid.placed),
        "mirrored": laid.mirrored,
        "rotation": laid.rotation,
        "regions": [[*each.box, str(each.kind)] for each in found.regions],
        "heat": [heat.width, heat.height, heat.levels],
    }


def _opened(path: Path, media_type: MediaType) -> Picture:
    return picture_of(picture(path, media_type, shrink_to=LONGEST))


def _parse_comparison(answer: dict[str, Any]) -> Comparison:
    """Read what `compare_task` returns, from a job that a hostile picture may have taken over."""
    try:
        rotation = float(answer["rotation"])
        if not -180 <= rotation <= 180 or len(answer["regions"]) > _MOST_REGIONS:
            raise ValueError("out of bounds")
        laid = Geometry(
            _part(answer["crop"]), _part(answer["placed"]), answer["mirrored"] is True, rotation
        )
        regions = tuple(
            Region((int(x), int(y), int(width), int(height)), RegionKind(kind))
            for x, y, width, height, kind in answer["regions"]
        )
        return Comparison(sentence="", geometry=laid, heat=Heat(*answer["heat"]), regions=regions)
    except (KeyError, TypeError, ValueError, OverflowError):
        raise DecoderFailed(
            "comparing the picture gave a nonsensical answer", "treat it as damaged or hostile"
        ) from None


def _part(value: list[float]) -> Part:
    left, top, right, bottom = (float(side) for side in value)
    if not all(math.isfinite(side) and 0 <= side <= 1 for side in (left, top, right, bottom)):
        raise ValueError("not a part of a picture")
    return left, top, right, bottom
