"""Who signed a claim, when, and whether he might: judged by us, at a time that we choose. Pure.

    time-stamp    proves the time, where a list of time-stamp authorities knows who made it
    certificate   judged at that time, else at `now`, under the lists of claim signers alone
    revocation    as things stood at `now`

The engine judges at its own clock and trusts any authority that some claims bring along. It is
believed where it refuses, unless nothing but its clock can be why; it never suffices.
"""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cryptography import x509

from ledger.errors import FirsthandError, ProofError
from ledger.timestamp import is_over, parse_response, verify_token
from ledger.timestamp_chain import UNREADABLE, check_dates, find_chain, has_issued
from ledger.vocabulary import Outcome

from .manifest import Judged, ManifestReading, ManifestStore, Stamp
from .opinion.certificates import profile_breaches
from .revocation import Revocation, RevocationStatus, judge_revocation
from .signature import Signature, Token
from .trust import Kind, TrustList, list_of, of_kind

UNTRUSTED, EXPIRED = "signingCredential.untrusted", "signingCredential.expired"
INVALID, REVOKED = "signingCredential.invalid", "signingCredential.revoked"
_BY_ITS_CLOCK = (UNTRUSTED, EXPIRED, "claimSignature.outsideValidity")
_STAMPED = "timeStamp.trusted"
_FRACTION = timedelta(seconds=1)  # which not everybody writes


@dataclass(frozen=True, slots=True)
class Answers:
    """What is at hand about the revocation of one certificate, and why not more."""

    held: Sequence[bytes] = ()
    reason: str = "no answer was supplied, and the network was not asked"


Gather = Callable[[x509.Certificate, x509.Certificate], Answers]
Confirm = Callable[[datetime], bool]  # whether somebody else, too, reads a time-stamp so


def none_supplied(certificate: x509.Certificate, issuer: x509.Certificate) -> Answers:  # noqa: ARG001
    """Gather nothing."""
    return Answers()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What a signer is judged by: every list, the time, and who gathers revocation answers.

    clock: the engine's own time. as_of: the time that is asked about instead, or None.
    """

    lists: Sequence[TrustList]
    clock: datetime
    as_of: datetime | None = None
    gather: Gather = none_supplied

    @property
    def now(self) -> datetime:
        """The time as of which everything is judged."""
        return self.as_of or self.clock


def judge(reading: ManifestReading, bench: Bench) -> ManifestReading:
    """Judge the signer of the active manifest; anything but a store that was read stays as it is.

    Where the signature itself was not found, nobody is accepted.
    """
    store = reading.store
    if store is None:
        return reading
    if isinstance(store.signature, str):
        judged = Judged(now=bench.now, as_of=bench.as_of is not None, problem=store.signature)
        unjudged = SignerJudged(judged, None, store.signer_failures)
        return replace(reading, store=_with(store, unjudged))
    found = judge_signer(
        _with_late_answers(store, reading),
        bench,
        store.signer_failures,
        confirm=confirmed_by(store.signed_at),
    )
    return replace(reading, store=_with(store, found))


def confirmed_by(read: str | None) -> Confirm:
    """Whoever took our engine's process over must not put in a time that the other one denies."""

    def confirm(time: datetime) -> bool:
        try:
            return read is not None and abs(datetime.fromisoformat(read) - time) < _FRACTION
        except (ValueError, TypeError):  # as of a time without its zone
            return False

    return confirm


def _with_late_answers(store: ManifestStore, reading: ManifestReading) -> Signature:
    """Add the OCSP answers that other manifests of the store carry: each says whom it is about."""
    judgements = reading.opinion.judgements if reading.opinion else ()
    carried = next((each.carried.signature for each in judgements if each.label == store.label), "")
    if isinstance(store.signature, str) or isinstance(carried, str):
        return store.signature  # type: ignore[return-value]  # the caller has seen to that
    return replace(store.signature, ocsp=carried.ocsp)


@dataclass(frozen=True, slots=True)
class SignerJudged:
    """What came of judging a signer: the list that knows him, and what is against him.

    attested: some list knows who gave him his name, whatever else is against him.
    """

    judged: Judged
    known: str | None
    failures: tuple[str, ...]
    attested: bool = False


def judge_signer(
    signature: Signature,
    bench: Bench,
    engines: Sequence[str] = (),
    kind: Kind = Kind.CLAIM_SIGNERS,
    proven: Stamp | None = None,
    confirm: Confirm | None = None,
) -> SignerJudged:
    """Judge who made a signature; `engines` is what the engine has against him.

    `kind` says of which lists one must know him, `proven` when it was there, if it has no
    time-stamp of its own; one of its own that `confirm` is asked about and denies proves nothing.
    """
    try:
        return _judge(signature, bench, engines, of_kind(bench.lists, kind), proven, confirm)
    except UNREADABLE:  # certificates are only parsed as they are asked
        judged = Judged(now=bench.now, as_of=bench.as_of is not None)
        return SignerJudged(judged, None, (INVALID,))


