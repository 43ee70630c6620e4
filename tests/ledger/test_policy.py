"""A policy is read as c2sp.org/tlog-policy says, and a checkpoint without its quorum is refused."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.checkpoint import Checkpoint, format_checkpoint
from ledger.cosignature import Ed25519Cosigner, MlDsa44Cosigner
from ledger.errors import FormatError, ProofError
from ledger.note import Ed25519NoteSigner, NoteSigner, format_verifier_key, sign_note
from ledger.policy import (
    Group,
    Policy,
    PolicyLog,
    PolicyWitness,
    check_quorum,
    format_policy,
    parse_log_key,
    parse_policy,
)

ORIGIN = "log.example/firsthand"
LOG = Ed25519NoteSigner(ORIGIN, bytes(32))
LOG_ML_DSA = MlDsa44Cosigner(ORIGIN, bytes(32), lambda: 5)
NAMES = ("X1", "X2", "X3", "Y1", "Y2", "Y3")
COSIGNERS = {
    name: (Ed25519Cosigner if number % 2 else MlDsa44Cosigner)(
        f"{name.lower()}.example/w", bytes([number + 1]) * 32, lambda: 1000
    )
    for number, name in enumerate(NAMES)
}
KEYS = {name: format_verifier_key(cosigner.verifier) for name, cosigner in COSIGNERS.items()}
TEXT = format_checkpoint(Checkpoint(ORIGIN, 7, bytes(32)))

# The example of c2sp.org/tlog-policy, with keys in the place of <vkey>.
EXAMPLE = f"""\
log {format_verifier_key(LOG.verifier)}

witness X1 {KEYS["X1"]}
witness X2 {KEYS["X2"]}
witness X3 {KEYS["X3"]}
group X-witnesses 2 X1 X2 X3

witness Y1 {KEYS["Y1"]}
witness Y2 {KEYS["Y2"]}
witness Y3 {KEYS["Y3"]}
group Y-witnesses any Y1 Y2 Y3

