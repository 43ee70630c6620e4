"""What sees fine detail: parts as they are, the roughest and the smoothest, the same twice."""

import tracemalloc
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from verifier.detector import encoder, seen, texture
from verifier.detector.encoder import SIDE
from verifier.detector.result import Subject
from verifier.detector.views import PARTS, PLACES, Look, roughest_and_smoothest


def _picture(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(2).integers(100, 140, (height, width, 3), np.uint8)


def _chosen_from_all_steps(rgb: np.ndarray) -> list[np.ndarray]:
    """The same, of steps over the whole picture: those that lie within each part are added up."""
    grey = rgb.astype(float).mean(2)
    down, across = (np.abs(np.diff(grey, axis=axis)) for axis in (0, 1))
    parts = []
    for top in np.linspace(0, rgb.shape[0] - SIDE, PLACES).astype(int):
        for left in np.linspace(0, rgb.shape[1] - SIDE, PLACES).astype(int):
            steps = down[top : top + SIDE - 1, left : left + SIDE].sum()
            steps += across[top : top + SIDE, left : left + SIDE - 1].sum()
            parts.append((round(3 * steps), int(top), int(left)))
    return [rgb[top : top + SIDE, left : left + SIDE] for _, top, left in (max(parts), min(parts))]


@pytest.mark.parametrize(("height", "width"), [(224, 224), (300, 224), (512, 771), (225, 2000)])
def test_the_roughest_and_the_smoothest_part_are_those_with_the_most_and_the_fewest_steps(
    height: int, width: int
) -> None:
    rgb = _picture(height, width)
    chosen = roughest_and_smoothest(rgb)
    assert chosen.shape == (PARTS, SIDE, SIDE, 3)
    assert np.array_equal(chosen, np.stack(_chosen_from_all_steps(rgb)))


def test_noise_in_one_corner_and_a_plain_one_are_what_is_looked_at() -> None:
    rgb = _picture(600, 600)
    rgb[:SIDE, :SIDE] = np.random.default_rng(3).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
    rgb[-SIDE:, -SIDE:] = 7
    rough, smooth = roughest_and_smoothest(rgb)
    assert np.array_equal(rough, rgb[:SIDE, :SIDE])
    assert (smooth == 7).all()


def test_a_strip_of_thirteen_million_pixels_is_looked_at_part_by_part() -> None:
    strip = np.zeros((SIDE, 60_000, 3), np.uint8)
    tracemalloc.start()
    roughest_and_smoothest(strip)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < strip.nbytes / 10


def test_a_part_tells_the_same_alone_and_beside_others() -> None:
    parts = roughest_and_smoothest(_picture(500, 400))
    told = texture.encode(parts)
    assert told.shape == (PARTS * texture.NUMBERS,)
    assert np.isfinite(told).all()
    assert np.array_equal(told, np.concatenate([texture.encode(part[None]) for part in parts]))
    assert texture.encode(parts[:0]).shape == (0,)


def test_where_a_thing_lies_in_a_part_tells_nothing_but_for_its_edges() -> None:
    square = np.full((SIDE, SIDE, 3), 128, np.uint8)
    here, there = square.copy(), square.copy()
    here[64:96, 64:96], there[128:160, 128:160] = 200, 200
    one, other, plain = (texture.encode(each[None]) for each in (here, there, square))
    assert np.linalg.norm(one - other) < 0.2 * np.linalg.norm(one - plain)


def test_of_a_face_the_texture_tells_nothing() -> None:
    square, none = _picture(SIDE, SIDE), np.zeros((0, SIDE, SIDE, 3), np.uint8)
    told = seen.numbers(Subject.FACE, (Look(square, none),))
    assert told.shape == (seen.NUMBERS[Subject.FACE],)
    assert np.array_equal(told, encoder.encode(square, seen.LAYERS[Subject.FACE]))
    picture = seen.numbers(Subject.PICTURE, (Look(square, np.stack((square, square))),))
    assert picture.shape == (seen.NUMBERS[Subject.PICTURE],)
    assert np.array_equal(picture[: -PARTS * texture.NUMBERS], encoder.encode(square, (6, 7, 8, 9)))
    assert texture.NETWORK.digest in seen.NETWORKS[Subject.PICTURE]
    assert texture.NETWORK.digest not in seen.NETWORKS[Subject.FACE]


def test_what_is_written_tells_the_means_and_deviations_that_the_network_has(
    tmp_path: Path,
) -> None:
    torch = pytest.importorskip("torch")
    descriptor = pytest.importorskip("bench.training.descriptor")
    onnx_file = pytest.importorskip("bench.training.onnx_file")
    torch.manual_seed(1)
    start = {}
    for part, (inner, wide, out) in {"a": (3, 6, 4), "b": (4, 8, 4)}.items():
        shapes = {"0": (wide, inner, 1, 1), "1": (wide, 1, 3, 3), "2": (out, wide, 1, 1)}
        for layer, shape in shapes.items():
            name, norm = (f"{part}.{layer}.0", f"{part}.{layer}.1")
            if layer == "2":
                name, norm = f"{part}.2", f"{part}.3"
            start[f"{name}.weight"] = torch.randn(shape)
            for each in ("weight", "bias", "running_mean"):
                start[f"{norm}.{each}"] = torch.randn(shape[0])
            start[f"{norm}.running_var"] = torch.rand(shape[0]) + 0.5
    parts = torch.nn.Sequential(
        descriptor.Residual(start, "a", 2), descriptor.Residual(start, "b", 1)
    )
    onnx_file.export_maps(parts, (0, 1), "numbers", tmp_path / "maps.onnx")
    pixels = np.random.default_rng(1).integers(0, 256, (1, 32, 32, 3), np.uint8)
    session = onnxruntime.InferenceSession(tmp_path / "maps.onnx")
    told = session.run(None, {"pixels": pixels})[0][0]
    value = descriptor.normalised(torch.from_numpy(pixels.transpose(0, 3, 1, 2)))
    expected = []
    with torch.no_grad():
        for part in parts:
            value = part(value)
            maps = value[0].flatten(1)
            expected += [maps.mean(1), maps.std(1, correction=0)]
    assert np.allclose(told, torch.cat(expected).numpy(), atol=0.02, rtol=0.01)