def _judge(
    signature: Signature,
    bench: Bench,
    engine: Sequence[str],
    lists: Sequence[TrustList],
    proven: Stamp | None,
    confirm: Confirm | None,
) -> SignerJudged:
    leaf, *others = (x509.load_der_x509_certificate(each) for each in signature.chain)
    stamp, why_not = _best_stamp(signature.tokens, bench, confirm)
    stamp = stamp or proven
    time = stamp.time if stamp else bench.now
    anchors = [anchor for each in lists for anchor in each.anchors]
    chain, failure = _find_signer(leaf, others, anchors, time)
    # What was good then and is out of date by now, the engine refuses for nothing but that.
    is_by_clock = failure is None and not all(map(_valid_at(bench.clock), chain))
    engines = tuple(code for code in engine if not (is_by_clock and code in _BY_ITS_CLOCK))
    issuer = _issuer(leaf, [*chain[1:], *others, *anchors])
    status = _revocation(leaf, issuer, signature, bench, stamp)
    failures = [*([failure] if failure else []), *engines]
    if status.code is Revocation.REVOKED_BEFORE:
        failures.insert(0, REVOKED)
    found = list_of(chain[-1], lists)
    told = next((each for each in chain if not _valid_at(time)(each)), leaf)
    judged = Judged(
        now=bench.now,
        as_of=bench.as_of is not None,
        stamp=stamp,
        stamp_problem=why_not,
        valid=(told.not_valid_before_utc, told.not_valid_after_utc),
        revocation=status,
    )
    name = found.name if found else None
    attested = failure in (None, EXPIRED)
    return SignerJudged(judged, name, tuple(dict.fromkeys(failures)), attested)


def _find_signer(
    leaf: x509.Certificate,
    others: Sequence[x509.Certificate],
    anchors: Sequence[x509.Certificate],
    time: datetime,
) -> tuple[tuple[x509.Certificate, ...], str | None]:
    """Return the chain, and what is against it."""
    # The engine may stop at its dates, and look no further.
    if next(profile_breaches((leaf,)), None):
        return (leaf,), INVALID
    try:
        chain = find_chain(leaf, others, anchors, time, "claim signer")
    except ProofError:
        return (leaf,), UNTRUSTED
    try:
        check_dates(chain, time)
    except ProofError:
        return chain, EXPIRED
    return chain, None


def _valid_at(time: datetime) -> Callable[[x509.Certificate], bool]:
    return lambda each: each.not_valid_before_utc <= time <= each.not_valid_after_utc


def _best_stamp(
    tokens: Sequence[Token], bench: Bench, confirm: Confirm | None
) -> tuple[Stamp | None, str]:
    """Return the earliest time that is proven, or why none is (nothing, where none is claimed)."""
    lists = of_kind(bench.lists, Kind.TIME_STAMPS)
    anchors = [anchor for each in lists for anchor in each.anchors]
    found: list[Stamp] = []
    problem = ""
    for token in tokens:
        try:
            stamp = _check_stamp(token, lists, anchors)
        except FirsthandError as refused:
            problem = problem or refused.message
            continue
        if stamp.time > bench.now:
            problem = problem or f"it was made later, at {stamp.time:%Y-%m-%d %H:%M:%S} UTC"
        elif confirm and not stamp.late and not confirm(stamp.time):
            problem = problem or "the engine reads another time, or none"
        else:
            found.append(stamp)
    return min(found, key=lambda each: each.time, default=None), problem


def _check_stamp(
    token: Token, lists: Sequence[TrustList], anchors: Sequence[x509.Certificate]
) -> Stamp:
    data = token.token
    with contextlib.suppress(FirsthandError):  # in old claims it is the authority's whole answer
        data = parse_response(data)
    over = next((each for each in token.over if is_over(data, each)), token.over[0])
    stamp = verify_token(data, over, anchors)
    known = list_of(stamp.anchor, lists)
    return Stamp(stamp.time, stamp.authority, known.name if known else "", late=token.late)


def _issuer(
    leaf: x509.Certificate, candidates: Sequence[x509.Certificate]
) -> x509.Certificate | None:
    for each in candidates:
        if each != leaf and has_issued(each, leaf):
            return each
    return None


def _revocation(
    leaf: x509.Certificate,
    issuer: x509.Certificate | None,
    signature: Signature,
    bench: Bench,
    stamp: Stamp | None,
) -> RevocationStatus:
    if issuer is None:
        reason = "who issued its certificate is not known here"
        return RevocationStatus(Revocation.NOT_CHECKED, reason=reason)
    answers = bench.gather(leaf, issuer)
    held = [*signature.ocsp, *answers.held]
    signed = stamp.time if stamp else None
    return judge_revocation(leaf, issuer, held, bench.now, signed, answers.reason)


def _with(store: ManifestStore, found: SignerJudged) -> ManifestStore:
    """Put our judgement in the place of the engine's; what is not about the signer stays."""
    judged, failures = found.judged, found.failures
    name = None if failures else found.known
    others = tuple(code for code in store.chain[0].codes if code not in store.signer_failures)
    is_bad = bool(others or failures or judged.problem)
    codes = tuple(code for code in store.time_stamps if code != _STAMPED)
    top = replace(
        store.chain[0],
        list=name,
        attested=found.attested,
        outcome=Outcome.FAILED if is_bad else Outcome.PASSED,
        codes=(*others, *failures),
    )
    return replace(
        store,
        chain=(top, *store.chain[1:]),
        trust_list=name,
        signer_failures=failures,
        time_stamps=(*codes, _STAMPED) if judged.stamp else codes,
        signed_at=judged.stamp.time.isoformat() if judged.stamp else None,
        judged=judged,
    )
