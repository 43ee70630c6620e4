"""What can go wrong while a file is examined.

    VerifierError
    ├── Unreadable            the file cannot be decoded as what its bytes say it is
    │   ├── LimitReached      reading it wanted more memory, time or room than a job may have
    │   └── DecoderFailed     a decoder crashed, or failed in a way nobody foresaw
    ├── NotComparable         two files, or a file and a record, that cannot be compared
    │   └── Unrelated             they were compared, and have nothing in common
    ├── ToolMissing           a program that is needed is not on this machine
    └── SandboxError          the sandbox itself could not be started or asked

`Unreadable` and `NotComparable` are about the files; the other two are about this installation.
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


class NotComparable(VerifierError):
    """Two files, or a file and a record, that cannot be compared."""


class Unrelated(NotComparable):
    """Two files that were compared, and have nothing in common."""


class ToolMissing(VerifierError):
    """A program that is needed is not on this machine."""


class SandboxError(VerifierError):
    """The sandbox itself could not be started, or could not be asked for this."""
