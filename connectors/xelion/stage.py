"""A Xelion to play with: from a cassette, or the mock over a real socket; and somebody who stands on the line.

`staged` replays the cassette of its name; if there is none it is recorded
from the mock, and kept only if the test passes and `--record` asks for it: to record one anew, delete it first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

import avgate_contracts as sdk
from avgate_mocks.loopback import NO_TLS
from avgate_mocks.people import LIBERVOICE, Period, Person, Role, cast
from avgate_mocks.upstreams import running
from avgate_mocks.world import World, world
from avgate_mocks.xelion import config_section
from avgate_xelion import XelionConnector, XelionSettings

from ..clock import Clock
from .tape import CASSETTES, redacted, spoken, tape

NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)
TWO_MAILS = ("saskia.dijkstra.1@example.com", "s.dijkstra@example.org")
NEW_MAIL = "nieuw@elders.example"
DONE = sdk.Completed(sdk.Effect.ANONYMISED)
RECTIFIED, RIGHT = sdk.Completed(sdk.Effect.RECTIFIED), sdk.Completed(sdk.Effect.ALREADY_RIGHT)
ERASED, GONE = sdk.Completed(sdk.Effect.ERASED), sdk.Completed(sdk.Effect.ALREADY_GONE)
Known = Callable[[Person], tuple[sdk.Identifier, ...]]


@dataclass(frozen=True, slots=True)
class Stage:
    """A connector with somebody to look for; `control` leads to the mock, if there is one."""

    connector: XelionConnector
    http: sdk.HttpClient
    subject: sdk.DataSubject
    person: Person
    clock: Clock
    control: httpx.AsyncClient

    async def found(self) -> list[sdk.Record]:
        found = [each async for each in self.connector.access(self.subject)]
        return [each for each in found if isinstance(each, sdk.Record)]

    async def items(self) -> list[sdk.ItemRef]:
        return [record.item for record in await self.found()]

    async def erase(self, *items: sdk.ItemRef, key: str = "key-1") -> list[sdk.Outcome]:
        return [each.outcome for each in await self.connector.erase(items, key=key)]

    async def rectify(
        self, item: sdk.ItemRef, *changes: sdk.FieldChange, key: str = "key-1"
    ) -> sdk.Outcome:
        (one,) = await self.connector.rectify([sdk.ItemChange(item, changes)], key=key)
        return one.outcome

    async def card(self) -> sdk.Record:
        return next(r for r in await self.found() if r.fields)

    async def told(self, path: str, body: object = None) -> Any:
        method = "GET" if body is None else "POST"
        answer = await self.control.request(method, path, json=body)
        return answer.raise_for_status().json()

    async def plant(self, fault: str, **more: object) -> None:
        await self.told("/_faults", {"rules": [{"fault": fault, **more}]})

    async def effects(self) -> Counter[str]:
        return Counter(each["kind"] for each in (await self.told("/_ledger"))["effects"])

    async def held(self) -> dict[str, int]:
        people = (await self.told("/_people"))["people"]
        return next(each["holds"] for each in people if each["id"] == self.person.id)


def counted(records: list[sdk.Record]) -> dict[str, int]:
    return dict(Counter(record.item.category.value for record in records))


def family(after: str, before: str) -> sdk.FieldChange:
    return sdk.FieldChange(sdk.Field.NAME_FAMILY, before, after)


def mail(before: str, after: str) -> sdk.FieldChange:
    return sdk.FieldChange(sdk.Field.EMAIL, before, after)


def everything(person: Person) -> tuple[sdk.Identifier, ...]:
    return tuple(
        sdk.Identifier.of(each.kind, each.value, each.valid_from, each.valid_until)
        for each in person.identifiers()
    )


def only(*kinds: str) -> Known:
    return lambda person: tuple(each for each in everything(person) if each.kind in kinds)


def disguised(known: Known) -> Known:
    """As the cassettes call them."""
    return lambda person: tuple(replace(e, value=spoken(e.value)) for e in known(person))


def small(shared: World, emails: tuple[str, ...] = ()) -> World:
    """With one person who had few calls, of late: what fits into a cassette."""
    person = cast(shared.people)[Role.SAME_NAME_FIRST]
    since = Period(shared.as_of - timedelta(days=70))
    calls = {"xelion_calls": 4, "xelion_voicemails": 1, "xelion_recordings": 1}
    lines = tuple(replace(line, held=since) for line in person.lines)
    volume = replace(person.volume, **calls)
    one = replace(person, lines=lines, volume=volume, emails=emails or person.emails)
    return replace(shared, people=(one,))


def calm() -> World:
    return world(seed=1, now=lambda: NOON)


def handed_on() -> World:
    """The new holder of a number, and the one before: the object of that number is nobody's own."""
    held = {"xelion_calls": 2, "xelion_voicemails": 0, "xelion_recordings": 0}
    roles = (Role.NUMBER_AFTER, Role.NUMBER_BEFORE)
    people = [cast(calm().people)[role] for role in roles]
    return replace(
        calm(), people=tuple(replace(p, volume=replace(p.volume, **held)) for p in people)
    )


