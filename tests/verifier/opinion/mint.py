"""Manifests made by hand, box by box: each as it should be, but for what a test names."""

import hashlib
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from PIL import Image

SUFFIX = bytes.fromhex("00110010800000aa00389b71")
NOW = datetime.now(UTC)
CREATED = {
    "actions": [
        {
            "action": "c2pa.created",
            "digitalSourceType": ("http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"),
        }
    ]
}
HASHES = {256: hashes.SHA256(), 384: hashes.SHA384(), 512: hashes.SHA512()}
ECDSA = {-7: (ec.SECP256R1(), 256), -35: (ec.SECP384R1(), 384), -36: (ec.SECP521R1(), 512)}
PSS = {-37: 256, -38: 384, -39: 512}

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


def picture() -> bytes:
    """Return a JPEG of some hundred bytes."""
    stream = io.BytesIO()
    Image.linear_gradient("L").resize((16, 16)).save(stream, "JPEG", quality=20)
    return stream.getvalue()


def raw_signature(key: PrivateKey, algorithm: int, data: bytes) -> bytes:
    """Sign as COSE wants it (RFC 9053, 2)."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        length = (key.key_size + 7) // 8
        digest = HASHES[ECDSA[algorithm][1]] if algorithm in ECDSA else hashes.SHA256()
        pair = decode_dss_signature(key.sign(data, ec.ECDSA(digest)))
        return b"".join(number.to_bytes(length) for number in pair)
    if isinstance(key, rsa.RSAPrivateKey):
        chosen = HASHES[PSS[algorithm]]
        return key.sign(data, padding.PSS(padding.MGF1(chosen), chosen.digest_size), chosen)
    return key.sign(data)


@dataclass(frozen=True)
class Authority:
    """A name and a key that issue certificates."""

    name: str = "A root of the tests"
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def certificate(self) -> x509.Certificate:
        return issue(self, self.name, self.key.public_key(), ca=True)

    def pem(self) -> str:
        return self.certificate().public_bytes(Encoding.PEM).decode()


def issue(
    issuer: Authority,
    name: str,
    key: object,
    *,
    ca: bool = False,
    purposes: Sequence[x509.ObjectIdentifier] = (ExtendedKeyUsageOID.EMAIL_PROTECTION,),
    signs: bool = True,
    since: timedelta = timedelta(days=-10),
    until: timedelta = timedelta(days=100),
    extensions: Sequence[x509.ExtensionType] = (),
    critical: bool = False,
    below: int | None = None,
) -> x509.Certificate:
    """Issue a certificate, of a claim signer if not of an authority."""

    def subject(of: str) -> x509.Name:
        organization = x509.NameAttribute(NameOID.ORGANIZATION_NAME, "The tests")
        return x509.Name([organization, x509.NameAttribute(NameOID.COMMON_NAME, of)])

    usage = dict.fromkeys(
        (
            *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
            *("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
        ),
        False,
    )
    usage |= {"key_cert_sign": ca, "digital_signature": signs and not ca}
    if not any(usage.values()):
        usage["content_commitment"] = True
    made = (
        x509.CertificateBuilder()
        .subject_name(subject(name))
        .issuer_name(subject(issuer.name))
        .public_key(key)  # type: ignore[arg-type]  # any kind
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + since)
        .not_valid_after(NOW + until)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=below), critical=True)
        .add_extension(x509.KeyUsage(**usage), critical=True)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()),
            critical=False,
        )
        .add_extension(
            x509.SubjectKeyIdentifier.from_public_key(key),  # type: ignore[arg-type]  # any kind
            critical=False,
        )
    )
    if purposes and not ca:
        made = made.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    for extension in extensions:
        made = made.add_extension(extension, critical=critical)
    return made.sign(issuer.key, hashes.SHA256())


@dataclass(frozen=True)
class Signer:
    """Who signs claims: a key, the chain that goes with it (DER), and what is said of both."""

    key: PrivateKey
    chain: tuple[bytes, ...]
    algorithm: int = -7
    said: int | None = None  # the algorithm that the header names, if another
    protected: bool = True
    beside: Mapping[object, object] = field(default_factory=dict)  # in the unprotected header
    silent: bool = False  # the signature is empty

    def sign(self, claim: bytes) -> bytes:
        chain: object = self.chain[0] if len(self.chain) == 1 else list(self.chain)
        headers = {1: self.algorithm if self.said is None else self.said}
        beside: dict[object, object] = {"pad": bytes(64), **self.beside}
        (headers if self.protected else beside)[33] = chain  # type: ignore[assignment]
        protected = cbor2.dumps(headers)
        tbs = cbor2.dumps(["Signature1", protected, b"", claim])
        signature = b"" if self.silent else raw_signature(self.key, self.algorithm, tbs)
        return cbor2.dumps(cbor2.CBORTag(18, [protected, beside, None, signature]))


def signer(issuer: Authority, algorithm: int = -7, **wishes: object) -> Signer:
    """Make a claim signer with a key for the algorithm, whom an authority issues a certificate."""
    key: PrivateKey
    if algorithm in ECDSA:
        key = ec.generate_private_key(ECDSA[algorithm][0])
    elif algorithm in PSS:
        key = rsa.generate_private_key(65537, 2048)
    else:
        key = ed25519.Ed25519PrivateKey.generate()
    leaf = issue(issuer, "A signer", key.public_key(), **wishes)  # type: ignore[arg-type]
    return Signer(key, (leaf.public_bytes(Encoding.DER),), algorithm)


def box(kind: bytes, content: bytes) -> bytes:
    return (8 + len(content)).to_bytes(4) + kind + content


def superbox(kind: bytes, label: str, *boxes: bytes, private: bytes = b"") -> bytes:
    toggles = b"\x13" if private else b"\x03"
    described = box(b"jumd", kind + SUFFIX + toggles + label.encode() + b"\x00" + private)
    return box(b"jumb", described + b"".join(boxes))


def assertion(label: str, value: object) -> bytes:
    return superbox(b"cbor", label, box(b"cbor", cbor2.dumps(value)))


def hashed(label: str, whole: bytes, algorithm: str = "sha256") -> dict[str, object]:
    """Return the hashed URI of an assertion (C2PA 2.2, 8.4.2)."""
    return {
        "url": f"self#jumbf=c2pa.assertions/{label}",
        "hash": hashlib.new(algorithm, whole[8:]).digest(),
    }


@dataclass(frozen=True)
class Mint:
    """What a manifest is made of. `swapped` takes the place of assertions once they are signed."""

    signer: Signer
    version: int = 2
    label: str = "urn:c2pa:00000000-0000-4000-8000-000000000001"
    assertions: Mapping[str, object] = field(default_factory=lambda: {"c2pa.actions.v2": CREATED})
    binding: bool = True
    update: bool = False
    undeclared: Mapping[str, object] = field(default_factory=dict)
    swapped: Mapping[str, object] = field(default_factory=dict)
    hidden: Sequence[str] = ()
    among: bytes = b""  # a further box of the manifest
    private: bytes = b""  # a box in the description of its signature
    claim: Mapping[str, object] = field(default_factory=dict)
    digest: str = "sha256"  # of the assertions
    ready: Sequence[bytes] = ()  # assertions that are encoded already, and listed
    bound_by: str = "sha256"  # the hash of the bytes
    listed: Sequence[Mapping[str, object]] = ()  # further hashed URIs
    recode: Callable[[bytes], bytes] = bytes  # the claim, encoded, before it is signed
    # From the container's range to what is excluded.
    excludes: Callable[[int, int], Sequence[tuple[int, int]]] = lambda at, size: [(at, size)]

    def manifest(self, extra: Mapping[str, object]) -> bytes:
        """Return one manifest's superbox, with further assertions."""
        said = {**self.assertions, **extra}
        made = {label: assertion(label, value) for label, value in said.items()}
        links = [hashed(label, whole, self.digest) for label, whole in made.items()]
        links += map(dict, self.listed)
        claim: dict[str, object] = {
            "instanceID": "xmp:iid:1",
            "claim_generator_info": {"name": "Tests"},
            "signature": f"self#jumbf=/c2pa/{self.label}/c2pa.signature",
            "created_assertions": links,
            "alg": self.digest,
        }
        if self.version == 1:
            claim["assertions"] = claim.pop("created_assertions")
            claim["claim_generator"] = "tests/1"
            claim["claim_generator_info"] = [claim["claim_generator_info"]]
            claim["dc:format"] = "image/jpeg"
        encoded = self.recode(cbor2.dumps({**claim, **self.claim}))
        made |= {label: assertion(label, value) for label, value in self.swapped.items()}
        made |= {label: assertion(label, value) for label, value in self.undeclared.items()}
        kept = [*self.ready]
        kept += [whole for label, whole in made.items() if label not in self.hidden]
        name = "c2pa.claim" if self.version == 1 else "c2pa.claim.v2"
        return superbox(
            b"c2um" if self.update else b"c2ma",
            self.label,
            superbox(b"c2as", "c2pa.assertions", *kept),
            superbox(b"c2cl", name, box(b"cbor", encoded)),
            superbox(
                *(b"c2cs", "c2pa.signature", box(b"cbor", self.signer.sign(encoded))),
                private=self.private,
            ),
            self.among,
        )

    def into(self, source: bytes, before: Sequence[bytes] = ()) -> bytes:
        """Return a JPEG that carries the manifest behind those `before` it."""
        length = 0
        for _ in range(3):  # until the length that the manifest names is its own
            made = jpeg(source, [*before, self.manifest(self._bound(source, length))])
            length = len(made) - len(source)
        return made

    def _bound(self, source: bytes, length: int) -> dict[str, object]:
        if not self.binding:
            return {}
        excluded = list(self.excludes(2, length or 5000))
        filled = source[:2] + bytes(length) + source[2:]
        kept, at = b"", 0
        for start, size in excluded:
            kept += filled[at:start]
            at = start + size
        value = {
            "exclusions": [{"start": start, "length": size} for start, size in excluded],
            "name": "jumbf manifest",
            "alg": self.bound_by,
            "hash": hashlib.new(self.bound_by, kept + filled[at:]).digest(),
            "pad": b"",
        }
        return {"c2pa.hash.data": value}


