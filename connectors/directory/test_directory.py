"""The directory connector, replayed from cassettes."""

from __future__ import annotations

from avgate_contracts import (
    Completed,
    Effect,
    Failed,
    Field,
    FieldChange,
    ItemChange,
)
from avgate_mocks.people import Role

from .stage import ERASED, GONE, NEW_NAME, NEXT_EDITION, job_of, staged


async def test_check_makes_one_harmless_call() -> None:
    async with staged("check") as stage:
        await stage.connector.check()


async def test_access_shows_every_publication_that_a_number_appears_in() -> None:
    async with staged("access") as stage:
        records = await stage.found()
    assert [r.data["kind"] for r in records] == ["online", "print", "print"]
    assert all(stage.subject.known_by(record.identifiers) for record in records)
    assert all(stage.number not in record.item.ref for record in records)
    assert Field.NAME_FAMILY in records[0].fields


async def test_a_number_handed_on_is_somebody_elses_listing() -> None:
    async with staged("handed_on", Role.NUMBER_BEFORE) as stage:
        assert await stage.found() == []


async def test_erasing_is_confirmed_by_what_is_registered_and_scheduled_where_it_is_printed() -> (
    None
):
    async with staged("erase") as stage:
        items = await stage.items()
        accepted = await stage.erase(items)
        waiting = await stage.confirm(job_of(accepted), items)
        await stage.clock.turn(3)
        ended = await stage.confirm(job_of(accepted), items)
        left = await stage.connector.still_held(items)
    assert job_of(accepted) == job_of(waiting)
    assert ended == [ERASED, Completed(Effect.SCHEDULED, NEXT_EDITION), ERASED]
    assert left == [items[1]]


async def test_a_failed_order_says_its_code_and_a_retry_places_another() -> None:
    async with staged("failed") as stage:
        items = await stage.items()
        await stage.mock("/_fate", {"tn": stage.number, "fate": "fail", "code": 16108})
        first = await stage.erase(items)
        await stage.clock.turn(3)
        failed = await stage.confirm(job_of(first), items)
        second = await stage.erase(items)
        await stage.clock.turn(3)
        assert (await stage.confirm(job_of(second), items))[0] == ERASED
    assert {f.code for f in failed if isinstance(f, Failed)} == {"dlda_16108"}


async def test_rectifying_is_confirmed_by_the_content_of_the_listing() -> None:
    async with staged("rectify") as stage:
        changes = [
            ItemChange(
                record.item,
                (FieldChange(Field.NAME_FAMILY, record.fields[Field.NAME_FAMILY][0], NEW_NAME),),
            )
            for record in await stage.found()
        ]
        items = [change.item for change in changes]
        accepted = [o.outcome for o in await stage.connector.rectify(changes, key="key-1")]
        await stage.clock.turn(3)
        ended = await stage.confirm(job_of(accepted), items)
        shown = [record.fields[Field.NAME_FAMILY][0] for record in await stage.found()]
        again = [o.outcome for o in await stage.connector.rectify(changes[:1], key="key-1")]
    rectified = Completed(Effect.RECTIFIED)
    assert ended == [rectified, Completed(Effect.SCHEDULED, NEXT_EDITION), rectified]
    assert [name == NEW_NAME for name in shown] == [True, False, True]
    assert again == [Completed(Effect.ALREADY_RIGHT)]


async def test_a_listing_that_a_feed_puts_back_is_found_and_taken_out_again() -> None:
    async with staged("relisted") as stage:
        online = (await stage.items())[:1]
        first = await stage.erase(online)
        await stage.clock.turn(3)
        assert await stage.connector.still_held(online) == []
        assert await stage.erase(online) == [GONE]
        await stage.mock("/_feed", {"tn": stage.number})
        await stage.clock.turn(3)
        assert await stage.connector.still_held(online) == online
        assert job_of(await stage.erase(online)) != job_of(first)


async def test_a_delisting_that_is_under_way_already_is_adopted() -> None:
    async with staged("adopted") as stage:
        items = await stage.items()
        first = await stage.erase(items[:1], "key-1")
        assert job_of(await stage.erase(items[1:], "key-2")) == job_of(first)
