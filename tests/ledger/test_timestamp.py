"""A time-stamp proves when a checkpoint existed, and only under an authority that we chose."""

import contextlib
import os
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import (
    Certificate,
    ExtendedKeyUsage,
    KeyUsage,
    ObjectIdentifier,
    UnrecognizedExtension,
)
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.checkpoint import Checkpoint, sign_checkpoint
from ledger.errors import FormatError, LedgerError, ProofError, StorageError
from ledger.note import Ed25519NoteSigner
from ledger.stamping import Authority, Stamping
from ledger.storage.memory import MemoryTileStorage
from ledger.timestamp import format_request, parse_response, verify_token
from ledger.timestamp_chain import check_chain
from tests.ledger.authority import OPENSSL, LocalAuthority, issue, stamps

pytestmark = pytest.mark.skipif(OPENSSL is None, reason="the authority is openssl's")

SIGNER = Ed25519NoteSigner("log.example/firsthand", bytes(32))
DATA = sign_checkpoint(Checkpoint("log.example/firsthand", 5, bytes(32)), SIGNER)
Answer = Callable[[bytes], bytes]
NONCE = 0x1234567890ABCDEF


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> LocalAuthority:
    return LocalAuthority(tmp_path_factory.mktemp("tsa") / "a")


@pytest.fixture(scope="module")
def token(authority: LocalAuthority) -> bytes:
    return parse_response(authority.answer(format_request(DATA, NONCE)))


def test_a_token_says_when_and_who(authority: LocalAuthority, token: bytes) -> None:
    stamp = verify_token(token, DATA, [authority.root], NONCE)
    assert abs((datetime.now(UTC) - stamp.time).total_seconds()) < 3600
    assert (stamp.authority, stamp.policy) == ("CN=tsa", "1.2.3.4.5")
    assert verify_token(token, DATA, [authority.root]) == stamp


def test_openssl_agrees_and_accepts_what_we_ask_for(authority: LocalAuthority) -> None:
    answer = authority.answer(format_request(DATA, NONCE))
    assert authority.verifies(DATA, answer)
    assert not authority.verifies(DATA + b"\n", answer)


def test_elliptic_authorities_verify_too(tmp_path: Path) -> None:
    authority = LocalAuthority(tmp_path / "a", elliptic=True)
    token = parse_response(authority.answer(format_request(DATA, NONCE)))
    verify_token(token, DATA, [authority.root], NONCE)


def test_other_bytes_another_nonce_and_other_anchors_are_refused(
    authority: LocalAuthority, token: bytes, tmp_path: Path
) -> None:
    with pytest.raises(ProofError, match="over other bytes"):
        verify_token(token, DATA + b"\n", [authority.root])
    with pytest.raises(ProofError, match="another request"):
        verify_token(token, DATA, [authority.root], NONCE + 1)
    # Another authority whose names are the same, as a forger's would be.
    namesake = LocalAuthority(tmp_path / "b")
    for anchors in ([], [namesake.root]):
        with pytest.raises(ProofError, match="leads to none of the anchors"):
            verify_token(token, DATA, anchors)


def test_every_changed_byte_of_a_token_is_refused_or_changes_nothing_that_it_says(
    authority: LocalAuthority, token: bytes
) -> None:
    stamp = verify_token(token, DATA, [authority.root], NONCE)
    accepted = []
    for at in range(len(token)):
        changed = token[:at] + bytes([token[at] ^ 1]) + token[at + 1 :]
        try:
            assert verify_token(changed, DATA, [authority.root], NONCE) == stamp
            accepted.append(at)
        except (FormatError, ProofError):
            pass
    # CMS does not sign the list of digests, nor its own copy of an algorithm's name.
    assert len(accepted) < 30


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_cut_and_spliced_tokens_never_verify_and_never_crash(
    authority: LocalAuthority, token: bytes, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(token)))
    stop = data.draw(st.integers(start, min(start + 40, len(token))))
    spliced = token[:start] + data.draw(st.binary(max_size=40)) + token[stop:]
    if spliced != token:
        with contextlib.suppress(FormatError, ProofError):  # and nothing else
            assert verify_token(spliced, DATA, [authority.root], NONCE)
            assert len(spliced) == len(token), "only an unsigned byte may differ"


