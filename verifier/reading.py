"""A manifest store as both engines read it, put together from what each of them says.

Neither engine's process has anything of the other's: a file would have to take over both. The C2PA
engine's answer is its own words, JSON in CBOR, and as hostile as the file: plain values are made of
it here, and `manifest.py` reads those.
"""

import base64
import json
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from verifier.errors import DecoderFailed

from . import _c2pa, second
from .asking import Asking, Run, answer

_SHORT = 1 << 22  # bytes
# What the engine says instead of fetching a manifest that lies on the network.
_REMOTE = re.compile(r"must fetch remote manifests from url (\S+)")
_IN_AN_ARCHIVE = "it is an archive, as a book or an office document is: none is read in those"
_LISTS = ("assertions", "created_assertions", "gathered_assertions")
_NONSENSE = (LookupError, TypeError, ValueError, AttributeError, RecursionError, MemoryError)


def here(task: Run, *arguments: object) -> Any:
    """Run a task in this very process."""
    return task(*arguments)


@dataclass(frozen=True, slots=True)
class Reading:
    """Reads one file; `run` runs a task of a module, for each module in a process of its own."""

    path: str
    sidecar: str | None
    media_type: str
    trust_lists: Mapping[str, str]
    run: Run = here

    def read(self) -> dict[str, Any]:
        """Ask and return what `asking` does."""
        return answer(self.asking(), self.run)

    def asking(self) -> Asking[dict[str, Any]]:
        """Read the manifest store of the file: embedded, else the sidecar's.

        Returns one of
        {"state": "read", "store": the engine's JSON, "claim": the active claim and its data hash,
        "url": str | None, "embedded": bool, "opinion": the second engine's, and what
        `second.identify` tells},
        {"state": "absent", "searched": bool (manifests can lie in files of this type)},
        {"state": "remote", "url": str},
        {"state": "unreadable", "reason": str, "embedded": bool} where there is a store, and
        {"state": "unsearched", "reason": str} where the engine could not tell; and in each
        "identity": [label, claim digest, hard-binding digest | None] | None. Raises DecoderFailed
        where what came back can be no answer, and where the file is there no more.
        """
        try:
            if Path(self.path).stat().st_size <= _SHORT:  # another thread costs more than it saves
                return (yield from self._one_by_one())
            return self._side_by_side()
        except OSError as problem:  # it was there when it was hashed
            raise DecoderFailed(
                f"the file cannot be read any more ({problem.strerror})", "verify it again"
            ) from None
        except _NONSENSE as problem:
            raise DecoderFailed(
                f"reading the file gave a nonsensical answer ({type(problem).__name__})",
                "treat it as damaged or hostile",
            ) from None

    def _one_by_one(self) -> Asking[dict[str, Any]]:
        said = yield from self._ask_engine()
        if said["state"] != "read":
            return said
        found, opinion = yield second.identify_and_opine, said.pop("named"), self._opined()
        return {**said, **found, "opinion": opinion}

    def _side_by_side(self) -> dict[str, Any]:
        """Both hash a long file, and neither holds up the other."""
        with ThreadPoolExecutor(1) as beside:
            opinion = beside.submit(self.run, second.opine, *self._opined())
            said = answer(self._ask_engine(), self.run)
            if said["state"] != "read":
                return said
            found = self.run(second.identify, *said.pop("named"))
            return {**said, **found, "opinion": opinion.result()}

    def _opined(self) -> list[object]:
        return [self.path, self.sidecar, dict(self.trust_lists)]

    def _ask_engine(self) -> Asking[dict[str, Any]]:
        told = yield from self._store(None)
        said = _described(told, self.path) if "store" in told else (yield from self._failed(told))
        if self.sidecar is None or said["state"] not in ("absent", "remote", "unsearched"):
            return said
        told = yield from self._store(self.sidecar)
        if "store" in told:
            return _described(told, self.sidecar)
        reason = (yield second.collection, *self._opined()) or _one_line(told["reason"])
        return {"state": "unreadable", "reason": reason, "embedded": False}

    def _store(self, sidecar: str | None) -> Asking[Mapping[str, Any]]:
        told = yield _c2pa.read, self.path, sidecar, self.media_type, dict(self.trust_lists)
        if not isinstance(told, dict):
            raise TypeError
        return told

    def _failed(self, told: Mapping[str, Any]) -> Asking[dict[str, Any]]:
        """Tell why the engine read no store, and what lies in the file nonetheless."""
        failure, reason = told["failure"], _one_line(told["reason"])
        other = failure not in ("ManifestNotFound", "NotSupported")
        if other and (remote := _REMOTE.search(reason)):
            return {"state": "remote", "url": remote[1]}
        seen = yield second.look, self.path
        if other and seen["found"]:
            said = {"state": "unreadable", "reason": reason, "embedded": True}
        elif other:  # what the engine stumbled over is the file, not a manifest
            return {"state": "unsearched", "reason": reason}
        elif seen["found"]:
            reason = "something like one lies in the file, not where one belongs"
            if seen["archive"]:
                reason = _IN_AN_ARCHIVE
            said = {"state": "unsearched", "reason": reason}
        else:
            return {"state": "absent", "searched": failure == "ManifestNotFound"}
        return said | {"identity": seen["identity"]}


def _described(answer: Mapping[str, Any], holder: str) -> dict[str, Any]:
    """Tell a store that the engine has read, and by what its claim is to be found."""
    store, detailed = parse_json(answer["store"]), parse_json(answer["detailed"])
    label = str(store["active_manifest"])
    active = detailed["manifests"][label]
    claim = active["claim"]
    hashes = [
        [str(each["url"]), base64.b64decode(each["hash"])]
        for name in _LISTS
        for each in claim.get(name) or []
    ]
    return {
        "state": "read",
        "store": store,
        "claim": claim | {"data_hash": active["assertion_store"].get("c2pa.hash.data")},
        "url": answer["url"],
        "embedded": answer["embedded"],
        "named": [holder, label, hashes],
    }


def parse_json(text: str) -> Any:
    """Read hostile JSON as values that can be written as UTF-8; raises ValueError."""
    value = json.loads(text, parse_constant=_refuse)
    if "\\u" in text:  # the only spelling of half a character
        json.dumps(value, ensure_ascii=False).encode()
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def _one_line(reason: object) -> str:
    return " ".join(str(reason).split())[:300]
