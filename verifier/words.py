"""What is said of each status: one table, a row a code. Pure.

No step words a finding by itself: `say` does, by the row of the finding's code. C2PA's and CAWG's
own codes are passed through as they are; their rows stand in `standard_words`.
"""

import re
from collections.abc import Mapping

from ledger.vocabulary import Outcome

from .report import ConclusionCode, Finding, Step
from .standard_words import FAMILIES, STANDARD, Row


def say(step: Step, outcome: Outcome, code: str, **particulars: object) -> Finding:
    """Word a finding by the row of its code; `particulars` fill the holes, and may be more."""
    row = row_of(code)
    return Finding(
        step=step,
        outcome=outcome,
        code=code,
        sentence=row.sentence.format_map(particulars),
        does_not_show=row.does_not_show.format_map(particulars),
        settles="" if outcome is Outcome.PASSED else row.settles.format_map(particulars),
    )


def tell(code: str, **particulars: object) -> str:
    """Word a status alone, as `say` does in a finding."""
    return row_of(code).sentence.format_map(particulars)


def row_of(code: str) -> Row:
    """Return the row of a code; of one that only a newer standard knows, that of its family."""
    if row := TABLE.get(code):
        return row
    return next(row for pattern, row in FAMILIES if re.fullmatch(pattern, code, re.DOTALL))


_THE_ORIGINAL = "ask whoever published it for the original file, and verify that"
_ANOTHER_LOG = "ask the keeper of the log, or verify against another copy of it"
_THE_MANIFEST = "anything about the file: most platforms remove manifests"
_HONESTY = "that the signer is honest, or kept the key safe"
_THE_NAMED = "ask whoever is named, by a way that you know yourself, whether the file is theirs"
_CALLED = "who that is, or that whoever is named made the file"
_BEYOND = "anything about bytes that the signature does not cover"
_SOURCES = "that every source was named"
_WHEN_MADE = "when the file was made"
_NOT_REVOKED = "that it was not revoked"
_ALIKE = "what both engines misread alike"
_MOST = "that the file is false: most files were never recorded"
_MADE = "that what the file shows is true, or that the registrar made it"
_LATER = "anything that was not entered in this log"
_NEWEST = "that the newest entry was shown, or that everything was entered"
_NOTHING_DIFFERS = "that nothing differs"
_EITHER = "that the claim is right or wrong"

