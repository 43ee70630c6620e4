"""What can go wrong while signing, as a tree.

SigningError
├── StatementError        a statement that no manifest can carry
├── CertificateError      a certificate chain outside the C2PA profile; `breaches` lists why
├── KeyFileError          a key that cannot be read, is open to others, or fits no certificate
├── ClaimSignerError      the claim signer itself failed (its own words are kept)
├── ParentError           a parent whose manifest may not be built upon
├── DestinationError      the signed file cannot be written there
├── SourceChanged         the source is no longer the asset that was read
├── EngineError           the C2PA engine refused (its own words are kept)
└── ReadBackError         what was signed does not read back as trusted; nothing was kept
"""

from ledger.errors import FirsthandError


class SigningError(FirsthandError):
    """No signed file was made."""


class StatementError(SigningError):
    """What is to be said about the asset contradicts itself or C2PA."""


class CertificateError(SigningError):
    """The certificate chain breaches the C2PA profile.

    `breaches` has one sentence for each rule that is broken.
    """

    def __init__(self, breaches: tuple[str, ...]) -> None:
        super().__init__(
            f"the signing certificate does not fit the C2PA profile: {'; '.join(breaches)}",
            "use a certificate issued for C2PA signing, or issue a development chain",
        )
        self.breaches = breaches


class KeyFileError(SigningError):
    """A private key that cannot be used, or must not be."""


class ClaimSignerError(SigningError):
    """The claim signer raised; its exception is the cause, its text is in the message."""


class ParentError(SigningError):
    """The file's own manifest, or its parent's, may not be built upon."""


class DestinationError(SigningError):
    """The signed file cannot be written where it should lie. Nothing was left there."""


class SourceChanged(SigningError):
    """The source is not, or no longer, the asset that was read."""


class EngineError(SigningError):
    """The C2PA engine refused the file or the manifest."""


class ReadBackError(SigningError):
    """The signed file, read as a stranger would, is not trusted. Nothing was kept."""
