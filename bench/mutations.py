"""Damaged files, thousands of them and of every format, through a verification: what comes of each.

    python -m bench.mutations [--count 20000] [--seed 1] [--part N/M] [--results FILE]

Signed files of all formats that can carry a manifest, and of those that take one beside them, are
damaged in ways that a seed repeats: bits flipped, ranges zeroed, cut out, doubled, exchanged,
filled with noise, the end cut off, pieces of another format put in; half of the time where the
manifest lies. Every one is verified as a stranger's file is, in the sandbox, with no log to ask.
Counted are the conclusions, crashes and hangs of this process (there must be none), the longest
time and the most memory. Every damaged file that is still `unchanged` is listed with the regions of
the coverage map in which it differs, before and after; one of which a byte differs that the
signature protects is unexplained, and fails the run.
"""

import argparse
import json
import random
import resource
import secrets
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from ledger.asset import read_asset_file
from ledger.errors import FirsthandError
from signer import (
    DigitalSourceType,
    PemClaimSigner,
    Statement,
    issue_development_chain,
    sign_file,
)
from tests import media
from verifier.media.sandbox import Sandbox
from verifier.observe import observe
from verifier.opinion.coverage import Coverage, Guard, Region, draw
from verifier.opinion.examine import examine
from verifier.opinion.protected import store_regions
from verifier.opinion.result import Judgement
from verifier.opinion.store import parse_store
from verifier.trust import TrustList
from verifier.verify import verify

PICTURES = ("jpg", "png", "webp", "tif", "gif", "avif", "pdf")
CLIPS = ("mp4", "mov", "avi")
RECORDINGS = ("wav", "mp3", "flac", "m4a")
BESIDE = ("bmp", "mkv", "webm", "ogg")  # these take a manifest beside them
LONGEST = 60.0  # seconds; whoever takes longer is told as a hang
STORE = b"jumbc2pa"

Random = random.Random
Damage = Callable[[bytearray, int, Random, bytes], None]


@dataclass(frozen=True)
class Signed:
    """A signed file, and the manifest beside it where it carries none."""

    name: str
    data: bytes
    sidecar: bytes | None
    coverage: Coverage


@dataclass(frozen=True)
class Row:
    """What came of one damaged file."""

    number: int
    format: str
    damage: str
    code: str
    seconds: float
    differs: tuple[int, int]  # the first byte that differs, and the one behind the last
    where: tuple[str, ...] = ()  # of one that is `unchanged` still: the regions that differ
    explained: bool = True


def flip(data: bytearray, at: int, chance: Random, _: bytes) -> None:
    """One bit."""
    data[at] ^= 1 << chance.randrange(8)


def replace_byte(data: bytearray, at: int, chance: Random, _: bytes) -> None:
    """One byte by another, of those that mean something in a length or a type."""
    data[at] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, data[at] ^ 0xFF))


def zero(data: bytearray, at: int, chance: Random, _: bytes) -> None:
    """A range by zeros."""
    length = chance.randrange(1, 64)
    data[at : at + length] = bytes(len(data[at : at + length]))


def noise(data: bytearray, at: int, chance: Random, _: bytes) -> None:
    """A range by noise."""
    length = len(data[at : at + chance.randrange(1, 256)])
    data[at : at + length] = chance.randbytes(length)


def cut(data: bytearray, at: int, chance: Random, _: bytes) -> None:
    """A range taken out."""
    del data[at : at + chance.randrange(1, 256)]


def double(data: bytearray, at: int, chance: Random, _: bytes) -> None:
    """A range twice."""
    data[at:at] = data[at : at + chance.randrange(1, 4096)]


def insert(data: bytearray, at: int, chance: Random, _: bytes) -> None:
    """Some bytes put in."""
    data[at:at] = chance.randbytes(chance.randrange(1, 64))


def exchange(data: bytearray, at: int, chance: Random, _: bytes) -> None:
    """Two ranges by one another."""
    length, other = chance.randrange(1, 512), chance.randrange(len(data))
    here, there = data[at : at + length], data[other : other + length]
    data[at : at + len(there)], data[other : other + len(here)] = there, here


def truncate(data: bytearray, at: int, _: Random, __: bytes) -> None:
    """The end cut off."""
    del data[max(at, 1) :]


def append(data: bytearray, _: int, chance: Random, __: bytes) -> None:
    """Something behind the end."""
    data += chance.randbytes(chance.randrange(1, 2048))


