"""Learn a head from features: pure, arrays in, arrays out.

For the calibration a photograph is scored by a line that has seen none of its source; a generated
picture is scored twice, by a line that has seen none of its source and by one that has seen none of
its generator's family, since the next generator may be of a family that was seen, or of none. For
a line each class weighs alike, and within it each source by the root of its size.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from .calibration import Calibration, Labels, Names, calibrate
from .head import Head
from .likeness import Likeness

COMPONENTS = 512  # of what differs most between pictures: the line is learnt in these
PENALTY = 1000.0  # on the line's weights, in pictures
SHARE = 1.5  # of what the line says: how much a score of its own weighs, in deviations
DOMAIN = 32  # components that say how unlike the training a picture is
FARTHEST = 0.995  # of the training's pictures are nearer than the farthest of which we speak
_FAMILIES = {  # what generators have in common, by how their sources' names begin
    "fake_bing": "dalle3",
    "fake_gpt": "gpt",
    "fake_sdxl": "sdxl",
    "fake_dmd2": "sdxl",
    "fake_flux": "flux",
    "fake_dit": "imagenet transformers",
    "fake_stylegan1": "stylegan",
    "fake_stylegan2": "stylegan2",
    "fake_sd": "latent diffusion",
    "fake_ldm": "latent diffusion",
    "fake_lcm": "latent diffusion",
    "fake_instaflow": "latent diffusion",
    "fake_perflow": "latent diffusion",
    "fake_dalle3": "dalle3",
    "fake_hunyuan": "hunyuan",
    "fake_imagen": "imagen",
    "fake_pixart": "pixart",
    "fake_qwen": "qwen",
    "fake_zimage": "zimage",
}

Floats = npt.NDArray[np.float64]
Kind = TypeVar("Kind", Head, Likeness)


class Components:
    """The main directions of features of shape (n, features), each feature scaled alike first."""

    def __init__(self, features: Floats, count: int) -> None:
        self.centre = features.mean(0)
        self.scale = 1 / (features.std(0) + 1e-3)
        scaled = (features - self.centre) * self.scale
        few = len(scaled) < scaled.shape[1]  # the lesser of the two products has all that differs
        strengths, turned = np.linalg.eigh(scaled @ scaled.T if few else scaled.T @ scaled)
        count = min(count, int((strengths > 1e-9 * strengths[-1]).sum()))
        strengths, turned = strengths[::-1][:count], turned[:, ::-1][:, :count]
        self.directions = (scaled.T @ turned) / np.sqrt(strengths) if few else turned
        self.deviations = np.sqrt(strengths / len(features))

    def __call__(self, features: Floats) -> Floats:
        """Features along the directions: (n, count)."""
        told: Floats = ((features - self.centre) * self.scale) @ self.directions
        return told


@dataclass(frozen=True, slots=True)
class Learnt(Generic[Kind]):
    """What was learnt, the pictures' scores without their like, and how to ask so of others."""

    head: Kind
    by_family: Floats  # (n,): the family of a generated picture's maker, a photograph's source
    by_source: Floats
    left_out: Callable[[Labels, Names], Floats]  # labels and groups, (n,) each: scores by the rest


@dataclass(frozen=True, slots=True)
class Said:
    """Scores of its own, (n,) each, by what was taught without a picture's family, its source.

    NaN where it was not asked: the calibration is of the others.
    """

    by_family: Floats
    by_source: Floats


def learn(
    features: Floats,
    generated: Labels,
    sources: Names,
    *,
    said: Said | None = None,
    share: float = SHARE,
    families: Names | None = None,
    seed: int = 1,
) -> Learnt[Head]:
    """Learn from pictures of shape (n, features); raises ValueError for fewer than two sources.

    With `said` the head takes one more feature, and adds it, `share` times as loud as the line.
    `families` are the sources' families, where they are not told by `family`.
    """
    components = Components(features, COMPONENTS)
    along = components(features)
    if families is None:
        families = np.array([family(each) for each in sources])
    by_family, by_source = (held_out(along, generated, each) for each in (families, sources))
    more = np.zeros(0)
    if said is not None:
        more = np.array([worth(said, by_family, share)])
        by_family, by_source = with_said(by_family, by_source, said, float(more[0]))
    calibration = calibrated(by_family, by_source, generated, sources, seed)
    line = line_of(along, generated, sources)
    weights = components.scale * (components.directions @ line[:-1])
    shown = (components.directions[:, :DOMAIN] / components.deviations[:DOMAIN]).T
    head = Head(
        weights=np.append(weights, more),
        offset=np.array(line[-1] - components.centre @ weights),
        lines=calibration.lines,
        bounds=np.array(calibration.bounds),
        centre=np.append(components.centre, 0 * more),
        directions=np.hstack((shown * components.scale, np.zeros((len(shown), len(more))))),
        farthest=np.array(np.inf),
    )
    told = np.hstack((features, np.zeros((len(features), len(more))))).astype(np.float32)
    farthest = np.array(np.quantile([head.distance(each) for each in told], FARTHEST))
    left_out = partial(held_out, along)
    return Learnt(replace(head, farthest=farthest), by_family, by_source, left_out)


