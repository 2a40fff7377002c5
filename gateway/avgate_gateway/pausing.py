"""Pausing one system of one controller: no work is begun there, and everything else goes on.

Every process keeps what is paused in memory and reads it anew each second. What was paused when a
process read it last is what that process goes by; at the next look it wakes what waited.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from avgate_gateway.store import evidence, pauses
from avgate_gateway.store.advisory_lock import lock_by_name
from avgate_gateway.store.database import Database
from avgate_gateway.store.pauses import Pause

# What is paused is looked at so often all the same: if nobody wakes it when the pause ends, that does.
LONGEST_SLEEP: Final = timedelta(hours=1)
# As it ends, and at the look after: what is put to sleep by it, and not committed yet, nobody sees.
_WAKES = 2


class Pauses:
    """What is paused, as this process knows it."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now
        self._known: Mapping[str, Mapping[str, Pause]] = {}
        self._waking: dict[tuple[str, str], int] = {}  # what was paused, and how often to wake it
        self._is_new = True

    def of(self, controller: str) -> Mapping[str, Pause]:
        """A controller's systems that are paused, by the connector's name."""
        return self._known.get(controller, {})

    async def refresh(self) -> bool:
        """Reads what is paused now, and wakes what waited for what is no longer; whether any is not."""
        is_any_over = await self._look()
        for place in list(self._waking):
            await self._wake_again(*place)
        return is_any_over

    async def _look(self) -> bool:
        """Reads what is paused now; whether anything is not any more, which is to be woken."""
        async with self._database.read() as db:
            found = await pauses.lasting(db)
            lately = self._now() - LONGEST_SLEEP
            before = set(await pauses.ended(db, lately)) if self._is_new else set()
        self._is_new = False  # whoever ended one may have died before what waited was woken
        before |= {(c, name) for c, paused in self._known.items() for name in paused}
        known: dict[str, dict[str, Pause]] = {}
        for one in found:
            known.setdefault(one.controller, {})[one.connector] = one
        self._known = known
        lasting = {(one.controller, one.connector) for one in found}
        ended = before - lasting
        self._waking.update(dict.fromkeys(ended, _WAKES))
        self._waking = {place: n for place, n in self._waking.items() if place not in lasting}
        return bool(ended)

    async def _wake_again(self, controller: str, connector: str) -> None:
        """Wakes what waited for it; where that fails, the next look makes up for it."""
        await self._wake(controller, connector)
        left = self._waking.pop((controller, connector), 1) - 1
        if left:
            self._waking[controller, connector] = left

    async def pause(self, controller: str, connector: str, by: str, reason: str) -> Pause:
        """Pauses a system from now on; what is paused already stays as it was paused."""
        now = self._now()
        async with self._database.write() as db:
            await lock_by_name(db, f"pause {controller} {connector}")
            made = await pauses.of(db, controller, connector)
            if made is None:
                made = Pause(controller, connector, now, by, reason)
                await pauses.begin(db, made)
                told = {"connector": connector, "by": by, "since": now}
                await evidence.append(db, now, controller, None, "connector.paused", told)
        await self._look()
        return made

    async def resume(self, controller: str, connector: str, by: str) -> Pause | None:
        """Ends the pause and wakes what waited; None where there was none."""
        now = self._now()
        async with self._database.write() as db:
            await lock_by_name(db, f"pause {controller} {connector}")
            found = await pauses.of(db, controller, connector)
            if found is not None:
                await pauses.end(db, found, by, now)
                told = {"connector": connector, "by": by, "since": found.since}
                await evidence.append(db, now, controller, None, "connector.resumed", told)
        if found is None:
            return None
        # Whether or not this process knew of it: one that has just started may not.
        self._known = {**self._known, controller: {**self.of(controller), connector: found}}
        await self._look()
        await self._wake_again(controller, connector)  # those of others are the sweep's
        return replace(found, ended_at=now, ended_by=by)

    async def _wake(self, controller: str, connector: str) -> None:
        is_left = True
        while is_left:
            async with self._database.write() as db:
                is_left = await pauses.wake_some(
                    db, controller, connector, self._now(), LONGEST_SLEEP
                )


def to_json(paused: Pause | None) -> dict[str, str] | None:
    """A pause as the HTTP API tells it; None where there is none."""
    if paused is None:
        return None
    return {
        "since": paused.since.isoformat(),
        "by": paused.paused_by,
        "reason": paused.reason,
    }
