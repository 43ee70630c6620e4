"""When each picture of a clip is shown and how many bytes it takes, read without decoding."""

import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ledger.asset import MediaType
from verifier.errors import Unreadable
from verifier.media.ffmpeg import find_ffprobe, input_options

from .motion import MOST_FRAMES, Floats

_EVEN, _SHARE = 0.12, 0.97  # of the usual interval; so many of the intervals have to be within it
_GAP = 2.6  # times the usual interval: cameras leave out a single frame now and then
_FEWEST = 24  # pictures, below which there is no usual interval
_DEFAULTS = (250, 128)  # pictures from one that stands alone to the next: x264 and x265, libvpx
_OFTEN = 12  # pictures: where they stand alone more often, one is like the next


@dataclass(frozen=True, slots=True)
class Packets:
    """The pictures of a stream in the order in which they are stored, n of them.

    `times` (n,) in seconds, `sizes` (n,) in bytes, `keys` (n,): whether each stands alone.
    """

    times: Floats
    sizes: Floats
    keys: npt.NDArray[np.bool_]


def read_packets(path: Path, media_type: MediaType) -> Packets:
    """Read the first MOST_FRAMES pictures' times and sizes; raises Unreadable."""
    forced = {name: value for name, value in input_options(media_type).items() if name != "threads"}
    options = [part for name, value in forced.items() for part in (f"-{name}", str(value))]
    wanted = ("-select_streams", "V:0", "-show_entries", "packet=pts_time,size,flags")
    bounded = ("-read_intervals", f"%+#{MOST_FRAMES}", "-of", "csv=p=0")
    command = [find_ffprobe(), "-v", "error", *options, *wanted, *bounded, f"file:{path}"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    rows = []
    for line in done.stdout.decode("ascii", "replace").splitlines()[:MOST_FRAMES]:
        with suppress(ValueError):
            time, size, flags = line.split(",")[:3]
            rows.append((float(time), float(size), float("K" in flags)))
    if not rows:
        raise Unreadable("the times of the pictures cannot be read", "get a whole copy")
    table = np.array(rows)
    return Packets(table[:, 0], table[:, 1], table[:, 2] > 0)


def renewed(packets: Packets) -> tuple[float, ...]:
    """When a picture stands alone because it was time to, in seconds from the first picture.

    It comes as many pictures after the last as another does, or as encoders do if nobody asks for
    anything else. Where a shot ends they come out of turn.
    """
    order = np.argsort(packets.times, kind="stable")
    alone = np.flatnonzero(packets.keys[order])
    between = np.diff(alone)
    lengths, counts = np.unique(between, return_counts=True)
    usual = np.concatenate([lengths[counts > 1], _DEFAULTS])
    timed = alone[1:][(between > _OFTEN) & np.isin(between, usual)]
    moments = packets.times[order] - packets.times.min()
    return tuple(float(moment) for moment in moments[timed])


def gaps(times: Floats) -> tuple[tuple[tuple[float, float], ...], float] | None:
    """Where pictures are missing from an even sequence, and its usual interval (seconds).

    None where times are not even, as those of telephones and of recorded screens: nothing can be
    said to be missing.
    """
    shown = np.unique(times)
    if len(shown) < _FEWEST:
        return None
    between = np.diff(shown)
    usual = float(np.median(between))
    if np.mean(np.abs(between - usual) <= _EVEN * usual) < _SHARE:
        return None
    wide = np.flatnonzero(between > _GAP * usual)
    return tuple((float(shown[at]), float(shown[at + 1])) for at in wide), usual
