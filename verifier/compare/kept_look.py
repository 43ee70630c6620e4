"""What the private store keeps of an original, to look at: a small picture, frames, or peaks. Pure.

It is coarser than the original was: 128 pixels of a picture, 64 of a clip's frames, and of a
recording where its spectrum peaks.
"""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from ledger.vocabulary import Fingerprint
from verifier.fingerprint.luma import CLIP_LUMA, Thumbnails, parse_thumbnails
from verifier.fingerprint.peaks import PEAKS, Peaks, parse_peaks
from verifier.fingerprint.thumbnail import THUMBNAIL, Thumbnail, parse_thumbnail

from .draw_time import Strip
from .look import STRIP_SIZE, Look, joined

_PAPER, _INK = (233, 236, 240), (66, 92, 122)
_HIGHEST = 49.0  # semitones: of a peak


def look_at_kept(fingerprints: Sequence[Fingerprint], at: float) -> Look:
    """The look of an original; of a clip, with the frame nearest to `at` so many seconds.

    Raises FormatError where the record does not read. Of what was not kept nothing is shown.
    """
    kept = {each.algorithm: each.bits for each in fingerprints}
    if THUMBNAIL in kept:
        picture = _picture(parse_thumbnail(kept[THUMBNAIL]))
        return Look(picture.size, None, picture, None)
    if CLIP_LUMA in kept:
        return _clip(parse_thumbnails(kept[CLIP_LUMA]), at)
    if PEAKS in kept:
        peaks = parse_peaks(kept[PEAKS])
        seconds = float(peaks.times[-1])
        return Look(None, seconds, None, Strip(seconds, _dots(peaks, seconds)))
    return Look(None, None, None, None)


def _picture(thumbnail: Thumbnail) -> Image.Image:
    size = thumbnail.width, thumbnail.height
    luma, *colours = (_grey(plane) for plane in (thumbnail.luma(), *thumbnail.colours()))
    whole = [each.resize(size, Image.Resampling.BICUBIC) for each in colours]
    return Image.merge("YCbCr", [luma, *whole]).convert("RGB")


def _grey(plane: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> Image.Image:
    return Image.fromarray(np.clip(np.rint(plane), 0, 255).astype(np.uint8))


def _clip(clip: Thumbnails, at: float) -> Look:
    frames = [Image.fromarray(each).convert("RGB") for each in clip.luma[:: _every(clip)]]
    shown = Image.fromarray(clip.luma[int(np.abs(clip.times - at).argmin())]).convert("RGB")
    return Look(clip.size, clip.duration, shown, Strip(clip.duration, joined(frames)))


def _every(clip: Thumbnails) -> int:
    """Of so many frames one is shown, that they fill a strip in their own shape."""
    height, width = clip.luma.shape[1:]
    across = max(1, STRIP_SIZE[0] * height // (STRIP_SIZE[1] * width))
    return max(1, int(len(clip.times) // across))


def _dots(peaks: Peaks, seconds: float) -> Image.Image:
    """A point for each peak: time to the right, pitch upwards."""
    width, height = STRIP_SIZE
    pixels = np.full((height, width, 3), _PAPER, np.uint8)
    across = (peaks.times / max(seconds, 1e-3) * (width - 3)).astype(np.int64)
    down = ((1 - peaks.pitches / _HIGHEST) * (height - 3)).astype(np.int64)
    for x, y in np.ndindex(3, 3):
        pixels[np.clip(down + y, 0, height - 1), np.clip(across + x, 0, width - 1)] = _INK
    return Image.fromarray(pixels)
