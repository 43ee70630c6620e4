"""Every manifest below the active one, judged by us and now, down to the last ingredient. Pure.

    signature, assertions   by the second engine, which reads them all
    certificate             under our own lists, at its proven time; and whether it was revoked
    bytes                   not here, and so not checked: there is only the word of who signed over
                            them; but what an update manifest updates is bound to the bytes in hand

What whoever signed over an ingredient recorded of it counts where it is against it. Of lists and
clocks it was his, so there our own count instead.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from ledger.vocabulary import Outcome

from .harmless import printable
from .judgement import EXPIRED, UNTRUSTED, Bench, SignerJudged, confirmed_by, judge_signer
from .manifest import OTHER_SIGNER, ManifestReading, ManifestStore, is_broken
from .opinion.result import Aspect, Judgement
from .report import Link
from .signature import Read, Signature, serial_of
from .words import row_of, tell

_NOTHING = Read(None, None)
# Recorded by another, whose lists and whose day these speak of.
_OF_ANOTHER = (UNTRUSTED, EXPIRED, "claimSignature.outsideValidity", "timeStamp.", "cawg.")


def judge_lineage(reading: ManifestReading, bench: Bench) -> ManifestReading:
    """Judge every link of the chain below the active manifest, and word the whole chain."""
    store, opinion = reading.store, reading.opinion
    if store is None:
        return reading
    judged = _by_label(opinion.judgements if opinion else ())
    bound = _bound_to_the_bytes(store, judged)
    top = replace(store.chain[0], sentence=_top(store))
    links, who = [top], {top.manifest: top.who}
    for number, link in enumerate(store.chain[1:], 1):
        read = store.read.get(link.manifest, _NOTHING)
        found = judge_link(link, judged.get(link.manifest), bench, read)
        found = replace(found, holder=who.get(link.over, link.holder))
        who.setdefault(found.manifest, found.who)
        if number == bound:
            found = replace(found, bytes=_bytes_in_hand(store))
        links.append(replace(found, sentence=_told(found)))
    broken = tuple(link for link in links[1:] if is_broken(link))
    return replace(reading, store=replace(store, chain=tuple(links), broken_ancestors=broken))


def _by_label(judgements: Sequence[Judgement]) -> dict[str, Judgement]:
    """Return what was found of each manifest; nothing of two that are shown under one label."""
    counted = Counter(printable(each.label) for each in judgements)
    shown = {printable(each.label): each for each in judgements}
    return {label: each for label, each in shown.items() if counted[label] == 1}


def judge_link(
    link: Link, judgement: Judgement | None, bench: Bench, read: Read | None = None
) -> Link:
    """Judge one manifest again; where that cannot be done, what was recorded of it stays.

    `read` is what the engine reads in its signature, where that is to be held against it.
    """
    unread = _not_judged(judgement, read)
    if judgement is None or unread:
        return replace(link, list=None, rejudged=Outcome.NOT_CHECKED, reason=printable(unread))
    signature = judgement.carried.signature
    if not isinstance(signature, Signature):  # so `_not_judged` said why
        return link
    signer = judge_signer(signature, bench, confirm=confirmed_by(read.time) if read else None)
    known = signer.known if signer.known in _known(judgement, signer, bench) else None
    failures = signer.failures
    if not failures and known is None:
        failed = judgement.failed(Aspect.SIGNER)
        failures = (failed.code if failed else UNTRUSTED,)
    recorded = tuple(code for code in link.codes if not code.startswith(_OF_ANOTHER))
    codes = tuple(dict.fromkeys((*recorded, *failures)))
    stamp = signer.judged.stamp
    against = codes or any(map(judgement.failed, (Aspect.SIGNATURE, Aspect.MANIFEST)))
    return replace(
        link,
        list=None if failures else known,
        attested=signer.attested,
        codes=codes,
        outcome=Outcome.FAILED if against else link.outcome_of_bytes,
        rejudged=Outcome.FAILED if against else Outcome.PASSED,
        signed_at=stamp.time.isoformat() if stamp else None,
        stamped_late=bool(stamp and stamp.late),
    )


def _not_judged(judgement: Judgement | None, read: Read | None) -> str:
    """Say why a manifest could not be judged again; nothing where it was."""
    if judgement is None:
        return "the second engine did not find it"
    if unchecked := judgement.unchecked():
        return unchecked.about or unchecked.code
    signature = judgement.carried.signature
    if isinstance(signature, str):
        return signature
    return OTHER_SIGNER if read and read.serial != serial_of(signature) else ""


def _known(judgement: Judgement, signer: SignerJudged, bench: Bench) -> list[str]:
    """Return the lists to which its whole chain of certificates leads, by C2PA's profile."""
    stamp = signer.judged.stamp
    moment = stamp.time if stamp else bench.now
    return [each.list for each in judgement.trust if each.holds_at(moment)]


def _bound_to_the_bytes(store: ManifestStore, judged: Mapping[str, Judgement]) -> int | None:
    """Return which link binds the bytes in hand, where the active manifest only updates one."""
    place = 0
    for number, link in enumerate(store.chain):
        found = judged.get(link.manifest)
        if number == place and found is not None and found.carried.update:
            place += 1  # C2PA 2.2, 11.2.3: an update manifest has one ingredient, its parent
    return place or None


def _bytes_in_hand(store: ManifestStore) -> Outcome:
    if store.hard_binding_failures:
        return Outcome.FAILED
    matches = any(code.endswith("Hash.match") for code in store.successes)
    return Outcome.PASSED if matches and not store.failures else Outcome.NOT_CHECKED


def place_of(link: Link) -> str:
    """Say where in the chain a manifest below the active one stands."""
    if link.depth > 1:
        what = "The original" if link.is_parent else "An ingredient"
        return f"{what} of what {link.holder} signed"
    return "The original that it was made from" if link.is_parent else "An ingredient"


def _top(store: ManifestStore) -> str:
    link = store.chain[0]
    if link.codes:
        return tell("chain.failed", place="The file", signer=link.who, faults=faults_of(link))
    known = f"known by your list “{link.list}”" if link.list else "on none of your lists"
    return tell("chain.active", signer=link.who, known=known)


def _told(link: Link) -> str:
    place, signer, holder = place_of(link), link.who, link.holder
    if link.codes:
        when = f", as {holder} recorded before signing over it" if link.altered_before else ""
        return tell("chain.failed", place=place, signer=signer, faults=faults_of(link) + when)
    if link.rejudged is Outcome.FAILED:
        return tell("chain.disputed", place=place, signer=signer)
    if link.rejudged is not Outcome.PASSED:
        reason = link.reason
        return tell("chain.not_checked", place=place, signer=signer, reason=reason, holder=holder)
    if link.bytes is Outcome.PASSED:
        word = "its bytes are those in hand, and as they were signed"
    elif link.outcome_of_bytes is Outcome.PASSED:
        word = f"its bytes are not here to be checked, and {holder} found them intact"
    else:
        word = f"its bytes are not here to be checked, and {holder} does not tell of them"
    return tell(
        "chain.holds",
        place=place,
        signer=signer,
        when=f" by {link.signed_at[:10]}" if link.signed_at else "",
        list=link.list,
        word=word,
    )


def faults_of(link: Link) -> str:
    """Say each status of a link by its own row, as one clause each."""
    return "; ".join(_clauses(link))


def _clauses(link: Link) -> Iterator[str]:
    for code in link.codes[:3]:
        said = row_of(code).clause or row_of(code).sentence
        yield f"{said[:1].lower()}{said[1:].removesuffix('.')}"
