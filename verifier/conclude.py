"""Findings in, one conclusion out. Pure; the only place that weighs.

The order of the rules is the argument: what was provably changed comes before what is provably the
same, what a provable origin says comes before likeness, and a failed proof is never passed over.
"""

from collections.abc import Iterable, Mapping, Sequence

from ledger.vocabulary import Outcome

from .report import Conclusion, ConclusionCode, Finding, Match, MatchKind, Step


def conclude(findings: Sequence[Finding], matches: Sequence[Match]) -> Conclusion:
    """Draw the one conclusion that the findings support."""
    seen = _Seen(findings, matches)
    for rule in (_altered, _withdrawn, _contradicted, _unchanged, _untrusted, _derived):
        if conclusion := rule(seen):
            return conclusion
    return _nothing(seen)


class _Seen:
    """The findings by code, and the best match."""

    def __init__(self, findings: Sequence[Finding], matches: Sequence[Match]) -> None:
        self.codes: Mapping[str, Finding] = {finding.code: finding for finding in findings}
        self.by_step: Mapping[Step, Finding] = {finding.step: finding for finding in findings}
        self.match = matches[0] if matches else None

    def outcome(self, step: Step) -> Outcome | None:
        finding = self.by_step.get(step)
        return finding.outcome if finding else None

    def first(self, *codes: str) -> Finding | None:
        return next((self.codes[code] for code in codes if code in self.codes), None)

    def is_match(self, *kinds: MatchKind) -> bool:
        return self.match is not None and self.match.kind in kinds

    def entry(self) -> str:
        """Name the entry that the file matches."""
        if self.match is None:
            return "no entry"
        name = f" ({self.match.title})" if self.match.title else ""
        return f"entry {self.match.index}{name}"

    def whence(self) -> str:
        """Say how the file matches that entry, as the second half of a sentence."""
        if self.match is None:
            return ""
        how = {
            MatchKind.EXACT: "its bytes are those of",
            MatchKind.MANIFEST: "it carries the manifest of",
            MatchKind.FINGERPRINT: f"it {_resembles(self.match)}",
        }[self.match.kind]
        return f"{how} {self.entry()}"


def _resembles(match: Match) -> str:
    return "sounds like" if match.media_type.startswith("audio/") else "looks like"


def _withdrawn(seen: _Seen) -> Conclusion | None:
    """A record that its registrar no longer stands by."""
    finding = seen.first("history.withdrawn", "history.key_revoked")
    if finding is None or seen.outcome(Step.INCLUSION) is not Outcome.PASSED:
        return None
    sentence = f"Recorded, and later withdrawn: {seen.whence()}. {finding.sentence}"
    return Conclusion(ConclusionCode.WITHDRAWN, sentence)


def _altered(seen: _Seen) -> Conclusion | None:
    """Provably not the bytes that were signed, whoever signed them."""
    where = f"; {seen.whence()}" if seen.match else ""
    if seen.outcome(Step.HARD_BINDING) is Outcome.FAILED:
        said = "Not the bytes that were signed"
    elif seen.first("claimSignature.mismatch", "manifest.damaged_claim"):
        said = "The signed statement inside the file was changed after it was signed"
    elif "ingredient.altered" in seen.codes:
        return Conclusion(ConclusionCode.ALTERED, seen.codes["ingredient.altered"].sentence)
    elif "record.bytes_differ" in seen.codes:
        said = "What the signature covers is intact, but bytes outside it are not as recorded"
    elif seen.outcome(Step.MANIFEST) is Outcome.UNREADABLE and seen.match:
        if seen.is_match(MatchKind.EXACT):
            return None
        said = "The file carries a damaged manifest"
    else:
        return None
    later = seen.first("history.withdrawn", "history.key_revoked")
    return Conclusion(
        ConclusionCode.ALTERED, f"{said}{where}.{' ' + later.sentence if later else ''}"
    )


def _contradicted(seen: _Seen) -> Conclusion | None:
    """A proof that fails is never passed over."""
    failed = seen.by_step.get(Step.INCLUSION)
    if failed is not None and failed.outcome is Outcome.FAILED:
        sentence = f"{failed.sentence} Ask the keeper of the log, or another copy of it."
        return Conclusion(ConclusionCode.INCONCLUSIVE, sentence)
    other = seen.first("record.manifest_differs")
    return Conclusion(ConclusionCode.INCONCLUSIVE, other.sentence) if other else None


def _unchanged(seen: _Seen) -> Conclusion | None:
    """The bytes that a known registrar recorded, or that a known signer signed."""
    recorded = (
        seen.is_match(MatchKind.EXACT)
        and seen.outcome(Step.RECORD_CONTENT) is Outcome.PASSED
        and seen.outcome(Step.INCLUSION) is Outcome.PASSED
    )
    signed = (
        seen.outcome(Step.SIGNATURE) is Outcome.PASSED
        and seen.outcome(Step.HARD_BINDING) is Outcome.PASSED
        and seen.outcome(Step.INGREDIENTS) is not Outcome.FAILED
    )
    if recorded and signed:
        said = f"The bytes that a known signer signed and that {seen.entry()} records."
    elif recorded:
        said = f"The bytes that a known registrar recorded as {seen.entry()}."
    elif signed:
        said = "The bytes that a known signer signed; no record of them was found here."
    else:
        return None
    return Conclusion(ConclusionCode.UNCHANGED, said)


def _untrusted(seen: _Seen) -> Conclusion | None:
    """Intact, but nobody on the lists answers for it."""
    if seen.outcome(Step.HARD_BINDING) is Outcome.PASSED:
        finding = seen.by_step[Step.SIGNATURE]
        if finding.outcome is Outcome.PASSED:
            finding = seen.by_step[Step.INGREDIENTS]
        return Conclusion(
            ConclusionCode.UNTRUSTED, f"The bytes are as they were signed. {finding.sentence}"
        )
    unknown = seen.first("record.registrar_unknown")
    if unknown and seen.is_match(MatchKind.EXACT):
        return Conclusion(ConclusionCode.UNTRUSTED, unknown.sentence)
    return None


def _derived(seen: _Seen) -> Conclusion | None:
    """Not the recorded bytes, but near them."""
    if not seen.is_match(MatchKind.FINGERPRINT) or seen.match is None:
        return None
    if seen.outcome(Step.INCLUSION) is not Outcome.PASSED:
        return None
    gone = " Its signature is gone." if seen.outcome(Step.MANIFEST) is Outcome.ABSENT else ""
    sentence = f"Not the recorded bytes, but {seen.whence()}.{gone} Compare before relying on it."
    return Conclusion(ConclusionCode.DERIVED, sentence)


def _nothing(seen: _Seen) -> Conclusion:
    """No origin, no likeness: unknown if we could look everywhere, else inconclusive."""
    reasons = list(_gaps(seen.by_step.values()))
    if reasons:
        return Conclusion(ConclusionCode.INCONCLUSIVE, " ".join(reasons))
    sentence = (
        "Nothing signed or recorded here matches, which says nothing against the file: most files "
        "were never signed."
    )
    return Conclusion(ConclusionCode.UNKNOWN, sentence)


def _gaps(findings: Iterable[Finding]) -> Iterable[str]:
    for finding in findings:
        could_not = finding.outcome in (Outcome.UNREADABLE, Outcome.NOT_CHECKED)
        if could_not and finding.step in (Step.MANIFEST, Step.RECORD):
            yield finding.sentence
