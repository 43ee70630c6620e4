"""What a C2PA manifest is worth: steps 1 to 4 of a verification, as findings. Pure."""

from ledger.vocabulary import Outcome

from .manifest import ManifestReading, ManifestStore
from .report import Finding, Step


def manifest_findings(reading: ManifestReading) -> list[Finding]:
    """Return one finding a step; just one where there is no manifest to judge."""
    if reading.store is not None:
        return [
            _manifest_found(reading.store),
            _signature(reading.store),
            _hard_binding(reading.store),
            _ingredients(reading.store),
            _time(reading.store),
        ]
    note = (
        f" It names one at {reading.remote_url}, which was not fetched."
        if reading.remote_url
        else ""
    )
    sentences = {
        Outcome.ABSENT: f"The file carries no C2PA manifest.{note}",
        Outcome.UNREADABLE: f"It carries a C2PA manifest that cannot be read ({reading.reason}).",
        Outcome.NOT_CHECKED: f"The manifest could not be looked for: {reading.reason}.",
    }
    return [
        Finding(
            step=Step.MANIFEST,
            outcome=reading.outcome,
            code=f"manifest.{reading.outcome}",
            sentence=sentences[reading.outcome],
            does_not_show="anything about the file: most platforms remove manifests",
        )
    ]


def _manifest_found(store: ManifestStore) -> Finding:
    place = "inside the file" if store.embedded else "in a sidecar beside the file"
    source = f"; it says that the source is {store.source_type}" if store.source_type else ""
    return Finding(
        step=Step.MANIFEST,
        outcome=Outcome.PASSED,
        code="manifest.passed",
        sentence=f"A C2PA manifest of {store.signer} is {place}{source}.",
        does_not_show="that what the manifest says is so",
    )


def _signature(store: ManifestStore) -> Finding:
    broken = [code for code in store.failures if code not in store.hard_binding_failures]
    if "claimSignature.mismatch" in broken:
        code, said = "claimSignature.mismatch", "The claim signature does not verify."
    elif broken:
        code, said = "manifest.damaged_claim", f"The manifest does not validate ({broken[0]})."
    elif store.signer_failures:
        code = store.signer_failures[0]
        said = f"The claim signature verifies, but its signer, {store.signer}, {_why(code)}."
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


def _why(code: str) -> str:
    return {
        "signingCredential.untrusted": "is on none of your lists",
        "signingCredential.expired": "had a certificate that was out of date",
        "signingCredential.revoked": "had a certificate that was revoked",
        "signingCredential.invalid": "has a certificate that may not sign claims",
    }.get(code, f"is not accepted ({code})")


def _hard_binding(store: ManifestStore) -> Finding:
    if store.hard_binding_failures:
        outcome, code = Outcome.FAILED, store.hard_binding_failures[0]
        sentence = "The bytes differ from those that were signed."
    else:
        matching = (c for c in store.successes if c.endswith("Hash.match"))
        code = next(matching, "")
        outcome = Outcome.PASSED if code and not store.failures else Outcome.NOT_CHECKED
        code = code or "claim.hardBindings.missing"
        sentence = (
            "The bytes are those that were signed."
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
    strangers = [link for link in ancestors if link.codes and link not in store.broken_ancestors]
    if not ancestors:
        outcome, code, said = Outcome.ABSENT, "ingredient.absent", "It names no signed parent."
    elif store.broken_ancestors:
        weakest = store.broken_ancestors[0]
        outcome, code = Outcome.FAILED, "ingredient.altered"
        said = (
            f"What {weakest.signer} signed was altered before {store.signer} signed it "
            f"({weakest.codes[0]})."
        )
    elif strangers:
        outcome, code = Outcome.FAILED, "ingredient.untrusted"
        said = f"Its parent's signer, {strangers[0].signer}, {_why(strangers[0].codes[0])}."
    else:
        outcome, code = Outcome.PASSED, "ingredient.validated"
        said = f"Its {len(ancestors)} signed parents were intact when they were signed over."
    return Finding(
        step=Step.INGREDIENTS,
        outcome=outcome,
        code=code,
        sentence=said,
        does_not_show="that every source was named",
    )


def _time(store: ManifestStore) -> Finding:
    stamped = "timeStamp.validated" in store.successes and "timeStamp.trusted" in store.successes
    if stamped and store.signed_at:
        outcome, code = Outcome.PASSED, "timeStamp.trusted"
        said = f"A time-stamp authority saw the signature at {store.signed_at}."
    else:
        outcome, code = Outcome.ABSENT, "timeStamp.absent"
        said = "No time-stamp: the certificate was judged at the present time."
    return Finding(
        step=Step.TIME,
        outcome=outcome,
        code=code,
        sentence=f"{said} Revocation was not asked about: that needs the network.",
        does_not_show="when the file was made",
    )
