"""The lines beside that of cloned voices: what knows speech, and what hears low-rate MP3.

MP3 of a low bit rate moves the scores of voices further than cloning does, towards recorded ones or
cloned ones by its rate; so it is listened for, and whatever has been through it is not judged.
"""

import re
from pathlib import Path

import numpy as np
import numpy.typing as npt

from verifier.detector.calibration import auc
from verifier.detector.voice_bands import RATE, WINDOW, seen, spectrum
from verifier.detector.voice_domain import SILENT, describe, loudness
from verifier.detector.voice_statistics import statistics

from .voice_views import CODECS, TELEPHONE, clips, digest, dirtied, plain, through, window

RIDGE = 0.1  # on each weight of a line, where the views' weights sum to one
STEPS = 7  # of Newton
SPOKEN, UNSPOKEN = 15, 200  # clips of a source, of speech and of none
LOW = ("mp3-16", "mp3-24", "mp3-32", "mp3-40")
_BETWEEN = ("mp3-48", TELEPHONE.name)  # neither to be heard nor to be passed over
_ALARMS = 0.01  # of what has been through no low-rate MP3, taken for it

Floats = npt.NDArray[np.floating]
Labels = npt.NDArray[np.bool_]


def fitted(along: Floats, synthetic: npt.NDArray[np.bool_], weights: Floats) -> Floats:
    """A line of logistic regression through (n, numbers), its offset last: Newton, in the dual."""
    design = np.c_[along, np.ones(len(along))].astype(np.float64)
    ridge = np.full(design.shape[1], RIDGE)
    ridge[-1] = 1e-6
    line, scaled = np.zeros(design.shape[1]), design / np.sqrt(ridge)
    alike = scaled @ scaled.T
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-design @ line))
        slope = design.T @ (weights * (chance - synthetic)) + ridge * line
        inner = alike + np.diag(1 / (weights * chance * (1 - chance) + 1e-9))
        back = np.linalg.solve(inner, scaled @ (slope / np.sqrt(ridge)))
        line -= slope / ridge - (scaled.T @ back) / np.sqrt(ridge)
    return line


def speech_line(folder: Path, seed: int, sung: str) -> dict[str, Floats]:
    """The line that knows speech from `none*/` sources, and the score of all but 1 % of speech.

    `sung` names the sources that hold singing or music, which are neither. Every other counts alike
    within its class. Each window is heard as it is, and dirtied; the score is of those as they are.
    """
    told, sources, clean = _described(folder, np.random.default_rng(seed), sung)
    speech = ~np.char.startswith(sources, "none")
    mean, deviation = told.mean(0), told.std(0)
    along = (told - mean) / deviation
    design = np.c_[along, along**2, np.ones(len(along))]
    weights = np.zeros(len(speech))
    for which in (False, True):
        names = np.unique(sources[speech == which])
        for name in names:
            weights[sources == name] = 0.5 / len(names) / np.sum(sources == name)
    line = np.zeros(design.shape[1])
    for _ in range(60):
        chance = 1 / (1 + np.exp(-design @ line))
        curve = (design * (weights * chance * (1 - chance))[:, None]).T @ design
        slope = design.T @ (weights * (chance - speech)) + 1e-3 * line
        line -= np.linalg.solve(curve + 1e-3 * np.eye(len(line)), slope).clip(-2, 2)
    scores = design @ line
    least = np.quantile(scores[speech & clean], 0.01)
    print(f"speech known from the rest: AUC {auc(scores, speech):.3f}")
    for name in np.unique(sources):
        print(f"  {name:36} {np.mean(scores[sources == name] > least):.3f} taken for speech")
    return {
        "speech_mean": mean,
        "speech_deviation": deviation,
        "speech_line": line,
        "speech_least": least,
    }


def _described(
    folder: Path, random: np.random.Generator, sung: str
) -> tuple[Floats, npt.NDArray[np.str_], Labels]:
    """Ten numbers of each window, its source, and whether it is as it was: of speech, a few."""
    told, sources, clean = list[Floats](), list[str](), list[bool]()
    for place in sorted(each for each in folder.iterdir() if not re.search(sung, each.name)):
        speech = not place.name.startswith("none")
        for _, heard in clips(place, SPOKEN if speech else UNSPOKEN):
            for start in range(0, 1 if speech else len(heard), WINDOW):
                part = heard[start : start + WINDOW]
                if len(part) < RATE or loudness(part) < SILENT:
                    continue
                for each in (part, dirtied(window(part, random, WINDOW), random)):
                    told.append(describe(each.astype(np.float32), spectrum(each)))
                    sources.append(place.name)
                    clean.append(each is part)
    return np.array(told), np.array(sources), np.array(clean)


def low_rate_line(
    folder: Path, most: int, seed: int, ffmpeg: str, mean: Floats, deviation: Floats
) -> dict[str, Floats]:
    """The line that hears low-rate MP3, and the score of 1 % of what has been through none.

    Each window goes through a low-rate MP3 that is drawn, and through another codec or none. The
    score is that of three lines' left-out thirds of the recordings; the line is their mean.
    """
    told, names, thirds = _coded(folder, most, np.random.default_rng(seed), ffmpeg)
    along, low = ((told - mean) / deviation).clip(-4, 4), np.isin(names, LOW)
    lines, scores = [], np.zeros(len(low))
    for third in range(3):
        learnt = thirds != third
        weights = np.where(low, 0.5 / low[learnt].sum(), 0.5 / (~low[learnt]).sum())[learnt]
        lines.append(fitted(along[learnt], low[learnt], weights))
        scores[~learnt] = along[~learnt] @ lines[-1][:-1] + lines[-1][-1]
    least = np.quantile(scores[~low], 1 - _ALARMS)
    print(f"low-rate MP3 heard: AUC {auc(scores, low):.3f} of {len(low)} views")
    for name in np.unique(names):
        its = names == name
        print(f"  {name:36} {its.sum():5} {np.mean(scores[its] > least):.3f}")
    line = np.mean(lines, 0)
    return {"low_line": line[:-1], "low_offset": line[-1], "low_least": least}


def _coded(
    folder: Path, most: int, random: np.random.Generator, ffmpeg: str
) -> tuple[Floats, npt.NDArray[np.str_], npt.NDArray[np.int64]]:
    """Statistics of coded windows of speech, their codecs' names, and thirds of recordings."""
    others = [each for each in CODECS if each.name not in LOW + _BETWEEN]
    lows = [each for each in CODECS if each.name in LOW]
    drawn = []
    for place in sorted(folder.iterdir()):
        if place.name.startswith(("real", "fake")):
            for name, samples in clips(place, most):
                third = int(digest(name.split(".")[0]), 16) % 3
                part = plain(samples, random)
                chosen = [each[random.integers(len(each))] for each in (lows, others)]
                drawn += [(part, codec, third) for codec in chosen]
    told, names, thirds = list[Floats](), list[str](), list[int]()
    for codec in dict.fromkeys(CODECS):
        its = [each for each in drawn if each[1] == codec]
        for heard in through([part for part, _, _ in its], codec, ffmpeg) if its else ():
            told.append(statistics(seen(spectrum(heard))))
        names += [codec.name] * len(its)
        thirds += [third for _, _, third in its]
    return np.array(told), np.array(names), np.array(thirds)
