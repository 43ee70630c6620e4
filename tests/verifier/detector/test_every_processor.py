"""The same answer on every installation: numbers that were seen on one processor, to the bit.

They came out so with vectors of 512 bits, and of 256 (AVX2) as `qemu-x86_64 -cpu Haswell` has them:
docs/detector.md says how to repeat it. Processors that do not fuse products and sums round
otherwise.
"""

import hashlib
import platform
from pathlib import Path

import numpy as np
import pytest

from verifier.detector import encoder, seams, texture
from verifier.detector.adapted import FACES, PICTURES, SWAPS, Adapted
from verifier.detector.encoder import SIDE

ACROSS, DOWN = np.meshgrid(np.arange(SIDE), np.arange(SIDE))
SQUARE = np.stack((ACROSS, DOWN, (ACROSS * DOWN) // SIDE), -1).astype(np.uint8)
SEEN = "0b7990348df49c321d0e2f0ac8769ba2b3805d44abd70f1ca3d62ccc165dd7c0"  # SHA-256 of features
TEXTURE = "b79d46e7d6e2c5b0af3067146abcbf131ababee2ae000586d12765e789751da1"
SEAMS = -0.7975132465362549


def _fuses() -> bool:
    flags = Path("/proc/cpuinfo")
    known = platform.machine() == "x86_64" and flags.exists()
    return known and " fma " in flags.read_text(encoding="ascii", errors="replace")


fused = pytest.mark.skipif(not _fuses(), reason="the numbers are of x86-64 with AVX2 and FMA")


@fused
def test_the_encoder_sees_the_same_to_the_bit() -> None:
    told = encoder.encode(SQUARE, (6, 7, 8, 9))
    assert hashlib.sha256(told.tobytes()).hexdigest() == SEEN


def test_the_encoder_sees_nothing_else_anywhere() -> None:
    told = encoder.encode(SQUARE, (8, 9))
    assert told[:6] == pytest.approx([-0.136, -0.186, -0.183, -0.125, 0.108, -0.027], abs=0.1)


@fused
@pytest.mark.parametrize(
    ("network", "score"),
    [(SWAPS, -0.3446914255619049), (PICTURES, -2.320056676864624), (FACES, -2.872130870819092)],
    ids=lambda each: getattr(each, "file", ""),
)
def test_networks_over_its_matrices_say_the_same_to_the_bit(network: Adapted, score: float) -> None:
    assert network.look(SQUARE)[1] == score


@fused
def test_texture_and_seams_are_the_same_to_the_bit() -> None:
    assert hashlib.sha256(texture.encode(SQUARE[None]).tobytes()).hexdigest() == TEXTURE
    assert seams.score(SQUARE) == SEAMS


@pytest.mark.parametrize("network", [SWAPS, PICTURES, FACES], ids=lambda each: each.file)
def test_no_graph_adds_up_by_as_many_lanes_as_a_processor_has(network: Adapted) -> None:
    data = Path(encoder.__file__).with_name(network.file).read_bytes()
    assert b"ReduceSum" in data
    assert b"Softmax" not in data + encoder.parts()[0]
