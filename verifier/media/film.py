"""Which seconds of a film or a recording lie in which bytes of its file (ISO/IEC 14496-12, 8).

A file is a stranger's: tables are read as far as they are whole, and no further than these limits.
What lies in no sample has no time, and what cannot be read tells none.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ledger.errors import FormatError

from ..opinion.bmff import Box, boxes_in, top_boxes
from ..opinion.source import Range, Source

_MAX_TRACKS = 16
_MAX_SAMPLES = 1 << 21  # of one track: twelve hours of sound
_MAX_FRAGMENTS = 1 << 14
_FAR = 1 << 48  # bytes, or units of time: beyond all that a file holds

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Samples:
    """Samples of a track: where each starts and ends (bytes), when it starts and ends (seconds)."""

    starts: Numbers
    ends: Numbers
    since: npt.NDArray[np.float64]
    until: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Track:
    number: int
    scale: int  # units a second
    shift: float  # seconds by which what is shown lies behind what is stored
    table: Box | None


def seconds_of(source: Source, ranges: Sequence[Range]) -> Mapping[Range, tuple[float, float]]:
    """Return, for each range that holds samples, from when to when they are shown (seconds)."""
    found: dict[Range, tuple[float, float]] = {}
    for samples in _samples(source):
        for start, end in ranges:
            within = (samples.starts < end) & (samples.ends > start)
            if not within.any():
                continue
            since = max(0.0, float(samples.since[within].min()))
            until = max(since, float(samples.until[within].max()))
            known = found.get((start, end), (since, until))
            found[start, end] = (min(known[0], since), max(known[1], until))
    return found


def _samples(source: Source) -> Iterator[Samples]:
    try:
        boxes = list(top_boxes(source))
        movie = next((box for box in boxes if box.kind == b"moov"), None)
        tracks = list(_tracks(source, movie)) if movie else []
    except FormatError:
        return
    for track in tracks:
        try:
            if track.table is not None:
                yield _listed(source, track, track.table)
        except FormatError:
            continue
    try:
        yield from _fragments(source, boxes, movie, {each.number: each for each in tracks})
    except FormatError:
        return


def _tracks(source: Source, movie: Box) -> Iterator[_Track]:
    heads = _by_kind(source, movie)
    scale = _scale(source, heads[b"mvhd"]) if b"mvhd" in heads else 1
    found = (box for box in boxes_in(source, movie) if box.kind == b"trak")
    for _, box in zip(range(_MAX_TRACKS), found, strict=False):
        parts = _by_kind(source, box)
        media = _by_kind(source, parts[b"mdia"]) if b"mdia" in parts else {}
        if b"tkhd" not in parts or b"mdhd" not in media or b"minf" not in media:
            continue
        own = _scale(source, media[b"mdhd"])
        edits = _by_kind(source, parts[b"edts"]).get(b"elst") if b"edts" in parts else None
        shift = _shift(source, edits, scale, own) if edits else 0.0
        table = _by_kind(source, media[b"minf"]).get(b"stbl")
        yield _Track(_track_number(source, parts[b"tkhd"]), own, shift, table)


def _by_kind(source: Source, box: Box) -> dict[bytes, Box]:
    """Return the boxes in a box, of each kind the first."""
    found: dict[bytes, Box] = {}
    for child in boxes_in(source, box):
        found.setdefault(child.kind, child)
    return found


def _number(source: Source, at: int, length: int) -> int:
    return int.from_bytes(source.read(at, length))


def _scale(source: Source, head: Box) -> int:
    """Return the time scale of `mvhd` or `mdhd` (8.2.2, 8.4.2)."""
    wide = _number(source, head.body, 1) == 1
    return _number(source, head.body + (20 if wide else 12), 4) or 1


def _track_number(source: Source, head: Box) -> int:
    return _number(source, head.body + (20 if _number(source, head.body, 1) == 1 else 12), 4)


def _shift(source: Source, edits: Box, scale: int, own: int) -> float:
    """Return by how many seconds an edit list moves a track (8.6.6); of many edits, the first."""
    wide = _number(source, edits.body, 1) == 1
    width = 8 if wide else 4
    shift = 0.0
    for number in range(min(2, _number(source, edits.body + 4, 4))):
        at = edits.body + 8 + number * (2 * width + 4)
        length, start = _number(source, at, width), _number(source, at + width, width)
        if start != (1 << 8 * width) - 1:
            return shift - start / own
        shift += length / scale  # an empty edit: nothing is shown for so long
    return shift


def _listed(source: Source, track: _Track, table: Box) -> Samples:
    """Read the samples that a track's own tables list (8.6.1.2, 8.7.3 to 8.7.5)."""
    parts = _by_kind(source, table)
    sizes = _sizes(source, parts)
    offsets = (
        _column(source, parts[b"stco"], 4)
        if b"stco" in parts
        else _column(source, parts[b"co64"], 8)
        if b"co64" in parts
        else np.zeros(0, np.int64)
    )
    runs = _rows(source, parts[b"stsc"], 3) if b"stsc" in parts else np.zeros((0, 3), np.int64)
    if not len(offsets) or not len(runs) or not len(sizes):
        raise FormatError("a track without samples")
    firsts = np.clip(runs[:, 0] - 1, 0, len(offsets))
    repeats = np.diff(np.append(firsts, len(offsets)))
    if (repeats < 0).any():
        raise FormatError("a table of chunks that goes back")
    a_chunk = np.minimum(np.repeat(runs[:, 1], repeats), _MAX_SAMPLES)
    # No more samples than are sized, whatever the chunks say that they hold.
    ends = np.minimum(np.cumsum(a_chunk), len(sizes))
    counts = np.diff(np.append(0, ends))
    chunk = np.repeat(np.arange(len(counts)), counts) + int(firsts[0])
    sizes = sizes[: len(chunk)]
    before = np.cumsum(sizes) - sizes
    head = np.append(0, ends)[chunk - int(firsts[0])]
    starts = offsets[chunk] + before - before[np.minimum(head, len(before) - 1)]
    lengths = _durations(source, parts, len(sizes))
    waits = _waits(source, parts, len(lengths))
    return _timed(starts, sizes, np.cumsum(lengths) - lengths + waits, lengths, track)


