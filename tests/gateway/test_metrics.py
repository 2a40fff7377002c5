"""What waits shows: as figures for Prometheus, and as a sentence once it is late."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
import pytest_asyncio
import sqlalchemy as sa
from prometheus_client.parser import text_string_to_metric_families

from avgate_contracts.connector import Connector
from avgate_gateway.api.application import application
from avgate_gateway.api.gateway import Gateway
from avgate_gateway.api.health import Checks
from avgate_gateway.authentication import TokenPolicy
from avgate_gateway.backlog import Standing, behind
from avgate_gateway.changes import Changes
from avgate_gateway.figures import FIGURES
from avgate_gateway.flow.context import Context, Desk
from avgate_gateway.guard import Limits
from avgate_gateway.retention import load_pack
from avgate_gateway.store import checkpoints, hand_tasks, open_requests, requests, tasks
from avgate_gateway.store.database import Database
from avgate_gateway.store.migrations import migrate
from avgate_gateway.store.schema import hand_task, request, task
from avgate_gateway.vault import Vault
from avgate_gateway.webhooks.outlets import Webhooks

from .tokens import token, verifier

POLICY = TokenPolicy("https://issuer.test", "avgate", frozenset({"a", "b"}))
SCRAPER = {"authorization": f"Bearer {token({'controller': 'a', 'scope': 'metrics:read'})}"}
NOW = datetime(2030, 1, 1, tzinfo=UTC)
MARKER = "jan.jansen@example.org"


@dataclass
class House:
    """A gateway of two controllers without anything at work in it, in a time of its own."""

    database: Database
    now: datetime = NOW
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        context = Context(
            database=self.database, vault=cast("Vault", None), now=lambda: self.now,
            desks={name: desk(name) for name in ("a", "b")}, plan_valid=timedelta(days=1),
            vault_keeps=timedelta(days=1), public_url=None,
        )  # fmt: skip
        self.database.outbox.add("a", Webhooks({}))
        self.gateway = Gateway(
            context, lambda _: None, Changes(), {}, Checks(context.now), sent={("a", "failed"): 1}
        )
        self.verifier = verifier(policy=POLICY)
        app = application(self.gateway, self.verifier, self.limits)
        self.http = httpx.AsyncClient(
            base_url="http://gateway.test", transport=httpx.ASGITransport(app), headers=SCRAPER
        )

    async def figures(self) -> dict[tuple[str, ...], float]:
        """Every figure by name and labels, in the order of the labels' names, a second later."""
        self.now += timedelta(seconds=1)
        answer = await self.http.get("/metrics")
        assert answer.status_code == 200
        return {
            (sample.name, *sample.labels.values()): sample.value
            for family in text_string_to_metric_families(answer.text)
            for sample in family.samples
        }

    async def ready(self) -> Mapping[str, str]:
        answer = await self.http.get("/health/ready")
        assert answer.status_code == 200
        return cast("Mapping[str, str]", answer.json())


def desk(name: str) -> Desk:
    return Desk(
        name=name, title=name, language="nl", pack=load_pack("libervoice-2019"),
        answer_within_days=28, approval_exempt_clients=frozenset(),
        connectors={"slow": cast("Connector", None), "quick": cast("Connector", None)},
    )  # fmt: skip


@pytest_asyncio.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    migrate(f"sqlite:///{tmp_path}/avgate.db")
    database = Database(f"sqlite:///{tmp_path}/avgate.db")
    made = House(database)
    yield made
    await made.http.aclose()
    await database.close()


async def a_request(
    house: House,
    request_id: str,
    wake_at: datetime | None,
    *,
    controller: str = "a",
    state: str = "running",
    stage: str = "locate",
    waiting_for: str | None = None,
    promised: date | None = None,
) -> None:
    """A request with a person in every column that holds words, and one task at `slow`."""
    async with house.database.write() as db:
        await db.execute(
            request.insert().values(
                id=request_id, controller=controller, client_id=MARKER, operation="access",
                state=state, received_at=NOW, waiting_for=waiting_for, promised=promised or NOW.date(), legal=NOW.date(),
                reference=MARKER, identifier_kinds="email", language="nl", version=1,
                scope={"connectors": [], "categories": []}, wake_at=wake_at,
            )
        )  # fmt: skip
        await db.execute(
            task.insert().values(
                request_id=request_id, connector="slow", stage=stage, attempts=0, quarantined=0,
                tally={}, updated_at=NOW, controller=controller, received_at=NOW,
                code=MARKER, reason=MARKER,
            )
        )  # fmt: skip


async def a_hand_task(house: House, task_id: str, completed_at: datetime | None) -> None:
    async with house.database.write() as db:
        await db.execute(
            hand_task.insert().values(
                id=task_id, controller="a", request_id="r", connector="slow", count=1, code=MARKER,
                reason=MARKER, due=NOW.date(), made_at=NOW, completed_at=completed_at,
            )
        )  # fmt: skip


