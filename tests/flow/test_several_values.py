"""Of two e-mail addresses of one person the named one is corrected, and none on a guess."""

from __future__ import annotations

import pytest

from avgate_mocks.people import Person

from .conftest import Casting
from .harness import JsonMap, Mocks, Office, a_request
from .telling import package

BOTH = ("operator", "xelion")
NEW = "nieuw.adres@example.org"


@pytest.fixture
def somebody(anyone: Casting) -> Person:
    """With two e-mail addresses."""
    return anyone(runs=True, emails=2)


def rectify(person: Person, *changes: JsonMap) -> JsonMap:
    return a_request("rectify", person, *BOTH, changes=list(changes))


def fates(office: Office, request_id: str) -> dict[str, set[str]]:
    """What became of the items, by upstream."""
    lines = office.asks.report(request_id)
    return {name: {x["outcome"] for x in lines if x["connector"] == name} for name in BOTH}


def copies(office: Office, person: Person) -> dict[str, str]:
    """All that an access shows of somebody, by upstream, in lower case."""
    shown = office.asks.submit(a_request("access", person, *BOTH), prefer="wait=30")
    archive = package(office.asks, shown["id"])
    texts = {path: archive.read(path).decode() for path in archive.namelist() if "json" in path}
    return {
        name: "".join(text for path, text in texts.items() if name in path).lower() for name in BOTH
    }


def test_the_second_of_two_addresses_is_corrected_and_the_first_left_alone(
    mocks: Mocks, office: Office, somebody: Person
) -> None:
    first, second = somebody.emails
    changes = {"field": "email", "from": second.capitalize(), "to": NEW}
    request_id = office.carry_out(rectify(somebody, changes))
    assert fates(office, request_id) == {name: {"rectified"} for name in BOTH}
    for name, text in copies(office, somebody).items():
        assert [mail in text for mail in (first, NEW, second)] == [True, True, False], name
        assert [e["kind"] for e in mocks.effects(name, somebody.id)] == ["change"], name


def test_a_wrong_address_goes_even_where_the_right_one_stands_beside_it(
    office: Office, somebody: Person
) -> None:
    first, second = somebody.emails
    request_id = office.carry_out(
        rectify(somebody, {"field": "email", "from": first, "to": second})
    )
    assert fates(office, request_id) == {name: {"rectified"} for name in BOTH}
    for name, text in copies(office, somebody).items():
        assert [mail in text for mail in (first, second)] == [False, True], name


@pytest.mark.parametrize("to_one_of_them", [False, True])
def test_of_two_addresses_none_is_changed_on_a_guess(
    mocks: Mocks, office: Office, somebody: Person, *, to_one_of_them: bool
) -> None:
    wanted = {"field": "email", "to": somebody.emails[1] if to_one_of_them else NEW}
    body = rectify(somebody, wanted, {"field": "address.city", "to": "Zaltbommel"})
    request_id, plan = office.planned(body)
    fits = {field["field"]: field["fit"] for item in plan["items"] for field in item["fields"]}
    assert fits == {"email": "several", "address.city": "change"}
    assert {item["by_hand"] for item in plan["items"]} == {"several"}
    office.see_through(request_id)
    assert office.asks.request(request_id)["waiting_for"] == "person"
    assert fates(office, request_id) == {name: {"by_hand"} for name in BOTH}
    tasks = office.asks.tasks(request_id)
    assert [task["reason_code"] for task in tasks] == ["several"] * len(BOTH)
    lines = office.asks.report(request_id)
    assert all("meer waarden" in x["detail"] and "andere velden" in x["detail"] for x in lines)
    assert not [effect for name in BOTH for effect in mocks.effects(name, somebody.id)]
