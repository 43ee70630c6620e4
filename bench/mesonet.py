"""Meso4, a peer: "MesoNet: a Compact Facial Video Forgery Detection Network" (WIFS 2018).

Its weights (`weights/Meso4_DF.h5` of DariusAf/MesoNet, Apache-2.0) are read with h5py, and its four
convolutions done in numpy: Keras runs nowhere here. Faces of SIDE by SIDE pixels, 0 to 1.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt

SIDE = 256
_POOLS = (2, 2, 2, 4)
_EPSILON = 1e-3  # Keras's

Floats = npt.NDArray[np.float32]


class Meso4:
    """One set of weights."""

    def __init__(self, file: Path) -> None:
        import h5py

        with h5py.File(file) as held:
            values: dict[str, Floats] = {}
            held.visititems(
                lambda name, each: (
                    values.__setitem__(name, each[()]) if hasattr(each, "shape") else None
                )
            )
        names = sorted({name.split("/")[0] for name in values}, key=_place)
        self.layers = [
            [values[key] for key in _ordered(values, name)]
            for kind in ("conv2d", "batch_normalization", "dense")
            for name in names
            if name.startswith(kind)
        ]

    def generated(self, face: npt.NDArray[np.uint8]) -> float:
        """How likely the face is a deepfake: the network tells how likely it is real."""
        value = face.astype(np.float32) / 255
        for place, pool in enumerate(_POOLS):
            kernel, bias = self.layers[place]
            gamma, beta, mean, variance = self.layers[4 + place]
            value = np.maximum(_convolved(value.astype(np.float32), kernel) + bias, 0)
            value = (value - mean) / np.sqrt(variance + _EPSILON) * gamma + beta
            height, width, depth = value.shape
            value = value.reshape(height // pool, pool, width // pool, pool, depth).max((1, 3))
        hidden = value.ravel() @ self.layers[8][0] + self.layers[8][1]
        hidden = np.where(hidden > 0, hidden, 0.1 * hidden)
        told = float((hidden @ self.layers[9][0] + self.layers[9][1])[0])
        return float(1 - 1 / (1 + np.exp(-told)))


def _convolved(value: Floats, kernel: Floats) -> Floats:
    half = kernel.shape[0] // 2
    padded = np.pad(value, ((half, half), (half, half), (0, 0)))
    told = np.zeros((*value.shape[:2], kernel.shape[3]), np.float32)
    for row in range(kernel.shape[0]):
        for column in range(kernel.shape[1]):
            part = padded[row : row + value.shape[0], column : column + value.shape[1]]
            told += part @ kernel[row, column]
    return told


def _place(name: str) -> int:
    return int(name.rsplit("_", 1)[1]) if name.rsplit("_", 1)[-1].isdigit() else 0


def _ordered(values: dict[str, Floats], layer: str) -> list[str]:
    """Kernel and bias, or gamma, beta, mean and variance, whatever the file's order."""
    order = ("kernel", "bias", "gamma", "beta", "moving_mean", "moving_variance")
    keys = [key for key in values if key.split("/")[0] == layer]
    return sorted(keys, key=lambda key: order.index(key.rsplit("/", 1)[1].split(":")[0]))
