"""What a claim lists, held against what the store holds. Pure."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ledger.errors import FormatError
from ledger.vocabulary import Outcome

from .result import Aspect, Check
from .source import digest
from .store import Assertion, Manifest, as_bytes, as_list, as_map, as_text

# C2PA 2.2, 8.4.2.1: a JUMBF URI, relative to the manifest or from the store's root.
_ASSERTION = re.compile(r"self#jumbf=(?:/c2pa/([^/]+)/)?c2pa\.assertions/([^/]+)")
_SIGNATURE = re.compile(r"self#jumbf=(?:/c2pa/([^/]+)/)?c2pa\.signature")
_MANIFEST = re.compile(r"self#jumbf=/c2pa/([^/]+)")
_INGREDIENT = re.compile(r"c2pa\.ingredient(\.v[0-9]+)?(__[0-9]+)?")
# C2PA 2.2, 6.8: what nobody may redact.
_KEPT = re.compile(r"c2pa\.(actions|hash\.[a-z.-]+?)(\.v[0-9]+)?(__[0-9]+)?")
_MAX_ASSERTIONS = 4096
WHOLE = "ingredient.manifest.validated"  # C2PA 2.2, 15.11.3.3.2: the whole manifest is hashed

# By manifest and assertion: the manifests whose claims redact it.
Redactions = Mapping[tuple[str, str], frozenset[str]]


@dataclass(frozen=True, slots=True)
class Ingredient:
    """An ingredient that has a manifest of its own in the store."""

    label: str
    parent: bool
    manifest: str
    hashed: Mapping[str, object]
    hashed_signature: Mapping[str, object] | None


def redactions(manifests: Sequence[Manifest]) -> Redactions:
    """Gather what some claims redact; a claim that cannot be read redacts nothing."""
    found: dict[tuple[str, str], frozenset[str]] = {}
    for manifest in manifests:
        try:
            said = as_list(manifest.claimed().get("redacted_assertions", []), "redacted_assertions")
        except FormatError:
            continue
        for uri in said[:_MAX_ASSERTIONS]:
            match = _ASSERTION.fullmatch(uri) if isinstance(uri, str) else None
            if match:
                key = (match[1] or manifest.label, match[2])
                found[key] = found.get(key, frozenset()) | {manifest.label}
    return found


def check_claim(manifest: Manifest, redacted: Redactions) -> Iterator[Check]:
    """Hold a claim against its assertion store (C2PA 2.2, 15.6 and 15.10.3); raises FormatError."""
    claim = manifest.claimed()
    if not _is_own(_SIGNATURE, claim.get("signature"), manifest):  # C2PA 2.2, 15.7
        yield _failed("claimSignature.missing")
    listed = list(_listed(manifest, claim))
    if len(listed) > _MAX_ASSERTIONS:
        raise FormatError(f"a claim of over {_MAX_ASSERTIONS} assertions")
    held = {each.label: each for each in manifest.assertions}
    counted = Counter(each.label for each in manifest.assertions)
    for link in listed:
        yield _check_link(manifest, claim, link, held, redacted)
    # C2PA 2.2, 15.10.3.1: nothing in the store that the claim does not list, nor the same twice.
    declared = {match[2] for link in listed if (match := _ASSERTION.fullmatch(_url(link)))}
    for label, count in counted.items():
        if label not in declared or count > 1:
            yield _failed("assertion.undeclared", label)


def claim_links(manifest: Manifest) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Yield label and hashed URI of each assertion that a claim lists; raises FormatError."""
    for link in _listed(manifest, manifest.claimed()):
        match = _ASSERTION.fullmatch(_url(link))
        if match is not None and match[1] in (None, manifest.label):
            yield match[2], link


