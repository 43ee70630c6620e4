"""Time maps of edited clips held against what was done to them, and the tables of it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from verifier.compare.result import Segment

from .clip_edits import LAYOUTS, Piece, edits

WITHIN = 0.1  # seconds


@dataclass(frozen=True)
class Row:
    """What one comparison came to."""

    clip: str
    edit: str
    layout: str
    record: str
    right: int  # tenths of a second, within WITHIN
    tenths: int
    rates: list[float]  # relative errors, of the stretches that were slowed or sped up
    boundaries: list[float]  # errors in frames
    missed: int  # boundaries that nothing was found near
    found: int  # segments that were found
    kinds: list[list[str]]  # true kind and found kind, by tenth
    seconds: float  # of processor time


def judge(
    pieces: Sequence[Piece], rate: float, segments: Sequence[Segment]
) -> tuple[int, int, list[float], list[float], int, list[list[str]]]:
    """Hold a time map against what was done."""
    starts = np.cumsum([0.0, *(piece.seconds for piece in pieces)])
    right, kinds, rates = 0, [], []
    tenths = np.arange(0.05, starts[-1] - 0.02, 0.1)
    seen: list[tuple[float, float]] = []
    for at in tenths.tolist():
        number = int(np.searchsorted(starts, at, "right")) - 1
        piece = pieces[number]
        wanted = None if piece.source else piece.moment(at - float(starts[number]))
        segment = next((each for each in segments if each.suspect[0] <= at < each.suspect[1]), None)
        shown = moment_of(segment, at)
        right += shown is wanted or (
            shown is not None and wanted is not None and abs(shown - wanted) <= WITHIN
        )
        again = wanted is not None and any(a <= wanted < b for a, b in seen)
        kinds.append([true_kind(piece, again), "nothing" if segment is None else segment.kind])
        if at + 0.1 >= starts[number + 1] and not piece.source:
            seen.append(tuple(sorted((piece.start, piece.moment(piece.seconds)))))
    for start, piece in zip(starts, pieces, strict=False):
        middle = float(start) + piece.seconds / 2
        segment = next((s for s in segments if s.suspect[0] <= middle < s.suspect[1]), None)
        if piece.rate not in (0.0, 1.0, -1.0) and segment is not None and segment.rate:
            rates.append(segment.rate / piece.rate - 1)
    edges = [each.suspect[0] for each in segments[1:]]
    errors = [min((abs(edge - s) * rate for edge in edges), default=1e9) for s in starts[1:-1]]
    near = [error for error in errors if error <= rate / 2]
    return right, len(tenths), rates, near, len(errors) - len(near), kinds


def moment_of(segment: Segment | None, at: float) -> float | None:
    """The original's moment that a segment shows at a time of the suspect."""
    if segment is None or segment.original is None or segment.rate is None:
        return None
    share = (at - segment.suspect[0]) / (segment.suspect[1] - segment.suspect[0])
    first, last = segment.original
    return first + (1 - share if segment.rate < 0 else share) * (last - first)


def true_kind(piece: Piece, again: bool) -> str:
    """What a stretch is called."""
    if piece.source:
        return "inserted"
    if piece.rate == 0:
        return "frozen"
    if piece.rate < 0:
        return "reversed"
    if again:
        return "repeated"
    return "same" if piece.rate == 1 else "slowed" if piece.rate < 1 else "sped-up"


def report(rows: Sequence[Row]) -> None:
    """Print the tables."""
    for record in ("dense", "sparse"):
        some = [row for row in rows if row.record == record]
        if not some:
            continue
        print(f"\n{record}: {len({row.clip for row in some})} clips, {len(some)} edited copies")
        print(
            f"  {'':18}{'within 0.1 s':>24}{'copies >= 95 %':>16}{'rate error %':>20}"
            f"{'boundaries':>11}{'<= 2 frames':>13}{'missed':>8}"
        )
        for name, group in groups(some):
            print(f"  {name:18}{line(group)}")
        honest = [row for row in some if row.edit == "same"]
        wrong = [row for row in honest if row.found != 1 or row.right < row.tenths]
        alarmed = [row for row in honest if row.found != 1]
        print(
            f"  honest copies with a false alarm: {share(len(alarmed), len(honest))}"
            f"; not wholly right: {len(wrong)}"
        )
        confusion(some)
        print(f"  {np.mean([row.seconds for row in some]):.1f} s of processor time a comparison")


def groups(rows: Sequence[Row]) -> Iterator[tuple[str, list[Row]]]:
    """All rows, by edit, and by layout."""
    for edit in edits(10):
        yield edit, [row for row in rows if row.edit == edit]
    for layout in LAYOUTS:
        yield f"- {layout}", [row for row in rows if row.layout == layout]
    yield "all", list(rows)


def line(rows: Sequence[Row]) -> str:
    """One line of a table."""
    if not rows:
        return ""
    right, tenths = sum(row.right for row in rows), sum(row.tenths for row in rows)
    good = sum(row.right >= 0.95 * row.tenths for row in rows)
    rates = np.abs([rate for row in rows for rate in row.rates]) * 100
    errors = np.array([error for row in rows for error in row.boundaries])
    missed = sum(row.missed for row in rows)
    told = ""
    if len(rates):
        told = f"{np.median(rates):.2f}, {(rates <= 1).mean() * 100:.0f} % <= 1"
    edges = (
        f"{np.median(errors):11.1f}{(errors <= 2.05).mean() * 100:11.1f} %" if len(errors) else ""
    )
    low, high = bootstrap(rows)
    return (
        f"{right / tenths * 100:8.2f} % ({low:5.1f}-{high:5.1f}){good:9} of{len(rows):4}"
        f"{told:>20}{edges}{missed:8}"
    )


def bootstrap(rows: Sequence[Row]) -> tuple[float, float]:
    """The 95 % interval of the share of right tenths, over clips drawn again."""
    random = np.random.default_rng(1)
    names = sorted({row.clip for row in rows})
    sums = np.array(
        [
            [
                sum(f(row) for row in rows if row.clip == name)
                for f in (lambda r: r.right, lambda r: r.tenths)
            ]
            for name in names
        ]
    )
    drawn = sums[random.integers(0, len(names), (2000, len(names)))].sum(1)
    low, high = np.percentile(drawn[:, 0] / drawn[:, 1] * 100, [2.5, 97.5])
    return float(low), float(high)


def share(count: int, of: int) -> str:
    """A share with its interval."""
    from scipy.stats import beta

    low = beta.ppf(0.025, count, of - count + 1) if count else 0.0
    high = beta.ppf(0.975, count + 1, of - count) if count < of else 1.0
    return f"{count} of {of} ({low * 100:.1f}-{high * 100:.1f} %)"


def confusion(rows: Sequence[Row]) -> None:
    """Print what each kind of second was called, in percent."""
    counts = Counter((true, found) for row in rows for true, found in row.kinds)
    names = ["same", "slowed", "sped-up", "repeated", "frozen", "reversed", "inserted"]
    print(f"  true kind, % called: {''.join(f'{name:>10}' for name in [*names, 'nothing'])}")
    for true in names:
        total = sum(counts[true, found] for found in [*names, "nothing"]) or 1
        cells = "".join(f"{counts[true, f] / total * 100:10.1f}" for f in [*names, "nothing"])
        print(f"  {true:>20} {cells}")
