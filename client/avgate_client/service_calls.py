"""The calls about the service itself: work by hand, who is behind it, by what rules, its evidence."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import date, datetime

from avgate_client.answers import (
    ConnectorList,
    Entry,
    EntryPage,
    InstalledConnector,
    Kept,
    Pause,
    Paused,
    Processor,
    ProcessorList,
    Retention,
    Task,
    TaskPage,
)
from avgate_client.line import Line
from avgate_client.outgoing import Outgoing
from avgate_client.paging import pages
from avgate_client.reading import read
from avgate_contracts.record import Json


class ServiceCalls:
    """Every call that is not about one request; raises AvgateErrors."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def tasks(
        self, state: str | None = "open", *, page_size: int = 200
    ) -> AsyncGenerator[Task, None]:
        """What people must do by hand, oldest first; of every state with None."""
        walk = pages(self._line, "/v1/tasks", TaskPage, {"state": state}, page_size)
        async with aclosing(walk) as found:
            async for page in found:
                for task in page.items:
                    yield task

    async def complete(
        self, task_id: str, evidence: str, *, by: str | None = None, kept: Kept | None = None
    ) -> Task:
        """Says that a task is done, and what shows it; `by`: who did it, if not the caller.

        `kept`: its items were not erased, for they have to stay; `evidence` says why. The same word again changes nothing; another is refused.
        """
        said: dict[str, Json] = {"evidence": evidence}
        if by is not None:
            said["completed_by"] = by
        if kept is not None:
            said["kept"] = {"ground": kept.ground, "until": kept.until.isoformat()}
        path = "/v1/tasks/{id}/completion"
        outgoing = Outgoing("POST", path, ids={"id": task_id}, json=said, repeatable=True)
        return read(await self._line.send(outgoing), Task)

    async def processors(
        self, *, changed_since: date | datetime | None = None
    ) -> tuple[Processor, ...]:
        """External providers and subprocessors; a day begins at midnight UTC."""
        since = {"changed_since": changed_since.isoformat()} if changed_since else None
        outgoing = Outgoing("GET", "/v1/processors", params=since)
        return read(await self._line.send(outgoing), ProcessorList).items

    async def retention(self) -> Retention:
        """The retention matrix in force, with the source of each rule."""
        return read(await self._line.send(Outgoing("GET", "/v1/retention")), Retention)

    async def connectors(self) -> tuple[InstalledConnector, ...]:
        """What is installed, what is refused and why, and what each can do."""
        return read(await self._line.send(Outgoing("GET", "/v1/connectors")), ConnectorList).items

    async def pause(self, connector: str, reason: str) -> Pause:
        """Has no work begun at a connector's upstream until it is resumed; scope `admin`.

        The reason is for colleagues and kept in the clear. What is paused already stays so.
        """
        path = "/v1/connectors/{connector}/pause"
        outgoing = Outgoing(
            "POST", path, ids={"connector": connector}, json={"reason": reason}, repeatable=True
        )
        return read(await self._line.send(outgoing), Paused).paused

    async def resume(self, connector: str) -> None:
        """Goes on there, with all that waited; scope `admin`."""
        path = "/v1/connectors/{connector}/resume"
        await self._line.send(
            Outgoing("POST", path, ids={"connector": connector}, json={}, repeatable=True)
        )

    async def audit(self, *, after: int = 0, page_size: int = 1000) -> AsyncGenerator[Entry, None]:
        """The controller's chain, oldest first, from the entry behind this sequence on."""
        cursor = str(after) if after else None
        walk = pages(self._line, "/v1/audit", EntryPage, {"cursor": cursor}, page_size)
        async with aclosing(walk) as found:
            async for page in found:
                for entry in page.items:
                    yield entry
