"""What a C2PA manifest is worth: steps 1 to 4 of a verification, as findings. Pure."""

from collections.abc import Sequence

from ledger.vocabulary import Outcome

from .manifest import Judged, ManifestReading, ManifestStore, proves_change
from .report import Finding, Link, Step
from .timing import judged_findings, stamp_finding, told
from .words import say


def manifest_findings(reading: ManifestReading) -> list[Finding]:
    """Return one finding a step; just one where there is no manifest to judge."""
    if reading.store is not None:
        return [
            _manifest_found(reading.store),
            _signature(reading.store),
            _hard_binding(reading.store),
            _ingredients(reading.store),
            _time(reading.store),
            *judged_findings(reading.store),
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
    return say(Step.MANIFEST, Outcome.PASSED, code, signer=store.signer, source=source)


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
    judged, who = store.judged, store.signer
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


def _why(code: str) -> str:
    return {
        "signingCredential.untrusted": "is on none of your lists",
        "signingCredential.expired": "had a certificate that was out of date",
        "signingCredential.revoked": "had a certificate that was revoked",
        "signingCredential.invalid": "has a certificate that may not sign claims",
    }.get(code, f"is not accepted ({code})")


def _hard_binding(store: ManifestStore) -> Finding:
    if store.hard_binding_failures:
        return say(Step.HARD_BINDING, Outcome.FAILED, store.hard_binding_failures[0])
    matching = next((code for code in store.successes if code.endswith("Hash.match")), None)
    if matching is None:
        return say(Step.HARD_BINDING, Outcome.NOT_CHECKED, "claim.hardBindings.missing")
    if store.failures:
        return say(Step.HARD_BINDING, Outcome.NOT_CHECKED, "hardBinding.not_checked")
    return say(Step.HARD_BINDING, Outcome.PASSED, matching)


def _ingredients(store: ManifestStore) -> Finding:
    ancestors, who = store.chain[1:], store.signer
    count = "1 signed ingredient" if len(ancestors) == 1 else f"{len(ancestors)} signed ingredients"
    strangers = [link for link in ancestors if link.codes and link not in store.broken_ancestors]
    if not ancestors:
        return say(Step.INGREDIENTS, Outcome.ABSENT, "ingredient.absent")
    if store.broken_ancestors:
        return _weakest(store.broken_ancestors)
    if strangers:
        stranger, why = strangers[0].signer, _why(strangers[0].codes[0])
        code = "ingredient.untrusted"
        return say(Step.INGREDIENTS, Outcome.FAILED, code, signer=stranger, why=why)
    if any(link.outcome is not Outcome.PASSED for link in ancestors):
        code = "ingredient.not_told"
        return say(Step.INGREDIENTS, Outcome.NOT_CHECKED, code, ingredients=count, signer=who)
    # Their bytes are not here: what the signer found is all there is.
    code = "ingredient.validated"
    return say(Step.INGREDIENTS, Outcome.PASSED, code, ingredients=count, signer=who)


def _weakest(broken: Sequence[Link]) -> Finding:
    for link in broken:
        if changed := proves_change(link.codes):
            code, who = "ingredient.altered", link.signer
            return say(Step.INGREDIENTS, Outcome.FAILED, code, signer=who, status=changed)
    code, who = "ingredient.invalid", broken[0].signer
    return say(Step.INGREDIENTS, Outcome.FAILED, code, signer=who, status=broken[0].codes[0])


def _time(store: ManifestStore) -> Finding:
    if store.judged is not None:
        return stamp_finding(store, store.judged)
    judged = "at the present time"
    if store.time_stamps:
        fault = "is of an authority on none of your lists"
        code = "timeStamp.untrusted"
        return say(Step.TIME, Outcome.NOT_CHECKED, code, fault=fault, judged=judged)
    return say(Step.TIME, Outcome.ABSENT, "timeStamp.absent", judged=judged)
