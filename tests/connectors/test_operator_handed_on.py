"""A line that was given to another customer after it was found is not erased as if it still was the first one's."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest

from avgate_contracts import (
    Category,
    Completed,
    DataSubject,
    Effect,
    Identifier,
    IdentifierKind,
    ItemRef,
    Outcome,
    Record,
    Refused,
    Runtime,
    open_client,
)
from avgate_operator import OperatorConnector
from avgate_operator.models import Individual

from .test_operator_ids import SETTINGS, TOKEN

ENDED = datetime(2014, 1, 1, tzinfo=UTC)
THEM = DataSubject("s", (Identifier.of(IdentifierKind.CUSTOMER_ID, "C-1"),))


@dataclass
class Tool:
    """A wholesale tool with one customer and one line, which has all that a line may have."""

    holder: str = "p1"
    status: str = "terminated"
    written: list[str] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)

    def line(self) -> dict[str, Any]:
        own: dict[str, Any] = {
            "phoneNumber": "+31201234567",
            "reachConfiguration": {"otherwise": "voicemail"},
            "contacts": [{"name": "Contact 1"}],
        }
        return {
            "id": "p1-p1",
            "status": self.status,
            "startDate": "2012-01-01T00:00:00Z",
            "terminationDate": "2014-01-01T00:00:00Z",
            "productSpecification": {"id": "voice"},
            "relatedParty": [
                {"id": self.holder, "@referredType": "Individual"},
                {"id": "the reseller", "@referredType": "Organization"},
            ],
            "productCharacteristic": [
                {"name": name, "value": value}
                for name, value in own.items()
                if name not in self.gone
            ],
        }

    def answered(self, request: httpx.Request) -> httpx.Response:
        path, asked = request.url.path, dict(request.url.params)
        if path.endswith("/oauth2/token"):
            return httpx.Response(200, json=TOKEN)
        if request.method in {"DELETE", "PATCH"}:
            return self.wrote(request, path)
        one = re.search(r"/(individual|product)/([^/]+)$", path)
        if one is not None:
            known = {"p1-p1": self.line(), "p1": person()}.get(one[2])
            if known is None or one[2] in self.gone:
                return httpx.Response(404, json={"code": "notFound"})
            return httpx.Response(200, json=known)
        rows: list[Any] = []
        if path.endswith("/individual"):
            by_line = "contactMedium.characteristic.phoneNumber" in asked
            rows = [] if by_line else [person()]
        elif path.endswith("/usage"):
            call = {"id": "u1", "usageType": "voice", "usageDate": "2024-05-01T10:00:00Z"}
            rows = [{**call, "relatedParty": [{"id": "p1"}]}]
        elif path.endswith("/product"):
            rows = [self.line()]
        return httpx.Response(200, json=rows, headers={"x-total-count": str(len(rows))})

    def wrote(self, request: httpx.Request, path: str) -> httpx.Response:
        self.written.append(f"{request.method} {path.rpartition('/')[2]}")
        if request.method == "DELETE":
            self.gone.add(path.rpartition("/")[2])
            return httpx.Response(204)
        left = {each["name"] for each in json.loads(request.content)["productCharacteristic"]}
        self.gone |= {"reachConfiguration", "contacts"} - left
        return httpx.Response(200, json=self.line())


def person() -> dict[str, Any]:
    number = {"externalReferenceType": "customerId", "name": "C-1"}
    mail = {"characteristic": {"emailAddress": "verkoop@example.nl"}}
    ended = {"validFor": {"endDateTime": "2024-01-01T00:00:00Z"}}
    return {"id": "p1", "externalReference": [number], "contactMedium": [mail | ended]}


@asynccontextmanager
async def opened(tool: Tool) -> AsyncIterator[OperatorConnector]:
    settings = OperatorConnector.settings_type.model_validate(SETTINGS)
    runtime = Runtime(transport=lambda: httpx.MockTransport(tool.answered))
    async with open_client(settings, OperatorConnector.manifest.limits, runtime) as http:
        yield OperatorConnector(settings, http)


async def of_line(connector: OperatorConnector) -> list[ItemRef]:
    found = [each async for each in connector.access(THEM)]
    items = [each.item for each in found if isinstance(each, Record)]
    return [item for item in items if "p1-p1" in item.ref]


async def erased(connector: OperatorConnector, items: list[ItemRef]) -> list[Outcome]:
    return [each.outcome for each in await connector.erase(items, key="k")]


async def test_it_is_left_alone_and_told() -> None:
    tool = Tool()
    async with opened(tool) as connector:
        items = await of_line(connector)
        assert [item.category for item in items] == [
            Category.REACH_CONFIGURATION, Category.CONTACTS, Category.CONTACT,
        ]  # fmt: skip
        tool.holder = "p2"
        outcomes = await erased(connector, items)
    assert [getattr(each, "code", each) for each in outcomes] == ["changed_meanwhile"] * 3
    assert all(isinstance(each, Refused) for each in outcomes)
    assert tool.written == []


@pytest.mark.parametrize("status", ["active", "terminated"])
async def test_nobody_knows_by_which_terms_it_is_kept_of_the_first_one(status: str) -> None:
    tool = Tool()
    async with opened(tool) as connector:
        items = await of_line(connector)
        tool.holder, tool.status = "p2", status
        held = await connector.still_held(items)
    assert [item.ref for item in held] == [item.ref for item in items]
    assert {(item.service_runs, item.term_starts) for item in held} == {(False, None)}
    assert not {item.version for item in held} & {item.version for item in items}


@pytest.mark.parametrize("is_known", [True, False])
async def test_what_is_still_theirs_goes_as_before(*, is_known: bool) -> None:
    """Also what was found by a release that did not write down whose it was."""
    tool = Tool()
    async with opened(tool) as connector:
        items = await of_line(connector)
        if not is_known:
            items = [replace(item, version=None) for item in items]
        assert await connector.still_held(items) == items
        assert {item.term_starts for item in items} == {ENDED}
        outcomes = await erased(connector, items)
    assert outcomes == [Completed(Effect.ERASED)] * 3
    assert tool.written[-1] == "DELETE p1-p1"


async def test_what_tells_of_it_names_nobody() -> None:
    async with opened(Tool()) as connector:
        versions = {item.version for item in await of_line(connector)}
    (version,) = versions
    assert version is not None
    assert "p1" not in version


async def test_a_line_leads_to_its_user_and_not_to_the_company_that_stands_beside_them() -> None:
    number = Identifier.of(IdentifierKind.PHONE, "+31201234567")
    async with opened(Tool()) as connector:
        found = [each async for each in connector.access(DataSubject("s", (number,)))]
    refs = {each.item.ref for each in found if isinstance(each, Record)}
    assert {"product/p1-p1", "individual/p1"} <= refs


@pytest.mark.parametrize("kind", [IdentifierKind.EMAIL, IdentifierKind.PHONE])
async def test_what_they_are_reached_by_no_more_is_passed_on_with_its_end(
    kind: IdentifierKind,
) -> None:
    """A mailbox is handed on as a number is: to whoever comes after them at a desk."""
    values = {IdentifierKind.EMAIL: "verkoop@example.nl", IdentifierKind.PHONE: "+31612345678"}
    name = "emailAddress" if kind is IdentifierKind.EMAIL else "phoneNumber"
    medium = {"characteristic": {name: values[kind]}}
    ended = {"validFor": {"endDateTime": "2024-01-01T00:00:00Z"}}
    one = Individual.model_validate({"id": "p1", "contactMedium": [medium | ended]})
    (known,) = one.identifiers
    assert (known.value, known.valid_until) == (values[kind], date(2024, 1, 1))
    (now,) = Individual.model_validate({"id": "p1", "contactMedium": [medium]}).identifiers
    assert (now.valid_from, now.valid_until) == (None, None)


async def test_whoever_is_singled_out_by_a_mailbox_that_has_ended_gets_later_calls_too() -> None:
    them = DataSubject("s", (Identifier.of(IdentifierKind.EMAIL, "verkoop@example.nl"),))
    async with opened(Tool()) as connector:
        found = [each async for each in connector.access(them)]
    (call,) = [each for each in found if isinstance(each, Record) and each.occurred_at]
    assert them.known_by(call.identifiers, date(2024, 5, 1))
    (person,) = [r for r in found if isinstance(r, Record) and r.item.ref == "individual/p1"]
    assert {i.valid_until for i in person.identifiers if i.kind is IdentifierKind.EMAIL} == {
        date(2024, 1, 1)
    }
