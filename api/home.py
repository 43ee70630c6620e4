"""The home: a folder that holds the keys, the log, the private store and the trust lists.

    firsthand.json          version and origin
    keys/log.key            signs checkpoints (C2SP signer key)
    keys/registrar.key      signs entries (Ed25519, PEM)
    keys/signer.key|pem     signs C2PA claims (private key; certificate chain, leaf first)
    keys/api-token          who may register over HTTP
    registrars/*.pub        whose entries are believed (Ed25519 public keys, 64 hexadecimal digits)
    trust/                  whose claims, time-stamps and identities are believed (trust_store)
    revocation/             what authorities answered about certificates: OCSP and CRLs
    log.vkey                the log's public key (C2SP verifier key)
    keys/log-ml-dsa.key, log-ml-dsa.vkey    its second key, ML-DSA-44: cosignatures of its own
    policy                  where there is one: whose cosignatures a checkpoint must carry (C2SP)
    ledger.sqlite, log/     the sequencer's database, and the public tree of tiles
    private.sqlite          the private store
    fingerprints.index      what is searched of it for likeness; made anew where it is missing
    verdicts.sqlite         the verdicts that were given here, to be asked again; may be removed
    accepted                the last checkpoint that a verification here accepted

It comes into being whole, by one rename, or not at all.
"""

import json
import secrets
import shutil
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from sqlalchemy import URL

from ledger.catalogue import Catalogue
from ledger.cosignature import (
    MlDsa44Cosigner,
    format_private_cosigner_key,
    parse_cosigner_key,
    parse_private_cosigner_key,
)
from ledger.errors import FirsthandError
from ledger.log import Log
from ledger.note import (
    Ed25519NoteSigner,
    Ed25519NoteVerifier,
    KeyedNoteVerifier,
    check_key_name,
    format_private_signer_key,
    format_verifier_key,
    parse_private_signer_key,
    parse_verifier_key,
)
from ledger.policy import Policy, parse_policy
from ledger.storage import LogStorage
from ledger.storage.folder import FileLock, FolderTileStorage
from ledger.storage.sql import SqlLogStorage, open_log_storage
from ledger.witnessing import Answer, Witnessing
from signer.certificates import issue_development_chain
from signer.keys import PemClaimSigner, load_claim_signer, write_private_key
from verifier.trust import Kind, TrustList, of_kind

from .errors import HomeBroken, HomeExists, HomeMissing, ServiceError
from .revocations import RevocationFolder
from .trust_store import TrustStore

if TYPE_CHECKING:
    from .transports import HttpTransport

_T = TypeVar("_T")

VERSION = 1
_MARK = "firsthand.json"
_RESTORE = "restore it from a backup"


