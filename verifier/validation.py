"""What a C2PA manifest is worth: steps 1 to 4 of a verification, as findings. Pure."""

from collections.abc import Sequence

from ledger.vocabulary import Outcome

from .covered import changed_sentence, coverage_findings, no_change
from .manifest import Judged, ManifestReading, ManifestStore, proves_change
from .opinion.result import Opinion
from .report import Finding, Link, Step
from .timing import judged_findings, stamp_finding, told


def manifest_findings(reading: ManifestReading) -> list[Finding]:
    """Return one finding a step; just one where there is no manifest to judge."""
    if reading.store is not None:
        return [
            _manifest_found(reading.store),
            _signature(reading.store),
            _hard_binding(reading.store, reading.opinion),
            *coverage_findings(reading),
            _ingredients(reading.store),
            _time(reading.store),
            *judged_findings(reading.store),
        ]
    return [_no_manifest(reading)]


def _no_manifest(reading: ManifestReading) -> Finding:
    place = "manifest" if reading.embedded else "sidecar"
    match reading:
        case ManifestReading(Outcome.ABSENT, ""):
            said = "The file carries no C2PA manifest."
        case ManifestReading(Outcome.ABSENT, reason):
            said = f"No C2PA manifest was found; {reason}."
        case ManifestReading(Outcome.UNREADABLE, reason) if reading.embedded:
            said = f"The file carries a C2PA manifest that cannot be read ({reason})."
        case ManifestReading(Outcome.UNREADABLE, reason):
            said = f"The C2PA manifest beside the file cannot be read ({reason})."
        case ManifestReading(remote_url=str() as url):
            said = (
                f"The file carries no C2PA manifest; it names one at {url}, which was not fetched."
            )
        case _:
            said = f"Whether it carries a C2PA manifest is not known ({reading.reason})."
    return Finding(
        step=Step.MANIFEST,
        outcome=reading.outcome,
        code=f"{place}.{reading.outcome}",
        sentence=said,
        does_not_show="anything about the file: most platforms remove manifests",
    )


def _manifest_found(store: ManifestStore) -> Finding:
    place = "inside the file" if store.embedded else "in a sidecar beside the file"
    where = "manifest" if store.embedded else "sidecar"
    source = f"; it says that the source is {store.source_type}" if store.source_type else ""
    return Finding(
        step=Step.MANIFEST,
        outcome=Outcome.PASSED,
        code=f"{where}.passed",
        sentence=f"A C2PA manifest of {store.signer} is {place}{source}.",
        does_not_show="that what the manifest says is so",
    )


def _signature(store: ManifestStore) -> Finding:
    broken = [code for code in store.failures if code not in store.hard_binding_failures]
    if "claimSignature.mismatch" in broken:
        code, said = "claimSignature.mismatch", "The claim signature does not verify."
    elif changed := proves_change(broken):
        code, said = "manifest.damaged_claim", f"The manifest is not as it was signed ({changed})."
    elif broken:
        code, said = "manifest.invalid", f"The manifest does not validate ({broken[0]})."
    elif "claimSignature.validated" not in store.successes:
        said = "Whether the claim signature verifies was not established."
        return _about_signature(Outcome.NOT_CHECKED, "claimSignature.not_validated", said)
    elif store.signer_failures:
        code = store.signer_failures[0]
        why = _why(code, store.judged)
        said = f"The claim signature verifies, but its signer, {store.signer}, {why}."
    elif store.judged and store.judged.problem:
        said = (
            f"The claim signature verifies, but was not found again by us ({store.judged.problem}),"
            f" so whether to accept its signer, {store.signer}, was not established."
        )
        return _about_signature(Outcome.NOT_CHECKED, "claimSignature.not_found", said)
    elif store.trust_list is None:
        code = "signingCredential.untrusted"
        said = f"The claim signature verifies, but its signer, {store.signer}, {_why(code)}."
    else:
        said = f"{store.signer} signed it, known by your list “{store.trust_list}”."
        return _about_signature(Outcome.PASSED, "signingCredential.trusted", said)
    return _about_signature(Outcome.FAILED, code, said)


def _about_signature(outcome: Outcome, code: str, sentence: str) -> Finding:
    return Finding(
        step=Step.SIGNATURE,
        outcome=outcome,
        code=code,
        sentence=sentence,
        does_not_show="that the signer is honest, or kept the key safe",
    )


