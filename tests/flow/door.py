"""The real application behind one door, with something of every kind to try each route with."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from tests.gateway.receiver import SECRET

from avgate_contracts.vocabulary import Operation
from avgate_gateway.authentication import Scope
from avgate_gateway.opendsr.mapping import OPERATIONS
from avgate_gateway.opendsr.naming import NAMINGS
from avgate_mocks.people import Role

from .authority import MATRIX, Guarded
from .harness import IDENTITY, bearer, token
from .harness import a_request as asked
from .indoors import BY_HAND, Indoors, indoors
from .opendsr_sender import SETTINGS, vouched_for
from .opendsr_sender import a_request as sent_on

HERE, THERE = "libervoice", "mister-voip"
NOBODY = {"identifiers": [{"kind": "email", "value": "nobody@voorbeeld.example"}]}
CHANGES = [{"field": "address.city", "to": "Doesburg"}]
BODIES: Mapping[str, Any] = {
    "identity": IDENTITY,
    "approval": {"plan_digest": "0" * 64, "decision": "approve"},
    "extension": {"reason": "many systems"},
    "completion": {"evidence": "seen to"},
    "cancel": {},
    "retry": {},
    "replay": {},
    "enable": {},
    "resend": {"since": "2026-01-05T10:00:00Z"},
    "test": {},
    "handover": {"destination": "nowhere"},
    "pause": {"reason": "its supplier works on it"},
    "resume": {},
}
PLACE = re.compile(r"\{[a-z_]+\}")
ENDPOINT = f"""
[controllers.libervoice.webhooks.crm]
url = "https://crm.example/called"
secret = "{SECRET}"
"""  # nothing is sent here: nobody sweeps
OPENDSR = [("POST", naming.collection) for naming in NAMINGS]
OPENDSR_TYPES = {own: theirs.value for theirs, own in OPERATIONS.items()}
OWN_TO_ALL = [at for at in MATRIX if "{connector}" in at[1]]  # each controller has such a one
GUARDED = {at: entry for at, entry in MATRIX.items() if isinstance(entry, Guarded)}


@dataclass
class Door:
    """The real application, and one request of each operation to try every route with."""

    here: Indoors
    http: httpx.AsyncClient
    requests: Mapping[Operation, str]
    task: str
    delivery: str
    sent: Mapping[Operation, str]  # by OpenDSR, under the ids of whoever sent them
    tokens: dict[tuple[str, frozenset[Scope]], str] = field(default_factory=dict)

    async def knock(
        self, at: tuple[str, str], target: str, operation: Operation, made: str | None
    ) -> httpx.Response:
        method, path = at
        part = path.rsplit("/", 1)[1]
        body = BODIES.get(part) if method == "POST" else None
        headers = bearer(made) if made else {}
        if at == ("POST", "/v1/requests"):
            body = a_body(operation)
            headers["idempotency-key"] = str(uuid4())
        if at in OPENDSR:
            body = sent_on(OPENDSR_TYPES[operation], self.here.person(Role.RUNNING), self.here)
        url = PLACE.sub(target, path)
        return await self.http.request(method, url, json=body, headers=headers)

    def own(self, at: tuple[str, str], operation: Operation) -> str:
        if "{subject_request_id}" in at[1]:
            return self.sent[operation]
        own = {"{task_id}": self.task, "{delivery_id}": self.delivery, "{name}": "crm"}
        own["{connector}"] = "subprocessors"
        return next((v for k, v in own.items() if k in at[1]), self.requests[operation])

    def token(self, controller: str, scopes: Iterable[Scope]) -> str:
        asked = (controller, frozenset(scopes))
        if asked not in self.tokens:
            file = self.here.folder / "avgate-token.jwk"
            self.tokens[asked] = token(file, controller, "second", scopes)
        return self.tokens[asked]


def a_body(operation: Operation) -> dict[str, Any]:
    changes = {"changes": CHANGES} if operation is Operation.RECTIFY else {}
    scope = {"connectors": ["directory"]}
    return {"operation": operation.value, "subject": NOBODY, "scope": scope, **changes}


@asynccontextmanager
async def a_door(folder: Path, edited: Callable[[str], str] = vouched_for) -> AsyncIterator[Door]:
    names = ("directory", "subprocessors")
    async with indoors(
        folder,
        names,
        more=BY_HAND + ENDPOINT + SETTINGS,
        edited=edited,
    ) as here:
        made = {}
        for operation in (Operation.ACCESS, Operation.EXPORT):
            body = asked(operation.value, here.person(Role.RUNNING), "directory")
            made[operation] = await here.carry_out(body, "closed")
        by_hand = await here.carry_out(
            asked("erase", here.person(Role.RUNNING), "subprocessors"), "person"
        )
        tasks = (await here.get("/v1/tasks?state=open"))["items"]
        for operation, more in ((Operation.ERASE, {}), (Operation.RECTIFY, {"changes": CHANGES})):
            body = asked(operation.value, here.person(Role.RUNNING), "directory", **more)
            made[operation] = await here.submit(body)
            assert (await here.until(made[operation]))["waiting_for"] == "approval"
        task = next(one["id"] for one in tasks if one["request_id"] == by_hand)
        transport = here.caller()._transport
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway.test") as http:
            deliveries = (await here.get("/v1/webhooks/deliveries"))["items"]
            sent = await sent_by_opendsr(here)
            yield Door(here, http, made, task, deliveries[0]["id"], sent)


async def sent_by_opendsr(here: Indoors) -> Mapping[Operation, str]:
    """One request of each type, the copies made and the erasure up for approval."""
    made = {}
    for operation, kind in OPENDSR_TYPES.items():
        body = sent_on(kind, here.person(Role.RUNNING), here)
        answer = await here.caller().post("/opendsr/requests", json=body)
        assert answer.status_code == 201, answer.text
        made[operation] = body["subject_request_id"]
    await here.let_pass(seconds=1)
    return made


def tries(at: tuple[str, str]) -> Sequence[Operation]:
    entry = GUARDED[at]
    return entry.operations or (Operation.ACCESS,)
