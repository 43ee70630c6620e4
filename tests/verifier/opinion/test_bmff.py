"""Bindings of ISO base media files, made by hand, and held against a slow reading of the rules."""

import hashlib
import io
from collections.abc import Sequence

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import FormatError
from ledger.vocabulary import Outcome
from verifier.opinion.bmff import check_bmff
from verifier.opinion.examine import changes
from verifier.opinion.result import Bound
from verifier.opinion.source import Range, Source

from .mint import box

C2PA = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
MANIFEST = box(b"uuid", C2PA + bytes(4) + b"manifest\0" + bytes(8) + b"a store")
USUAL: tuple[dict[str, object], ...] = (
    {"xpath": "/uuid", "data": [{"offset": 8, "value": C2PA}]},
    {"xpath": "/ftyp"},
    {"xpath": "/mfra"},
)
IN_TREES: dict[str, object] = {"xpath": "/mdat", "subset": [{"offset": 16, "length": 0}]}
MEDIA = bytes(range(256)) * 5
FILE = box(b"ftyp", b"isom") + MANIFEST + box(b"moov", box(b"trak", b"what")) + box(b"mdat", MEDIA)


def sha(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def bound(data: bytes, cut: int | None = None) -> bytes:
    """Hash `moov` and the first `cut` bytes of `mdat`, each behind its place in the file."""
    moov, mdat = data.index(b"moov") - 4, data.index(b"mdat") - 4
    media = data[mdat:] if cut is None else data[mdat : mdat + cut]
    return sha(moov.to_bytes(8), data[moov:mdat], mdat.to_bytes(8), media)


def held(data: bytes, **value: object) -> Bound:
    said = {"alg": "sha256", "exclusions": list(USUAL), "hash": bound(FILE)} | value
    return check_bmff(Source(io.BytesIO(data)), said, "sha256")


def check(data: bytes, **value: object) -> tuple[Outcome, str]:
    found = held(data, **value).checks[-1]
    return found.outcome, found.code


def test_a_file_as_it_was_bound_passes_and_any_change_of_it_fails() -> None:
    assert check(FILE) == (Outcome.PASSED, "assertion.bmffHash.match")
    for changed in (
        FILE[:-1] + b"?",
        FILE.replace(b"what", b"that"),
        FILE.replace(MANIFEST, MANIFEST + box(b"free", b"")),  # what follows has moved
        FILE + box(b"free", b"appended"),
        box(b"ftyp", b"isom") + FILE,
    ):
        assert check(changed) == (Outcome.FAILED, "assertion.bmffHash.mismatch")
    longer = MANIFEST[:-7] + b"another"
    assert check(FILE.replace(MANIFEST, longer))[0] is Outcome.PASSED


@pytest.mark.parametrize("xpath", ["/moov", "/mdat", "/moov/trak", "/moov/trak[1]"])
def test_what_holds_the_film_may_not_be_excluded(xpath: str) -> None:
    moov, mdat = FILE.index(b"moov") - 4, FILE.index(b"mdat") - 4
    kept = {
        "/moov": sha(mdat.to_bytes(8), FILE[mdat:]),
        "/mdat": sha(moov.to_bytes(8), FILE[moov:mdat]),
    }.get(
        xpath,
        sha(moov.to_bytes(8), FILE[moov : moov + 8], mdat.to_bytes(8), FILE[mdat:]),
    )
    outcome = check(FILE, exclusions=[*USUAL, {"xpath": xpath}], hash=kept)
    assert outcome == (Outcome.FAILED, "assertion.bmffHash.exclusionTooWide")


def rows(leaves: Sequence[bytes]) -> list[list[bytes]]:
    """Return every row of a tree, from the leaves up: a node without a neighbour goes up as is."""
    found = [list(leaves)]
    while len(found[-1]) > 1:
        row = found[-1]
        pairs = [row[at : at + 2] for at in range(0, len(row), 2)]
        found.append([sha(*pair) if len(pair) == 2 else pair[0] for pair in pairs])
    return found


@given(st.lists(st.integers(1, 200), min_size=1, max_size=12), st.data())
def test_any_row_of_a_tree_of_any_blocks_tells_a_changed_byte(
    sizes: list[int], data: st.DataObject
) -> None:
    media = data.draw(st.binary(min_size=sum(sizes), max_size=sum(sizes)))
    file = FILE[: FILE.index(b"mdat") - 4] + box(b"mdat", bytes(8) + media)
    start = len(file) - len(media)
    ends = [start + sum(sizes[: number + 1]) for number in range(len(sizes))]
    leaves = [sha(file[end - size : end]) for size, end in zip(sizes, ends, strict=True)]
    tree = {
        "uniqueId": 0,
        "localId": 0,
        "count": len(sizes),
        "variableBlockSizes": sizes,
        "hashes": data.draw(st.sampled_from(rows(leaves))),
    }
    said = {"exclusions": [*USUAL, IN_TREES], "hash": bound(file, 16), "merkle": [tree]}
    assert check(file, **said)[0] is Outcome.PASSED
    at = data.draw(st.integers(start, len(file) - 1))
    changed = file[:at] + bytes([file[at] ^ 1]) + file[at + 1 :]
    assert check(changed, **said) == (Outcome.FAILED, "assertion.bmffHash.mismatch")
    # It is told to within what a hash of that row is over, and everything else is as it was.
    found = held(changed, **said)
    [(first, last)] = found.changed
    assert found.located
    assert first <= at < last
    row = tree["hashes"]
    wide = 1 << next(level for level, each in enumerate(rows(leaves)) if each == row)
    number = next(number for number, end in enumerate(ends) if at < end) // wide
    assert (first, last) == ([start, *ends][number * wide], ends[: (number + 1) * wide][-1])
    # A shorter or longer list of blocks does not fill the box.
    for other in ([*sizes, 1], sizes[:-1]):
        short = tree | {"variableBlockSizes": other, "count": len(other)}
        assert check(file, **said | {"merkle": [short]})[0] is not Outcome.PASSED


def test_blocks_of_one_size_end_with_a_shorter_one() -> None:
    start = len(FILE) - len(MEDIA) + 8
    leaves = [sha(FILE[at : at + 500]) for at in range(start, len(FILE), 500)]
    tree = {"localId": 0, "count": len(leaves), "fixedBlockSize": 500, "hashes": leaves}
    said = {"exclusions": [*USUAL, IN_TREES], "hash": bound(FILE, 16)}
    assert check(FILE, **said, merkle=[tree])[0] is Outcome.PASSED
    assert check(FILE, **said, merkle=[tree | {"count": 9}])[0] is Outcome.FAILED
    assert check(FILE, **said, merkle=[])[0] is Outcome.FAILED  # media data without a tree


def test_changed_blocks_that_touch_are_one_range_and_others_are_told_apart() -> None:
    start = len(FILE) - len(MEDIA) + 8
    leaves = [sha(FILE[at : at + 100]) for at in range(start, len(FILE), 100)]
    tree = {"localId": 0, "count": len(leaves), "fixedBlockSize": 100, "hashes": leaves}
    said = {"exclusions": [*USUAL, IN_TREES], "hash": bound(FILE, 16), "merkle": [tree]}
    changed = bytearray(FILE)
    for at in (start, start + 150, start + 500, len(FILE) - 1):
        changed[at] ^= 1
    found = held(bytes(changed), **said)
    last = start + (len(leaves) - 1) * 100
    assert found.changed == ((start, start + 200), (start + 500, start + 600), (last, len(FILE)))
    assert found.located
    changed[FILE.index(b"what")] ^= 1  # what says where the samples lie is not as it was either
    assert not held(bytes(changed), **said).located


def test_the_nth_box_of_a_path_is_counted_within_each_box_above_it() -> None:
    """XPath 1.0, 2.4, as C2PA 2.2, 18.6.2, has it: `/a/b[2]` means the second one in every `a`."""
    boxes = box(b"aaaa", box(b"bbbb", b"1") + box(b"bbbb", b"2"))
    file = box(b"ftyp", b"isom") + boxes + boxes
    source = Source(io.BytesIO(file))
    value = {"exclusions": [{"xpath": "/aaaa/bbbb[2]"}], "hash": b"", "alg": "sha256"}
    found = check_bmff(source, value, "sha256")
    places = [file.index(b"bbbb\x32") - 4, file.rindex(b"bbbb\x32") - 4]
    assert [(each.start, each.end) for each in found.left_out] == [(p, p + 9) for p in places]


@pytest.mark.parametrize("kind", ["stco", "co64"])
def test_what_says_where_the_samples_lie_may_not_be_left_out(kind: str) -> None:
    """Bindings of before 2023 left it out: the film can then be shown in any order."""
    table = box(kind.encode(), bytes(8))
    for name in (b"stbl", b"minf", b"mdia", b"trak", b"moov"):
        table = box(name, table)
    file = box(b"ftyp", b"isom") + table
    kept = sha((12).to_bytes(8), file[12:-16])
    said = {"exclusions": [*USUAL, {"xpath": f"/moov/trak/mdia/minf/stbl/{kind}"}], "hash": kept}
    assert check(file, **said) == (Outcome.FAILED, "assertion.bmffHash.exclusionTooWide")


def test_a_binding_that_ties_no_box_to_its_place_is_refused_though_it_matches() -> None:
    """Version 1, which C2PA 2.2, 18.6.1 has everybody ignore, and which the first engine passes."""
    moov = FILE.index(b"moov") - 4
    value = {"exclusions": list(USUAL), "hash": sha(FILE[moov:]), "alg": "sha256"}
    found = check_bmff(Source(io.BytesIO(FILE)), value, "sha256", old=True)
    assert [each.code for each in found.checks] == [
        "assertion.bmffHash.match",
        "assertion.bmffHash.exclusionTooWide",
    ]


@pytest.mark.parametrize(
    ("content", "says"), [(b"", ""), (bytes(9), ""), (b"hi", ", which is not empty")]
)
def test_a_box_that_is_left_out_is_named_and_what_hides_in_it_is_said(
    content: bytes, says: str
) -> None:
    file = FILE + box(b"free", content)
    found = held(file, exclusions=[*USUAL, {"xpath": "/free"}])
    assert found.checks[0].outcome is Outcome.PASSED
    assert found.left_out[-1].what == f"the `free` box{says}"


def fragmented(sizes: Sequence[int], level: int) -> tuple[bytes, dict[str, object]]:
    """Return a film in fragments, and its binding, which holds a row of their tree."""
    first = FILE[: FILE.index(b"mdat") - 4]
    start = first.index(b"moov") - 4
    init = sha(start.to_bytes(8), first[start:])

    def built(proofs: Sequence[Sequence[bytes]]) -> tuple[bytes, list[bytes]]:
        data, leaves = first, []
        for location, (size, proof) in enumerate(zip(sizes, proofs, strict=True)):
            said = {"uniqueId": 1, "localId": 2, "location": location, "hashes": list(proof)}
            if not proof:
                del said["hashes"]
            data += box(b"uuid", C2PA + bytes(4) + b"merkle\0" + cbor2.dumps(said) + bytes(9))
            moof, mdat = box(b"moof", b"%d" % location), box(b"mdat", bytes([location]) * size)
            places = len(data).to_bytes(8), (len(data) + len(moof)).to_bytes(8)
            leaves.append(sha(places[0], moof, places[1], mdat))
            data += moof + mdat
        return data, leaves

    def proofs_of(tree: Sequence[Sequence[bytes]]) -> list[list[bytes]]:
        beside = [[(at >> up) ^ 1 for up in range(level)] for at in range(len(sizes))]
        return [
            [tree[up][place] for up, place in enumerate(each) if place < len(tree[up])]
            for each in beside
        ]

    _, leaves = built(proofs_of(rows([bytes(32)] * len(sizes))))  # no place depends on a hash
    data, leaves = built(proofs_of(rows(leaves)))
    tree = {"uniqueId": 1, "localId": 2, "count": len(sizes), "initHash": init}
    return data, {"merkle": [tree | {"hashes": rows(leaves)[level]}], "hash": None}


@given(st.lists(st.integers(1, 60), min_size=1, max_size=9), st.data())
def test_a_film_in_fragments_is_held_fragment_by_fragment(
    sizes: list[int], data: st.DataObject
) -> None:
    level = data.draw(st.integers(0, len(rows([b""] * len(sizes))) - 1))
    film, said = fragmented(sizes, level)
    assert check(film, **said) == (Outcome.PASSED, "assertion.bmffHash.match")
    number = data.draw(st.integers(0, len(sizes) - 1))
    start = [at for at in range(len(film)) if film[at : at + 4] == b"moof"][number] - 4
    at = data.draw(st.integers(start + 17, start + 16 + sizes[number]))  # in its media data
    changed = bytearray(film)
    changed[at] ^= 1
    found = held(bytes(changed), **said)
    assert found.checks[0].outcome is Outcome.FAILED
    assert [first for first, _ in found.changed] == [start]
    assert at < found.changed[0][1]


def test_a_changed_fragment_is_told_to_the_seconds_between_those_that_were_not() -> None:
    film, said = fragmented([30, 30, 30, 30], 0)
    starts = [at - 4 for at in range(len(film)) if film[at : at + 4] == b"moof"]
    shown = {start: (2.0 * number, 2.0 * number + 2) for number, start in enumerate(starts)}

    def clock(_: Source, ranges: Sequence[Range]) -> dict[Range, tuple[float, float]]:
        assert changed[0] not in [start for start, _ in ranges]  # it would say what it likes
        return {each: shown[each[0]] for each in ranges}

    for changed, time in (
        (starts[0:1], (0.0, 2.0)),
        (starts[1:2], (2.0, 4.0)),
        (starts[1:3], (2.0, 6.0)),
        (starts[3:4], None),  # nothing that can be trusted says when it ends
    ):
        data = bytearray(film)
        for start in changed:
            data[start + 20] ^= 1
        found = list(changes(Source(io.BytesIO(data)), held(bytes(data), **said), clock))
        assert [each.start for each in found] == changed
        assert {each.time for each in found} == {time}


def test_fragments_that_are_missing_moved_or_elsewhere_are_told() -> None:
    film, said = fragmented([30, 30, 30], 0)
    begin = FILE.index(b"moov")
    first, second, third = (
        at - 4 for at in range(begin, len(film)) if film[at : at + 4] == b"uuid"
    )
    assert check(film[:third], **said)[0] is Outcome.FAILED
    swapped = film[:first] + film[second:third] + film[first:second] + film[third:]
    assert check(swapped, **said)[0] is Outcome.FAILED
    alone = held(film[:first], **said).checks[0]
    assert alone.outcome is Outcome.NOT_CHECKED
    assert alone.about.startswith("the fragments of this film are in other files")
    assert check(film.replace(b"what", b"that"), **said)[0] is Outcome.FAILED


def test_a_binding_without_a_hash_is_malformed() -> None:
    with pytest.raises(FormatError):
        check(FILE, hash=None)
