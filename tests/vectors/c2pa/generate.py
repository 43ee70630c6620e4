"""Make the files of this folder anew: `python -m tests.vectors.c2pa.generate` (wants openssl).

Time-stamps come from an authority that nobody lists, served on the loopback interface. One leaf
lives for seconds, so that it has expired when the tests run.
"""

import http.server
import secrets
import subprocess
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import mock

from PIL import Image

from signer import DevelopmentChain, certificates, issue_development_chain
from tests import media
from tests.verifier.forge import forge

HERE = Path(__file__).parent
_SECONDS = 6
_CONFIGURATION = """
[tsa]
default_tsa = authority
[authority]
serial = {folder}/serial
signer_cert = {folder}/leaf.pem
certs = {folder}/root.pem
signer_key = {folder}/leaf.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
ess_cert_id_alg = sha256
[leaf]
extendedKeyUsage = critical, timeStamping
keyUsage = critical, digitalSignature
basicConstraints = CA:FALSE
authorityKeyIdentifier = keyid
subjectKeyIdentifier = hash
"""


def main() -> None:
    """Write the roots and the signed pictures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        picture = folder / "picture.jpg"
        with Image.open(media.photograph(folder)) as photograph:
            photograph.resize((160, 107)).save(picture, quality=60)
        authority = _serve(folder)
        lasting = _issue("A camera with a long life", timedelta(days=3640))
        (HERE / "root-lasting.pem").write_text(lasting.root)
        for version in (1, 2):
            stamped = HERE / f"claim-v{version}-unlisted-time-stamp.jpg"
            forge(picture, stamped, lasting, claim_version=version, time_stamps=authority)
        brief = _issue("A camera with a short life", timedelta(seconds=_SECONDS))
        (HERE / "root-brief.pem").write_text(brief.root)
        for version in (1, 2):
            stamped = HERE / f"claim-v{version}-unlisted-time-stamp-expired.jpg"
            forge(picture, stamped, brief, claim_version=version, time_stamps=authority)
        time.sleep(_SECONDS + 1)


def _issue(name: str, life: timedelta) -> DevelopmentChain:
    with mock.patch.object(certificates, "_LEAF_LIFE", life):
        return issue_development_chain(name, datetime.now(UTC), secrets.token_bytes)


def _serve(folder: Path) -> str:
    """Serve RFC 3161 answers of a new authority; return its address."""
    (folder / "openssl.cnf").write_text(_CONFIGURATION.format(folder=folder))
    (folder / "serial").write_text("01")
    for command in (
        (
            "req -x509 -newkey rsa:2048 -nodes -keyout root.key -out root.pem -days 3650 "
            "-subj /O=Nobody/CN=Unlisted-root -addext keyUsage=critical,keyCertSign"
        ),
        "req -newkey rsa:2048 -nodes -keyout leaf.key -out leaf.csr -subj /O=Nobody/CN=Unlisted",
        (
            "x509 -req -in leaf.csr -CA root.pem -CAkey root.key -days 3640 -out leaf.pem "
            "-extfile openssl.cnf -extensions leaf"
        ),
    ):
        _openssl(folder, command)

    class Authority(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["content-length"])
            (folder / "query").write_bytes(self.rfile.read(length))
            _openssl(folder, "ts -reply -config openssl.cnf -queryfile query -out reply")
            reply = (folder / "reply").read_bytes()
            self.send_response(200)
            self.send_header("content-type", "application/timestamp-reply")
            self.send_header("content-length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

    server = http.server.HTTPServer(("127.0.0.1", 0), Authority)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def _openssl(folder: Path, command: str) -> None:
    subprocess.run(["openssl", *command.split()], cwd=folder, check=True, capture_output=True)  # noqa: S607  (a tool for developers)


if __name__ == "__main__":
    main()
