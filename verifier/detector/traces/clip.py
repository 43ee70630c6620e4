"""What an edit left in a clip: in its pictures' motion, in their times, and in its container.

Each threshold is what at most 1 of 100 unedited clips reached after ordinary handling; on what it
was measured is in docs/detector-motion.md.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ledger.asset import Kind, MediaType
from verifier.detector.result import Seconds, Trace
from verifier.detector.weights import named
from verifier.errors import Unreadable
from verifier.media.decode import frames
from verifier.media.probe import MediaInfo, probe

from .cadence import Rhythm, rhythms, short_rhythms
from .counter import NETWORK, Counter
from .jumps import jumps
from .missing import missing as missing_frames
from .motion import SMALL, Frame, Motion, watch
from .notes import noted
from .packets import Packets, gaps, read_packets, renewed
from .stretches import Stretch, frozen, repeated
from .tracks import lengths
from .when import clock, clocks, seconds

Found = tuple[tuple[Trace, ...], tuple[str, ...]]

FROZEN, REPEATED = 0.8, 0.25  # scores of `stretches`
JUMP, CUT = 0.4, 0.5  # clearness of a jump inside a shot, and between two
MISSING = 0.5  # how surely frames are missing; where that is known, JUMP is not asked
RHYTHM, SHORT_RHYTHM = 7.7, 9.9  # standard errors, over ten seconds and over two
CONTRAST, SHORT_CONTRAST = 0.22, 0.44  # shares of the way
_MOST = 40  # places that one trace names
_STEADY = 0.15  # of its share: windows with rhythms that differ less have one rhythm
_HEARD = 5.0  # standard errors of a rhythm in a short window, where it is known to be there
_AS_CLEAR = 0.6  # of the greatest contrast: windows that lie half outside have less
_MOSTLY = 0.6  # of the windows: then it is throughout


def clip_traces(path: Path, media_type: MediaType) -> Found:
    """Look for every trace in a clip; also sentences of what could not be looked for, and why.

    Raises Unreadable where the file's headers cannot be read.
    """
    if media_type.kind is not Kind.CLIP:
        return (), ()
    info = probe(path, media_type)
    traces = [*noted(path, media_type), *lengths(path, media_type)]
    untold: list[str] = []
    if not info.video:
        return tuple(traces), ("It was not looked for edits of pictures: it has none.",)
    packets: Packets | None = None
    try:
        packets = read_packets(path, media_type)
    except Unreadable as problem:
        untold.append(f"It was not looked for gaps in time: {problem.message}.")
    else:
        found, missing = _in_times(packets)
        traces += found
        untold += missing
    try:
        motion, uncounted = counted(_seen(path, media_type, info))
    except Unreadable as problem:
        said = f"Its pictures were not looked at for edits: {problem.message}."
        return tuple(traces), (*untold, said)
    if uncounted:
        untold.append(f"It was not counted how many frames are missing: {uncounted}.")
    found, missing = in_motion(motion, renewed(packets) if packets else ())
    return (*traces, *found), (*untold, *missing)


def counted(seen: Iterable[Frame]) -> tuple[Motion, str]:
    """What is kept of frames with how many are missing in each step, or why that is not known."""
    counter = Counter()
    motion = watch(counter.passed(seen))
    said = counter.said()
    if said is not None:
        motion = replace(motion, missing=said[: len(motion)])
    return motion, counter.problem


def _seen(path: Path, media_type: MediaType, info: MediaInfo) -> Iterator[Frame]:
    width, height = info.size or SMALL
    size = SMALL if width >= height else SMALL[::-1]
    return frames(path, media_type, per_second=1000, size=size)


def in_motion(motion: Motion, renewed: Sequence[float] = ()) -> Found:
    """Every trace in how a clip moves; `renewed` as in `jumps.clearness`."""
    untold = []
    if not motion.whole:
        end = clock(float(motion.times[-1]))
        untold.append(f"Its pictures were looked at for edits up to {end} only: it is too long.")
    if len(motion) < 2 * 12 + 2:
        untold.append("Its pictures were not looked at for edits: there are too few of them.")
        return (), tuple(untold)
    if not (motion.steps > 0.3).any():
        untold.append("Its pictures were not looked at for edits: nothing moves in them.")
        return (), tuple(untold)
    rate = frame_rate(motion)
    traces = [
        *_frozen(motion, frozen(motion, rate)),
        *_repeated(motion, repeated(motion, rate)),
        *_jumps(motion, renewed),
        *_rhythms(motion),
    ]
    return tuple(traces), tuple(untold)


def frame_rate(motion: Motion) -> float:
    """Frames a second, as most are shown."""
    usual = float(np.median(np.diff(motion.times))) if len(motion) > 1 else 0.0
    return min(240.0, 1 / usual) if usual > 0 else 25.0


def _frozen(motion: Motion, found: list[Stretch]) -> Iterator[Trace]:
    kept = [each for each in found if each.score >= FROZEN][:_MOST]
    if kept:
        where = tuple(seconds(motion.times, each.first, each.end) for each in kept)
        yield Trace(
            code="clip.frozen",
            sentence=f"The picture stands still {clocks(where)}: even its noise, while it moves "
            "before and after.",
            does_not_show="It does not show who froze it: an editor, a broken connection or a "
            "recorder that fell behind; nor that anything is hidden by it.",
            seconds=where,
            score=max(each.score for each in kept),
            usual=FROZEN,
        )


def _repeated(motion: Motion, found: Stretch | None) -> Iterator[Trace]:
    if found is not None and found.score >= REPEATED and found.source is not None:
        copy = seconds(motion.times, found.first, found.end)
        source = seconds(motion.times, found.source, found.source + found.end - found.first)
        yield Trace(
            code="clip.repeated",
            sentence=f"The pictures {clocks((copy,))} are those shown {clocks((source,))} before, "
            "frame by frame.",
            does_not_show="It does not show why: a replay, a looped animation and a patch over "
            "something removed look alike here.",
            seconds=(copy,),
            score=found.score,
            usual=REPEATED,
        )


def _jumps(motion: Motion, renewed: Sequence[float]) -> Iterator[Trace]:
    found = jumps(motion, JUMP, renewed)
    inside, usual_inside = [each for each in found if not each.cut], JUMP
    models: tuple[str, ...] = ()
    if motion.missing is not None:
        inside, usual_inside = missing_frames(motion, MISSING, renewed), MISSING
        models = named((NETWORK.digest,))
    told = {each.frame for each in inside}
    cuts = [each for each in found if each.cut and each.clearness >= CUT and each.frame not in told]
    for code, some, usual in (("clip.jump", inside, usual_inside), ("clip.cut", cuts, CUT)):
        if not some:
            continue
        where = tuple(seconds(motion.times, each.frame - 1, each.frame) for each in some[:_MOST])
        if code == "clip.jump":
            said = f"The motion jumps {clocks(where)}, inside what looks like one shot."
            limits = (
                "It does not show whether frames were taken out, the recorder lost some, or "
                "something did change so suddenly (a caption, a flash, an animation)."
            )
        else:
            said = f"One shot ends and another begins {clocks(where)}."
            limits = "It does not show that anything is missing: most published clips are cut."
        yield Trace(
            code=code,
            sentence=said,
            does_not_show=limits,
            seconds=where,
            score=max(each.clearness for each in some),
            usual=usual,
            models=models if code == "clip.jump" else (),
        )


def _rhythms(motion: Motion) -> Iterator[Trace]:
    long = [each for each in rhythms(motion) if telling(each, RHYTHM, CONTRAST)]
    short = [each for each in short_rhythms(motion) if telling(each, SHORT_RHYTHM, SHORT_CONTRAST)]
    kept = long or short
    if not kept:
        return
    best = max(kept, key=lambda each: each.strength)
    where = joined(
        [seconds(motion.times, each.first, each.last + 1) for each in _alike(best, motion)]
    )
    yield Trace(
        code="clip.frames-repeated" if best.repeats else "clip.frames-left-out",
        sentence=_in_words(best, where, motion),
        does_not_show="It does not show which of the two: a change of speed, or of the frame rate "
        "alone (25 into 30 a second, film into television), which leaves the speed as it was.",
        seconds=where,
        score=rhythm_score(long, short),
        usual=0.5,
    )


def _alike(best: Rhythm, motion: Motion) -> list[Rhythm]:
    """The short windows that have a rhythm too, or all of it where most have or none has."""
    windows = short_rhythms(motion)
    alike = [
        each
        for each in windows
        if each.strength >= _HEARD
        and each.repeats == best.repeats
        and abs(each.share / best.share - 1) < _STEADY
    ]
    most = max((abs(each.contrast) for each in alike), default=0.0)
    alike = [each for each in alike if abs(each.contrast) >= _AS_CLEAR * most]
    if not alike or len(alike) > _MOSTLY * len(windows):
        return [*windows, best]
    return alike


def rhythm_score(long: Iterable[Rhythm], short: Iterable[Rhythm]) -> float:
    """How clear the clearest rhythm is, 0 to 1; from 0.5 on it is told."""
    told = [
        min(each.strength / strength, abs(each.contrast) / contrast)
        for some, strength, contrast in (
            (long, RHYTHM, CONTRAST),
            (short, SHORT_RHYTHM, SHORT_CONTRAST),
        )
        for each in some
    ]
    most = max(told, default=0.0)
    return most / (most + 1)


def telling(rhythm: Rhythm, strength: float, contrast: float) -> bool:
    """Whether a rhythm is clear beyond both limits."""
    return rhythm.strength >= strength and abs(rhythm.contrast) >= contrast


def _in_words(best: Rhythm, where: tuple[Seconds, ...], motion: Motion) -> str:
    every = f"{1 / best.share:.1f}".removesuffix(".0")
    whole = where[0][0] <= motion.times[0] + 1 and where[-1][1] >= motion.times[-1] - 1
    place = "throughout" if whole and len(where) == 1 else clocks(where)
    if best.repeats:
        return (
            f"One of {every} frames shows what the one before it showed, {place}: as when a clip "
            f"is slowed to {1 - best.share:.0%} of its speed, or given a higher frame rate."
        )
    return (
        f"After every {every} frames one is missing, {place}: as when a clip is sped up to "
        f"{1 + best.share:.0%} of its speed, or given a lower frame rate."
    )


def joined(spans: list[Seconds]) -> tuple[Seconds, ...]:
    """Spans in order, those that touch as one."""
    found: list[Seconds] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return tuple(found)


def _in_times(packets: Packets) -> Found:
    told = gaps(packets.times)
    if told is None:
        reason = "its pictures do not come at even intervals, or are too few"
        return (), (f"It was not looked for gaps in time: {reason}.",)
    where, usual = told
    if not where:
        return (), ()
    most = max(end - start for start, end in where)
    trace = Trace(
        code="clip.time-gap",
        sentence=f"A picture comes every {1000 * usual:.0f} ms, but for {clocks(where[:_MOST])}, "
        f"where none comes for up to {most:.2f} s.",
        does_not_show="It does not show whether pictures were taken out or never recorded.",
        seconds=where[:_MOST],
        score=1 - usual / most,
        usual=1 - 1 / 2.6,
    )
    return (trace,), ()
