"""What the EXIF says, held against itself and against the picture. Pure.

Only contradictions that no camera writes by itself are told; a missing note is none.
"""

from collections.abc import Iterator
from datetime import timedelta

from verifier.detector.result import Trace

from .texts import Exif

_ZONE = timedelta(hours=26)  # clocks in two places of the Earth differ by no more
_ANYBODY = "EXIF can be written and removed by anybody. "


def implausible(exif: Exif, size: tuple[int, int]) -> tuple[Trace, ...]:
    """Contradictions of the EXIF; `size` is the picture's width and height as stored."""
    return (*_times(exif), *_size(exif, size))


def _times(exif: Exif) -> Iterator[Trace]:
    """EXIF 2.32, 4.6.4 and 4.6.5: captured, then digitised, then changed."""
    captured, changed, digitised = exif.captured, exif.changed, exif.digitised
    if captured and changed and captured - changed > _ZONE:
        yield Trace(
            code="exif.captured-after-change",
            sentence=f"The EXIF says that the picture was captured on {captured}, after the file "
            f"was last changed, on {changed}.",
            does_not_show=_ANYBODY + "It does not show which of the two is wrong, nor why: a "
            "camera's clock that was set between, or a program, can do it.",
        )
    if captured and digitised and captured - digitised > _ZONE:
        yield Trace(
            code="exif.captured-after-digitised",
            sentence=f"The EXIF says that the picture was captured on {captured}, after it was "
            f"digitised, on {digitised}.",
            does_not_show=_ANYBODY + "It does not show which of the two is wrong, nor why.",
        )


def _size(exif: Exif, size: tuple[int, int]) -> Iterator[Trace]:
    if exif.size is None or sorted(exif.size) == sorted(size):
        return
    told, real = sorted(exif.size), sorted(size)
    if told[0] < 16 or told[1] > 1 << 17:  # what cameras write that do not know
        return
    is_alike = abs(told[0] / told[1] - real[0] / real[1]) <= 2 / real[1]
    how = "in the same proportions" if is_alike else "in other proportions, as after cropping"
    yield Trace(
        code="exif.other-size",
        sentence=f"The EXIF gives {exif.size[0]} by {exif.size[1]} pixels; the picture has "
        f"{size[0]} by {size[1]}, {how}.",
        does_not_show="Sending and publishing make pictures smaller too. It does not show what "
        "was cut off, nor that anything in the picture was changed.",
    )
