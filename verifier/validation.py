"""What a C2PA manifest is worth: steps 1 to 4 of a verification, as findings. Pure."""

from ledger.vocabulary import Outcome

from .apart import apart_findings
from .covered import changed_sentence, coverage_findings, no_change
from .identities import identity_findings
from .lineage import place_of
from .manifest import Judged, ManifestReading, ManifestStore, proves_change
from .opinion.result import Opinion
from .report import Finding, Link, Step
from .timing import judged_findings, stamp_finding, told
from .words import row_of, say


def manifest_findings(reading: ManifestReading) -> list[Finding]:
    """Return one finding a step; just one where there is no manifest to judge."""
    if reading.store is not None:
        return [
            _manifest_found(reading.store),
            _signature(reading.store),
            _hard_binding(reading.store, reading.opinion),
            *coverage_findings(reading),
            _ingredients(reading.store),
            *apart_findings(reading.store),
            _time(reading.store),
            *judged_findings(reading.store),
            *identity_findings(reading.store),
        ]
    return [_no_manifest(reading)]


def _no_manifest(reading: ManifestReading) -> Finding:
    code, reason = f"manifest.{reading.outcome}", reading.reason
    match reading:
        case ManifestReading(Outcome.ABSENT, reason):
            found = f" that could be found: {reason}" if reason else ""
            return say(Step.MANIFEST, reading.outcome, "manifest.absent", found=found)
        case ManifestReading(Outcome.UNREADABLE, embedded=False):
            code = "sidecar.unreadable"
        case ManifestReading(remote_url=str() as url):
            return say(Step.MANIFEST, reading.outcome, "manifest.elsewhere", url=url)
    return say(Step.MANIFEST, reading.outcome, code, reason=reason)


def _manifest_found(store: ManifestStore) -> Finding:
    code = "manifest.passed" if store.embedded else "sidecar.passed"
    source = f"; it says that the source is {store.source_type}" if store.source_type else ""
    return say(Step.MANIFEST, Outcome.PASSED, code, signer=store.who, source=source)


def _signature(store: ManifestStore) -> Finding:
    broken = [code for code in store.failures if code not in store.hard_binding_failures]
    if "claimSignature.mismatch" in broken:
        return say(Step.SIGNATURE, Outcome.FAILED, "claimSignature.mismatch")
    if changed := proves_change(broken):
        return say(Step.SIGNATURE, Outcome.FAILED, "manifest.damaged_claim", status=changed)
    if broken:
        return say(Step.SIGNATURE, Outcome.FAILED, "manifest.invalid", status=broken[0])
    if "claimSignature.validated" not in store.successes:
        return say(Step.SIGNATURE, Outcome.NOT_CHECKED, "claimSignature.not_validated")
    return _signer(store)


def _signer(store: ManifestStore) -> Finding:
    """Say whether to accept who made a claim signature that verifies."""
    judged, who = store.judged, store.who
    if store.signer_failures:
        return say(
            Step.SIGNATURE,
            Outcome.FAILED,
            store.signer_failures[0],
            signer=who,
            out_of_date=out_of_date(judged),
            fault="is not accepted",
            judged=told(judged) if judged else "at the present time",
        )
    if judged and judged.problem:
        code, reason = "claimSignature.not_found", judged.problem
        return say(Step.SIGNATURE, Outcome.NOT_CHECKED, code, reason=reason, signer=who)
    if store.trust_list is None:
        return say(Step.SIGNATURE, Outcome.FAILED, "signingCredential.untrusted", signer=who)
    code = "signingCredential.trusted"
    return say(Step.SIGNATURE, Outcome.PASSED, code, signer=who, list=store.trust_list)


def out_of_date(judged: Judged | None) -> str:
    """Say of a certificate that it was not valid when it was judged."""
    if judged is None or judged.valid is None:
        return "had a certificate that was out of date"
    first, last = (f"{each:%Y-%m-%d}" for each in judged.valid)
    return f"had a certificate that is valid from {first} to {last}, not {told(judged)}"


def _hard_binding(store: ManifestStore, opinion: Opinion | None) -> Finding:
    if store.hard_binding_failures:
        if unchanged := no_change(opinion, store.label):
            return say(
                Step.HARD_BINDING, Outcome.NOT_CHECKED, unchanged.code, about=unchanged.about
            )
        changed = opinion.changed if opinion else ()
        where = f": {changed_sentence(changed)}" if changed else ""
        return say(Step.HARD_BINDING, Outcome.FAILED, store.hard_binding_failures[0], where=where)
    matching = next((code for code in store.successes if code.endswith("Hash.match")), None)
    if matching is None:
        return say(Step.HARD_BINDING, Outcome.NOT_CHECKED, "claim.hardBindings.missing")
    if store.failures:
        return say(Step.HARD_BINDING, Outcome.NOT_CHECKED, "hardBinding.not_checked")
    return say(Step.HARD_BINDING, Outcome.PASSED, matching)


def _ingredients(store: ManifestStore) -> Finding:
    ancestors, who = store.chain[1:], store.who
    count = "1 signed ingredient" if len(ancestors) == 1 else f"{len(ancestors)} signed ingredients"
    told = {"ingredients": count, "signer": who}
    if not ancestors:
        return say(Step.INGREDIENTS, Outcome.ABSENT, "ingredient.absent")
    if weakest := _weakest(store):
        return weakest
    unjudged = [link for link in ancestors if link.rejudged is not Outcome.PASSED]
    if store.judged is not None and unjudged:
        code, reason = "ingredient.not_checked", unjudged[0].reason or "the engines disagree"
        return say(Step.INGREDIENTS, Outcome.NOT_CHECKED, code, reason=reason, **told)
    if any(link.outcome is not Outcome.PASSED for link in ancestors):
        return say(Step.INGREDIENTS, Outcome.NOT_CHECKED, "ingredient.not_told", **told)
    # Their bytes are not here: what whoever signed over them found is all there is.
    again = "" if unjudged else ", and all else was judged again, and holds"
    return say(Step.INGREDIENTS, Outcome.PASSED, "ingredient.validated", again=again, **told)


def _weakest(store: ManifestStore) -> Finding | None:
    """Say what is wrong with the weakest link: what was changed, before what else is wrong."""
    for link in store.broken_ancestors:
        if changed := proves_change(link.codes):
            before = f": it was altered before {link.holder} signed over it"
            before = before if link.altered_before else ""
            return _against("ingredient.altered", link, status=changed, before=before)
    for link in store.broken_ancestors:
        return _against("ingredient.invalid", link, status=link.codes[0])
    for link in store.chain[1:]:
        if link.codes:
            why = row_of(link.codes[0]).clause or f"it is not accepted ({link.codes[0]})"
            return _against("ingredient.untrusted", link, why=why)
    return None


def _against(code: str, link: Link, **particulars: str) -> Finding:
    place = place_of(link)
    return say(Step.INGREDIENTS, Outcome.FAILED, code, signer=link.who, place=place, **particulars)


def _time(store: ManifestStore) -> Finding:
    if store.judged is not None:
        return stamp_finding(store, store.judged)
    judged = "at the present time"
    if store.time_stamps:
        fault = "is of an authority on none of your lists"
        code = "timeStamp.untrusted"
        return say(Step.TIME, Outcome.NOT_CHECKED, code, fault=fault, judged=judged)
    return say(Step.TIME, Outcome.ABSENT, "timeStamp.absent", judged=judged)
