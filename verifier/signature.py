"""The claim signature itself (COSE_Sign1, C2PA 2.2, 13.2), as far as we judge it. Pure.

    protected    algorithm (1) and, in new claims, the certificate chain (33)
    unprotected  in old claims the chain; `sigTst` or `sigTst2`, time-stamps; `rVals`, OCSP answers
    payload      none: the claim lies beside it
    signature    over Sig_structure ["Signature1", protected, b"", claim]  (RFC 9052 section 4.4)

The engine checks all of it too. Ours is checked again, because certificates are judged here at
times and under lists that the engine knows nothing of: what we judge must be what it checked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import cbor2
from cryptography import x509

from ledger.errors import FormatError
from ledger.timestamp_chain import UNREADABLE

from .opinion.cose import verify_bytes

_TAG = b"\xd2"  # RFC 9052 section 2: 18, COSE_Sign1
_ALGORITHM = 1  # RFC 9052 section 3.1
_CHAINS = (33, "x5chain")  # RFC 9360; old claims spell the name
_MAX, _MAX_SIZE = 8, 1 << 18  # of each in number, and in bytes


@dataclass(frozen=True, slots=True)
class Token:
    """A time-stamp token (DER), and the byte strings of which it must be over one.

    late: a later manifest brought it along.
    """

    token: bytes
    over: tuple[bytes, ...]
    late: bool = False


@dataclass(frozen=True, slots=True)
class Signature:
    """What a claim signature carries: chain (DER, leaf first), time-stamps, OCSP answers (DER).

    value: the signature itself, as it stands in the message.
    """

    chain: tuple[bytes, ...]
    tokens: tuple[Token, ...]
    ocsp: tuple[bytes, ...]
    value: bytes


@dataclass(frozen=True, slots=True)
class Read:
    """What the engine reads in a claim signature: its certificate's serial number, and a time."""

    serial: str | None
    time: str | None


def format_signature(signature: Signature) -> dict[str, object]:
    """Turn a signature into plain values."""
    return {
        "chain": list(signature.chain),
        "tokens": [[each.token, list(each.over), each.late] for each in signature.tokens],
        "ocsp": list(signature.ocsp),
        "value": signature.value,
    }


def parse_signature(said: object) -> Signature:
    """Read what `format_signature` writes; raises FormatError for anything else."""
    match said:
        case {
            "chain": [*chain],
            "tokens": [*tokens],
            "ocsp": [*ocsp],
            "value": bytes() as value,
        } if chain:
            return Signature(_bytes(chain), tuple(map(_token, tokens)), _bytes(ocsp), value)
        case _:
            raise FormatError("this is no claim signature")


def serial_of(signature: Signature) -> str:
    """Return the serial number of the signer's certificate, in decimals; none where it is none."""
    try:
        return str(x509.load_der_x509_certificate(signature.chain[0]).serial_number)
    except UNREADABLE:
        return ""


def _token(value: object) -> Token:
    match value:
        case [bytes() as token, [*over], bool() as late] if over:
            return Token(token, _bytes(over), late)
        case _:
            raise FormatError("this is no time-stamp")


def _bytes(values: Sequence[object]) -> tuple[bytes, ...]:
    found = tuple(each for each in values if isinstance(each, bytes))
    if len(found) != len(values):
        raise FormatError("something else where byte strings belong")
    return found


