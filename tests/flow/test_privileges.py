"""The account that a gateway runs as: it does all the work, and PostgreSQL refuses it the rest."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator

import psycopg
import pytest
import pytest_asyncio

from avgate_contracts.vocabulary import Operation
from avgate_gateway import key_sources, rewrapping
from avgate_gateway.authentication import Scope
from avgate_gateway.cli.exits import Exit
from avgate_gateway.cli.running import run
from avgate_gateway.leased import Leased
from avgate_gateway.settings import load
from avgate_gateway.store.privileges import TABLES
from avgate_mocks.people import Role

from .cluster import OWNER, SERVICE, in_postgresql, shared
from .door import GUARDED, HERE, Door, a_door, tries
from .harness import a_request
from .opendsr_sender import vouched_for

EVIDENCE = ("evidence", "evidence_tile", "checkpoint", "evidence_draft")
REFUSED = (
    *(f"{what} {table}" for table in EVIDENCE for what in ("DELETE FROM", "TRUNCATE", "DROP TABLE")),
    "UPDATE evidence SET details = '{}'",
    "UPDATE evidence SET digest = digest WHERE sequence = 1",
    "UPDATE evidence_tile SET root = ''",
    "UPDATE checkpoint SET note = ''",
    "UPDATE evidence_draft SET details = '{}'",
    "SELECT * FROM evidence FOR UPDATE",
    "INSERT INTO evidence SELECT * FROM evidence",
    "TRUNCATE request",
    "DELETE FROM request",
    "UPDATE request SET controller = 'another'",
    "UPDATE alembic_version SET version_num = '0001'",
    "DELETE FROM keyring",
    "CREATE TABLE own (id int)",
    "CREATE TEMPORARY TABLE evidence (id int)",
    "CREATE INDEX ON evidence (at)",
    "CREATE VIEW own AS SELECT 1",
    "CREATE SCHEMA own",
    "CREATE FUNCTION own() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "ALTER TABLE evidence DISABLE TRIGGER ALL",
    "ALTER TABLE evidence_draft DISABLE TRIGGER evidence_link",
    "ALTER TABLE request ADD COLUMN own int",
    "DROP TRIGGER evidence_link ON evidence_draft",
    "DROP FUNCTION evidence_link() CASCADE",
    "ALTER FUNCTION evidence_link() SECURITY INVOKER",
    "SET session_replication_role = replica",
    f"SET ROLE {OWNER}",
)  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def door(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Door]:
    folder = tmp_path_factory.mktemp("privileges")
    async with a_door(folder, lambda config: in_postgresql(vouched_for(config))) as door:
        yield door


@pytest.fixture(scope="module")
def url(door: Door) -> str:
    return load(door.here.folder / "avgate.toml", {}).database


@pytest.fixture
def told_before(door: Door) -> str:
    """What PostgreSQL said until now, which was refused nothing."""
    return shared().log()


@pytest.mark.asyncio(loop_scope="module")
async def test_every_route_is_answered(door: Door, told_before: str) -> None:
    for at in GUARDED:
        for operation in tries(at):
            made = door.token(HERE, Scope)
            answer = await door.knock(at, door.own(at, operation), operation, made)
            assert answer.status_code < 500, (at, answer.text)
    assert "permission denied" not in shared().log().removeprefix(told_before)


@pytest.mark.asyncio(loop_scope="module")
async def test_work_is_done_to_the_end_and_all_that_is_done_again_and_again(
    door: Door, url: str, told_before: str
) -> None:
    here = door.here
    assert (await here.decide(door.requests[Operation.RECTIFY])).status_code < 500
    erased = await here.carry_out(a_request("erase", here.person(Role.RUNNING), "directory"))
    assert "request.closed" in await here.events(erased)
    for one in here.assembled.gateway.rounds._rounds:
        async with asyncio.timeout(20):
            await one.work()
    await here.assembled.checkpointer.sign()
    await here.let_pass(days=40)  # keys are destroyed, and what was kept falls due
    key_sources.take_into_use(
        here.folder / "avgate.key", key_sources.make_further(here.folder / "avgate.key")
    )
    context = here.assembled.context
    await rewrapping.look(context.database, context.vault.ring, None)
    leased = Leased(url, "1", here.time.now)
    await leased.start()
    await leased.bury()
    await leased.stop()
    assert "permission denied" not in shared().log().removeprefix(told_before)
    assert await here.chain_breaks_at() is None


@pytest.mark.asyncio(loop_scope="module")
async def test_commands_do_their_work(door: Door, told_before: str) -> None:
    folder = door.here.folder

    def commanded() -> None:
        for words in (
            ("migrate",),
            ("audit", "verify"),
            ("revoke", "--client", "gone"),
            ("revoke", "--client", "gone", "--lift"),
            ("keys", "rotate"),
            ("keys", "list"),
            ("keys", "retire"),
        ):
            assert run([*words, "--config", str(folder / "avgate.toml")]) == Exit.DONE
            os.utime(folder / "avgate.key", (1, 1))  # as if it had been there for long

    await asyncio.to_thread(commanded)
    assert "permission denied" not in shared().log().removeprefix(told_before)


@pytest.mark.parametrize("statement", REFUSED)
def test_the_rest_is_refused(url: str, statement: str) -> None:
    with psycopg.connect(url) as db, pytest.raises(psycopg.errors.InsufficientPrivilege):
        db.execute(statement.encode())


def test_nothing_was_lost_by_what_was_refused(url: str) -> None:
    [(entries, last)] = shared().ask("SELECT count(*), max(sequence) FROM evidence", url=url)
    assert entries == last > 0


def test_every_table_that_there_is_is_listed(url: str) -> None:
    found = shared().ask("SELECT tablename FROM pg_tables WHERE schemaname = 'public'", url=url)
    assert {name for (name,) in found} == set(TABLES)


PUT_DOWN = (
    b"INSERT INTO evidence_draft (at, controller, event, details, content) "
    b"VALUES (1, 'c', 'forged', '{}', 'x')"
)
LAST = "SELECT previous, event, digest FROM evidence ORDER BY sequence DESC LIMIT 1"


def test_an_entry_is_added_by_postgresql_alone_at_the_end_of_the_chain(
    url: str, door: Door, capsys: pytest.CaptureFixture[str]
) -> None:
    [(_, _, before)] = shared().ask(LAST, url=url)
    with psycopg.connect(url) as db:
        db.execute(PUT_DOWN)
    [(previous, event, _)] = shared().ask(LAST, url=url)
    assert (previous, event) == (before, "forged")
    assert run(["audit", "verify", "--config", str(door.here.folder / "avgate.toml")]) == Exit.WRONG
    assert "entry" in capsys.readouterr().err


def test_a_table_of_the_sessions_own_does_not_get_in_front_of_the_evidence(url: str) -> None:
    shared().ask(f"GRANT TEMPORARY ON DATABASE {url.rpartition('/')[2]} TO {SERVICE}")
    [(_, _, before)] = shared().ask(LAST, url=url)
    with psycopg.connect(url) as db:
        db.execute("CREATE TEMPORARY TABLE evidence (LIKE public.evidence)")
        db.execute("GRANT ALL ON pg_temp.evidence TO PUBLIC")
        db.execute(PUT_DOWN)
    [(previous, _, _)] = shared().ask(LAST, url=url)
    assert previous == before
