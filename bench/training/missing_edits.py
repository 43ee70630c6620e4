"""Draw clips of which frames are missing, and clips of which none are, as `missing` wants.

Of an unedited clip frames are left out, repeated, blended or held, another shot is put between, the
rate is changed, or nothing is done; most edited ones have one jump, as an editor leaves. Some clips
were coded before, badly. Then comes what happens in honest clips too: captions appear, lights
flash, the camera shakes, there is noise. Everything is coded again, honest clips too, with an
encoder, a quality, a GOP and a height that are drawn. What is missing is known of each step.
"""

from dataclasses import dataclass, replace
from fractions import Fraction

import av
import numpy as np
import numpy.typing as npt
from PIL import Image

from .missing_honest import Pixels, Random, disturbed

WIDTH, HEIGHT = 128, 72
REPEATED, REGULAR, ONE, FEW, SOME, MANY, OTHER = range(7)
CLASSES = "repeated", "regular", "1 missing", "2 to 5", "6 to 20", "21 or more", "another shot"
_MOST = {REGULAR: 0, ONE: 1, FEW: 5, SOME: 20}  # frames that are missing
_MAY_REPEAT = 0b111  # bits of classes: repeated, regular, or one missing
_BACKWARDS = 1 << FEW | 1 << SOME | 1 << MANY
_SHORTEST = 96  # frames of a drawn clip

Moments = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Clip:
    """Luma frames (n, height, width), and what is known of the clip as it is.

    `own` (n,): the publisher's own jumps, of which nothing is taught; `cuts` (n,): steps to another
    shot; `rhythm`: whether its frames come in one.
    """

    name: str
    source: str
    frames: Pixels
    rate: float
    own: npt.NDArray[np.bool_]
    cuts: npt.NDArray[np.bool_]
    rhythm: bool


@dataclass(frozen=True, slots=True)
class Drawn:
    """Small frames (n, 72, 128), and bits of the classes that each step may be; 0: not known."""

    frames: Pixels
    may_be: Pixels
    source: str = ""


def decoded(path: str) -> tuple[Pixels, float]:
    """The luma of every frame of a clip, and its rate."""
    with av.open(path) as container:
        stream = container.streams.video[0]
        stream.thread_count = 1
        frames = [frame.to_ndarray(format="gray") for frame in container.decode(stream)]
        return np.stack(frames), float(stream.average_rate)


def small(frame: av.VideoFrame) -> Pixels:
    """A frame as the verifier sees it; one that stands is turned."""
    stands = frame.width < frame.height
    size = (HEIGHT, WIDTH) if stands else (WIDTH, HEIGHT)
    scaled = frame.reformat(*size, format="gray", interpolation="AREA", threads=1)
    luma: Pixels = scaled.to_ndarray()
    return luma.T if stands else luma


def coded(
    frames: Pixels,
    codec: str,
    options: dict[str, str],
    lines: int,
    rate: float,
    whole: bool = False,
) -> Pixels:
    """Encode luma frames at so many lines of the shorter side; decode them small, or `whole`.

    Every part of it has one thread: a scaler that takes one for each core, in a process on each
    core, stands still.
    """
    scale = lines / min(frames.shape[1:])
    width, height = (int(side * scale / 2) * 2 for side in frames.shape[:0:-1])
    encoder = av.CodecContext.create(codec, "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.framerate = Fraction(rate).limit_denominator(1001)
    encoder.time_base = 1 / encoder.framerate
    encoder.thread_count = 1
    encoder.options = options
    if codec == "mpeg4":
        encoder.gop_size, encoder.bit_rate = int(options["g"]), 0
        encoder.flags |= 2  # the quality that is named, not a bit rate
    decoder = av.CodecContext.create("h264" if codec == "libx264" else codec, "r")
    decoder.thread_count = 1
    seen: list[Pixels] = []
    how = "AREA" if scale < 1 else "BICUBIC"

    def look(frame: av.VideoFrame) -> Pixels:
        return frame.to_ndarray(format="gray") if whole else small(frame)

    for number, luma in enumerate([*frames, None]):
        frame = None
        if luma is not None:
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(luma), format="gray")
            frame = frame.reformat(width, height, "yuv420p", interpolation=how, threads=1)
            frame.pts = number
        for packet in encoder.encode(frame):
            seen += [look(each) for each in decoder.decode(packet)]
    seen += [look(each) for each in decoder.decode(None)]
    return np.stack(seen)


