"""What no interface offers is a task for a person, and is not called done before it was."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import sqlalchemy as sa

from avgate_contracts import Category, DataSubject, Identifier, Record, SupportsAccess
from avgate_gateway.authentication import Scope
from avgate_gateway.store import items, requests
from avgate_gateway.store.item import Found, ItemState
from avgate_gateway.store.schema import item
from avgate_gateway.vault import RETENTION_KEY
from avgate_mocks.people import Person, Role

from .harness import JsonMap, a_request
from .indoors import BY_HAND, Indoors, indoors


async def open_tasks(here: Indoors, request_id: str) -> list[JsonMap]:
    listed = (await here.get("/v1/tasks?state=open"))["items"]
    return [task for task in listed if task["request_id"] == request_id]


async def complete(here: Indoors, task: JsonMap, evidence: str = "seen to, ticket 17") -> int:
    url = f"/v1/tasks/{task['id']}/completion"
    return (await here.caller().post(url, json={"evidence": evidence})).status_code


async def test_a_processor_without_an_interface_is_asked_by_a_person_and_then_done(
    tmp_path: Path,
) -> None:
    async with indoors(tmp_path, ("subprocessors",), more=BY_HAND) as here:
        request_id = await here.erased(here.person(Role.RUNNING), "subprocessors")
        [task] = await open_tasks(here, request_id)
        assert (task["category"], task["reason_code"]) == ("processor_data", "unsupported")
        assert (await here.request(request_id))["waiting_for"] == "person"
        assert await complete(here, task) == 200
        shown = await here.until(request_id, "closed", seconds=5)
        assert shown["state"] == "closed"
        outcomes = {line["outcome"] for line in await here.report(request_id)}
        assert "done_by_hand" in outcomes
        assert not outcomes & {"failed", "by_hand"}
        assert not await open_tasks(here, request_id)


async def test_completing_a_task_twice_is_the_same_as_once(tmp_path: Path) -> None:
    async with indoors(tmp_path, ("subprocessors",), more=BY_HAND) as here:
        request_id = await here.erased(here.person(Role.RUNNING), "subprocessors")
        [task] = await open_tasks(here, request_id)
        assert await complete(here, task) == 200
        assert await complete(here, task) == 200
        assert await complete(here, task, "something else") == 409
        await here.settle()
        assert (await here.events(request_id)).count("hand_task.completed") == 1


async def test_a_word_that_something_is_done_is_not_believed_while_it_is_still_there(
    tmp_path: Path,
) -> None:
    async with indoors(tmp_path, ("xelion",)) as here:
        person = here.person(Role.RUNNING)
        request_id = await here.erased(person, "xelion")
        for _ in range(3):  # whoever says so again is believed no more than before
            tasks = await open_tasks(here, request_id)
            assert tasks
            for task in tasks:
                assert await complete(here, task) == 200
            await here.until(request_id, "person", "closed")
        held = await here.holds("xelion", person)
        assert held["voicemail"]
        report = await here.report(request_id)
        said = {x["category"] for x in report if x["outcome"] == "done_by_hand"}
        assert not said & {"voicemail", "recording"}
        assert await open_tasks(here, request_id)


async def test_what_was_really_done_by_hand_ends_the_request(tmp_path: Path) -> None:
    async with indoors(tmp_path, ("xelion",)) as here:
        person = here.person(Role.RUNNING)
        oids = await sounds(here, person)
        request_id = await here.erased(person, "xelion")
        tasks = await open_tasks(here, request_id)
        assert {task["category"] for task in tasks} == {"voicemail", "recording"}
        await by_hand(here, oids)
        for task in tasks:
            assert await complete(here, task) == 200
        shown = await here.until(request_id, "closed", "person")
        assert shown["state"] == "closed"
        outcomes = {x["outcome"] for x in await here.report(request_id)}
        assert "done_by_hand" in outcomes
        assert "failed" not in outcomes


async def test_doing_one_of_two_tasks_of_a_kind_leaves_the_other_a_single_one(
    tmp_path: Path,
) -> None:
    async with indoors(tmp_path, ("xelion",)) as here:
        request_id = await here.erased(here.person(Role.RUNNING), "xelion")
        async with here.assembled.context.database.write() as db:
            found = await items.select(db, request_id, states=[ItemState.BY_HAND])
            one = next(item for item in found if item.category is Category.RECORDING)
            await items.change(db, [one.id], reason="a person has to ask for it")
            await requests.wake(db, request_id, here.time.now())
        await here.settle()
        before = {task["id"]: task for task in await open_tasks(here, request_id)}
        kinds = [task["category"] for task in before.values()]
        assert sorted(kinds) == ["recording", "recording", "voicemail"]
        done = next(task for task in before.values() if task["reason"].startswith("a person has"))
        oids = [oid for item in done["items"] for oid in re.findall(r"\d{5,}", item["ref"])]
        await by_hand(here, oids)
        assert await complete(here, done) == 200
        await here.until(request_id, "person", "closed")
        left = {task["id"]: task["items"] for task in await open_tasks(here, request_id)}
        before.pop(done["id"])
        assert left == {name: task["items"] for name, task in before.items()}
        other = next(task for task in before.values() if task["category"] == "recording")
        assert (other["count"], other["items_total"]) == (
            2,
            1,
        )  # it was about both when it was made
        assert await complete(here, other) == 200
        written = (await here.get(f"/v1/requests/{request_id}/evidence"))["items"]
        done_by_hand = [one["details"] for one in written if one["event"] == "hand_task.completed"]
        assert [one["count"] for one in done_by_hand] == [1, 1]


async def test_a_task_says_which_items_it_is_about(tmp_path: Path) -> None:
    async with indoors(tmp_path, ("xelion",)) as here:
        person = here.person(Role.RUNNING)
        oids = await sounds(here, person)
        request_id = await here.erased(person, "xelion")
        tasks = await open_tasks(here, request_id)
        items = [item for task in tasks for item in task["items"]]
        named = [oid for item in items for oid in re.findall(r"\d{5,}", item["ref"])]
        assert sorted(named) == sorted(oids)
        assert all(date.fromisoformat(item["since"]) for item in items)
        for task in tasks:
            assert len(task["items"]) == task["items_total"] == task["count"]
            assert {item["category"] for item in task["items"]} == {task["category"]}
        reader = here.caller("reader", scopes=[Scope.READ])
        shown = (await reader.get("/v1/tasks")).json()["items"]
        assert len(shown) == 2
        assert not any("items" in task for task in shown)  # absent, and not merely empty
        assert sum(task["items_total"] for task in shown) == len(oids)
        told = (
            await here.get(f"/v1/requests/{request_id}/evidence"),
            await here.report(request_id),
        )
        assert not [item["ref"] for item in items if item["ref"] in str(told)]
        await by_hand(here, oids)
        for task in tasks:
            assert await complete(here, task) == 200
        await here.until(request_id, "closed")
        done = [t for t in (await here.get("/v1/tasks"))["items"] if t["request_id"] == request_id]
        assert {(len(task["items"]), task["items_total"]) for task in done} == {(0, 0)}


async def test_what_an_upstream_refuses_is_left_to_a_person_and_can_be_tried_again(
    tmp_path: Path,
) -> None:
    async with indoors(tmp_path, ("xelion",)) as here:
        person = here.person(Role.NUMBER_AFTER)
        await by_hand(here, await sounds(here, person))
        request_id = await here.erased(person, "xelion")
        assert (await here.request(request_id))["waiting_for"] == "person"
        [task] = await open_tasks(here, request_id)
        assert (task["category"], task["reason_code"]) == ("contacts", "no_permission")
        answer = await here.caller().post(f"/v1/requests/{request_id}/retry", json={})
        assert answer.status_code == 200, answer.text
        await here.until(request_id, "person")
        [again] = await open_tasks(here, request_id)
        assert (await here.events(request_id)).count("effect.intended") > 1
        assert await complete(here, again) == 200
        await here.until(request_id, "closed", "person")
        [still] = await open_tasks(here, request_id)  # for it is still there
        assert (still["category"], still["reason_code"]) == ("contacts", "still_held")


async def test_a_correction_that_an_upstream_refuses_keeps_the_request_open(tmp_path: Path) -> None:
    async with indoors(tmp_path, ("xelion",)) as here:
        person = here.person(Role.RUNNING)
        changes = [{"field": "name.family", "to": "Ğül"}]  # Windows-1252 has no Ğ
        body = a_request("rectify", person, "xelion", changes=changes)
        request_id = await here.carry_out(body)
        assert (await here.request(request_id))["waiting_for"] == "person"
        [task] = await open_tasks(here, request_id)
        assert task["reason_code"] == "altered_by_upstream"
        assert await complete(here, task) == 200
        assert (await here.until(request_id, "closed"))["state"] == "closed"
        assert {x["outcome"] for x in await here.report(request_id)} == {"done_by_hand"}


async def sounds(here: Indoors, person: Person) -> list[str]:
    """The names that Xelion gives to a person's voicemails and recordings."""
    connector = here.assembled.context.desks["libervoice"].connectors["xelion"]
    assert isinstance(connector, SupportsAccess)
    known = tuple(
        Identifier.of(one.kind, one.value, one.valid_from, one.valid_until)
        for one in person.identifiers()
    )
    wanted = {Category.VOICEMAIL, Category.RECORDING}
    found = [
        record.item.ref
        async for record in connector.access(DataSubject("a reference", known))
        if isinstance(record, Record) and record.item.category in wanted
    ]
    return [oid for ref in found for oid in re.findall(r"\d{5,}", ref)]


