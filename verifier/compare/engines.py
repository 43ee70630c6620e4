"""The engines of this installation, behind the one protocol that `compare` asks."""

from .compare import Engines

ENGINES = Engines()
