"""Somebody alters what is sealed in the database: no call is answered as a mistake of ours, or as if nothing were."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import sqlalchemy as sa

from avgate_gateway.flow.advance import advance
from avgate_gateway.logs.catalogue import DATA_UNREADABLE
from avgate_gateway.store import requests
from avgate_gateway.store.evidence_schema import metadata
from avgate_gateway.vault import VaultError
from avgate_mocks.people import Role

from .authority import MATRIX
from .harness import a_request
from .indoors import Indoors, indoors

SEALED = [
    (table.name, column.name)
    for table in metadata.tables.values()
    for column in table.columns
    if isinstance(column.type, sa.LargeBinary) and not table.name.startswith("evidence")
]
_ONE = "/v1/requests/{request_id}"
READ = sorted(path for method, path in MATRIX if method == "GET" and path.startswith(("/v1", "/opendsr")))  # fmt: skip
FOLLOWED = frozenset({f"{_ONE}/events"})  # goes on for ever


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Indoors]:
    async with indoors(tmp_path, ("operator", "subprocessors")) as made:
        yield made


async def altered(here: Indoors, table: str, column: str) -> int:
    """Flips the last bit of what stands in a column of every row; gives how many there are."""
    found = sa.table(table, sa.column(column), sa.column("rowid"))
    count = 0
    async with here.assembled.context.database.write() as db:
        rows = (await db.execute(sa.select(found.c.rowid, found.c[column]))).all()
        for rowid, value in rows:
            if value:
                flipped = bytes(value[:-1]) + bytes([value[-1] ^ 1])
                await db.execute(
                    found.update().where(found.c.rowid == rowid).values({column: flipped})
                )
                count += 1
    return count


async def everything_read(here: Indoors, request_ids: Iterable[str]) -> list[tuple[str, Any]]:
    """Every call that reads, for each of these requests."""
    answers = []
    for path in [one for one in READ if one not in FOLLOWED]:
        for request_id in request_ids if "{" in path else ("",):
            filled = re.sub(r"\{\w+\}", request_id, path)
            answers.append((path, await here.caller().get(filled)))
    return answers


@dataclass
class Office:
    """A gateway that has carried out one request and planned another."""

    here: Indoors
    request_ids: tuple[str, str]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    folder = tmp_path_factory.mktemp("unreadable")
    async with indoors(folder, ("operator", "subprocessors")) as here:
        person = here.person(Role.RUNNING)
        copied = await here.carry_out(a_request("access", person, "operator"))
        planned = await here.submit(a_request("erase", person, "operator", "subprocessors"))
        await here.until(planned)
        yield Office(here, (copied, planned))


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("table", "column"), SEALED, ids=str)
async def test_whatever_was_altered_no_call_is_a_mistake_of_ours(
    office: Office, table: str, column: str
) -> None:
    here = office.here
    await altered(here, table, column)
    answers = await everything_read(here, office.request_ids)
    await altered(here, table, column)  # which puts it back
    for path, answer in answers:
        assert answer.status_code != 500, (path, answer.text)
        if answer.status_code == 503:
            assert answer.json()["type"].endswith("/stored-data-unreadable"), (path, answer.text)


@pytest.mark.parametrize("column", ["confidential_box", "subject_key"])
async def test_a_copy_whose_box_was_altered_is_said_to_be_unreadable(
    here: Indoors, column: str, caplog: pytest.LogCaptureFixture
) -> None:
    request_id = await here.carry_out(a_request("access", here.person(Role.RUNNING), "operator"))
    assert await altered(here, "request", column) == 1
    answer = await here.caller().get(f"/v1/requests/{request_id}/package")
    assert answer.status_code == 503
    problem = answer.json()
    assert problem["type"].endswith("/stored-data-unreadable")
    assert "Tell the operator" in problem["detail"]
    assert DATA_UNREADABLE.name in [one.getMessage() for one in caplog.records]


async def test_a_plan_whose_box_was_altered_is_not_shown(here: Indoors) -> None:
    request_id = await here.submit(a_request("erase", here.person(Role.RUNNING), "operator"))
    await here.until(request_id)
    assert await altered(here, "request", "plan_box") == 1
    answer = await here.caller().get(f"/v1/requests/{request_id}/plan")
    assert (answer.status_code, answer.json()["type"].rsplit("/", 1)[1]) == (503, "stored-data-unreadable")  # fmt: skip


async def test_a_person_is_forgotten_in_time_though_what_is_kept_of_them_does_not_open(
    here: Indoors,
) -> None:
    body = a_request("erase", here.person(Role.RUNNING), "operator")
    request_id = await here.carry_out(body, "closed")
    await altered(here, "request", "retention_key")
    here.time.pushed += timedelta(days=31)
    with pytest.raises(VaultError):  # what is kept is looked at daily
        await advance(here.assembled.context, request_id)
    async with here.assembled.context.database.read() as db:
        sealed = await requests.sealed(db, request_id)
    assert sealed.subject_key is None
    assert sealed.retention_key is not None