def graft(data: bytearray, at: int, chance: Random, foreign: bytes) -> None:
    """A piece of a file of another format."""
    start = chance.randrange(len(foreign))
    piece = foreign[start : start + chance.randrange(1, 8192)]
    data[at : at + len(piece)] = piece


DAMAGES: tuple[Damage, ...] = (
    *(flip, flip, flip, replace_byte, zero, noise, cut, double, insert, exchange),
    *(truncate, append, graft),
)


def main() -> None:
    """Damage, verify, count."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--count", type=int, default=20_000, help="damaged files")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--part", default="1/1", help="N/M: every M-th file, from the N-th on")
    parser.add_argument("--results", type=Path, help="a file of rows to go on from")
    options = parser.parse_args()
    first, step = map(int, options.part.split("/"))
    rows = list(kept(options.results))
    done = {row.number for row in rows}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with tempfile.TemporaryDirectory() as name, Sandbox() as sandbox:
        folder = Path(name)
        chain = issue_development_chain("bench", datetime.now(UTC), secrets.token_bytes)
        lists = [TrustList("bench", chain.root)]
        signed = originals(
            folder, PemClaimSigner(chain.certificate_chain, chain.private_key), chain.root
        )
        for number in range(first - 1, options.count, step):
            if number not in done:
                chance = Random(f"{options.seed} {number}")
                row = one(number, chance, signed, folder, sandbox, lists)
                rows.append(row)
                keep(options.results, row)
            if number % 1000 == 999:
                print(f"  {number + 1} of {options.count}", flush=True)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    show(rows, grown)


def originals(folder: Path, signer: PemClaimSigner, anchors: str) -> list[Signed]:
    """Small signed files of every format."""
    sources = {"photo": media.photograph(folder), "clip": media.clip(folder)}
    sources["sound"] = media.recording(folder)
    found = []
    for kind, endings in (
        ("photo", PICTURES),
        ("clip", CLIPS),
        ("sound", RECORDINGS),
        ("", BESIDE),
    ):
        for ending in endings:
            source = sources[kind or ("photo" if ending == "bmp" else "sound")]
            if not kind and ending in ("mkv", "webm"):
                source = sources["clip"]
            made = shortened(source, folder / f"original.{ending}")
            target = folder / f"signed.{ending}"
            signed = sign_file(
                made,
                target,
                asset=read_asset_file(made),
                statement=Statement("bench", DigitalSourceType.DIGITAL_CAPTURE),
                claim_signer=signer,
                trust_anchors=anchors,
                now=datetime.now(UTC),
            )
            beside = signed.sidecar.read_bytes() if signed.sidecar else None
            with target.open("rb") as stream:
                opinion = examine(stream, {}, datetime.now(UTC), beside)
            if opinion.coverage is None:
                raise SystemExit(f"no coverage map of a signed {ending}: {opinion.reason}")
            found.append(Signed(ending, target.read_bytes(), beside, opinion.coverage))
    return found


def shortened(source: Path, target: Path) -> Path:
    """The same in another format, small: an eighth of a picture, a second of all else."""
    if target.suffix in media.PICTURES:
        from PIL import Image

        with Image.open(source) as image:
            image.convert("RGB").reduce(8).save(target)
        return target
    brief = target.with_name(f"brief-{target.stem}{target.suffix}")
    media.convert(source, brief)
    media.run_ffmpeg("-i", str(brief), "-t", "1", "-c", "copy", str(target))
    brief.unlink()
    return target


def one(
    number: int,
    chance: Random,
    signed: Sequence[Signed],
    folder: Path,
    sandbox: Sandbox,
    lists: Sequence[TrustList],
) -> Row:
    """Damage one file and verify it."""
    original = signed[number % len(signed)]
    foreign = chance.choice(signed).data
    beside = original.sidecar is not None and chance.random() < 0.5
    whole = original.sidecar if beside and original.sidecar else original.data
    data = bytearray(whole)
    at = place(data, chance)
    damage = chance.choice(DAMAGES)
    damage(data, at, chance, foreign)
    path = folder / f"damaged.{original.name}"
    path.write_bytes(original.data if beside else data)
    sidecar = path.with_name(path.name + ".c2pa")
    sidecar.unlink(missing_ok=True)
    if original.sidecar is not None:
        sidecar.write_bytes(data if beside else original.sidecar)
    start = time.perf_counter()
    coverage = None
    try:
        report = verify(observe(path, sandbox, lists), None, {})
        code, coverage = report.conclusion.code.value, report.coverage
    except FirsthandError as problem:
        code = type(problem).__name__
    except Exception as problem:  # noqa: BLE001  # that is what is looked for
        code = f"CRASH {type(problem).__name__}: {problem}"
    took = time.perf_counter() - start
    what = f"{damage.__name__} in the manifest beside it" if beside else damage.__name__
    row = Row(number, original.name, what, code, took, differing(whole, bytes(data)))
    if code != "unchanged" or row.differs == (0, 0):
        return row
    before = of_store(whole) if beside else original.coverage
    after = of_store(bytes(data)) if beside else coverage
    touched = [*regions(before, whole, data), *regions(after, data, whole)]
    where = tuple(dict.fromkeys(f"{each.what} ({each.guard})" for each in touched))
    protected = any(each.guard in (Guard.BOUND, Guard.SIGNED) for each in touched)
    return replace(row, where=where, explained=after is not None and not protected)


def of_store(store: bytes) -> Coverage:
    """Map a manifest store that lies beside its file."""
    manifests = parse_store(store)
    parts = store_regions(manifests, [(each, Judgement(each.label, ())) for each in manifests])
    frame = Region(0, len(store), Guard.FRAME, "the manifest's boxes")
    return draw(len(store), ([frame], parts), ())


def regions(coverage: Coverage | None, one: bytes, other: bytes) -> Iterator[Region]:
    """Yield the regions of the first file that hold a byte in which it differs from the other."""
    ranges = [differing(one, other)]
    if len(one) == len(other):
        ranges = [(at, at + 1) for at in range(*ranges[0]) if one[at] != other[at]]
    for start, end in ranges:
        yield from coverage.within(start, max(end, start + 1)) if coverage else ()


def place(data: bytes, chance: Random) -> int:
    """Somewhere in the file; half of the time where the manifest lies."""
    store = data.find(STORE[4:])
    if store >= 0 and chance.random() < 0.5:
        return min(store + chance.randrange(16_384), len(data) - 1)
    return chance.randrange(len(data))


def differing(one: bytes, other: bytes) -> tuple[int, int]:
    """Where two files differ: from the first such byte to the last, in the first of them."""
    if one == other:
        return 0, 0
    start = alike(one, other)
    end = min(alike(one[::-1], other[::-1]), len(one) - start, len(other) - start)
    return start, len(one) - end


def alike(one: bytes, other: bytes) -> int:
    """How many bytes two files begin with alike."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def kept(results: Path | None) -> Iterator[Row]:
    """Rows of earlier runs."""
    if results and results.exists():
        for line in results.read_text().splitlines():
            row = json.loads(line)
            yield Row(**row | {key: tuple(row[key]) for key in ("differs", "where")})


