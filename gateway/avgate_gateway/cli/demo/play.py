"""The demo's course: four operations for invented people, across every upstream."""

from __future__ import annotations

import asyncio
import json
import tempfile
import zipfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from avgate_client import AvgateClient
from avgate_client.answers import Report, Request, Task
from avgate_contracts.record import Json
from avgate_contracts.vocabulary import Operation
from avgate_gateway.cli.conversation import EVERY_SECONDS
from avgate_gateway.cli.demo.mock_client import Invented, Mocks
from avgate_gateway.cli.exits import CommandError, Exit
from avgate_gateway.cli.screen import Screen
from avgate_gateway.cli.wording import plan_grid, report_grid, state

_LONGEST = 45.0  # seconds for one operation to get on by itself
_PAUSE = 0.2  # seconds
_SOUNDS = frozenset({"xelion/xelion-recording.json", "xelion/xelion-voicemail.json"})
# What no interface offers; anything else that is left to people is a fault, and no part of a demo.
_BY_HAND = frozenset({"unsupported", "no_interface", "no_delete", "no_erasure", "no_identifier"})
_ROUNDS = 4  # how often work by hand may be asked for in one operation


@dataclass(frozen=True, slots=True)
class Ended:
    """An operation when nothing more happens to it by itself."""

    request: Request
    report: Report


@dataclass(slots=True)
class Play:
    """Two clients of one controller, the mocks behind the gateway, and a screen."""

    support: AvgateClient
    colleague: AvgateClient
    mocks: Mocks
    screen: Screen
    sounds: dict[str, list[str]] = field(default_factory=dict)  # Xelion's, in the copy of a request
    by_hand: list[str] = field(default_factory=list)  # sounds that a person still has to remove

    async def access(self, person: Invented) -> Ended:
        """Asks for a copy and looks into it."""
        ended = await self._carried(Operation.ACCESS, person)
        await self._unpack(ended.request)
        return ended

    async def export(self, person: Invented) -> Ended:
        """Asks for what the person may take along."""
        ended = await self._carried(Operation.EXPORT, person)
        await self._unpack(ended.request)
        return ended

    async def rectify(self, person: Invented, field_name: str, value: str) -> Ended:
        """Has one field corrected, with a colleague's approval."""
        return await self._carried(
            Operation.RECTIFY, person, {"changes": [{"field": field_name, "to": value}]}
        )

    async def erase(self, person: Invented, copy: Ended) -> Ended:
        """Has all erased that may go, with a colleague's approval.

        Which sounds an administrator has to remove by hand is read in the person's copy.
        """
        self.by_hand = self.sounds[copy.request.id]
        return await self._carried(Operation.ERASE, person)

    async def _carried(
        self, operation: Operation, person: Invented, more: dict[str, Json] | None = None
    ) -> Ended:
        """Submits, and does what people have to do, until nothing is left."""
        self.screen.say(f"\n{operation.value} for {person.id}, known by {_kinds(person)}")
        body = {**_body(operation, person), **(more or {})}
        request = await self.support.submit(body)
        request = await self._until_settled(request)
        if request.waiting_for == "approval":
            request = await self._approved(request)
        for _ in range(_ROUNDS):
            if request.waiting_for != "person":
                break
            request = await self._done_by_hand(request, person.controller)
        report = await self.support.report(request.id)
        self.screen.grid(report_grid(report))
        return Ended(request, report)

    async def _approved(self, request: Request) -> Request:
        plan = await self.support.plan(request.id)
        self.screen.grid(plan_grid(plan))
        self.screen.say("a colleague approves exactly this plan")
        await self.colleague.approve(request.id, plan.digest)
        return await self._until_settled(request)

    async def _until_settled(self, request: Request) -> Request:
        last = request
        changes = self.support.watch(request.id, seconds=_LONGEST, every=EVERY_SECONDS)
        async for last in changes:
            self.screen.follow(last)
        self.screen.rest()
        if not last.is_settled:
            raise CommandError(f"{last.operation} is still {state(last)}", Exit.WRONG)
        return last

    async def _done_by_hand(self, request: Request, tenant: str) -> Request:
        if self.by_hand:
            self.screen.say(f"an administrator removes {len(self.by_hand)} sounds in Xelion")
            await self.mocks.remove_by_hand(tenant, self.by_hand)
            self.by_hand = []
        for task in await self._open_tasks(request):
            if task.reason_code not in _BY_HAND:
                message = f"{request.operation}: {task.connector} is stuck: {task.reason}"
                raise CommandError(message, Exit.WRONG)
            what = f"{task.count} {task.category}" if task.category else "its part"
            self.screen.say(f"by hand, at {task.connector}: {what}; {task.reason}")
            await self.support.complete(task.id, _evidence(task))
        return await self._taken_up(request)

    async def _taken_up(self, request: Request) -> Request:
        """The request once the gateway has acted on the last word that was given."""
        async with asyncio.timeout(_LONGEST):
            while True:
                now = await self.support.get(request.id)
                if now.waiting_for != "person" or await self._open_tasks(now):
                    return await self._until_settled(now)
                await asyncio.sleep(_PAUSE)

    async def _open_tasks(self, request: Request) -> list[Task]:
        return [task async for task in self.support.tasks() if task.request_id == request.id]

    async def _unpack(self, request: Request) -> None:
        """Opens the package, and notes whose sounds Xelion will only remove by hand."""
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder, "copy.zip")
            size = await self.support.download_package(request.id, copy)
            with zipfile.ZipFile(copy) as package:
                names = package.namelist()
                broken = package.testzip()
                found = [json.loads(package.read(name)) for name in names if name in _SOUNDS]
        if broken is not None:
            raise CommandError("the package is not whole", Exit.WRONG)
        self.screen.say(f"the package: {len(names)} files, {size / 1024:.0f} KiB, no sum is wrong")
        self.sounds[request.id] = [str(record["oid"]) for records in found for record in records]


def _body(operation: Operation, person: Invented) -> dict[str, Json]:
    verified: dict[str, Json] = {
        "method": "log-in to the customer portal",
        "verified_by": "support desk",
        "verified_at": datetime.now(UTC).isoformat(),
    }
    identifiers: list[Json] = [one.model_dump(exclude_none=True) for one in person.identifiers]
    return {
        "operation": operation.value,
        "subject": {"identifiers": identifiers, "language": "en"},
        "identity": verified,
    }


def _kinds(person: Invented) -> str:
    return ", ".join(sorted({one.kind for one in person.identifiers}))


def _evidence(task: Task) -> str:
    what = task.category or "the whole request"
    return f"Demo: done in the system's own screens ({task.connector}, {what}); nothing is left."
