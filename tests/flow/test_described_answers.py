"""What is answered is what the description says, member by member, in every state that a caller meets."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyrage
import pytest
import pytest_asyncio

from avgate_gateway.authentication import Scope
from avgate_gateway.registry import Installed
from avgate_mocks.people import Role

from ..gateway.receiver import Receiver, receiving  # noqa: TID252 -- tests are no packages of one another
from .described_answers import Answers, Call
from .harness import EVERYTHING, IDENTITY, JsonMap, a_request
from .indoors import BY_HAND, Indoors, indoors

pytestmark = pytest.mark.asyncio(loop_scope="module")
EVERYWHERE = ("operator", "xelion", "directory", "subprocessors")
# Signed as they are sent, and described since they are there; their own tests read them.
_NOT_OURS = ("/opendsr/", "/opengdpr/")
_FREE = {"details", "items"}  # of an event: each has its own; counts by the state of an item
_MAPS = {(name,) for name in ("details", "items", "totals", "erases", "not_relevant")}
_MAY_BE_MISSING = {
    ".held_up", "items.held_up", "plan.begins_at",  # described so from the first release on
    "scope.connectors", "scope.categories",  # of a request: likewise, by name
    ".items", "items.items",  # of a task, to those who may not do it
    ".behind",
    *(f"items.{name}" for name in ("title", "processor", "protocol", "finds_by", "holds", "erases",
                                   "not_relevant", "capabilities")),  # of a refused connector
}  # fmt: skip
_CALLERS = {
    "portal": EVERYTHING,
    "colleague": EVERYTHING,
    "reader": (Scope.READ,),
    "chief": (Scope.READ, Scope.ADMIN),
}
_SUCCESSOR = """
[controllers.libervoice.destinations.next]
title = "Next Telecom"
kind = "https"
url = "{url}/in"
recipient = "{recipient}"
token = "a-token"
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def answers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Answers]:
    """All that is answered to those who go through everything once."""
    made = Answers()
    async with (
        receiving() as crm,
        listening(tmp_path_factory.mktemp("described"), crm, made) as here,
    ):
        await here.assembled.checkpointer.announce()
        await turned_down(here)
        await rectified(here)
        await erased_in_part(here)
        await kept_by_a_word(here)
        await handed_out(here)
        await of_systems(here)
        await told_to_others(here, crm)
        await of_the_process(here)
    yield made


@asynccontextmanager
async def listening(folder: Path, crm: Receiver, made: Answers) -> AsyncIterator[Indoors]:
    recipient = pyrage.x25519.Identity.generate().to_public()
    successor = _SUCCESSOR.format(url=crm.address, recipient=recipient)
    more = BY_HAND + successor + crm.endpoint()
    async with indoors(folder, EVERYWHERE, more=more) as here:
        refused = Installed("broken", "avgate-broken", "1").refuse("it cannot be imported")
        gateway = here.assembled.gateway
        installed = {**gateway.installed, "broken": refused}
        here.assembled = replace(here.assembled, gateway=replace(gateway, installed=installed))
        for client, scopes in _CALLERS.items():
            here.caller(client, scopes=scopes).event_hooks = {"response": [made.note]}
        yield here


async def read(here: Indoors, request_id: str) -> None:
    """All that there is to read of a request in this state."""
    one = f"/v1/requests/{request_id}"
    for part in ("", "/plan", "/report", "/evidence", "/letter", "/letters", "/handovers"):
        await here.caller().get(one + part)
    await here.assembled.checkpointer.sign()
    await here.get(f"{one}/evidence/proof")
    for client in ("portal", "reader"):
        await here.caller(client).get("/v1/tasks")


async def decide(here: Indoors, request_id: str, decision: str, body: JsonMap) -> None:
    answer = await here.caller().post(f"/v1/requests/{request_id}/{decision}", json=body)
    assert answer.is_success, answer.text


async def complete(here: Indoors, request_id: str, **more: object) -> None:
    listed = (await here.get("/v1/tasks?state=open"))["items"]
    for task in listed:
        if task["request_id"] == request_id:
            body = {"evidence": "seen to", "completed_by": "A. Bakker", **more}
            answer = await here.caller().post(f"/v1/tasks/{task['id']}/completion", json=body)
            assert answer.is_success, answer.text


