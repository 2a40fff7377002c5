"""A caller of the mock of Operator, over a real socket, who holds each answer to TM Forum's own description."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import httpx

from avgate_mocks.loopback import NO_TLS
from avgate_mocks.people import LIBERVOICE, Person, Role, cast
from avgate_mocks.world import World

SPECIFICATIONS = Path(__file__).parents[2] / "contracts" / "openapi" / "tmforum"


NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)


PARTY = "/party/v4/individual"


PRODUCT = "/productInventory/v4/product"


USAGE = "/usageManagement/v4/usage"


DEFINITIONS = {
    PARTY: ("TMF632-Party-v4.0.0", "Individual"),
    f"{USAGE}Specification": ("TMF635-UsageManagement-v4.0.0", "UsageSpecification"),
    USAGE: ("TMF635-UsageManagement-v4.0.0", "Usage"),
    PRODUCT: ("TMF637-ProductInventory-v4.0.0", "Product"),
}


def closed(schema: Any) -> Any:
    """The schema, refusing attributes that it does not name."""
    if isinstance(schema, list):
        return [closed(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: closed(value) for key, value in schema.items()}
    named = schema.get("type") == "object" and "properties" in schema
    return {**inner, "additionalProperties": False} if named else inner


@cache
def validator(path: str, definition: str | None) -> Any:
    import jsonschema  # 4 s of work, which only the process that comes here is to do

    name, default = DEFINITIONS[path]
    swagger = json.loads((SPECIFICATIONS / f"{name}.swagger.json").read_text("utf-8"))
    root = {"$ref": f"#/definitions/{definition or default}"}
    return jsonschema.Draft4Validator({**root, "definitions": closed(swagger["definitions"])})


def conform(response: httpx.Response) -> None:
    """Fail unless the response is one that TM Forum's specification allows."""
    path = next((known for known in DEFINITIONS if known in response.url.path), None)
    if path is None or not response.content:
        return
    content = response.json()
    is_error = response.status_code >= 400
    for entry in content if isinstance(content, list) else [content]:
        validator(path, "Error" if is_error else None).validate(entry)
    if is_error:
        assert content["status"] == str(response.status_code)


@dataclass(frozen=True)
class Bench:
    """The mock over a real socket, and a caller for each controller; every answer is checked."""

    world: World
    callers: Mapping[str, httpx.AsyncClient]
    anyone: httpx.AsyncClient

    @property
    def libervoice(self) -> httpx.AsyncClient:
        return self.callers[LIBERVOICE]

    def role(self, role: Role) -> Person:
        return cast(self.world.people)[role]

    async def party_id(self, person: Person) -> str:
        asked = {"externalReference.name": person.customer_id}
        (found,) = (await self.callers[person.controller].get(PARTY, params=asked)).json()
        return str(found["id"])

    async def usages(self, person: Person, **filters: str) -> list[dict[str, Any]]:
        asked = {"relatedParty.id": await self.party_id(person), "limit": "1000", **filters}
        answer = await self.callers[person.controller].get(USAGE, params=asked)
        usages: list[dict[str, Any]] = answer.json()
        return usages

    async def products(self, person: Person) -> list[dict[str, Any]]:
        asked = {"relatedParty.id": await self.party_id(person)}
        answer = await self.callers[person.controller].get(PRODUCT, params=asked)
        products: list[dict[str, Any]] = answer.json()
        return products

    async def holds(self, person: Person) -> Mapping[str, int]:
        people = (await self.control("/_people")).json()["people"]
        held: Mapping[str, int] = people[person.position - 1]["holds"]
        return held

    async def effects(self) -> list[Mapping[str, Any]]:
        effects: list[Mapping[str, Any]] = (await self.control("/_ledger")).json()["effects"]
        return effects

    async def control(self, path: str, order: object = None) -> httpx.Response:
        url = self.anyone.base_url.copy_with(path=path)
        answer = await (
            self.anyone.get(url) if order is None else self.anyone.post(url, json=order)
        )
        assert answer.status_code == 200, answer.text
        return answer


async def check(response: httpx.Response) -> None:
    await response.aread()
    conform(response)


def client(base: str, token: str = "") -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx.AsyncClient(
        base_url=base, headers=headers, verify=NO_TLS, event_hooks={"response": [check]}
    )


async def token_of(anyone: httpx.AsyncClient, shared: World, controller: str) -> str:
    secret = shared.secret("operator", controller)
    answer = await anyone.post(
        "/oauth2/token", data={"grant_type": "client_credentials"}, auth=(controller, secret)
    )
    return str(answer.json()["access_token"])
