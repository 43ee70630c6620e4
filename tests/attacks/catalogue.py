"""All attacks, by their themes."""

from . import signers
from .attack import Attack, Theme

THEMES: tuple[Theme, ...] = (signers.THEME,)
ATTACKS: dict[str, Attack] = {attack.name: attack for theme in THEMES for attack in theme}
