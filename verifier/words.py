"""What is said of each status: one table, a row a code. Pure.

No step words a finding by itself: `say` does, by the row of the finding's code. C2PA's and CAWG's
own codes are passed through as they are. The rows stand in `standard_words`, `manifest_words` and
`record_words`.
"""

import re
from collections.abc import Mapping

from ledger.vocabulary import Outcome

from .manifest_words import MANIFEST
from .record_words import RECORD
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

TABLE: Mapping[str, Row] = {**STANDARD, **MANIFEST, **RECORD}

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
