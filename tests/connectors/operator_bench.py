"""The operator connector beside its mock, over real sockets, with a network that a test may tamper with."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from avgate_contracts import (
    Category,
    Completed,
    DataSubject,
    Effect,
    FieldChange,
    Identifier,
    IdentifierKind,
    ItemChange,
    ItemRef,
    Limits,
    Outcome,
    Product,
    Record,
    Runtime,
    open_client,
)
from avgate_mocks.loopback import NO_TLS
from avgate_mocks.operator import config_section
from avgate_mocks.operator.tenant import party_id
from avgate_mocks.people import Person, Role, cast
from avgate_mocks.upstreams import running
from avgate_mocks.world import World, world
from avgate_operator import OperatorConnector, OperatorSettings

NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)
ERASED, GONE = Completed(Effect.ERASED), Completed(Effect.ALREADY_GONE)
RECTIFIED = Completed(Effect.RECTIFIED)
Tamper = Callable[[httpx.Request, Any], Any]


async def at_once(_seconds: float) -> None:
    await asyncio.sleep(0)


@dataclass
class Tampering(httpx.AsyncBaseTransport):
    """The network, with answers that are changed on their way; it notes what was asked."""

    tamper: Tamper = lambda _request, content: content
    asked: list[httpx.URL] = field(default_factory=list)
    inner: httpx.AsyncHTTPTransport = field(
        default_factory=lambda: httpx.AsyncHTTPTransport(verify=NO_TLS)
    )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url)
        answer = await self.inner.handle_async_request(request)
        is_json = "json" in answer.headers.get("content-type", "")
        if not is_json or answer.status_code == 204:  # which names its media type and has no body
            return answer
        content = self.tamper(request, json.loads(await answer.aread()))
        await answer.aclose()
        if isinstance(content, httpx.Response):
            return content
        kept = {
            n: v
            for n, v in answer.headers.items()
            if n in ("content-type", "x-total-count", "retry-after")
        }
        return httpx.Response(answer.status_code, headers=kept, json=content)

    async def aclose(self) -> None:
        await self.inner.aclose()


@dataclass(frozen=True)
class Bench:
    """The mock, a connector that speaks to it, and the way to tell the mock what to do."""

    world: World
    address: str
    connector: OperatorConnector
    control: httpx.AsyncClient
    network: Tampering

    def person(self, role: Role) -> Person:
        return cast(self.world.people)[role]

    def party(self, role: Role) -> str:
        return party_id(self.world, self.person(role))

    def item(self, kind: str, role: Role, suffix: str = "") -> ItemRef:
        ref = f"{kind}/{self.party(role)}{suffix}"
        return ItemRef(ref, Category.CONTACT, Product.GENERAL)

    async def found(self, subject: DataSubject) -> list[Record]:
        found = [record async for record in self.connector.access(subject)]
        shown = [record for record in found if isinstance(record, Record)]
        assert shown == found, "there is a part that it did not look into"
        return shown

    async def held(self, role: Role, *kinds: IdentifierKind) -> list[Record]:
        return await self.found(subject_of(self.person(role), *kinds))

    async def erase(self, items: Sequence[ItemRef], key: str = "key-1") -> list[Outcome]:
        outcomes = await self.connector.erase(items, key=key)
        assert [each.ref for each in outcomes] == [item.ref for item in items]
        return [each.outcome for each in outcomes]

    async def change(self, item: ItemRef, *changes: FieldChange) -> Outcome:
        (told,) = await self.connector.rectify([ItemChange(item, changes)], key="key-1")
        return told.outcome

    async def order(self, path: str, **order: object) -> None:
        (await self.control.post(path, json=order)).raise_for_status()

    async def plant(self, fault: str, **rule: object) -> None:
        await self.order("/_faults", rules=[{"fault": fault, **rule}])

    async def effects(self) -> list[Mapping[str, Any]]:
        effects: list[Mapping[str, Any]] = (await self.control.get("/_ledger")).json()["effects"]
        return effects

    async def holds(self, person: Person) -> Mapping[str, int]:
        people = (await self.control.get("/_people")).json()["people"]
        holds: Mapping[str, int] = people[person.position - 1]["holds"]
        return holds


def subject_of(person: Person, *kinds: IdentifierKind, dated: bool = True) -> DataSubject:
    told = [i for i in person.identifiers() if not kinds or i.kind in kinds]
    days = [(i.valid_from, i.valid_until) if dated else (None, None) for i in told]
    pairs = zip(told, days, strict=True)
    return DataSubject(person.id, tuple(Identifier.of(i.kind, i.value, *d) for i, d in pairs))


def characteristics(record: Record) -> dict[str, Any]:
    told = record.data["usageCharacteristic"]
    assert isinstance(told, dict)
    return {**told}


def customer(role: Role, bench: Bench) -> DataSubject:
    return subject_of(bench.person(role), IdentifierKind.CUSTOMER_ID)


def codes(outcomes: Sequence[Outcome]) -> list[str | None]:
    return [getattr(outcome, "code", None) for outcome in outcomes]


@asynccontextmanager
async def benched(
    controller: str = "libervoice",
    tamper: Tamper | None = None,
    timeout: float = 2,  # noqa: ASYNC109 -- of its calls
    **settings: str,
) -> AsyncIterator[Bench]:
    shared = world(seed=7, count=16, now=lambda: NOON, sleep=at_once)
    limits = Limits(concurrency=4, timeout=timeout, deadline=30)
    network = Tampering(tamper) if tamper else Tampering()
    async with running(shared, ["operator"]) as addresses:
        base = addresses["operator"]
        section = config_section(shared, controller, int(base.rsplit(":", 1)[-1]))
        own = {name: value.replace("BASE", f"{base}/tmf-api") for name, value in settings.items()}
        told = OperatorSettings.model_validate({**section, **own})
        runtime = Runtime(transport=lambda: network, sleep=at_once)
        async with (
            open_client(told, limits, runtime) as http,
            httpx.AsyncClient(base_url=base, verify=NO_TLS) as control,
        ):
            yield Bench(shared, base, OperatorConnector(told, http), control, network)
