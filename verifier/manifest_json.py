"""What one manifest says of itself, in the engine's JSON. Pure."""

from collections.abc import Iterator, Mapping

from .harmless import printable
from .report import NO_NAME


def mapping(value: object) -> Mapping[str, object]:
    """Return a map; raises TypeError for anything else."""
    if not isinstance(value, dict):
        raise TypeError("map where one belongs")
    return value


def sequence(value: object) -> list[object]:
    """Return a list; raises TypeError for anything else."""
    if not isinstance(value, list):
        raise TypeError("list where one belongs")
    return value


def text_of(value: object) -> str | None:
    """Return a text that is not empty, None for anything else."""
    return value if isinstance(value, str) and value else None


def source_type(manifest: Mapping[str, object]) -> str | None:
    """Return the first digital source type that an action names, without the address before it."""
    for assertion in map(mapping, sequence(manifest.get("assertions", []))):
        if str(assertion.get("label", "")).startswith("c2pa.actions"):
            for action in map(mapping, sequence(mapping(assertion["data"])["actions"])):
                if kind := text_of(action.get("digitalSourceType")):
                    return printable(kind.rsplit("/", 1)[-1])
    return None


_MAX_TOOLS = 64
_CAPTURED = ("exif:DateTimeOriginal", "photoshop:DateCreated", "xmp:CreateDate")


def claimed_times(manifest: Mapping[str, object]) -> Iterator[str]:
    """Yield when the manifest says that its asset came to be: by its actions, by its metadata."""
    for assertion in map(mapping, sequence(manifest.get("assertions", []))):
        data = assertion.get("data")
        if not isinstance(data, dict):
            continue
        if str(assertion.get("label", "")).startswith("c2pa.actions"):
            for action in map(mapping, sequence(data.get("actions", []))):
                if action.get("action") == "c2pa.created" and (when := text_of(action.get("when"))):
                    yield printable(when)
        for name in _CAPTURED:
            if when := text_of(data.get(name)):
                yield printable(when)


def tools(manifest: Mapping[str, object]) -> Iterator[str]:
    """Yield the programs that a manifest names: who made the claim, and who did each action."""
    named = [*sequence(manifest.get("claim_generator_info") or [])]
    for assertion in map(mapping, sequence(manifest.get("assertions", []))):
        data = assertion.get("data")
        if isinstance(data, dict) and str(assertion.get("label", "")).startswith("c2pa.actions"):
            named += [mapping(a).get("softwareAgent") for a in sequence(data.get("actions", []))]
    for each in named[:_MAX_TOOLS]:
        name = each.get("name") if isinstance(each, dict) else each
        if isinstance(name, str):
            yield name


def signer_of(signature: Mapping[str, object]) -> str:
    """Return the certificate's common name, and its organisation in brackets."""
    name, organisation = text_of(signature.get("common_name")), text_of(signature.get("issuer"))
    if name and organisation and name != organisation:
        return f"{printable(name)} ({printable(organisation)})"
    return printable(name or organisation or NO_NAME)
