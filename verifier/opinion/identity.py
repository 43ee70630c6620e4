"""CAWG identity assertions: is what each signs what the claim holds (CAWG Identity 1.1).

Who the certificates belong to, and whether any list knows him, is not asked here.
"""

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

import cbor2

from ledger.errors import FirsthandError, FormatError, ProofError

from ..signature import Signature, verify_signature
from .carried import Identity
from .claim import claim_links
from .store import Assertion, Manifest, as_bytes, as_list, as_map, as_text

_LABEL = re.compile(r"cawg\.identity(__[0-9]+)?")  # CAWG Identity 1.1, 5.2; C2PA 2.2, 6.4
_HARD_BINDING = re.compile(r"c2pa\.hash\.[a-z.-]+(\.v[0-9]+)?")
_X509, _AGGREGATED = "cawg.x509.cose", "cawg.identity_claims_aggregation"
_MAX_ROLES, _MAX_IDENTITIES = 16, 16
_MAX_ROLE = 80  # characters


class _Against(FormatError):
    """A status of CAWG's, and what it is about."""

    def __init__(self, status: str, about: str = "") -> None:
        super().__init__(about or status)
        self.status = status


def identities(manifest: Manifest) -> Iterator[Identity]:
    """Yield what each identity assertion of a manifest comes to (CAWG Identity 1.1, 7.1)."""
    found = [each for each in manifest.assertions if _LABEL.fullmatch(each.label)]
    for assertion in found[:_MAX_IDENTITIES]:
        try:
            yield _read(manifest, assertion)
        except _Against as problem:
            yield Identity(assertion.label, "", status=problem.status, about=problem.message)
        except FirsthandError as problem:
            status = "cawg.identity.cbor.invalid"
            yield Identity(assertion.label, "", status=status, about=problem.message)


def _read(manifest: Manifest, assertion: Assertion) -> Identity:
    whole = assertion.value()
    payload = as_map(whole.get("signer_payload"), "what is signed")
    kind = as_text(payload.get("sig_type"), "the kind of signature")
    roles = _roles(payload)
    _check_padding(whole)
    _check_references(manifest, assertion, payload)
    if kind == _AGGREGATED:  # its issuer's key lies at an address that the file names
        return Identity(assertion.label, kind, roles, "identity.not_checked", "aggregated")
    if kind != _X509:
        status = "cawg.identity.sig_type.unknown"
        return Identity(assertion.label, kind[:_MAX_ROLE], roles, status)
    message = as_bytes(whole.get("signature"), "the signature")
    signature = _verified(message, assertion, payload)
    # CAWG Identity 1.1, 7.1.1 to 7.1.3: what is expected must be so, and nothing here looks at it.
    if unread := sorted(key for key in payload if key.startswith("expected_")):
        return Identity(assertion.label, kind, roles, "identity.not_checked", unread[0][:_MAX_ROLE])
    return Identity(assertion.label, kind, roles, signature=signature)


def _roles(payload: Mapping[str, object]) -> tuple[str, ...]:
    said = as_list(payload.get("role", []), "the roles")[:_MAX_ROLES]
    return tuple(as_text(each, "a role")[:_MAX_ROLE] for each in said)


def _check_padding(whole: Mapping[str, object]) -> None:
    # CAWG Identity 1.1, 7.1: filled with zeros.
    if any(any(as_bytes(whole.get(name, b""), name)) for name in ("pad1", "pad2")):
        raise _Against("cawg.identity.pad.invalid")


def _check_references(
    manifest: Manifest, assertion: Assertion, payload: Mapping[str, object]
) -> None:
    """Hold the referenced assertions against the claim (CAWG Identity 1.1, 5.1.1)."""
    claimed = dict(claim_links(manifest))
    seen: set[str] = set()
    for each in as_list(payload.get("referenced_assertions"), "the referenced assertions"):
        reference = as_map(each, "a referenced assertion")
        label = as_text(reference.get("url"), "an address").rpartition("/")[2]
        held = claimed.get(label)
        if label == assertion.label or held is None or not _same(manifest, reference, held):
            raise _Against("cawg.identity.assertion.mismatch", label[:_MAX_ROLE])
        if label in seen:
            raise _Against("cawg.identity.assertion.duplicate", label[:_MAX_ROLE])
        seen.add(label)
    if not any(_HARD_BINDING.fullmatch(label) for label in seen):
        raise _Against("cawg.identity.hard_binding_missing")


def _same(manifest: Manifest, reference: Mapping[str, object], held: Mapping[str, object]) -> bool:
    default = manifest.claimed().get("alg")
    algorithms = {each.get("alg") or default for each in (reference, held)}
    return len(algorithms) == 1 and reference.get("hash") == held.get("hash")


def _verified(message: bytes, assertion: Assertion, payload: Mapping[str, object]) -> Signature:
    """Verify the signature (8.2.2); the engine signs the map as it stands, and not sorted."""
    problem: FirsthandError = FormatError("it is not there")
    for signed in (_raw_payload(assertion.cbor or b""), cbor2.dumps(payload, canonical=True)):
        try:
            signature = verify_signature(message, signed)
            # 8.2.2: a time-stamp of the first kind, over what is signed alone, counts for nothing.
            tokens = tuple(each for each in signature.tokens if len(each.over) > 1)
            return replace(signature, tokens=tokens)
        except FirsthandError as found:
            problem = found
    is_other = isinstance(problem, ProofError)
    code = "cawg.x509.signature.mismatch" if is_other else "cawg.identity.cbor.invalid"
    raise _Against(code, problem.message)


def _raw_payload(cbor: bytes) -> bytes:
    """Return the bytes of `signer_payload` as they stand in the assertion; none where not found."""
    stream = io.BytesIO(cbor)
    head = stream.read(1)
    if not head or not 0xA1 <= head[0] <= 0xB7:  # RFC 8949, 3.1: a map of 1 to 23 pairs
        return b""
    decoder = cbor2.CBORDecoder(stream, max_depth=64)
    try:
        for _ in range(head[0] - 0xA0):
            key = decoder.decode()
            start = stream.tell()
            decoder.decode()
            if key == "signer_payload":
                return cbor[start : stream.tell()]
    except (cbor2.CBORError, ValueError, TypeError, RecursionError):
        pass
    return b""
