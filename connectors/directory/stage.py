"""A directory to play with: from a cassette, or the mock over a real socket.

`staged` replays the cassette of its name. If there is none it is recorded from the mock, redacted, and kept
only if the test passes, if `--record` asks for it: to record one anew, delete it first.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx

from avgate_contracts import (
    Completed,
    DataSubject,
    Effect,
    Identifier,
    IdentifierKind,
    ItemRef,
    Outcome,
    Pending,
    Record,
    Runtime,
    open_client,
)
from avgate_directory import DirectoryConnector, DirectorySettings
from avgate_mocks.directory import config_section
from avgate_mocks.loopback import NO_TLS
from avgate_mocks.people import Person, Role, cast
from avgate_mocks.upstreams import running
from avgate_mocks.world import world

from ..clock import Clock
from ..taping import named_only, taped

CASSETTES = Path(__file__).with_name("cassettes")
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
NEXT_EDITION = date(2026, 9, 18)  # the editorial that closed 10 days ago + 180 days + 30 to print
NEW_NAME = "Nieuwenhuis"
FAKES = {
    "FirstName": "Test", "LastNamePrefix": "van", "LastName": "Persoon", "CreatedByUser": "user",
    "StreetName": "Teststraat", "HouseNumber": "1", "HouseSuffix": "A", "Zip": "1234 AB",
    "City": "Teststad",
}  # fmt: skip
SETTINGS = DirectorySettings.model_validate(
    {"base_url": "http://directory.example/api", "account_id": "1"}
    | {"username": "user", "password": "unused"}
)
ERASED, GONE = Completed(Effect.ERASED), Completed(Effect.ALREADY_GONE)


@dataclass(frozen=True, slots=True)
class Stage:
    connector: DirectoryConnector
    settings: DirectorySettings
    subject: DataSubject
    clock: Clock
    mock: Callable[[str, object], Awaitable[Any]]  # tells or asks the mock, if there is one

    @property
    def number(self) -> str:
        return self.subject.identifiers[0].value

    async def found(self) -> list[Record]:
        return [record async for record in self.connector.access(self.subject)]

    async def items(self) -> list[ItemRef]:
        return [record.item for record in await self.found()]

    async def erase(self, items: list[ItemRef], key: str = "key-1") -> list[Outcome]:
        return [o.outcome for o in await self.connector.erase(items, key=key)]

    async def confirm(self, job: str, items: list[ItemRef]) -> list[Outcome]:
        return [o.outcome for o in await self.connector.confirm(job, items)]


async def on_tape(_path: str, _body: object) -> None:
    """There is no mock now: a cassette holds what came of it."""


def fake(number: str) -> str:
    """Another number for each number, and always the same one."""
    return f"+312000{sum(int(digit) ** 4 for digit in number[3:]):05d}"


def redacted(text: str) -> str:
    for tag, value in FAKES.items():
        text = re.sub(rf"(<{tag}>)(?!{NEW_NAME}<)[^<]+", rf"\g<1>{value}", text)
    text = re.sub(r"\+31\d{9}", lambda found: fake(found[0]), text)
    return re.sub(r"%2B(31\d{9})", lambda found: "%2B" + fake("+" + found[1])[1:], text)


def redact(request: Any, response: Any, _tape: Any) -> tuple[Any, Any]:
    """What a cassette keeps of an interaction: headers by name, and nobody's data."""
    request.uri = redacted(re.sub(r"//[^/]+", "//directory.example", request.uri))
    request.body = redacted((request.body or b"").decode())
    named_only(request, response, ("content-type", "location"))
    response["body"] = {"string": redacted(response["body"]["string"].decode())}
    return request, response


@asynccontextmanager
async def staged(name: str, role: Role = Role.TWO_UPSTREAMS) -> AsyncIterator[Stage]:
    """Replays a cassette; without one, plays with the mock and records it."""
    if not (CASSETTES / f"{name}.yaml").exists():
        async with live(role) as stage:
            with taped(CASSETTES / f"{name}.yaml", redact):
                yield stage
        return
    settings = DirectorySettings.model_validate(
        {"base_url": "http://directory.example/api", "account_id": "5510"}
        | {"username": "user", "password": "unused", "look_again_seconds": 1}
    )
    person = cast(world(seed=1, now=lambda: NOON).people)[role]

    async with acting(settings, subject_of(person, fake), Clock(NOON)) as stage:
        with taped(CASSETTES / f"{name}.yaml", redact) as played:
            yield stage
            assert played.all_played


@asynccontextmanager
async def live(
    role: Role = Role.TWO_UPSTREAMS, transport: httpx.AsyncBaseTransport | None = None
) -> AsyncIterator[Stage]:
    """Plays with the mock over a real socket."""
    clock = Clock(NOON)
    shared = world(seed=1, now=clock.now)
    async with AsyncExitStack() as stack:
        addresses = await stack.enter_async_context(running(shared, ["directory"]))
        base = addresses["directory"]
        control = await stack.enter_async_context(httpx.AsyncClient(base_url=base, verify=NO_TLS))

        async def mock(path: str, body: object) -> Any:
            method = "GET" if body is None else "POST"
            return (await control.request(method, path, json=body)).raise_for_status().json()

        section = config_section(shared, "libervoice", int(base.rsplit(":")[-1]))
        settings = DirectorySettings.model_validate(section)
        subject = subject_of(cast(shared.people)[role], str)
        yield await stack.enter_async_context(acting(settings, subject, clock, mock, transport))


@asynccontextmanager
async def acting(
    settings: DirectorySettings,
    subject: DataSubject,
    clock: Clock,
    mock: Callable[[str, object], Awaitable[Any]] = on_tape,
    transport: httpx.AsyncBaseTransport | None = None,
) -> AsyncIterator[Stage]:
    runtime = Runtime(
        transport=(lambda: transport) if transport else None, now=clock.now, sleep=clock.turn
    )
    async with open_client(settings, DirectoryConnector.manifest.limits, runtime) as http:
        connector = DirectoryConnector(settings, http, now=clock.now)
        yield Stage(connector, settings, subject, clock, mock)


def subject_of(person: Person, known_as: Callable[[str], str]) -> DataSubject:
    """The person, known by their first number alone."""
    line = person.lines[0]
    phone = (known_as(line.number), line.held.start, line.held.end)
    return DataSubject("subject-1", (Identifier.of(IdentifierKind.PHONE, *phone),))


def job_of(outcomes: list[Outcome]) -> str:
    (job,) = {outcome.job for outcome in outcomes if isinstance(outcome, Pending)}
    return job
