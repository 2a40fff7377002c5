"""[P01] No identifier and no reference, however made, changes what a connector calls.

Over the real client and connectors, with the mocks in process behind a transport that records.
What `Identifier.of` refuses is handed in past it: nothing rests on one check alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx
import pytest

import avgate_contracts as sdk
from avgate_directory import DirectoryConnector
from avgate_mocks.upstreams import MOCKS
from avgate_mocks.world import world
from avgate_operator import OperatorConnector
from avgate_subprocessors import SubprocessorsConnector
from avgate_xelion import XelionConnector

NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)
CONTROLLER = "libervoice"
CONNECTORS: dict[str, Any] = {
    "operator": OperatorConnector,
    "xelion": XelionConnector,
    "directory": DirectoryConnector,
    "subprocessors": SubprocessorsConnector,
}
HOSTILE = [
    "..",
    ".",
    "",
    "../admin",
    "%2e%2e",
    "..%2f",
    "a/../../x",
    "//evil/x",
    "@evil",
    ":80",
    "?x=1",
    "#f",
    ";v=1",
    "\\..\\",
    "%00",
    "\n",
    "a\x00b",
    "a\r\nX-Evil: 1",
    "https://evil.example/x",
    "\uff0e\uff0e",
    "a b",
    "*",
]
# What a segment of a path may be once it is decoded: a word of the template, or a whole id.
_SEGMENT = re.compile(r"[A-Za-z0-9_+\-](?:[A-Za-z0-9_+\-:@=~]|\.(?!\.))*")
WRITES = {"PUT", "PATCH", "DELETE"}


@dataclass
class Recording(httpx.AsyncBaseTransport):
    """The mock behind it; keeps what was sent."""

    inner: httpx.AsyncBaseTransport
    sent: list[httpx.Request] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        return await self.inner.handle_async_request(request)


@dataclass
class Stage:
    """A connector, what it sent, and all that the mock holds of somebody real."""

    connector: Any
    recording: Recording
    base: str
    subject: sdk.DataSubject

    async def records(self) -> list[sdk.Record]:
        found = [one async for one in self.connector.access(self.subject)]
        return [one for one in found if isinstance(one, sdk.Record)]


@dataclass
class Clock:
    """Time that passes while somebody sleeps."""

    seconds: float = 0.0

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.seconds)

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds


@asynccontextmanager
async def staged(name: str) -> AsyncIterator[Stage]:
    clock = Clock()
    shared = world(seed=5, count=12, now=clock.now, sleep=clock.sleep)
    mock, kind = MOCKS[name], CONNECTORS[name]
    recording = Recording(httpx.ASGITransport(mock.build(shared, 8790)))
    section = json.loads(json.dumps(mock.config_section(shared, CONTROLLER, 8790)))
    settings = kind.settings_type(**section)
    runtime = sdk.Runtime(transport=lambda: recording, now=clock.now, sleep=clock.sleep)
    limits = replace(kind.manifest.limits, attempts=1)
    ours = [one for one in shared.people if one.controller == CONTROLLER and name in one.known_to]
    known = tuple(
        sdk.Identifier.of(sdk.IdentifierKind(one.kind), one.value)
        for one in ours[0].identifiers()
        if one.kind in kind.manifest.finds_by
    )
    async with sdk.open_client(settings, limits, runtime) as http:
        yield Stage(kind(settings, http), recording, settings.base_url, sdk.DataSubject("s", known))


def segments(request: httpx.Request) -> list[str]:
    path = request.url.raw_path.decode("ascii").partition("?")[0]
    return [unquote(segment) for segment in path.removeprefix("/").split("/")]


def plain(sent: Sequence[httpx.Request], base: str) -> None:
    """Each call goes to the upstream, and each segment of its path is a word or one whole id."""
    upstream = urlsplit(base)
    for request in sent:
        to = request.url
        assert (to.scheme, to.netloc.decode()) == (upstream.scheme, upstream.netloc)
        for segment in segments(request):
            assert _SEGMENT.fullmatch(segment)
            assert segment not in HOSTILE
        assert b"x-evil" not in {name.lower() for name, _ in request.headers.raw}


@pytest.mark.parametrize("kind", sdk.IdentifierKind)
@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_values_are_no_identifiers(kind: sdk.IdentifierKind, value: str) -> None:
    """Of a name and address some may be part, and those are sent in no path."""
    if kind is sdk.IdentifierKind.NAME_ADDRESS:
        return
    with pytest.raises(sdk.InvalidIdentifierError):
        sdk.Identifier.of(kind, value)


@pytest.mark.parametrize("name", CONNECTORS)
async def test_a_subject_with_hostile_identifiers_is_looked_for_nowhere_else(name: str) -> None:
    async with staged(name) as stage:
        for kind in sdk.IdentifierKind:
            for value in HOSTILE:
                subject = sdk.DataSubject("s", (sdk.Identifier(kind, value),))
                await attempted(partial(drained, stage.connector.access, subject))
                if isinstance(stage.connector, sdk.SupportsExport):
                    await attempted(partial(drained, stage.connector.export, subject))
        plain(stage.recording.sent, stage.base)
        assert not WRITES & {request.method for request in stage.recording.sent}


@pytest.mark.parametrize("name", CONNECTORS)
async def test_a_reference_that_was_tampered_with_changes_nothing(name: str) -> None:
    """Every part of every sort of reference, in every operation that is handed references."""
    async with staged(name) as stage:
        refs = {(r.item.category, r.item.ref.count("/")): r for r in await stage.records()}
        known = len(stage.recording.sent)
        assert known
        for record in refs.values():
            for ref in tampered(record.item.ref):
                await tried(stage.connector, replace(record, item=replace(record.item, ref=ref)))
        sent = stage.recording.sent[known:]
        plain(sent, stage.base)
        refs_of = [*(record.item.ref for record in refs.values()), *HOSTILE]
        parts = {part for ref in refs_of for part in ref.split("/")}  # each may be an id by itself
        honest = parts.union(*map(segments, stage.recording.sent[:known]))
        for request in sent:  # a part that is no id, such as whose it was, may have been replaced
            assert request.method not in WRITES or honest.issuperset(segments(request))


def tampered(ref: str) -> list[str]:
    """The reference with each of its parts replaced by each hostile value."""
    parts = ref.split("/")
    made = [
        "/".join([*parts[:place], hostile, *parts[place + 1 :]])
        for place in range(len(parts))
        for hostile in HOSTILE
    ]
    return [*made, *HOSTILE]


async def tried(connector: Any, record: sdk.Record) -> None:
    item = record.item
    await attempted(partial(connector.erase, [item], key="k"))
    await attempted(partial(connector.still_held, [item]))
    if isinstance(connector, sdk.SupportsRectify):
        change = sdk.FieldChange(sdk.Field.EMAIL, "a@x.nl", "b@x.nl")
        await attempted(partial(connector.rectify, [sdk.ItemChange(item, (change,))], key="k"))
    if isinstance(connector, sdk.SupportsConfirm):
        for job in HOSTILE:
            await attempted(partial(connector.confirm, job, [item]))


async def drained(look: Any, subject: sdk.DataSubject) -> None:
    async for one in look(subject):
        for file in one.attachments if isinstance(one, sdk.Record) else ():
            async with file.open() as pieces:
                async for _ in pieces:
                    pass


async def attempted(call: Any) -> None:
    """Refused or not: what counts is what was sent."""
    try:
        await call()
    except (sdk.ConnectorError, ValueError):  # ours too: a reference that it did not make
        return