def test_bytes_that_are_no_answer_are_refused(authority: LocalAuthority) -> None:
    answer = authority.answer(format_request(DATA, NONCE))
    for wrong in (b"", b"\x30\x00", answer[:-1], answer + b"\0", b"<html>"):
        with pytest.raises(LedgerError):
            parse_response(wrong)


def test_an_authority_that_refuses_is_heard(authority: LocalAuthority) -> None:
    # SHA-256's name replaced by another algorithm's, which the authority does not know.
    request = format_request(DATA, NONCE).replace(
        bytes.fromhex("0609608648016503040201"), bytes.fromhex("0609608648016503040209")
    )
    with pytest.raises(LedgerError, match="refused: status 2"):
        parse_response(authority.answer(request))


def test_a_token_that_names_its_certificate_by_sha_1_is_refused(tmp_path: Path) -> None:
    authority = LocalAuthority(tmp_path / "a", essential="sha1")
    token = parse_response(authority.answer(format_request(DATA, NONCE)))
    with pytest.raises(ProofError, match="RFC 5816"):
        verify_token(token, DATA, [authority.root])


def test_certificates_that_are_not_good_then_or_not_for_this_are_refused(tmp_path: Path) -> None:
    cases = {
        "not valid at": {"days": (-10, -1)},
        "tsa was not valid": {"days": (1, 10)},
        "root was not valid": {"root_days": (-10, -1)},
        "leads to none": {"between_is_authority": False},
    }
    for number, (sentence, how) in enumerate(cases.items()):
        authority = LocalAuthority(tmp_path / str(number), **how)  # type: ignore[arg-type] # mixed
        token = parse_response(authority.answer(format_request(DATA, NONCE)))
        with pytest.raises(ProofError, match=sentence):
            verify_token(token, DATA, [authority.root])


def test_a_certificate_for_more_than_time_stamps_is_refused(tmp_path: Path) -> None:
    # openssl itself will not sign with these, so its token is given the certificate afterwards.
    authority = LocalAuthority(tmp_path / "a")
    token = parse_response(authority.answer(format_request(DATA, NONCE)))
    assert stamps(more=True) != stamps()
    for usage, critical in (
        (stamps(more=True), True),
        (stamps(), False),
        (ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), True),
    ):
        other = LocalAuthority(
            tmp_path / os.urandom(4).hex(), usage=usage, usage_is_critical=critical
        )
        with pytest.raises(ProofError, match="not for time-stamps"):
            check_chain(other.certificate, [other.between], [other.root], datetime.now(UTC))
    verify_token(token, DATA, [authority.root])


def test_a_chain_that_an_authority_may_not_have_made_is_refused() -> None:
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(4)]
    names = ("root", "upper", "lower", "tsa")
    signs, signs_not = (
        KeyUsage(
            digital_signature=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=may_sign,
            crl_sign=False,
            encipher_only=False,
            decipher_only=False,
        )
        for may_sign in (True, False)
    )
    stranger = UnrecognizedExtension(ObjectIdentifier("1.2.3.4"), b"\x05\x00")

    def make(
        path_length: int | None = 1, usage: KeyUsage = signs, *, odd: bool = False
    ) -> list[Certificate]:
        made = []
        for number, name in enumerate(names):
            above = max(number - 1, 0)
            is_leaf = name == "tsa"
            builder = issue(
                name,
                keys[number],
                names[above],
                authority=not is_leaf,
                path_length=path_length if name == "upper" else None,
            )
            if is_leaf:
                builder = builder.add_extension(stamps(), critical=True)
            elif name == "lower":
                builder = builder.add_extension(usage, critical=True)
            if odd and is_leaf:
                builder = builder.add_extension(stranger, critical=True)
            made.append(builder.sign(keys[above], SHA256()))
        return made

    now = datetime.now(UTC)
    root, upper, lower, leaf = make()
    check_chain(leaf, [lower, upper], [root], now)
    check_chain(leaf, [lower], [upper], now)  # any of them may be the anchor
    for wrong in (make(path_length=0), make(usage=signs_not), make(odd=True)):
        root, upper, lower, leaf = wrong
        with pytest.raises(ProofError, match=r"leads to none|critical extension"):
            check_chain(leaf, [lower, upper], [root], now)
    root, upper, lower, leaf = make()
    with pytest.raises(ProofError, match="leads to none"):
        check_chain(leaf, [upper], [root], now)
    with pytest.raises(ProofError, match="not for time-stamps"):
        check_chain(lower, [upper], [root], now)


