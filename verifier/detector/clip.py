"""One clip: is its largest face swapped or reenacted? An opinion, and measurements over time.

The opinion is learnt from real faces blended over themselves, and from clips that others made. The
measurements are those that people look for; they are shown beside what is usual, and weigh nothing.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ledger.asset import Kind, MediaType
from verifier.errors import ToolMissing
from verifier.media.probe import MediaInfo, probe

from . import encoder, faces, seams, swap
from .adapted import FACES, SWAPS
from .calibration import weigh
from .cues import of_clip
from .domain import colours
from .result import Cue, Detection, Subject, abstention, opinion
from .track import RATE, STRETCH
from .watched import Watched, heard, measured, watched
from .weights import named

STRATUM = "clips with one face of at least 80 pixels, seen for two seconds or more"
MODELS = named(
    (
        swap.DIGEST,
        *(each.digest for each in (seams.NETWORK, SWAPS, FACES)),
        encoder.DIGEST,
        *faces.digests().values(),
    )
)
SIDES = ("a swapped or reenacted face", "an unaltered face")
EXPERIMENTAL = True  # docs/detector-clips.md says what was reached, and what was asked

LEAST_WIDTH = 80.0  # pixels of the face's width
LEAST_SECONDS, LEAST_CROPS = 2.0, 6
LEAST_COLOURS = 18  # that cover nine tenths of a face: drawings; compressed clips have 21 or more
LEAST_SEEN = 0.5  # of the frames in which the face must be seen
LEAST_BITS = 0.002  # a pixel of a frame, sound included: fewer than any clip that was measured


def detect_clip(path: Path, media_type: MediaType, *, rate: float = RATE) -> Detection:
    """Weigh a clip inside the sandbox: at most STRETCH seconds of it, `rate` frames a second.

    Takes less than 10 s of one core for 10 s of a face, and no more memory for a longer clip.
    Without the weights of the picture encoder it abstains, and the measurements are shown. Raises
    Unreadable, and ToolMissing where the weights that find faces are absent or are others.
    """
    if media_type.kind is Kind.PICTURE:
        return _abstained("a picture that moves has too few colours and frames")
    info = probe(path, media_type)
    if not info.video or info.size is None:
        return _abstained("it holds no moving pictures")
    kept = watched(path, media_type, info, rate=rate)
    if kept.within[0] > 0 and not kept.times:
        kept = watched(path, media_type, info, within=(0.0, STRETCH), rate=rate)
    shown = (
        of_clip(measured(kept, heard(path, media_type, info, kept.within))) if seen(kept) else ()
    )
    reason = next(reasons(kept), None) or too_coarse(info, path.stat().st_size)
    if reason is not None:
        return _abstained(reason, *shown)
    try:
        score = swap.score(kept.crops)
    except ToolMissing as missing:
        return _abstained(f"{missing}", *shown)
    if score is None:
        return _abstained("its face is unlike those that the detector was trained on", *shown)
    return opinion(
        Subject.CLIP,
        weigh(score, swap.trained().calibration),
        sides=SIDES,
        stratum=STRATUM,
        models=MODELS,
        experimental=EXPERIMENTAL,
        cues=shown,
    )


def ready() -> None:
    """Read all the weights now, as far as they are installed; never raises."""
    faces.ready()
    swap.ready()


def digests() -> dict[str, str]:
    """The files of weights that are read, and the SHA-256 digest that each must have."""
    ours = {**SWAPS.digests(), **FACES.digests(), swap.FILE: swap.DIGEST}
    return {**faces.digests(), **seams.NETWORK.digests(), **ours}


def seen(kept: Watched) -> bool:
    """Whether a face is seen long enough to be measured."""
    return len(kept.times) >= LEAST_SEEN * kept.frames and kept.seconds >= LEAST_SECONDS


def reasons(kept: Watched) -> Iterator[str]:
    """Why nothing is said of a clip that was watched."""
    if not kept.times:
        yield "no face was found in it"
        return
    if len(kept.times) < LEAST_SEEN * kept.frames:
        share = 100 * len(kept.times) / kept.frames
        yield f"its largest face is seen in {share:.0f} % of the frames alone"
    if kept.seconds < LEAST_SECONDS or len(kept.crops) < LEAST_CROPS:
        yield f"a face is seen for {kept.seconds:.1f} s; {LEAST_SECONDS:.0f} s are needed"
    width = float(np.median(kept.widths))
    if width < LEAST_WIDTH:
        yield f"its largest face is {width:.0f} pixels wide; {LEAST_WIDTH:.0f} are needed"
    if np.median(kept.others) >= 1:
        yield "several of its faces are of alike size, and it would be about one of them alone"
    if kept.crops and np.median([colours(each) for each in kept.crops]) < LEAST_COLOURS:
        yield "it looks like a drawing"


def too_coarse(info: MediaInfo, size: int) -> str | None:
    """The reason to say nothing of a clip in a file of `size` bytes that is compressed heavily."""
    rate = info.video[0].frame_rate
    if not info.duration or not rate or info.size is None:
        return None
    bits = 8 * size / (info.duration * rate * info.size[0] * info.size[1])
    return "it is compressed so heavily that little is left to judge" if bits < LEAST_BITS else None


def _abstained(reason: str, *shown: Cue) -> Detection:
    return abstention(
        Subject.CLIP, reason, stratum=STRATUM, models=MODELS, experimental=EXPERIMENTAL, cues=shown
    )