async def erased_in_part(here: Indoors) -> None:
    """Of one who is a customer still: some goes, some stays, and some is left to people."""
    whom = here.person(Role.RUNNING)
    request_id = await here.submit(a_request("erase", whom, *EVERYWHERE[:3], identity=None))
    await read(here, request_id)
    await decide(here, request_id, "identity", IDENTITY)
    await here.until(request_id, "approval")
    await read(here, request_id)
    await decide(here, request_id, "extension", {"reason": "two others have to be asked"})
    assert (await here.decide(request_id)).is_success
    await read(here, request_id)
    await here.until(request_id, "person", "closed")
    await read(here, request_id)
    await complete(here, request_id)
    await here.until(request_id, "person", "closed")
    await read(here, request_id)
    await read(here, await here.erased(whom, "xelion"))  # of what the first one left


async def kept_by_a_word(here: Indoors) -> None:
    """What a person has to erase at a processor stays, and is done for whoever comes next."""
    last = (here.time.now() + timedelta(days=90)).date().isoformat()
    ended: tuple[tuple[Role, dict[str, object]], ...] = (
        (Role.RUNNING, {"kept": {"ground": "legal_claim", "until": last}}),
        (Role.ENDED, {}),
    )
    made = []
    for role, word in ended:
        request_id = await here.erased(here.person(role), "subprocessors")
        made.append(request_id)
        await read(here, request_id)
        await complete(here, request_id, **word)
        await here.until(request_id, "closed")
        await read(here, request_id)
    await here.let_pass(days=60)  # their plans are destroyed by then, and what staff wrote
    for request_id in made:
        await read(here, request_id)


async def rectified(here: Indoors) -> None:
    """A value that is replaced, and one that nobody knows."""
    for before in ("Nowhere", None):
        changes = [
            {"field": "address.city", "from": before, "to": "Doesburg"},
            {"field": "bank_account", "to": "NL91ABNA0417164300"},
        ]
        body = a_request(
            "rectify", here.person(Role.RUNNING), "operator", "xelion", changes=changes
        )
        request_id = await here.submit(body)
        await here.until(request_id)
        await read(here, request_id)
        await here.decide(request_id)
        await here.until(request_id, "closed", "person")
        await read(here, request_id)


async def handed_out(here: Indoors) -> None:
    for operation in ("access", "export", "restrict"):
        request_id = await here.carry_out(
            a_request(operation, here.person(Role.RUNNING), "operator")
        )
        await read(here, request_id)
        if operation == "export":
            await decide(here, request_id, "handover", {"destination": "next"})
            await read(here, request_id)
    body = a_request("object", here.person(Role.RUNNING))
    headers = {"idempotency-key": str(uuid4()), "prefer": "wait=1"}
    assert (await here.caller().post("/v1/requests", json=body, headers=headers)).is_success


async def turned_down(here: Indoors) -> None:
    request_id = await here.submit(a_request("erase", here.person(Role.RUNNING), "xelion"))
    await here.until(request_id, "approval")
    await decide(here, request_id, "cancel", {"reason": "it was a mistake"})
    await read(here, request_id)
    await here.plant("directory", {"fault": "html_200", "times": 100})
    request_id = await here.submit(a_request("access", here.person(Role.RUNNING), "directory"))
    await here.until(request_id, "person")
    await read(here, request_id)
    await here.plant("directory")
    await decide(here, request_id, "retry", {})


async def of_systems(here: Indoors) -> None:
    for path in ("requests?limit=2", "requests", "processors", "retention", "connectors", "tasks"):
        await here.get(f"/v1/{path}")
    for path in ("audit?limit=2", "audit?limit=1000"):
        await here.get(f"/v1/{path}")
    chief = here.caller("chief")
    for _ in range(2):
        await chief.post("/v1/connectors/xelion/pause", json={"reason": "it is being moved"})
    await here.get("/v1/connectors")
    await chief.post("/v1/connectors/xelion/resume")


async def told_to_others(here: Indoors, crm: Receiver) -> None:
    """A server that takes what comes, and then says that it wants no more."""
    deliverer, chief = here.assembled.deliverer, here.caller("chief")
    await here.get("/v1/webhooks/deliveries?limit=2")
    for answers in ([500], [410], []):
        crm.answers.clear()
        crm.answers.extend(answers)
        await chief.post("/v1/webhooks/endpoints/crm/test")
        await deliverer.sweep()
        await deliverer.idle()
        await here.get("/v1/webhooks")
        await here.get("/v1/webhooks/deliveries")
        await chief.post("/v1/webhooks/endpoints/crm/enable")
    since = (here.time.now() - timedelta(days=1)).isoformat()
    await chief.post("/v1/webhooks/endpoints/crm/resend", json={"since": since})
    [one] = (await here.get("/v1/webhooks/deliveries?limit=1"))["items"]
    await chief.post(f"/v1/webhooks/deliveries/{one['id']}/replay")


