"""Reads C2PA manifests with the reference engine. The only file here that imports c2pa.

Runs in the sandbox, in a process that does nothing else: strange bytes come in, the engine's own
words go out, and everything that is ours is done elsewhere (`reading.py`). The engine fetches
nothing: no manifest, no revocation answer, whatever the file names.

It is called by its C interface (c2pa.h), and reads by the system's own calls: c2pa's Python classes
have it call back into Python for every block of a film.
"""

import ctypes
import json
import os
from collections.abc import Mapping
from contextlib import ExitStack
from functools import lru_cache
from pathlib import Path

import c2pa

from ledger.errors import FormatError

# Extended key usages that a claim signer may have (C2PA 2.2, 14.4.1): e-mail protection,
# document signing, C2PA claim signing. Without the last in this global key, such leaves read
# Invalid.
_KEY_USAGES = "1.3.6.1.5.5.7.3.4\n1.3.6.1.5.5.7.3.36\n1.3.6.1.4.1.62558.2.1"
LIST_URI = "urn:firsthand:trust-list:"


def engine_version() -> str:
    """Return the version of c2pa-rs."""
    return str(c2pa.sdk_version())


def settings(trust_lists: Mapping[str, str]) -> dict[str, object]:
    """Return the engine's settings for reading: claim-signer lists alone, by name, as PEM.

    Time-stamp and identity anchors never stand in the same settings: the engine pools them.
    """
    anchors = [
        {"trust_kind": "manifest", "trust_uri": LIST_URI + name, "trust_anchors": pem}
        for name, pem in trust_lists.items()
    ]
    return {
        "version": 1,
        "trust": {"trust_config": _KEY_USAGES, "anchors": anchors},
        "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
        "core": {"allowed_network_hosts": []},
    }


def read(
    path: str, sidecar: str | None, name: str, trust_lists: Mapping[str, str]
) -> dict[str, object]:
    """Read the manifest store in a file or, where one is named, in the sidecar alone.

    Returns {"store": JSON, "detailed": JSON, "url": str | None, "embedded": bool}, the engine's own
    words; else {"failure": "ManifestNotFound", "NotSupported" or another name, "reason": str}.
    """
    store = None
    try:
        descriptor = os.open(path, os.O_RDONLY)
        if sidecar is not None:
            store = Path(sidecar).read_bytes()
    except OSError as problem:
        return {"failure": "Io", "reason": str(problem)}
    with ExitStack() as held:
        held.callback(os.close, descriptor)
        # The engine's stream calls back with its context first, and then as read(2) and lseek(2).
        stream = _engine.c2pa_create_stream(descriptor, *_CALLBACKS)
        held.callback(_engine.c2pa_release_stream, stream)
        reader = _engine.c2pa_reader_from_context(_context(json.dumps(settings(trust_lists))))
        source = name.encode(), stream
        if store is None:
            reader = _engine.c2pa_reader_with_stream(reader, *source)
        else:
            reader = _engine.c2pa_reader_with_manifest_data_and_stream(
                reader, *source, store, len(store)
            )
        if not reader:
            return _failure()
        held.callback(_engine.c2pa_reader_free, reader)
        told, detailed = _engine.c2pa_reader_json(reader), _engine.c2pa_reader_detailed_json(reader)
        if not (told and detailed):
            return _failure()
        url = _engine.c2pa_reader_remote_url(reader)
        return {
            "store": _text(told),
            "detailed": _text(detailed),
            "url": _text(url) if url else None,
            "embedded": bool(_engine.c2pa_reader_is_embedded(reader)),
        }


def _failure() -> dict[str, object]:
    """Tell the engine's last error, such as `ManifestNotFound: no JUMBF data found`."""
    said = _text(_engine.c2pa_error())
    return {"failure": said.partition(":")[0], "reason": said}


def _text(address: int) -> str:
    text = ctypes.string_at(address)
    _engine.c2pa_string_free(address)
    return text.decode()


@lru_cache(4)
def _context(said: str) -> int:
    """Make what readers are made from, by these settings; it is never freed."""
    made = _engine.c2pa_settings_new()
    builder = _engine.c2pa_context_builder_new()
    if (
        _engine.c2pa_settings_update_from_string(made, said.encode(), b"json")
        or _engine.c2pa_context_builder_set_settings(builder, made)
        or not (context := _engine.c2pa_context_builder_build(builder))
    ):
        raise FormatError(_text(_engine.c2pa_error()))
    return int(context)


def _declared() -> ctypes.CDLL:
    engine = ctypes.CDLL(c2pa.c2pa._lib._name)  # noqa: SLF001  # as c2pa itself found it
    pointer, text = ctypes.c_void_p, ctypes.c_char_p
    for name, result, *arguments in (
        ("error", pointer),
        ("string_free", None, pointer),
        ("settings_new", pointer),
        ("settings_update_from_string", ctypes.c_int, pointer, text, text),
        ("context_builder_new", pointer),
        ("context_builder_set_settings", ctypes.c_int, pointer, pointer),
        ("context_builder_build", pointer, pointer),
        ("create_stream", pointer, *[pointer] * 5),
        ("release_stream", None, pointer),
        ("reader_from_context", pointer, pointer),
        ("reader_with_stream", pointer, pointer, text, pointer),
        (
            "reader_with_manifest_data_and_stream",
            *(pointer, pointer, text, pointer, text, ctypes.c_size_t),
        ),
        ("reader_json", pointer, pointer),
        ("reader_detailed_json", pointer, pointer),
        ("reader_remote_url", pointer, pointer),
        ("reader_is_embedded", ctypes.c_bool, pointer),
        ("reader_free", None, pointer),
    ):
        function = getattr(engine, f"c2pa_{name}")
        function.restype, function.argtypes = result, arguments
    return engine


_engine = _declared()
_libc = ctypes.CDLL(None)
# Its file is open for reading alone: what would write fails.
_CALLBACKS = [
    ctypes.cast(getattr(_libc, name), ctypes.c_void_p)
    for name in ("read", "lseek", "write", "fsync")
]
