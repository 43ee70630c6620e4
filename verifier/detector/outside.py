"""Somebody else's detector beside ours: an ONNX file that a newsroom names, calibrated by us.

    # detector.toml
    file = "model.onnx"        # beside this description
    sha256 = "9f86d0…"         # of that file: no other is run
    size = 224                 # pixels of the square it looks at, 16 to 1024
    mean = [0.485, 0.456, 0.406]
    deviation = [0.229, 0.224, 0.225]
    output = 0                 # place of the score among the numbers answered: more for generated
    sides = ["a generated picture", "a photograph"]
    stratum = "photographs and pictures by …"

The model takes floats (1, 3, size, size): red, green and blue from 0 to 1, less the mean, over the
deviation, of the square in a picture's middle. Its score is taken as it is: what it means is found
by `python -m verifier.detector.outside DESCRIPTION FOLDER`, which reads sources (`real*/`,
`fake*/`) that the model was not trained on, and writes `detector.calibration.json` beside the
description. Without it nothing is said. The calibration names the model's digest, and is refused
for another.
"""

import argparse
import hashlib
import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
from PIL import Image

from ledger.asset import detect_media_type
from ledger.errors import FormatError
from verifier.errors import ToolMissing, Unreadable
from verifier.media.picture import picture

from .calibration import Calibration, auc, calibrate, weigh
from .result import Detection, Subject, opinion
from .samples import files
from .weights import held, named

_NAMES = {"file", "sha256", "size", "mean", "deviation", "output", "sides", "stratum"}


@dataclass(frozen=True, slots=True)
class Description:
    """What a description says; raises FormatError for what makes no sense."""

    file: Path
    sha256: str
    size: int
    mean: tuple[float, float, float]
    deviation: tuple[float, float, float]
    output: int
    sides: tuple[str, str]
    stratum: str

    def __post_init__(self) -> None:
        if not 16 <= self.size <= 1024:
            raise FormatError("a detector looks at a square of 16 to 1024 pixels")
        if self.output < 0:
            raise FormatError("a detector's output is counted from 0")
        if len(self.mean) != 3 or len(self.deviation) != 3 or min(self.deviation) <= 0:
            raise FormatError("a detector's mean and deviation are three numbers each")
        if len(self.sides) != 2:
            raise FormatError("a detector's scores speak for one of two sides")
        if len(self.sha256) != 64 or not set(self.sha256) <= set("0123456789abcdef"):
            raise FormatError("a detector's sha256 is 64 hexadecimal digits, small letters")


def parse_description(text: str, folder: Path) -> Description:
    """Read a description that lies in `folder`; raises FormatError."""
    try:
        told: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise FormatError(f"the detector's description is not TOML ({problem})") from None
    if set(told) != _NAMES:
        odd = ", ".join(sorted(set(told) ^ _NAMES))
        raise FormatError(f"the detector's description lacks, or has beside what it may: {odd}")
    try:
        return Description(
            file=folder / str(told["file"]),
            sha256=str(told["sha256"]),
            size=int(told["size"]),
            mean=_three(told["mean"]),
            deviation=_three(told["deviation"]),
            output=int(told["output"]),
            sides=(str(told["sides"][0]), str(told["sides"][1])),
            stratum=str(told["stratum"]),
        )
    except (TypeError, ValueError, IndexError, KeyError) as problem:
        raise FormatError(f"the detector's description cannot be read ({problem})") from None


class Outside:
    """Somebody else's model, read once; raises ToolMissing where it is absent or is another."""

    def __init__(self, description: Description) -> None:
        self.description = description
        data = held(description.file, description.sha256, remedy=_remedy(description))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        try:
            self._session = onnxruntime.InferenceSession(
                data, options, providers=["CPUExecutionProvider"]
            )
        except Exception as problem:  # noqa: BLE001  # a stranger's graph: whatever the runtime says
            said = f"{description.file.name} is not a model that can be run ({_first(problem)})"
            raise ToolMissing(said, "name an ONNX file for the CPU") from None

    def score(self, image: Image.Image) -> float:
        """The model's own score of a picture of mode RGB; raises ToolMissing if it fails."""
        told = self.description
        pixels = (_square(image, told.size) / np.float32(255) - told.mean) / told.deviation
        fed = pixels.astype(np.float32).transpose(2, 0, 1)[None]
        try:
            answer = self._session.run(None, {self._session.get_inputs()[0].name: fed})[0]
            value = float(np.ravel(answer)[told.output])
        except Exception as problem:  # noqa: BLE001  # as above
            said = f"{told.file.name} does not answer as described ({_first(problem)})"
            raise ToolMissing(said, "correct the description of the detector") from None
        if not np.isfinite(value):
            raise ToolMissing(f"{told.file.name} answers with no number", "use another model")
        return value

    def detect(self, image: Image.Image, calibration: Calibration) -> Detection:
        """Weigh a picture of mode RGB by the model's score."""
        told = self.description
        evidence = weigh(self.score(image), calibration)
        calibrated_by = hashlib.sha256(format_calibration(calibration, told.sha256).encode())
        models = named((calibrated_by.hexdigest(), told.sha256))
        return opinion(
            Subject.PICTURE, evidence, sides=told.sides, stratum=told.stratum, models=models
        )


