"""What the engine read of a C2PA manifest store, as our values. Pure: no engine, no files."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ledger.vocabulary import Outcome

from .report import Link, Uncovered

# Failure codes (C2PA 2.2 section 15.2) that speak of who signed, not of what was signed.
_ABOUT_THE_SIGNER = ("signingCredential.", "timeStamp.", "cawg.")
_HARD_BINDINGS = ("assertion.dataHash.", "assertion.bmffHash.", "assertion.boxesHash.")
_MAX_CHAIN = 100  # manifests; a longer chain is not walked to its end


@dataclass(frozen=True, slots=True)
class ManifestStore:
    """A manifest store that the engine could read, judged.

    `signer_failures` and `failures` are the active manifest's status codes about its signer and
    about everything else; `broken_ancestors` are the links below it whose content had already been
    altered when the manifest above them was signed. `trust_list` names the list that knows the
    active manifest's signer.
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
    broken_ancestors: tuple[Link, ...]
    uncovered: tuple[Uncovered, ...] | None
    source_type: str | None

    @property
    def hard_binding_failures(self) -> tuple[str, ...]:
        """The failures that say: these are not the bytes that were signed."""
        return tuple(code for code in self.failures if code.startswith(_HARD_BINDINGS))


@dataclass(frozen=True, slots=True)
class ManifestReading:
    """PASSED with a store, ABSENT, UNREADABLE or NOT_CHECKED with the reason.

    `remote_url` is a manifest's address that the file names; it is reported and never fetched.
    """

    outcome: Outcome
    reason: str = ""
    store: ManifestStore | None = None
    remote_url: str | None = None


def parse_reading(answer: Mapping[str, object], list_uri: str) -> ManifestReading:
    """Turn the answer of `_c2pa.read` into values."""
    match answer:
        case {"state": "absent"}:
            return ManifestReading(Outcome.ABSENT)
        case {"state": "unreadable", "reason": str() as reason}:
            return ManifestReading(Outcome.UNREADABLE, reason)
        case {"state": "read", "store": dict() as store, "claim": dict() as claim, "url": url}:
            try:
                parsed = _parse_store(store, claim, bool(answer.get("embedded")), list_uri)
            except (KeyError, TypeError, ValueError, AttributeError) as problem:
                reason = f"the engine's answer has no {problem}"
                return ManifestReading(Outcome.UNREADABLE, reason)
            return ManifestReading(
                Outcome.PASSED, "", parsed, url if isinstance(url, str) else None
            )
        case _:
            return ManifestReading(Outcome.UNREADABLE, "the engine gave no answer that can be read")


def _parse_store(
    store: Mapping[str, object], claim: Mapping[str, object], embedded: bool, list_uri: str
) -> ManifestStore:
    manifests = _mapping(store["manifests"])
    label = str(store["active_manifest"])
    active = _mapping(manifests[label])
    results = _mapping(store["validation_results"])
    verdict = _mapping(results["activeManifest"])
    failures = _codes(verdict, "failure")
    successes = _codes(verdict, "success")
    about_signer = tuple(code for code in failures if code.startswith(_ABOUT_THE_SIGNER))
    known = "signingCredential.trusted" in successes and not about_signer
    uri = str(results.get("trustListUri", ""))
    trust_list = uri.removeprefix(list_uri) if known and uri.startswith(list_uri) else None
    signature = _mapping(active.get("signature_info", {}))
    top = Link(
        manifest=label,
        signer=_signer(signature),
        list=trust_list,
        outcome=Outcome.FAILED if failures else Outcome.PASSED,
        codes=failures,
    )
    ancestors = tuple(_ancestors(manifests, label, list_uri))
    return ManifestStore(
        label=label,
        embedded=embedded,
        chain=(top, *ancestors),
        signer=top.signer,
        signed_at=_text(signature.get("time")),
        trust_list=trust_list,
        successes=successes,
        failures=tuple(code for code in failures if code not in about_signer),
        signer_failures=about_signer,
        broken_ancestors=tuple(link for link in ancestors if _broken(link)),
        uncovered=_uncovered(claim),
        source_type=_source_type(active),
    )


def _ancestors(manifests: Mapping[str, object], label: str, list_uri: str) -> Iterator[Link]:
    """Walk the ingredients breadth first; what a parent was worth when it was signed over."""
    seen, queue = {label}, [label]
    while queue and len(seen) < _MAX_CHAIN:
        manifest = _mapping(manifests.get(queue.pop(0), {}))
        for ingredient in map(_mapping, _sequence(manifest.get("ingredients", []))):
            child = _text(ingredient.get("active_manifest"))
            if child is None or child in seen:
                continue
            seen.add(child)
            queue.append(child)
            yield _ingredient_link(ingredient, child, _mapping(manifests.get(child, {})), list_uri)


def _ingredient_link(
    ingredient: Mapping[str, object], label: str, manifest: Mapping[str, object], list_uri: str
) -> Link:
    results = _mapping(ingredient.get("validation_results", {}))
    verdict = _mapping(results.get("activeManifest", {}))
    failures = _codes(verdict, "failure")
    uri = str(results.get("trustListUri", ""))
    known = "signingCredential.trusted" in _codes(verdict, "success")
    return Link(
        manifest=label,
        signer=_signer(_mapping(manifest.get("signature_info", {}))),
        list=uri.removeprefix(list_uri) if known and uri.startswith(list_uri) else None,
        outcome=Outcome.FAILED if failures else Outcome.PASSED if verdict else Outcome.NOT_CHECKED,
        codes=failures,
    )


def _broken(link: Link) -> bool:
    return any(not code.startswith(_ABOUT_THE_SIGNER) for code in link.codes)


def _uncovered(claim: Mapping[str, object]) -> tuple[Uncovered, ...] | None:
    """Return the byte ranges that a `c2pa.hash.data` skips; None for other hard bindings."""
    data_hash = claim.get("data_hash")
    if not isinstance(data_hash, dict):
        return None
    ranges = []
    for exclusion in map(_mapping, _sequence(data_hash.get("exclusions", []))):
        start, length = exclusion["start"], exclusion["length"]
        if isinstance(start, int) and isinstance(length, int):
            ranges.append(Uncovered(bytes=(start, start + length), what="manifest"))
    return tuple(ranges)


def _source_type(manifest: Mapping[str, object]) -> str | None:
    for assertion in map(_mapping, _sequence(manifest.get("assertions", []))):
        if str(assertion.get("label", "")).startswith("c2pa.actions"):
            for action in map(_mapping, _sequence(_mapping(assertion["data"])["actions"])):
                if source_type := _text(action.get("digitalSourceType")):
                    return source_type.rsplit("/", 1)[-1]
    return None


def _signer(signature: Mapping[str, object]) -> str:
    """Return the certificate's common name, and its organisation in brackets."""
    name, organisation = _text(signature.get("common_name")), _text(signature.get("issuer"))
    if name and organisation and name != organisation:
        return f"{printable(name)} ({printable(organisation)})"
    return printable(name or organisation or "a signer without a name")


def printable(text: str, limit: int = 200) -> str:
    """Make a stranger's text harmless to show: controls and direction marks become U+FFFD."""
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def _codes(verdict: Mapping[str, object], which: str) -> tuple[str, ...]:
    codes = (str(_mapping(status)["code"]) for status in _sequence(verdict.get(which, [])))
    return tuple(dict.fromkeys(printable(code) for code in codes))


def _mapping(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise TypeError("map where one belongs")
    return value


def _sequence(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError("list where one belongs")
    return value


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
