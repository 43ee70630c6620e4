"""Some 1,700 numbers of a window's bands: how energies are spread, move, and go together.

Vocoders smooth, repeat and couple what a voice leaves free: the spread of a band's energy and of
its steps, their skewness and tails, how a band resembles itself some frames later and its
neighbours at the same time, and how the quietest frames differ from the loudest. All of it is of
bands relative to their means (`voice_bands.seen`), so that level and long-term spectrum tell
nothing.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


def statistics(bands: Floats) -> Floats:
    """The statistics of normalised bands (frames, 64): shape (1685,)."""
    bands = bands.astype(np.float32)
    spread = bands.std(0) + 0.05
    even = (bands - bands.mean(0)) / spread
    steps = np.diff(bands, axis=0)
    step_spread = steps.std(0) + 0.02
    even_steps = (steps - steps.mean(0)) / step_spread
    told = [
        *(np.log(spread), (even**3).mean(0).clip(-3, 3), np.log((even**4).mean(0) + 0.5)),
        np.log(step_spread),
        np.log((even_steps**4).mean(0) + 0.5),
        (even_steps**3).mean(0).clip(-3, 3),
        *((even[lag:] * even[:-lag]).mean(0) for lag in (1, 2, 4, 8)),
        *((even_steps[lag:] * even_steps[:-lag]).mean(0) for lag in (1, 2, 3)),
        *((even[:, away:] * even[:, :-away]).mean(0) for away in (1, 2, 4, 8, 16)),
        *((even_steps[:, away:] * even_steps[:, :-away]).mean(0) for away in (1, 2, 4, 8)),
        *_curves(bands, steps),
        *_loud_and_quiet(bands),
    ]
    return np.concatenate(told).astype(np.float32)


def _curves(bands: Floats, steps: Floats) -> tuple[Floats, ...]:
    """How rough a frame is across its bands, and a band over time."""
    rough = np.quantile(np.diff(bands, axis=1).std(1), (0.05, 0.25, 0.5, 0.75, 0.95))
    across = np.log(np.abs(np.diff(bands, 2, axis=1)).mean(0) + 0.02)
    bends = np.log(np.abs(np.diff(bands, 2, axis=0)).mean(0) + 0.02)
    return rough, across, bends - np.log(np.abs(steps).mean(0) + 0.02)


def _loud_and_quiet(bands: Floats) -> tuple[Floats, ...]:
    """How the quietest fifth of the frames differs from the loudest, and how each is spread."""
    level = bands.mean(1)
    low, high = np.quantile(level, (0.2, 0.8))
    quiet, loud = bands[level <= low], bands[level >= high]
    return (
        quiet.mean(0) - loud.mean(0),
        np.log(quiet.std(0) + 0.05),
        np.log(loud.std(0) + 0.05),
    )