def jpeg(source: bytes, manifests: Sequence[bytes]) -> bytes:
    """Put manifests into a JPEG, in segments right behind its start (ISO/IEC 19566-5, annex D)."""
    store = superbox(b"c2pa", "c2pa", *manifests)
    segments = b""
    for number, at in enumerate(range(8, len(store), 60000), 1):
        part = b"JP\x02\x11" + number.to_bytes(4) + store[:8] + store[at : at + 60000]
        segments += b"\xff\xeb" + (2 + len(part)).to_bytes(2) + part
    return source[:2] + segments + source[2:]


def with_exponent_one(certificate: x509.Certificate, issuer: Authority) -> bytes:
    """Return the same certificate with the RSA exponent 1, signed anew (DER)."""
    tbs = certificate.tbs_certificate_bytes
    at = tbs.index(b"\x02\x03\x01\x00\x01")
    changed = tbs[:at] + b"\x02\x01\x01" + tbs[at + 5 :]
    # Each of the four lengths around it (BIT STRING, two SEQUENCEs, and the whole) is two less.
    key = changed.index(certificate.public_key().public_numbers().n.to_bytes(256)) - 5  # type: ignore[union-attr]
    for place in (2, *(found for found in range(key - 40, key) if _is_long(changed, found))):
        length = int.from_bytes(changed[place : place + 2]) - 2
        changed = changed[:place] + length.to_bytes(2) + changed[place + 2 :]
    algorithm = certificate.public_bytes(Encoding.DER)[4 + len(tbs) :]
    algorithm = algorithm[: 2 + algorithm[1]]
    signature = b"\x00" + issuer.key.sign(changed, ec.ECDSA(hashes.SHA256()))
    body = changed + algorithm + b"\x03" + bytes([len(signature)]) + signature
    return b"\x30\x82" + len(body).to_bytes(2) + body


def _is_long(data: bytes, at: int) -> bool:
    """Whether a length of two bytes stands here, of a SEQUENCE or a BIT STRING around the key."""
    return data[at - 2 : at] in (b"\x30\x82", b"\x03\x82")
