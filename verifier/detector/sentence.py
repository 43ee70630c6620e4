"""What an examination says, in sentences. Pure."""

from .result import Detection, Subject

_SUBJECT = {
    Subject.PICTURE: "The picture as a whole",
    Subject.FACE: "A face in it",
    Subject.CLIP: "The face in the clip, over time",
    Subject.FOOTAGE: "The clip as a whole, by some of its pictures",
    Subject.VOICE: "The voice",
}


def tell(detection: Detection) -> str:
    """Say what a detection says; that it is experimental, where it is."""
    subject = _SUBJECT[detection.kind]
    if detection.experimental:
        subject += " (experimental)"
    if detection.abstained is not None:
        return f"{subject}: the detector abstains, for {detection.abstained}."
    ratio, (low, high) = detection.log10_lr or 0.0, detection.interval or (0.0, 0.0)
    return (
        f"{subject}: {detection.words} (log10 of the likelihood ratio {ratio:+.1f}, "
        f"95 % interval {low:+.1f} to {high:+.1f}; holds for {detection.stratum})."
    )
