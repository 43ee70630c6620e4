"""Windows are drawn as networks hear them, and ears are written as they are. Needs torch."""

import importlib
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.media import ffmpeg_path
from verifier.detector import network, voice_network
from verifier.detector.voice_bands import RATE, WINDOW

from .test_voice import babble
from .test_voice_training import _write

torch = pytest.importorskip("torch")


def module(name: str) -> Any:
    return importlib.import_module(f"training.{name}")


@pytest.fixture
def pool(tmp_path: Path) -> Any:
    for number, source in enumerate(("real_a", "fake_a")):
        for clip in range(2):
            _write(tmp_path / source / f"{clip}.wav", babble(3 + 2 * clip, seed=10 * number + clip))
    held = module("voice_pool").gathered(tmp_path, ["fake_a", "real_a"])
    return module("voice_pool").Pool(*held, 600, "cpu")


def test_a_window_is_prepared_as_the_detector_prepares_it() -> None:
    heard = babble(4)
    told = module("voice_pool").prepared(torch.from_numpy(heard)[None])[0].numpy()
    assert np.allclose(told, voice_network.prepared(heard), atol=1e-4)


def test_windows_of_clips_of_any_length_are_drawn_alike_again(pool: Any) -> None:
    draws = []
    for _ in range(2):
        torch.manual_seed(3)
        draws.append(pool.draw(16))
    assert torch.equal(*draws)
    assert draws[0].shape == (16, WINDOW)
    assert torch.isfinite(draws[0]).all()
    level = draws[0].square().mean(1).sqrt()
    assert torch.allclose(level, torch.tensor(0.06), rtol=0.01)
    assert len(set(draws[0][:, 0].tolist())) == 16


def test_what_workers_code_is_drawn_from_too(pool: Any, tmp_path: Path) -> None:
    coding = pool.coding(1, str(ffmpeg_path()), 1, tmp_path / "clips.npy")
    for _ in range(600):
        next(coding)
        if len(pool.lengths) > pool.plain:
            break
        time.sleep(0.1)
    coding.close()
    assert len(pool.lengths) > pool.plain
    assert pool.used <= 600 * RATE
    assert pool.lengths[pool.plain] == pool.lengths[pool.of[pool.plain]]
    shares = pool.drawn / pool.drawn.sum()
    assert float(shares[: pool.plain].sum()) == pytest.approx(0.4, abs=1e-3)


def test_one_source_in_sixteen_is_not_heard_and_always_the_same() -> None:
    names = [f"real_{each}" for each in range(400)]
    heard, unheard = module("voice_pool").apart(names)
    assert sorted(heard + unheard) == sorted(names)
    assert 10 <= len(unheard) <= 45
    assert module("voice_pool").apart(names[:200])[1] == [e for e in names[:200] if e in unheard]


def test_aims_are_even_and_the_score_counts_most() -> None:
    voice_lessons = module("voice_lessons")
    torch.manual_seed(1)
    told = torch.randn(300, voice_lessons.LAST + 400) * 5 + 2
    aims = voice_lessons.laid_out(told, 8)
    goals = aims.of(told)
    assert goals.shape == (300, voice_lessons.LAST + 8)
    assert torch.allclose(goals.std(0), torch.tensor(1.0), atol=0.01)
    assert int(aims.counts.argmax()) == 0
    assert float(aims.counts.sum()) == pytest.approx(1)


def test_what_is_learnt_from_again_is_what_was_heard_begun_elsewhere() -> None:
    voice_lessons = module("voice_lessons")
    memory = voice_lessons.Memory(4, 1, "cpu")
    given = torch.randn(6, WINDOW).half().float()
    memory.add(given[:3], torch.arange(3.0)[:, None])
    memory.add(given[3:], torch.arange(3.0, 6)[:, None])
    sound, goals = memory.again(20)
    assert set(goals[:, 0].tolist()) <= {2.0, 3.0, 4.0, 5.0}
    for each, goal in zip(sound, goals, strict=True):
        known = given[int(goal)]
        begins = (known == each[0]).nonzero()[:, 0].tolist()
        assert any(torch.equal(known.roll(-begin), each) for begin in begins)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_ears_learn_and_are_written_as_they_are(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    voice_lessons, name = module("voice_lessons"), "wide"
    sound, goals = torch.randn(3, WINDOW) * 0.06, torch.randn(3, 5)
    pupils = [voice_lessons.Learner(name, 1, 5, "cpu") for _ in range(2)]
    for pupil in pupils:
        pupil.learn(sound, goals, torch.full((5,), 0.2), 0.1)
    for one, other in zip(*(each.network.parameters() for each in pupils), strict=True):
        assert torch.equal(one, other)
    made = pupils[0].network.eval()
    module("voice_file").written(made, tmp_path / "ears.onnx")
    session = network.running((tmp_path / "ears.onnx").read_bytes(), network.options(threads=1))
    numbers = session.run(None, {"sound": sound[:1].numpy()})[0]
    with torch.no_grad():
        exact = made(sound[:1]).numpy()
    assert numbers.shape == exact.shape
    assert np.abs(numbers - exact).max() < 0.01 * exact.std()
