"""A standby of a PostgreSQL of the tests' own, which takes over from it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field

from .cluster import Cluster

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
