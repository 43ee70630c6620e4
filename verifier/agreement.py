"""The engine's word beside the second opinion: do they agree? Pure; it weighs nothing."""

from collections.abc import Iterator
from datetime import datetime

from ledger.vocabulary import Outcome

from .harmless import printable
from .manifest import ManifestReading, ManifestStore
from .opinion.result import Aspect, Check, Judgement, Opinion
from .report import Finding, Step
from .words import say

AGREES, DIFFERS, MILDER = "opinion.agrees", "opinion.differs", "opinion.milder"
NOT_CHECKED = "opinion.not_checked"

# Failures that the second engine looks for as well, so that to pass them over is to disagree.
_BOTH = (
    *("claimSignature.mismatch", "claimSignature.missing", "claim.hardBindings.missing"),
    *("assertion.hashedURI.mismatch", "assertion.missing", "assertion.undeclared"),
    *("assertion.dataHash.mismatch", "assertion.bmffHash.mismatch"),
    *("assertion.boxesHash.mismatch", "assertion.boxesHash.unknownBox"),
    *("assertion.multipleHardBindings", "assertion.outsideManifest"),
)
_BOTH_OF_SIGNER = (
    *("signingCredential.untrusted", "signingCredential.invalid", "signingCredential.expired"),
)
_INTEGRITY = (Aspect.CONTENT, Aspect.SIGNATURE, Aspect.MANIFEST)
_WHAT = {
    Aspect.CONTENT: "the bytes",
    Aspect.SIGNATURE: "the claim signature",
    Aspect.SIGNER: "the signer's certificates",
    Aspect.MANIFEST: "the claim and its assertions",
}


def compare_opinions(reading: ManifestReading) -> list[Finding]:
    """Return one finding where the engine read a manifest, none where it did not."""
    store, opinion = reading.store, reading.opinion
    if store is None:
        return []
    if opinion is None or not opinion.judgements:
        reason = opinion.reason if opinion else "it gave no answer"
        if opinion and opinion.refused and not store.failures:
            # Never passed over: to be unreadable to one engine must not be a way past it.
            said = f"the engine reads the manifest, the second one refuses it ({printable(reason)})"
            return [_differ(said)]
        return [_not_checked(reason)]
    if opinion.judgements[0].label != store.label:
        other = printable(opinion.judgements[0].label)
        said = f"the engine reads the manifest {printable(store.label)}, the second one {other}"
        return [_differ(said)]
    if against := next(_against(store, opinion), None):
        check, label = against
        of = "" if label == store.label else f" of the ingredient {printable(label)}"
        why = f" ({printable(check.about)})" if check.about else ""
        said = (
            f"the engine finds nothing wrong with {_WHAT[check.aspect]}{of}, "
            f"the second one says {check.code}{why}"
        )
        return [_differ(said)]
    return [_agreement(store, opinion)]


def _agreement(store: ManifestStore, opinion: Opinion) -> Finding:
    """Say how far they agree, where the second engine has nothing against what the first passes."""
    active = opinion.judgements[0]
    failed = next(_failures(opinion), None)
    if store.failures and failed is None:
        if unchecked := _unchecked(opinion):
            return _not_checked(unchecked.about or unchecked.code)
        if code := next((each for each in store.failures if each in _BOTH), None):
            return _milder(code)
        said = f"the engine rejects the manifest for what it does not look at ({store.failures[0]})"
        return _not_checked(said)
    if failed is None and (unchecked := _unchecked(opinion)):
        return _not_checked(unchecked.about or unchecked.code)
    if failed is not None and (store.failures or store.broken_ancestors):
        return _agrees(f"rejects it as well ({failed.code})")
    known = _known(active, _moment(store, opinion))
    doubts = [each for each in store.signer_failures if each in _BOTH_OF_SIGNER]
    if doubts and known and not active.failed(Aspect.SIGNER):
        return _milder(doubts[0])
    who = "knows the signer by the same list"
    if store.trust_list is None:
        who = "leaves the signer to the first" if known else "knows the signer no better"
    found = "the claim signature, the assertions and the bytes as they were signed"
    return _agrees(f"finds {found}, too, and {who}")


def _against(store: ManifestStore, opinion: Opinion) -> Iterator[tuple[Check, str]]:
    """Yield what the second engine says against what the first one lets pass."""
    active, *ancestors = opinion.judgements
    if store.failures:
        return
    for aspect in _INTEGRITY:
        check = active.failed(aspect)
        if check and not (store.broken_ancestors and check.code.startswith("ingredient.")):
            yield check, active.label
    if not store.broken_ancestors:
        for judgement in ancestors:
            for aspect in _INTEGRITY:
                if check := judgement.failed(aspect):
                    yield check, judgement.label
    if store.trust_list and store.trust_list not in _known(active, _moment(store, opinion)):
        said = f"it does not know the signer by your list “{store.trust_list}” at that time"
        unknown = Check(Aspect.SIGNER, Outcome.FAILED, "signingCredential.untrusted", said)
        failed = active.failed(Aspect.SIGNER)
        yield failed if failed and failed.about else unknown, active.label


def _failures(opinion: Opinion) -> Iterator[Check]:
    for judgement in opinion.judgements:
        yield from (check for aspect in _INTEGRITY if (check := judgement.failed(aspect)))


def _unchecked(opinion: Opinion) -> Check | None:
    found = (judgement.unchecked() for judgement in opinion.judgements)
    return next((check for check in found if check), None)


def _known(judgement: Judgement, moment: datetime) -> list[str]:
    return [each.list for each in judgement.trust if each.holds_at(moment)]


def _moment(store: ManifestStore, opinion: Opinion) -> datetime:
    """Return the time at which the signer was judged."""
    judged = store.judged
    if judged is not None:
        return judged.stamp.time if judged.stamp else judged.now
    if "timeStamp.trusted" in store.time_stamps and store.signed_at:
        try:
            stamped = datetime.fromisoformat(store.signed_at)
        except ValueError:
            return opinion.at
        return stamped if stamped.tzinfo else opinion.at
    return opinion.at


def _agrees(finds: str) -> Finding:
    return say(Step.SECOND_OPINION, Outcome.PASSED, AGREES, finds=finds)


def _differ(disagreement: str) -> Finding:
    return say(Step.SECOND_OPINION, Outcome.FAILED, DIFFERS, disagreement=disagreement)


def _milder(code: str) -> Finding:
    return say(Step.SECOND_OPINION, Outcome.FAILED, MILDER, status=code)


def _not_checked(reason: str) -> Finding:
    return say(Step.SECOND_OPINION, Outcome.NOT_CHECKED, NOT_CHECKED, reason=printable(reason))
