"""What lost its detail is told, though no single pixel is far from what it was."""

import numpy as np
import pytest
from scipy import ndimage

from verifier.compare.fade import faded

PATCH = np.s_[30:60, 40:80]


def pair(seed: int, contrast: float) -> tuple[np.ndarray, np.ndarray]:
    """A texture of about 5 grey levels, and the same through a noise of 3."""
    random = np.random.default_rng(seed)
    detail = ndimage.gaussian_filter(random.normal(0, 1, (96, 128)), 1.2)
    original = (128 + contrast * detail / detail.std()).astype(np.float32)
    return original, (original + random.normal(0, 3, original.shape)).astype(np.float32)


def told(suspect: np.ndarray, original: np.ndarray, strange: float = 1.5) -> np.ndarray:
    everywhere = np.ones(original.shape, bool)
    return faded(suspect, original, everywhere, np.full(original.shape, strange, np.float32))


@pytest.mark.parametrize("seed", range(5))
def test_a_patch_without_its_detail_is_told(seed: int) -> None:
    original, suspect = pair(seed, 5)
    suspect[PATCH] += ndimage.gaussian_filter(original, 6)[PATCH] - original[PATCH]
    away = np.abs(suspect - original)
    assert np.median(away[PATCH]) < 2 * np.median(away)  # it hides among the noise
    patch = np.zeros(original.shape, bool)
    patch[PATCH] = True
    found = told(suspect, original)
    assert (found & patch).sum() / (found | patch).sum() > 0.6


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("contrast", [0, 5, 40])
def test_a_noisy_copy_has_lost_nothing(seed: int, contrast: float) -> None:
    original, suspect = pair(seed, contrast)
    assert not told(suspect, original).any()


def test_a_copy_that_is_softer_all_over_has_lost_nothing_anywhere() -> None:
    original, suspect = pair(1, 20)
    assert not told(np.asarray(ndimage.gaussian_filter(suspect, 1.0)), original).any()


def test_what_differs_by_no_more_than_usual_is_left_alone() -> None:
    original, suspect = pair(2, 5)
    suspect[PATCH] = ndimage.gaussian_filter(suspect, 6)[PATCH]
    assert not told(suspect, original, strange=0.3).any()
