"""Imported by the sandbox's server, so that no job has to read the network for itself."""

import contextlib

from verifier.errors import VerifierError

from .descriptor import session

with contextlib.suppress(VerifierError):  # a job that needs it says what is wrong
    session()
