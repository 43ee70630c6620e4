"""Draw docs/detector-traces.png: an edit of our own, and the traces that it left, as maps.

    python -m docs.make_detector_traces

The photographs are scikit-image's: a part of the one is laid into a copy of the other that was
compressed before, a part of it is copied, and the whole saved once more.
"""

import io
import tempfile
from pathlib import Path

import numpy as np
import skimage.data
from matplotlib import pyplot as plt
from PIL import Image

from ledger import asset
from verifier.detector.traces.examine import picture_traces

_SHOWN = ("jpeg.region-other-history", "copy-move")


def main() -> None:
    """Edit, examine and draw."""
    folder = Path(skimage.data.__file__).parent
    data = io.BytesIO()
    Image.open(folder / "motorcycle_left.png").convert("RGB").save(data, "JPEG", quality=75)
    picture = Image.open(data).convert("RGB")
    picture.paste(picture.crop((100, 300, 260, 420)), (510, 43))
    cat = Image.open(folder / "chelsea.png").convert("RGB")
    picture.paste(cat.crop((100, 60, 230, 200)), (43, 101))
    with tempfile.TemporaryDirectory() as work:
        path = Path(work) / "picture.jpg"
        picture.save(path, "JPEG", quality=93)
        traces, _ = picture_traces(path, asset.JPEG)
    drawn = [next(each for each in traces if each.code == code) for code in _SHOWN]
    figure, axes = plt.subplots(1, 3, figsize=(13, 3.4))
    axes[0].imshow(picture)
    axes[0].set_title("as it was saved", fontsize=9)
    for axis, trace in zip(axes[1:], drawn, strict=True):
        axis.imshow(picture.convert("L"), cmap="gray", alpha=0.6)
        held = trace.heat
        assert held is not None  # noqa: S101  # both are shown at a place
        levels = np.frombuffer(held.levels, np.uint8).reshape(held.height, held.width)
        heat = np.ma.masked_less(levels, 20)
        width, height = picture.size
        axis.imshow(heat, cmap="inferno", extent=(0, width, height, 0), vmin=0, vmax=255)
        for left, top, across, down in trace.boxes:
            axis.add_patch(plt.Rectangle((left, top), across, down, fill=False, edgecolor="cyan"))
        axis.set_title(f"{trace.code}, score {trace.score:.2f}", fontsize=9)
    for axis in axes:
        axis.axis("off")
    figure.savefig(Path(__file__).parent / "detector-traces.png", dpi=90, bbox_inches="tight")


if __name__ == "__main__":
    main()
