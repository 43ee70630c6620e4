"""A time-stamp authority on this machine: `openssl ts` with keys and certificates of our making."""

import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

OPENSSL = shutil.which("openssl")

_CONFIG = """
[tsa]
default_tsa = ours
[ours]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
certs = {folder}/chain.pem
signer_digest = sha256
default_policy = 1.2.3.4.5
digests = sha256
accuracy = secs:1
ess_cert_id_chain = no
ess_cert_id_alg = {essential}
"""

Change = Callable[[x509.CertificateBuilder], x509.CertificateBuilder]


def issue(
    name: str,
    key: CertificateIssuerPrivateKeyTypes,
    issuer: str,
    *,
    authority: bool,
    path_length: int | None = None,
    days: tuple[int, int] = (-10, 10),
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(authority, path_length), critical=True)
    )


def stamps(*, more: bool = False) -> x509.ExtendedKeyUsage:
    purposes = [ExtendedKeyUsageOID.TIME_STAMPING]
    return x509.ExtendedKeyUsage(purposes + [ExtendedKeyUsageOID.CODE_SIGNING] * more)


class LocalAuthority:
    """Answers requests; `root` is what its chain leads to, over one certificate between."""

    def __init__(
        self,
        folder: Path,
        *,
        elliptic: bool = False,
        essential: str = "sha256",
        usage: x509.ExtendedKeyUsage | None = None,
        usage_is_critical: bool = True,
        between_is_authority: bool = True,
        days: tuple[int, int] = (-10, 10),
        root_days: tuple[int, int] = (-10, 10),
        path_length: int | None = 0,
    ) -> None:
        folder.mkdir()
        self.folder = folder
        root_key, between_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        key = (
            ec.generate_private_key(ec.SECP256R1())
            if elliptic
            else rsa.generate_private_key(65537, 2048)
        )
        sha256 = hashes.SHA256()
        root = issue("root", root_key, "root", authority=True, days=root_days)
        self.root = root.sign(root_key, sha256)
        between = issue(
            "between",
            between_key,
            "root",
            authority=between_is_authority,
            path_length=path_length if between_is_authority else None,
        )
        self.between = between.sign(root_key, sha256)
        leaf = issue("tsa", key, "between", authority=False, days=days)
        leaf = leaf.add_extension(usage or stamps(), critical=usage_is_critical)
        self.certificate = leaf.sign(between_key, sha256)
        self._write("tsa.pem", self.certificate.public_bytes(Encoding.PEM))
        self._write("chain.pem", self.between.public_bytes(Encoding.PEM))
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self._write("tsa.key", private)
        self._write("serial", b"01\n")
        config = _CONFIG.format(folder=folder, essential=essential)
        self._write("openssl.cnf", config.encode())

    def _write(self, name: str, data: bytes) -> None:
        (self.folder / name).write_bytes(data)

    def answer(self, request: bytes) -> bytes:
        """Answer one request as `openssl ts` does; raise where it refuses to sign at all."""
        self._write("request.tsq", request)
        (self.folder / "answer.tsr").unlink(missing_ok=True)
        self._run(
            "-reply", "-config", "openssl.cnf", "-queryfile", "request.tsq", "-out", "answer.tsr"
        )
        return (self.folder / "answer.tsr").read_bytes()

    def verifies(self, data: bytes, answer: bytes) -> bool:
        """Whether openssl itself accepts an answer over `data`."""
        for name, content in (
            ("data", data),
            ("answer.tsr", answer),
            ("root.pem", self.root.public_bytes(Encoding.PEM)),
        ):
            self._write(name, content)
        chain = ("-CAfile", "root.pem", "-untrusted", "chain.pem")
        try:
            self._run("-verify", "-data", "data", "-in", "answer.tsr", *chain)
        except subprocess.CalledProcessError:
            return False
        return True

    def _run(self, *arguments: str) -> None:
        assert OPENSSL
        subprocess.run(
            [OPENSSL, "ts", *arguments], cwd=self.folder, check=True, capture_output=True
        )
