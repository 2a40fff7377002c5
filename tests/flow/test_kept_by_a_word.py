"""That something has to stay by a person's word: over HTTP, in the report, the evidence and the letter."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from avgate_mocks.people import Role

from ..gateway.pdf_text import text_of  # noqa: TID252 -- tests are no packages of one another
from .harness import JsonMap, a_request
from .indoors import BY_HAND, Indoors, indoors

pytestmark = pytest.mark.asyncio(loop_scope="module")
WORD = "a claim was brought, case 17"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def here(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Indoors]:
    folder = tmp_path_factory.mktemp("kept")
    async with indoors(folder, ("subprocessors",), more=BY_HAND) as made:
        yield made


async def task_of(here: Indoors, operation: str) -> JsonMap:
    request_id = await here.submit(a_request(operation, here.person(Role.RUNNING)))
    if operation == "erase":
        await here.until(request_id, "approval")
        await here.decide(request_id)
    await here.until(request_id, "person")
    listed = (await here.get("/v1/tasks?state=open"))["items"]
    return next(task for task in listed if task["request_id"] == request_id)


async def complete(here: Indoors, task: JsonMap, **kept: object) -> tuple[int, JsonMap]:
    body = {"evidence": WORD, "completed_by": "A. Bakker", "kept": kept or None}
    answer = await here.caller().post(f"/v1/tasks/{task['id']}/completion", json=body)
    return answer.status_code, answer.json()


async def test_it_is_told_as_kept_with_its_ground_and_its_day(here: Indoors) -> None:
    task = await task_of(here, "erase")
    day = here.assembled.context.now().date()
    last = (day + timedelta(days=90)).isoformat()
    yesterday, never = (day - timedelta(days=2)).isoformat(), f"{day.year + 21}-01-01"
    for ground, until, where in (
        ("legal_claim", yesterday, "#/kept/until"),
        ("legal_claim", never, "#/kept/until"),
        ("fraud_security", last, "#/kept/ground"),
        ("legal_claim", "soon", "#/kept/until"),
    ):
        status, told = await complete(here, task, ground=ground, until=until)
        assert (status, [one["pointer"] for one in told["errors"]]) == (422, [where])
    for _ in range(2):  # an answer that was lost
        status, told = await complete(here, task, ground="legal_claim", until=last)
        assert status == 200
        assert (told["state"], told["kept"]) == (
            "completed", {"ground": "legal_claim", "until": last},
        )  # fmt: skip
    assert (await complete(here, task))[0] == 409

    request_id = task["request_id"]
    assert (await here.until(request_id, "closed", seconds=5))["state"] == "closed"
    [line] = [one for one in await here.report(request_id) if one["outcome"] == "retained"]
    assert (line["ground"], line["until"], line["reason"]) == (
        "legal_claim", last, "kept_by_person",
    )  # fmt: skip
    letter = await here.caller().get(f"/v1/requests/{request_id}/letter")
    assert "Het is nodig om een rechtsvordering in te stellen" in text_of(letter.content)
    written = (await here.get(f"/v1/requests/{request_id}/evidence"))["items"]
    [said] = [one["details"] for one in written if one["event"] == "hand_task.completed"]
    assert (said["ground"], said["until"], said["by"]) == ("legal_claim", last, "A. Bakker")
    assert "recipients" not in said, "nobody was told to erase it"

    longer = (day + timedelta(days=200)).isoformat()
    status, told = await complete(here, task, ground="disputes", until=longer)
    assert (status, told["kept"]) == (200, {"ground": "disputes", "until": longer})
    [line] = [one for one in await here.report(request_id) if one["outcome"] == "retained"]
    assert (line["ground"], line["until"]) == ("disputes", longer)
    assert (await here.request(request_id))["state"] == "closed"


async def test_a_copy_that_a_person_has_to_ask_for_cannot_be_kept(here: Indoors) -> None:
    task = await task_of(here, "access")
    last = (here.assembled.context.now().date() + timedelta(days=90)).isoformat()
    status, told = await complete(here, task, ground="legal_claim", until=last)
    assert (status, told["type"].rpartition("/")[2]) == (409, "wrong-state")
    assert (await complete(here, task))[0] == 200
