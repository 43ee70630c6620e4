"""An examination as a report gives it: plain values, with its sentences. Pure."""

from base64 import b64encode
from dataclasses import asdict, replace
from typing import Any

from .result import Detection, Examination, Trace
from .sentence import tell


def examination_json(examination: Examination | None) -> dict[str, object]:
    """Return the fields of a report, of plain values; the levels of heat in base64.

    `detection` is the opinion on the file as a whole, `further_detections` those on its parts.
    """
    if examination is None:
        return {"detection": None, "further_detections": [], "traces": [], "not_looked_for": []}
    told = [_detection_json(each) for each in examination.detections]
    return {
        "detection": told[0] if told else None,
        "further_detections": told[1:],
        "traces": [_trace_json(each) for each in examination.traces],
        "not_looked_for": list(examination.not_looked_for),
    }


def _detection_json(detection: Detection) -> dict[str, object]:
    told: dict[str, object] = _rounded(asdict(detection))
    return told | {"sentence": tell(detection)}


def _trace_json(trace: Trace) -> dict[str, object]:
    plain: dict[str, object] = _rounded(asdict(replace(trace, heat=None)))
    if trace.heat is not None:
        levels = b64encode(trace.heat.levels).decode("ascii")
        plain["heat"] = asdict(trace.heat) | {"levels": levels}
    return plain


def _rounded(value: Any) -> Any:
    """Numbers to four places: more than any of them is known to."""
    if isinstance(value, dict):
        return {name: _rounded(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(each) for each in value]
    return round(value, 4) if isinstance(value, float) else value
