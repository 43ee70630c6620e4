"""PDQ is Meta's, bit for bit, and knows a picture that was turned or mirrored."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests import media
from verifier.fingerprint.pdq import SIDE, eight_ways, pdq

# What `pdqhash` 0.2.8, Meta's own code, gives for the photograph of the tests.
PINNED = "8792786c87937064bf1bc0e43f1fc0e03f1cc2e33da4c2537cec821b2ce4f376"


def as_meta_writes(bits: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> str:
    return np.packbits(bits[::-1, ::-1]).tobytes().hex()


@pytest.fixture
def photograph(tmp_path: Path) -> Image.Image:
    with Image.open(media.photograph(tmp_path)) as image:
        return image.convert("RGB")


def test_the_hash_is_the_one_that_metas_code_gives(photograph: Image.Image) -> None:
    ours = bytes.fromhex(as_meta_writes(pdq(np.asarray(photograph.convert("L")))))
    differing = int.from_bytes(ours) ^ int.from_bytes(bytes.fromhex(PINNED))
    assert differing.bit_count() <= 2  # Meta's luma is not rounded to whole levels


def slow_pdq(luma: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> list[bool]:
    """By the letter: two passes of a box along rows, then columns; samples; a cosine transform."""

    def box(values: list[float], window: int) -> list[float]:
        after = (window + 2) // 2
        found = []
        for place in range(len(values)):
            inside = values[max(0, place - window + after) : place + after]
            found.append(sum(inside) / len(inside))
        return found

    height, width = luma.shape
    rows, columns = -(-height // 128), -(-width // 128)
    for _ in range(2):
        luma = np.array([box(row.tolist(), columns) for row in luma])
        luma = np.array([box(column.tolist(), rows) for column in luma.T]).T
    down = [int((place + 0.5) * height / 64) for place in range(64)]
    across = [int((place + 0.5) * width / 64) for place in range(64)]
    small = luma[np.ix_(down, across)]
    waves = np.array(
        [
            [np.cos(np.pi / 128 * number * (2 * place + 1)) for place in range(64)]
            for number in range(1, SIDE + 1)
        ]
    )
    found = waves @ small @ waves.T
    return list((found > np.sort(found, axis=None)[127]).ravel())


@settings(max_examples=10, deadline=None)
@given(st.integers(64, 150), st.integers(64, 150), st.integers(0, 2**32))
def test_the_two_small_matrices_do_what_the_description_says(
    height: int, width: int, seed: int
) -> None:
    luma = np.random.default_rng(seed).integers(0, 256, (height, width), np.uint8)
    differing = pdq(luma).ravel() ^ np.array(slow_pdq(luma.astype(np.float64)))
    assert differing.sum() <= 2  # equal but for rounding at the median


def test_a_hash_knows_its_picture_turned_and_mirrored(photograph: Image.Image) -> None:
    ways = eight_ways(pdq(np.asarray(photograph.convert("L"))))
    assert len(np.unique(ways.reshape(8, -1), axis=0)) == 8
    nearest = []
    for turn in Image.Transpose:
        turned = pdq(np.asarray(photograph.transpose(turn).convert("L")))
        distances = (ways != turned).sum(axis=(1, 2))
        assert distances.min() <= 20, turn
        nearest.append(int(distances.argmin()))
    assert sorted(nearest) == [1, 2, 3, 4, 5, 6, 7]


def test_tiny_pictures_have_a_hash_too() -> None:
    for shape in ((1, 1), (1, 500), (3, 2)):
        assert pdq(np.zeros(shape, np.uint8)).shape == (SIDE, SIDE)
