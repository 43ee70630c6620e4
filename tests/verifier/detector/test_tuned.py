"""Networks that are taught side by side: each by itself, by views of draws, without its fold."""

import dataclasses
import hashlib
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bench.training.pool import Pool
from bench.training.tuned_views import FIELDS, LARGEST, Shown, draws, gathered, shrink, view
from tests import media
from verifier.detector import encoder
from verifier.detector.adapted import FACES, PICTURES, Adapted
from verifier.detector.encoder import SIDE
from verifier.detector.result import Subject
from verifier.detector.samples import DIGITS
from verifier.detector.seen import squares
from verifier.detector.views import looks

NAMES = ("real_a", "real_b", "fake_gpt_a", "fake_gpt_b", "fake_flux_c", "fake_dit_d", "real_c")


def _sources(folder: Path, names: tuple[str, ...] = ("real_a", "fake_b")) -> Path:
    for number, source in enumerate(names):
        (folder / source).mkdir(parents=True)
        path = media.photograph(folder / source)
        image = Image.open(path).rotate(90 * number, expand=True)
        image.save(path.with_suffix(".png"))
        path.unlink()
    (folder / names[0] / "text.txt").write_text("no picture")
    return folder


@pytest.mark.parametrize("subject", [Subject.PICTURE, Subject.FACE])
def test_views_are_squares_by_their_draws_alone(subject: Subject, tmp_path: Path) -> None:
    image = Image.open(media.photograph(tmp_path)).convert("RGB")
    one, again, other = (view(image, subject, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert one.shape == (SIDE, SIDE, 3)
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def _shrunk(folder: Path) -> list[Shown]:
    shrink(_sources(folder / "image"), folder / "shrunk", Subject.PICTURE, None)
    return gathered(folder / "shrunk")


def test_pictures_are_shrunk_to_what_is_drawn_and_once(tmp_path: Path) -> None:
    shown = _shrunk(tmp_path)
    assert [each.source for each in shown] == ["fake_b", "real_a"]
    assert [each.generated for each in shown] == [True, False]
    assert all(min(each.image().size) <= LARGEST[Subject.PICTURE] for each in shown)
    for each in shown:
        (path,) = (tmp_path / "image" / each.source).glob("*.png")
        assert each.digest == hashlib.sha256(path.read_bytes()).hexdigest()
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "shrunk").glob("*/*")}
    shrink(tmp_path / "image", tmp_path / "shrunk", Subject.PICTURE, None)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "shrunk").glob("*/*")} == kept


def test_processes_draw_what_they_are_asked_for_and_nothing_of_no_worth(tmp_path: Path) -> None:
    shown = _shrunk(tmp_path)
    worth = np.array([0.0, 1.0])
    pool = Pool(draws(shown, worth, Subject.PICTURE), FIELDS, workers=2, kept=6, seed=1)
    views, rows = pool.fields
    assert pool.drawn.all()
    assert set(rows[:, 0].tolist()) == {1}
    assert views[:, 0].any()
    pool.close()


def _tuned() -> tuple[Any, Any, Any, Any]:
    names = ("torch", "bench.training.tuned_net", "bench.training.adapted", "bench.training.tuned")
    torch, net, adapted, tuned = (pytest.importorskip(each) for each in names)
    return torch, net, adapted, tuned


def test_families_and_sources_are_left_out_whole_and_folds_are_alike() -> None:
    _, _, _, tuned = _tuned()
    random = np.random.default_rng(1)
    names = np.array([f"{'fake' if k % 2 else 'real'}_{k}" for k in range(40)])
    families = np.repeat(names, random.integers(5, 50, 40))
    generated = np.char.startswith(families, "fake")
    fold = tuned.folds(families, generated, 40, 1)
    assert all(len(set(fold[families == each])) == 1 for each in names)
    for which in (False, True):
        counts = np.bincount(fold[generated == which], minlength=tuned.FOLDS)
        assert counts.min() > 0.7 * counts.max()


def test_every_picture_has_a_network_that_saw_no_like_of_it_and_all_sees_everything() -> None:
    _, _, _, tuned = _tuned()
    names = [name for name in NAMES for _ in range(30 if name == "real_a" else 5)]
    shown = [Shown(str(number), name, b"") for number, name in enumerate(names)]
    family, source = tuned.left_out(shown, 20, 1, by_source=True)
    of = dict(zip(names, family, strict=True))
    assert of["fake_gpt_a"] == of["fake_gpt_b"]
    assert all(
        len({f for f, n in zip(family, names, strict=True) if n == name}) == 1 for name in of
    )
    large = {each for each, name in zip(source, names, strict=True) if name == "real_a"}
    assert len(large) == 2  # a source of more than twenty is left out in parts
    assert source[names.index("fake_gpt_a")] != source[names.index("fake_gpt_b")]
    (alone,) = tuned.left_out(shown, 20, 1, by_source=False)
    assert (alone == family).all()


