"""A network that belongs to this version: others, and none, are not read, whoever asks."""

from collections.abc import Callable
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest

from verifier.detector import seams, texture
from verifier.errors import ToolMissing

SQUARE = np.zeros((224, 224, 3), np.uint8)


@pytest.mark.parametrize(
    ("its", "ask"),
    [(seams, lambda: seams.score(SQUARE)), (texture, lambda: texture.encode(SQUARE[None]))],
    ids=["seams", "texture"],
)
def test_weights_that_are_others_or_absent_are_not_read(
    its: ModuleType, ask: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    network = its.NETWORK
    monkeypatch.setattr(its, "NETWORK", replace(network, digest="0" * 64))
    with pytest.raises(ToolMissing, match="not those"):
        ask()
    monkeypatch.setattr(its, "NETWORK", replace(network, file="none.onnx"))
    with pytest.raises(ToolMissing, match="cannot be read"):
        ask()
