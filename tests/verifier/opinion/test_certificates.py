"""Certificates that are read from hostile files."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

NOW = datetime(2026, 1, 1, tzinfo=UTC)
JUDGE = """
import sys
from verifier.opinion.certificates import load_chain, profile_breaches
print(*profile_breaches(load_chain([sys.stdin.buffer.read()])), sep="\\n")
"""


def test_a_country_of_nine_letters_is_judged_and_nothing_is_printed_of_it() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "The tests", _validate=False)])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    told = subprocess.run(
        [sys.executable, "-c", JUDGE],
        input=certificate.public_bytes(Encoding.DER),
        capture_output=True,
        check=True,
    )
    assert b"its subject names no organization" in told.stdout
    assert told.stderr == b""