def test_a_picture_is_asked_of_the_mean_of_the_networks_that_were_taught_without_its_like(
    tmp_path: Path,
) -> None:
    _tuned()
    said = pytest.importorskip("bench.training.tuned_said")
    made = pytest.importorskip("bench.training.adapted")
    path = media.photograph(tmp_path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    for name, left_out in (("now", f"{digest},family1,source2\n"), ("before", "")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "left_out.csv").write_text(left_out)
    graphs = {each: Path(encoder.__file__).with_name(each.file) for each in (PICTURES, FACES)}
    for name, graph in (
        ("now/all", PICTURES),
        ("now/family1", PICTURES),
        ("now/source2", FACES),
        ("before/all", FACES),
    ):
        shutil.copy(graphs[graph], tmp_path / f"{name}.onnx")
    now, before = (said.Run.of(tmp_path / name) for name in ("now", "before"))
    shown = looks(Image.open(path).convert("RGB"))

    def of(*networks: Adapted) -> str:
        graph = made.mean([graphs[each].read_bytes() for each in networks])
        session = encoder.opened(threads=1, graph=graph)
        told = [session.run(["generated"], {"pixels": s[None].copy()})[0] for s in squares(shown)]
        return f"{np.mean(told):.2f}"

    first = (Subject.PICTURE, digest[:DIGITS])
    asked = said.Asked(Subject.PICTURE, (now,), 1, frozenset())
    assert asked.line(path) == (*first, of(PICTURES), of(FACES))
    both = dataclasses.replace(asked, runs=(now, before))
    assert both.line(path) == (*first, of(PICTURES, FACES), of(FACES, FACES))
    assert dataclasses.replace(asked, runs=(before,)).line(path) == (*first, of(FACES), of(FACES))
    assert len({of(PICTURES), of(FACES), of(PICTURES, FACES)}) == 3
    for none in ({"least": 2}, {"known": frozenset({digest[:DIGITS]})}):
        assert dataclasses.replace(asked, **none).line(path) is None
    (tmp_path / "now" / "source2.onnx").unlink()
    with pytest.raises(KeyError, match="source2"):
        said.Run.of(tmp_path / "now").without(digest)


def test_the_mean_of_a_network_and_itself_is_itself() -> None:
    made = pytest.importorskip("bench.training.adapted")
    data = Path(encoder.__file__).with_name(PICTURES.file).read_bytes()
    square = np.random.default_rng(1).integers(0, 255, (1, SIDE, SIDE, 3), np.uint8)
    one, both = (
        encoder.opened(threads=1, graph=each).run(["generated"], {"pixels": square})[0]
        for each in (data, made.mean([data, data]))
    )
    assert one == pytest.approx(both, abs=1e-5)


def test_each_network_of_many_is_what_it_is_alone_and_says_so_when_it_is_written(
    tmp_path: Path,
) -> None:
    torch, net, adapted, _ = _tuned()
    torch.manual_seed(3)
    many = net.Many(adapted.held(), 2)
    with torch.no_grad():
        for name, each in many.named_parameters():
            if name.endswith("up") or name == "line":
                each.copy_(0.02 * torch.randn(each.shape))
    square = np.asarray(Image.open(media.photograph(tmp_path)).convert("RGB").resize((SIDE, SIDE)))
    shown = torch.from_numpy(square.copy()).permute(2, 0, 1)[None, None].repeat(2, 1, 1, 1, 1)
    state = {name: each.detach() for name, each in many.named_parameters()}
    with torch.no_grad():
        both = many(shown)[:, 0]
        for number in range(2):
            its = {name: each[number : number + 1] for name, each in state.items()}
            alone = torch.func.functional_call(many, its, (shown[number : number + 1],))
            assert alone[0, 0].item() == pytest.approx(both[number].item(), abs=1e-4)
    assert abs(both[0] - both[1]) > 0.1
    path = tmp_path / "one.onnx"
    adapted.export(net.one_of(state, 1), path, name="generated")
    session = encoder.opened(threads=1, graph=path.read_bytes())
    (told,) = session.run(["generated"], {"pixels": square[None].copy()})
    assert float(told[0, 0]) == pytest.approx(both[1].item(), abs=0.25)
