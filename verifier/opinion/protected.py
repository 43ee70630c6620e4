"""What of a manifest store is signed, hashed by what is signed, or neither. Pure."""

from collections.abc import Iterator, Mapping, Sequence

from ledger.errors import FormatError

from .claim import WHOLE, ingredients
from .cose import signature_parts
from .coverage import Guard, Region
from .result import Judgement
from .store import FOREIGN, Manifest

_HEADER = 8  # bytes: a box's length and type


def store_regions(
    manifests: Sequence[Manifest], judged: Sequence[tuple[Manifest, Judgement]]
) -> list[Region]:
    """Return the regions of a store, in order; what is between them is its framing.

    `manifests` are those of the store, `judged` the ones that the active manifest rests on.
    """
    rests_on = {manifest.label for manifest, _ in judged}
    whole = set(_hashed_as_a_whole(judged))
    found: list[Region] = []
    for manifest in manifests:
        start, end = manifest.at, manifest.at + len(manifest.hashed)
        if manifest.label in whole:
            found.append(Region(start, end, Guard.SIGNED, "an ingredient's manifest"))
        elif manifest.label in rests_on and manifest.compressed:
            # What it holds is signed, and can be compressed in more than one way.
            found.append(Region(start, end, Guard.FRAME, "a compressed manifest"))
        elif manifest.label in rests_on:
            found += sorted(_manifest_regions(manifest), key=lambda region: region.start)
        else:
            what = "a manifest that nothing rests on"
            if manifest.fault == FOREIGN:
                what = "a box that is no manifest"
            found.append(Region(start - _HEADER, end, Guard.OPEN, what))
    return found


def _hashed_as_a_whole(judged: Sequence[tuple[Manifest, Judgement]]) -> Iterator[str]:
    """Yield the labels of the ingredients' manifests that another one hashes from end to end."""
    for manifest, judgement in judged:
        try:
            below = list(ingredients(manifest))
        except FormatError:
            continue
        hashed = {each.about for each in judgement.checks if each.code == WHOLE}
        yield from (each.manifest for each in below if each.label in hashed)


def _manifest_regions(manifest: Manifest) -> Iterator[Region]:
    for each in manifest.assertions:
        yield Region(
            each.at, each.at + len(each.hashed), Guard.SIGNED, f"assertion {each.label[:80]}"
        )
    claim = manifest.claim_at
    yield Region(claim, claim + len(manifest.claim), Guard.SIGNED, "claim")
    yield from signature_regions(manifest.signature, manifest.signature_at)
    for label, (start, end) in manifest.others:
        # Some hold what assertions name by hash, which is not followed here.
        yield Region(start, end, Guard.FRAME, f"box {label[:80]}")


_PARTS: Mapping[str, tuple[Guard, str]] = {
    "pad": (Guard.FRAME, "padding of the claim signature"),
    "pad2": (Guard.FRAME, "padding of the claim signature"),
    "sigTst": (Guard.FRAME, "time-stamp, which its authority signs"),
    "sigTst2": (Guard.FRAME, "time-stamp, which its authority signs"),
    "rVals": (Guard.FRAME, "revocation answers, which their authority signs"),
}


def signature_regions(signature: bytes, at: int) -> Iterator[Region]:
    """Tell apart the parts of a claim signature, which starts at `at` in the store."""
    for part in signature_parts(signature):
        other = (Guard.FRAME, "unprotected header of the claim signature")
        guard, what = (
            (Guard.SIGNED, "claim signature")
            if part.name in ("protected", "signature")
            else _PARTS.get(part.name, other)
        )
        yield Region(at + part.start, at + part.end, guard, what)
