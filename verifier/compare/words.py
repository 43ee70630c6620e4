"""Times, percents, places and lists, as a person says them. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from .result import Interval

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_ORDINALS = (
    *("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"),
    "tenth",
)
_COLUMNS, _ROWS = ("left", "", "right"), ("top", "", "bottom")
_NEARLY_ALL = 0.9  # of the frame


@dataclass(frozen=True, slots=True)
class Originals:
    """How originals are named: `main` is the one that is shown for longest, of so many."""

    main: int = 0
    number: int = 1

    def name(self, source: int | None = None) -> str:
        """Name an original by its place, where there are several; without one, the main one."""
        if self.number == 1:
            return "the original"
        place = self.main if source is None else source
        told = _ORDINALS[place] if place < len(_ORDINALS) else f"{place + 1}th"
        return f"the {told} original"


def moment(seconds: float, digits: int = 0) -> str:
    """Say a time as minutes and seconds, with so many digits after the point: 0:04.2, 1:02:03."""
    ticks = round(max(seconds, 0.0) * 10**digits)
    whole, part = divmod(ticks, 10**digits)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    clock = f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"
    return f"{clock}.{part:0{digits}}" if digits else clock


def interval(span: Interval) -> str:
    """Say a stretch of time, as exactly as its length deserves: 0:12–0:19, 0:04.2–0:05.2."""
    start, end = span
    digits = _digits(span)
    first, last = moment(start, digits), moment(end, digits)
    return first if first == last else f"{first}–{last}"


def from_to(span: Interval, *, vague: bool = False) -> str:
    """Say the same within a sentence: from 0:12 to 0:19, or from about 0:12 to 0:19."""
    first, dash, last = interval(span).partition("–")
    about = "about " if vague else ""
    return f"from {about}{first} to {last}" if dash else f"at {about}{first}"


def _digits(span: Interval) -> int:
    """Whole seconds where they are near enough, else tenths, else hundredths."""
    start, end = span
    for digits in (0, 1):
        slack = max(0.05, (end - start) / 100)
        if all(abs(time - round(time, digits)) <= slack for time in span) and (
            moment(start, digits) != moment(end, digits)
        ):
            return digits
    return 1 if moment(start, 1) != moment(end, 1) else 2


def percent(share: float) -> str:
    """Say a share of 0 to 1 and above in whole percents; neither nothing nor all unless it is."""
    rounded = round(100 * share)
    if rounded == 0 and share > 0:
        return "under 1 %"
    if rounded == 100 and share < 1:
        return "over 99 %"
    return f"{rounded} %"


def speed(rate: float) -> str:
    """Say a rate as a speed that is never rounded to the usual one: 75 %, 99.7 %."""
    said = 100 * abs(rate)
    digits = next((d for d in (0, 1) if round(said, d) != 100), None)
    if digits is None:
        return f"just {'below' if said < 100 else 'above'} 100 %"
    return f"{round(said, digits):.{digits}f} %"


def listing(items: Sequence[str], most: int) -> str:
    """Join up to `most` items, and say how many more there are."""
    shown = [*items[:most]]
    if len(items) > most:
        shown.append(f"{len(items) - most} more")
    if len(shown) < 2:
        return "".join(shown)
    return f"{', '.join(shown[:-1])} and {shown[-1]}"


def count(number: int, one: str, many: str) -> str:
    """Say how many: one region, two regions, 14 regions."""
    said = _NUMBERS[number] if number < len(_NUMBERS) else str(number)
    return f"{said} {one if number == 1 else many}"


def where(box: tuple[int, int, int, int], size: tuple[int, int]) -> str:
    """Say where a box (left, top, width, height) lies in a frame (width, height), and how large."""
    left, top, width, height = box
    share = width * height / (size[0] * size[1])
    if share >= _NEARLY_ALL:
        return f"nearly all of the frame, {percent(min(share, 1.0))}"
    column = _COLUMNS[_third((left + width / 2) / size[0])]
    row = _ROWS[_third((top + height / 2) / size[1])]
    place = " ".join(filter(None, (row, column))) or "centre"
    return f"{place}, {percent(share)} of the frame"


def _third(share: float) -> int:
    return min(max(int(3 * share), 0), 2)


def sentence(clauses: Sequence[str]) -> str:
    """Make a sentence of clauses."""
    said = "; ".join(clauses)
    return f"{said[:1].upper()}{said[1:]}."
