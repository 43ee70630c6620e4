"""What is kept of a clip as its largest face is followed: numbers for each frame, a few crops."""

from dataclasses import dataclass, field, fields
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ledger.asset import MediaType
from verifier.errors import Unreadable
from verifier.media.decode import samples
from verifier.media.probe import MediaInfo

from . import signals
from .closeup import CloseUp
from .cues import Measured
from .faces import box_of
from .skin import Template, look_closer, see, template
from .swap import look_at
from .track import RATE, STRETCH, Look, Seconds, stretch, watch

CROPS = 10  # faces that an opinion is formed on
CLOSER = 5  # every so many frames are looked at closely
_SOUND_RATE = 8000

Floats = npt.NDArray[np.float64]
Pixels = npt.NDArray[np.uint8]


@dataclass(slots=True)
class Watched:
    """All that is kept, whatever the clip's length; `frames` were shown, at `times` with a face."""

    within: Seconds
    frames: int = 0
    others: list[int] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    points: list[npt.NDArray[np.float32]] = field(default_factory=list)
    widths: list[float] = field(default_factory=list)
    colours: list[Floats] = field(default_factory=list)
    flickers: list[float] = field(default_factory=list)
    rims: list[float] = field(default_factory=list)
    sharpnesses: list[float] = field(default_factory=list)
    lights: list[float] = field(default_factory=list)
    reflections: list[float] = field(default_factory=list)
    close_ups: list[CloseUp] = field(default_factory=list)
    crops: list[Pixels] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """How long the face was seen, gaps included."""
        return self.times[-1] - self.times[0] if self.times else 0.0


def watched(
    path: Path,
    media_type: MediaType,
    info: MediaInfo,
    *,
    within: Seconds | None = None,
    rate: float = RATE,
) -> Watched:
    """Watch a clip; raises Unreadable. `info` is what `probe` says of it, with a size."""
    kept = Watched(within or stretch(info.duration))
    every = min(STRETCH, info.duration or STRETCH) / CROPS
    frame: Template | None = None
    before: tuple[float, Pixels] | None = None
    for look in watch(path, media_type, info.size or (2, 2), kept.within, rate):
        kept.frames += 1
        if look.mesh is None:
            before = None
            continue
        frame = frame or template(look.mesh)
        before = _kept(kept, look, frame, before)
        if len(kept.crops) < CROPS and look.time - kept.within[0] >= every * len(kept.crops):
            kept.crops.append(look_at(look.rgb, look.mesh))
    return kept


def _kept(
    kept: Watched, look: Look, frame: Template, before: tuple[float, Pixels] | None
) -> tuple[float, Pixels]:
    assert look.mesh is not None  # noqa: S101  # the caller has seen to it
    near = before is not None and look.time - before[0] < 0.1
    seen = see(look.rgb, look.mesh, frame, before[1] if before and near else None)
    kept.times.append(look.time)
    kept.others.append(look.others)
    kept.points.append(look.mesh.points[:, :2].astype(np.float32))
    kept.widths.append(box_of(look.mesh)[2])
    kept.colours.append(seen.colour)
    kept.rims.append(seen.rim)
    if seen.flicker is not None:
        kept.flickers.append(seen.flicker)
    if len(kept.times) % CLOSER == 1:
        closer = look_closer(look.rgb, look.mesh, frame)
        for value, values in (
            (closer.sharpness, kept.sharpnesses),
            (closer.light, kept.lights),
            (closer.reflections, kept.reflections),
        ):
            if value is not None:
                values.append(value)
        kept.close_ups.append(closer.close_up)
    return look.time, seen.canvas


def measured(kept: Watched, sound: tuple[Floats, Floats] | None) -> Measured:
    """Turn what was kept into the measurements that are shown; `sound` is times and decibels."""
    if not kept.times:
        return Measured()
    times, points = np.array(kept.times), np.stack(kept.points).astype(np.float64)
    shut = signals.blinks(times, signals.eye_opening(points))
    beat = signals.pulse(times, np.stack(kept.colours))
    told = signals.lips(times, signals.mouth_opening(points), *sound) if sound else None
    return Measured(
        blinks=None if shut is None else 60 * len(shut) / kept.seconds,
        blink_length=float(np.median([b - a for a, b in shut])) if shut else None,
        flicker=_middle(kept.flickers),
        jitter=signals.jitter(times, points),
        pulse=None if beat is None else beat.decibels,
        beats=None if beat is None else beat.beats,
        reflections=_middle(kept.reflections, least=3),
        light=_middle(kept.lights, least=3),
        lips_lag=None if told is None else told.lag,
        lips=None if told is None else told.correlation,
        sharpness=_middle(kept.sharpnesses, least=3),
        rim=_middle(kept.rims),
        **_of_all(kept.close_ups),
    )


def heard(
    path: Path, media_type: MediaType, info: MediaInfo, within: Seconds
) -> tuple[Floats, Floats] | None:
    """Loudness over the seconds that are watched: times, decibels; None where there is no sound."""
    if not info.sound:
        return None
    try:
        kept = list(samples(path, media_type, rate=_SOUND_RATE, within=within))
    except Unreadable:
        return None
    whole = np.concatenate(kept).astype(np.float64)
    if len(whole) < _SOUND_RATE:
        return None
    times, decibels = signals.loudness(np.nan_to_num(whole), _SOUND_RATE)
    return times + within[0], decibels


def _of_all(looks: list[CloseUp]) -> dict[str, float | None]:
    """The middle of each of their numbers."""
    names = [each.name for each in fields(CloseUp)]
    told = {name: [getattr(each, name) for each in looks] for name in names}
    return {
        name: _middle([value for value in values if value is not None], least=3)
        for name, values in told.items()
    }


def _middle(values: list[float], *, least: int = 8) -> float | None:
    return float(np.median(values)) if len(values) >= least else None