@asynccontextmanager
async def staged(
    name: str,
    known: Known = everything,
    emails: tuple[str, ...] = (),
    chosen: World | None = None,
) -> AsyncIterator[Stage]:
    """Replays a cassette; without one, plays with the mock and records it."""
    shared = chosen or small(calm(), emails)
    person = shared.people[0]
    if not (CASSETTES / f"{name}.yaml").exists():
        async with live(known=known, chosen=shared) as stage:
            with tape(name):
                yield stage
        return
    section = dict(config_section(shared, LIBERVOICE, 0))
    section["base_url"] = "http://xelion.example/api/v1/libervoice"
    section["password"] = redacted(section["password"], "password")
    async with acting(section, person, disguised(known)) as stage:
        with tape(name) as played:
            yield stage
            assert played.all_played


@asynccontextmanager
async def live(
    who: Role | None = None,
    known: Known = everything,
    chosen: World | None = None,
    **more: Any,
) -> AsyncIterator[Stage]:
    """Plays with the mock over a real socket; with the whole cast if one of them is asked for."""
    chosen = chosen or (small(calm()) if who is None else calm())
    person = chosen.people[0] if who is None else cast(chosen.people)[who]
    async with running(chosen, ["xelion"]) as addresses:
        port = int(addresses["xelion"].rsplit(":")[-1])
        section = {**config_section(chosen, person.controller, port), **more.pop("section", {})}
        async with acting(section, person, known, base=addresses["xelion"], **more) as stage:
            yield stage


@asynccontextmanager
async def acting(
    section: Mapping[str, object],
    person: Person,
    known: Known,
    *,
    base: str = "http://mock.invalid",
    transport: httpx.AsyncBaseTransport | None = None,
    limits: sdk.Limits = XelionConnector.manifest.limits,
) -> AsyncIterator[Stage]:
    clock = Clock(NOON)
    settings = XelionSettings.model_validate(section)
    runtime = sdk.Runtime(
        transport=(lambda: transport) if transport else None, now=clock.now, sleep=clock.turn
    )
    async with AsyncExitStack() as stack:
        control = await stack.enter_async_context(httpx.AsyncClient(base_url=base, verify=NO_TLS))
        http = await stack.enter_async_context(sdk.open_client(settings, limits, runtime))
        subject = sdk.DataSubject("subject-1", known(person))
        connector = XelionConnector(settings, http)
        yield Stage(connector, http, subject, person, clock, control)


class Between(httpx.AsyncBaseTransport):
    """Stands on the line: notes what passes, and changes what is sent."""

    def __init__(
        self, change: Callable[[bytes], bytes] = bytes, answers: Callable[[bytes], bytes] = bytes
    ) -> None:
        self._real = httpx.AsyncHTTPTransport(verify=NO_TLS)
        self._change = change
        self._answers = answers
        self.passed: list[tuple[str, str]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        content = self._change(await request.aread())
        headers = [(n, v) for n, v in request.headers.multi_items() if n != "content-length"]
        sent = httpx.Request(request.method, request.url, headers=headers, content=content)
        answer = await self._real.handle_async_request(sent)
        self.passed.append((request.method, request.url.path.rsplit("/", 1)[-1]))
        if self._answers is bytes:
            return answer
        told = self._answers(await answer.aread())
        kept = [(n, v) for n, v in answer.headers.multi_items() if n != "content-length"]
        return httpx.Response(answer.status_code, headers=kept, content=told)

    async def aclose(self) -> None:
        await self._real.aclose()
