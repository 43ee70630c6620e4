"""What the engine read of a C2PA manifest store, as our values. Pure: no engine, no files."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from ledger.errors import FormatError
from ledger.vocabulary import Outcome

from .harmless import printable
from .manifest_json import claimed_times, mapping, sequence, signer_of, source_type, text_of, tools
from .opinion.result import Opinion, parse_opinion
from .report import Link, Uncovered
from .revocation import Revocation, RevocationStatus
from .signature import Read, Signature, parse_signature, serial_of

# Failure codes (C2PA 2.2, 15.2.2.3) that speak of who signed, not of what was signed.
_ABOUT_THE_SIGNER = (
    *("signingCredential.", "timeStamp."),
    "claimSignature.outsideValidity",
)
_ABOUT_IDENTITIES = "cawg."  # whoever is named: `identities` judges that, by lists of its own
_HARD_BINDINGS = tuple(
    f"assertion.{kind}."
    for kind in ("dataHash", "bmffHash", "boxesHash", "collectionHash", "multiAssetHash")
)
# Failures that no claim generator can have signed: something is not as it was. Any other failure
# may be as old as the claim (a rule that it breaks, an algorithm that the engine does not know).
_CHANGED = (".mismatch", "assertion.missing", "assertion.undeclared")
# What the claim itself says, and why an assertion need not be missing from where it is looked for.
_ELSEWHERE = "assertion.outsideManifest"
OTHER_SIGNER = "the engine names another certificate than that of the signature"
_HASHES = ("sha256", "sha384", "sha512")  # C2PA 2.2 section 13.1


@dataclass(frozen=True, slots=True)
class Stamp:
    """A proven time (UTC), the authority that says so (RFC 4514), and the list that knows it.

    late: it was added later, by another manifest.
    """

    time: datetime
    authority: str
    list: str
    late: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What we found of the signer ourselves, as things stood at `now`.

    as_of: `now` is a time that was asked about. problem: why the signature was not found, or none.
    stamp: the proven time of signing; stamp_problem: why a time-stamp that is there proves none.
    valid: from when to when the signer's certificate is, or the one above it that was not then.
    """

    now: datetime
    as_of: bool
    problem: str = ""
    stamp: Stamp | None = None
    stamp_problem: str = ""
    valid: tuple[datetime, datetime] | None = None
    revocation: RevocationStatus = field(
        default_factory=lambda: RevocationStatus(Revocation.NOT_CHECKED)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """Whom an identity assertion names, in a manifest that `holder` signed, as what, and by whom.

    status: a code of CAWG's, or ours, and `about` what more there is to it; list: that which knows
    who is named, where one does; names: those in his certificate, where no list attests them.
    """

    holder: str
    who: str
    names: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    status: str = ""
    about: str = ""
    list: str | None = None


@dataclass(frozen=True, slots=True)
class LookAlike:
    """A name that somebody claims, and the one that it resembles on the list of that name."""

    name: str
    known: str
    list: str


@dataclass(frozen=True, slots=True)
class ManifestStore:
    """A manifest store that the engine could read, judged.

    `signer_failures` and `failures` are the active manifest's status codes about its signer and
    about everything else; `time_stamps` are those about time-stamps, good or bad;
    `broken_ancestors` are the links below it that did not hold when the manifest above them was
    signed, or do not now. `trust_list` names the list that knows the active manifest's signer.
    `signature` is what the claim signature carries, or why it was not found; `claimed_times` are
    the times at which the manifest says that it came to be. `judged` is None where only the engine
    has judged the signer. `identities` are those whom its manifests name, `tools` the
    programs that the active one names, `look_alikes` those of all these names that no list attests
    and that resemble one that is on a list. `apart` are the manifests that nothing leads to. `read`
    tells by label, as it is shown, what the engine reads in the signature of each manifest.
    """

    label: str
    embedded: bool
    chain: tuple[Link, ...]
    signer: str
    signed_at: str | None
    trust_list: str | None
    successes: tuple[str, ...]
    failures: tuple[str, ...]
    signer_failures: tuple[str, ...]
    time_stamps: tuple[str, ...]
    broken_ancestors: tuple[Link, ...]
    uncovered: tuple[Uncovered, ...] | None
    source_type: str | None
    signature: Signature | str = "it was not looked for"
    claimed_times: tuple[str, ...] = ()
    judged: Judged | None = None
    identities: tuple[Named, ...] = ()
    tools: tuple[str, ...] = ()
    look_alikes: tuple[LookAlike, ...] = ()
    apart: tuple[Link, ...] = ()
    read: Mapping[str, Read] = field(default_factory=dict)

    @property
    def who(self) -> str:
        """Say who signed the active manifest: a name that no list attests is told as claimed."""
        return self.chain[0].who

    @property
    def hard_binding_failures(self) -> tuple[str, ...]:
        """The failures that say: these are not the bytes that were signed."""
        return tuple(code for code in self.failures if code.startswith(_HARD_BINDINGS))


@dataclass(frozen=True, slots=True)
class ManifestReading:
    """PASSED with a store, ABSENT, UNREADABLE or NOT_CHECKED with the reason.

    `embedded`: what could not be read lies in the file, not beside it. `remote_url` is a manifest's
    address that the file names; it is reported and never fetched. `opinion` is the second engine's.
    """

    outcome: Outcome
    reason: str = ""
    store: ManifestStore | None = None
    remote_url: str | None = None
    embedded: bool = True
    opinion: Opinion | None = None


def parse_reading(answer: Mapping[str, object], list_uri: str) -> ManifestReading:
    """Turn the answer of `Reading.read` into values."""
    match answer:
        case {"state": "absent", "searched": bool() as searched}:
            reason = "" if searched else "none is looked for inside files of this type"
            return ManifestReading(Outcome.ABSENT, reason)
        case {"state": "remote", "url": str() as url}:
            return ManifestReading(Outcome.NOT_CHECKED, remote_url=printable(url))
        case {"state": "unsearched", "reason": str() as reason}:
            return ManifestReading(Outcome.NOT_CHECKED, printable(reason))
        case {"state": "unreadable", "reason": str() as reason, "embedded": bool() as embedded}:
            return ManifestReading(Outcome.UNREADABLE, printable(reason), embedded=embedded)
        case {"state": "read", "embedded": bool() as embedded, "url": url}:
            try:
                store = _parse_store(answer, list_uri)
            except (KeyError, TypeError, ValueError, AttributeError, FormatError) as problem:
                reason = printable(f"the engine's answer has no {problem}")
                return ManifestReading(Outcome.UNREADABLE, reason, embedded=embedded)
            remote = printable(url) if isinstance(url, str) else None
            opinion = _opinion(answer.get("opinion"))
            return ManifestReading(Outcome.PASSED, "", store, remote, opinion=opinion)
        case _:
            return ManifestReading(Outcome.UNREADABLE, "the engine gave no answer that can be read")


def _opinion(said: object) -> Opinion | None:
    try:
        return parse_opinion(said)
    except FormatError:
        return None


def _parse_store(answer: Mapping[str, object], list_uri: str) -> ManifestStore:
    store, claim = mapping(answer["store"]), mapping(answer["claim"])
    manifests = mapping(store["manifests"])
    label = str(store["active_manifest"])
    active = mapping(manifests[label])
    results = mapping(store["validation_results"])
    verdict = mapping(results["activeManifest"])
    failures, successes = _codes(verdict, "failure"), _codes(verdict, "success")
    time_stamps = _time_stamps((*successes, *_codes(verdict, "informational"), *failures))
    about_signer = tuple(code for code in failures if code.startswith(_ABOUT_THE_SIGNER))
    if active.get("claim_version") != 2 and "timeStamp.trusted" in time_stamps:
        # For such claims the engine takes the time from any authority at all: so we do not.
        time_stamps = (*(c for c in time_stamps if c != "timeStamp.trusted"), "timeStamp.untrusted")
        if answer.get("expired"):
            about_signer = (*about_signer, "signingCredential.expired")
    known = "signingCredential.trusted" in successes and not about_signer
    signature = mapping(active.get("signature_info", {}))
    ancestors = tuple(dict.fromkeys(_ancestors(manifests, label, results)))
    failures = _of_what_was_signed((code for code in failures if code not in about_signer), claim)
    if store.get("validation_state") == "Invalid" and not (failures or about_signer):
        # The engine found a failure somewhere; where we did not find it too, believe the engine.
        found = verdict.get("failure") or any(map(is_broken, ancestors)) or _failures_now(results)
        failures = () if found else ("general.error",)
    top = Link(
        manifest=printable(label),
        signer=signer_of(signature),
        list=_list_name(results, list_uri) if known else None,
        outcome=Outcome.FAILED if failures or about_signer else Outcome.PASSED,
        codes=(*failures, *about_signer),
    )
    return ManifestStore(
        label=label,
        embedded=bool(answer["embedded"]),
        chain=(top, *ancestors),
        signer=top.signer,
        signed_at=text_of(signature.get("time")),
        trust_list=top.list,
        successes=successes,
        failures=failures,
        signer_failures=about_signer,
        time_stamps=time_stamps,
        broken_ancestors=tuple(link for link in ancestors if is_broken(link)),
        uncovered=_uncovered(claim),
        source_type=source_type(active),
        signature=_parse_signature(answer.get("signature"), signature.get("cert_serial_number")),
        claimed_times=tuple(dict.fromkeys(claimed_times(active))),
        tools=tuple(dict.fromkeys(tools(active))),
        read={printable(each): _read(manifest) for each, manifest in manifests.items()},
    )


def _read(manifest: object) -> Read:
    said = mapping(mapping(manifest).get("signature_info", {}))
    return Read(text_of(said.get("cert_serial_number")), text_of(said.get("time")))


def _of_what_was_signed(codes: Iterable[str], claim: Mapping[str, object]) -> tuple[str, ...]:
    """Return the failures, but where a hash is none of C2PA's: the engine calls that a mismatch."""
    binding = claim.get("data_hash")
    hashed: list[tuple[str, object]] = [("assertion.hashedURI.mismatch", claim)]
    for name in ("assertions", "created_assertions", "gathered_assertions"):
        links = sequence(claim.get(name) or [])
        hashed += [("assertion.hashedURI.mismatch", link) for link in links]
    hashed += [("assertion.dataHash.mismatch", binding)] if isinstance(binding, dict) else []
    unknown = {
        code for code, each in hashed if (mapping(each).get("alg") or _HASHES[0]) not in _HASHES
    }
    return tuple(dict.fromkeys("algorithm.unsupported" if c in unknown else c for c in codes))


def _parse_signature(said: object, serial: object) -> Signature | str:
    """Read the signature that was found; `serial` is that of the engine's signer, in decimals."""
    match said:
        case {"problem": str() as problem}:
            return printable(problem)
        case {"chain": _}:
            found = parse_signature(said)
            # Two processes told: whoever took one over must not put in another's certificate.
            if isinstance(serial, str) and serial != serial_of(found):
                return OTHER_SIGNER
            return found
        case _:
            return "the engine did not say where it lies"


def _list_name(results: Mapping[str, object], list_uri: str) -> str | None:
    uri = str(results.get("trustListUri", ""))
    return uri.removeprefix(list_uri) if uri.startswith(list_uri) else None


def _time_stamps(codes: Iterable[str]) -> tuple[str, ...]:
    return tuple(code for code in codes if code.startswith("timeStamp."))


def _ancestors(
    manifests: Mapping[str, object], label: str, results: Mapping[str, object]
) -> Iterator[Link]:
    """Walk the ingredients breadth first: what each was worth when signed over, and is now.

    One manifest may come as two ingredients, intact in one and broken in the other: both count.
    """
    now = _failures_now(results)
    depth, queue = {label: 0}, [label]
    for parent in queue:
        manifest = mapping(manifests.get(parent, {}))
        holder = signer_of(mapping(manifest.get("signature_info", {})))
        for ingredient in map(mapping, sequence(manifest.get("ingredients", []))):
            found = now.pop((parent, text_of(ingredient.get("label")) or ""), ())
            child = text_of(ingredient.get("active_manifest"))
            link = _ingredient_link(ingredient, child, found, manifests)
            link = replace(link, holder=holder, over=printable(parent), depth=depth[parent] + 1)
            if child is not None or link.codes:
                yield link
            if child is not None and child not in depth:
                depth[child] = depth[parent] + 1
                queue.append(child)
    for (parent, name), codes in now.items():  # about ingredients that no manifest lists
        where = printable(f"{parent} {name}")
        yield Link(
            manifest=where, signer=signer_of({}), list=None, outcome=Outcome.FAILED, codes=codes
        )


def _failures_now(results: Mapping[str, object]) -> dict[tuple[str, str], tuple[str, ...]]:
    """Return what fails now about ingredients, by the manifest that holds each and its label.

    The URI reads `self#jumbf=/c2pa/<manifest>/c2pa.assertions/<ingredient>`.
    """
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for delta in map(mapping, sequence(results.get("ingredientDeltas") or [])):
        uri = str(delta["ingredientAssertionURI"]).split("/")
        key = (uri[-3] if len(uri) > 2 else "", uri[-1])
        codes = _codes(mapping(delta["validationDeltas"]), "failure")
        if codes:
            found[key] = found.get(key, ()) + codes
    return found


def _ingredient_link(
    ingredient: Mapping[str, object],
    label: str | None,
    now: tuple[str, ...],
    manifests: Mapping[str, object],
) -> Link:
    results = mapping(ingredient.get("validation_results") or {})
    verdict = mapping(results.get("activeManifest") or {})
    # Ingredients of version 1 and 2 keep a flat list, of failures alone.
    flat = {"failure": ingredient.get("validation_status") or []}
    deeper = (code for codes in _failures_now(results).values() for code in codes)
    recorded = (*_codes(verdict, "failure"), *_codes(flat, "failure"), *deeper)
    failures = (*recorded, *now)
    successes = _codes(verdict, "success")
    bound = any(code.endswith("Hash.match") for code in successes)
    manifest = mapping(manifests.get(label or "", {}))
    return Link(
        manifest=printable(label or "no manifest"),
        signer=signer_of(mapping(manifest.get("signature_info", {}))),
        list=None,  # what whoever signed over it recorded of lists was of lists of his
        outcome=Outcome.FAILED if failures else Outcome.PASSED if bound else Outcome.NOT_CHECKED,
        codes=tuple(dict.fromkeys(failures)),
        is_parent=ingredient.get("relationship") == "parentOf",
        claimed_times=tuple(dict.fromkeys(claimed_times(manifest))),
        outcome_of_bytes=Outcome.PASSED if bound else Outcome.NOT_CHECKED,
        altered_before=proves_change(recorded) is not None,
    )


def is_broken(link: Link) -> bool:
    """Whether something is against a manifest, and not just against who signed it."""
    return any(not code.startswith(_ABOUT_THE_SIGNER) for code in link.codes)


def proves_change(codes: Iterable[str]) -> str | None:
    """Return the first code that says: something is not as it was signed."""
    told = [code for code in codes if not code.startswith(_ABOUT_THE_SIGNER)]
    if _ELSEWHERE in told:
        told = [code for code in told if code != "assertion.missing"]
    return next((code for code in told if code.endswith(_CHANGED)), None)


def _uncovered(claim: Mapping[str, object]) -> tuple[Uncovered, ...] | None:
    """Return the byte ranges that a `c2pa.hash.data` skips; None for other hard bindings.

    C2PA demands one, for the manifest itself; of several we do not know which that is.
    """
    data_hash = claim.get("data_hash")
    if not isinstance(data_hash, dict):
        return None
    exclusions = sequence(data_hash.get("exclusions", []))
    what = "manifest" if len(exclusions) == 1 else "manifest, or what the signer left out"
    ranges = []
    for exclusion in map(mapping, exclusions):
        start, length = exclusion["start"], exclusion["length"]
        if isinstance(start, int) and isinstance(length, int):
            ranges.append(Uncovered(bytes=(start, start + length), what=what))
    return tuple(ranges)


def _codes(verdict: Mapping[str, object], which: str) -> tuple[str, ...]:
    codes = (str(mapping(status)["code"]) for status in sequence(verdict.get(which, [])))
    told = (printable(code) for code in codes if not code.startswith(_ABOUT_IDENTITIES))
    return tuple(dict.fromkeys(told))
