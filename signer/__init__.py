"""Make a C2PA manifest about a file, sign it, and read it back as a stranger would."""

from ._c2pa import EMBEDDABLE
from .actions import Action, ActionKind, DigitalSourceType
from .certificates import DevelopmentChain, check_profile, issue_development_chain
from .errors import (
    CertificateError,
    ClaimSignerError,
    DestinationError,
    EngineError,
    KeyFileError,
    ParentError,
    ReadBackError,
    SigningError,
    SourceChanged,
    StatementError,
)
from .keys import Algorithm, ClaimSigner, PemClaimSigner, load_claim_signer, write_private_key
from .manifest import Place, Statement, build_manifest
from .sign import SignedAsset, sidecar_path, sign_file

__all__ = [
    "EMBEDDABLE",
    "Action",
    "ActionKind",
    "Algorithm",
    "CertificateError",
    "ClaimSigner",
    "ClaimSignerError",
    "DestinationError",
    "DevelopmentChain",
    "DigitalSourceType",
    "EngineError",
    "KeyFileError",
    "ParentError",
    "PemClaimSigner",
    "Place",
    "ReadBackError",
    "SignedAsset",
    "SigningError",
    "SourceChanged",
    "Statement",
    "StatementError",
    "build_manifest",
    "check_profile",
    "issue_development_chain",
    "load_claim_signer",
    "sidecar_path",
    "sign_file",
    "write_private_key",
]
