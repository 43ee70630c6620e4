"""A network that belongs to this version: others, and none, are not read, whoever asks."""

from collections.abc import Callable
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest

from verifier.detector import encoder, seams, texture
from verifier.detector.adapted import FACES, PICTURES, Adapted
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


def test_networks_say_the_same_once_what_they_were_opened_with_is_given_back() -> None:
    before = PICTURES.look(SQUARE)[1], FACES.look(SQUARE)[1]
    told = encoder.encode(SQUARE, (9,))
    encoder.forget()
    assert (PICTURES.look(SQUARE)[1], FACES.look(SQUARE)[1]) == before
    assert np.array_equal(encoder.encode(SQUARE, (9,)), told)
    again = Adapted(FACES.file, FACES.digest, "seen").session()  # opened anew
    assert again.run(["generated"], {"pixels": SQUARE[None]})[0][0, 0] == np.float32(before[1])