def encoding(random: Random) -> tuple[str, dict[str, str], int]:
    """Draw an encoder, its options, and lines."""
    lines = int(random.choice([240, 240, 270, 288, 360, int(random.integers(95, 180)) * 2]))
    if random.random() < 0.2:
        quality = str(random.integers(3, 9))
        gop = str(random.choice([10, 12, 12, 15, 25, 50]))
        return "mpeg4", {"qmin": quality, "qmax": quality, "g": gop}, lines
    presets = ["ultrafast", "superfast", "superfast", "veryfast", "veryfast", "veryfast"]
    options = {
        "crf": f"{random.uniform(18, 36):.1f}",
        "preset": str(random.choice(presets)),
        "g": str(random.choice([12, 25, 30, 50, 60, 75, 100, 140, 250, 250, 250, 250])),
        "bf": str(random.choice([0, 2, 3])),
        "threads": "1",
    }
    if random.random() < 0.15:
        options["sc_threshold"] = "0"
    return "libx264", options, lines


def published(frames: Pixels, rate: float, random: Random) -> Pixels:
    """Code frames as a publisher may have: badly, so that whole pictures are seen to be renewed."""
    if random.random() < 0.4:
        quality = str(random.integers(6, 14))
        options = {"qmin": quality, "qmax": quality, "g": str(random.choice([10, 12, 15, 25]))}
        codec = "mpeg4"
    else:
        gop = str(random.choice([12, 15, 25, 30, 48, 60, 90, 120]))
        options = {"crf": f"{random.uniform(29, 38):.1f}", "preset": "superfast", "g": gop}
        options |= {"threads": "1", "sc_threshold": "0", "bf": "0"}
        codec = "libx264"
    lines = min(frames.shape[1:]) // 2 * 2
    seen = coded(frames, codec, options, lines, rate, whole=True)
    return seen[: len(frames)]


def _class(missing: int) -> int:
    if missing < 0:
        return REPEATED
    return next((each for each, most in _MOST.items() if missing <= most), MANY)


def may_be(moments: Moments, base: int, clip: Clip) -> Pixels:
    """Bits of the classes that each step between shown moments may be."""
    bits = np.zeros(len(moments), np.uint8)
    for at in range(1, len(moments)):
        before, after = moments[at - 1], moments[at]
        low, high = sorted((before, after))
        step = (after - before) / base
        passed = slice(int(low) + 1, int(np.ceil(high)) + 1)
        if clip.cuts[passed].any():
            bits[at] = 1 << OTHER if abs(step) <= 2 else 0
        elif clip.own[passed].any() or -3 <= step < 0:
            continue
        elif abs(step - round(step)) > 1e-6:  # blended
            bits[at] = _MAY_REPEAT
        elif step < 0:
            bits[at] = _BACKWARDS
        elif clip.rhythm and step <= 2:
            bits[at] = {0: 0b11, 1: _MAY_REPEAT, 2: 0b1110}[round(step)]
        else:
            bits[at] = 1 << _class(round(step) - 1)
    return bits


def _resampled(count: int, factor: float, random: Random, blended: bool) -> Moments:
    moments = np.arange(int((count - 1) / factor)) * factor
    return moments if blended else np.floor(moments + random.random())


def _missing(random: Random) -> int:
    """How many frames are left out at once."""
    low, high = [(2, 3), (3, 6), (6, 11), (11, 21), (21, 91)][
        random.choice(5, p=[0.06, 0.2, 0.22, 0.22, 0.3])
    ]
    return int(random.integers(low, high))


def _with_one(moments: Moments, random: Random) -> Moments:
    """Left out at one place, as an editor does."""
    length = min(_missing(random), max(2, len(moments) - _SHORTEST))
    at = int(random.integers(10, max(11, len(moments) - length - 10)))
    return np.concatenate([moments[:at], moments[at + length :]])


def _with_many(moments: Moments, random: Random) -> Moments:
    kept, at = [], 0
    length = int(random.integers(8, 30))
    while at < len(moments):
        kept.append(moments[at : at + length])
        at += length
        at += min(_missing(random), max(0, len(moments) - at - 12))
        length = int(random.integers(14, 60))
    return np.concatenate(kept)


def _repeated_or_held(kind: str, moments: Moments, random: Random) -> Moments:
    length = int(random.integers(8, 50))
    at = int(random.integers(length + 2, max(length + 3, len(moments) - length - 8)))
    if kind == "loop":
        return np.concatenate([moments[:at], moments[at - length :]])
    if kind == "freeze":
        rest = moments[at + (length if random.random() < 0.5 else 0) :]
        return np.concatenate([moments[:at], np.full(length, moments[at]), rest])
    moments = moments.copy()
    for each in random.integers(5, max(6, len(moments) - 5), int(random.integers(1, 8))):
        moments[each] = moments[each - 1]
    return moments


