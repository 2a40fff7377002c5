"""What the operator connector corrects upstream, and how it knows that it did."""

from typing import Any

import httpx

from avgate_contracts import (
    Category,
    Failed,
    Field,
    FieldChange,
    IdentifierKind,
    ItemRef,
    NothingHeld,
    Product,
    Unknown,
    Unsupported,
)
from avgate_mocks.people import Role

from .operator_bench import RECTIFIED, Bench, benched, codes

INDIVIDUALS = "/party"


async def test_changes_each_field_and_nothing_beside_it(bench: Bench) -> None:
    before = (await bench.held(Role.RUNNING))[-2:]
    wanted = {
        Field.NAME_GIVEN: "Noor", Field.NAME_FAMILY: "Łuczak", Field.ADDRESS_STREET: "Nieuwe Weg",
        Field.ADDRESS_NUMBER: "7-B", Field.ADDRESS_POSTCODE: "1234 AB", Field.ADDRESS_CITY: "Ede",
        Field.EMAIL: "noor@example.nl", Field.PHONE: "+31201234567",
        Field.BANK_ACCOUNT: "NL91ABNA0417164300",
    }  # fmt: skip
    for record in before:
        for name, (value, *_) in record.fields.items():
            if name in wanted:
                change = FieldChange(name, value, wanted[name])
                assert await bench.change(record.item, change) == RECTIFIED
    after = (await bench.held(Role.RUNNING, IdentifierKind.CUSTOMER_ID))[-2:]
    held = {**after[0].fields, **after[1].fields}
    old = {**before[0].fields, **before[1].fields}
    assert {name: held[name] for name in wanted} == {
        name: (value, *old[name][1:]) for name, value in wanted.items()
    }
    media = [record.data["contactMedium"] for record in (before[1], after[1])]
    assert [len(each) for each in media if isinstance(each, list)] == [4, 4]
    assert after[1].data["gender"] == before[1].data["gender"]


async def test_changes_nothing_where_the_old_value_no_longer_stands(bench: Bench) -> None:
    item = bench.item("individual", Role.RUNNING)
    stale = await bench.change(item, FieldChange(Field.ADDRESS_CITY, "Nergens", "Ede"))
    assert codes([stale]) == ["changed_meanwhile"]
    line = bench.item("product", Role.RUNNING, "-p1")
    assert isinstance(await bench.change(line, FieldChange(Field.PHONE, "a", "b")), Unsupported)
    nobody = ItemRef("individual/0123", Category.CONTACT, Product.GENERAL)
    assert await bench.change(nobody, FieldChange(Field.PHONE, "a", "b")) == NothingHeld()
    assert await bench.effects() == []


async def test_a_change_whose_answer_was_lost_is_read_back(bench: Bench) -> None:
    person = (await bench.held(Role.RUNNING))[-1]
    change = FieldChange(Field.ADDRESS_CITY, person.fields[Field.ADDRESS_CITY][0], "Ede")
    await bench.plant("error_after", method="PATCH", times=3)
    assert await bench.change(person.item, change) == RECTIFIED
    assert len(await bench.effects()) == 1
    back = FieldChange(Field.ADDRESS_CITY, "Ede", "Elst")
    await bench.plant("error_503", method="PATCH", times=3)
    assert isinstance(await bench.change(person.item, back), Unknown)
    await bench.plant("html_200", method="PATCH", times=3)
    assert isinstance(await bench.change(person.item, back), Unknown)


async def test_a_change_that_was_taken_and_not_made_has_failed() -> None:
    def deaf(request: httpx.Request, content: Any) -> Any:
        is_person = INDIVIDUALS in request.url.path and isinstance(content, dict)
        return {**content, "familyName": "Doof"} if is_person else content

    async with benched(tamper=deaf) as bench:
        change = FieldChange(Field.NAME_FAMILY, "Doof", "Anders")
        outcome = await bench.change(bench.item("individual", Role.RUNNING), change)
        assert isinstance(outcome, Failed)


async def test_a_change_beside_which_the_old_value_still_stands_has_failed() -> None:
    def clinging(request: httpx.Request, content: Any) -> Any:
        is_person = INDIVIDUALS in request.url.path and isinstance(content, dict)
        if not is_person or request.method != "GET":
            return content
        old = {"characteristic": {"emailAddress": "oud@example.nl"}}
        return {**content, "contactMedium": [*content["contactMedium"], old]}

    async with benched(tamper=clinging) as bench:
        change = FieldChange(Field.EMAIL, "oud@example.nl", "nieuw@example.nl")
        outcome = await bench.change(bench.item("individual", Role.RUNNING), change)
        assert codes([outcome]) == ["not_as_written"]
        assert "nieuw@example.nl" in (await bench.held(Role.RUNNING))[-1].fields[Field.EMAIL]