# By step, in the order of a verification.
TABLE: Mapping[str, Row] = {
    **STANDARD,
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
    "ingredient.validated": Row(
        "{signer} found its {ingredients} intact before signing{again}.",
        "that every source was named, or what the bytes of each were: they are not here",
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
    # Is it recorded?
    "record.exact": Row(
        "These bytes are recorded as entry {index}.", "that what the file shows is true"
    ),
    "record.source": Row(
        "Entry {index} names these bytes as the source of the file that it records.",
        "that what the file shows is true",
    ),
    "record.manifest": Row(
        "The manifest that the file carries {same} the one that entry {index} records.",
        "that these are the recorded bytes",
    ),
    "record.fingerprint": Row(
        "By its fingerprint, the file is near what entry {index} records.",
        "that nothing was changed: a match only says, possible, compare",
    ),
    "record.no_log": Row(
        "No log was asked whether the file is recorded.",
        _MOST,
        "ask a log: `firsthand verify` where a log is kept, or the page of whoever keeps one",
    ),
    "record.absent": Row(
        "Nothing recorded here matches{further}.",
        _MOST,
        "ask other logs, and whoever published it where and when it was first recorded",
    ),
    "record.unreadable": Row(
        "The file cannot be decoded, so it was not compared with the records: {reason}.",
        _MOST,
        _THE_ORIGINAL,
    ),
    "record.not_compared": Row(
        "The file was not compared with the records: {reason}.",
        _MOST,
        "see `firsthand doctor` for what is missing here, and verify again",
    ),
    "record.proof_of_other_bytes": Row(
        "The log proof beside the file speaks of other bytes.",
        _MOST,
        "ask whoever gave you the proof for the file that it is about",
    ),
    "record.proof_not_ours": Row(
        "The log proof beside the file proves nothing in your log: {reason}.",
        _MOST,
        "verify it where the log that it names is known, with that log's key",
    ),
    # Does the record say what we would have it say?
    "record.content.match": Row("The entry names just these bytes.", _MADE),
    "record.content.source": Row(
        "The entry names just these bytes, as the file that was then signed.", _MADE
    ),
    "record.registrar_unknown": Row(
        "The entry is signed by a registrar that you have not named as known.",
        _MADE,
        "find out who keeps that key, and name it as known if you trust its keeper",
    ),
    "record.manifest_differs": Row(
        "Entry {index} names {names}.",
        _MADE,
        "ask its registrar for the file as it was recorded, and compare the two",
    ),
    "record.bytes_differ": Row(
        "The file carries the recorded manifest, but its bytes are not the recorded ones.",
        _MADE,
        "ask for the file as it was recorded, and compare the two: firsthand compare",
    ),
    "record.size_differs": Row(
        "The entry names these bytes, with another size than theirs.", _MADE, _ANOTHER_LOG
    ),
    "record.other_bytes": Row(
        "The entry is about another file, which this one resembles.",
        _MADE,
        "ask for the recorded file, and compare the two: firsthand compare",
    ),
    # Does the log prove it?
    "log.proof.verified": Row(
        "Entry {index} is in the log {origin}, under its signed checkpoint of tree size "
        "{size}{cosigned}.",
        "{limit}",
    ),
    "log.proof.failed": Row(
        "The log does not prove the entry: {reason}.",
        "who is at fault; keep this file, the proof and the checkpoint",
        _ANOTHER_LOG,
    ),
    "log.quorum.missing": Row(
        "The log proves the entry, but too few witnesses agree: {reason}.",
        "that the log lied: witnesses may have been out of reach",
        "wait until more witnesses have cosigned the log's checkpoint, and verify again",
    ),
    "log.failed": Row(
        "The log could not be asked, or did not answer truly: {reason}.",
        "whether the file is recorded",
        f"run `firsthand log fsck`; then {_ANOTHER_LOG}",
    ),
    # What do later entries say?
    "history.clear": Row(
        "The log names no later entry that withdraws, corrects or revokes it.", _LATER
    ),
    "history.withdrawn": Row(
        "Entry {index} withdraws it: {reason}", _LATER, "ask its registrar why it was withdrawn"
    ),
    "history.corrected": Row("Entry {index} adds a correction: {note}", _LATER),
    "history.derivation": Row(
        "Entry {index} records a later work that was made from it or names its parents.", _LATER
    ),
    "history.key_revoked": Row(
        "Entry {index} revokes the key that signed it: {reason}",
        _LATER,
        "ask whoever signed or recorded it, by a way that you know yourself, whether it did",
    ),
    "custody_chain.holds": Row("{link}.", _NEWEST),
    "custody_chain.forked": Row(
        "The custody chain forks: {forks}. Registrars who do not know of one another leave this "
        "behind.",
        _NEWEST,
    ),
    "custody_chain.broken": Row(
        "Entry {link}: an entry is missing, or its registrar said what is not so.",
        _NEWEST,
        _ANOTHER_LOG,
    ),
    "custody_chain.not_checked": Row(
        "No entry about it is by a registrar that you have named as known.",
        _NEWEST,
        "find out who keeps the keys of its entries, and name as known whom you trust",
    ),
    # Where does it differ from the recorded original?
    "comparison.identical": Row(
        "These are recorded bytes: there is nothing to compare.", "that what the file shows is true"
    ),
    "comparison.same": Row(
        "Compared with the original: {difference}",
        "that nothing smaller was changed than such a comparison can see",
    ),
    "comparison.differs": Row(
        "Compared with the original: {difference}",
        "who changed it, or why; small changes may not have been seen",
        "look at both side by side (firsthand compare --picture), and ask whoever published it "
        "what was changed",
    ),
    "comparison.no_original": Row(
        "There is no recorded original to compare it with.",
        _NOTHING_DIFFERS,
        "if you find an original elsewhere, compare the two yourself: firsthand compare",
    ),
    "comparison.not_kept": Row(
        "Nothing is kept here of the original to compare it with.",
        _NOTHING_DIFFERS,
        "ask the registrar for the original, and compare the two: firsthand compare",
    ),
    "comparison.unrelated": Row(
        "Compared with the original, nothing was found that the two have in common.",
        _NOTHING_DIFFERS,
        "look at both yourself: a likeness of fingerprints alone settles nothing",
    ),
    "comparison.not_comparable": Row(
        "It was not compared with the original: {reason}.",
        _NOTHING_DIFFERS,
        "ask the registrar for the original, and compare the two: firsthand compare",
    ),
    "comparison.unreadable": Row(
        "It was not compared with the original: {reason}.", _NOTHING_DIFFERS, _THE_ORIGINAL
    ),
    "comparison.failed": Row(
        "It was not compared with the original: {reason}.",
        _NOTHING_DIFFERS,
        "see `firsthand doctor` for what is missing here, and verify again",
    ),
    "comparison.record_failed": Row(
        "It was not compared with the original: {reason}.",
        _NOTHING_DIFFERS,
        "run `firsthand log fsck`: what is kept of the original does not fit its entry",
    ),
    # Was it captured when and where somebody claims?
    "context.time.agrees": Row(
        "Recorded on {recorded}, which agrees with the claimed {claimed}.", "{limit}"
    ),
    "context.time.contradicted": Row(
        "{contradiction}.",
        "{limit}",
        "ask whoever claims that time what it rests on",
    ),
    "context.time.absent": Row(
        "No time of capture was recorded; it was entered on {entered}.",
        "when it was captured",
        "ask the registrar when it was captured",
    ),
    "context.time.not_checked": Row(
        "The claimed time was not checked: {reason}.",
        _EITHER,
        "ask whoever claims that time what it rests on",
    ),
    "context.place.agrees": Row("Recorded at the claimed place, to within {within}.", "{limit}"),
    "context.place.contradicted": Row(
        "{contradiction}.",
        "{limit}",
        "ask whoever claims that place what it rests on, and compare the view with maps and "
        "pictures of both",
    ),
    "context.place.absent": Row(
        "No place of capture was recorded.",
        "where it was captured",
        "ask the registrar where it was captured, and compare the view with maps and pictures",
    ),
    "context.place.not_checked": Row(
        "The claimed place was not checked: {reason}.",
        _EITHER,
        "compare the view with maps and pictures of the place",
    ),
    # What does a detector say, and is it enough?
    "detection.no_model": Row(
        "No detector is installed with this version, so none was asked.",
        "whether the content was generated or edited",
        "find where it was first published, and who was there",
    ),
    "policy.met": Row(
        "This is enough for the policy “{policy}”.", "that the policy asks for what it should"
    ),
    "policy.not_met": Row(
        "This is not enough for the policy “{policy}”: {lacking}.",
        "that the policy asks for what it should",
        "see to what it lacks, as said of each check above",
    ),
}

# What it all comes to; the sentence is drawn up by `conclude`, of those of the findings.
CONCLUSIONS: Mapping[ConclusionCode, Row] = {
    ConclusionCode.UNCHANGED: Row(
        "These are the bytes that a known signer signed, or a known registrar recorded.",
        "that what the file shows is true, or is what its caption says",
    ),
    ConclusionCode.UNTRUSTED: Row(
        "Intact, but the signer is on none of your lists.",
        "that the signer lies: anybody can sign, and most are on no list",
        "find out, by a way that you know yourself, who holds the key, and whether you believe him",
    ),
    ConclusionCode.ALTERED: Row(
        "These are not the bytes that were signed.",
        "who changed them, why, or that what they show is false",
        "ask for the original file, and compare the two: firsthand compare ORIGINAL SUSPECT",
    ),
    ConclusionCode.DERIVED: Row(
        "Not the recorded bytes, but near a recorded original.",
        "that nothing else was changed than was found",
        "ask the registrar for the original, and compare the two: firsthand compare ORIGINAL "
        "SUSPECT",
    ),
    ConclusionCode.WITHDRAWN: Row(
        "Recorded, and later withdrawn, or its key revoked.",
        "that the file is false: only that nobody stands by it any more",
        "ask its registrar why it was withdrawn",
    ),
    ConclusionCode.UNKNOWN: Row(
        "Nothing signed or recorded here matches.",
        "anything about the file, for or against it",
        "ask whoever published it for the original file, and where it was first recorded; ask "
        "other logs; find the earliest copy",
    ),
    ConclusionCode.INCONCLUSIVE: Row(
        "It could not be checked.",
        "anything about the file, for or against it",
        _THE_ORIGINAL,
    ),
}
