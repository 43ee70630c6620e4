"""The pictures of a clip: were they generated? Some frames, each seen as a picture is.

What is seen of a frame is what is seen of a picture (`seen`). A line over the mean of the
encoder's first tokens, learnt from frames of clips (`bench.training.footage`), and the mean score
as pictures, none of which was a frame, are added up. What makes a face speak from a still was not
learnt from, and is told from filmed people no better than by chance: where a face is close, no
words speak for a filmed one.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from ledger.asset import Kind, MediaType
from verifier.errors import ToolMissing, Unreadable
from verifier.media.decode import colour_frames
from verifier.media.probe import MediaInfo, probe

from . import faces, head, kinds, seen
from .calibration import Calibration, weigh
from .clip import too_coarse
from .domain import why_not
from .head import Head, from_bytes
from .likeness import Likeness
from .result import Detection, Subject, abstention, opinion
from .track import scaled
from .views import Look, looks
from .weights import held, named

FILE = "footage.npz"  # learnt beside what picture.npz says, and with it
DIGEST = "fc5098098eec9b89c5b88ee8181c970bd27affde573a838d81b3523d2998bf29"  # SHA-256 of that file
FRAMES, LEAST_FRAMES = 6, 3  # that are looked at; of which something can be said
STRATUM = "filmed and generated clips of at least 320 pixels, by six of their frames"
SIDES = ("generated pictures in it", "filmed pictures in it")
EXPERIMENTAL = True  # docs/detector-footage.md says what was reached
UNLIKE = "its pictures are unlike those that the detector was trained on"
CLOSE = 0.25  # of a frame's shorter side: a face as high as that is what the clip shows
LEAST = -0.3  # log10, where a face is close: where words begin
_MOMENT = 0.5  # seconds within which a frame is looked for
_LATEST = 3600.0  # seconds: no frame is looked for later

Floats = npt.NDArray[np.float32]


def detect_footage(path: Path, media_type: MediaType) -> Detection:
    """Weigh the pictures of a clip inside the sandbox; takes about 3 s of one core.

    Raises Unreadable, and ToolMissing where weights are absent or are others.
    """
    if media_type.kind is Kind.PICTURE:
        return _abstained("a picture that moves has too few colours and frames")
    info = probe(path, media_type)
    if not info.video or info.size is None:
        return _abstained("it holds no moving pictures")
    coarse = too_coarse(info, path.stat().st_size)
    if coarse is not None:
        return _abstained(coarse)
    frames: list[Floats] = []
    near: list[bool] = []
    reasons: Counter[str] = Counter()
    for image in sampled(path, media_type, info):
        reason = why_not(image, None, moves=True)
        if reason is None:
            frames.append(features(looks(image)))
            near.append(close(image))
        else:
            reasons[reason] += 1
    if len(frames) < LEAST_FRAMES:
        return _abstained(reasons.most_common(1)[0][0] if reasons else "it has too few frames")
    mean = described(frames)
    if mean is None:
        return _abstained(UNLIKE)
    other = unlike(mean)
    if other is not None:
        return _abstained(other)
    return opinion(
        Subject.FOOTAGE,
        weigh(trained().score(mean), calibration(faces_close=most(near))),
        sides=SIDES,
        stratum=STRATUM,
        models=_models(),
        experimental=EXPERIMENTAL,
    )


def sampled(path: Path, media_type: MediaType, info: MediaInfo) -> Iterator[Image.Image]:
    """Frames of a clip whose size is known, spread evenly over it; raises Unreadable if none."""
    size, some = scaled(info.size or (2, 2)), False
    for at in moments(info.duration):
        try:
            frame = _frame(path, media_type, size, at)
        except Unreadable:  # a gap, or an end before what the file says
            continue
        some = True
        yield frame
    if not some:
        yield _frame(path, media_type, size, 0.0)


def _frame(path: Path, media_type: MediaType, size: tuple[int, int], at: float) -> Image.Image:
    """The first frame from a moment on; raises Unreadable where it does not follow soon."""
    within = (at, at + _MOMENT)
    shown = colour_frames(path, media_type, per_second=1 / _MOMENT, size=size, within=within)
    frames = [Image.fromarray(rgb) for _, rgb in shown]
    return frames[0]


def moments(duration: float | None) -> list[float]:
    """Seconds at which frames are looked for: the middles of FRAMES parts of alike length."""
    whole = min(duration or FRAMES * _MOMENT, _LATEST)
    return [whole * (2 * place + 1) / (2 * FRAMES) for place in range(FRAMES)]


def features(shown: tuple[Look, ...]) -> Floats:
    """What is seen of one frame; raises ToolMissing."""
    return seen.see(Subject.PICTURE, shown)


def close(image: Image.Image) -> bool:
    """Whether a face fills much of a frame; raises ToolMissing."""
    found = faces.find_near(np.asarray(image.convert("RGB")))
    return any(each.box[3] >= CLOSE * min(image.size) for each in found)


def most(near: list[bool]) -> bool:
    """Whether a face is close in half of the frames or more."""
    return 2 * sum(near) >= len(near) > 0


def calibration(*, faces_close: bool) -> Calibration:
    """How a score becomes a ratio, no words for a filmed clip where faces are close."""
    told = trained().calibration
    return (
        replace(told, bounds=(max(LEAST, told.bounds[0]), told.bounds[1])) if faces_close else told
    )


def described(frames: list[Floats]) -> Floats | None:
    """What is learnt from: the mean first tokens of frames, (kinds.TOKENS,), and their mean score.

    None where most are unlike the pictures that were learnt from. Raises ToolMissing.
    """
    pictures = _pictures()
    near = [each for each in frames if pictures.distance(each) <= float(pictures.farthest)]
    if len(near) < LEAST_FRAMES:
        return None
    tokens = np.mean([each[: kinds.TOKENS] for each in near], axis=0)
    score = np.mean([pictures.score(each) for each in near])
    return np.append(tokens, score).astype(np.float32)


def unlike(mean: Floats) -> str | None:
    """The reason to say nothing of a clip that was `described` so, or None; raises ToolMissing."""
    line = trained()
    return UNLIKE if line.distance(mean) > float(line.farthest) else kinds.made(mean)


@cache
def trained() -> Head:
    """The line that belongs to this version; raises ToolMissing."""
    return from_bytes(held(Path(__file__).with_name(FILE), DIGEST))


def _pictures() -> Likeness:
    learnt = head.trained(Subject.PICTURE)
    assert isinstance(learnt, Likeness)  # noqa: S101  # pictures are held against pictures
    return learnt


def ready() -> None:
    """Read the line now; never raises. `detect` reads the rest."""
    try:
        trained()
    except ToolMissing:
        return


def digests() -> dict[str, str]:
    """The files that are read beside those of pictures, and the SHA-256 that each must have."""
    return {FILE: DIGEST}


def _models() -> tuple[str, ...]:
    picture = head.DIGESTS[Subject.PICTURE][1], seen.ADAPTED[Subject.PICTURE].digest
    ours = (DIGEST, *picture, kinds.DIGEST, *seen.NETWORKS[Subject.PICTURE])
    return named((*ours, *faces.digests().values()))


def _abstained(reason: str) -> Detection:
    return abstention(
        Subject.FOOTAGE, reason, stratum=STRATUM, models=_models(), experimental=EXPERIMENTAL
    )
