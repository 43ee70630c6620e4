"""The distinct places of a picture: the strongest, however many are asked for."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from verifier.compare.features import find_features


def lattice(side: int) -> npt.NDArray[np.float32]:
    """Return a picture that is distinct places all over, and all alike."""
    y, x = np.mgrid[:side, :side] * (2 * np.pi / 12)
    return np.asarray(128 + 60 * np.sin(x) * np.sin(y), np.float32)


def noise(side: int) -> npt.NDArray[np.float32]:
    return np.random.default_rng(1).normal(128, 40, (side, side)).astype(np.float32)


@pytest.mark.parametrize("make", [lattice, noise])
@pytest.mark.parametrize("most", [1, 7, 12])
def test_those_that_are_asked_for_are_the_first_of_all(
    make: Callable[[int], npt.NDArray[np.float32]], most: int
) -> None:
    picture = make(160)
    some, every = find_features(picture, most), find_features(picture, 1_000_000)
    assert len(some.places) == most < len(every.places)
    for name in ("places", "scales", "angles"):
        assert np.array_equal(getattr(some, name), getattr(every, name)[:most])
    # Products of matrices of other heights are rounded otherwise.
    assert np.allclose(some.descriptors, every.descriptors[:most], atol=1e-5)
