"""The manifests in a file that nothing leads to: each is judged and told, and weighs nothing. Pure.

C2PA 2.2, 15.11.3.3, has them ignored: whoever can write to a file can put one beside those that
count. Neither what they say, nor what holds of them, nor what is wrong with them is for or against
the file.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from ledger.vocabulary import Outcome

from .harmless import printable
from .identities import called, names_of
from .judgement import Bench
from .lineage import faults_of, judge_link
from .manifest import ManifestReading, ManifestStore
from .opinion.result import Aspect, Judgement
from .report import NO_NAME, Finding, Link, Step
from .words import say, tell

_TOLD = 8  # of very many, so many are told one by one


def judge_apart(reading: ManifestReading, bench: Bench) -> ManifestReading:
    """Judge every manifest that the active one does not rest on as if it did."""
    store, opinion = reading.store, reading.opinion
    if store is None or opinion is None:
        return reading
    apart = tuple(_judge(each, bench) for each in opinion.apart)
    return replace(reading, store=replace(store, apart=apart))


def _judge(judgement: Judgement, bench: Bench) -> Link:
    against = [judgement.failed(aspect) for aspect in (Aspect.SIGNATURE, Aspect.MANIFEST)]
    signature = judgement.carried.signature
    names = () if isinstance(signature, str) else names_of(signature.chain[0])
    codes = tuple(check.code for check in against if check)
    link = Link(
        manifest=printable(judgement.label),
        signer=called(names, NO_NAME),
        list=None,
        outcome=Outcome.FAILED if codes else Outcome.NOT_CHECKED,
        codes=codes,
    )
    link = judge_link(link, judgement, bench)
    outcome = Outcome.FAILED if link.codes else link.rejudged
    code, particulars = _told(link)
    return replace(link, outcome=outcome, sentence=tell(code, **particulars))


def _told(link: Link) -> tuple[str, Mapping[str, object]]:
    """Return the code of what is said of one, and the particulars."""
    if link.codes:
        who = link.who if link.signer != NO_NAME else "nobody whose signature verifies"
        return "unreferenced.failed", {"signer": who, "faults": faults_of(link)}
    if link.rejudged is not Outcome.PASSED:
        return "unreferenced.not_checked", {"reason": link.reason}
    when = f" by {link.signed_at[:10]}" if link.signed_at else ""
    return "unreferenced.holds", {"signer": link.who, "when": when, "list": link.list}


def apart_findings(store: ManifestStore) -> Iterator[Finding]:
    """Tell each that is there, what holds of it, and that it is no part of the file's history."""
    for link in store.apart[:_TOLD]:
        code, particulars = _told(link)
        yield say(Step.UNREFERENCED, link.outcome, code, **particulars)
    if (more := len(store.apart) - _TOLD) > 0:
        yield say(Step.UNREFERENCED, Outcome.NOT_CHECKED, "unreferenced.more", count=more)
