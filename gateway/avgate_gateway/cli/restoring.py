"""What `avgate audit acknowledge` sees to in a restored database: what was decided since the backup is not known there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from avgate_gateway.cli.exits import CommandError
from avgate_gateway.pausing import Pauses
from avgate_gateway.settings import Settings
from avgate_gateway.store import cooling
from avgate_gateway.store.database import Database


async def held_back(settings: Settings, pause: str | None, database: Database) -> Sequence[str]:
    """Gives time anew to withdraw what cooled off; pauses all systems where why is told. What to say of it."""
    if database.attesting.key is None:
        raise CommandError("without the master key nothing can be written into the evidence")
    told = []
    now = datetime.now(UTC)
    for name, controller in settings.controllers.items():
        until = now + timedelta(minutes=controller.cooling_off_minutes)
        async with database.write() as db:
            count = await cooling.anew(db, name, now, until)
        if count:
            told.append(f"{count} approved plans of {name} begin at {until:%Y-%m-%d %H:%M} UTC")
    paused = await _paused(settings, pause, database) if pause is not None else ()
    if paused:
        told.append(f"paused: {', '.join(paused)}; `avgate resume CONNECTOR` lets each go on")
    return told


async def _paused(settings: Settings, why: str, database: Database) -> Sequence[str]:
    pauses = Pauses(database, lambda: datetime.now(UTC))
    places = [
        (name, connector)
        for name, controller in settings.controllers.items()
        for connector in controller.connectors
    ]
    for controller, connector in places:
        await pauses.pause(controller, connector, "avgate audit acknowledge", why)
    return [f"{connector} of {controller}" for controller, connector in places]
