"""What all tests share."""

from hypothesis import settings

# How long an example takes is the machine's business: no test asserts a time.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
