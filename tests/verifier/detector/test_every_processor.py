"""The same answer on every installation: numbers that were seen on one processor, to the bit.

They came out so with vectors of 512 bits, with AVX2 as `qemu-x86_64 -cpu Haswell` has it, and, but
for the last bits of what the small networks say, on 64-bit ARM: docs/detector.md says how to repeat
it. Processors that do not fuse products and sums round otherwise.
"""

import hashlib
import platform
from pathlib import Path

import numpy as np
import pytest

from verifier.detector import encoder, kinds, seams, texture
from verifier.detector.adapted import FACES, PICTURES, SWAPS, Adapted
from verifier.detector.encoder import SIDE

ACROSS, DOWN = np.meshgrid(np.arange(SIDE), np.arange(SIDE))
SQUARE = np.stack((ACROSS, DOWN, (ACROSS * DOWN) // SIDE), -1).astype(np.uint8)
SEEN = "b7cf2f64a6315ff9429329f19c4a2c3f0c5116a3f7396155ff89b25e620eb657"  # SHA-256 of features
TEXTURE = "b79d46e7d6e2c5b0af3067146abcbf131ababee2ae000586d12765e789751da1"
SEAMS = -0.7975132465362549
ORDINARY = 0.4199023164238968  # the chance that SQUARE is an ordinary picture


ARM = platform.machine() in ("aarch64", "arm64")


def _fuses() -> bool:
    flags = Path("/proc/cpuinfo")
    known = platform.machine() == "x86_64" and flags.exists()
    return ARM or (known and " fma " in flags.read_text(encoding="ascii", errors="replace"))


fused = pytest.mark.skipif(not _fuses(), reason="the numbers are of processors that fuse")


@fused
def test_the_encoder_sees_the_same_to_the_bit() -> None:
    told = encoder.encode(SQUARE, (6, 7, 8, 9))
    assert hashlib.sha256(told.tobytes()).hexdigest() == SEEN


@fused
def test_of_which_kind_a_picture_is_likely_is_the_same_to_the_last_digits_but_three() -> None:
    told = kinds.trained().chances(encoder.encode(SQUARE, (6, 7, 8, 9))[None, : kinds.TOKENS])
    assert told[0, 0] == pytest.approx(ORDINARY, rel=1e-12)  # sums of 64 bits, in any order


def test_the_encoder_sees_nothing_else_anywhere() -> None:
    told = encoder.encode(SQUARE, (8, 9))
    assert told[:6] == pytest.approx([-0.096, -0.169, -0.178, -0.100, 0.11, -0.03], abs=0.1)


@fused
@pytest.mark.parametrize(
    ("network", "score"),
    [
        (SWAPS, -0.35596349835395813),
        (PICTURES, -2.143434762954712),
        (FACES, -3.0217161178588867),
    ],
    ids=lambda each: getattr(each, "file", ""),
)
def test_networks_over_its_matrices_say_the_same_to_the_bit(network: Adapted, score: float) -> None:
    assert network.look(SQUARE)[1] == (pytest.approx(score, abs=1e-5) if ARM else score)


@fused
@pytest.mark.skipif(ARM, reason="their last bits are others")
def test_texture_and_seams_are_the_same_to_the_bit() -> None:
    assert hashlib.sha256(texture.encode(SQUARE[None]).tobytes()).hexdigest() == TEXTURE
    assert seams.score(SQUARE) == SEAMS


@pytest.mark.parametrize("network", [SWAPS, PICTURES, FACES], ids=lambda each: each.file)
def test_no_graph_has_a_step_that_processors_take_differently(network: Adapted) -> None:
    data = Path(encoder.__file__).with_name(network.file).read_bytes()
    for each in (data, encoder.parts()[0]):
        assert b"MatMulInteger" in each
        assert b"Softmax" not in each
        assert b"Conv" not in each
    assert b"LayerNormalization" not in encoder.parts()[0]
    assert data.count(b"LayerNormalization") == 1  # the last, before the line