async def of_the_process(here: Indoors) -> None:
    await here.get("/health/live")
    await here.get("/health/ready")
    await here.submit(a_request("access", here.person(Role.RUNNING), "xelion"))
    here.time.pushed += timedelta(minutes=5)
    await here.get("/health/ready")


async def test_everything_is_answered_as_it_is_described(answers: Answers) -> None:
    faults = {fault for call, told in answers.came for fault in answers.faults(call, told)}
    assert not faults, "\n".join(sorted(faults))


async def test_every_answer_in_json_came(answers: Answers) -> None:
    described = {call for call in answers.schemas if not call.path.startswith(_NOT_OURS)}
    assert described == {call for call, _ in answers.came}


async def test_the_states_that_differ_came(answers: Answers) -> None:
    """What this file is worth: without these, members that are told seldom are not looked at."""
    lines = [
        line for told in answers.of("/v1/requests/{request_id}/report") for line in told["items"]
    ]
    words = {line["outcome"] for line in lines}
    assert words >= {"pending", "erased", "retained", "by_hand", "done_by_hand", "not_done",
                     "provided", "failed", "rectified", "scheduled"}, words  # fmt: skip
    plans = answers.of("/v1/requests/{request_id}/plan")
    assert all(any(plan.get(bucket) for plan in plans) for bucket in ("goes", "stays", "by_hand"))
    fits = {
        one["fit"] for plan in plans for item in plan.get("items", ()) for one in item["fields"]
    }
    assert fits >= {"change", "differs", "not_held"}, fits
    tasks = [task for page in answers.of("/v1/tasks") for task in page["items"]]
    assert {(task["state"], task["kept"] is not None) for task in tasks} == {
        ("open", False), ("completed", False), ("completed", True),
    }  # fmt: skip
    assert {"items" in task for task in tasks} == {True, False}
    assert any(task["items"] for task in tasks if "items" in task)
    ready = [set(told) for told in answers.of("/health/ready")]
    assert {"status"} in ready
    assert {"status", "behind"} in ready
    ends = [one for page in answers.of("/v1/webhooks") for one in page["items"]]
    assert {one["reason"] for one in ends} >= {None, "gone"}


async def test_a_member_that_is_not_described_and_one_that_is_missing_are_seen(
    answers: Answers,
) -> None:
    accepted, missed = set(), set()
    for call, told in in_short(answers).items():
        for where, members in objects(told):
            more = changed(told, where, {**members, "unheard_of": 1})
            if not any(answers.faults(call, more)):
                accepted.add(where[-1])
            for name in members if where[-1:] not in _MAPS else ():
                fewer = {other: value for other, value in members.items() if other != name}
                if not any(answers.faults(call, changed(told, where, fewer))):
                    missed.add(f"{inside(where)}.{name}")
    assert accepted == _FREE
    assert missed == _MAY_BE_MISSING


def in_short(answers: Answers) -> dict[Call, Any]:
    """The longest of each kind of answer, with one of each list."""
    found: dict[Call, Any] = {}
    for call, told in answers.came:
        found[call] = max(told, found.get(call, {}), key=lambda each: len(str(each)))
    return {call: shortened(told) for call, told in found.items()}


def shortened(told: Any) -> Any:
    if isinstance(told, dict):
        return {name: shortened(inner) for name, inner in told.items()}
    if isinstance(told, list) and told and isinstance(told[0], dict):
        return [shortened(max(told, key=lambda each: len(str(each))))]
    return told


def objects(told: Any, where: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], JsonMap]]:
    """Every object in an answer, with its place."""
    if isinstance(told, dict):
        yield where, told
        for name, inner in told.items():
            yield from objects(inner, (*where, name))
    elif isinstance(told, list):
        for place, inner in enumerate(told):
            yield from objects(inner, (*where, place))


def inside(where: tuple[Any, ...]) -> str:
    """The member that an object is in, or in the list of which it is."""
    return next((step for step in reversed(where) if isinstance(step, str)), "")


def changed(told: Any, where: tuple[Any, ...], members: JsonMap) -> Any:
    if not where:
        return members
    made = deepcopy(told)
    at = made
    for step in where[:-1]:
        at = at[step]
    at[where[-1]] = members
    return made