def planned(count: int, random: Random) -> Moments:
    """Which moments of a clip are shown, in frames of the original."""
    share = {"none": 0.32, "one": 0.36, "many": 0.06, "out": 0.08, "twice": 0.08, "phone": 0.04}
    share |= {"freeze": 0.02, "loop": 0.02, "blend": 0.02}
    kind = str(random.choice([*share], p=[*share.values()]))
    moments = np.arange(count, dtype=np.float64)
    if kind == "out":
        some = [1.25, 1.2, 25 / 24, 1.1, 1.5, 4 / 3, random.uniform(1.04, 1.6)]
        moments = _resampled(count, float(random.choice(some)), random, blended=False)
    elif kind in {"twice", "blend"}:
        some = [0.75, 0.8, 0.5, 25 / 30, 0.9, random.uniform(0.4, 0.95)]
        moments = _resampled(count, float(random.choice(some)), random, blended=kind == "blend")
    elif kind in {"phone", "freeze", "loop"}:
        moments = _repeated_or_held(kind, moments, random)
    wanted = int(random.integers(130, 220))
    if kind == "many":
        moments = _with_many(moments, random)
    start = int(random.integers(0, max(1, len(moments) - wanted + 1)))
    if kind == "one" or (kind not in {"none", "many"} and random.random() < 0.35):
        start = int(random.integers(0, max(1, len(moments) - wanted - 40 + 1)))
        moments = _with_one(moments[start : start + wanted + 90], random)
        start = 0
    return moments[start : start + wanted]


def shown(frames: Pixels, moments: Moments) -> Pixels:
    """The frames of moments, blended of two between frames."""
    first = np.minimum(moments.astype(int), len(frames) - 1)
    share = (moments - first)[:, None, None]
    if not share.any():
        return frames[first]
    after = frames[np.minimum(first + 1, len(frames) - 1)]
    return np.rint((1 - share) * frames[first] + share * after).astype(np.uint8)


def drawn(clip: Clip, other: Clip, random: Random) -> Drawn:
    """Draw one clip, and perhaps another shot within it."""
    clip = _turned(clip, random)
    often = 0.6 if clip.rate > 45 else 0.1
    base = 2 if random.random() < often and len(clip.frames) > 200 else 1
    moments = planned(len(clip.frames) // base, random) * base
    if random.random() < 0.18:
        low, high = int(moments.min()), int(moments.max()) + 2
        part = published(clip.frames[low:high], clip.rate, random)
        clip = replace(clip, frames=part, own=clip.own[low:high], cuts=clip.cuts[low:high])
        moments = np.minimum(moments - low, len(part) - 1)
    frames, bits = shown(clip.frames, moments), may_be(moments, base, clip)
    if random.random() < 0.2:
        frames, bits = _with_another_shot(frames, bits, other, random)
    elif random.random() < 0.05:
        frames, bits = _nearer(frames, bits, random)
    codec, options, lines = encoding(random)
    seen = coded(disturbed(frames, random), codec, options, lines, clip.rate / base)
    return Drawn(seen[: len(bits)], bits[: len(seen)], clip.source)


def _turned(clip: Clip, random: Random) -> Clip:
    """A clip mirrored, upside down or played backwards, or as it is."""
    frames, own, cuts = clip.frames, clip.own, clip.cuts
    if random.random() < 0.5:
        frames = frames[:, :, ::-1]
    if random.random() < 0.1:
        frames = frames[:, ::-1]
    if random.random() < 0.3:
        own, cuts = (np.concatenate([each[:1], each[:0:-1]]) for each in (own, cuts))
        frames = frames[::-1]
    return replace(clip, frames=frames, own=own, cuts=cuts)


def _with_another_shot(
    frames: Pixels, bits: Pixels, other: Clip, random: Random
) -> tuple[Pixels, Pixels]:
    at = int(random.integers(10, max(11, len(frames) - 10)))
    shot = frames[:, :, ::-1] if random.random() < 0.2 else other.frames
    count = min(len(frames) - at, len(shot) - 1)
    if random.random() < 0.5:
        count = min(count, int(random.integers(8, 70)))
    start = int(random.integers(0, len(shot) - count))
    part = _fitted(shot[start : start + count], frames.shape[2], frames.shape[1])
    mixed = np.concatenate([frames[:at], part, frames[at + count :]])
    bits = bits.copy()
    bits[at : at + count] = _MAY_REPEAT
    bits[at : at + count + 1 : count] = 1 << OTHER
    return mixed, bits


def _nearer(frames: Pixels, bits: Pixels, random: Random) -> tuple[Pixels, Pixels]:
    """The same shot, from one frame on nearer, as editors do; no frame is missing."""
    _, height, width = frames.shape
    at = int(random.integers(10, max(11, len(frames) - 10)))
    scale = random.uniform(1.08, 1.6)
    tall, wide = int(height / scale), int(width / scale)
    top, left = int(random.integers(0, height - tall)), int(random.integers(0, width - wide))
    near = _fitted(frames[at:, top : top + tall, left : left + wide], width, height)
    bits = bits.copy()
    bits[at] = 1 << OTHER
    return np.concatenate([frames[:at], near]), bits


def _fitted(frames: Pixels, width: int, height: int) -> Pixels:
    if frames.shape[1:] == (height, width):
        return frames
    size = width, height
    return np.stack([np.asarray(Image.fromarray(each).resize(size)) for each in frames])
