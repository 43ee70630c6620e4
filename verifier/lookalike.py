"""Names that look like a known one and are not it: UTS #39 skeletons, wider than those. Pure.

Two names look alike where their skeletons meet: what is left of them without accents, spaces,
punctuation, invisible characters and case, each character by its prototype in Unicode's table of
confusables (UTS #39 section 4). Who wants to be taken for another uses more than one of these.
"""

import unicodedata
from collections.abc import Iterable
from functools import cache

from cryptography import x509
from cryptography.x509.oid import NameOID

from .manifest import LookAlike
from .trust import TrustList

_DROPPED = ("M", "Z", "P", "C")  # marks, spaces, punctuation, controls and invisible ones
_MAX = 200  # characters of a name


def find_look_alike(names: Iterable[str], lists: Iterable[TrustList]) -> LookAlike | None:
    """Return the first of some names that looks like one of those on the lists, or is the same."""
    known = [(each.name, name) for each in lists for name in sorted(names_on(each))]
    for name in names:
        mine = skeletons(name)
        for listed, other in known:
            if mine & skeletons(other):
                return LookAlike(name, other, listed)
    return None


def names_on(trust_list: TrustList) -> set[str]:
    """Return what those on a list are called, and what the list is called itself."""
    names = {trust_list.name}
    for anchor in trust_list.anchors:
        names.update(names_in(anchor.subject))
    return names


def names_in(subject: x509.Name) -> list[str]:
    """Return the common name and the organisation of a certificate's subject."""
    oids = (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME)
    return [str(each.value) for oid in oids for each in subject.get_attributes_for_oid(oid)]


@cache
def skeletons(name: str) -> frozenset[str]:
    """Return the skeletons of a name: one of it as it stands, one of it in lower case.

    Upper and lower case have other doubles: В looks like B, and в like no letter that B becomes.
    Nothing looks like a name that has no letter left.
    """
    plain = _bare(name[:_MAX])
    found = {_bare("".join(map(_prototype, text))) for text in (plain, plain.casefold())}
    return frozenset(each.casefold() for each in found if each)


def _bare(text: str) -> str:
    compatible = unicodedata.normalize("NFKD", text)
    return "".join(c for c in compatible if unicodedata.category(c)[0] not in _DROPPED)


def _prototype(character: str) -> str:
    """Return what a character looks like, by the table: each is a star around its prototype."""
    table = _table()
    around = table.get(character, ())
    if len(around) != 1:
        return character
    [other] = around
    if len(table.get(other, ())) > 1:
        return other
    return min(character, other, key=lambda each: (not each.isascii(), len(each), each))


@cache
def _table() -> dict[str, tuple[str, ...]]:
    from confusable_homoglyphs.confusables import confusables_data  # a megabyte, seldom needed

    return {
        character: tuple(each["c"] for each in doubles)
        for character, doubles in confusables_data.items()
    }
