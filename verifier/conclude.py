"""Findings in, one conclusion out. Pure; the only place that weighs.

The order of the rules is the argument: what was provably changed comes before what is provably the
same, what a provable origin says comes before likeness, and a failed proof is never passed over.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from ledger.vocabulary import Outcome

from .report import Conclusion, ConclusionCode, Finding, Match, MatchKind, Step
from .words import CONCLUSIONS


def conclude(findings: Sequence[Finding], matches: Sequence[Match]) -> Conclusion:
    """Draw the one conclusion that the findings support."""
    seen = _Seen(findings, matches)
    rules = (_altered, _withdrawn, _contradicted, _revoked, _unchanged, _untrusted, _derived)
    for rule in rules:
        if conclusion := rule(seen):
            break
    else:
        conclusion = _nothing(seen)
    return _with_contradictions(conclusion, seen)


def is_contradicted(findings: Iterable[Finding]) -> bool:
    """Tell whether the record contradicts what is claimed of when and where."""
    return any(_contradicts(finding) for finding in findings)


def _draw(code: ConclusionCode, sentence: str, *because: Finding) -> Conclusion:
    """Draw a conclusion; what would settle the findings that it rests on settles it."""
    row = CONCLUSIONS[code]
    ways = dict.fromkeys(finding.settles for finding in because if finding.settles)
    settles = "; ".join(ways) or row.settles
    return Conclusion(code, sentence, row.does_not_show, settles)


def _with_contradictions(conclusion: Conclusion, seen: "_Seen") -> Conclusion:
    """Add what the record has against the claimed time and place."""
    against = [finding for finding in seen.findings if _contradicts(finding)]
    if not against:
        return conclusion
    said = " ".join(finding.sentence for finding in against)
    ways = (conclusion.settles, *(finding.settles for finding in against))
    return replace(
        conclusion,
        sentence=f"{conclusion.sentence} But that is not what is claimed. {said}",
        settles="; ".join(dict.fromkeys(filter(None, ways))),
    )


def _contradicts(finding: Finding) -> bool:
    return finding.step is Step.CONTEXT and finding.outcome is Outcome.FAILED


_TAKEN_BACK = ("history.withdrawn", "history.key_revoked")


class _Seen:
    """The findings by code and by step, and the best match."""

    def __init__(self, findings: Sequence[Finding], matches: Sequence[Match]) -> None:
        self.findings = findings
        self.codes: Mapping[str, Finding] = {finding.code: finding for finding in findings}
        self.by_step: Mapping[Step, Finding] = {finding.step: finding for finding in findings}
        self.match = matches[0] if matches else None
        self.proven = (
            self.outcome(Step.INCLUSION) is Outcome.PASSED
            and "record.registrar_unknown" not in self.codes
        )
        # A known registrar entered just these bytes, and the log proves it.
        self.recorded = (
            self.proven
            and self.is_match(MatchKind.EXACT)
            and self.outcome(Step.RECORD_CONTENT) is Outcome.PASSED
        )
        # A manifest beside the file is no part of it: it can be about another file.
        self.beside = "sidecar.passed" in self.codes

    def outcome(self, step: Step) -> Outcome | None:
        finding = self.by_step.get(step)
        return finding.outcome if finding else None

    def first(self, *codes: str) -> Finding | None:
        return next((self.codes[code] for code in codes if code in self.codes), None)

    def is_match(self, *kinds: MatchKind) -> bool:
        return self.match is not None and self.match.kind in kinds

    def entry(self) -> str:
        """Name the entry that the file matches, and what keeps us from believing it."""
        if self.match is None:
            return "no entry"
        name = f" ({self.match.title})" if self.match.title else ""
        doubt = ""
        if self.outcome(Step.INCLUSION) is not Outcome.PASSED:
            doubt = ", which the log does not prove"
        elif "record.registrar_unknown" in self.codes:
            doubt = ", of a registrar that you have not named as known"
        return f"entry {self.match.index}{name}{doubt}"

    def whence(self) -> str:
        """Say how the file matches that entry, as the second half of a sentence."""
        if self.match is None:
            return ""
        how = {
            MatchKind.EXACT: "its bytes are those of",
            MatchKind.MANIFEST: "it carries the manifest of",
            MatchKind.FINGERPRINT: f"it {_resembles(self.match)}",
        }[self.match.kind]
        if "record.content.source" in self.codes:
            how = "its bytes are the source of"
        if "record.manifest_differs" in self.codes:
            how = "it has something of"
        return f"{how} {self.entry()}"

    def later(self) -> str:
        """What was said later about the record, as a further sentence."""
        finding = self.first(*_TAKEN_BACK)
        return f" {finding.sentence}" if finding and self.proven else ""

    def compared(self) -> str:
        """What the comparison with the recorded original came to, as a further sentence."""
        finding = self.first("comparison.differs", "comparison.same")
        return f" {finding.sentence}" if finding and self.proven else ""


def _resembles(match: Match) -> str:
    return "sounds like" if (match.algorithm or "").startswith("sound-") else "looks like"


def _altered(seen: _Seen) -> Conclusion | None:
    """Provably not the bytes that were signed, whoever signed them."""
    if seen.beside and seen.recorded:
        return None
    damaged = seen.first("manifest.unreadable", "manifest.invalid")
    because: list[Finding] = []
    if seen.outcome(Step.HARD_BINDING) is Outcome.FAILED:
        said = "Not the bytes that were signed"
    elif broken := seen.first("claimSignature.mismatch", "manifest.damaged_claim"):
        said = f"Not what was signed: {_clause(broken.sentence)}"
    elif broken := seen.first("ingredient.altered"):
        said, because = broken.sentence.removesuffix("."), [broken]
    elif "record.bytes_differ" in seen.codes and seen.proven and _is_read(seen):
        said = (
            "What the signature covers is intact, but bytes outside it are not as recorded"
            if seen.outcome(Step.HARD_BINDING) is Outcome.PASSED
            else "Not the bytes that were recorded"
        )
    elif damaged and seen.match and seen.proven and not seen.is_match(MatchKind.EXACT):
        said = "The file carries a damaged manifest"
    else:
        return None
    where = f"; {seen.whence()}" if seen.match else ""
    sentence = f"{said}{where}.{seen.compared()}{seen.later()}"
    return _draw(ConclusionCode.ALTERED, sentence, *because)


def _is_read(seen: _Seen) -> bool:
    """A manifest is where one belongs: not just somewhere among the bytes."""
    return seen.outcome(Step.MANIFEST) in (Outcome.PASSED, Outcome.UNREADABLE)


def _withdrawn(seen: _Seen) -> Conclusion | None:
    """A record of these bytes that its registrar no longer stands by."""
    later = seen.first(*_TAKEN_BACK)
    if not seen.recorded or later is None:
        return None
    sentence = f"Recorded, and later withdrawn: {seen.whence()}.{seen.later()}"
    return _draw(ConclusionCode.WITHDRAWN, sentence, later)


def _contradicted(seen: _Seen) -> Conclusion | None:
    """What does not fit together is never passed over."""
    failed = seen.by_step.get(Step.INCLUSION)
    if failed is not None and failed.outcome is Outcome.FAILED:
        return _ask_elsewhere(failed)
    if broken := seen.first("custody_chain.broken"):  # what is missing may be a withdrawal
        return _ask_elsewhere(broken)
    if differs := seen.first("opinion.differs"):
        said = f"{differs.sentence} Which of them is right is not settled here."
        return _draw(ConclusionCode.INCONCLUSIVE, said, differs)
    if other := seen.first("record.manifest_differs", "record.size_differs", "ingredient.invalid"):
        return _draw(ConclusionCode.INCONCLUSIVE, other.sentence, other)
    beside = seen.first("claimSignature.mismatch", "manifest.damaged_claim", "ingredient.altered")
    if seen.outcome(Step.HARD_BINDING) is Outcome.FAILED:
        beside = seen.by_step[Step.HARD_BINDING]
    if beside is not None:  # beside a recorded file, or else it would be altered
        sentence = f"{_sentence(seen.whence())} {beside.sentence} Verify it without that manifest."
        return _draw(ConclusionCode.INCONCLUSIVE, sentence, beside)
    return None


def _ask_elsewhere(failed: Finding) -> Conclusion:
    sentence = f"{failed.sentence} Ask the keeper of the log, or another copy of it."
    return _draw(ConclusionCode.INCONCLUSIVE, sentence, failed)


def _revoked(seen: _Seen) -> Conclusion | None:
    """Signed with a key that its authority had taken back: no record makes up for that."""
    revoked = seen.first("revocation.revoked_before")
    if revoked is None or (seen.beside and seen.recorded):
        return None
    intact = seen.outcome(Step.HARD_BINDING) is Outcome.PASSED
    said = "What the signature covers is as it was signed, but its signer is not accepted."
    near = f" {_sentence(seen.whence())}" if seen.match else ""
    start = f"{said} {revoked.sentence}" if intact else revoked.sentence
    return _draw(ConclusionCode.UNTRUSTED, f"{start}{near}{seen.later()}", revoked)


def _unchanged(seen: _Seen) -> Conclusion | None:
    """The bytes that a known registrar recorded, or that a known signer signed."""
    signed = (
        seen.outcome(Step.SIGNATURE) is Outcome.PASSED
        and seen.outcome(Step.HARD_BINDING) is Outcome.PASSED
        and seen.outcome(Step.INGREDIENTS) is not Outcome.FAILED
    )
    if seen.outcome(Step.SECOND_OPINION) is Outcome.FAILED:
        return None
    source = "the source of " if "record.content.source" in seen.codes else ""
    if seen.recorded and signed:
        said = f"The bytes that a known signer signed and that {seen.entry()} records."
        if source:
            said = f"The bytes that a known signer signed; {seen.whence()}."
    elif seen.recorded:
        said = f"The bytes that a known registrar recorded as {source}{seen.entry()}."
    elif signed:
        said = f"The bytes are those that a known signer's signature covers; {_unrecorded(seen)}."
    else:
        return None
    return _draw(ConclusionCode.UNCHANGED, said)


def _unrecorded(seen: _Seen) -> str:
    """Say why no record confirms them."""
    found = seen.by_step.get(Step.RECORD)
    if found is None or found.code == "record.no_log":
        return "no log was asked"
    if seen.match is not None:
        return f"no record confirms them, but {seen.whence()}"
    if found.outcome is Outcome.ABSENT:
        return "no record of them was found here"
    return "whether they are recorded was not established"


def _untrusted(seen: _Seen) -> Conclusion | None:
    """Intact, but nobody on the lists answers for it."""
    near = f" {_sentence(seen.whence())}" if seen.match else ""
    if seen.outcome(Step.HARD_BINDING) is Outcome.PASSED:
        for step in (Step.SIGNATURE, Step.INGREDIENTS):
            if seen.outcome(step) is Outcome.FAILED:
                finding = seen.by_step[step]
                said = f"What the signature covers is as it was signed. {finding.sentence}"
                alike = [each for each in seen.findings if each.code == "name.resembles"]
                also = "".join(f" {each.sentence}" for each in alike)
                return _draw(ConclusionCode.UNTRUSTED, f"{said}{also}{near}", finding, *alike)
    unknown = seen.first("record.registrar_unknown")
    if unknown and seen.is_match(MatchKind.EXACT):
        return _draw(ConclusionCode.UNTRUSTED, f"{unknown.sentence}{near}", unknown)
    return None


def _derived(seen: _Seen) -> Conclusion | None:
    """Not the recorded bytes, but near them."""
    if not seen.is_match(MatchKind.FINGERPRINT):
        return None
    if seen.outcome(Step.INCLUSION) is not Outcome.PASSED or "comparison.unrelated" in seen.codes:
        return None
    manifest = seen.by_step.get(Step.MANIFEST)
    unread = manifest is not None and manifest.outcome is not Outcome.PASSED
    without = f" {manifest.sentence}" if manifest and unread else ""
    compared = seen.compared()
    ask = "" if compared else " Compare before relying on it."
    said = f"Not the recorded bytes, but {seen.whence()}.{compared}{without}{seen.later()}{ask}"
    return _draw(ConclusionCode.DERIVED, said)


def _nothing(seen: _Seen) -> Conclusion:
    """No origin, no likeness: unknown if we could look everywhere, else inconclusive."""
    gaps = list(_gaps(seen.findings))
    reasons = [gap.sentence for gap in gaps]
    if seen.match is not None:
        alone = seen.first("comparison.unrelated")
        settled = alone.sentence if alone else "That alone settles nothing."
        reasons.append(f"{_sentence(seen.whence())} {settled}")
    if reasons:
        return _draw(ConclusionCode.INCONCLUSIVE, " ".join(reasons), *gaps)
    sentence = (
        "Nothing signed or recorded here matches, which says nothing against the file: most files "
        "were never signed."
    )
    return _draw(ConclusionCode.UNKNOWN, sentence)


def _gaps(findings: Iterable[Finding]) -> Iterable[Finding]:
    for finding in findings:
        could_not = finding.outcome in (Outcome.UNREADABLE, Outcome.NOT_CHECKED)
        looked_for = finding.step in (Step.MANIFEST, Step.SIGNATURE, Step.HARD_BINDING, Step.RECORD)
        disagree = finding.step is Step.SECOND_OPINION and finding.outcome is Outcome.FAILED
        if (could_not and looked_for) or disagree or finding.code == "manifest.invalid":
            yield finding


def _sentence(clause: str) -> str:
    return f"{clause[:1].upper()}{clause[1:]}."


def _clause(sentence: str) -> str:
    return f"{sentence[:1].lower()}{sentence[1:].removesuffix('.')}"