def keep(results: Path | None, row: Row) -> None:
    """Add a row for a later run."""
    if results:
        with results.open("a") as file:
            file.write(json.dumps(asdict(row)) + "\n")


def show(rows: Sequence[Row], grown: int) -> None:
    """Print what came of them."""
    codes = sorted({row.code for row in rows})
    print(f"{'':8}" + "".join(f"{code[:14]:>15}" for code in codes))
    for name in sorted({row.format for row in rows}):
        counts = Counter(row.code for row in rows if row.format == name)
        print(f"{name:8}" + "".join(f"{counts[code]:15,}" for code in codes))
    crashes = [row for row in rows if row.code.startswith("CRASH")]
    hangs = [row for row in rows if row.seconds > LONGEST]
    print(
        f"{len(rows):,} damaged files: {len(crashes)} crashes of this process, {len(hangs)} hangs"
    )
    print(f"  the longest took {max(row.seconds for row in rows):.1f} s", end="")
    print(f"; this process grew by {grown / 1024:.0f} MB")
    same = [row for row in rows if row.differs == (0, 0)]
    passed = [row for row in rows if row.code == "unchanged" and row not in same]
    print(f"  {len(same)} were not changed by their damage; {len(passed)} are `unchanged` still:")
    for row in passed:
        mark = "" if row.explained else "UNEXPLAINED: "
        print(f"    {mark}{row.number} {row.format} {row.damage}, bytes {row.differs}: ", end="")
        print("; ".join(row.where))
    unexplained = sum(not row.explained for row in passed)
    print(f"  {len(passed) - unexplained} of these are explained by the coverage map", end="")
    print(f", {unexplained} are not")
    if crashes or hangs or unexplained:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