@dataclass(frozen=True, slots=True)
class Home:
    """An initialised home. Its parts are opened when they are asked for."""

    path: Path
    origin: str

    def log_signer(self) -> Ed25519NoteSigner:
        """Return the key that signs checkpoints."""
        return self._read("keys/log.key", lambda t: parse_private_signer_key(t.strip()))

    def log_verifier(self) -> Ed25519NoteVerifier:
        """Return the public half of the log's key."""
        return self._read("log.vkey", lambda t: parse_verifier_key(t.strip()))

    def second_verifier(self) -> KeyedNoteVerifier | None:
        """Return the public half of the log's second key, or None where it has none."""
        if not (self.path / "log-ml-dsa.vkey").exists():
            return None
        return self._read("log-ml-dsa.vkey", lambda t: parse_cosigner_key(t.strip()))

    def registrar(self) -> Ed25519PrivateKey:
        """Return the key that signs entries."""
        key = self._read("keys/registrar.key", lambda t: load_pem_private_key(t.encode(), None))
        if not isinstance(key, Ed25519PrivateKey):
            raise HomeBroken(f"{self.path / 'keys/registrar.key'} is not an Ed25519 key", _RESTORE)
        return key

    def registrars(self) -> frozenset[bytes]:
        """Return the public keys (32 bytes each) whose entries are believed."""
        names = sorted(path.name for path in (self.path / "registrars").glob("*.pub"))
        return frozenset(self._read(f"registrars/{name}", _public_key) for name in names)

    def claim_signer(self) -> PemClaimSigner:
        """Return the key and chain that sign C2PA claims."""
        return load_claim_signer(self.path / "keys/signer.key", self.path / "keys/signer.pem")

    def trust_store(self) -> TrustStore:
        """Return the trust lists with their history."""
        return TrustStore(self.path / "trust")

    def trust_lists(self, day: date | None = None) -> list[TrustList]:
        """Return the named lists of every kind, as they are or were on a day."""
        return self.trust_store().on(day or datetime.now(UTC).date())

    def anchors(self) -> str:
        """Return the certificates of all lists of claim signers, PEM."""
        lists = of_kind(self.trust_lists(), Kind.CLAIM_SIGNERS)
        return "".join(trust_list.pem for trust_list in lists)

    def revocations(self) -> RevocationFolder:
        """Return what is kept of authorities' answers about certificates."""
        return RevocationFolder(self.path / "revocation")

    def api_token(self) -> str:
        """Return the token that may register over HTTP."""
        return self._read("keys/api-token", str.strip)

    def tiles(self) -> FolderTileStorage:
        """Open the public tree."""
        return FolderTileStorage(self.path / "log")

    def log(self, storage: LogStorage) -> Log:
        """Open the log for writing, over what `log_storage` opened.

        Raises LogBehind where a witness has seen more of it.
        """
        lock = FileLock(self.path / "log.lock")
        witnessing = self.witnessing()
        committed = storage.read_checkpoint()
        if committed is not None:
            witnessing.check(committed)
        return Log(storage, self.tiles(), self.log_signer(), lock, witnessing)

    def policy(self) -> Policy | None:
        """Return the policy that checkpoints must satisfy, or None where there is no such file."""
        if not (self.path / "policy").exists():
            return None
        return self._read("policy", lambda text: parse_policy(text.encode()))

    def witnessing(self) -> Witnessing:
        """Return what a checkpoint passes through before it is published."""
        signers = []
        if (self.path / "keys/log-ml-dsa.key").exists():
            signers.append(
                self._read(
                    "keys/log-ml-dsa.key", lambda t: parse_private_cosigner_key(t.strip(), _now)
                )
            )
        policy = self.policy() or Policy()
        return Witnessing(policy, self.tiles(), _ask, signers, [self.log_verifier()])

    def log_storage(self) -> SqlLogStorage:
        """Open the sequencer's database; a missing one is not replaced by an empty one."""
        return open_log_storage(self._database("ledger.sqlite"))

    def catalogue(self) -> Catalogue:
        """Open the private store; a missing one is not replaced by an empty one."""
        return Catalogue(self._database("private.sqlite"))

    def index_path(self) -> Path:
        """Return where the fingerprint index is kept."""
        return self.path / "fingerprints.index"

    def verdicts_path(self) -> Path:
        """Return where the verdicts that were given here are kept."""
        return self.path / "verdicts.sqlite"

    def entering(self) -> AbstractContextManager[None]:
        """Hold off the others, in all threads and processes, who enter what depends on entries."""
        return FileLock(self.path / "registrar.lock")()

    def _database(self, name: str) -> str:
        path = self.path / name
        if not path.is_file() or path.stat().st_size == 0:
            raise HomeBroken(f"{path} is missing or empty", _RESTORE)
        return _url(path)

    def _read(self, name: str, parse: Callable[[str], _T]) -> _T:
        path = self.path / name
        try:
            return parse(path.read_text("utf-8"))
        except OSError as problem:
            raise HomeBroken(f"{path} cannot be read ({problem.strerror})", _RESTORE) from None
        except (ValueError, FirsthandError) as problem:
            raise HomeBroken(f"{path} does not read as what it is ({problem})", _RESTORE) from None