def note(size: int) -> bytes:
    return sign_checkpoint(Checkpoint("log.example/firsthand", size, bytes(32)), SIGNER)


def test_the_queue_asks_again_until_every_authority_has_stamped_every_checkpoint(
    authority: LocalAuthority, tmp_path: Path
) -> None:
    other = LocalAuthority(tmp_path / "other")
    down = {"https://b/"}

    def post(url: str, body: bytes, content_type: str) -> bytes:
        assert content_type == "application/timestamp-query"
        if url in down:
            raise StorageError("nobody answers")
        return (authority if url == "https://a/" else other).answer(body)

    files = MemoryTileStorage()
    authorities = [
        Authority("a", "https://a/", (authority.root,)),
        Authority("b", "https://b/", (other.root,)),
    ]
    numbers = count(1)
    stamping = Stamping(files, authorities, post, lambda n: next(numbers).to_bytes(n, "big"))
    stamping.add(note(5))
    stamping.add(note(6))
    stamping.add(note(5))
    first = [(each.size, each.authority, each.problem is None) for each in stamping.run()]
    assert first == [(6, "a", True), (6, "b", False), (5, "a", True), (5, "b", False)]
    # A later process, with what the folder holds and nothing else.
    stamping = Stamping(files, authorities, post, lambda n: next(numbers).to_bytes(n, "big"))
    assert [(each.size, each.authority) for each in stamping.run()] == [(6, "b"), (5, "b")]
    down.clear()
    assert all(each.stamp for each in stamping.run())
    assert list(stamping.run()) == []
    kept = list(stamping.stamps())
    assert [(each.size, each.authority) for each in kept] == [
        (5, "a"), (5, "b"), (6, "a"), (6, "b"),
    ]  # fmt: skip
    assert all(each.stamp for each in kept)


def test_an_authority_that_lies_leaves_nothing_behind(
    authority: LocalAuthority, tmp_path: Path
) -> None:
    rogue = LocalAuthority(tmp_path / "rogue")
    old = authority.answer(format_request(note(5), NONCE))
    answers: dict[str, Answer] = {
        "another chain": rogue.answer,
        "an old answer": lambda _: old,
        "an answer about other bytes": lambda _: authority.answer(format_request(DATA + b"!", 7)),
        "garbage": lambda _: b"garbage",
        "nothing": lambda _: b"",
    }
    for answer in answers.values():
        files = MemoryTileStorage()
        mine = [Authority("a", "https://a/", (authority.root,))]

        def post(_: str, body: bytes, __: str, answer: Answer = answer) -> bytes:
            return answer(body)

        stamping = Stamping(files, mine, post, os.urandom)
        stamping.add(note(5))
        [stamped] = stamping.run()
        assert stamped.problem
        assert not stamped.stamp
        assert list(files.list_paths()) == ["5/checkpoint"]
    token = parse_response(authority.answer(format_request(note(6), NONCE)))
    files.write({"5/a.tsr": token})  # a token of another checkpoint, put there by hand
    [checked] = stamping.stamps()
    assert isinstance(checked.problem, ProofError)


def test_the_name_of_an_authority_is_a_file_s() -> None:
    for name in ("", "../a", "a/b", "A", "a.tsr", "-a", "a" * 41):
        with pytest.raises(FormatError):
            Authority(name, "https://a/", ())