async def test_what_is_due_stuck_and_left_to_people_is_told_for_each_controller(
    house: House,
) -> None:
    await a_request(house, "late", NOW - timedelta(seconds=9))
    await a_request(house, "due", NOW)
    await a_request(house, "later", NOW + timedelta(days=1), stage="stuck")
    await a_request(house, "theirs", None, controller="b", stage="stuck")
    await a_request(house, "withdrawn", None, state="closed", stage="stuck")
    await a_hand_task(house, "open", None)
    await a_hand_task(house, "done", NOW)
    found = await house.figures()
    assert (found["avgate_due_requests", "a"], found["avgate_due_requests", "b"]) == (2, 0)
    assert found["avgate_oldest_due_seconds", "a"] == 10
    assert found["avgate_oldest_due_seconds", "b"] == 0
    stuck = {key[1:]: value for key, value in found.items() if key[0] == "avgate_stuck_tasks"}
    assert stuck == {("slow", "a"): 1, ("quick", "a"): 0, ("slow", "b"): 1, ("quick", "b"): 0}
    assert found["avgate_open_hand_tasks", "a"] == 1
    assert found["avgate_database_answers",] == 1


async def a_checkpoint(house: House, size: int) -> None:
    async with house.database.write() as db:
        await checkpoints.add(db, checkpoints.Row(size, NOW, "signed"))


async def test_open_requests_are_told_by_what_they_wait_for_and_by_their_day(house: House) -> None:
    for number, (day, waiting_for) in enumerate(
        [(-1, "person"), (0, "person"), (7, "approval"), (8, None), (30, "identity")]
    ):
        await a_request(house, f"r{number}", NOW + timedelta(days=2), waiting_for=waiting_for,
                        promised=NOW.date() + timedelta(days=day))  # fmt: skip
    await a_request(house, "over", None, state="closed", promised=NOW.date() - timedelta(days=9))
    found = await house.figures()
    is_open = {key[1:]: n for key, n in found.items() if key[0] == "avgate_open_requests"}
    waits = {"none": 1, "identity": 1, "approval": 1, "person": 2, "upstream": 0}
    assert is_open == {("a", name): n for name, n in waits.items()} | {
        ("b", name): 0 for name in waits
    }
    assert found["avgate_oldest_open_seconds", "a", "person"] == 1
    assert found["avgate_oldest_open_seconds", "a", "upstream"] == 0
    assert (found["avgate_late_requests", "a"], found["avgate_late_requests", "b"]) == (1, 0)
    assert found["avgate_requests_due_within_7_days", "a"] == 2
    assert found["avgate_next_wake_seconds", "a"] == 2 * 86_400 - 1
    assert ("avgate_next_wake_seconds", "b") not in found


async def test_what_no_checkpoint_covers_is_told(house: House) -> None:
    found = await house.figures()
    assert found["avgate_unsigned_evidence_entries",] == 0
    assert ("avgate_last_checkpoint_timestamp_seconds",) not in found
    await a_checkpoint(house, 0)
    house.now += timedelta(seconds=5)
    assert (await house.figures())["avgate_last_checkpoint_timestamp_seconds",] == NOW.timestamp()


async def test_places_calls_and_answers_of_the_process_are_told(house: House) -> None:
    upstream, go = frozenset({"a/slow"}), asyncio.Event()

    async def at_upstream() -> None:
        async with house.gateway.bulkheads.entered(upstream):
            await go.wait()

    inside = [asyncio.create_task(at_upstream()) for _ in range(10)]
    await asyncio.sleep(0)
    await house.http.get("/v1/requests")
    await house.http.request(MARKER.split("@", maxsplit=1)[0].upper(), "/v1/requests")
    house.gateway.traffic.waiting.add("a call")
    found = await house.figures()
    go.set()
    await asyncio.gather(*inside)
    assert found["avgate_places_taken", "a/slow"] == 8
    assert found["avgate_requests_waiting_for_a_place",] == 2
    assert found["avgate_calls_waiting",] == 1
    answers = {key[1:]: n for key, n in found.items() if key[0] == "avgate_http_answers_total"}
    assert answers == {("GET", "4xx"): 1, ("other", "4xx"): 1}
    assert found["process_resident_memory_bytes",] > 0


async def test_a_full_gateway_still_tells_its_figures(tmp_path: Path) -> None:
    migrate(f"sqlite:///{tmp_path}/avgate.db")
    house = House(Database(f"sqlite:///{tmp_path}/avgate.db"), limits=Limits(at_once=0))
    assert (await house.http.get("/v1/requests")).status_code == 503
    assert (await house.figures())["avgate_http_answers_total", "GET", "5xx"] == 1
    await house.database.close()


