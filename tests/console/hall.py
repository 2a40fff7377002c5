"""The console of a gateway with something of every kind to try each page with."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import httpx

from avgate_contracts.vocabulary import Operation
from avgate_mocks.people import Role

from ..flow.authority import Guarded
from ..flow.harness import a_request
from ..flow.indoors import BY_HAND
from ..gateway.receiver import SECRET
from .authority import FORMS, MATRIX
from .lobby import Browser, Lobby, lobby

HERE, THERE = "libervoice", "mister-voip"
CHANGES = [{"field": "address.city", "to": "Doesburg"}]
GUARDED = {at: entry for at, entry in MATRIX.items() if isinstance(entry, Guarded)}
TOLD = f"""
[controllers.libervoice.webhooks.crm]
url = "https://crm.example/avgate"
secret = "{SECRET}"
"""


@dataclass
class Hall:
    """The console, and one request of each operation to try every page with."""

    at: Lobby
    requests: Mapping[Operation, str]
    by_hand: tuple[str, str]  # a request, and a task of it
    message: str  # to another system
    people: dict[tuple[str, frozenset[str]], tuple[Browser, str]] = field(default_factory=dict)

    def own(self, at: tuple[str, str], operation: Operation) -> str:
        if "{delivery_id}" in at[1]:
            return self.message
        return self.by_hand[1] if "{task_id}" in at[1] else self.requests[operation]

    async def somebody(self, controller: str, scopes: Iterable[str]) -> tuple[Browser, str]:
        key = (controller, frozenset(scopes))
        if key not in self.people:
            name = f"{controller}.{len(self.people)}"
            browser = await self.at.signed_in(name, key[1], controller)
            self.people[key] = (browser, await browser.csrf())
        return self.people[key]

    async def knock(
        self, at: tuple[str, str], target: str, operation: Operation, who: tuple[Browser, str]
    ) -> httpx.Response:
        (method, path), (browser, csrf) = at, who
        url = path.replace("{connector}", "directory")
        if "{task_id}" in path:  # a request and its task go together, or neither is there
            request_id, task = self.by_hand if target == self.by_hand[1] else (target, target)
            url = url.replace("{request_id}", request_id).replace("{task_id}", task)
        url = url.replace("{request_id}", target).replace("{delivery_id}", target)
        if method == "GET":
            return await browser.get(url)
        return await browser.post(url, {"csrf": csrf, **a_form(at, operation)})


def a_form(at: tuple[str, str], operation: Operation) -> dict[str, str]:
    if at == ("POST", "/console/requests"):
        changes = (
            {"field_0": "address.city", "to_0": "Doesburg"}
            if operation is Operation.RECTIFY
            else {}
        )
        return {"key": str(uuid4()), "right": operation.value, "kind_0": "email",
                "value_0": "nobody@voorbeeld.example", "connectors": "directory", **changes}  # fmt: skip
    return dict(FORMS.get(at[1].rsplit("/", 1)[1], {}))


@asynccontextmanager
async def a_hall(folder: Path) -> AsyncIterator[Hall]:
    names = ("directory", "subprocessors")
    async with lobby(folder, names, BY_HAND + TOLD) as at:
        body = a_request("erase", at.here.person(Role.RUNNING), "subprocessors")
        by_hand = await at.here.carry_out(body, "person")
        [task] = (await at.here.get("/v1/tasks?state=open"))["items"]
        asked = a_request("access", at.here.person(Role.RUNNING), "subprocessors")
        await at.here.carry_out(asked, "person")  # of a company that has no interface
        made = {}
        for operation in (Operation.ACCESS, Operation.EXPORT):
            body = a_request(operation.value, at.here.person(Role.RUNNING), "directory")
            made[operation] = await at.here.carry_out(body, "closed")
        for operation, more in ((Operation.ERASE, {}), (Operation.RECTIFY, {"changes": CHANGES})):
            body = a_request(operation.value, at.here.person(Role.RUNNING), "directory", **more)
            made[operation] = await at.here.submit(body)
            assert (await at.here.until(made[operation]))["waiting_for"] == "approval"
        [message] = (await at.here.get("/v1/webhooks/deliveries?limit=1"))["items"]
        yield Hall(at, made, (by_hand, task["id"]), message["id"])
