"""From a file to its fingerprints: the one place where decoders and fingerprints meet."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ledger.asset import BY_NAME, Kind, MediaType
from ledger.vocabulary import Fingerprint
from verifier.media.decode import frames, samples
from verifier.media.limits import Limits
from verifier.media.moving import moves
from verifier.media.picture import picture, picture_size
from verifier.media.probe import probe
from verifier.media.sandbox import Sandbox

from .audio import RATE, fingerprint_samples
from .described import FootageFinder
from .image import fingerprint_picture
from .luma import Gathering, fingerprint_thumbnails, frame_size
from .peaks import PeakFinder
from .thumbnail import fingerprint_thumbnail
from .video import FRAME_SIDE, FRAMES_PER_SECOND, fingerprint_frames

_SHRINK_TO = 256  # pixels: more than either hash looks at, and up to 8 times cheaper to decode


def compute(path: Path, media_type: MediaType) -> tuple[Fingerprint, ...]:
    """Fingerprint a picture, the frames of a clip, and the sound of a clip or recording.

    A picture that moves is fingerprinted as a picture, by its first frame, and as a clip. Decodes
    hostile bytes: call it inside a sandbox, or use `compute_in`. A flat picture, a black clip,
    silence, and a file that is none of these have none. Raises Unreadable.
    """
    if media_type.kind is Kind.PICTURE:
        image = picture(path, media_type, shrink_to=_SHRINK_TO)
        known = fingerprint_picture(image)
        still = (*known, fingerprint_thumbnail(image)) if known else ()
        if not moves(path, media_type):
            return still
        return still + _fingerprint_pictures(path, media_type, picture_size(path, media_type))
    if media_type.kind not in (Kind.CLIP, Kind.RECORDING):
        return ()
    info = probe(path, media_type)
    found: tuple[Fingerprint, ...] = ()
    if info.video:
        found += _fingerprint_pictures(path, media_type, info.size or (1, 1))
    if info.sound:
        peaks = PeakFinder()
        heard = peaks.listen(samples(path, media_type, rate=RATE))
        found += fingerprint_samples(heard) + peaks.fingerprints()
    return found


def _fingerprint_pictures(
    path: Path, media_type: MediaType, size: tuple[int, int]
) -> tuple[Fingerprint, ...]:
    """All records of a clip's frames, which are decoded once; none if nothing is to be seen."""
    width, height = frame_size(size)

    def square() -> Iterator[tuple[float, npt.NDArray[np.uint8]]]:
        side = (FRAME_SIDE, FRAME_SIDE)
        shown = frames(
            path, media_type, per_second=FRAMES_PER_SECOND, size=side, beside=(width, height)
        )
        for time, luma in shown:
            thumbnails.add(time, luma[:height, FRAME_SIDE:])
            yield time, luma[:, :FRAME_SIDE]

    thumbnails, footage = Gathering(), FootageFinder()
    found = fingerprint_frames(footage.watch(square()))
    if not found:
        return ()
    luma = fingerprint_thumbnails(thumbnails.gathered(size))
    return (*found, *footage.fingerprints(), luma)


def compute_in(
    sandbox: Sandbox, path: Path, media_type: MediaType, *, limits: Limits | None = None
) -> tuple[Fingerprint, ...]:
    """`compute` in a job of `sandbox`; also raises what `Sandbox.run` raises.

    A long clip takes longer than the usual limits allow: give it those of `limits_for` its size.
    """
    rows = sandbox.run(compute_task, str(path.resolve()), media_type.name, limits=limits)
    return tuple(Fingerprint(algorithm, version, bits) for algorithm, version, bits in rows)


def compute_task(path: str, media_type: str) -> list[list[str | int | bytes]]:
    """`compute` as plain values: algorithm, version and bits of each fingerprint."""
    found = compute(Path(path), BY_NAME[media_type])
    return [[each.algorithm, each.version, each.bits] for each in found]
