"""What a call reads and writes is its controller's alone: each statement says so, or is known not to.

A statement that forgot its controller is noticed though nobody saw another's row yet: it is looked at
(`belonging`), not only what it found. Who names another's id is in `test_authority`.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest
import pytest_asyncio

from avgate_gateway import api
from avgate_gateway.api.application import unguarded
from avgate_gateway.api.even import STEP_SECONDS
from avgate_gateway.authentication import Scope
from avgate_gateway.store import callbacks
from avgate_gateway.store.migrations import metadata
from avgate_mocks.people import Role

from .belonging import NOBODYS, is_somebodys, without_controller
from .door import GUARDED, HERE, PLACE, THERE, Door, a_door, tries
from .harness import a_request, bearer
from .planting import plant
from .watched import Site, Watch, asked_by, watched

ALLOWED: Final[Mapping[str, str]] = {
    "evidence.append": "there is one chain: the number and digest of its last entry tell of nobody",
    "evidence.announced": "entries of the whole gateway: the keys that checkpoints are signed with",
    "checkpoints.digests": "a proof leads past others' entries: their digests tell nothing of them",
    "pauses.lasting": "a process keeps in memory what is paused of everybody, and tells each their own",
    "pauses.ended": "likewise",
}
DAYS: Final = {
    "date": "2026-12-01",
    "date-time": "2026-12-01T10:00:00Z",
    "since": "2026-12-01",
    "changed_since": "2026-12-01",
}
OF_EVERYBODY: Final = {
    ("GET", "/metrics"): "`metrics:read` is the operator's; no figure names anybody"
}
OWN: Final = [at for at in GUARDED if at not in OF_EVERYBODY]
# A package is made at the moment, and that it was handed out is evidence.
OWN_READING: Final = re.compile(r"/(package|evidence) ")
NAMING: Final = [at for at in OWN if "_id}" in at[1]]
NOW_AND_THEN: Final = ("rates.", "refused.")  # in whatever call comes when it is time
LISTS: Final = [path for method, path in OWN if method == "GET" and "{" not in path]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def door(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Door]:
    async with a_door(tmp_path_factory.mktemp("rows")) as door:
        yield door


@pytest.fixture(scope="module")
def watch(door: Door) -> Watch:
    made = Watch(ALLOWED)
    watched(door.here.assembled.context.database, made)
    return made


@pytest.fixture(scope="module")
def described(door: Door) -> Mapping[str, Any]:
    assembled = door.here.assembled
    return unguarded(assembled.gateway, assembled.verifier).openapi()


@pytest.mark.asyncio(loop_scope="module")
async def test_what_is_another_controllers_changes_no_answer(
    door: Door, described: Mapping[str, Any]
) -> None:
    await answers(door, described)  # letters are made when they are first read
    before = await answers(door, described)
    async with door.here.assembled.context.database.write() as db:
        ids = await plant(db, THERE)
    after = await answers(door, described)
    for asked, text in after.items():
        assert not [one for one in ids if one in text], asked
        assert text == before[asked] or OWN_READING.search(asked), asked


async def answers(door: Door, described: Mapping[str, Any]) -> Mapping[str, str]:
    """What is answered to all that can be read, by what was asked."""
    headers = bearer(door.token(HERE, Scope))
    found = {}
    for method, path in OWN:
        if method != "GET":
            continue
        for operation in tries((method, path)):
            url = PLACE.sub(door.own((method, path), operation), path)
            parameters = described["paths"][path]["get"].get("parameters", [])
            for query in queries(parameters, described):
                answer = await door.http.get(url, params=query, headers=headers)
                found[f"{url} {query}"] = answer.text
    return found


@pytest.mark.parametrize("at", OWN, ids=" ".join)
@pytest.mark.asyncio(loop_scope="module")
async def test_every_statement_of_a_call_is_bound_to_its_controller(
    at: tuple[str, str], door: Door, watch: Watch
) -> None:
    await door.here.assembled.checkpointer.sign()  # or nothing is proved
    for operation in tries(at):
        own = door.own(at, operation)
        for controller, target in ((HERE, str(uuid4())), (THERE, own), (HERE, own)):
            made = door.token(controller, Scope)
            with watch.call(controller):
                await door.knock(at, target, operation, made)
    assert not watch.taken()


@pytest.mark.parametrize("at", NAMING, ids=" ".join)
@pytest.mark.asyncio(loop_scope="module")
async def test_of_anothers_and_of_nobodys_the_same_is_asked(
    at: tuple[str, str], door: Door, watch: Watch
) -> None:
    for operation in tries(at):
        own, asked, took = door.own(at, operation), [], []
        for target in (own, str(uuid4()), own, str(uuid4())):
            began = time.monotonic()
            with watch.call(THERE):
                answer = await door.knock(at, target, operation, door.token(THERE, Scope))
            took.append(time.monotonic() - began)
            assert answer.status_code == 404
            asked.append([one for one in watch.asked if not one.startswith(NOW_AND_THEN)])
        assert asked[0]
        assert all(one == asked[0] for one in asked)
        if "{subject_request_id}" not in at[1]:  # whose index begins with the controller
            assert min(took) >= STEP_SECONDS


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.asyncio(loop_scope="module")
async def test_whatever_a_list_is_asked_for_it_is_ones_own(
    path: str, door: Door, watch: Watch, described: Mapping[str, Any]
) -> None:
    headers = bearer(door.token(HERE, Scope))
    asked = list(queries(described["paths"][path]["get"].get("parameters", []), described))
    while asked:
        query = asked.pop()
        with watch.call(HERE):
            answer = await door.http.get(path, params=query, headers=headers)
        assert answer.status_code == 200, (query, answer.text)
        if "cursor" not in query and b'"next":"' in answer.content:
            asked.append({**query, "cursor": answer.json()["next"]})
    assert not watch.taken()


def queries(
    parameters: Iterable[Mapping[str, Any]], described: Mapping[str, Any]
) -> Iterator[dict[str, str]]:
    """Without any, and one for each value of each parameter."""
    yield {}
    for one in parameters:
        if one["in"] == "query" and one["name"] != "cursor":
            yield from ({one["name"]: value} for value in values_of(one, described))


def resolved(kind: Mapping[str, Any], described: Mapping[str, Any]) -> Any:
    """The schema itself, or the one that it refers to."""
    reference = kind.get("$ref")
    return described["components"]["schemas"][reference.rsplit("/", 1)[1]] if reference else kind


def values_of(parameter: Mapping[str, Any], described: Mapping[str, Any]) -> Iterator[str]:
    schema = parameter["schema"]
    for kind in schema.get("anyOf", [schema]):
        match resolved(kind, described):
            case {"enum": values}:
                yield from values
            case {"type": "integer"}:
                yield "1"
            case {"type": "boolean"}:
                yield from ("true", "false")
            case {"type": "string"}:
                yield DAYS.get(kind.get("format") or parameter["name"], "directory")


@pytest.mark.asyncio(loop_scope="module")
async def test_an_upstreams_call_reaches_the_request_of_its_token(door: Door, watch: Watch) -> None:
    here = door.here
    request_id = await here.submit(a_request("erase", here.person(Role.RUNNING), "directory"))
    await here.until(request_id)
    assert (await here.decide(request_id)).status_code == 200
    async with here.assembled.context.database.write() as db:
        await callbacks.keep(db, "told-to-the-directory", request_id, "directory", here.time.now())
    with watch.call(None):
        answer = await door.http.post("/v1/callbacks/told-to-the-directory")
    assert answer.status_code == 204, answer.text
    assert not watch.taken()


@pytest.mark.asyncio(loop_scope="module")
async def test_who_waits_is_told_of_their_own(door: Door, watch: Watch) -> None:
    here = door.here

    async def carried_out() -> None:
        while not here.woken:  # noqa: ASYNC110 -- what wakes here is a list
            await asyncio.sleep(0)
        await here.settle()

    work = asyncio.create_task(carried_out())
    with watch.call(HERE):
        answer = await here.caller().post(
            "/v1/requests",
            json=a_request("object", here.person(Role.RUNNING)),
            headers={"idempotency-key": "waits", "prefer": "wait=20"},
        )
    await work
    assert answer.status_code == 200, answer.text
    assert not watch.taken()


@pytest.mark.asyncio(loop_scope="module")
async def test_who_repeats_a_call_is_told_of_their_own(door: Door, watch: Watch) -> None:
    body = a_request("object", door.here.person(Role.RUNNING))
    for replayed in (None, "true"):
        with watch.call(HERE):
            answer = await door.here.caller().post(
                "/v1/requests", json=body, headers={"idempotency-key": "again"}
            )
        assert (answer.status_code, answer.headers.get("idempotent-replayed")) == (202, replayed)
    assert not watch.taken()


def test_every_question_of_the_routes_was_asked(watch: Watch) -> None:
    missing = asked_by(Path(api.__file__).parent) - watch.seen
    assert not missing, "have a call above ask it, or nobody sees whose rows it reaches"


def test_every_reason_is_needed(watch: Watch) -> None:
    assert watch.used == set(ALLOWED)


def test_a_statement_that_forgot_its_controller_is_noticed(watch: Watch) -> None:
    passed, noticed = set[Site](), set[Site]()
    for one in watch.bound.values():
        forgetful = without_controller(one.statement)
        if str(forgetful) == str(one.statement):
            continue
        (noticed if one.reach.loose(forgetful, one.values) else passed).add(one.site)
    assert len(noticed) > 10
    assert not passed - noticed


def test_of_every_table_it_is_known_whose_its_rows_are() -> None:
    for table in metadata.sorted_tables:
        assert (table.name in NOBODYS) != is_somebodys(table), table.name
