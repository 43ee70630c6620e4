"""Files that the engine makes for anybody who asks, and that our own signer refuses to make."""

import json
from collections.abc import Sequence
from pathlib import Path

import c2pa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from signer import DevelopmentChain
from verifier import _c2pa


def forge(
    source: Path,
    destination: Path,
    chain: DevelopmentChain,
    *,
    ingredients: Sequence[tuple[Path, str]] = (),
    claim_version: int = 2,
    title: str = "A forgery",
    remote: str | None = None,
    time_stamps: str | None = None,
    compressed: bool = False,
) -> Path:
    """Sign a JPEG with no questions asked.

    ingredients: paths and relationships. remote: where to say that the manifest lies, instead of in
    the file. time_stamps: URL of a time-stamp authority. compressed: the manifest is, and the file
    is bound box by box.
    """
    opened = {"action": "c2pa.opened", "parameters": {"ingredientIds": ["ingredient0"]}}
    made = {"action": "c2pa.created", "digitalSourceType": f"{_SOURCE_TYPES}/digitalCapture"}
    from_parent = bool(ingredients) and ingredients[0][1] == "parentOf"
    actions = {"actions": [opened if from_parent else made]}
    definition = {
        "claim_generator_info": [{"name": "Forger", "version": "1"}],
        "claim_version": claim_version,
        "title": title,
        "format": "image/jpeg",
        "assertions": [{"label": "c2pa.actions", "data": actions}],
    }
    settings = _c2pa.settings({"forger": chain.root})
    if time_stamps:
        del settings["core"]
        settings["verify"] = {"verify_after_sign": False}  # which refuses an unknown authority
    if compressed:
        settings["core"] = {"prefer_compress_manifests": True}
    settings["builder"] = {"thumbnail": {"enabled": False}}
    context = c2pa.Context.from_dict(settings)
    builder = c2pa.Builder.from_json(json.dumps(definition), context)
    for number, (path, relationship) in enumerate(ingredients):
        described = {
            "title": f"ingredient {number}",
            "relationship": relationship,
            "label": f"ingredient{number}",
        }
        with path.open("rb") as file:
            builder.add_ingredient(json.dumps(described), "image/jpeg", file)
    if remote:
        builder.set_no_embed()
        builder.set_remote_url(remote)
    key = chain.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    said = c2pa.C2paSignerInfo(
        b"es256", chain.certificate_chain.encode(), key, time_stamps and time_stamps.encode()
    )
    with source.open("rb") as given, destination.open("w+b") as made_file:
        builder.sign(c2pa.Signer.from_info(said), "image/jpeg", given, made_file)
    return destination


_SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype"


def flip(path: Path, destination: Path, at: int, mask: int = 1) -> Path:
    """Copy a file with one byte changed; a negative `at` counts from the end."""
    data = bytearray(path.read_bytes())
    data[at] ^= mask
    destination.write_bytes(data)
    return destination
