"""What is said of time and revocation, as findings. Pure.

The rules that lead to each outcome are in `judgement` and `revocation`; `words` has the words.
"""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from ledger.errors import FormatError
from ledger.vocabulary import Outcome

from .compare.context import Moment, parse_moment
from .lineage import place_of
from .manifest import Judged, ManifestStore
from .report import Finding, Step
from .revocation import Revocation
from .words import say

_LONG = timedelta(days=60)  # between the claimed time and the first proof
_CLOCKS = timedelta(minutes=10)  # by so much a camera's clock and a registrar's may differ


def moment(time: datetime) -> str:
    """Say a time (UTC) as all sentences do."""
    return f"{time:%Y-%m-%d %H:%M:%S} UTC"


def told(judged: Judged) -> str:
    """Say at which time certificates were judged."""
    if judged.stamp:
        return f"at the proven time, {moment(judged.stamp.time)}"
    return f"on {judged.now:%Y-%m-%d}, which was asked about" if judged.as_of else "now"


def judged_findings(store: ManifestStore) -> Iterator[Finding]:
    """Yield what is to be said of revocation, and of the time that the manifest claims."""
    if store.judged is not None:
        if not store.judged.problem:
            yield revocation_finding(store, store.judged)
        yield from late_findings(store)
        yield from claimed_findings(store, store.judged)


def stamp_finding(store: ManifestStore, judged: Judged) -> Finding:
    """Say what proves when it was signed, and at which time certificates were judged."""
    if stamp := judged.stamp:
        return say(
            Step.TIME,
            Outcome.PASSED,
            "timeStamp.trusted",
            time=moment(stamp.time),
            authority=stamp.authority,
            list=stamp.list,
        )
    fault = f"proves nothing ({judged.stamp_problem})" if judged.stamp_problem else ""
    if store.time_stamps:
        fault = fault or "could not be read"
    if fault:
        code = "timeStamp.untrusted"
        return say(Step.TIME, Outcome.NOT_CHECKED, code, fault=fault, judged=told(judged))
    return say(Step.TIME, Outcome.ABSENT, "timeStamp.absent", judged=told(judged))


_OUTCOMES = {
    Revocation.GOOD: Outcome.PASSED,
    Revocation.REVOKED_BEFORE: Outcome.FAILED,
    Revocation.REVOKED_AFTER: Outcome.PASSED,
}


def revocation_finding(store: ManifestStore, judged: Judged) -> Finding:
    """Say which of the six outcomes it was."""
    status = judged.revocation
    particulars = {"signer": store.who, "judged": told(judged), "reason": status.reason}
    if said := status.said:
        particulars |= {
            "by": said.by,
            "answered": moment(said.this_update),
            "until": moment(said.until),
            "revoked": moment(said.revoked) if said.revoked else "",
            "before": "and nothing proves that it signed before that",
        }
    if judged.stamp:
        signed = moment(judged.stamp.time)
        particulars |= {"signed": signed, "before": f"before it signed at {signed}"}
    outcome = _OUTCOMES.get(status.code, Outcome.NOT_CHECKED)
    return say(Step.REVOCATION, outcome, f"revocation.{status.code}", **particulars)


def late_findings(store: ManifestStore) -> Iterator[Finding]:
    """Say which manifests of the chain a later one brought a time-stamp for."""
    for link in store.chain[1:]:
        if link.stamped_late and link.signed_at:
            time, place = moment(datetime.fromisoformat(link.signed_at)), place_of(link)
            place = f"{place[:1].lower()}{place[1:]}"
            code = "timeStamp.late"
            yield say(Step.TIME, Outcome.PASSED, code, signer=link.who, time=time, place=place)


def claimed_findings(store: ManifestStore, judged: Judged) -> Iterator[Finding]:
    """Hold the times that each manifest claims against the first proof that it existed.

    What proves that a manifest existed proves it of all those that it was signed over. Without a
    proof that is the file in hand: nothing is made later than it is looked at.
    """
    stamp = judged.stamp.time if judged.stamp else None
    proofs: dict[str, datetime | None] = {store.chain[0].manifest: stamp}
    said = [(store.who, store.claimed_times, stamp)]
    for link in store.chain[1:]:
        own = datetime.fromisoformat(link.signed_at) if link.signed_at else None
        known = [each for each in (own, proofs.get(link.over)) if each]
        proofs.setdefault(link.manifest, min(known, default=None))
        said.append((link.who, link.claimed_times, min(known, default=None)))
    for signer, texts, proof in said:
        if found := _claimed(signer, texts, proof, judged):
            yield found
            return


def _claimed(
    signer: str, texts: Sequence[str], proof: datetime | None, judged: Judged
) -> Finding | None:
    for text in texts:
        try:
            claimed = _moment(text)
        except FormatError:
            continue
        particulars: dict[str, object] = {"claimed": text, "signer": signer}
        if proof is None:
            if judged.as_of or claimed.earliest <= judged.now:
                continue
            return say(Step.CLAIMED_TIME, Outcome.FAILED, "claimedTime.to_come", **particulars)
        particulars |= {"proof": moment(proof), "days": (proof - claimed.latest).days}
        if claimed.earliest > proof:
            return say(Step.CLAIMED_TIME, Outcome.FAILED, "claimedTime.after_proof", **particulars)
        if proof - claimed.latest > _LONG:
            return say(
                Step.CLAIMED_TIME, Outcome.NOT_CHECKED, "claimedTime.long_before", **particulars
            )
    return None


def entered_findings(
    store: ManifestStore, entered: datetime, index: int, findings: Iterable[Finding]
) -> Iterator[Finding]:
    """Hold the times that the active manifest claims against the entry that records it.

    Nothing is added where a claimed time was found wanting already.
    """
    if any(each.step is Step.CLAIMED_TIME for each in findings):
        return
    for text in store.claimed_times:
        with contextlib.suppress(FormatError):
            if _moment(text).earliest > entered + _CLOCKS:
                yield say(
                    Step.CLAIMED_TIME,
                    Outcome.FAILED,
                    "claimedTime.after_entry",
                    claimed=text,
                    signer=store.who,
                    index=index,
                    entered=moment(entered),
                )
                return


def _moment(text: str) -> Moment:
    """Read a time of a manifest; EXIF separates its dates by colons, and its times by a space."""
    if len(text) >= 10 and text[4:8:3] == "::":
        text = f"{text[:4]}-{text[5:7]}-{text[8:]}".replace(" ", "T", 1)
    return parse_moment(text)
