"""Which second of the original each second of a suspect shows, and at what rate.

Pure, and the same for pictures and sound: all it asks for is a `Cost`, how badly a sample of the
suspect fits a moment of the original, in nats (differences of log-likelihood). An answer is a chain
of *lines*, moment = rate * time + start, each for a stretch of samples:

1. lines are proposed that fit windows of the suspect well, at every rate of a bank;
2. the cheapest chain of lines over all samples is found (Viterbi, 1967): leaving a line costs
   `JUMP`, so where the samples cannot tell moments apart, the line before goes on;
3. each line is fitted again to its own stretch, neighbours that one line explains are merged, and
   2 and 3 are repeated at full frame rate, so that the stretches meet at the exact sample.

The originals lie one behind another on one axis, with gaps; nothing follows a line across a gap.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from .lines import Cost, Line, Nats, Piece, Rows, Times

JUMP = 10.0  # nats to leave a line for another
TURN = 5.0  # nats to leave a line for one that crosses it: another rate, but no moment is left out
UNMATCHED = 5.0  # nats for a sample that shows nothing of the original
OUTSIDE = 100.0  # nats for a moment before the original begins or after it ends
GAP = 30.0  # seconds between two originals on the axis
STANDS = 0.05  # a rate that is less is none
_ODD = 2.0  # nats more for a line at another rate than 1
_ODDER = 4.0  # nats more for a line backwards, or at a rate that hardly moves
_INDEPENDENT = 8.0  # samples a second: more of them repeat each other's errors
_TURNS = 0.04  # of the rate: lines that differ less do not turn into one another
_MOSTLY = 0.3  # of a stretch must be told from a continuation, to be none
_STOPPED = 1.0  # nats a sample, that standing still where it stopped may cost more than elsewhere
_FREE = 2.0  # nats that the rate 1 may cost more than the best rate, and is still preferred

_RATES = np.array(
    [
        *(0.25, 0.33, 0.4, 0.5, 0.6, 0.67, 0.75, 0.8, 0.83, 0.87, 0.9, 0.93, 0.97),
        *(1.0, 1.03, 1.07, 1.11, 1.15, 1.2, 1.25, 1.33, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0),
        *(0.0, -0.5, -0.75, -1.0, -1.25, -1.5, -2.0),
    ]
)
_WINDOWS = (1.0, 2.5, 6.0)  # seconds
_MOST_WINDOWS = 400  # of each length
_ROWS_IN_WINDOW = 12
_MOST_LINES = 240
_BEST_OF_WINDOW = 3
_MOST_STOPS = 16  # edges of still stretches, that are tried as where it stopped
_ALIKE = 0.06  # seconds in the middle of the suspect, below which two lines are one


def align(cost: Cost) -> list[Piece]:
    """The cheapest chain of lines for all samples, in order, without holes."""
    weights = weights_of(cost.times)
    lines = _distinct(
        [Line(1.0, 0.0), *(line for window in _windows(cost) for line in _propose(cost, window))],
        cost,
    )
    pieces = chain(cost, weights, lines)
    for _ in range(3):
        refitted = [_refitted(cost, weights, piece) for piece in pieces]
        merged = _merged(cost, weights, refitted)
        used = [piece.line for piece in (*pieces, *refitted, *merged) if piece.line is not None]
        following = chain(cost, weights, list(dict.fromkeys([*used, *_stops(cost, merged)])))
        if following == pieces:
            break
        pieces = following
    held = _held(cost, pieces)
    fitted = [
        held[piece] if piece in held else _plainest(cost, _refitted(cost, weights, piece))
        for piece in pieces
    ]
    return _merged(cost, weights, fitted)


def weights_of(times: Times) -> Nats:
    """How much each sample counts: its time on the screen, but no more than it tells anew."""
    gaps = np.diff(times, append=times[-1] + np.median(np.diff(times)) if len(times) > 1 else 1.0)
    return np.minimum(1.0, gaps * _INDEPENDENT).astype(np.float32)


def _windows(cost: Cost) -> Iterator[Rows]:
    """Overlapping windows of the suspect, each as some of its samples."""
    begin, end = float(cost.times[0]), float(cost.times[-1])
    for length in _WINDOWS:
        step = max(length / 2, (end - begin) / _MOST_WINDOWS)
        for start in np.arange(begin, max(begin, end - length) + step, step).tolist():
            at = min(start, max(begin, end - length))
            first, last = np.searchsorted(cost.times, [at, at + length + 1e-9])
            yield Piece(int(first), max(int(first), int(last) - 1), None).rows(_ROWS_IN_WINDOW)


def _propose(cost: Cost, rows: Rows) -> list[Line]:
    """The lines that fit a window best, of all rates of the bank and all moments."""
    step = float(np.median(np.diff(cost.moments))) if len(cost.moments) > 1 else 1.0
    grid = np.arange(cost.moments[0], cost.moments[-1] + step, step)
    costs = np.minimum(cost.block(rows), 12.0)[:, nearest(cost.moments, grid)]
    middle = float(cost.times[rows[len(rows) // 2]])  # a sample's: steps are whole ones then
    apart = max(1, round(0.25 / step))
    margin = int(np.abs(_RATES).max() * np.abs(cost.times[rows] - middle).max() / step) + 1
    padded = np.full((len(rows), len(grid) + 2 * margin), OUTSIDE / 4, np.float32)
    padded[:, margin : margin + len(grid)] = costs
    best: list[tuple[float, float, float]] = []
    for rate in _RATES.tolist():
        total = np.full(len(grid), _prior(rate), np.float32)
        shifts = np.round(rate * (cost.times[rows] - middle) / step).astype(int) + margin
        for row, shift in zip(padded, shifts.tolist(), strict=True):
            total += row[shift : shift + len(grid)]
        best += [(float(total[at]), rate, float(grid[at])) for at in _lowest(total, apart)]
    best.sort()
    return [Line(rate, moment - rate * middle) for _, rate, moment in best[: _BEST_OF_WINDOW * 2]]


def nearest(values: Times, wanted: Times) -> Rows:
    """The place of the nearest of some growing values, for each wanted one."""
    right = np.searchsorted(values, wanted).clip(1, max(1, len(values) - 1))
    if len(values) == 1:
        return np.zeros(len(wanted), np.int64)
    return np.where(wanted - values[right - 1] < values[right] - wanted, right - 1, right)


def _lowest(values: Nats, apart: int) -> list[int]:
    """The places of the lowest values, at least so far apart."""
    left = values.copy()
    places = []
    for _ in range(_BEST_OF_WINDOW):
        place = int(left.argmin())
        places.append(place)
        left[max(0, place - apart) : place + apart + 1] = np.inf
    return places


def _prior(rate: float) -> float:
    if rate == 1.0:
        return 0.0
    return _ODD if 0.4 < rate < 2.6 else _ODDER


def _distinct(lines: list[Line], cost: Cost) -> list[Line]:
    """The lines without near doubles: the most often proposed first."""
    middle = cost.times[len(cost.times) // 2]
    votes: dict[tuple[float, int], list[Line]] = {}
    for line in lines:
        key = (line.rate, round(float(line.at(middle)) / _ALIKE))
        votes.setdefault(key, []).append(line)
    ranked = sorted(votes.values(), key=len, reverse=True)
    return [group[len(group) // 2] for group in ranked[:_MOST_LINES]]


def chain(cost: Cost, weights: Nats, lines: list[Line]) -> list[Piece]:
    """Viterbi over lines, and over being unmatched."""
    count, rows = len(lines) + 1, np.arange(len(cost.times))
    costs = np.empty((len(rows), count), np.float32)
    for number, line in enumerate(lines):
        costs[:, number] = _costs(cost, rows, line) * weights
    costs[:, -1] = UNMATCHED * weights
    entry = np.array([*(_prior(line.rate) for line in lines), _ODD], np.float32) + JUMP
    total = entry + costs[0]
    came = np.empty((len(rows), count), np.int16)
    states = np.arange(count, dtype=np.int16)
    crossings = _crossings(cost.times, lines)
    for row in rows[1:]:
        cheapest = int(total.argmin())
        switched = total[cheapest] + entry
        came[row] = np.where(switched < total, cheapest, states)
        best = np.minimum(total, switched)
        for one, other in crossings.get(int(row), ()):
            turned = total[one] + entry[other] - (JUMP - TURN)
            if turned < best[other]:
                best[other], came[row, other] = turned, one
        total = best + costs[row]
    state, path = int(total.argmin()), np.empty(len(rows), np.int16)
    for row in rows[::-1]:
        path[row] = state
        state = int(came[row, state])
    ends = np.flatnonzero(np.diff(path)).tolist()
    starts = [0, *(end + 1 for end in ends)]
    return [
        Piece(first, last, lines[path[first]] if path[first] < len(lines) else None)
        for first, last in zip(starts, [*ends, len(rows) - 1], strict=True)
    ]


def _costs(cost: Cost, rows: Rows, line: Line) -> Nats:
    """What samples cost on a line: also for moving where it stands, and the other way round."""
    still = cost.still[rows]
    held = np.maximum(-still if abs(line.rate) < STANDS else still, 0)
    return np.asarray(cost.at(rows, line.at(cost.times[rows])) + held, np.float32)


def _crossings(times: Times, lines: Sequence[Line]) -> dict[int, list[tuple[int, int]]]:
    """For each row the pairs of lines, of different rates, that cross there."""
    found: dict[int, list[tuple[int, int]]] = {}
    rates = np.array([line.rate for line in lines])
    starts = np.array([line.start for line in lines])
    with np.errstate(divide="ignore", invalid="ignore"):
        at = (starts[None] - starts[:, None]) / (rates[:, None] - rates[None])
    inside = (np.abs(rates[:, None] - rates[None]) > _TURNS) & (at > times[0]) & (at < times[-1])
    places = np.searchsorted(times, at[inside])
    for one, other, row in zip(
        *(each.tolist() for each in np.nonzero(inside)), places.tolist(), strict=True
    ):
        for near in range(max(1, row - 2), min(len(times), row + 3)):
            found.setdefault(near, []).append((one, other))
    return found


def _refitted(cost: Cost, weights: Nats, piece: Piece) -> Piece:
    """The piece with the line that fits its samples best; rate 1 where it fits as well."""
    if piece.line is None:
        return piece
    line, _ = _fit(cost, weights, piece.rows(), piece.line)
    return Piece(piece.first, piece.last, line)


def _fit(cost: Cost, weights: Nats, rows: Rows, line: Line) -> tuple[Line, float]:
    """The best line near `line` for these samples, and its cost, the prior included."""
    times = cost.times[rows]
    middle, half = float(times.mean()), max(float(np.ptp(times)) / 2, 0.05)
    found = _search(cost, weights, rows, line, middle, half)
    if line.rate > 0.1 and line.rate != 1.0 and abs(found[0].rate - 1) < 0.15 + 0.3 / half:
        straight = Line(1.0, float(found[0].at(np.array(middle))) - middle)
        plain = _search(cost, weights, rows, straight, middle, half, fixed=True)
        if plain[1] <= found[1] + _FREE:
            return plain
    return found


def _search(
    cost: Cost,
    weights: Nats,
    rows: Rows,
    line: Line,
    middle: float,
    half: float,
    *,
    fixed: bool = False,
) -> tuple[Line, float]:
    times = cost.times[rows]
    offsets = np.linspace(-0.3, 0.3, 61)
    for zoom in (1.0, 0.25):
        reach = offsets * zoom
        curves = cost.at(rows, line.at(times)[:, None] + reach[None, :]) * weights[rows, None]
        keep = fixed or line.rate in (0.0, 1.0)
        tilts = np.zeros(1) if keep else reach[::2] * 0.7
        places = (times - middle) / half  # -1 to 1
        step = float(reach[1] - reach[0])
        moved = reach[None, :, None] * 0.7 + tilts[:, None, None] * places[None, None, :]
        index = np.clip((moved - reach[0]) / step, 0, len(reach) - 1.001)
        whole = index.astype(np.int64)
        part = (index - whole).astype(np.float32)
        every = np.arange(len(rows))
        sums = ((1 - part) * curves[every, whole] + part * curves[every, whole + 1]).sum(-1)
        tilt, shift = np.unravel_index(int(sums.argmin()), sums.shape)
        rate = line.rate + float(tilts[tilt]) / half
        moment = float(line.at(np.array(middle))) + float(reach[shift]) * 0.7
        line = Line(rate, moment - rate * middle)
    best = float((cost.at(rows, line.at(times)) * weights[rows]).sum())
    return line, best + _prior(line.rate)


def _plainest(cost: Cost, piece: Piece) -> Piece:
    """The piece at rate 1, where a copy could not tell that it plays at another."""
    line = piece.line
    if line is None or line.rate == 1.0:
        return piece
    times = cost.times[piece.rows()]
    for through in times[[0, -1, len(times) // 2]].tolist():
        plain = Line(1.0, float(line.at(np.array(through))) - through)
        inside = cost.at(piece.rows(), plain.at(times)).max() < OUTSIDE
        if inside and cost.told(line.at(times), plain.at(times)).mean() < _MOSTLY:
            return Piece(piece.first, piece.last, plain)
    return piece


def _stops(cost: Cost, pieces: Sequence[Piece]) -> Iterator[Line]:
    """Standing still where the line before or after is, when the suspect begins or ceases to."""
    edges = np.flatnonzero(np.diff(cost.still > 0))[:_MOST_STOPS].tolist()
    for piece in pieces:
        for edge in edges:
            if piece.line is not None and piece.first <= edge + 1 and edge <= piece.last:
                moment = piece.line.rate * float(cost.times[edge + 1]) + piece.line.start
                yield Line(0.0, moment)


def _held(cost: Cost, pieces: Sequence[Piece]) -> dict[Piece, Piece]:
    """The pieces that stand still, and after which the original goes on where it was before.

    What was lost meanwhile tells that they do, though nothing of the original may move there. Each
    is given with the moment at which it stopped, where that fits about as well.
    """
    found = {}
    for before, piece, after in zip(pieces, pieces[1:], pieces[2:], strict=False):
        if before.line is None or piece.line is None or after.line is None:
            continue
        if abs(piece.line.rate) >= STANDS:
            continue
        first, last = cost.times[[piece.first, after.first]]
        stopped, went_on = float(before.line.at(first)), float(after.line.at(last))
        lost = abs(went_on - stopped) < (last - first) / 2
        if not lost or cost.still[piece.first : piece.last + 1].mean() <= 0:
            continue
        rows = piece.rows()
        tries = [Line(0.0, stopped), Line(0.0, went_on)]
        spent = [float(cost.at(rows, line.at(cost.times[rows])).mean()) for line in tries]
        least = float(cost.at(rows, piece.line.at(cost.times[rows])).mean())
        line = tries[int(np.argmin(spent))] if min(spent) < least + _STOPPED else piece.line
        found[piece] = Piece(piece.first, piece.last, line)
    return found


def _merged(cost: Cost, weights: Nats, pieces: list[Piece]) -> list[Piece]:
    """Neighbours joined that one line explains almost as well as two."""
    done: list[Piece] = []
    held = _held(cost, pieces)
    for piece in pieces:
        done.append(piece)
        if piece in held:
            continue
        while (
            len(done) > 1
            and done[-2] not in held
            and (joined := _joined(cost, weights, *done[-2:])) is not None
        ):
            done[-2:] = [joined]
    return done


def _joined(cost: Cost, weights: Nats, one: Piece, other: Piece) -> Piece | None:
    both = Piece(one.first, other.last, None)
    if one.line is None or other.line is None:
        return both if one.line is other.line else None
    if (line := _untold(cost, one, other)) is not None:
        return Piece(both.first, both.last, line)
    apart = sum(_spent(cost, weights, piece, piece.line) for piece in (one, other))
    rows = both.rows()
    tries = [one.line, other.line]
    times = cost.times[[one.first, other.last]]
    if times[1] > times[0]:
        moments = one.line.at(times)[0], other.line.at(times)[1]
        rate = float((moments[1] - moments[0]) / (times[1] - times[0]))
        tries.append(Line(rate, float(moments[0] - rate * times[0])))
    for line in tries:
        fitted, _ = _fit(cost, weights, rows, line)
        spent = _spent(cost, weights, Piece(both.first, both.last, fitted), fitted)
        if spent <= apart + JUMP:
            return Piece(both.first, both.last, fitted)
    return None


def _untold(cost: Cost, one: Piece, other: Piece) -> Line | None:
    """The line of one of two pieces, if the other cannot be told from a continuation of it."""
    lines = one.line, other.line
    assert lines[0] is not None and lines[1] is not None  # noqa: PT018, S101  # asked by the caller
    longer_first = sorted(
        ((one, lines[1]), (other, lines[0])), key=lambda each: len(each[0].rows())
    )
    for piece, line in longer_first:
        assert piece.line is not None  # noqa: S101
        times = cost.times[piece.rows()]
        if cost.at(piece.rows(), line.at(times)).max() >= OUTSIDE:
            continue
        if cost.told(piece.line.at(times), line.at(times)).mean() < _MOSTLY:
            return line
    return None


def _spent(cost: Cost, weights: Nats, piece: Piece, line: Line | None) -> float:
    assert line is not None  # noqa: S101
    rows = np.arange(piece.first, piece.last + 1)
    return float((_costs(cost, rows, line) * weights[rows]).sum()) + _prior(line.rate)
