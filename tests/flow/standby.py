"""A standby of a PostgreSQL of the tests' own, which takes over from it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from .cluster import SERVICE, Cluster

STREAMS = {"wal_level": "replica", "max_wal_senders": "4"}


@dataclass
class Standby(Cluster):
    """Follows another server until it is promoted."""

    settings: dict[str, str] = field(default_factory=lambda: dict(STREAMS))
    primary: Cluster = field(default_factory=Cluster)

    def __post_init__(self) -> None:
        super().__post_init__()
        shutil.rmtree(self.folder / "data")
        self._run(
            "pg_basebackup", f"--pgdata={self.folder / 'data'}", "--write-recovery-conf",
            "--checkpoint=fast", f"--dbname={self.primary.url()}",
        )  # fmt: skip

    def promote(self) -> None:
        """Returns once it takes what is written."""
        self.ask("SELECT pg_promote()")


@contextmanager
def followed() -> Iterator[tuple[Cluster, Standby]]:
    """A server with one database of the gateway's, and a standby that follows it."""
    first = Cluster(dict(STREAMS))
    made = [first]
    try:
        first.start()
        first.database()
        second = Standby(primary=first)
        made.append(second)
        second.start()
        yield first, second
    finally:
        for one in made:
            one.end()


def address(*servers: Cluster) -> str:
    """That of the service's account on these, one after the other."""
    [(name,)] = servers[0].ask("SELECT datname FROM pg_database WHERE datname LIKE 'test_%'")
    hosts = ",".join(f"127.0.0.1:{one.port}" for one in servers)
    return f"postgresql://{SERVICE}@{hosts}/{name}"
