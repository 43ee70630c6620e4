"""From two files to the picture of their comparison: where looking and drawing meet."""

import io
from collections.abc import Sequence
from dataclasses import replace

from PIL import Image

from ledger.vocabulary import Fingerprint
from verifier.media.limits import limits_for
from verifier.media.sandbox import Sandbox

from .compare import Medium
from .draw import Side, draw
from .kept_look import look_at_kept
from .look import look_in
from .result import Comparison, Segment, SegmentKind


def picture_of(
    sandbox: Sandbox, original: Medium, suspect: Medium, comparison: Comparison, source: int = 0
) -> bytes:
    """Draw two files and what differs, as a PNG. Raises VerifierError where one is unreadable.

    `source` is the number of this original, where there are several.
    """
    comparison = replace(
        comparison,
        time_map=_seen_from(source, comparison.time_map),
        sound=_seen_from(source, comparison.sound),
    )
    ours, theirs = moments(comparison)
    sides = []
    for medium, at in ((original, theirs), (suspect, ours)):
        limits = limits_for(medium.asset.size)
        seen = look_in(sandbox, medium.path, medium.media_type, at=at, limits=limits)
        sides.append(Side(medium.path.name, seen.picture, seen.size, seen.strip))
    return as_png(draw(sides[0], sides[1], comparison))


def _seen_from(source: int, segments: Sequence[Segment]) -> tuple[Segment, ...]:
    """Segments of one original, as number 0, and of others."""
    return tuple(replace(each, source=int(each.source != source)) for each in segments)


def picture_of_kept(
    sandbox: Sandbox,
    name: str,
    kept: Sequence[Fingerprint],
    suspect: Medium,
    comparison: Comparison,
) -> bytes:
    """Draw a suspect and what is kept of its original, which is called `name`, as a PNG.

    Raises VerifierError where the suspect is unreadable, FormatError where what is kept is.
    """
    ours, theirs = moments(comparison)
    limits = limits_for(suspect.asset.size)
    seen = look_in(sandbox, suspect.path, suspect.media_type, at=ours, limits=limits)
    sides = [
        Side(each_name, each.picture, each.size, each.strip)
        for each_name, each in ((name, look_at_kept(kept, theirs)), (suspect.path.name, seen))
    ]
    return as_png(draw(sides[0], sides[1], comparison))


def as_png(image: Image.Image) -> bytes:
    """Encode a picture."""
    stream = io.BytesIO()
    image.save(stream, "PNG", optimize=True)
    return stream.getvalue()


def moments(comparison: Comparison) -> tuple[float, float]:
    """Choose a second of the suspect that shows what differs, and the same one of the original."""
    times = [region.time for region in comparison.regions if region.time]
    shown = [each for each in comparison.time_map if each.original and not each.source]
    if times:
        start, end = max(times, key=lambda span: span[1] - span[0])
        wanted = (start + end) / 2
    elif shown:
        odd = [each for each in shown if each.kind is not SegmentKind.SAME] or shown
        wanted = sum(max(odd, key=lambda each: each.suspect[1] - each.suspect[0]).suspect) / 2
    else:
        return 0.0, 0.0
    for each in shown:
        if each.suspect[0] <= wanted <= each.suspect[1]:
            return wanted, _original_at(each, wanted)
    return wanted, wanted


def _original_at(segment: Segment, moment: float) -> float:
    first, last = segment.original or (0.0, 0.0)
    start, end = segment.suspect
    share = (moment - start) / max(end - start, 1e-9)
    return (
        last - share * (last - first) if (segment.rate or 0) < 0 else first + share * (last - first)
    )