async def by_hand(here: Indoors, oids: list[str]) -> None:
    """An administrator removes sounds from Xelion."""
    order = {"tenant": "libervoice", "oids": oids}
    await here.outside.post(f"{here.addresses['xelion']}/_by_hand", json=order)


async def test_every_company_that_a_person_told_is_named_however_many_items_come_before_it(
    tmp_path: Path,
) -> None:
    late = BY_HAND.replace("iaso-backup", "zz-late").replace("IASO Backup", "ZZ Late")
    async with indoors(tmp_path, ("subprocessors",), more=BY_HAND + late) as here:
        request_id = await here.erased(here.person(Role.RUNNING), "subprocessors")
        [task] = await open_tasks(here, request_id)
        await multiplied(here, request_id, 1_001)
        assert await complete(here, task) == 200
        found = (await here.get(f"/v1/requests/{request_id}/evidence"))["items"]
        [told] = [e["details"] for e in found if e["event"] == "hand_task.completed"]
        assert told["recipients"] == {"IASO Backup": True, "ZZ Late": True}
        assert told["count"] == 1_002


async def multiplied(here: Indoors, request_id: str, times: int) -> None:
    """Has the first of two items that are left to people so many times, and then the other."""
    context = here.assembled.context
    left = sa.and_(item.c.request_id == request_id, item.c.state == ItemState.BY_HAND.value)
    async with context.database.write(request_id) as db:
        key = (await requests.sealed(db, request_id)).retention_key
        box = context.vault.box(key, request_id, RETENTION_KEY)
        rows = (await db.execute(item.select().where(left).order_by(item.c.id))).mappings().all()
        first, last = map(items.item_of, rows)
        refs = [*[first.ref(box)] * times, last.ref(box)]
        await db.execute(item.delete().where(left))
        found = [Found(f"{number:064}", ref) for number, ref in enumerate(refs)]
        await items.add(db, request_id, first.connector, found, box)
        same = {name: rows[0][name] for name in ("state", "action", "code", "reason")}
        await db.execute(item.update().where(item.c.digest < f"{len(refs):064}").values(**same))
