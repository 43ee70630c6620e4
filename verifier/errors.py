"""What can go wrong while a file is examined.

    VerifierError
    ├── Unreadable            the file cannot be decoded as what its bytes say it is
    │   ├── LimitReached      reading it wanted more memory, time or room than a job may have
    │   └── DecoderFailed     a decoder crashed, or failed in a way nobody foresaw
    ├── ToolMissing           a program that is needed is not on this machine
    └── SandboxError          the sandbox itself could not be started or asked

`Unreadable` is about the file; the other two are about this installation.
"""

from ledger.errors import FirsthandError


class VerifierError(FirsthandError):
    """Something about examining a file."""


class Unreadable(VerifierError):
    """A file that cannot be decoded as what its bytes say it is."""


class LimitReached(Unreadable):
    """Reading the file wanted more memory, time or room than a job may have."""


class DecoderFailed(Unreadable):
    """A decoder crashed on the file, or failed in a way nobody foresaw."""


class ToolMissing(VerifierError):
    """A program that is needed is not on this machine."""


class SandboxError(VerifierError):
    """The sandbox itself could not be started, or could not be asked for this."""