def _why(code: str, judged: Judged | None = None) -> str:
    if code == "signingCredential.expired" and judged and judged.valid:
        first, last = (f"{each:%Y-%m-%d}" for each in judged.valid)
        return f"had a certificate that is valid from {first} to {last}, not {told(judged)}"
    return {
        "signingCredential.untrusted": "is on none of your lists",
        "signingCredential.expired": "had a certificate that was out of date",
        "signingCredential.revoked": "had a certificate that was revoked",
        "signingCredential.invalid": "has a certificate that may not sign claims",
    }.get(code, f"is not accepted ({code})")


def _hard_binding(store: ManifestStore, opinion: Opinion | None) -> Finding:
    if store.hard_binding_failures and (unchanged := no_change(opinion, store.label)):
        outcome, (code, sentence) = Outcome.NOT_CHECKED, unchanged
    elif store.hard_binding_failures:
        outcome, code = Outcome.FAILED, store.hard_binding_failures[0]
        sentence = (
            "The bytes differ from those that were signed"
            if store.embedded
            else "The bytes are not those that the manifest beside the file signs"
        )
        where = changed_sentence(opinion.changed) if opinion and opinion.changed else ""
        sentence += f": {where}." if where else "."
    else:
        matching = (c for c in store.successes if c.endswith("Hash.match"))
        code = next(matching, "")
        outcome = Outcome.PASSED if code and not store.failures else Outcome.NOT_CHECKED
        code = code or "claim.hardBindings.missing"
        sentence = (
            "The bytes that the signature covers are those that were signed."
            if outcome is Outcome.PASSED
            else "The bytes could not be held against the signature."
        )
    return Finding(
        step=Step.HARD_BINDING,
        outcome=outcome,
        code=code,
        sentence=sentence,
        does_not_show="anything about bytes that the signature does not cover",
    )


def _ingredients(store: ManifestStore) -> Finding:
    ancestors = store.chain[1:]
    count = "1 signed ingredient" if len(ancestors) == 1 else f"{len(ancestors)} signed ingredients"
    strangers = [link for link in ancestors if link.codes and link not in store.broken_ancestors]
    if not ancestors:
        outcome, code, said = Outcome.ABSENT, "ingredient.absent", "It names no signed ingredient."
    elif store.broken_ancestors:
        outcome = Outcome.FAILED
        code, said = _weakest(store.broken_ancestors)
    elif strangers:
        outcome, code = Outcome.FAILED, "ingredient.untrusted"
        said = f"The signer of an ingredient, {strangers[0].signer}, {_why(strangers[0].codes[0])}."
    elif any(link.outcome is not Outcome.PASSED for link in ancestors):
        outcome, code = Outcome.NOT_CHECKED, "ingredient.not_told"
        said = f"Of its {count}, {store.signer} does not tell whether all were intact."
    else:
        outcome, code = Outcome.PASSED, "ingredient.validated"
        # Their bytes are not here: what the signer found is all there is.
        said = f"{store.signer} found its {count} intact before signing."
    return Finding(
        step=Step.INGREDIENTS,
        outcome=outcome,
        code=code,
        sentence=said,
        does_not_show="that every source was named",
    )


def _weakest(broken: Sequence[Link]) -> tuple[str, str]:
    for link in broken:
        if changed := proves_change(link.codes):
            said = f"An ingredient is not as {link.signer} signed it ({changed})."
            return "ingredient.altered", said
    said = f"An ingredient that {broken[0].signer} signed does not validate ({broken[0].codes[0]})."
    return "ingredient.invalid", said


def _time(store: ManifestStore) -> Finding:
    if store.judged is not None:
        return stamp_finding(store, store.judged)
    if store.time_stamps:
        outcome, code = Outcome.NOT_CHECKED, "timeStamp.untrusted"
        said = (
            "It carries a time-stamp, whose authority is on none of your lists: the certificate "
            "was judged at the present time."
        )
    else:
        outcome, code = Outcome.ABSENT, "timeStamp.absent"
        said = "No time-stamp: the certificate was judged at the present time."
    return Finding(
        step=Step.TIME,
        outcome=outcome,
        code=code,
        sentence=said,
        does_not_show="when the file was made",
    )
