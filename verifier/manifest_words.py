"""What is said of a manifest: its signer, its bytes, its chain, its time. Pure; for `words`."""

from collections.abc import Mapping

from .standard_words import Row

_THE_ORIGINAL = "ask whoever published it for the original file, and verify that"
_THE_MANIFEST = "anything about the file: most platforms remove manifests"
_HONESTY = "that the signer is honest, or kept the key safe"
_THE_NAMED = "ask whoever is named, by a way that you know yourself, whether the file is theirs"
_CALLED = "who that is, or that whoever is named made the file"
_BEYOND = "anything about bytes that the signature does not cover"
_SOURCES = "that every source was named"
_WHEN_MADE = "when the file was made"
_NOT_REVOKED = "that it was not revoked"
_NO_HISTORY = "anything about the file: anybody can put a manifest beside another"
_WHY_THERE = "ask whoever published the file why it carries that manifest"
_ALIKE = "what both engines misread alike"

# By step, in the order of a verification.
MANIFEST: Mapping[str, Row] = {
    # Is there a manifest?
    "manifest.passed": Row(
        "A C2PA manifest of {signer} is inside the file{source}.",
        "that what the manifest says is so",
    ),
    "sidecar.passed": Row(
        "A C2PA manifest of {signer} is in a sidecar beside the file{source}.",
        "that what the manifest says is so",
    ),
    "manifest.absent": Row(
        "The file carries no C2PA manifest{found}.",
        _THE_MANIFEST,
        "ask whoever published it for the file as it was before any platform took it",
    ),
    "manifest.unreadable": Row(
        "The file carries a C2PA manifest that cannot be read ({reason}).",
        _THE_MANIFEST,
        _THE_ORIGINAL,
    ),
    "sidecar.unreadable": Row(
        "The C2PA manifest beside the file cannot be read ({reason}).",
        _THE_MANIFEST,
        "ask whoever sent the .c2pa file for it again, or verify the file without it",
    ),
    "manifest.not_checked": Row(
        "Whether it carries a C2PA manifest is not known ({reason}).",
        _THE_MANIFEST,
        f"verify it again; where that fails as well, {_THE_ORIGINAL}",
    ),
    "manifest.elsewhere": Row(
        "The file carries no C2PA manifest; it names one at {url}, which was not fetched.",
        "anything about the file: anybody can write an address into it",
        "fetch the manifest yourself if you trust that address, lay it beside the file under the "
        "same name with .c2pa added, and verify again",
    ),
    # Does the claim signature verify, and who knows the signer?
    "signingCredential.trusted": Row("{signer} signed it, known by your list “{list}”.", _HONESTY),
    "signingCredential.untrusted": Row(
        "The claim signature verifies, but its signer, {signer}, is on none of your lists.",
        _HONESTY,
        "ask {signer}, by a way that you know yourself, whether it signed this, and if you trust "
        "its authority, give it to `firsthand trust add`",
        "its signer is on none of your lists",
    ),
    "signingCredential.expired": Row(
        "The claim signature verifies, but its signer, {signer}, {out_of_date}.",
        _HONESTY,
        "ask for a copy that carries a time-stamp from when the certificate was valid, or for a "
        "log's proof that the file was recorded then",
        "its signer's certificate was out of date",
    ),
    "signingCredential.revoked": Row(
        "The claim signature verifies, but its signer, {signer}, had a certificate that was "
        "revoked.",
        _HONESTY,
        "ask {signer}, by a way that you know yourself, whether it signed this, and since when the "
        "key was in other hands",
        "its signer's certificate was revoked",
    ),
    "signingCredential.invalid": Row(
        "The claim signature verifies, but its signer, {signer}, has a certificate that may not "
        "sign claims.",
        _HONESTY,
        "ask {signer}, by a way that you know yourself, whether it signed this, and for a copy "
        "that is signed with a certificate for claims",
        "its signer's certificate may not sign claims",
    ),
    "claimSignature.mismatch": Row("The claim signature does not verify.", _HONESTY, _THE_ORIGINAL),
    "manifest.damaged_claim": Row(
        "The manifest is not as it was signed ({status}).", _HONESTY, _THE_ORIGINAL
    ),
    "manifest.invalid": Row(
        "The manifest does not validate ({status}).",
        _HONESTY,
        "ask whoever signed it whether their software is known to write such manifests, and for "
        "the original file",
    ),
    "claimSignature.not_validated": Row(
        "Whether the claim signature verifies was not established.", _HONESTY, _THE_ORIGINAL
    ),
    "claimSignature.not_found": Row(
        "The claim signature verifies, but was not found again by us ({reason}), so whether to "
        "accept its signer, {signer}, was not established.",
        _HONESTY,
        _THE_ORIGINAL,
    ),
    # Are these the bytes that were signed?
    "hardBinding.not_checked": Row(
        "The bytes could not be held against the signature.", _BEYOND, _THE_ORIGINAL
    ),
    "hardBinding.disputed": Row(
        "The first engine holds that the bytes are not those that were signed, and the second one "
        "finds each that was signed as it was.",
        _BEYOND,
        "give the file to a third C2PA verifier, and to whoever made the tool that signed it",
    ),
    **{
        f"assertion.{kind}.exclusionTooWide": Row(
            "The bytes that the signature covers are those that were signed, but it leaves out "
            "more than C2PA lets it ({about}).",
            _BEYOND,
            "look at the bytes that it leaves out, which the report names, and ask whoever signed "
            "it why they are",
        )
        for kind in ("dataHash", "bmffHash", "boxesHash")
    },
    "assertion.multiAssetHash.partLeftOut": Row(
        "The file is not whole: {about}, which its signer lets anybody leave out, is not there; "
        "what is there is as it was signed.",
        "what the part showed that is not there",
        "ask whoever published it for the whole file, and verify that",
    ),
    "assertion.collectionHash.listed": Row(
        "The manifest signs a list of several files, and this one is on it; the list is not judged "
        "here.",
        _BEYOND,
        "give all the files with their manifest to another C2PA verifier",
    ),
    "assertion.collectionHash.notListed": Row(
        "The manifest signs a list of several files, and this one is not on it.",
        _BEYOND,
        "verify the file without that manifest",
    ),
    "assertion.bmffHash.fragmentsElsewhere": Row(
        "This is a part of a film: {about}.",
        _BEYOND,
        "ask whoever published it for the whole film in one file, and verify that",
    ),
    "coverage.partial": Row(
        "{bytes_are} not protected by the signature: {names}.",
        "who wrote these bytes: anybody may have, since",
        "compare these bytes with those of another copy, or go by what the signature covers alone",
    ),
    # Was any ingredient altered before it was signed over?
    "ingredient.absent": Row(
        "It names no signed ingredient.",
        _SOURCES,
        "ask whoever made it what it was made from",
    ),
    "ingredient.altered": Row(
        "{place} is not as {signer} signed it{before} ({status}).",
        _SOURCES,
        "ask {signer} for the file that it signed, and compare the two: firsthand compare",
    ),
    "ingredient.invalid": Row(
        "{place}, which {signer} signed, does not validate ({status}).",
        _SOURCES,
        "ask {signer} for the file that it signed, and verify that",
    ),
    "ingredient.untrusted": Row(
        "{place} is signed by {signer}: {why}.",
        _SOURCES,
        "ask {signer}, by a way that you know yourself, for the file that it signed, and if you "
        "trust its authority, give it to `firsthand trust add`",
    ),
    "ingredient.not_told": Row(
        "Of its {ingredients}, {signer} does not tell whether all were intact.",
        _SOURCES,
        "ask {signer} for the files that it was made from, and verify those",
    ),
    "ingredient.not_checked": Row(
        "Of its {ingredients}, not all could be judged again ({reason}).",
        _SOURCES,
        "ask {signer} for the files that it was made from, and verify those",
    ),
    "ingredient.manifest.unpacked": Row(
        "An ingredient's manifest, which is compressed, holds what was signed over.",
        _SOURCES,
    ),
    "ingredient.validated": Row(
        "{signer} found its {ingredients} intact before signing{again}.",
        "that every source was named, or what the bytes of each were: they are not here",
    ),
    # What is any other manifest in the file worth?
    "unreferenced.holds": Row(
        "The file also carries a manifest that nothing in it leads to, and that is no part of its "
        "history: {signer} signed it{when}, known by your list “{list}”, and its signature and its "
        "assertions hold.",
        _NO_HISTORY,
    ),
    "unreferenced.failed": Row(
        "The file also carries a manifest that nothing in it leads to, and that is no part of its "
        "history; it is of {signer}: {faults}.",
        _NO_HISTORY,
        _WHY_THERE,
    ),
    "unreferenced.not_checked": Row(
        "The file also carries a manifest that nothing in it leads to, and that is no part of its "
        "history; it could not be judged ({reason}).",
        _NO_HISTORY,
        _WHY_THERE,
    ),
    "unreferenced.more": Row(
        "The file also carries {count} more manifests that nothing in it leads to.",
        _NO_HISTORY,
        _WHY_THERE,
    ),
    # One manifest of the chain.
    "chain.active": Row("{signer} signed it, {known}.", _HONESTY),
    "chain.holds": Row(
        "{place}: {signer} signed it{when}, known by your list “{list}”; its signature, its "
        "assertions and its certificate were judged again, and hold; {word}.",
        _HONESTY,
    ),
    "chain.failed": Row(
        "{place}, which {signer} signed: {faults}.",
        "who changed it, or why",
        "ask {signer} for the file that it signed, and verify that",
    ),
    "chain.disputed": Row(
        "{place}, which {signer} signed: the second engine rejects what the first one passes.",
        _ALIKE,
        "give the file to a third C2PA verifier",
    ),
    "chain.not_checked": Row(
        "{place}, which {signer} signed, could not be judged again ({reason}): there is only the "
        "word of {holder}, who signed over it.",
        _HONESTY,
        "ask {signer} for the file that it signed, and verify that",
    ),
    # What proves when it was signed?
    "timeStamp.trusted": Row(
        "A time-stamp proves that the signature existed at {time}: its authority, {authority}, is "
        "known by your list “{list}”.",
        "when the file was made, only that it was signed by then",
    ),
    "timeStamp.late": Row(
        "A time-stamp that a later manifest carries proves that what {signer} signed existed at "
        "{time}: {place}.",
        "when the file was made, only that it was signed by then",
    ),
    "timeStamp.untrusted": Row(
        "It carries a time-stamp that {fault}: the certificate was judged {judged}.",
        _WHEN_MADE,
        "if you trust the time-stamp's authority, give its certificate to `firsthand trust add`",
    ),
    "timeStamp.absent": Row(
        "No time-stamp: the certificate was judged {judged}.",
        _WHEN_MADE,
        "ask whoever signed it for a copy with a time-stamp, or look for an early record of it in "
        "a log",
    ),
    # Was the signer's certificate revoked?
    "revocation.good": Row(
        "The certificate of {signer} was not revoked {judged}, says {by} (answer of {answered}).",
        "that the key was never in other hands, nor anything about the authorities above",
    ),
    "revocation.revoked_before": Row(
        "The certificate of {signer} was revoked on {revoked}, says {by}, {before}.",
        "who signed: whoever had the key could",
        "ask {signer}, by a way that you know yourself, whether it signed this, or find proof that "
        "it existed before {revoked}",
    ),
    "revocation.revoked_after": Row(
        "The certificate of {signer} was revoked on {revoked}, says {by}, after it signed at the "
        "proven time, {signed}.",
        "that the key was in good hands when it signed: why it was revoked may say more",
    ),
    "revocation.stale": Row(
        "Whether the certificate of {signer} was revoked {judged} is not known: the newest answer, "
        "by {by}, was good until {until}.",
        _NOT_REVOKED,
        "give a newer answer with --revocation FILE, or allow --online",
    ),
    "revocation.wrong_responder": Row(
        "An answer about the revocation of {signer} does not count: {reason}.",
        _NOT_REVOKED,
        "give an answer of the certificate's own issuer with --revocation FILE, or allow --online",
    ),
    "revocation.not_checked": Row(
        "Whether the certificate of {signer} was revoked was not checked: {reason}.",
        _NOT_REVOKED,
        "give an OCSP answer or a CRL with --revocation FILE, or allow --online",
    ),
    # Does the time that the manifest claims fit the proof?
    "claimedTime.after_proof": Row(
        "The manifest says that it was made {claimed}, yet it was signed before that: at {proof}.",
        "which of the two is wrong: a camera's clock, or the signer's word",
        "ask {signer} how its clock was set",
    ),
    "claimedTime.after_entry": Row(
        "The manifest says that it was made {claimed}, yet entry {index} recorded it before that: "
        "at {entered}.",
        "which of the two is wrong: a camera's clock, or the registrar's",
        "ask {signer} how its clock was set, and the registrar how his was",
    ),
    "claimedTime.to_come": Row(
        "The manifest says that it was made {claimed}, which is still to come.",
        "which of the two is wrong: a camera's clock, or the signer's word",
        "ask {signer} how its clock was set",
    ),
    "claimedTime.long_before": Row(
        "The manifest says that it was made {claimed}, {days} days before the first proof that it "
        "existed.",
        "that it is that old: until the proof there is only the signer's word",
        "look for an earlier copy or an earlier record of it",
    ),
    # Who is named by whom?
    "cawg.identity.trusted": Row(
        "{who} is named{roles} in what {holder} signed, and signed that too: known by your list of "
        "identities “{list}”.",
        "that whoever is named made the file",
    ),
    "cawg.identity.well-formed": Row(
        "What {holder} signed calls somebody{roles} by the name {who}; that name is not verified: "
        "its certificate is on none of your lists of identities.",
        _CALLED,
        _THE_NAMED,
    ),
    "cawg.identity.credential_revoked": Row(
        "What {holder} signed names {who}{roles}, by a certificate that was revoked.",
        _CALLED,
        _THE_NAMED,
    ),
    "cawg.x509.signature.outside_validity": Row(
        "What {holder} signed names {who}{roles}, by a certificate that was out of date.",
        _CALLED,
        _THE_NAMED,
    ),
    "cawg.x509.credential.invalid": Row(
        "What {holder} signed names {who}{roles}, by a certificate that may not say so.",
        _CALLED,
        _THE_NAMED,
    ),
    "cawg.identity.sig_type.unknown": Row(
        "What {holder} signed names somebody{roles} in a way that is not known here.",
        _CALLED,
        _THE_NAMED,
    ),
    "identity.not_checked": Row(
        "What {holder} signed names somebody{roles}, which was not checked: {reason}.",
        _CALLED,
        _THE_NAMED,
    ),
    "name.resembles": Row(
        "Somebody calls himself “{name}”; that name is not verified, and it resembles “{known}” of "
        "your list “{list}”.",
        "that it is not the same: only that no list of yours says so",
        "ask {known}, by a way that you know yourself, whether the file is theirs",
    ),
    # Does a second engine say the same?
    "opinion.agrees": Row(
        "A second engine, written apart from the first, {finds}.",
        _ALIKE,
    ),
    "opinion.differs": Row(
        "The two engines disagree: {disagreement}.",
        _ALIKE,
        "give the file to a third C2PA verifier, and to whoever made the tool that signed it",
    ),
    "opinion.milder": Row(
        "The two engines disagree: the engine says {status}, and the second one finds nothing "
        "wrong.",
        _ALIKE,
        "give the file to a third C2PA verifier",
    ),
    "opinion.not_checked": Row(
        "A second engine could not tell: {reason}.",
        _ALIKE,
        "give the file to another C2PA verifier",
    ),
}
