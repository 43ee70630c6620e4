"""Who is named by whom: CAWG identity assertions, judged under lists of identities alone. Pure.

    signature    verified by the second engine, over assertions that the claim holds too, the hard
                 binding among them (CAWG Identity 1.1, 5.1.1, 7.1 and 8.2.2)
    certificate  under the lists of identities and no other, at the time that its own time-stamp
                 proves, else that of the claim that holds it, else now

Whoever signs a claim can name anybody in it. A name that no list attests is told as claimed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from cryptography import x509

from ledger.timestamp_chain import UNREADABLE
from ledger.vocabulary import Outcome

from .harmless import printable
from .judgement import EXPIRED, INVALID, REVOKED, Bench, judge_signer
from .lookalike import find_look_alike, names_in
from .manifest import ManifestReading, ManifestStore, Named
from .opinion.carried import Identity
from .opinion.result import Aspect, Judgement
from .report import Finding, Step
from .trust import Kind
from .words import say

TRUSTED, UNTRUSTED = "cawg.identity.trusted", "cawg.identity.well-formed"
NOT_CHECKED = "identity.not_checked"
_CODES = {
    REVOKED: "cawg.identity.credential_revoked",
    EXPIRED: "cawg.x509.signature.outside_validity",
    INVALID: "cawg.x509.credential.invalid",
}
_UNCHECKED = (NOT_CHECKED, "cawg.identity.sig_type.unknown")
_NOBODY = "somebody without a name"
_REASONS = {
    "aggregated": "it rests on a service whose key would have to be fetched from an address that "
    "the file names",
}


def judge_identities(reading: ManifestReading, bench: Bench) -> ManifestReading:
    """Judge every identity assertion of the chain that the engine and our own engine both read."""
    store, opinion = reading.store, reading.opinion
    if store is None or opinion is None:
        return reading
    signers = {link.manifest: link.who for link in reversed(store.chain)}
    named = tuple(
        _judge(identity, judgement, store, bench, signers[printable(judgement.label)])
        for judgement in opinion.judgements
        if printable(judgement.label) in signers
        for identity in judgement.carried.identities
    )
    return replace(reading, store=replace(store, identities=named))


def find_look_alikes(reading: ManifestReading, bench: Bench) -> ManifestReading:
    """Find the names that no list attests, and that resemble one of those that some list knows."""
    store = reading.store
    if store is None:
        return reading
    lists = [each for each in bench.lists if each.kind is not Kind.TIME_STAMPS]
    found = (find_look_alike(names, lists) for names in _claimed_names(reading, store))
    alike = tuple(dict.fromkeys(each for each in found if each))
    return replace(reading, store=replace(store, look_alikes=alike))


def _claimed_names(reading: ManifestReading, store: ManifestStore) -> Iterator[Sequence[str]]:
    """Yield what each is called whom no list knows: signers, those named, strangers' tools."""
    certificates = {
        printable(each.label): each.carried.signature.chain[0]
        for each in (reading.opinion.judgements if reading.opinion else ())
        if not isinstance(each.carried.signature, str)
    }
    for link in store.chain:
        if not link.attested and link.manifest in certificates:
            yield names_of(certificates[link.manifest])
    for named in store.identities:
        if named.status != TRUSTED:
            yield named.names
    if not store.chain[0].attested:
        yield store.tools


def _judge(
    identity: Identity, judgement: Judgement, store: ManifestStore, bench: Bench, holder: str
) -> Named:
    found = Named(holder=holder, who=_NOBODY, roles=tuple(map(printable, identity.roles)))
    if problem := _manifest_problem(judgement, store):
        return replace(found, status=NOT_CHECKED, about=problem)
    if identity.signature is None:
        about = _REASONS.get(identity.about, printable(identity.about))
        return replace(found, status=identity.status or NOT_CHECKED, about=about)
    names = names_of(identity.signature.chain[0])
    found = replace(found, who=called(names), names=names)
    if identity.status:
        return replace(found, status=identity.status, about=printable(identity.about))
    proven = store.judged.stamp if store.judged and judgement.label == store.label else None
    signer = judge_signer(identity.signature, bench, kind=Kind.IDENTITIES, proven=proven)
    if signer.attested and signer.known:  # a list knows who gave that name, if not this time
        found = replace(found, names=())
    if signer.failures:
        return replace(found, status=_CODES.get(signer.failures[0], UNTRUSTED))
    if signer.known is None:
        return replace(found, status=UNTRUSTED)
    return replace(found, status=TRUSTED, list=signer.known)


def _manifest_problem(judgement: Judgement, store: ManifestStore) -> str:
    """Say why whatever a manifest holds is no evidence; nothing where it may be."""
    if any(map(judgement.failed, (Aspect.SIGNATURE, Aspect.MANIFEST))):
        return "the manifest that holds it is not as it was signed"
    if judgement.label == store.label and store.failures:
        return "the file is not as it was signed"
    return ""


def names_of(certificate: bytes) -> tuple[str, ...]:
    """Return a certificate's common name and its organisation, as far as it has them."""
    try:
        return tuple(dict.fromkeys(names_in(x509.load_der_x509_certificate(certificate).subject)))
    except UNREADABLE:
        return ()


def called(names: Sequence[str], nobody: str = _NOBODY) -> str:
    """Say names as one: the organisation in brackets."""
    if len(names) > 1:
        return f"{printable(names[0])} ({printable(names[1])})"
    return printable(names[0]) if names else nobody


def identity_findings(store: ManifestStore) -> Iterator[Finding]:
    """Say who is named by whom, one finding each; and which names resemble a known one."""
    for named in store.identities:
        outcome = Outcome.NOT_CHECKED if named.status in _UNCHECKED else Outcome.FAILED
        if named.status == TRUSTED:
            outcome = Outcome.PASSED
        yield say(
            Step.IDENTITY,
            outcome,
            named.status,
            who=named.who,
            holder=named.holder,
            roles=f" as {', '.join(map(_role, named.roles))}" if named.roles else "",
            list=named.list,
            reason=named.about,
        )

    for alike in store.look_alikes:
        yield say(
            Step.IDENTITY,
            Outcome.FAILED,
            "name.resembles",
            name=printable(alike.name),
            known=printable(alike.known),
            list=alike.list,
        )


def _role(role: str) -> str:
    """Say a role of CAWG's own as one word (CAWG Identity 1.1, 5.1.2), another as it stands."""
    return role.removeprefix("cawg.")
