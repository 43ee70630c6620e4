"""What networks that tell swaps are taught by: faces cut out once, pairs of them, and no more."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import skimage.data
from PIL import Image

from bench.training.pool import Pool
from verifier.detector import encoder
from verifier.detector.adapted import SWAPS
from verifier.detector.encoder import SIDE

for needed in ("av", "cv2", "onnx", "torch"):
    pytest.importorskip(needed)
torch: Any = pytest.importorskip("torch")
adapted: Any = pytest.importorskip("bench.training.adapted")
makers: Any = pytest.importorskip("bench.training.makers")
portraits: Any = pytest.importorskip("bench.training.portraits")
redraws: Any = pytest.importorskip("bench.training.redraws")
swaps: Any = pytest.importorskip("bench.training.swaps")
net: Any = pytest.importorskip("bench.training.tuned_net")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two sources of two faces, cut out."""
    clones, told = tmp_path_factory.mktemp("clones"), tmp_path_factory.mktemp("portraits")
    for source in ("real_a", "real_b"):
        place = clones / "face" / source
        place.mkdir(parents=True)
        image = Image.fromarray(skimage.data.astronaut())
        image.save(place / "one.png")
        image.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(place / "turned.png")
    for source in portraits.sources(clones):
        portraits.cut_out(source, 9, told)
    return told


def test_faces_are_cut_out_once_and_are_where_their_points_are(folder: Path) -> None:
    told = portraits.gathered(folder)
    assert told.sources.tolist() == ["face/real_a"] * 2 + ["face/real_b"] * 2
    assert sorted(told.files[:2]) == ["one.png", "turned.png"]
    for face in told.faces:
        middle, side = redraws.box(face.points)
        assert redraws.WIDTHS[0] <= side <= redraws.WIDTHS[1] + 1
        assert middle == pytest.approx(np.array(face.rgb.shape[:2]) / 2, abs=1)
    kept = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    portraits.cut_out(Path("face/real_a"), 9, folder)
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == kept


def test_a_chip_is_a_face_by_itself_with_its_points_in_place(folder: Path) -> None:
    face = portraits.gathered(folder).faces[0]
    chip = redraws.of_chip(redraws.chip(face.rgb, face.points), face.points)
    scale = redraws.box(face.points)[1] * redraws.CHIP_ROOM / redraws.CHIP
    for one, other in ((33, 263), (10, 152)):
        there, here = (np.linalg.norm(f.points[one] - f.points[other]) for f in (face, chip))
        assert here * scale == pytest.approx(there, rel=0.01)
    eye = tuple(np.rint(chip.points[33]).astype(int)[::-1])
    was = tuple(np.rint(face.points[33]).astype(int)[::-1])
    assert chip.rgb[eye].astype(float) == pytest.approx(face.rgb[was].astype(float), abs=40)


def test_auto_encoders_that_were_kept_draw_as_they_did(folder: Path, tmp_path: Path) -> None:
    chips = swaps.Faces.of(portraits.gathered(folder)).chips()
    made = [makers.Maker(*each) for each in makers.KINDS]
    for number, maker in enumerate(made):
        makers.write(maker, tmp_path, number)
    for maker, kept in zip(made, makers.read(tmp_path), strict=True):
        once, again = (makers.drawn(each, chips[:1]).astype(int) for each in (maker, kept))
        assert np.abs(once - again).max() <= 2  # kept in 16 bits


@pytest.mark.parametrize("kind", redraws.KINDS)
def test_a_pair_is_a_face_and_the_same_laid_over_by_its_draws_alone(
    folder: Path, kind: str
) -> None:
    faces = swaps.Faces.of(portraits.gathered(folder))
    faces.anew[:] = 255 - faces.chips()
    among = np.arange(4)
    one, again, other = (
        faces.pair(0, kind, among, np.random.default_rng(seed)) for seed in (4, 4, 5)
    )
    assert one.squares.shape == (2, redraws.SQUARE, redraws.SQUARE, 3)
    assert np.array_equal(one.squares, again.squares)
    assert not np.array_equal(one.squares, other.squares)
    assert one.cells.any()
    assert np.abs(one.squares[0].astype(int) - one.squares[1]).mean() > 0.5


def _numbered(random: np.random.Generator) -> Iterator[tuple[npt.NDArray[np.generic], ...]]:
    shape = swaps.FIELDS[0][0]
    while True:
        place = int(random.integers(8))
        squares = np.zeros(shape, np.uint8)
        squares[1] = 200
        yield squares, np.full(swaps.FIELDS[1][0], 20 * place, np.uint8), np.array(place)


def test_a_network_is_shown_no_face_of_its_part_and_each_beside_the_same_laid_over() -> None:
    pool = Pool(_numbered, swaps.FIELDS, workers=1, kept=80, seed=1)
    while pool.drawn[0] < 120:
        time.sleep(0.01)
    pool.close()
    store = swaps.Store(pool, 30, torch.device("cpu"))
    assert store.drawn == 40
    pixels, masks = store.batch(50, np.random.default_rng(1))
    assert pixels.shape == (swaps.NETWORKS, 100, 3, SIDE, SIDE)
    assert not pixels[:, :50].any()
    assert pixels[:, 50:].min() > 150
    for number in range(swaps.NETWORKS):
        places = {round(255 * each / 20) for each in masks[number].unique().tolist()}
        assert {each % swaps.NETWORKS for each in places} == set(range(swaps.NETWORKS)) - {number}


def test_where_is_nothing_of_a_face_as_it_is_and_seams_are_where_a_mask_is_half() -> None:
    masks = torch.zeros((2, 3, 1, 28, 28))
    masks[:, :, :, :14] = 1
    masks[:, :, :, 14:16] = 0.5
    where = swaps.places(masks)
    assert where.shape == (2, 6, swaps.PLACES**2, 2)
    assert not where[:, :3].any()
    rows = where[0, 3].unflatten(0, (swaps.PLACES, swaps.PLACES))
    assert rows[:7, :, 0].eq(1).all()
    assert rows[:7, :, 1].eq(0).all()
    assert rows[7].eq(torch.tensor([0.5, 1.0])).all()
    assert not rows[8:].any()


def test_networks_that_go_on_from_one_say_what_it_says(folder: Path, tmp_path: Path) -> None:
    data = Path(encoder.__file__).with_name(SWAPS.file).read_bytes()
    networks = net.Laid(adapted.held(), 2)
    net.onward(networks, adapted.read(data))
    square = np.asarray(
        Image.fromarray(portraits.gathered(folder).faces[0].rgb).resize((SIDE, SIDE))
    )
    _, told = SWAPS.look(square)
    shown = torch.from_numpy(square.copy()).permute(2, 0, 1).expand(2, 1, -1, -1, -1)
    with torch.no_grad():
        assert networks(shown)[:, 0].tolist() == pytest.approx([told, told], abs=0.2)
    state = {name: each.detach() for name, each in networks.named_parameters()}
    adapted.export(net.one_of(state, 1), tmp_path / "one.onnx", name=SWAPS.says)
    session = encoder.opened(threads=1, graph=(tmp_path / "one.onnx").read_bytes())
    (again,) = session.run([SWAPS.says], {"pixels": square[None].copy()})
    assert float(again[0, 0]) == pytest.approx(told, abs=0.05)
