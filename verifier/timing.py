"""What is said of time and revocation, as findings. Pure.

Each outcome has its sentence here, and what it does not show; the rules that lead to them are in
`judgement` and `revocation`.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from ledger.errors import FormatError
from ledger.vocabulary import Outcome

from .compare.context import Moment, parse_moment
from .manifest import Judged, ManifestStore
from .report import Finding, Step
from .revocation import Revocation, RevocationStatus

_LONG = timedelta(days=60)  # between the claimed time and the first proof


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
        yield from claimed_findings(store, store.judged)


def stamp_finding(store: ManifestStore, judged: Judged) -> Finding:
    """Say what proves when it was signed, and at which time certificates were judged."""
    limit = "when the file was made"
    if judged.stamp:
        outcome, code = Outcome.PASSED, "timeStamp.trusted"
        said = (
            f"A time-stamp proves that the signature existed at {moment(judged.stamp.time)}: its "
            f"authority, {judged.stamp.authority}, is known by your list “{judged.stamp.list}”."
        )
        limit = "when the file was made, only that it was signed by then"
    elif judged.stamp_problem:
        outcome, code = Outcome.NOT_CHECKED, "timeStamp.untrusted"
        said = (
            f"It carries a time-stamp that proves nothing ({judged.stamp_problem}): the certificate"
            f" was judged {told(judged)}."
        )
    elif store.time_stamps:
        outcome, code = Outcome.NOT_CHECKED, "timeStamp.untrusted"
        said = (
            "It carries a time-stamp that could not be read: the certificate was judged "
            f"{told(judged)}."
        )
    else:
        outcome, code = Outcome.ABSENT, "timeStamp.absent"
        said = f"No time-stamp: the certificate was judged {told(judged)}."
    return _finding(Step.TIME, outcome, code, said, limit)


def revocation_finding(store: ManifestStore, judged: Judged) -> Finding:
    """Say which of the six outcomes it was."""
    status = judged.revocation
    outcome, said, limit = _revocation(store.signer, status, judged)
    return _finding(Step.REVOCATION, outcome, f"revocation.{status.code}", said, limit)


def _revocation(signer: str, status: RevocationStatus, judged: Judged) -> tuple[Outcome, str, str]:
    said = status.said
    match status.code:
        case Revocation.GOOD if said:
            return (
                Outcome.PASSED,
                (
                    f"The certificate of {signer} was not revoked {told(judged)}, says {said.by} "
                    f"(answer of {moment(said.this_update)})."
                ),
                "that the key was never in other hands, nor anything about the authorities above",
            )
        case Revocation.REVOKED_BEFORE if said and said.revoked:
            when = (
                f"before it signed at {moment(judged.stamp.time)}"
                if judged.stamp
                else "and nothing proves that it signed before that"
            )
            return (
                Outcome.FAILED,
                (
                    f"The certificate of {signer} was revoked on {moment(said.revoked)}, says "
                    f"{said.by}, {when}."
                ),
                "who signed: whoever had the key could",
            )
        case Revocation.REVOKED_AFTER if said and said.revoked and judged.stamp:
            return (
                Outcome.PASSED,
                (
                    f"The certificate of {signer} was revoked on {moment(said.revoked)}, says "
                    f"{said.by}, after it signed at the proven time, {moment(judged.stamp.time)}."
                ),
                "that the key was in good hands when it signed: why it was revoked may say more",
            )
        case Revocation.STALE if said:
            return (
                Outcome.NOT_CHECKED,
                (
                    f"Whether the certificate of {signer} was revoked {told(judged)} is not known: "
                    f"the newest answer, by {said.by}, was good until {moment(said.until)}."
                ),
                "that it was not revoked; a newer answer would settle it",
            )
        case Revocation.WRONG_RESPONDER:
            return (
                Outcome.NOT_CHECKED,
                f"An answer about the revocation of {signer} does not count: {status.reason}.",
                "that it was not revoked; an answer of its issuer would settle it",
            )
        case _:
            return (
                Outcome.NOT_CHECKED,
                (
                    f"Whether the certificate of {signer} was revoked was not checked: "
                    f"{status.reason}."
                ),
                "that it was not revoked; give --revocation FILE, or allow --online",
            )


def claimed_findings(store: ManifestStore, judged: Judged) -> Iterator[Finding]:
    """Hold the times that the manifest claims against the first proof that it existed.

    Without a time-stamp that is the file in hand: nothing is made later than it is looked at.
    """
    for text in store.claimed_times:
        try:
            claimed = _moment(text)
        except FormatError:
            continue
        said = f"The manifest says that it was made {text}"
        if found := _contradicted(said, claimed, judged):
            yield found
            return


def _contradicted(said: str, claimed: Moment, judged: Judged) -> Finding | None:
    """Say what a claimed time has against it, or that little speaks for it; None for neither."""
    stamp, wrong = judged.stamp, "which of the two is wrong: a camera's clock, or the signer's word"
    if stamp is None:
        if judged.as_of or claimed.earliest <= judged.now:
            return None
        return _claimed(Outcome.FAILED, "to_come", f"{said}, which is still to come.", wrong)
    if claimed.earliest > stamp.time:
        said = f"{said}, yet it was signed before that: at {moment(stamp.time)}."
        return _claimed(Outcome.FAILED, "after_proof", said, wrong)
    if stamp.time - claimed.latest > _LONG:
        days = (stamp.time - claimed.latest).days
        said = f"{said}, {days} days before the first proof that it existed."
        limit = "that it is that old: until the proof there is only the signer's word"
        return _claimed(Outcome.NOT_CHECKED, "long_before", said, limit)
    return None


def _claimed(outcome: Outcome, code: str, said: str, limit: str) -> Finding:
    return _finding(Step.CLAIMED_TIME, outcome, f"claimedTime.{code}", said, limit)


def _moment(text: str) -> Moment:
    """Read a time of a manifest; EXIF separates its dates by colons, and its times by a space."""
    if len(text) >= 10 and text[4:8:3] == "::":
        text = f"{text[:4]}-{text[5:7]}-{text[8:]}".replace(" ", "T", 1)
    return parse_moment(text)


def _finding(step: Step, outcome: Outcome, code: str, sentence: str, limit: str) -> Finding:
    return Finding(step=step, outcome=outcome, code=code, sentence=sentence, does_not_show=limit)