def open_home(path: Path) -> Home:
    """Open an initialised home; raises HomeMissing or HomeBroken."""
    try:
        mark = json.loads((path / _MARK).read_text("utf-8"))
    except FileNotFoundError:
        raise HomeMissing(f"{path} is not a Firsthand home yet", "run: firsthand init") from None
    except (OSError, ValueError) as problem:
        raise HomeBroken(f"{path / _MARK} cannot be read ({problem})", _RESTORE) from None
    match mark:
        case {"version": 1, "origin": str() as origin}:
            return Home(path, origin)
        case _:
            raise HomeBroken(
                f"{path / _MARK} is of another version than {VERSION}",
                "use the version that made it",
            )


def create_home(path: Path, *, origin: str, name: str, now: datetime) -> Home:
    """Make the keys, an empty log and the trust lists at `path`, or leave nothing behind.

    `origin` is the log's unique name (c2sp.org/tlog-checkpoint), `name` the signer's own. Raises
    HomeExists where there is a home, ServiceError where one cannot be made.
    """
    if (path / _MARK).exists():
        raise HomeExists(
            f"{path} is a Firsthand home already", "use it, or set FIRSTHAND_HOME to another folder"
        )
    check_key_name(origin)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        building = Path(mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    except OSError as problem:
        raise ServiceError(
            f"{path.parent} cannot be written ({problem.strerror})",
            "set FIRSTHAND_HOME to a folder of yours",
        ) from None
    try:
        _build(building, origin, name, now)
        building.rename(path)
    except OSError as problem:
        raise ServiceError(
            f"{path} cannot be made ({problem.strerror})", "set FIRSTHAND_HOME to a new folder"
        ) from None
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return open_home(path)


def _build(home: Path, origin: str, name: str, now: datetime) -> None:
    log_signer = Ed25519NoteSigner(origin, Ed25519PrivateKey.generate().private_bytes_raw())
    registrar = Ed25519PrivateKey.generate()
    development = issue_development_chain(name, now, secrets.token_bytes)
    for folder in ("keys", "registrars", "trust", "log"):
        (home / folder).mkdir()
    (home / "keys").chmod(0o700)
    _secret(home / "keys/log.key", format_private_signer_key(log_signer))
    _secret(home / "keys/registrar.key", _pem(registrar))
    write_private_key(home / "keys/signer.key", development.private_key)
    _secret(home / "keys/api-token", secrets.token_urlsafe(32))
    (home / "keys/signer.pem").write_text(development.certificate_chain)
    (home / "registrars/self.pub").write_text(
        registrar.public_key().public_bytes_raw().hex() + "\n"
    )
    TrustStore(home / "trust").add(
        "development",
        development.root.encode(),
        Kind.CLAIM_SIGNERS,
        "made by firsthand init",
        (now - timedelta(hours=1)).date(),  # of just as long the certificates are valid
    )
    (home / "log.vkey").write_text(format_verifier_key(log_signer.verifier) + "\n")
    ml_dsa = MlDsa44Cosigner(origin, secrets.token_bytes(32), _now)
    _secret(home / "keys/log-ml-dsa.key", format_private_cosigner_key(ml_dsa))
    (home / "log-ml-dsa.vkey").write_text(format_verifier_key(ml_dsa.verifier) + "\n")
    mark = {"version": VERSION, "origin": origin}
    (home / _MARK).write_text(json.dumps(mark) + "\n")
    Catalogue(_url(home / "private.sqlite")).close()
    storage = open_log_storage(_url(home / "ledger.sqlite"))
    Log(storage, FolderTileStorage(home / "log"), log_signer)
    storage.close()


@cache
def _transport() -> "HttpTransport":
    from .transports import HttpTransport  # only a policy with witnesses needs HTTP

    return HttpTransport()


def _ask(url: str, body: bytes) -> Answer:
    return _transport().ask(url, body)


def _now() -> int:
    return int(time.time())


def _url(path: Path) -> str:
    return URL.create("sqlite", database=str(path)).render_as_string()


def _pem(key: Ed25519PrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _secret(path: Path, text: str) -> None:
    path.touch(mode=0o600, exist_ok=False)
    path.write_text(text.rstrip("\n") + "\n")


def _public_key(text: str) -> bytes:
    key = bytes.fromhex(text.strip())
    if len(key) != 32:
        raise ValueError("32 bytes")
    return key