@lru_cache(8)  # of one file, whose second opinion meets what was found in it before
def verify_signature(message: bytes, claim: bytes) -> Signature:
    """Check that `message` signs `claim` (CBOR) with the key of its own certificate.

    Raises FormatError for another shape, ProofError for a signature that does not verify. Who the
    certificate belongs to, and whether anybody knows him, is not asked here.
    """
    protected, unprotected, signature = _parts(message)
    headers = _map(_decode(protected))
    chain = _chain(headers, unprotected)
    _verify(
        headers.get(_ALGORITHM), chain[0], signature, _structure("Signature1", protected, claim)
    )
    tokens = [
        Token(token, (_structure("CounterSignature", protected, claim),))
        for token in _tokens(unprotected, "sigTst")
    ]
    # The engine wraps the signature as CBOR before it is the payload; the specification does not.
    payloads = (cbor2.dumps(signature), signature)
    over = tuple(_structure("CounterSignature", protected, payload) for payload in payloads)
    tokens += [Token(token, over) for token in _tokens(unprotected, "sigTst2")]
    return Signature(chain, tuple(tokens), _ocsp(unprotected), signature)


def claim_hashes(claim: bytes) -> list[tuple[str, bytes]]:
    """Return what a claim says of its assertions: address and hash, in order.

    Two claims that agree in these say the same of the same bytes. Raises FormatError.
    """
    said = _map(_decode(claim))
    found = []
    for name in ("assertions", "created_assertions", "gathered_assertions"):
        for each in map(_map, _list(said.get(name, []))):
            url, digest = each.get("url"), each.get("hash")
            if not isinstance(url, str) or not isinstance(digest, bytes):
                raise FormatError("a claim names each assertion by address and hash")
            found.append((url, digest))
    return found


def _parts(message: bytes) -> tuple[bytes, Mapping[object, object], bytes]:
    match _decode(message.removeprefix(_TAG)):
        case [bytes() as protected, dict() as unprotected, None, bytes() as signature]:
            return protected, unprotected, signature
        case _:
            raise FormatError("a claim signature is a COSE_Sign1 message without a payload")


def _chain(
    headers: Mapping[object, object], unprotected: Mapping[object, object]
) -> tuple[bytes, ...]:
    given = [place[key] for place in (headers, unprotected) for key in _CHAINS if key in place]
    if len(given) != 1:  # of two, the engine may have taken the other
        raise FormatError("a claim signature has one certificate chain")
    chain = given[0] if isinstance(given[0], list) else [given[0]]
    if not chain or len(chain) > _MAX or len(_readable(chain)) != len(chain):
        raise FormatError(f"a certificate chain is one to {_MAX} byte strings")
    return _readable(chain)


def _tokens(unprotected: Mapping[object, object], name: str) -> tuple[bytes, ...]:
    match unprotected.get(name):
        case {"tstTokens": [*held]}:
            return _readable([each.get("val") for each in held if isinstance(each, dict)])
        case _:
            return ()


def _ocsp(unprotected: Mapping[object, object]) -> tuple[bytes, ...]:
    match unprotected.get("rVals"):
        case {"ocspVals": [*held]}:
            return _readable(held)
        case _:
            return ()


def _readable(values: Sequence[object]) -> tuple[bytes, ...]:
    """Return the byte strings among the first few: what does not read as one proves nothing."""
    few = values[:_MAX]
    return tuple(each for each in few if isinstance(each, bytes) and len(each) <= _MAX_SIZE)


def _structure(context: str, protected: bytes, payload: bytes) -> bytes:
    return cbor2.dumps([context, protected, b"", payload])


def _verify(algorithm: object, leaf: bytes, signature: bytes, message: bytes) -> None:
    try:
        key = x509.load_der_x509_certificate(leaf).public_key()
    except UNREADABLE:
        raise FormatError("the claim signer's certificate does not read") from None
    verify_bytes(algorithm, signature, message, key)


def _decode(data: bytes) -> object:
    try:
        return cbor2.loads(data)
    except (cbor2.CBORError, ValueError, TypeError, OverflowError, RecursionError) as problem:
        raise FormatError(f"not CBOR ({type(problem).__name__})") from None


def _map(value: object) -> Mapping[object, object]:
    if not isinstance(value, dict):
        raise FormatError("something else where a map belongs")
    return value


def _list(value: object) -> Sequence[object]:
    if not isinstance(value, list):
        raise FormatError("something else where a list belongs")
    return value
