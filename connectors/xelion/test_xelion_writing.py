"""What the Xelion connector erases and corrects over a real socket, whatever is lost on the way."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import pytest

import avgate_contracts as sdk
from avgate_mocks.people import LIBERVOICE, MISTER_VOIP, Role
from avgate_xelion import XelionConnector

from .stage import (
    DONE,
    ERASED,
    GONE,
    RECTIFIED,
    TWO_MAILS,
    Between,
    calm,
    family,
    handed_on,
    live,
    mail,
    only,
    small,
    staged,
)
from .tape import NEW_NAME


async def test_a_call_can_be_stripped_after_the_card_it_led_to_is_gone() -> None:
    async with live() as stage:
        items = await stage.items()
        cards = [item for item in items if item.category is sdk.Category.CONTACTS]
        calls = [item for item in items if item.erasure is sdk.ErasureWay.ANONYMISE]
        assert await stage.erase(*cards) == [ERASED] * len(cards)
        assert await stage.connector.still_held(calls) == calls
        assert await stage.erase(*calls) == [DONE] * len(calls)
        assert "communication_metadata" not in await stage.held()


async def test_what_a_person_removed_by_hand_is_gone() -> None:
    async with live() as stage:
        items = [i for i in await stage.items() if i.erasure is sdk.ErasureWay.BY_HAND]
        oids = [item.ref.split(":")[1] for item in items]
        await stage.told("/_by_hand", {"tenant": LIBERVOICE, "oids": oids})
        assert await stage.connector.still_held(items) == []
        assert await stage.erase(*items) == [GONE] * len(items)


async def test_an_object_without_the_right_to_remove_it_is_refused() -> None:
    async with staged("no_permission", only("phone"), chosen=handed_on()) as stage:
        cards = [i for i in await stage.items() if i.category is sdk.Category.CONTACTS]
        outcomes = await stage.erase(*cards)
        left = await stage.connector.still_held(cards)
    codes = [each.code for each in outcomes if isinstance(each, sdk.Refused)]
    assert codes == ["no_permission"]
    assert len(left) == 1


@pytest.mark.parametrize("fault", ["answer_lost", "hang_after", "error_after"])
async def test_a_delete_whose_answer_was_lost_is_an_erasure_all_the_same(fault: str) -> None:
    limits = replace(XelionConnector.manifest.limits, timeout=2)
    async with live(limits=limits) as stage:
        card = (await stage.items())[-1]
        await stage.plant(fault, method="DELETE")
        assert await stage.erase(card) == [ERASED]
        assert await stage.effects() == Counter(delete=1)


async def test_a_lost_answer_that_did_nothing_is_unknown_and_the_next_try_does_it() -> None:
    limits = replace(XelionConnector.manifest.limits, attempts=1)
    async with live(limits=limits) as stage:
        items = await stage.items()
        call = next(i for i in items if i.erasure is sdk.ErasureWay.ANONYMISE)
        card = next(r for r in await stage.found() if r.fields)
        name = family(NEW_NAME, card.fields[sdk.Field.NAME_FAMILY][0])
        await stage.plant("error_503", method="PATCH", times=10)
        (lost,) = await stage.erase(call)
        renamed = await stage.rectify(card.item, name)
        await stage.plant("error_503", method="DELETE")
        (kept,) = await stage.erase(card.item)
        assert await stage.effects() == Counter()
        assert all(isinstance(each, sdk.Unknown) for each in (lost, renamed, kept))
        assert await stage.rectify(card.item, name) == sdk.Completed(sdk.Effect.RECTIFIED)
        assert await stage.erase(call, (await stage.card()).item) == [DONE, ERASED]


async def test_a_lost_answer_that_did_it_is_read_back() -> None:
    limits = replace(XelionConnector.manifest.limits, attempts=1)
    async with live(limits=limits) as stage:
        call = next(i for i in await stage.items() if i.erasure is sdk.ErasureWay.ANONYMISE)
        card = await stage.card()
        name = family(NEW_NAME, card.fields[sdk.Field.NAME_FAMILY][0])
        await stage.plant("answer_lost", method="PATCH", times=2)
        assert await stage.erase(call) == [DONE]
        assert await stage.rectify(card.item, name) == sdk.Completed(sdk.Effect.RECTIFIED)


@pytest.mark.parametrize("fault", ["answer_lost", "error_503"])  # done, and not done
async def test_a_change_whose_answer_was_lost_is_looked_for_before_it_is_made_again(
    fault: str,
) -> None:
    async with live() as stage:
        call = next(i for i in await stage.items() if i.erasure is sdk.ErasureWay.ANONYMISE)
        card = await stage.card()
        name = family(NEW_NAME, card.fields[sdk.Field.NAME_FAMILY][0])
        await stage.plant(fault, method="PATCH")
        assert await stage.erase(call) == [DONE]
        await stage.plant(fault, method="PATCH")
        assert await stage.rectify(card.item, name) == sdk.Completed(sdk.Effect.RECTIFIED)
        assert await stage.effects() == Counter(anonymise=1, change=1)


async def test_a_name_that_the_upstream_cannot_spell_is_not_written() -> None:
    async with live(who=Role.BEYOND_WINDOWS_1252) as stage:
        card = await stage.card()
        (before,) = card.fields[sdk.Field.NAME_GIVEN]
        change = sdk.FieldChange(sdk.Field.NAME_GIVEN, before, "Gülşen")
        outcome = await stage.rectify(card.item, change)
        assert await stage.effects() == Counter()
    assert stage.person.controller == MISTER_VOIP
    assert before == "Gül?en"
    assert isinstance(outcome, sdk.Refused)
    assert outcome.code == "altered_by_upstream"


async def test_a_value_that_was_altered_on_the_way_is_found_by_reading_back() -> None:
    line = Between(lambda sent: sent.replace(NEW_NAME.encode(), NEW_NAME.lower().encode()))
    async with live(transport=line) as stage:
        card = await stage.card()
        name = family(NEW_NAME, card.fields[sdk.Field.NAME_FAMILY][0])
        outcome = await stage.rectify(card.item, name)
    assert isinstance(outcome, sdk.Failed)
    assert outcome.code == "altered_by_upstream"


async def test_a_call_that_still_shows_the_name_is_not_called_anonymous() -> None:
    def participants_alone(sent: bytes) -> bytes:
        if b"/participants" not in sent:
            return sent
        return json.dumps({"operations": json.loads(sent)["operations"][:1]}).encode()

    async with live(transport=Between(participants_alone)) as stage:
        call = next(i for i in await stage.items() if i.erasure is sdk.ErasureWay.ANONYMISE)
        (outcome,) = await stage.erase(call)
    assert isinstance(outcome, sdk.Failed)
    assert outcome.code == "identity_left"


async def test_calls_are_stripped_before_the_cards_that_lead_to_them_are_deleted() -> None:
    line = Between()
    async with live(transport=line) as stage:
        items = await stage.items()
        await stage.erase(*reversed(items))
    writes = [method for method, _ in line.passed if method in {"PATCH", "DELETE"}]
    assert writes == sorted(writes, reverse=True)
    assert set(writes) == {"PATCH", "DELETE"}


async def test_what_is_on_no_card_cannot_be_changed() -> None:
    async with live() as stage:
        records = await stage.found()
        call = next(r.item for r in records if r.item.erasure is sdk.ErasureWay.ANONYMISE)
        card = next(r for r in records if r.fields)
        bank = sdk.FieldChange(sdk.Field.BANK_ACCOUNT, "", "NL00TEST0000000000")
        codes = [await stage.rectify(item, bank) for item in (call, card.item)]
    assert [each.code for each in codes if isinstance(each, sdk.Unsupported)] == [
        "not_rectifiable",
        "no_such_field",
    ]


async def test_a_number_is_changed_however_it_is_written_and_an_address_too() -> None:
    async with live() as stage:
        card = await stage.card()
        wanted = {sdk.Field.PHONE: "+31201234567", sdk.Field.ADDRESS_CITY: "Leiden"}
        changes = [sdk.FieldChange(n, card.fields[n][0], value) for n, value in wanted.items()]
        assert await stage.rectify(card.item, *changes) == sdk.Completed(sdk.Effect.RECTIFIED)
        seen = sdk.DataSubject("s", only("xelion_id")(stage.person))
        found = [each async for each in stage.connector.access(seen)]
    after = [each.fields for each in found if isinstance(each, sdk.Record) and each.fields]
    assert {name: after[0][name][0] for name in wanted} == wanted


async def test_a_number_that_stands_twice_goes_from_both_places() -> None:
    async with live(known=only("xelion_id")) as stage:
        card, path = await stage.card(), "/addressables/{oid}"
        (first, *_), ids = card.fields[sdk.Field.PHONE], {"oid": str(card.data["oid"])}
        written_otherwise = {"address": "0031 " + first.replace("-", "").removeprefix("0")}
        await stage.http.send(
            "PATCH", path, ids=ids, json=adding("telecomAddresses", written_otherwise)
        )
        change = sdk.FieldChange(sdk.Field.PHONE, first, "+31201234567")
        assert await stage.rectify(card.item, change) == RECTIFIED
        now = (await stage.card()).fields[sdk.Field.PHONE]
    assert now.count("+31201234567") == 2
    assert not {first, *written_otherwise.values()} & set(now)


async def test_of_two_homes_in_one_town_none_is_moved_on_a_guess() -> None:
    async with live(known=only("xelion_id")) as stage:
        card, path = await stage.card(), "/addressables/{oid}"
        (town,), ids = card.fields[sdk.Field.ADDRESS_CITY], {"oid": str(card.data["oid"])}
        await stage.http.send("PATCH", path, ids=ids, json=adding("addresses", {"city": town}))
        before = await stage.effects()
        assert (await stage.card()).fields[sdk.Field.ADDRESS_STREET][1:] == ("",)
        moved = sdk.FieldChange(sdk.Field.ADDRESS_CITY, town, "Leiden")
        outcome = await stage.rectify(card.item, moved)
        assert await stage.effects() == before
    assert isinstance(outcome, sdk.Refused)
    assert outcome.code == "several"


def adding(relation: str, values: Mapping[str, str]) -> sdk.Json:
    at = f"/{relation}/1"
    steps: list[sdk.Json] = [{"op": "add", "path": at, "value": None}]
    steps += [{"op": "replace", "path": f"{at}/{name}", "value": v} for name, v in values.items()]
    return {"operations": steps}


async def test_a_right_value_elsewhere_does_not_hide_that_another_was_altered() -> None:
    line = Between(lambda sent: sent.replace(TWO_MAILS[0].encode(), b"s?skia@example.com"))
    async with live(None, only("xelion_id"), small(calm(), TWO_MAILS), transport=line) as stage:
        card = await stage.card()
        outcome = await stage.rectify(card.item, mail(TWO_MAILS[1], TWO_MAILS[0]))
    assert isinstance(outcome, sdk.Failed)
    assert outcome.code == "altered_by_upstream"


async def test_in_the_foulest_mood_erasing_ends_with_nothing_left_and_nothing_twice() -> None:
    limits = replace(XelionConnector.manifest.limits, timeout=0.3, attempts=5)
    async with live(limits=limits) as stage:
        items = await stage.items()
        await stage.told("/_faults", {"mood": "nasty"})
        for _ in range(40):
            try:
                outcomes = await stage.erase(*items)
            except sdk.ConnectorError:
                continue
            if not any(isinstance(each, sdk.Unknown) for each in outcomes):
                break
        await stage.told("/_faults", {"mood": "none"})
        effects = (await stage.told("/_ledger"))["effects"]
        left = await stage.connector.still_held(items)
    anonymised = Counter(e["path"] for e in effects if e["kind"] == "anonymise")
    deleted = Counter(e["path"] for e in effects if e["kind"] == "delete")
    assert {item.erasure for item in left} == {sdk.ErasureWay.BY_HAND}
    assert set(anonymised.values()) == set(deleted.values()) == {1}
