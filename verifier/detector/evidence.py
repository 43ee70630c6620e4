"""How strong evidence is, and the words for it. Pure."""

from dataclasses import dataclass

# ENFSI, "Guideline for Evaluative Reporting in Forensic Science" (2015), the verbal scale
_WORDS = (
    (0.30103, "no support"),
    (1, "weak support"),
    (2, "moderate support"),
    (4, "moderately strong support"),
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """A log10 likelihood ratio, generated against photographed, with its 95 % interval."""

    log10_lr: float
    interval: tuple[float, float]


def in_words(evidence: Evidence, sides: tuple[str, str]) -> str:
    """ENFSI's words for the end of the interval that is nearest to saying nothing.

    `sides` are what a positive and a negative ratio speak for: ("a generated picture", "a …").
    """
    low, high = evidence.interval
    weakest = max(low, 0.0) or min(high, 0.0)
    strength = next((words for limit, words in _WORDS if abs(weakest) < limit), "strong support")
    if strength == "no support":
        return strength
    return f"{strength} for {sides[0] if weakest > 0 else sides[1]}"
