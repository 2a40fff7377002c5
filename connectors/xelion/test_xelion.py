"""The Xelion connector, replayed from cassettes."""

from __future__ import annotations

import avgate_contracts as sdk
from avgate_mocks.people import Person

from .stage import (
    DONE,
    ERASED,
    GONE,
    NEW_MAIL,
    RECTIFIED,
    RIGHT,
    TWO_MAILS,
    counted,
    family,
    mail,
    only,
    staged,
)
from .tape import NEW_NAME


async def test_check_makes_one_harmless_call() -> None:
    async with staged("check") as stage:
        await stage.connector.check()


async def test_access_shows_the_card_the_bare_number_and_every_call_with_its_sound() -> None:
    async with staged("access") as stage:
        records = await stage.found()
    assert counted(records) == {
        "communication_metadata": 5,
        "voicemail": 1,
        "recording": 1,
        "contacts": 2,
    }
    assert all(
        stage.subject.known_by(r.identifiers, on=r.occurred_at and sdk.local_day(r.occurred_at))
        for r in records
    )
    assert all(r.data["participants"] for r in records if "participants" in r.data)
    assert [r.item.category for r in records][-2:] == [sdk.Category.CONTACTS] * 2


async def test_a_number_on_no_card_leads_to_the_object_that_the_system_made_of_it() -> None:
    def mobile(person: Person) -> tuple[sdk.Identifier, ...]:
        return (sdk.Identifier.of(sdk.IdentifierKind.PHONE, person.lines[1].number),)

    async with staged("bare_number", mobile) as stage:
        records = await stage.found()
    (contact,) = [r for r in records if r.item.category is sdk.Category.CONTACTS]
    assert contact.data["objectType"] == "UnknownAddressable"
    assert contact.fields == {}
    assert counted(records)["communication_metadata"] >= 1


async def test_export_streams_the_sound_of_voicemails_and_recordings() -> None:
    async with staged("export", only("xelion_id")) as stage:
        found = [each async for each in stage.connector.export(stage.subject)]
        records = [each for each in found if isinstance(each, sdk.Record)]
        files = [file for record in records for file in record.attachments]
        for file in files:
            async with file.open() as chunks:
                first = b"".join([chunk async for chunk in chunks])[:2]
            assert (first, file.media_type) == (b"\xff\xfb", "audio/x-mp3")
    assert files
    assert all(r.attachments for r in records if r.item.erasure is sdk.ErasureWay.BY_HAND)


async def test_nobody_is_found_by_what_nobody_has() -> None:
    def stranger(_person: Person) -> tuple[sdk.Identifier, ...]:
        return (sdk.Identifier.of(sdk.IdentifierKind.EMAIL, "niemand@example.org"),)

    async with staged("stranger", stranger) as stage:
        assert await stage.found() == []


async def test_a_name_is_changed_where_the_old_one_stands_and_read_back() -> None:
    async with staged("rectify", only("xelion_id")) as stage:
        card = await stage.card()
        name = family(NEW_NAME, card.fields[sdk.Field.NAME_FAMILY][0])
        assert await stage.rectify(card.item, name) == sdk.Completed(sdk.Effect.RECTIFIED)
        again = await stage.rectify(card.item, name, key="key-2")
        other = await stage.rectify(card.item, family("Anders", "Iemand"), key="key-3")
        now = await stage.card()
    assert again == sdk.Completed(sdk.Effect.ALREADY_RIGHT)
    assert isinstance(other, sdk.Refused)
    assert other.code == "changed_meanwhile"
    assert now.fields[sdk.Field.NAME_FAMILY] == (NEW_NAME,)


async def test_of_two_addresses_the_one_that_is_named_is_changed() -> None:
    async with staged("two_addresses", only("xelion_id"), TWO_MAILS) as stage:
        card = await stage.card()
        first, second = card.fields[sdk.Field.EMAIL]
        new = mail(second.upper(), NEW_MAIL)
        assert await stage.rectify(card.item, new) == RECTIFIED
        assert (await stage.card()).fields[sdk.Field.EMAIL] == (first, NEW_MAIL)
        assert await stage.rectify(card.item, new, key="key-2") == RIGHT
        other = await stage.rectify(card.item, mail(second, "ander@elders.example"), key="key-3")
        assert await stage.rectify(card.item, mail(first, NEW_MAIL), key="key-4") == RECTIFIED
        assert (await stage.card()).fields[sdk.Field.EMAIL] == (NEW_MAIL, NEW_MAIL)
    assert isinstance(other, sdk.Refused)
    assert other.code == "changed_meanwhile"


async def test_a_session_is_renewed_with_a_token_that_is_a_bare_string() -> None:
    async with staged("renewed") as stage:
        await stage.connector.check()
        await stage.clock.turn(3590)  # of the 3600 seconds that a session lasts
        await stage.connector.check()


async def test_erase_strips_calls_deletes_cards_and_leaves_sound_to_a_person() -> None:
    async with staged("erase") as stage:
        records = await stage.found()
        items = [record.item for record in records]
        first = await stage.erase(*items)
        left = await stage.connector.still_held(items)
        second = await stage.erase(*items)
    by_hand = [item for item in items if item.erasure is sdk.ErasureWay.BY_HAND]
    assert left == by_hand
    for item, outcome, again in zip(items, first, second, strict=True):
        match item.erasure:
            case sdk.ErasureWay.ANONYMISE:
                assert (outcome, again) == (DONE, GONE)
            case sdk.ErasureWay.DELETE:
                assert (outcome, again) == (ERASED, GONE)
            case _:
                assert isinstance(outcome, sdk.Unsupported)
                assert (outcome.code, again) == ("no_delete", outcome)