group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
"""


def cosigned(*names: str, log: NoteSigner = LOG) -> bytes:
    return sign_note(TEXT, [log, *(COSIGNERS[name] for name in names)])


def test_every_subset_of_the_example_s_witnesses_is_judged_as_its_text_says() -> None:
    policy = parse_policy(EXAMPLE.encode())
    for count in range(len(NAMES) + 1):
        for names in combinations(NAMES, count):
            xs = sum(name.startswith("X") for name in names)
            if xs >= 2 and count > xs:
                witnessed = check_quorum(cosigned(*names), policy)
                assert witnessed.times == dict.fromkeys(names, 1000)
                assert witnessed.checkpoint.size == 7
            else:
                with pytest.raises(ProofError) as caught:
                    check_quorum(cosigned(*names), policy)
                missing = caught.value.message.rpartition("cosignature of ")[2].split(", ")
                assert missing == [name for name in NAMES if name not in names]


def test_a_policy_that_is_written_reads_back_the_same() -> None:
    policy = parse_policy(EXAMPLE.encode())
    assert format_policy(parse_policy(format_policy(policy))) == format_policy(policy)
    assert b"group X-witnesses 2 X1 X2 X3\n" in format_policy(policy)
    assert b"group Y-witnesses any Y1 Y2 Y3\n" in format_policy(policy)


def test_quorum_none_asks_for_the_log_s_signature_alone() -> None:
    policy = parse_policy(f"log {format_verifier_key(LOG.verifier)}\nquorum none\n".encode())
    assert check_quorum(cosigned(), policy).times == {}
    with pytest.raises(ProofError, match="no known key"):
        check_quorum(sign_note(TEXT, [COSIGNERS["X1"]]), policy)


def test_witnesses_alone_do_not_make_a_checkpoint() -> None:
    policy = parse_policy(EXAMPLE.encode())
    note = sign_note(TEXT, list(COSIGNERS.values()))
    with pytest.raises(ProofError, match="no key of the log"):
        check_quorum(note, policy)


def test_a_log_that_the_policy_does_not_name_is_refused_unless_its_key_is_given() -> None:
    policy = parse_policy(f"witness X1 {KEYS['X1']}\nquorum X1\n".encode())
    with pytest.raises(ProofError, match="names no log"):
        check_quorum(cosigned("X1"), policy)
    assert check_quorum(cosigned("X1"), policy, [LOG.verifier]).times == {"X1": 1000}
    stranger = Ed25519NoteSigner(ORIGIN, bytes([9]) * 32)
    with pytest.raises(ProofError, match="no key of the log"):
        check_quorum(cosigned("X1", log=stranger), policy, [LOG.verifier])


def test_either_of_a_log_s_two_keys_is_enough_and_a_wrong_signature_of_one_is_not_overlooked() -> (
    None
):
    keys = [format_verifier_key(each.verifier) for each in (LOG, LOG_ML_DSA)]
    policy = parse_policy(f"log {keys[0]}\nlog {keys[1]}\nquorum none\n".encode())
    for signer in (LOG, LOG_ML_DSA):
        check_quorum(cosigned(log=signer), policy)
    both = sign_note(TEXT, [LOG, LOG_ML_DSA])
    check_quorum(both, policy)
    other = sign_note(TEXT.replace("7", "8"), [LOG_ML_DSA]).split(b"\n\n")[1]
    with pytest.raises(ProofError, match="does not verify"):
        check_quorum(cosigned() + other, policy)


def test_a_cosignature_of_another_tree_is_refused_and_not_merely_uncounted() -> None:
    policy = parse_policy(EXAMPLE.encode())
    other = sign_note(TEXT.replace("7", "8"), [COSIGNERS["Y1"]]).split(b"\n\n")[1]
    with pytest.raises(ProofError, match=r"y1\.example/w does not verify"):
        check_quorum(cosigned("X1", "X2", "X3") + other, policy)


def test_a_witness_under_another_key_of_the_same_name_does_not_count() -> None:
    policy = parse_policy(f"witness X1 {KEYS['X1']}\nquorum X1\n".encode())
    impostor = MlDsa44Cosigner("x1.example/w", bytes([77]) * 32, lambda: 1000)
    with pytest.raises(ProofError, match="no cosignature of X1"):
        check_quorum(sign_note(TEXT, [LOG, impostor]), policy, [LOG.verifier])


def test_blanks_comments_and_urls_are_read_as_the_specification_has_them() -> None:
    log = format_verifier_key(LOG.verifier)
    text = (
        f"# a comment\n\n \t \n\t# another\n  log\t{log}   https://log.example/ \t\n"
        f"witness X1 {KEYS['X1']} https://w.example/prefix\nquorum  X1 \n"
    )
    policy = parse_policy(text.encode())
    assert policy.logs[0].url == "https://log.example/"
    assert policy.witnesses[0].url == "https://w.example/prefix"
    again = parse_policy(format_policy(policy))
    assert again.groups == policy.groups
    assert again.witnesses[0].url == policy.witnesses[0].url


def test_names_are_octets_and_a_kelvin_sign_is_not_a_k() -> None:
    kelvin = "\N{KELVIN SIGN}"
    text = f"witness K {KEYS['X1']}\nwitness {kelvin} {KEYS['X2']}\nquorum K\n".encode()
    policy = parse_policy(text)
    with pytest.raises(ProofError, match=r"no cosignature of K;"):
        check_quorum(cosigned("X2"), policy, [LOG.verifier])
    latin = b"witness \xe9\xa0\x85 " + KEYS["X1"].encode() + b"\nquorum \xe9\xa0\x85\n"
    assert format_policy(parse_policy(latin)) == latin


REFUSED = {
    "no quorum": "",
    "two quorums": "quorum none\nquorum none\n",
    "no last newline": "quorum none",
    "a quorum of nothing": "quorum W\n",
    "a quorum above its witness": "quorum W\nwitness W {X1}\n",
    "a group above its witness": "group G all W\nwitness W {X1}\nquorum none\n",
    "a group of itself": "group G all G\nquorum G\n",
    "no members": "group G all\nquorum none\n",
    "a member named none": "group G all none\nquorum none\n",
    "a witness named none": "witness none {X1}\nquorum none\n",
    "a group named none": "witness W {X1}\ngroup none all W\nquorum none\n",
    "one name twice": "witness W {X1}\nwitness W {X2}\nquorum none\n",
    "a name of both kinds": "witness W {X1}\ngroup W all W\nquorum none\n",
    "one key twice": "witness V {X1}\nwitness W {X1}\nquorum none\n",
    "one key under two names": "witness V {X2}\nwitness W {X2renamed}\nquorum none\n",
    "one log twice": "log {LOG}\nlog {LOG}\nquorum none\n",
    "a member twice": "witness W {X1}\ngroup G any W W\nquorum G\n",
    "a member of two groups": "witness W {X1}\ngroup G any W\ngroup H any W\nquorum G\n",
    "a threshold of 0": "witness W {X1}\ngroup G 0 W\nquorum G\n",
    "a threshold of 2 of 1": "witness W {X1}\ngroup G 2 W\nquorum G\n",
    "a threshold with a zero": "witness W {X1}\ngroup G 01 W\nquorum G\n",
    "a threshold with a sign": "witness W {X1}\ngroup G +1 W\nquorum G\n",
    "a log's key for a witness": "witness W {LOG}\nquorum none\n",
    "a witness's key for a log": "log {X2}\nquorum none\n",
    "a word too many": "quorum none none\n",
    "an unknown line": "threshold 2\nquorum none\n",
    "a carriage return": "quorum none\r\n",
    "a vertical tab": "quorum\x0bnone\n",
    "a nul": "# \0\nquorum none\n",
    "a delete": "# \x7f\nquorum none\n",
    "a keyword in capitals": "QUORUM none\n",
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED.keys())
def test_it_is_refused(text: str) -> None:
    renamed = Ed25519Cosigner("other.example", bytes([2]) * 32, lambda: 0)
    assert renamed.verifier.public_key == COSIGNERS["X2"].verifier.public_key
    values = KEYS | {
        "LOG": format_verifier_key(LOG.verifier),
        "X2renamed": format_verifier_key(renamed.verifier),
    }
    for name, value in values.items():
        text = text.replace("{" + name + "}", value)
    with pytest.raises(FormatError):
        parse_policy(text.encode("latin-1"))


def test_a_policy_that_no_file_can_hold_is_not_written() -> None:
    witness = PolicyWitness("a b", COSIGNERS["X1"].verifier)
    for policy in (
        Policy(witnesses=(witness,)),
        Policy(quorum="nobody"),
        Policy(groups=(Group("G", 1, ("W",)),)),
        Policy(logs=(PolicyLog(COSIGNERS["X2"].verifier),)),
    ):
        with pytest.raises(FormatError):
            format_policy(policy)


def test_thirty_two_of_everything_are_read() -> None:
    lines, members = [], []
    for number in range(32):
        log = Ed25519NoteSigner(f"log{number}.example", bytes([number]) * 32)
        witness = Ed25519Cosigner(f"w{number}.example", bytes([number + 100]) * 32, lambda: 0)
        lines.append(f"log {format_verifier_key(log.verifier)}")
        lines.append(f"witness w{number} {format_verifier_key(witness.verifier)}")
        lines.append(f"group g{number} all w{number}")
        members.append(f"g{number}")
    lines[-1] = f"group g31 20 w31 {' '.join(members[:31])}"
    policy = parse_policy("\n".join([*lines, "quorum g31", ""]).encode())
    assert policy.is_satisfied_by(f"w{number}" for number in range(20))
    assert not policy.is_satisfied_by(f"w{number}" for number in range(19))


@given(data=st.binary(max_size=80) | st.text("logwitnesgrupquorm anyall12\n\t #", max_size=80))
def test_what_parses_re_formats_to_the_same_policy(data: bytes | str) -> None:
    raw = data if isinstance(data, bytes) else data.encode()
    try:
        policy = parse_policy(raw)
    except FormatError:
        return
    assert format_policy(parse_policy(format_policy(policy))) == format_policy(policy)


def test_a_key_whose_name_is_not_utf_8_is_refused_and_no_traceback() -> None:
    for line in (b"log %s\nquorum none\n", b"witness W %s\nquorum none\n"):
        for key in (KEYS["X1"], KEYS["X2"], format_verifier_key(LOG.verifier)):
            with pytest.raises(FormatError):
                parse_policy(line % (b"\xff" + key.encode()))


def test_a_log_s_key_is_one_of_two_types() -> None:
    for signer in (LOG, LOG_ML_DSA):
        text = format_verifier_key(signer.verifier)
        assert format_verifier_key(parse_log_key(text)) == text
    with pytest.raises(FormatError):
        parse_log_key(KEYS["X2"])
