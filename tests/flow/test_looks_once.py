"""Whoever is looked up by a number is listed and copied once: what the number leads to is heard first."""

from __future__ import annotations

from pathlib import Path

import pytest

from avgate_mocks.people import Role

from .harness import JsonMap, a_request
from .indoors import Indoors, indoors


async def made(here: Indoors, operation: str, identifiers: list[JsonMap]) -> str:
    body = a_request(operation, here.person(Role.RUNNING), "operator")
    request_id = await here.submit({**body, "subject": {"identifiers": identifiers}})
    await here.until(request_id, "approval" if operation == "erase" else "closed")
    return request_id


async def found(here: Indoors, request_id: str) -> JsonMap:
    """What the operator's part counts, and what the plan would do."""
    request = await here.request(request_id)
    [part] = request["connectors"]
    plan = request["waiting_for"] == "approval" and await here.get(
        f"/v1/requests/{request_id}/plan"
    )
    return {"items": part["items"], "goes": plan and plan["goes"]}


@pytest.mark.parametrize(
    ("operation", "event"), [("access", "task.copied"), ("erase", "task.located")]
)
async def test_a_number_alone_leads_to_everything_with_one_copy_and_one_list(
    operation: str, event: str, tmp_path: Path
) -> None:
    async with indoors(tmp_path, ("operator",)) as here:
        person = here.person(Role.RUNNING)
        by_number = [{"kind": "phone", "value": person.lines[0].number}]
        for_good = [{"kind": "customer_id", "value": person.customer_id}]
        whole = await found(here, await made(here, operation, [*by_number, *for_good]))
        request_id = await made(here, operation, by_number)
        assert await found(here, request_id) == whole
        assert (await here.events(request_id)).count(event) == 1
