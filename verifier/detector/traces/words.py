"""What each test's sight means, in a sentence, and what it does not show. Pure."""

from collections.abc import Callable

from .sight import Sight

_ORDINARY = "Every site and messenger that saves a picture again leaves the same. "
_PLACE = "Where the picture is flat, burnt out or in the dark, nothing can be told. "


def sentence(sight: Sight) -> str:
    """One sentence about what was found."""
    return _SENTENCES[sight.code](sight)


def does_not_show(sight: Sight) -> str:
    """What may not be concluded; ends “It does not show …”."""
    return _LIMITS[sight.code]


def _twice(sight: Sight) -> str:
    quality = sight.notes.get("quality")
    told = f", the first time at about quality {quality:.0f} of libjpeg" if quality else ""
    return f"The picture was compressed as JPEG at least twice on the same grid{told}."


def _moved(sight: Sight) -> str:
    cut, down = sight.notes["cut"], sight.notes["cut_down"]
    return (
        "The picture was compressed as JPEG before on a grid that is not its own: as if "
        f"{cut:.0f} columns and {down:.0f} rows, or 8, 16 … more, were cut off since."
    )


def _copy(sight: Sight) -> str:
    notes = sight.notes
    if "degrees" not in notes:
        return (
            "A part of the picture stands in it twice with the same fine detail, "
            f"{abs(notes['right']):.0f} pixels across and {abs(notes['down']):.0f} down from "
            "itself."
        )
    turned = f"turned by {abs(notes['degrees']):.0f} degrees" if abs(notes["degrees"]) > 1 else ""
    sized = f"{notes['factor']:.2f} times as large" if abs(notes["factor"] - 1) > 0.02 else ""
    how = " and ".join(filter(None, (turned, sized))) or "moved"
    return f"A part of the picture stands in it twice with the same fine detail, once {how}."


def _resampled(sight: Sight) -> str:
    across, down = sight.notes["across"], sight.notes["down"]
    return (
        "The pixels are interpolated: the picture was made larger, smaller or turned (a period of "
        f"{1 / max(across, down):.2f} pixels)."
    )


_SENTENCES: dict[str, Callable[[Sight], str]] = {
    "jpeg.compressed-twice": _twice,
    "jpeg.region-other-history": lambda _: (
        "The picture was compressed as JPEG twice, and a part of it only once, or otherwise the "
        "first time."
    ),
    "jpeg.moved-grid": _moved,
    "jpeg.region-other-grid": lambda _: (
        "A part of the picture was compressed as JPEG on another grid than the rest."
    ),
    "jpeg.before": lambda _: "The picture was compressed as JPEG before it was saved in this form.",
    "copy-move": _copy,
    "resampled": _resampled,
    "resampled.region": lambda _: (
        "A part of the picture holds interpolated pixels of a pattern that the rest does not have."
    ),
    "noise.smooth-region": lambda _: (
        "A part of the picture has less noise than the rest has at the same brightness."
    ),
}
_LIMITS = {
    "jpeg.compressed-twice": _ORDINARY + "It does not show that anything was changed between.",
    "jpeg.region-other-history": _PLACE
    + "Text, a logo or a frame laid over a picture leaves the same. It does not show what stood "
    "there before, nor who changed it.",
    "jpeg.moved-grid": "Cropping is ordinary, and so are sites that crop. It does not show what "
    "was cut off.",
    "jpeg.region-other-grid": "A collage or a logo leaves the same. It does not show where the "
    "part came from.",
    "jpeg.before": "Converting a file leaves the same. It does not show that anything was changed.",
    "copy-move": "Printed patterns and graphics repeat exactly by nature. It does not show which "
    "of the two was there first, nor what is hidden.",
    "resampled": "Sites make pictures smaller, and phones enlarge them when they zoom. It does not "
    "show that the content was changed.",
    "resampled.region": "Woven or printed patterns can look alike. It does not show what was "
    "there before.",
    "noise.smooth-region": "A blurred background, a cloudless sky, a phone's own smoothing of "
    "faces leave the same. It does not show that the part was changed.",
}
