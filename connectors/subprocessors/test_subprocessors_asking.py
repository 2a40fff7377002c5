"""By what a processor is asked about somebody, and what is left to people."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

import avgate_contracts as sdk

from .stage import CUSTOMER, EMAIL, NOON, PHONE, of, shared, stage, staged, subject, without_access


async def test_a_processor_that_takes_hashes_is_told_no_address() -> None:
    async with stage() as at:
        await at.found()
        (told,) = [r.content.decode() for r in at.posts() if "workspace365" in r.url.path]
    assert "sha256" in told
    assert "subject@example.org" not in told


async def test_a_number_goes_out_through_the_extension_and_only_while_it_is_the_subjects() -> None:
    yesterday = NOON.date() - timedelta(days=1)
    mine, given_up = of(PHONE, "+31612345678"), of(PHONE, "+31687654321", yesterday)
    async with staged("by_number") as at:
        unseen = await at.unseen(subject(mine, given_up))
        (told,) = [json.loads(r.content) for r in at.posts()]
    assert told["subject_identities"] == []
    named = told["extensions"]["perfectview.example"]["identities"]
    assert [one["identity_value"] for one in named] == [mine.value]
    assert {one.part for one in unseen} == {"Workspace365", "IASO Backup"}


@pytest.mark.parametrize(("hour", "asked"), [(22, 0), (23, 1)])  # 23 UTC is Dutch midnight
async def test_a_number_changes_hands_at_dutch_midnight(hour: int, asked: int) -> None:
    mine = sdk.Identifier.of(PHONE, "+31612345678", NOON.date() + timedelta(days=1))
    async with stage() as at:
        at.moment = NOON.replace(hour=hour)
        await at.found(subject(mine))
    assert len(at.posts()) == asked


async def test_a_processor_that_knows_people_by_something_else_is_named_and_what_it_needs() -> None:
    async with staged("other_identifier") as at:
        findings = await at.findings(subject(of(CUSTOMER, "C-1")))
    told = {f.part: (f.why, f.needs) for f in findings if isinstance(f, sdk.Unseen) and not f.item}
    assert told == {"Workspace365": (sdk.WhyUnseen.OTHER_IDENTIFIER, frozenset({EMAIL}))}
    shown = {f.data["processor"] for f in findings if isinstance(f, sdk.Record)}
    assert shown == {"perfectview"}


async def test_nobody_is_left_out_because_nothing_is_known_that_any_processor_takes() -> None:
    async with stage() as at:
        unseen = await at.unseen(subject(of(sdk.IdentifierKind.XELION_ID, "17")))
    needs = {one.part: one.needs for one in unseen}
    assert needs == {
        "PerfectView": frozenset({EMAIL, CUSTOMER, PHONE}),
        "Workspace365": frozenset({EMAIL}),
        "IASO Backup": frozenset(),
    }


async def test_a_processor_that_shows_nothing_to_anybody_is_for_a_person_to_ask() -> None:
    async with stage() as at:
        at.network.changed = lambda request, answer: (
            without_access(answer) if request.url.path.endswith("/discovery") else answer
        )
        unseen = await at.unseen()
    assert {one.part for one in unseen} == {"PerfectView", "Workspace365", "IASO Backup"}
    assert {one.why for one in unseen} == {sdk.WhyUnseen.NO_INTERFACE}


async def test_only_a_processor_without_an_interface_becomes_a_task() -> None:
    async with stage() as at:
        items = await at.items(subject(of(CUSTOMER, "C-1")))  # workspace365 knows people by e-mail
        by_hand = [item for item in items if item.erasure is sdk.ErasureWay.BY_HAND]
        outcomes = await at.erase(by_hand)
    assert [getattr(outcome, "code", "") for outcome in outcomes] == ["no_interface"]


async def test_nothing_is_erased_by_a_number_where_something_lasting_is_known() -> None:
    async with stage() as at:
        who = subject(of(CUSTOMER, "C-1"), of(PHONE, "+31612345678"))
        await at.erase([item for item in await at.items(who) if "perfectview" in item.ref])
        told = json.loads(at.posts()[-1].content)
    assert "extensions" not in told
    assert [one["identity_value"] for one in told["subject_identities"]] == ["C-1"]


async def test_two_customers_under_one_request_are_for_a_person_to_tell_apart() -> None:
    other = shared().people[1]
    async with stage() as at:
        with pytest.raises(sdk.AmbiguousSubjectError) as raised:
            await at.found(subject(of(CUSTOMER, "C-1"), of(EMAIL, other.emails[0])))
    assert other.emails[0] not in str(raised.value)


async def test_a_slow_processor_is_asked_again_later_for_the_same_request() -> None:
    async with stage(patience=0.3) as at:
        for _ in range(2):
            with pytest.raises(sdk.UnavailableError):
                await at.found()
        bodies = [r.content for r in at.posts() if "perfectview" in r.url.path]
        await at.sleep(2)
        assert await at.found()
    first, second = (json.loads(body)["subject_request_id"] for body in bodies)
    assert first == second


async def test_what_another_customer_has_under_the_same_address_is_not_taken_for_theirs() -> None:
    """Only the other one is known there: nobody but the processor says that it is another."""
    other = shared().people[1]
    async with stage() as at:
        with pytest.raises(sdk.AmbiguousSubjectError) as raised:
            await at.found(subject(of(CUSTOMER, "C-404"), of(EMAIL, other.emails[0])))
        assert await at.found(subject(of(EMAIL, other.emails[0])))
        assert await at.found(subject(of(CUSTOMER, "C-404"))) == []
    assert other.customer_id not in str(raised.value)
