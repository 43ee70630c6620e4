"""What is said of a record, and of what it is compared with. Pure; for `words`."""

from collections.abc import Mapping

from .standard_words import Row

_THE_ORIGINAL = "ask whoever published it for the original file, and verify that"
_ANOTHER_LOG = "ask the keeper of the log, or verify against another copy of it"
_MOST = "that the file is false: most files were never recorded"
_MADE = "that what the file shows is true, or that the registrar made it"
_LATER = "anything that was not entered in this log"
_NEWEST = "that the newest entry was shown, or that everything was entered"
_NOTHING_DIFFERS = "that nothing differs"
_EITHER = "that the claim is right or wrong"

# By step, in the order of a verification.
RECORD: Mapping[str, Row] = {
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
    "detection.advisory": Row(
        "Nobody signed or recorded it, so the detector was asked; its opinion stands beside.",
        "that an opinion, measured on other files, holds for this one",
        "find where it was first published, and who was there",
    ),
    "detection.answered_for": Row(
        "Somebody signed or recorded it, so the detector was not asked.",
        "whether the content was generated or edited before that",
    ),
    "detection.left_out": Row(
        "The detector was not asked.",
        "whether the content was generated or edited",
        "ask it (firsthand detect), and find where it was first published",
    ),
    "detection.failed": Row(
        "The detector could not be asked: {reason}.",
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