def _listed(manifest: Manifest, claim: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    # C2PA 2.2, 15.10.3.1: `assertions` in version 1, created and gathered ones in version 2.
    names: tuple[str, ...] = ("assertions",)
    if manifest.claim_version == 2:
        as_list(claim.get("created_assertions"), "created_assertions")
        names = ("created_assertions", "gathered_assertions")
    for name in names:
        for link in as_list(claim.get(name, []), name):
            yield as_map(link, "a hashed URI")


def _check_link(
    manifest: Manifest,
    claim: Mapping[str, object],
    link: Mapping[str, object],
    held: Mapping[str, Assertion],
    redacted: Redactions,
) -> Check:
    url = _url(link)
    match = _ASSERTION.fullmatch(url)
    if match is None or match[1] not in (None, manifest.label):  # C2PA 2.2, 15.10.3.1
        return _failed("assertion.outsideManifest", url)
    label = match[2]
    redactors = redacted.get((manifest.label, label), frozenset())
    if manifest.label in redactors:  # C2PA 2.2, 15.10.2: a claim redacts no assertion of its own
        return _failed("assertion.selfRedacted", label)
    if redactors and _KEPT.fullmatch(label):  # C2PA 2.2, 15.10.3.1: nor anybody these
        kind = "action" if label.startswith("c2pa.actions") else "dataHash"
        return _failed(f"assertion.{kind}.redacted", label)
    if label not in held:
        if redactors:  # C2PA 2.2, 6.8: gone, as a later claim says
            return _passed("assertion.redacted", label)
        return _failed("assertion.missing", label)
    if redactors:  # C2PA 2.2, 15.11.3.3.1: said to be gone, and still there
        return _failed("assertion.notRedacted", label)
    # C2PA 2.2, 8.4.2.3: over what lies in the superbox, without its header.
    if matches(link, claim, held[label].hashed):
        return _passed("assertion.hashedURI.match", label)
    return _failed("assertion.hashedURI.mismatch", label)


def matches(link: Mapping[str, object], claim: Mapping[str, object], hashed: bytes) -> bool:
    """Whether the hash of a hashed URI is that of these bytes; raises FormatError."""
    # C2PA 2.2, 15.4.1: the structure's own algorithm, else that of its claim.
    algorithm = as_text(link.get("alg") or claim.get("alg"), "a hash algorithm")
    return digest(algorithm, hashed) == as_bytes(link.get("hash"), "a hash")


def ingredients(manifest: Manifest) -> Iterator[Ingredient]:
    """Read the ingredients that have a manifest (C2PA 2.2, 18.15); raises FormatError."""
    for assertion in manifest.assertions:
        if not _INGREDIENT.fullmatch(assertion.label):
            continue
        value = assertion.value()
        # `activeManifest` in version 3, `c2pa_manifest` before.
        link = value.get("activeManifest") or value.get("c2pa_manifest")
        if link is None:
            continue
        hashed = as_map(link, "a hashed URI")
        match = _MANIFEST.fullmatch(_url(hashed))
        if match is None:
            raise FormatError(f"{assertion.label!r} names no manifest of this store")
        signature = value.get("claimSignature")
        signed = as_map(signature, "a hashed URI") if signature is not None else None
        parent = value.get("relationship") == "parentOf"
        yield Ingredient(assertion.label, parent, match[1], hashed, signed)


def check_parents(manifest: Manifest) -> Iterator[Check]:
    """Check that there is one parent at most, with a manifest or without (C2PA 2.2, 15.2.2)."""
    said = (a.value() for a in manifest.assertions if _INGREDIENT.fullmatch(a.label))
    if sum(each.get("relationship") == "parentOf" for each in said) > 1:
        yield _failed("manifest.multipleParents")


def check_ingredient(
    holder: Manifest, ingredient: Ingredient, manifest: Manifest | None, redacted: Redactions
) -> Check:
    """Hold what a manifest says of an ingredient's manifest against it (C2PA 2.2, 15.11.3.3)."""
    claim, about = holder.claimed(), ingredient.label
    if manifest is None:
        return _failed("ingredient.manifest.missing", about)
    signed = ingredient.hashed_signature
    if signed is not None and not matches(signed, claim, manifest.hashed_signature):
        return _failed("ingredient.claimSignature.mismatch", about)
    if matches(ingredient.hashed, claim, manifest.hashed):
        return _passed(WHOLE, about)
    if manifest.compressed and matches(ingredient.hashed, claim, manifest.unpacked):
        # c2pa-rs 0.91.3 hashes what is compressed, where C2PA 2.2, 11.1.3.2, has it hash the box.
        return _passed("ingredient.manifest.unpacked", about)
    if holder.claim_version == 1 and matches(ingredient.hashed, claim, manifest.claim):
        # Before C2PA 1.3 the hash was over the claim alone, which lists all else but its signature.
        return _passed("ingredient.claim.validated", about)
    if any(key[0] == manifest.label for key in redacted):
        # C2PA 2.2, 15.11.3.3: redacted since, so the signature's hash stands for the manifest's.
        if signed is not None:
            return _passed("ingredient.claimSignature.validated", about)
        return Check(Aspect.MANIFEST, Outcome.NOT_CHECKED, "ingredient.manifest.mismatch", about)
    return _failed("ingredient.manifest.mismatch", about)


def _is_own(pattern: re.Pattern[str], uri: object, manifest: Manifest) -> bool:
    match = pattern.fullmatch(uri) if isinstance(uri, str) else None
    return match is not None and match[1] in (None, manifest.label)


def _url(link: Mapping[str, object]) -> str:
    return as_text(link.get("url"), "the url of a hashed URI")


def _passed(code: str, about: str = "") -> Check:
    return Check(Aspect.MANIFEST, Outcome.PASSED, code, about)


def _failed(code: str, about: str = "") -> Check:
    return Check(Aspect.MANIFEST, Outcome.FAILED, code, about)
