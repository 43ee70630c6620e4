"""What one frame's pixels show, on made-up faces whose answer is known."""

import numpy as np
import numpy.typing as npt
import pytest

from verifier.detector import closeup, skin
from verifier.detector.faces import Mesh

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]


def ball(seed: int = 0) -> Mesh:
    """A face that is half a ball of radius 100 around (200, 200): its left half is on the left."""
    random = np.random.default_rng(seed)
    places = np.zeros((478, 3))
    for index in range(478):
        side = -1 if index in skin._LEFT else 1 if index in skin._RIGHT else random.choice((-1, 1))
        x, y = side * random.uniform(0.05, 0.65), random.uniform(-0.65, 0.65)
        places[index] = (x, y, -np.sqrt(1 - x**2 - y**2))
    return Mesh(200 + 100 * places, 1.0)


def lit(left: tuple[float, float], right: tuple[float, float]) -> Pixels:
    """The ball in pixels: each half lit from its own direction (x, y)."""
    rows, columns = np.indices((400, 400))
    x, y = (columns - 200) / 100, (rows - 200) / 100
    shade = np.where(x < 0, left[0] * x + left[1] * y, right[0] * x + right[1] * y)
    return np.repeat((128 + 60 * shade).clip(0, 255).astype(np.uint8)[..., None], 3, 2)


def light(left: tuple[float, float], right: tuple[float, float]) -> float | None:
    mesh = ball()
    return skin.look_closer(lit(left, right), mesh, skin.template(mesh)).light


def test_halves_that_are_lit_alike_agree_and_others_do_not() -> None:
    for direction in ((1, 0.3), (0, 1), (-0.5, 0.5)):
        assert light(direction, direction) == pytest.approx(0, abs=5)
    # The points in the middle belong to both halves and draw their directions together.
    assert light((1, 0), (0, 1)) == pytest.approx(45, abs=15)
    assert light((0, 0), (0, 0)) is None  # lit from the front alone


def eyes(left: tuple[int, int], right: tuple[int, int], level: int = 250) -> tuple[Pixels, Mesh]:
    """Two irises of radius 12, each with a bright spot so far from its middle (x, y)."""
    places = np.zeros((478, 3))
    rgb = np.full((200, 400, 3), 60, np.uint8)
    for (x, y), iris, spot in (
        ((100, 100), closeup.IRISES[0], left),
        ((300, 100), closeup.IRISES[1], right),
    ):
        middle, one, other, corner, far, upper, lower = iris
        for index, shift in (
            *((middle, (0, 0)), (one, (12, 0)), (other, (-12, 0)), (corner, (-40, 0))),
            *((far, (40, 0)), (upper, (0, -11)), (lower, (0, 11))),
        ):
            places[index, :2] = (x + shift[0], y + shift[1])
        rgb[y + spot[1] - 1 : y + spot[1] + 2, x + spot[0] - 1 : x + spot[0] + 2] = level
    return rgb, Mesh(places, 1.0)


def test_reflections_at_one_place_agree_and_others_are_as_far_apart_as_they_are() -> None:
    assert skin._reflections(*eyes((4, -5), (4, -5))) == pytest.approx(0, abs=0.02)
    assert skin._reflections(*eyes((6, 0), (-6, 0))) == pytest.approx(1, abs=0.02)
    assert skin._reflections(*eyes((6, 0), (6, 0), level=80)) is None  # too faint


def test_eyes_at_the_edge_beyond_it_or_too_small_have_no_reflections() -> None:
    rgb, mesh = eyes((4, 0), (4, 0))
    for factor, shift in ((0.3, 0.0), (1.0, 120.0), (1.0, -1e6)):
        moved = Mesh(mesh.points * factor + shift, 1.0)
        assert skin._reflections(rgb, moved) is None


@pytest.mark.parametrize("factor", [1e-9, 0.01, 30.0])
def test_no_place_of_the_points_breaks_a_look(factor: float) -> None:
    mesh = Mesh((ball().points - 200) * factor, 1.0)
    frame = skin.template(mesh)
    rgb = lit((1, 0), (0, 1))
    seen = skin.see(rgb, mesh, frame, None)
    again = skin.see(rgb, mesh, frame, seen.canvas)
    skin.look_closer(rgb, mesh, frame)
    assert np.isfinite(again.rim)
    assert again.flicker is None  # nothing moved
