"""What callers get to see of the limits, and what a flood does not reach."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, cast

import httpx
import pytest
from fastapi import FastAPI

from avgate_gateway import problem
from avgate_gateway.api import callbacks
from avgate_gateway.api.gateway import Gateway
from avgate_gateway.api.health import Checks
from avgate_gateway.authentication import Caller, Scope, install, requires
from avgate_gateway.changes import Changes
from avgate_gateway.flow.context import Context
from avgate_gateway.guard import Guard, Limits
from avgate_gateway.guard.rate import Policy
from avgate_gateway.rates import Rates
from avgate_gateway.store.database import Database
from avgate_gateway.store.migrations import migrate
from avgate_gateway.store.rates import SharedLedger
from avgate_gateway.vault import Vault

from .tokens import token, verifier

FEW = Limits(calls_per_client=3, calls_per_controller=5, refusals_per_peer=2, callbacks_per_peer=2)


class Time:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.seconds)


class Untouched:
    """A database that nobody may ask."""

    def __init__(self) -> None:
        self.asked = 0

    def read(self) -> object:
        self.asked += 1
        raise problem.ProblemError(problem.Problem(problem.NOT_FOUND))


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def database() -> Untouched:
    return Untouched()


@pytest.fixture
async def ledger(tmp_path: Path, time: Time) -> AsyncIterator[SharedLedger]:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    migrate(url)
    made = Database(url)
    yield SharedLedger(made, time.now)
    await made.close()


def guarded(rates: Rates, database: Untouched) -> Guard:
    app = FastAPI()
    problem.install(app)
    install(app, verifier(), rates)

    @app.get("/read")
    async def read(caller: Annotated[Caller, requires(Scope.READ)]) -> str:
        return caller.controller

    context = Context(
        database=cast("Database", database),
        vault=cast("Vault", None),
        now=lambda: datetime.now(UTC),
        desks={},
        plan_valid=timedelta(days=1),
        vault_keeps=timedelta(days=1),
        public_url=None,
    )
    gateway = Gateway(context, lambda _: None, Changes(), {}, Checks(context.now), rates=rates)
    app.include_router(callbacks.router(gateway))
    return Guard(app)


@asynccontextmanager
async def calling(app: Guard, peer: str = "192.0.2.1") -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, client=(peer, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        yield client


@pytest.fixture
def app(time: Time, database: Untouched, ledger: SharedLedger) -> Guard:
    return guarded(Rates(FEW, ledger, time), database)


def bearer(value: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {value}"}


async def test_every_answer_says_what_is_left_and_429_when_to_come_again(
    app: Guard, time: Time
) -> None:
    async with calling(app) as client:
        mine = bearer(token())
        answers = [await client.get("/read", headers=mine) for _ in range(4)]
        assert [a.status_code for a in answers] == [200, 200, 200, 429]
        assert answers[0].headers["ratelimit-policy"] == (
            '"client";q=3;w=60, "controller";q=5;w=60'
        )
        assert [a.headers["ratelimit"].partition(", ")[0] for a in answers] == [
            '"client";r=2;t=60',
            '"client";r=1;t=60',
            '"client";r=0;t=60',
            '"client";r=0;t=60',
        ]
        told = answers[3].json()
        assert told["type"] == problem.TOO_MANY_REQUESTS.uri
        assert told["violated-policies"] == ["client"]
        assert answers[3].headers["retry-after"] == "60"
        time.seconds += 60
        assert (await client.get("/read", headers=mine)).status_code == 200


async def test_other_clients_go_on_until_their_controller_has_had_enough(app: Guard) -> None:
    async with calling(app) as client:
        for name, calls in (("a", 3), ("b", 2)):
            mine = bearer(token({"client_id": name}))
            answers = [await client.get("/read", headers=mine) for _ in range(calls)]
            assert answers[-1].status_code == 200
        last = await client.get("/read", headers=bearer(token({"client_id": "c"})))
        assert last.status_code == 429
        assert last.json()["violated-policies"] == ["controller"]
        theirs = bearer(token({"client_id": "a", "controller": "mister-voip"}))
        assert (await client.get("/read", headers=theirs)).status_code == 200


async def test_a_restart_forgets_no_call(
    database: Untouched, ledger: SharedLedger, time: Time
) -> None:
    for expected in ([200, 200], [200, 429]):
        async with calling(guarded(Rates(FEW, ledger, time), database)) as client:
            answers = [await client.get("/read", headers=bearer(token())) for _ in range(2)]
            assert [a.status_code for a in answers] == expected


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer nonsense"}])
async def test_who_is_refused_too_often_is_told_so_and_keeps_nobody_else_out(
    app: Guard, headers: dict[str, str]
) -> None:
    async with calling(app) as client:
        answers = [await client.get("/read", headers=headers) for _ in range(3)]
        assert [a.status_code for a in answers] == [401, 401, 429]
        assert answers[2].headers["retry-after"] == "60"
        assert answers[2].headers["connection"] == "close"
        assert not any("ratelimit" in answer.headers for answer in answers)
        assert answers[2].json()["violated-policies"] == ["refusals"]
        # Behind one address there may be many callers: a token that is believed is believed.
        assert (await client.get("/read", headers=bearer(token()))).status_code == 200
    async with calling(app, "192.0.2.2") as elsewhere:
        assert (await elsewhere.get("/read", headers=headers)).status_code == 401


async def test_one_ipv6_network_is_one_peer(app: Guard) -> None:
    statuses = []
    for peer in ("2001:db8::1", "2001:db8::2", "2001:db8::ffff:3", "2001:db8:0:1::1"):
        async with calling(app, peer) as client:
            statuses.append((await client.get("/read")).status_code)
    assert statuses == [401, 401, 429, 401]


async def test_w08_a_flood_of_callbacks_ends_before_the_database(
    app: Guard, database: Untouched
) -> None:
    async with calling(app) as client:
        answers = [await client.post("/v1/callbacks/guess") for _ in range(50)]
    assert [a.status_code for a in answers] == [404, 404, *[429] * 48]
    assert database.asked == 2


async def test_nothing_is_limited_or_told_where_no_limit_is_set(
    database: Untouched, ledger: SharedLedger, time: Time
) -> None:
    none = replace(
        FEW, calls_per_client=0, calls_per_controller=0, refusals_per_peer=0, callbacks_per_peer=0
    )
    async with calling(guarded(Rates(none, ledger, time), database)) as client:
        for _ in range(10):
            answer = await client.get("/read", headers=bearer(token()))
            assert answer.status_code == 200
            assert "ratelimit" not in answer.headers
            assert (await client.get("/read")).status_code == 401
            assert (await client.post("/v1/callbacks/guess")).status_code == 404


async def test_a_database_that_does_not_write_is_not_waited_for() -> None:
    class Silent:
        @asynccontextmanager
        async def write(self, *, ahead: bool) -> AsyncIterator[None]:
            assert ahead
            await asyncio.Event().wait()
            yield

    ledger = SharedLedger(cast(Database, Silent()), lambda: datetime.now(UTC), within=0.01)
    assert await ledger.take(Policy("client", 3, 60), ("libervoice", "portal"), 1) is None
