"""What C2PA's and CAWG's own status codes say, for `words`. Pure.

C2PA 2.2 section 15.2.2, CAWG Identity Assertion 1.2 section 7, and the few that the engine adds. A
code that is newer than this table is told by its family: by how it ends, else by how it begins.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """What is said of a status.

    sentence: with a {hole} for each particular. does_not_show: what nobody should read into it, as
    the end of “It does not show …”. settles: what a person can do next, as the end of “To settle
    it, …”; empty where nothing is left open. clause: the same in short and without holes, where a
    chain tells it of one of many.
    """

    sentence: str
    does_not_show: str
    settles: str = ""
    clause: str = ""


_ORIGINAL = "ask whoever published it for the original file, and verify that"
_TOOL = (
    "ask whoever signed it whether their software is known to write such manifests, and for the "
    "original file"
)
_STAMPED = "ask whoever signed it for a copy with a time-stamp of an authority that you know"
_BYTES = "anything about bytes that the signature does not cover"
_WHO = "who changed it, or why"
_BROKEN = "that anybody changed it: it may have been written so"
_HONEST = "that the signer is honest, or kept the key safe"
_WHEN = "when the file was made"
_NAMED = "that whoever is named made the file"


def _good(sentence: str, does_not_show: str) -> Row:
    return Row(sentence, does_not_show)


def _changed(sentence: str) -> Row:
    return Row(sentence, _WHO, _ORIGINAL)


def _malformed(sentence: str) -> Row:
    return Row(sentence, _BROKEN, _TOOL)


def _stamp(sentence: str) -> Row:
    return Row(sentence, _WHEN, _STAMPED)


def _identity(sentence: str) -> Row:
    return Row(
        sentence,
        _NAMED,
        "ask whoever is named, by a way that you know yourself, whether the file is theirs",
    )


def _revocation(sentence: str) -> Row:
    return Row(
        sentence,
        "that it was not revoked",
        "give an OCSP answer or a CRL with --revocation FILE, or allow --online",
    )


_BINDINGS = ("dataHash", "bmffHash", "boxesHash", "collectionHash", "multiAssetHash")
_MATCH = _good("The bytes that the signature covers are those that were signed.", _BYTES)
_MISMATCH = Row(
    "The bytes are not those that the manifest signs{where}.",
    _WHO,
    _ORIGINAL,
    "the bytes are not those that it signs",
)

STANDARD: Mapping[str, Row] = {
    **{f"assertion.{kind}.match": _MATCH for kind in _BINDINGS},
    **{f"assertion.{kind}.mismatch": _MISMATCH for kind in _BINDINGS},
    **{
        f"assertion.{kind}.malformed": _malformed("How the manifest binds the bytes is malformed.")
        for kind in _BINDINGS
    },
    **{
        f"assertion.{kind}.additionalExclusionsPresent": Row(
            "More is excluded from what was signed than the manifest itself.",
            _BYTES,
            "look at the bytes that are not covered, which the report names",
        )
        for kind in _BINDINGS[:3]
    },
    # What is as it should be.
    "claimSignature.validated": _good("The claim signature verifies.", _HONEST),
    "claimSignature.insideValidity": _good(
        "It was signed while the certificate was valid.", _HONEST
    ),
    "signingCredential.ocsp.notRevoked": _good("The certificate was not revoked.", _HONEST),
    "timeStamp.validated": _good("The time-stamp is over this signature.", _WHEN),
    "timeOfSigning.insideValidity": _good("It was signed while the certificate was valid.", _WHEN),
    "assertion.hashedURI.match": _good("An assertion is as it was signed.", _BYTES),
    "assertion.accessible": _good("An assertion that lies elsewhere could be had.", _BYTES),
    "assertion.redacted": _good("An assertion was taken out, as a later manifest says.", _WHO),
    "ingredient.manifest.validated": _good(
        "An ingredient's manifest is as it was signed over.", _BYTES
    ),
    "ingredient.claim.validated": _good("An ingredient's claim is as it was signed over.", _BYTES),
    "ingredient.claimSignature.validated": _good(
        "An ingredient's claim signature is as it was signed over.", _BYTES
    ),
    # The claim, its signature and its signer.
    "claim.missing": _malformed("A manifest holds no claim."),
    "claim.multiple": _malformed("A manifest holds more than one claim."),
    "claim.malformed": _malformed("A claim is malformed."),
    "claim.required.missing": _malformed("A claim lacks something that each must have."),
    "claim.cbor.invalid": _malformed("A claim does not read as CBOR."),
    "claim.hardBindings.missing": Row(
        "Nothing in the manifest says which bytes were signed.", _BYTES, _TOOL
    ),
    "claimSignature.missing": _malformed("A claim has no signature."),
    "claimSignature.padding": Row(
        "Something is hidden in a claim signature's padding, where no signature covers it.",
        _WHO,
        _ORIGINAL,
    ),
    "claimSignature.outsideValidity": Row(
        "The claim was signed outside the days in which the signer's certificate is valid.",
        _HONEST,
        _STAMPED,
    ),
    "signingCredential.ocsp.revoked": Row(
        "The signer's certificate was revoked.",
        "who signed: whoever had the key could",
        "ask the signer, by a way that you know yourself, whether it signed this",
    ),
    "signingCredential.ocsp.skipped": _revocation("Nobody was asked about revocation."),
    "signingCredential.ocsp.inaccessible": _revocation("Nobody who knows of revocation answered."),
    "signingCredential.ocsp.unknown": _revocation("The responder does not know the certificate."),
    # Time-stamps, but for those that `words` tells in particular.
    "timeStamp.mismatch": _stamp("A time-stamp is over something else."),
    "timeStamp.malformed": _stamp("A time-stamp does not read as one."),
    "timeStamp.outsideValidity": _stamp("A time-stamp was made outside its certificate's days."),
    "timeStamp.credentialInvalid": _stamp("A time-stamp's certificate may not make time-stamps."),
    "timeOfSigning.outsideValidity": _stamp("It was signed outside the certificate's days."),
    "assertion.timestamp.malformed": _stamp("An assertion of time-stamps is malformed."),
    # The manifest as a whole.
    "manifest.inaccessible": Row(
        "A manifest that lies elsewhere could not be had.", _BROKEN, _ORIGINAL
    ),
    "manifest.multipleParents": _malformed("A manifest names more than one parent."),
    "manifest.update.invalid": _malformed("An update manifest holds what none may."),
    "manifest.update.wrongParents": _malformed("An update manifest has not just one parent."),
    "manifest.timestamp.invalid": _malformed("A time-stamp manifest holds what none may."),
    "manifest.timestamp.wrongParents": _malformed("A time-stamp manifest has not just one parent."),
    "manifest.compressed.invalid": _malformed("A compressed manifest cannot be unpacked."),
    "manifest.unreferenced": Row(
        "The file carries a manifest that no other one names.", _BROKEN, _TOOL
    ),
    "manifest.unknownProvenance": Row(
        "A manifest says nothing of where its asset comes from.", _BROKEN, _TOOL
    ),
    # Assertions.
    "assertion.hashedURI.mismatch": _changed("An assertion is not as it was signed."),
    "assertion.missing": _changed("An assertion that was signed is missing."),
    "assertion.undeclared": _changed("An assertion is there that was not signed."),
    "assertion.notRedacted": _malformed(
        "An assertion is said to be taken out, and is still there."
    ),
    "assertion.selfRedacted": _malformed("A claim takes out an assertion of its own."),
    "assertion.outsideManifest": _malformed("A claim lists an assertion of another manifest."),
    "assertion.multipleHardBindings": _malformed("Two hard bindings say which bytes were signed."),
    "assertion.inaccessible": Row(
        "An assertion that lies elsewhere could not be had.", _BROKEN, _ORIGINAL
    ),
    "assertion.required.missing": _malformed("An assertion that must be there is missing."),
    "assertion.json.invalid": _malformed("An assertion does not read as JSON."),
    "assertion.cbor.invalid": _malformed("An assertion does not read as CBOR."),
    "assertion.action.malformed": _malformed("An action that the manifest tells is malformed."),
    "assertion.action.ingredientMismatch": _malformed("An action names ingredients that are not."),
    "assertion.action.redactionMismatch": _malformed("An action names a redaction that is not."),
    "assertion.action.redacted": _changed("The actions were taken out, which nobody may."),
    "assertion.dataHash.redacted": _changed("A hard binding was taken out, which nobody may."),
    "assertion.boxesHash.unknownBox": _changed("The file holds a box that was not signed."),
    "assertion.collectionHash.incorrectFileCount": _changed("Files are missing, or too many."),
    "assertion.collectionHash.invalidURI": _malformed("A collection names a file as none may."),
    "assertion.multiAssetHash.missingPart": _changed("A part of the file is missing."),
    "assertion.cloud-data.hardBinding": _malformed("A hard binding lies elsewhere."),
    "assertion.cloud-data.actions": _malformed("The actions lie elsewhere."),
    "assertion.cloud-data.malformed": _malformed("An assertion that lies elsewhere is malformed."),
    "assertion.ingredient.malformed": _malformed("What is said of an ingredient is malformed."),
    "assertion.metadata.disallowed": _malformed("Metadata says what it may not."),
    "hashedURI.missing": _malformed("Something that was signed is named, and missing."),
    "hashedURI.mismatch": _changed("Something that was signed is not as it was."),
    # Ingredients.
    "ingredient.hashedURI.mismatch": _changed("An ingredient is not as it was signed over."),
    "ingredient.manifest.missing": _changed("An ingredient's manifest is missing."),
    "ingredient.manifest.mismatch": _changed(
        "An ingredient's manifest is not as it was signed over."
    ),
    "ingredient.claimSignature.missing": _changed("An ingredient's claim signature is missing."),
    "ingredient.claimSignature.mismatch": _changed(
        "An ingredient's claim signature is not as it was signed over."
    ),
    "ingredient.unknownProvenance": Row(
        "An ingredient carries no manifest.", _BROKEN, "ask whoever made it where that came from"
    ),
    # Identities (CAWG), but for those that `words` tells in particular.
    "cawg.identity.cbor.invalid": _identity("An assertion of who somebody is does not read."),
    "cawg.identity.assertion.mismatch": _identity(
        "An assertion of who somebody is speaks of what the claim does not hold."
    ),
    "cawg.identity.assertion.duplicate": _identity(
        "An assertion of who somebody is names the same thing twice."
    ),
    "cawg.identity.hard_binding_missing": _identity(
        "An assertion of who somebody is is bound to no bytes: it may be of any file."
    ),
    "cawg.identity.pad.invalid": _identity(
        "An assertion of who somebody is hides something in its padding."
    ),
    "cawg.x509.signature.mismatch": _identity("The signature of whoever is named does not verify."),
    # Algorithms, and what fits nowhere else.
    "algorithm.unsupported": _malformed("An algorithm is used that is not known here."),
    "algorithm.deprecated": _malformed("An algorithm is used that is no longer to be used."),
    "general.error": _malformed("Something about the manifest is not as it should be."),
}

# By a pattern of the whole code; the last one fits all.
FAMILIES: tuple[tuple[str, Row], ...] = (
    (r"cawg\..*(trusted|validated|well-formed)(?<!untrusted)", _identity("An identity is told.")),
    (r"cawg\..*", _identity("Who is named in the manifest was not established.")),
    (r"timeStamp\..*", _stamp("A time-stamp proves nothing.")),
    (
        r"signingCredential\..*",
        Row(
            "The signer's certificate is not accepted.",
            _HONEST,
            "ask the signer, by a way that you know yourself, whether it signed this",
        ),
    ),
    (r".*\.(mismatch|missing|undeclared)", _changed("Something is not as it was signed.")),
    (r".*", _malformed("The manifest has a status that is not known here.")),
)
