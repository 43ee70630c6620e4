"""Which list held on which day, whatever the order in which it was said."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import FormatError
from ledger.vocabulary import digest_of
from verifier.trust import Kind
from verifier.trust_history import (
    Change,
    append_change,
    format_history,
    held_on,
    parse_date,
    parse_history,
)

TODAY = date(2026, 11, 25)
OLD, NEW = digest_of(b"old"), digest_of(b"new")


def change(name: str, day: str, digest: object = OLD, kind: Kind = Kind.CLAIM_SIGNERS) -> Change:
    return Change(name, kind, parse_date(day), digest, "a source")  # type: ignore[arg-type]


def test_each_day_has_the_list_of_that_day() -> None:
    history = (
        change("c2pa", "2026-01-01"),
        change("c2pa", "2026-06-01", NEW),
        change("c2pa", "2026-09-01", None),
    )
    digests = [
        [each.digest for each in held_on(history, parse_date(day))]
        for day in ("2025-12-31", "2026-01-01", "2026-05-31", "2026-06-01", "2026-09-01")
    ]
    assert digests == [[], [OLD], [OLD], [NEW], []]


def test_an_older_version_may_be_taken_in_later_and_the_last_word_of_a_day_holds() -> None:
    history = (change("c2pa", "2026-06-01", NEW), change("c2pa", "2026-01-01"))
    assert held_on(history, TODAY)[0].digest == NEW
    assert held_on(history, parse_date("2026-03-01"))[0].digest == OLD
    history = (change("c2pa", "2026-06-01"), change("c2pa", "2026-06-01", NEW))
    assert held_on(history, TODAY)[0].digest == NEW


def test_what_makes_no_sense_is_refused() -> None:
    history = (change("c2pa", "2026-01-01"),)
    for wrong, said in (
        (change("c2pa", "2026-11-26"), "still to come"),
        (change("c2pa", "2026-02-01", kind=Kind.TIME_STAMPS), "is of the kind claim-signers"),
        (change("other", "2026-02-01", None), "there is no list"),
        (change("c2pa", "2025-02-01", None), "there is no list"),
    ):
        with pytest.raises(FormatError, match=said):
            append_change(history, wrong, TODAY)
    for name in ("", "../keys", "a\nb", " a", "a" * 65, "\N{RIGHT-TO-LEFT OVERRIDE}a"):
        with pytest.raises(FormatError, match="is no name"):
            change(name, "2026-01-01")
    with pytest.raises(FormatError, match="one line"):
        Change("a", Kind.IDENTITIES, TODAY, OLD, "a\nb")


@given(
    st.lists(
        st.builds(
            Change,
            st.sampled_from(["c2pa", "The newsroom's list", "été"]),
            st.sampled_from(Kind),
            st.dates(date(2020, 1, 1), TODAY),
            st.sampled_from([OLD, NEW, None]),
            st.text(st.characters(categories=["L", "N", "P"]), max_size=20),
        )
    )
)
def test_a_history_is_written_in_one_spelling(changes: list[Change]) -> None:
    text = format_history(changes)
    assert parse_history(text) == tuple(changes)
    for day in (TODAY, TODAY - timedelta(days=700)):
        names = [each.name for each in held_on(changes, day)]
        assert names == sorted(set(names))


@pytest.mark.parametrize(
    "text",
    [
        "{}\n",
        "[]\n",
        "x",
        '{"name":1}\n',
        "null\n",
        format_history([change("a", "2026-01-01")])[:-1],
    ],
)
def test_any_other_spelling_is_refused(text: str) -> None:
    with pytest.raises(FormatError):
        parse_history(text)