def format_calibration(calibration: Calibration, sha256: str) -> str:
    """A calibration of the model with that digest: JSON on one line."""
    lines = [[float(f"{each:.9g}") for each in line] for line in calibration.lines]
    told = {"model": sha256, "bounds": list(calibration.bounds), "lines": lines}
    return json.dumps(told) + "\n"


def parse_calibration(text: str, sha256: str) -> Calibration:
    """Read what `format_calibration` wrote; raises FormatError, also for another model's."""
    try:
        told = json.loads(text)
        lines = np.array(told["lines"], np.float64)
        low, high = (float(each) for each in told["bounds"])
        model = told["model"]
    except (KeyError, TypeError, ValueError) as problem:
        raise FormatError(f"the detector's calibration cannot be read ({problem})") from None
    if model != sha256:
        raise FormatError("the calibration is another model's: calibrate this one")
    if lines.ndim != 2 or lines.shape[1] != 2 or not len(lines) or not low <= 0 <= high:
        raise FormatError("the detector's calibration makes no sense: calibrate again")
    if not np.isfinite(lines).all() or not np.isfinite((low, high)).all():
        raise FormatError("the detector's calibration holds what is no number: calibrate again")
    return Calibration(lines, (low, high))


def calibration_file(description: Path) -> Path:
    """Where a description's calibration lies."""
    return description.with_suffix(".calibration.json")


def opened(description: Path) -> tuple[Outside, Calibration]:
    """A model and its calibration; raises FormatError, or ToolMissing for what is absent."""
    try:
        model = Outside(parse_description(description.read_text("utf-8"), description.parent))
        text = calibration_file(description).read_text("utf-8")
    except FileNotFoundError as problem:
        said = f"{Path(problem.filename).name}, of the detector that was named, is absent"
        remedy = f"python -m verifier.detector.outside {description} FOLDER"
        raise ToolMissing(said, remedy) from None
    return model, parse_calibration(text, model.description.sha256)


def calibrated(model: Outside, folder: Path, most: int) -> Calibration:
    """Calibrate on sources that the model was not trained on; raises ValueError for too few."""
    scores, generated, sources = [], [], []
    for source, path in files(folder, Subject.PICTURE, most):
        try:
            media_type = detect_media_type(path.read_bytes()[:4096])
            image = picture(path, media_type).convert("RGB")
        except Unreadable:
            continue
        scores.append(model.score(image))
        generated.append(source.startswith("fake"))
        sources.append(source)
    which = np.array(generated, bool)
    told = np.array(scores, np.float64)
    calibration = calibrate(told, which, np.array(sources, np.str_), unseen=True)
    low, high = calibration.bounds
    print(f"{len(told)} pictures, AUC {auc(told, which):.3f}, ratios {low:.2f} to {high:.2f}")
    return calibration


def main() -> None:
    """Calibrate what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("description", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--most", type=int, default=200, help="pictures of a source")
    options = parser.parse_args()
    text = options.description.read_text("utf-8")
    model = Outside(parse_description(text, options.description.parent))
    calibration = calibrated(model, options.folder, options.most)
    told = format_calibration(calibration, model.description.sha256)
    calibration_file(options.description).write_text(told, "utf-8")


def _three(values: Any) -> tuple[float, float, float]:
    one, two, three = (float(each) for each in values)
    return one, two, three


def _square(image: Image.Image, size: int) -> npt.NDArray[np.uint8]:
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    square = image.crop((left, top, left + side, top + side))
    return np.asarray(square.resize((size, size), Image.Resampling.BICUBIC))


def _remedy(description: Description) -> str:
    return f"put the file with SHA-256 {description.sha256[:16]}… at {description.file.name}"


def _first(problem: Exception) -> str:
    return str(problem).splitlines()[0][:200] if str(problem) else type(problem).__name__


if __name__ == "__main__":
    main()
