"""All of a second opinion, in a straight line."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from io import BufferedIOBase

from ledger.errors import FormatError, ProofError
from ledger.vocabulary import Outcome

from .binding import check_binding
from .carried import NOTHING
from .carry import carried
from .certificates import find_anchors, load_chain, profile_breaches
from .claim import (
    Redactions,
    check_claim,
    check_ingredient,
    check_parents,
    ingredients,
    redactions,
)
from .container import Embedded, find_store
from .cose import parse_signature, verify_signature
from .coverage import Coverage, Guard, Region, draw, placed
from .protected import store_regions
from .result import Aspect, Bound, Changed, Check, Judgement, Opinion, Trust
from .source import NotRead, Range, Source
from .store import FOREIGN, Manifest, active_of, parse_store

# Which seconds some ranges of a file hold.
Clock = Callable[[Source, Sequence[Range]], Mapping[Range, tuple[float, float]]]


_NEVER = math.inf, math.inf


def _no_seconds(_: Source, __: Sequence[Range]) -> Mapping[Range, tuple[float, float]]:
    return {}


def examine(
    stream: BufferedIOBase,
    lists: Mapping[str, str],
    at: datetime,
    sidecar: bytes | None = None,
    seconds_of: Clock = _no_seconds,
) -> Opinion:
    """Judge the manifest store in a file, else the one beside it, against the bytes in hand.

    `lists` are the anchors of claim signers, PEM by the name of their list; `at` is the time at
    which certificates are judged; `seconds_of` is asked about bytes that were changed. What cannot
    be read is a reason or a failed check: nothing is raised but OSError, where the stream cannot be
    read.
    """
    try:
        source = Source(stream)
        embedded = _find(source, sidecar)
        manifests = parse_store(embedded.store)
        active = active_of(manifests)
    except NotRead as problem:
        return Opinion(at, reason=problem.message)
    except FormatError as problem:
        return Opinion(at, reason=problem.message, refused=True)
    by_label = {each.label: each for each in manifests}
    chain = _reachable(by_label, active)
    # C2PA 2.2, 6.8: by those that were made from it; whoever stands apart redacts nothing.
    redacted = redactions(chain)
    judged = [_judge(each, by_label, redacted, lists, at) for each in chain]
    bound = _bind(source, embedded, by_label, active)
    judged[0] = replace(judged[0], checks=(*bound.checks, *judged[0].checks))
    opinion = Opinion(
        at,
        tuple(_carrying(chain, judged)),
        apart=tuple(_judge_apart(manifests, chain, by_label, lists, at)),
    )
    if any(
        each.failed(aspect) for each in judged for aspect in (Aspect.SIGNATURE, Aspect.MANIFEST)
    ):
        return opinion  # what was signed is not known, and so neither what that protects
    parts = store_regions(manifests, list(zip(chain, judged, strict=True)))
    return replace(
        opinion,
        coverage=_map(source, embedded, parts, bound),
        changed=tuple(changes(source, bound, seconds_of)),
    )


def _carrying(manifests: Sequence[Manifest], judged: Sequence[Judgement]) -> Iterator[Judgement]:
    held = carried(manifests)
    return (replace(each, carried=held.get(each.label, NOTHING)) for each in judged)


def _judge_apart(
    manifests: Sequence[Manifest],
    chain: Sequence[Manifest],
    by_label: Mapping[str, Manifest],
    lists: Mapping[str, str],
    at: datetime,
) -> Iterator[Judgement]:
    """Judge the manifests that nothing leads to: C2PA 2.2, 15.11.3.3, has them ignored.

    They weigh nothing, and so have no say about those that count: only among themselves.
    """
    rests_on = {each.label for each in chain}
    apart = [m for m in manifests if m.label not in rests_on and m.fault != FOREIGN]
    redacted = redactions([*chain, *apart])
    judged = [_judge(each, by_label, redacted, lists, at) for each in apart]
    return _carrying(apart, judged)


def _bind(
    source: Source, embedded: Embedded, manifests: Mapping[str, Manifest], active: Manifest
) -> Bound:
    try:
        return check_binding(source, embedded, manifests, active)
    except FormatError as problem:
        failed = Check(Aspect.CONTENT, Outcome.FAILED, "general.error", problem.message)
        return Bound((failed,))


def _map(source: Source, embedded: Embedded, parts: list[Region], bound: Bound) -> Coverage | None:
    if bound.ranges is None:
        return None
    frame = [
        Region(*each, Guard.FRAME, "the manifest's boxes") for each in sorted(embedded.container)
    ]
    layers = (bound.left_out, frame, placed(parts, embedded.pieces))
    return draw(source.size, layers, bound.ranges)


def changes(source: Source, bound: Bound, seconds_of: Clock) -> Iterator[Changed]:
    """Tell which seconds the changed bytes hold, where what says so is as it was signed."""
    if bound.beside:
        yield from _between(source, bound, seconds_of)
        return
    times = seconds_of(source, bound.changed) if bound.located and bound.changed else {}
    for start, end in bound.changed:
        yield Changed(start, end, times.get((start, end)))


def _between(source: Source, bound: Bound, seconds_of: Clock) -> Iterator[Changed]:
    """Tell the seconds between what comes before and after, up to an end that is known."""
    times = seconds_of(source, sorted({each for pair in bound.beside for each in pair if each}))
    for (start, end), (before, after) in zip(bound.changed, bound.beside, strict=True):
        since = 0.0 if before is None else times.get(before, _NEVER)[1]
        until = _NEVER[0] if after is None else times.get(after, _NEVER)[0]
        yield Changed(start, end, (since, until) if since <= until < math.inf else None)


def _find(source: Source, sidecar: bytes | None) -> Embedded:
    try:
        embedded = find_store(source)
    except NotRead:
        if sidecar is None:
            raise
        return Embedded(sidecar)
    if embedded is not None:
        return embedded
    if sidecar is not None:
        return Embedded(sidecar)
    raise FormatError("it finds no manifest where one belongs")


def _reachable(manifests: Mapping[str, Manifest], active: Manifest) -> list[Manifest]:
    """Return the active manifest and all that it was made from, breadth first, each once."""
    found, queue = {active.label}, [active]
    for manifest in queue:
        try:
            labels = [each.manifest for each in ingredients(manifest)]
        except FormatError:
            continue  # said by `_judge`
        for label in labels:
            if label in manifests and label not in found:
                found.add(label)
                queue.append(manifests[label])
    return queue


def _judge(
    manifest: Manifest,
    manifests: Mapping[str, Manifest],
    redacted: Redactions,
    lists: Mapping[str, str],
    at: datetime,
) -> Judgement:
    if manifest.fault:
        # C2PA 2.2, 15.5.4: of a compressed one that does not unpack to a manifest
        code = "manifest.compressed.invalid" if manifest.compressed else "claim.malformed"
        check = Check(Aspect.MANIFEST, Outcome.FAILED, code, manifest.fault)
        return Judgement(manifest.label, (check,))
    signature, trust = _check_signature(manifest, lists, at)
    claim = _guarded(Aspect.MANIFEST, lambda: check_claim(manifest, redacted))
    below = _guarded(Aspect.MANIFEST, lambda: _check_ingredients(manifest, manifests, redacted))
    return Judgement(manifest.label, (*signature, *claim, *below), trust)


def _check_ingredients(
    manifest: Manifest, manifests: Mapping[str, Manifest], redacted: Redactions
) -> Iterator[Check]:
    yield from check_parents(manifest)
    for each in ingredients(manifest):
        yield check_ingredient(manifest, each, manifests.get(each.manifest), redacted)


def _check_signature(
    manifest: Manifest, lists: Mapping[str, str], at: datetime
) -> tuple[list[Check], tuple[Trust, ...]]:
    """Check who signed, and that they signed this claim (C2PA 2.2, 15.7)."""
    try:
        signed = parse_signature(manifest.signature, manifest.claim_version)
    except FormatError as problem:
        return [_signature("claimSignature.mismatch", problem.message)], ()
    try:
        chain = load_chain(signed.chain)
        key = chain[0].public_key()
    except Exception as problem:  # noqa: BLE001  # a stranger's certificate: whatever the reader says
        said = f"a certificate cannot be read ({type(problem).__name__})"
        return [
            _signature("claimSignature.mismatch", said),
            Check(Aspect.SIGNER, Outcome.FAILED, "signingCredential.invalid", said),
        ], ()
    try:
        verify_signature(signed, manifest.claim, key)
        checks = [Check(Aspect.SIGNATURE, Outcome.PASSED, "claimSignature.validated")]
    except (FormatError, ProofError) as problem:
        checks = [_signature("claimSignature.mismatch", problem.message)]
    if signed.hides:
        said = "its padding is not empty: something is hidden where no signature covers it"
        checks.append(_signature("claimSignature.padding", said))
    breach = next(profile_breaches(chain), None)
    if breach is not None:
        invalid = Check(Aspect.SIGNER, Outcome.FAILED, "signingCredential.invalid", breach)
        return [*checks, invalid], ()
    trust = find_anchors(chain, lists)
    if any(each.holds_at(at) for each in trust):
        return [*checks, Check(Aspect.SIGNER, Outcome.PASSED, "signingCredential.trusted")], trust
    code = "signingCredential.expired" if trust else "signingCredential.untrusted"
    return [*checks, Check(Aspect.SIGNER, Outcome.FAILED, code)], trust


def _signature(code: str, about: str) -> Check:
    return Check(Aspect.SIGNATURE, Outcome.FAILED, code, about)


def _guarded(aspect: Aspect, check: Callable[[], Iterable[Check]]) -> list[Check]:
    """Do some checks; what is malformed fails, and ends them."""
    found: list[Check] = []
    try:
        found.extend(check())
    except FormatError as problem:
        found.append(Check(aspect, Outcome.FAILED, "claim.malformed", problem.message))
    return found
