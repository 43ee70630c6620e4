"""Draw what an edited clip's motion shows: the picture of docs/detector-motion.md.

    python -m bench.draw_motion OUT.png

The clip is one that the test set's wheels carry; it is edited here, with noise as of another
compression: half a second frozen, a stretch at half speed, and 10 frames taken out.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np

from tests import media
from verifier.detector.traces.clip import counted, in_motion
from verifier.detector.traces.jumps import clearness
from verifier.detector.traces.motion import SMALL
from verifier.media.decode import frames

from .clip_edits import type_of

RATE, FIRST = 25, 40  # frames a second; the frame that the shot begins with
COLOURS = {
    "clip.frozen": "tab:blue",
    "clip.frames-repeated": "tab:green",
    "clip.jump": "tab:red",
    "clip.cut": "tab:red",
}


def main() -> None:
    """Draw to what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("out", type=Path)
    draw(parser.parse_args().out)


def draw(out: Path) -> None:
    """Edit, watch and draw."""
    from matplotlib import pyplot as plt

    with tempfile.TemporaryDirectory() as folder:
        path = media.clip(Path(folder))
        shown = frames(path, type_of(path), per_second=1000, size=SMALL)
        street = np.array([luma for _, luma in shown])[FIRST:235]
    held = np.repeat(street[60:61], RATE // 2, 0)
    slow = np.repeat(street[90:125], 2, 0)
    edited = np.concatenate([street[:60], held, street[60:90], slow, street[125:160], street[170:]])
    noise = np.random.default_rng(1).normal(0, 0.4, edited.shape)
    noise[60:72] = noise[60]
    edited = np.clip(edited + noise, 0, 255).astype(np.uint8)
    motion, _ = counted((number / RATE, frame) for number, frame in enumerate(edited))
    figure, axes = plt.subplots(3, 1, figsize=(9, 5.5), sharex=True)
    axes[0].semilogy(motion.times[1:], np.maximum(motion.peaks[1:], 0.05), color="black", lw=0.8)
    axes[0].set_ylabel("moves most\n(grey levels)")
    axes[1].plot(motion.times, motion.shares, ".", color="black", markersize=3)
    axes[1].set(ylabel="share of the way", ylim=(-0.2, 1.2))
    axes[2].plot(motion.times, clearness(motion), color="black", lw=0.8)
    axes[2].set(ylabel="clearness\nof a jump", xlabel="seconds")
    named = set()
    for trace in in_motion(motion)[0]:
        for start, end in trace.seconds:
            for axis in axes:
                label = None if trace.code in named else trace.code
                colour = COLOURS.get(trace.code, "tab:orange")
                axis.axvspan(start, max(end, start + 0.04), alpha=0.3, color=colour, label=label)
                named.add(trace.code)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="upper center", ncol=4, frameon=False)
    figure.savefig(out, dpi=110, bbox_inches="tight")


if __name__ == "__main__":
    main()
