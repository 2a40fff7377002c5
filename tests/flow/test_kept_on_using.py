"""Whoever stays a customer enters things anew: what came after their erasure is none of its business."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from avgate_mocks.people import Person, Role

from .harness import JsonMap
from .indoors import Indoors, indoors

PRODUCTS = "productInventory/v4/product"


async def bearer(here: Indoors) -> Mapping[str, str]:
    made = await here.outside.post(
        f"{here.addresses['operator']}/tmf-api/oauth2/token",
        data={"grant_type": "client_credentials"},
        auth=("libervoice", here.world.secret("operator", "libervoice")),
    )
    return {"authorization": f"Bearer {made.json()['access_token']}"}


async def told(here: Indoors, path: str, **params: str) -> list[JsonMap]:
    url = f"{here.addresses['operator']}/tmf-api/{path}"
    answer = await here.outside.get(url, params=params, headers=await bearer(here))
    assert answer.is_success, answer.text
    return list(answer.json())


async def forwarding(here: Indoors, person: Person) -> Mapping[str, Any]:
    """Where somebody's line is forwarded to, by line."""
    [own] = await told(
        here, "party/v4/individual", **{"externalReference.name": person.customer_id}
    )
    found = {}
    for line in await told(here, PRODUCTS, **{"relatedParty.id": own["id"]}):
        for each in line["productCharacteristic"]:
            if each["name"] == "reachConfiguration":
                found[line["id"]] = each["value"]
    return found


async def forward(here: Indoors, line: str, value: Any) -> None:
    """They set up their forwarding anew, in the portal of the service that they still have."""
    [product] = [one for one in await told(here, PRODUCTS) if one["id"] == line]
    others = [c for c in product["productCharacteristic"] if c["name"] != "reachConfiguration"]
    new = {"name": "reachConfiguration", "valueType": "object", "value": value}
    answer = await here.outside.patch(
        f"{here.addresses['operator']}/tmf-api/{PRODUCTS}/{line}",
        json={"productCharacteristic": [*others, new]},
        headers=await bearer(here),
    )
    assert answer.status_code == 200, answer.text


async def test_what_is_entered_anew_is_neither_called_still_there_nor_erased(
    tmp_path: Path,
) -> None:
    async with indoors(tmp_path, ("operator",)) as here:
        person = here.person(Role.RUNNING)
        [(line, value)] = (await forwarding(here, person)).items()
        request_id = await here.erased(person, "operator")
        assert not await forwarding(here, person)
        await here.let_pass(hours=1)
        await forward(here, line, value)
        for _ in range(20):  # calls go meanwhile as their terms end
            await here.let_pass(days=10)
            await here.let_pass(seconds=5)
        report = await here.report(request_id)
        [gone] = [one for one in report if one["category"] == "reach_configuration"]
        assert gone["outcome"] == "erased"
        assert not [one for one in report if one["outcome"] == "failed"]
        assert (await here.caller().post(f"/v1/requests/{request_id}/retry")).is_success
        await here.let_pass(seconds=5)
        assert list(await forwarding(here, person)) == [line]