def _timed(
    starts: Numbers, sizes: Numbers, shown: Numbers, lengths: Numbers, track: _Track
) -> Samples:
    count = min(len(starts), len(lengths))
    since = shown[:count] / track.scale + track.shift
    return Samples(
        starts[:count],
        starts[:count] + sizes[:count],
        since,
        since + lengths[:count] / track.scale,
    )


def _waits(source: Source, parts: Mapping[bytes, Box], count: int) -> Numbers:
    """Return by how much each sample is shown after it is decoded (8.6.1.3)."""
    waits = np.zeros(count, np.int64)
    if b"ctts" in parts:
        rows = _rows(source, parts[b"ctts"], 2)
        told = np.repeat(_signed(rows[:, 1]), _within(rows[:, 0], count))
        waits[: len(told)] = told
    return waits


def _signed(numbers: Numbers) -> Numbers:
    """Read numbers of 32 bits as signed: no picture waits for years, whatever its version says."""
    return (numbers + (1 << 31)) % (1 << 32) - (1 << 31)


def _sizes(source: Source, parts: Mapping[bytes, Box]) -> Numbers:
    if b"stsz" not in parts:  # compact sizes (`stz2`) are not read
        raise FormatError("a track without a table of sizes")
    body = parts[b"stsz"].body
    same, count = _number(source, body + 4, 4), _number(source, body + 8, 4)
    if same:
        return np.full(min(count, _MAX_SAMPLES), same, np.int64)
    return _integers(source, body + 12, count, 4, parts[b"stsz"].end)


def _durations(source: Source, parts: Mapping[bytes, Box], count: int) -> Numbers:
    if b"stts" not in parts:
        raise FormatError("a track without a table of times")
    rows = _rows(source, parts[b"stts"], 2)
    return np.repeat(rows[:, 1], _within(rows[:, 0], count))


def _within(counts: Numbers, limit: int) -> Numbers:
    """Cut counts so that their sum is no more than `limit`."""
    ends = np.minimum(np.cumsum(np.minimum(counts, limit)), limit)
    return np.diff(np.append(0, ends))


def _column(source: Source, box: Box, width: int) -> Numbers:
    return _integers(source, box.body + 8, _number(source, box.body + 4, 4), width, box.end)


def _rows(source: Source, box: Box, columns: int) -> Numbers:
    count = columns * _number(source, box.body + 4, 4)
    return _integers(source, box.body + 8, count, 4, box.end).reshape(-1, columns)


