"""What can go wrong, as a tree.

    FirsthandError                everything of ours that a caller may catch
    ├── LedgerError
    │   ├── FormatError           bytes that do not parse, or do not re-format to themselves
    │   ├── ProofError            a proof, root hash or signature that does not verify
    │   ├── EntryError            an entry that may not be appended (too large, bad signature)
    │   ├── UnknownEntry          an index or tree size that the log does not have
    │   ├── LogBusy               another process holds the log; nothing was written
    │   ├── LogConflict           the checkpoint moved under us; nothing was written
    │   ├── LogBehind             a witness cosigned a larger or another tree; nothing was published
    │   ├── QuorumMissing         too few witnesses cosigned; nothing was published
    │   └── StorageError          the database or the folder failed, or holds what it must not
    ├── AssetError                a file that cannot be read as what it says it is
    ├── SigningError              (signer.errors)
    ├── VerifierError             (verifier.errors)
    └── ServiceError              (api.errors)

Every message is one line that a person can act on; `remedy` says what to do next.
"""


class FirsthandError(Exception):
    """The root of the tree. `str()` gives the message and, where there is one, the remedy."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message}; {self.remedy}" if self.remedy else self.message


class LedgerError(FirsthandError):
    """Something about the log."""


class FormatError(LedgerError):
    """Bytes that do not parse, or that do not re-format to themselves."""


class ProofError(LedgerError):
    """A proof, a root hash or a signature that does not verify."""


class EntryError(LedgerError):
    """An entry that may not be appended."""


class UnknownEntry(LedgerError):
    """An index, or a tree size, that the log does not have."""


class LogBusy(LedgerError):
    """Another process holds the log. Nothing was written."""


class LogConflict(LedgerError):
    """The signed checkpoint is no longer the one we started from. Nothing was written."""


class LogBehind(LedgerError):
    """A witness has cosigned a larger tree of this log, or another one. Nothing was published."""


class QuorumMissing(LedgerError):
    """Too few witnesses cosigned a checkpoint. It was not published."""


class StorageError(LedgerError):
    """The database or the folder failed, or holds what it must not."""


class AssetError(FirsthandError):
    """A file that is missing, empty, or not what its name says."""