def worth(said: Said, scores: Floats, share: float) -> float:
    """What a score of its own is multiplied by to weigh `share` of others, in deviations."""
    asked = np.isfinite(said.by_family)
    return share * float(scores[asked].std() / said.by_family[asked].std())


def with_said(
    by_family: Floats, by_source: Floats, said: Said, more: float
) -> tuple[Floats, Floats]:
    """Scores without families and without sources, and `more` of what is said so beside each."""
    return by_family + more * said.by_family, by_source + more * said.by_source


def calibrated(
    by_family: Floats, by_source: Floats, generated: Labels, sources: Names, seed: int
) -> Calibration:
    """The calibration by both scores of each picture, (n,) each, as told above; but for NaN."""
    told = np.flatnonzero(np.isfinite(by_family))
    return calibrate(
        np.concatenate((by_family[told], by_source[told])),
        np.tile(generated[told], 2),
        np.tile(sources[told], 2),
        files=np.tile(told.astype(np.str_), 2),
        seed=seed,
        unseen=True,
    )


def family(source: str) -> str:
    """The family that a source of generated pictures is of; other sources are families of one."""
    return next((name for start, name in _FAMILIES.items() if source.startswith(start)), source)


def held_out(along: Floats, generated: Labels, sources: Names, penalty: float = PENALTY) -> Floats:
    """A score of each picture by a line that was learnt without its source."""
    scores = np.zeros(len(along))
    of_all = line_of(along, generated, sources, penalty)
    for name in np.unique(sources):
        out = sources == name
        rest = ~out
        line = line_of(along[rest], generated[rest], sources[rest], penalty, start=of_all)
        scores[out] = along[out] @ line[:-1] + line[-1]
    return scores


def line_of(
    along: Floats,
    generated: Labels,
    sources: Names,
    penalty: float = PENALTY,
    *,
    start: Floats | None = None,
) -> Floats:
    """A line over columns, its offset last, both classes and their sources weighing as above.

    It is the same wherever it is looked for from; `start` is where, for one that is near is sooner
    there.
    """
    return _logistic(along, generated, evenly(generated, sources), penalty, start)


def evenly(generated: Labels, sources: Names, *, power: float = 0.5) -> Floats:
    """Each picture's weight, their mean 1: classes alike, a source by this power of its size."""
    weights = np.zeros(len(generated))
    for which in (False, True):
        for name in np.unique(sources[generated == which]):
            rows = (sources == name) & (generated == which)
            weights[rows] = rows.sum() ** (power - 1)
        weights[generated == which] *= len(generated) / 2 / weights[generated == which].sum()
    return weights


def _logistic(
    along: Floats, generated: Labels, weights: Floats, strength: float, start: Floats | None
) -> Floats:
    """Penalised logistic regression by Newton's steps; the offset last, and not penalised."""
    design = np.hstack((along, np.ones((len(along), 1))))
    penalty = np.full(design.shape[1], strength)
    penalty[-1] = 1e-6
    line = np.zeros(design.shape[1]) if start is None else start.copy()
    for _ in range(30):
        chances = 1 / (1 + np.exp(-design @ line))
        gradient = design.T @ (weights * (chances - generated)) + penalty * line
        curve = (design * (weights * chances * (1 - chances))[:, None]).T @ design
        step = np.linalg.solve(curve + np.diag(penalty), gradient)
        line -= step
        if np.abs(step).max() < 1e-8:
            break
    return line
