"""What people look for in a face, measured in one picture: nothing of it is weighed."""

from dataclasses import asdict

import numpy as np
import numpy.typing as npt

from .cues import Measured
from .faces import Face, Mesh, fit
from .skin import look_closer, see, template
from .views import FACE_SMALLEST

PUPILS = (468, 473)  # of the 478 points: the middles of the irises
PUT = np.array(((0.3745, 0.47), (0.6245, 0.47)))  # by StyleGAN and its like, in a square

Pixels = npt.NDArray[np.uint8]


def pictured(rgb: Pixels, face: Face) -> Measured:
    """Measure a face that was found in a picture of shape (height, width, 3).

    Nothing of a small one, or where no points can be laid on it. Raises ToolMissing where weights
    are absent.
    """
    mesh = fit(rgb, face) if min(face.box[2:]) >= FACE_SMALLEST else None
    if mesh is None:
        return Measured()
    frame = template(mesh)
    closer = look_closer(rgb, mesh, frame)
    return Measured(
        reflections=closer.reflections,
        light=closer.light,
        sharpness=closer.sharpness,
        rim=see(rgb, mesh, frame, None).rim,
        place=_place(rgb, mesh),
        **asdict(closer.close_up),
    )


def _place(rgb: Pixels, mesh: Mesh) -> float:
    """How far the eye that is farther lies from where it is put, in % of the shorter side."""
    height, width = rgb.shape[:2]
    side = min(height, width)
    middle = np.array((width - side, height - side)) / 2
    at = (mesh.points[list(PUPILS), :2] - middle) / side
    return float(100 * np.hypot(*(at - PUT).T).max())
