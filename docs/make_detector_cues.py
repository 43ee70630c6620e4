"""Draw docs/detector-cue-examples.png: an example of each measurement of a face.

    python -m docs.make_detector_cues CLIP

CLIP shows one face and holds sound; of it nothing but curves is drawn. The photograph is
scikit-image's, NASA's portrait of Eileen Collins: on it stands where each number is measured.
"""

import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import skimage.data
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from ledger.asset import detect_media_type
from verifier.detector import closeup, signals
from verifier.detector.cues import IN_CLIPS, KINDS, Measured
from verifier.detector.faces import find_faces, fit
from verifier.detector.pictured import PUPILS, PUT, pictured
from verifier.detector.watched import Watched, heard, measured, watched
from verifier.media.probe import probe

_COLOURS = ("#e69f00", "#56b4e9", "#d55e00", "#009e73", "#cc79a7")
_TREMBLE = 30  # frames that one tremble is told of
_OF_FACES = ("skin", "teeth", "hair", "eyes", "ears")

Floats = npt.NDArray[np.float64]
Pixels = npt.NDArray[np.uint8]


def main() -> None:
    """Watch, and draw."""
    path = Path(sys.argv[1])
    media_type = detect_media_type(path.read_bytes()[:4096])
    info = probe(path, media_type)
    kept = watched(path, media_type, info)
    sound = heard(path, media_type, info, kept.within)
    told = measured(kept, sound)
    figure, axes = plt.subplots(4, 4, figsize=(16, 11.5))
    places = iter(axes.ravel())
    rgb = skimage.data.astronaut()
    _portrait(next(places), rgb)
    _place(next(places), rgb)
    _blinks(next(places), kept, told)
    _lips(next(places), kept, sound, told)
    _skin_over_time(next(places), kept, told)
    _line(next(places), "jitter", told, *_tremble(kept))
    for name, values in _series(kept).items():
        _line(next(places), name, told, np.linspace(0, kept.seconds, len(values)), values)
    for rest in places:
        rest.axis("off")
    figure.tight_layout()
    figure.savefig(Path(__file__).parent / "detector-cue-examples.png", dpi=75)


def _portrait(axis: Axes, rgb: Pixels) -> None:
    (face,) = find_faces(rgb)
    mesh = fit(rgb, face)
    assert mesh is not None  # noqa: S101  # she has one
    told = pictured(rgb, face)
    axis.imshow(rgb)
    for colour, (name, outlines) in zip(_COLOURS, closeup.places(mesh).items(), strict=True):
        for number, each in enumerate(outlines):
            closed = np.append(each, each[0])
            value = getattr(told, name)
            said = "not told" if value is None else f"{value:.2f} {KINDS[name].unit}"
            label = None if number else f"{KINDS[name].code}: {said}"
            axis.plot(closed.real, closed.imag, color=colour, linewidth=1.3, label=label)
    axis.set(xlim=(130, 330), ylim=(280, 20), xticks=[], yticks=[])
    axis.legend(fontsize=7, loc="lower left")
    axis.set_title("where it is measured", fontsize=9)


def _place(axis: Axes, rgb: Pixels) -> None:
    (face,) = find_faces(rgb)
    mesh = fit(rgb, face)
    assert mesh is not None  # noqa: S101  # she has one
    axis.imshow(rgb)
    axis.plot(*mesh.points[list(PUPILS), :2].T, "o", color=_COLOURS[1], markersize=4, label="eyes")
    axis.plot(*(PUT * len(rgb)).T, "+", color=_COLOURS[2], markersize=12, label="StyleGAN's")
    axis.legend(fontsize=7, loc="lower left")
    axis.set(xticks=[], yticks=[])
    axis.set_title(f"face.place: {pictured(rgb, face).place:.1f} % of the side", fontsize=9)


def _blinks(axis: Axes, kept: Watched, told: Measured) -> None:
    times, points = np.array(kept.times), np.stack(kept.points).astype(np.float64)
    opening = signals.eye_opening(points)
    axis.plot(times, opening, linewidth=1)
    for start, end in signals.blinks(times, opening) or ():
        axis.axvspan(start, end, color=_COLOURS[2], alpha=0.4)
    _titled(axis, "blinks", told, f"; {told.blink_length or 0:.2f} s each")
    axis.set_ylabel("how far the eyes are open", fontsize=8)


def _lips(axis: Axes, kept: Watched, sound: tuple[Floats, Floats] | None, told: Measured) -> None:
    points = np.stack(kept.points).astype(np.float64)
    axis.plot(kept.times, signals.mouth_opening(points), linewidth=1, label="mouth")
    if sound is not None:
        loud = np.interp(kept.times, *sound)
        axis.twinx().plot(kept.times, loud, color=_COLOURS[0], linewidth=0.8, label="loudness")
    _titled(axis, "lips", told, f"; lag {told.lips_lag or 0:.2f} s")
    axis.set_ylabel("mouth (blue), loudness (orange)", fontsize=8)


def _skin_over_time(axis: Axes, kept: Watched, told: Measured) -> None:
    green = np.stack(kept.colours)[:, 1]
    slow = np.convolve(np.pad(green, 15, "edge"), np.ones(31) / 31, "valid")
    axis.plot(kept.times, green - slow, linewidth=0.8, color=_COLOURS[3])
    _titled(axis, "pulse", told, f"; {told.beats or 0:.0f} a minute")
    axis.set_ylabel("green of the skin, less its drift", fontsize=8)


def _tremble(kept: Watched) -> tuple[Floats, Floats]:
    times, points = np.array(kept.times), np.stack(kept.points).astype(np.float64)
    starts = range(0, len(times) - _TREMBLE, _TREMBLE // 2)
    values = [
        signals.jitter(times[at : at + _TREMBLE], points[at : at + _TREMBLE]) or 0.0
        for at in starts
    ]
    return np.array([times[at] for at in starts]), np.array(values)


def _series(kept: Watched) -> dict[str, Floats]:
    told: dict[str, list[float]] = {
        "flicker": kept.flickers,
        "rim": kept.rims,
        "reflections": kept.reflections,
        "light": kept.lights,
        "sharpness": kept.sharpnesses,
    }
    for name in _OF_FACES:
        values = [getattr(each, name) for each in kept.close_ups]
        told[name] = [each for each in values if each is not None]
    return {name: np.array(values) for name, values in told.items()}


def _line(axis: Axes, name: str, told: Measured, times: Floats, values: Floats) -> None:
    axis.axhspan(*IN_CLIPS[name], color="0.9")
    axis.plot(times, values, ".-", linewidth=0.6, markersize=3)
    _titled(axis, name, told)


def _titled(axis: Axes, name: str, told: Measured, more: str = "") -> None:
    value, kind = getattr(told, name), KINDS[name]
    said = "not told" if value is None else f"{value:.2f} {kind.unit[:22]}"
    axis.set_title(f"{kind.code}: {said}{more}", fontsize=9)
    axis.tick_params(labelsize=7)


if __name__ == "__main__":
    main()
