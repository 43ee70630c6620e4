"""A real face, with its points, for what looks at faces."""

import pytest
import skimage.data

from verifier.detector import faces
from verifier.detector.blend import Portrait


@pytest.fixture(scope="module")
def portrait() -> Portrait:
    picture = skimage.data.astronaut()[:256, 96:352]
    (face,) = faces.find_faces(picture)
    mesh = faces.fit(picture, face)
    assert mesh is not None
    return Portrait(picture, mesh.points[:, :2])
