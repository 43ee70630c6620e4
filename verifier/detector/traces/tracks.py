"""Sound and pictures that do not begin or end together, and what an edit list hides."""

from contextlib import suppress
from pathlib import Path
from typing import Any, cast

from ledger import asset
from ledger.asset import MediaType
from ledger.errors import FormatError
from verifier.detector.result import Trace
from verifier.media.ffmpeg import probe_json
from verifier.opinion.bmff import Box, boxes_in, top_boxes
from verifier.opinion.source import Source

from .when import clock

_APART = 0.35  # seconds; of 85 clips none that was only converted ended further apart than 0.16
_HIDDEN = 0.5  # seconds: an encoder's own delay, which an edit list takes back, is shorter
_MOST_EDITS, _MOST_TRACKS = 64, 16


def lengths(path: Path, media_type: MediaType) -> list[Trace]:
    """Traces in where tracks begin and end; raises Unreadable."""
    told = probe_json(path, media_type)
    streams = cast("list[dict[str, Any]]", told.get("streams", []))
    pictures, sound = (_ends(streams, kind) for kind in ("video", "audio"))
    found = list(_hidden(path, media_type))
    if pictures is None or sound is None:
        return found
    apart = [(sound[at] - pictures[at]) for at in (0, 1)]
    if max(map(abs, apart)) < _APART:
        return found
    ways = []
    for word, by in zip(("begins", "ends"), apart, strict=True):
        if abs(by) >= _APART:
            ways.append(f"{word} {abs(by):.1f} s {'after' if by > 0 else 'before'} the pictures")
    most = max(map(abs, apart))
    found.append(
        Trace(
            code="clip.sound-apart",
            sentence=f"Its sound {' and '.join(ways)}.",
            does_not_show="It does not show an edit by itself: some recorders and converters "
            "write tracks of unequal length.",
            score=most / (most + _APART),
            usual=0.5,
        )
    )
    return found


def _ends(streams: list[dict[str, Any]], kind: str) -> tuple[float, float] | None:
    """When the first stream of a kind begins and ends (seconds); None where it is not told."""
    for stream in streams:
        cover = stream.get("disposition", {}).get("attached_pic")
        if stream.get("codec_type") == kind and not cover:
            with suppress(KeyError, ValueError, TypeError):
                start = float(stream.get("start_time", 0))
                return start, start + float(stream["duration"])
    return None


def _hidden(path: Path, media_type: MediaType) -> list[Trace]:
    """What the edit lists of an ISO base media file leave out of its tracks (14496-12, 8.6.6)."""
    if media_type not in (asset.MP4, asset.MOV, asset.M4A):
        return []
    hidden = 0.0
    pieces = 1
    with path.open("rb") as stream, suppress(FormatError):
        source = Source(stream)
        for box in top_boxes(source):
            if box.kind != b"moov":
                continue
            tracks = [each for each in boxes_in(source, box) if each.kind == b"trak"]
            for track in tracks[:_MOST_TRACKS]:
                left_out, edits = _track(source, track)
                hidden, pieces = max(hidden, left_out), max(pieces, edits)
    if hidden < _HIDDEN and pieces == 1:
        return []
    what = f"hides {clock(hidden)} that the file still holds" if hidden >= _HIDDEN else ""
    order = f"plays a track in {pieces} pieces" if pieces > 1 else ""
    return [
        Trace(
            code="container.edit-list",
            sentence=f"The file's edit list {' and '.join(filter(None, (what, order)))}.",
            does_not_show="It does not show who trimmed it: telephones and cutting without a new "
            "compression both do it so.",
        )
    ]


def _track(source: Source, track: Box) -> tuple[float, int]:
    """How much of a track is in no edit (seconds), and in how many pieces the rest is played."""
    parts = {box.kind: box for box in boxes_in(source, track)}
    if b"edts" not in parts or b"mdia" not in parts:
        return 0.0, 1
    media = {box.kind: box for box in boxes_in(source, parts[b"mdia"])}
    lists = [box for box in boxes_in(source, parts[b"edts"]) if box.kind == b"elst"]
    if b"mdhd" not in media or not lists:
        return 0.0, 1
    scale, length = _header(source, media[b"mdhd"])
    starts = [start for start in _starts(source, lists[0]) if start >= 0]
    return (min(starts[0], length) / scale if starts else 0.0), max(1, len(starts))


def _header(source: Source, box: Box) -> tuple[int, int]:
    """A track's units a second, and its length in them (8.4.2)."""
    wide = source.read(box.body, 1)[0] == 1
    at, width = box.body + (20 if wide else 12), 8 if wide else 4
    scale = int.from_bytes(source.read(at, 4)) or 1
    return scale, int.from_bytes(source.read(at + 4, width))


def _starts(source: Source, box: Box) -> list[int]:
    """Where in its track each edit begins, in the track's units; -1 where nothing is played."""
    width = 8 if source.read(box.body, 1)[0] == 1 else 4
    count = min(int.from_bytes(source.read(box.body + 4, 4)), _MOST_EDITS)
    step = 2 * width + 4
    places = (box.body + 8 + number * step + width for number in range(count))
    return [int.from_bytes(source.read(at, width), signed=True) for at in places]