def _integers(source: Source, at: int, count: int, width: int, end: int) -> Numbers:
    if count > 3 * _MAX_SAMPLES or at + count * width > end:
        raise FormatError("a table is longer than its box, or than is read here")
    data = np.frombuffer(source.read(at, count * width), f">u{width}")
    found: Numbers = np.minimum(data.astype(np.uint64), _FAR).astype(np.int64)
    return found


def _fragments(
    source: Source, boxes: Sequence[Box], movie: Box | None, tracks: Mapping[int, _Track]
) -> Iterator[Samples]:
    """Read the samples of the fragments (8.8.4 to 8.8.8), which come one behind the other."""
    defaults = dict(_defaults(source, movie)) if movie else {}
    reached: dict[int, int] = {}
    moofs = (box for box in boxes if box.kind == b"moof")
    for _, moof in zip(range(_MAX_FRAGMENTS), moofs, strict=False):
        for box in boxes_in(source, moof):
            if box.kind == b"traf":
                yield from _fragment(source, moof, box, tracks, defaults, reached)


def _defaults(source: Source, movie: Box) -> Iterator[tuple[int, tuple[int, int]]]:
    """Yield a track's default duration and size of a sample (8.8.3)."""
    extends = _by_kind(source, movie).get(b"mvex")
    for box in boxes_in(source, extends) if extends else ():
        if box.kind == b"trex":
            number, _, duration, size = (_number(source, box.body + at, 4) for at in (4, 8, 12, 16))
            yield number, (duration, size)


def _fragment(
    source: Source,
    moof: Box,
    box: Box,
    tracks: Mapping[int, _Track],
    defaults: Mapping[int, tuple[int, int]],
    reached: dict[int, int],
) -> Iterator[Samples]:
    parts = _by_kind(source, box)
    if b"tfhd" not in parts:
        return
    head = parts[b"tfhd"].body
    flags, number, at = _number(source, head + 1, 3), _number(source, head + 4, 4), head + 8
    track = tracks.get(number)
    if track is None:
        return
    base = moof.start
    duration, size = defaults.get(number, (0, 0))
    if flags & 0x1:
        base, at = min(_number(source, at, 8), _FAR), at + 8
    at += 4 if flags & 0x2 else 0
    if flags & 0x8:
        duration, at = _number(source, at, 4), at + 4
    if flags & 0x10:
        size = _number(source, at, 4)
    since = reached.get(number, 0)
    if b"tfdt" in parts:
        body = parts[b"tfdt"].body
        since = _number(source, body + 4, 8 if _number(source, body, 1) == 1 else 4)
        since = min(since, _FAR)
    place = base
    for run in (child for child in boxes_in(source, box) if child.kind == b"trun"):
        samples, place, since = _run(source, run, (base, place, since), (duration, size), track)
        yield samples
    reached[number] = since


def _run(
    source: Source,
    run: Box,
    reached: tuple[int, int, int],
    defaults: tuple[int, int],
    track: _Track,
) -> tuple[Samples, int, int]:
    """Read a run of samples (8.8.8); return it, and the byte and the time that it reaches."""
    base, place, since = reached
    flags, count, at = _number(source, run.body + 1, 3), _number(source, run.body + 4, 4), run.body
    at += 8
    if flags & 0x1:
        shift, at = _number(source, at, 4), at + 4
        place = base + (shift - (1 << 32) if shift >> 31 else shift)
    at += 4 if flags & 0x4 else 0
    if count > _MAX_SAMPLES:
        raise FormatError(f"a run of {count} samples")
    columns = [bit for bit in (0x100, 0x200, 0x400, 0x800) if flags & bit]
    rows = _integers(source, at, count * len(columns), 4, run.end).reshape(count, len(columns))

    def column(bit: int, default: int) -> Numbers:
        if bit in columns:
            return rows[:, columns.index(bit)]
        return np.full(count, default, np.int64)

    lengths, sizes = column(0x100, defaults[0]), column(0x200, defaults[1])
    starts = place + np.cumsum(sizes) - sizes
    shown = since + np.cumsum(lengths) - lengths + _signed(column(0x800, 0))
    samples = _timed(starts, sizes, shown, lengths, track)
    reach = place + int(sizes.sum()), since + int(lengths.sum())
    return samples, min(reach[0], _FAR), min(reach[1], _FAR)
