"""Checkpoints are those of c2sp.org/tlog-checkpoint, and have one spelling."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.checkpoint import (
    Checkpoint,
    format_checkpoint,
    open_checkpoint,
    parse_checkpoint,
    sign_checkpoint,
)
from ledger.errors import FormatError, ProofError
from ledger.note import Ed25519NoteSigner, sign_note

TEXT = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"


def test_the_specification_s_example_reads_and_writes_the_same() -> None:
    checkpoint = parse_checkpoint(TEXT)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert checkpoint.root_hash.hex().startswith("0ac5186a91863e8e")
    assert format_checkpoint(checkpoint) == TEXT


def test_every_changed_character_is_refused_or_says_something_else() -> None:
    for at in range(len(TEXT)):
        for character in map(chr, [*range(128), 0x661]):
            changed = TEXT[:at] + character + TEXT[at + 1 :]
            try:
                checkpoint = parse_checkpoint(changed)
            except FormatError:
                continue
            assert format_checkpoint(checkpoint) == changed
            assert (checkpoint == parse_checkpoint(TEXT)) == (changed == TEXT)


@pytest.mark.parametrize(
    "size", ["-1", "+1", "01", "1_0", " 1", "1 ", "", "0x1", "\u0661", str(1 << 63)]
)
def test_a_size_has_one_spelling_and_fits_63_bits(size: str) -> None:
    with pytest.raises(FormatError):
        parse_checkpoint(TEXT.replace("20852163", size))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        TEXT[:-1],
        TEXT + "\n",
        "\n" + TEXT,
        TEXT.replace("\n", "\r\n"),
        TEXT + "\nextension\n",
        TEXT.replace("xq2I=", "xq2J="),
        TEXT.replace("CsUY", ""),
    ],
)
def test_other_lines_are_refused(text: str) -> None:
    with pytest.raises(FormatError):
        parse_checkpoint(text)


def test_extension_lines_are_kept() -> None:
    assert parse_checkpoint(TEXT + "one\ntwo\n").extensions == ("one", "two")


@given(st.text(min_size=1), st.integers(), st.binary(max_size=40), st.lists(st.text(), max_size=2))
def test_what_can_be_written_reads_back(
    origin: str, size: int, root: bytes, extensions: list[str]
) -> None:
    checkpoint = Checkpoint(origin, size, root, tuple(extensions))
    try:
        text = format_checkpoint(checkpoint)
    except FormatError:
        return
    assert parse_checkpoint(text) == checkpoint


def test_a_checkpoint_of_another_log_is_refused(note_signer: Ed25519NoteSigner) -> None:
    mine = sign_checkpoint(Checkpoint("mine", 1, bytes(32)), note_signer)
    assert open_checkpoint(mine, note_signer.verifier, "mine").size == 1
    with pytest.raises(ProofError, match="the log mine, not of yours"):
        open_checkpoint(mine, note_signer.verifier, "yours")
    other = Ed25519NoteSigner(note_signer.verifier.name, bytes(32))
    with pytest.raises(ProofError, match="no known key"):
        open_checkpoint(mine, other.verifier, "mine")


def test_a_signed_text_that_is_no_checkpoint_is_refused(note_signer: Ed25519NoteSigner) -> None:
    with pytest.raises(FormatError):
        open_checkpoint(sign_note("hello\n", [note_signer]), note_signer.verifier, "mine")