async def test_no_figure_names_a_request_or_a_person(house: House) -> None:
    await a_request(house, "0b8a-of-the-request", NOW, stage="stuck")
    await a_hand_task(house, "0b8a-of-the-task", None)
    await house.http.get(f"/v1/requests/{MARKER}")
    answer = await house.http.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    told = answer.text + (await house.http.get("/health/ready")).text
    assert "jansen" not in told.lower()
    assert "0b8a" not in told


async def test_every_figure_is_described_and_no_other_is_told(house: House) -> None:
    await a_request(house, "r", NOW + timedelta(days=1))
    await a_checkpoint(house, 0)
    house.gateway.rounds.every(1.0, "sweep", "The sweep", asyncio.Event().wait)
    async with house.gateway.bulkheads.entered(frozenset({"none"})):
        await house.http.get("/health/live")
        found = await house.figures()
    ours = {name for name, *_ in found if not name.startswith("process_")}
    assert ours == {figure.name for figure in FIGURES}


async def test_a_gateway_is_behind_once_a_request_is_due_for_more_than_a_minute(
    house: House,
) -> None:
    await a_request(house, "r", NOW)
    await a_request(house, "s", NOW + timedelta(seconds=30), controller="b")
    house.now = NOW + timedelta(seconds=60)
    assert await house.ready() == {"status": "ok"}
    house.now = NOW + timedelta(seconds=75)
    told = await house.ready()
    assert told["status"] == "ok"
    assert told["behind"].startswith(
        "2 requests are due, the oldest for 75 seconds: see in /metrics"
    )
    async with house.database.write() as db:
        await db.execute(request.update().values(wake_at=None))
    assert "behind" in await house.ready()  # nobody has the rows read more than once a second
    house.now += timedelta(seconds=1)
    assert await house.ready() == {"status": "ok"}


async def test_counting_ends_and_says_so(house: House) -> None:
    names = [column.name for column in request.c]
    await a_request(house, "r", NOW, stage="stuck")
    numbers = sa.select(sa.literal(1).label("n")).cte(recursive=True)
    numbers = numbers.union_all(sa.select(numbers.c.n + 1).where(numbers.c.n < 10_100))
    async with house.database.write() as db:
        copied = [
            sa.cast(numbers.c.n, sa.String).label("id") if name == "id" else request.c[name]
            for name in names
        ]
        made = sa.select(*copied).select_from(sa.join(request, numbers, sa.true()))
        await db.execute(request.insert().from_select(names, made))
    house.now = NOW + timedelta(seconds=75)
    assert (await house.ready())["behind"].startswith("More than 10,000 requests are due, the")
    assert (await house.figures())["avgate_due_requests", "a"] == 10_001


async def test_a_database_that_is_away_takes_only_its_own_figures_along(house: House) -> None:
    async with house.database.write() as db:
        await db.execute(sa.text("ALTER TABLE task RENAME TO gone"))
    found = await house.figures()
    assert found["avgate_database_answers",] == 0
    assert ("avgate_due_requests", "a") not in found
    assert "avgate_calls_waiting" in {name for name, *_ in found}
    assert "could not be read" in (await house.ready())["behind"]


@pytest.mark.parametrize(
    ("due", "seconds", "told"),
    [
        ([], 0, None),
        ([1], 60, None),
        ([1, 0], 61, "1 request is due, for 61 seconds"),
        ([10_000], 61, "10,000 requests are due, the oldest for 61 seconds"),
        ([10_001, 5], 61, "More than 10,005 requests are due, the oldest for 61 seconds"),
    ],
)
def test_what_is_late_is_told_in_a_sentence(due: list[int], seconds: int, told: str | None) -> None:
    standings = {
        str(number): Standing(count, timedelta(seconds=seconds), 0, {})
        for number, count in enumerate(due)
    }
    said = behind(standings)
    assert said == told if told is None or said is None else said.startswith(told + ": see")


@pytest.mark.parametrize(
    ("statement", "walked"),
    [
        (requests._DUE_NOW, "ix_request_controller_wake_at"),
        (open_requests._GROUPS, "ix_request_open"),
        (open_requests._NEXT_WAKE, "ix_request_controller_wake_at"),
        (tasks._STUCK, "ix_task_stuck"),
        (hand_tasks._OPEN_COUNT, "ix_hand_task_controller_completed_at_made_at"),
    ],
)
def test_each_figure_of_rows_walks_an_index_and_sorts_nothing_first(
    tmp_path: Path, statement: sa.Select[Any], walked: str
) -> None:
    url = f"sqlite:///{tmp_path}/avgate.db"
    migrate(url)
    engine = sa.create_engine(url)
    compiled = statement.compile(engine)
    known = {**compiled.params, "controller": "a", "now": 0}
    values = tuple(known[name] for name in compiled.positiontup or ())
    with engine.connect() as connection:  # with its values bound, as it is sent
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", values)
        plan = [row[3] for row in rows]
    assert any(walked in step for step in plan)
    assert not any("FOR ORDER BY" in step for step in plan)
