"""Whether requests can be recorded now: found out by writing, at most so often."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import sqlalchemy as sa

from avgate_gateway.store.cut_short import CutShortError
from avgate_gateway.store.database import Database

_WITHIN_SECONDS = 2.0
_KEPT_SECONDS = 1.0
# A full or read-only disk still reads, and a commit without a change never reaches it. SQLite leaves a
# row as it is whose new values are the old ones, unless an index is over them. PostgreSQL does not, but
# there a gateway may not write the version of the tables; and rows of workers are locked by whoever froze.
# Of its tables it asks besides those that every request is recorded in: another session may keep one locked.
_A_WRITE = {
    "sqlite": [sa.text("UPDATE alembic_version SET version_num = version_num")],
    "postgresql": [
        sa.text("UPDATE keyring SET wrapped = wrapped"),
        sa.text("UPDATE request SET fence = fence WHERE id = ''"),
        sa.text("SELECT 1 FROM evidence WHERE sequence = 0"),
    ],
}


@dataclass(slots=True)
class Recording:
    """The last try, kept for a moment: whoever asks all the time does not write all the time."""

    database: Database
    monotonic: Callable[[], float] = time.monotonic
    _trouble: str | None = None
    _until: float = 0.0
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def trouble(self) -> str | None:
        """What stands in the way, in words, and what to look at; None if nothing does."""
        async with self._turn:
            if self.monotonic() >= self._until:
                self._trouble = await self._tried()
                self._until = self.monotonic() + _KEPT_SECONDS
            return self._trouble

    async def _tried(self) -> str | None:
        try:
            async with asyncio.timeout(_WITHIN_SECONDS), self.database.write() as db:
                for statement in _A_WRITE[db.dialect.name]:
                    await db.execute(statement)
        except CutShortError as error:
            return str(error)
        except TimeoutError:
            return (
                "the database did not write within 2 seconds; see whether it, or its disk, is slow, and on PostgreSQL "
                "whether another session keeps a table locked, or a synchronous standby is away (pg_stat_activity: "
                "Lock, SyncRep)"
            )
        except sa.exc.SQLAlchemyError as error:
            return f"the database refuses to write ({type(error).__name__}); see its own log"
        return None
