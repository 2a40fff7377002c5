"""Which of two servers was left behind: whichever takes over from another begins a timeline of its own.

Where the other comes back, and nobody stopped it, it takes what is written as it did before, and what
is written there is lost. No process that has met the later one talks to it again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

import asyncpg

from avgate_gateway.store.cut_short import AwayError

# A server that is only like PostgreSQL may not tell; a standby has no timeline of its own yet.
_WHICH = """
    SELECT system_identifier, CASE WHEN pg_is_in_recovery() THEN 0 ELSE
        ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::bigint END
    FROM pg_control_system()
"""
_LEFT_BEHIND = (
    "another server took over from this one, which still runs and was left behind: what is written there is lost; "
    "stop it, and see which one `database` leads to"
)
_UNKNOWN = (0, 0)


@dataclass(slots=True)
class Timelines:
    """The latest of each database's servers, and the one of each connection, as this process has met them."""

    _latest: dict[int, int] = field(default_factory=dict)
    _of: WeakKeyDictionary[asyncpg.Connection, tuple[int, int]] = field(
        default_factory=WeakKeyDictionary
    )

    async def meet(self, connection: asyncpg.Connection) -> None:
        """Raises AwayError where it leads to a server that was left behind."""
        try:
            system, timeline = await connection.fetchrow(_WHICH)
        except asyncpg.PostgresError:
            return
        self._of[connection] = system, timeline
        self._latest[system] = max(timeline, self._latest.get(system, 0))
        self.insist(connection)

    def insist(self, connection: asyncpg.Connection) -> None:
        """Raises AwayError where a later server than this connection's was met since."""
        system, timeline = self._of.get(connection, _UNKNOWN)
        if 0 < timeline < self._latest.get(system, 0):
            raise AwayError(_LEFT_BEHIND)


MET = Timelines()
"""Those of this process: its pools and its heart beat for one database."""
