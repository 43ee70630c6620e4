"""No property is timed: a busy machine must not fail what is true."""

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
