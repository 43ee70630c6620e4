"""Keys that sign claims. One protocol; a key in a file is its first implementation."""

import os
import stat
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from .errors import KeyFileError

PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


class Algorithm(StrEnum):
    """COSE signature algorithms that C2PA allows (C2PA 2.3, 13.2 "Digital Signatures")."""

    ES256 = "es256"
    ES384 = "es384"
    ES512 = "es512"
    PS256 = "ps256"
    ED25519 = "ed25519"


class ClaimSigner(Protocol):
    """Signs claims, wherever its key lives: a file, a PKCS#11 token, a remote service."""

    @property
    def algorithm(self) -> Algorithm:
        """The algorithm of every signature."""

    @property
    def certificate_chain(self) -> str:
        """PEM, the signing certificate first, each issued by the next, the root left out."""

    def sign(self, data: bytes) -> bytes:
        """Sign `data` (bytes not yet hashed).

        The signature is what COSE wants (RFC 9053: ECDSA as r and s side by side); ECDSA in DER,
        as most tokens give it, is accepted too. Raise anything to refuse: the text is reported.
        """


# RFC 9053, 2.1: each curve's algorithm, hash and the size in bytes of r and of s.
_ECDSA: dict[str, tuple[Algorithm, hashes.HashAlgorithm, int]] = {
    "secp256r1": (Algorithm.ES256, hashes.SHA256(), 32),
    "secp384r1": (Algorithm.ES384, hashes.SHA384(), 48),
    "secp521r1": (Algorithm.ES512, hashes.SHA512(), 66),
}


@dataclass(frozen=True, slots=True)
class PemClaimSigner:
    """A private key in PEM (PKCS #8) with its certificate chain.

    The algorithm follows from the key: P-256, P-384, P-521, Ed25519, or RSA (PS256). Raises
    KeyFileError for any other key, and for one that is not the signing certificate's.
    """

    certificate_chain: str
    private_key: PrivateKey = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse a key that would only be found wrong when it has signed."""
        _ = self.algorithm
        leaf = x509.load_pem_x509_certificate(self.certificate_chain.encode())
        if leaf.public_key() != self.private_key.public_key():
            raise KeyFileError(
                "the private key is not the signing certificate's", "give the two that match"
            )

    @property
    def algorithm(self) -> Algorithm:
        """The algorithm that this kind of key signs with."""
        match self.private_key:
            case ec.EllipticCurvePrivateKey(curve=curve) if curve.name in _ECDSA:
                return _ECDSA[curve.name][0]
            case ed25519.Ed25519PrivateKey():
                return Algorithm.ED25519
            case rsa.RSAPrivateKey():
                return Algorithm.PS256
        raise KeyFileError("C2PA has no signature for this kind of key", "use a P-256 key")

    def sign(self, data: bytes) -> bytes:
        """Sign `data` as COSE wants it (RFC 9053, 2.1 and 2.2; RFC 8230, 2 for RSA)."""
        match self.private_key:
            case ec.EllipticCurvePrivateKey() as key:
                _, algorithm, size = _ECDSA[key.curve.name]
                r, s = decode_dss_signature(key.sign(data, ec.ECDSA(algorithm)))
                return r.to_bytes(size) + s.to_bytes(size)
            case ed25519.Ed25519PrivateKey() as key:
                return key.sign(data)
            case rsa.RSAPrivateKey() as key:
                salted = padding.PSS(padding.MGF1(hashes.SHA256()), hashes.SHA256.digest_size)
                return key.sign(data, salted, hashes.SHA256())


def load_claim_signer(key_file: Path, chain_file: Path) -> PemClaimSigner:
    """Read a key and its chain; raise KeyFileError when either cannot be used.

    A key file that anybody but its owner may read is refused, as ssh does.
    """
    try:
        if stat.S_IMODE(key_file.stat().st_mode) & 0o077:
            raise KeyFileError(f"{key_file} is open to other users", f"run: chmod 600 {key_file}")
        chain = chain_file.read_text("ascii")
        key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
        if not isinstance(key, PrivateKey):
            raise KeyFileError(f"{key_file} holds no key that can sign claims", "use a P-256 key")
        return PemClaimSigner(chain, key)
    except OSError as problem:
        raise KeyFileError(f"{problem.filename} cannot be read ({problem.strerror})") from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # The library's own words may quote the file, so they are not repeated.
        raise KeyFileError(
            f"{key_file} and {chain_file} do not hold a bare private key and its certificates",
            "give both in PEM",
        ) from None


def write_private_key(path: Path, key: PrivateKey) -> None:
    """Write a new key file that only its owner may read (0600), in PEM (PKCS #8), to the disk.

    Raises KeyFileError when the file exists or cannot be written.
    """
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(pem)
            stream.flush()
            os.fsync(stream.fileno())
    except FileExistsError:
        raise KeyFileError(f"{path} already exists", "a key is never overwritten") from None
    except OSError as problem:
        raise KeyFileError(f"{path} cannot be written ({problem.strerror})") from None
