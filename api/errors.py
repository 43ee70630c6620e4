"""What the edges can complain of, and one table from any error to an exit code and a status.

ServiceError
├── HomeMissing         the home was never initialised
├── HomeExists          it was, and `init` was asked again
├── HomeBroken          a file of the home is missing, or does not read as what it is
├── UploadTooLarge      an upload over the limit
└── UnsupportedType     a body of a type that is not taken there
"""

from http import HTTPStatus

from ledger.errors import (
    AssetError,
    EntryError,
    FirsthandError,
    FormatError,
    LogBusy,
    LogConflict,
    UnknownEntry,
)
from signer.errors import SigningError
from verifier.errors import LimitReached, NotComparable, Unreadable

EXIT_OK = 0
EXIT_NOT_MET = 1
EXIT_USAGE = 2
EXIT_UNKNOWN = 3
EXIT_INCONCLUSIVE = 4
EXIT_PARTLY_FAILED = 5


class ServiceError(FirsthandError):
    """Something about this installation or this request."""


class HomeMissing(ServiceError):
    """The home was never initialised."""


class HomeExists(ServiceError):
    """The home is there already."""


class HomeBroken(ServiceError):
    """A file of the home is missing, or does not read as what it is."""


class UploadTooLarge(ServiceError):
    """An upload over the limit."""


class UnsupportedType(ServiceError):
    """A body of a type that is not taken there."""


# The first class that fits decides: what a person must change in the call, else what cannot be had.
_TABLE: tuple[tuple[type[FirsthandError], int, HTTPStatus], ...] = (
    (UploadTooLarge, EXIT_USAGE, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    (UnsupportedType, EXIT_USAGE, HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
    (ServiceError, EXIT_USAGE, HTTPStatus.SERVICE_UNAVAILABLE),
    (AssetError, EXIT_USAGE, HTTPStatus.UNPROCESSABLE_ENTITY),
    (SigningError, EXIT_USAGE, HTTPStatus.UNPROCESSABLE_ENTITY),
    (EntryError, EXIT_USAGE, HTTPStatus.UNPROCESSABLE_ENTITY),
    (FormatError, EXIT_USAGE, HTTPStatus.UNPROCESSABLE_ENTITY),
    (UnknownEntry, EXIT_UNKNOWN, HTTPStatus.NOT_FOUND),
    (NotComparable, EXIT_UNKNOWN, HTTPStatus.UNPROCESSABLE_ENTITY),
    (LimitReached, EXIT_INCONCLUSIVE, HTTPStatus.UNPROCESSABLE_ENTITY),
    (Unreadable, EXIT_INCONCLUSIVE, HTTPStatus.UNPROCESSABLE_ENTITY),
    (LogBusy, EXIT_INCONCLUSIVE, HTTPStatus.SERVICE_UNAVAILABLE),
    (LogConflict, EXIT_INCONCLUSIVE, HTTPStatus.SERVICE_UNAVAILABLE),
    (FirsthandError, EXIT_INCONCLUSIVE, HTTPStatus.INTERNAL_SERVER_ERROR),
)


def of_system(problem: OSError) -> ServiceError:
    """Say an error of the operating system, in a place where nobody foresaw it, as one of ours."""
    where = f"{problem.filename}: " if problem.filename else ""
    return ServiceError(f"{where}{problem.strerror or problem}", "see to the disk and its rights")


def exit_code(problem: FirsthandError) -> int:
    """Return the exit code of an error."""
    return next(code for kind, code, _ in _TABLE if isinstance(problem, kind))


def status(problem: FirsthandError) -> HTTPStatus:
    """Return the HTTP status of an error."""
    return next(status for kind, _, status in _TABLE if isinstance(problem, kind))
