"""Connectors that read wrongly: too little, too much, or of somebody else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from typing import Any, ClassVar
from uuid import uuid4

from pydantic import BaseModel, ValidationError

import avgate_contracts as sdk

from .linden import Card, LindenConnector, Page
from .registry import mutant

PLAYS, CALLS = "test_every_story_plays_as_it_was_recorded", "test_every_recorded_call_is_made"
RENAMED, RETYPED = (f"test_a_changed_schema_is_noticed[{c}]" for c in ("renamed", "another type"))
CIRCLE = "test_pages_that_go_in_a_circle_are_not_followed"
INSTEAD = "test_somebody_elses_data_is_not_taken_for_the_subjects[instead of the subject]"
BESIDE = "test_somebody_elses_data_is_not_taken_for_the_subjects[beside the subject]"


def lasting(fault: str) -> str:
    return f"test_a_lasting_fault_is_told_and_not_asked_for_ever[{fault}]"


def passing(fault: str) -> str:
    return f"test_a_passing_fault_changes_nothing_or_is_told[{fault}]"


@mutant(
    "reads the first page of a list and stops",
    CALLS,
    own=("test_a_list_is_read_to_its_end", "test_nothing_turns_up_once_all_is_erased"),
)
class NoPaging(LindenConnector):
    async def _cards(self, asked: dict[str, str]) -> AsyncIterator[Card]:
        answer = await self._http.send("GET", "/cards", params={**asked, "cursor": "0"})
        for card in answer.parse(Page).items:
            yield card


@mutant(
    "reads no more than three of a list", CALLS, own=("test_nothing_turns_up_once_all_is_erased",)
)
class ThreeAtMost(LindenConnector):
    async def _cards(self, asked: dict[str, str]) -> AsyncIterator[Card]:
        count = 0
        async for card in super()._cards(asked):
            count += 1
            if count > 3:
                return
            yield card


@mutant(
    "takes a 404 on a page for the end of the list", "test_a_page_that_fails_is_not_the_end[404]"
)
class EndsAtNotFound(LindenConnector):
    async def _cards(self, asked: dict[str, str]) -> AsyncIterator[Card]:
        try:
            async for card in super()._cards(asked):
                yield card
        except sdk.NotFoundError:
            return


@mutant("follows pages in a circle, for ever", CIRCLE)
class GoesRound(LindenConnector):
    async def _cards(self, asked: dict[str, str]) -> AsyncIterator[Card]:
        cursor: str | None = "0"
        while cursor is not None:
            answer = await self._http.send("GET", "/cards", params={**asked, "cursor": cursor})
            page = answer.parse(Page)
            for card in page.items:
                yield card
            cursor = page.next


@mutant("takes a page that comes twice for the end of the list", CIRCLE)
class EndsWhereItRepeats(LindenConnector):
    async def _cards(self, asked: dict[str, str]) -> AsyncIterator[Card]:
        with suppress(sdk.ContractBrokenError):
            async for card in super()._cards(asked):
                yield card


@mutant("takes every error for nothing held", lasting("500"), passing("garbage with 200"))
class SwallowsErrors(LindenConnector):
    async def access(self, subject: sdk.DataSubject) -> AsyncIterator[sdk.Record]:
        try:
            async for record in super().access(subject):
                yield record
        except Exception:  # noqa: BLE001 -- what is wrong with it
            return


@mutant(
    "takes garbage, or a web page, with 200 for nothing held",
    passing("garbage with 200"),
    lasting("web page with 200"),
)
class GarbageIsNothing(LindenConnector):
    async def access(self, subject: sdk.DataSubject) -> AsyncIterator[sdk.Record]:
        try:
            async for record in super().access(subject):
                yield record
        except sdk.ContractBrokenError:
            return


class LoosePage(BaseModel):
    items: list[Any] = []
    next: str | None = None


@mutant("takes a changed schema for an empty list", RENAMED)
class LooseModel(LindenConnector):
    async def _cards(self, asked: dict[str, str]) -> AsyncIterator[Card]:
        cursor: str | None = "0"
        while cursor is not None:
            answer = await self._http.send("GET", "/cards", params={**asked, "cursor": cursor})
            page = answer.parse(LoosePage)
            for card in page.items:
                yield Card.model_validate(card)
            cursor = page.next


@mutant("leaves out what it cannot read", RENAMED)
class SkipsTheUnreadable(LindenConnector):
    async def _cards(self, asked: dict[str, str]) -> AsyncIterator[Card]:
        cursor: str | None = "0"
        while cursor is not None:
            answer = await self._http.send("GET", "/cards", params={**asked, "cursor": cursor})
            page = answer.parse(LoosePage)
            for card in page.items:
                try:
                    found = Card.model_validate(card)
                except ValidationError:
                    continue
                yield found
            cursor = page.next


@mutant(
    "leaves the filter out, and takes all people for the subject",
    PLAYS,
    own=("test_nobody_is_nothing_held",),
)
class NoFilter(LindenConnector):
    async def _cards(self, asked: dict[str, str]) -> AsyncIterator[Card]:  # noqa: ARG002 -- what is wrong with it is that it does not look
        async for card in super()._cards({}):
            yield card


@mutant("raises an error for somebody unknown", "test_nobody_is_nothing_held")
class NobodyIsAnError(LindenConnector):
    async def access(self, subject: sdk.DataSubject) -> AsyncIterator[sdk.Record]:
        count = 0
        async for record in super().access(subject):
            count += 1
            yield record
        if not count:
            raise sdk.NotFoundError("nobody", status=404)


@mutant("exports less than access shows", "test_export_holds_all_that_access_shows")
class ExportsLess(LindenConnector):
    async def export(self, subject: sdk.DataSubject) -> AsyncIterator[sdk.Record]:
        async for record in self.access(subject):
            yield replace(record, data={"id": record.item.ref})


@mutant("copies the subject's identifiers onto what it finds", INSTEAD)
class CopiesIdentifiers(LindenConnector):
    async def access(self, subject: sdk.DataSubject) -> AsyncIterator[sdk.Record]:
        async for record in super().access(subject):
            yield replace(record, identifiers=subject.identifiers)


@mutant("takes a part of an e-mail address for the whole", PLAYS, own=(INSTEAD, BESIDE))
class MatchesAPart(LindenConnector):
    async def access(self, subject: sdk.DataSubject) -> AsyncIterator[sdk.Record]:
        for one in subject.of_kind(sdk.IdentifierKind.EMAIL):
            async for card in self._cards({"like": one.value}):
                yield replace(self._record(card), identifiers=(one,))


@mutant(
    "takes all who are called like the first found for the subject",
    PLAYS,
    own=("test_nothing_turns_up_once_all_is_erased",),
)
class MatchesTheName(LindenConnector):
    async def access(self, subject: sdk.DataSubject) -> AsyncIterator[sdk.Record]:
        first: sdk.Record | None = None
        async for record in super().access(subject):
            first = first or record
        async for card in self._cards({}):
            if first is not None and card.name.startswith(str(first.data["name"])):
                yield replace(self._record(card), identifiers=first.identifiers)


@mutant(
    "returns the previous holder of a number as the subject",
    "test_an_earlier_holder_gets_nothing_of_the_present_one",
)
class PreviousHolder(LindenConnector):
    def _identifiers(self, card: Card) -> tuple[sdk.Identifier, ...]:
        return tuple(
            replace(i, valid_from=None, valid_until=None) for i in super()._identifiers(card)
        )


@mutant("gives identifiers of nobody's", "test_identifiers_are_those_the_upstream_gave")
class MakesUpIdentifiers(LindenConnector):
    def _identifiers(self, card: Card) -> tuple[sdk.Identifier, ...]:
        made = sdk.Identifier.of(sdk.IdentifierKind.CUSTOMER_ID, "made-up-77")
        return (*super()._identifiers(card), made)


@mutant("keeps what it found for a next time", CALLS, refused="UnavailableError")
class RemembersInTheClass(LindenConnector):
    kept: ClassVar[dict[str, list[sdk.Record]]] = {}

    async def access(self, subject: sdk.DataSubject) -> AsyncIterator[sdk.Record]:
        who = subject.identifiers[0].value
        if who not in self.kept:
            self.kept[who] = [record async for record in super().access(subject)]
        for record in self.kept[who]:
            yield record


@mutant(
    "shares a cache of cards between controllers",
    CALLS,
    own=("test_what_was_erased_is_no_longer_held",),
)
class SharedCache(LindenConnector):
    kept: ClassVar[dict[str, Card | None]] = {}

    async def _card(self, ref: str) -> Card | None:
        if ref not in self.kept:
            self.kept[ref] = await super()._card(ref)
        return self.kept[ref]


@mutant("gives moments without a time zone", "test_moments_have_a_time_zone")
class NaiveMoments(LindenConnector):
    def _record(self, card: Card) -> sdk.Record:
        return super()._record(card.model_copy(update={"since": card.since.replace(tzinfo=None)}))


@mutant("names each item anew every time", PLAYS, own=("test_erasing_one_item_leaves_the_others",))
class NewNames(LindenConnector):
    def _record(self, card: Card) -> sdk.Record:
        record = super()._record(card)
        return replace(record, item=replace(record.item, ref=f"{card.id}:{uuid4()}"))

    async def _card(self, ref: str) -> Card | None:
        return await super()._card(ref.partition(":")[0])


@mutant(
    "looks by the first identifier only", CALLS, own=("test_every_value_of_a_kind_is_asked_for",)
)
class FirstIdentifierOnly(LindenConnector):
    async def access(self, subject: sdk.DataSubject) -> AsyncIterator[sdk.Record]:
        one = replace(subject, identifiers=subject.identifiers[:1])
        async for record in super().access(one):
            yield record


@mutant(
    "names all items alike", "test_every_item_is_named_once_and_is_of_a_kind_the_manifest_names"
)
class OneRefForAll(LindenConnector):
    def _record(self, card: Card) -> sdk.Record:
        record = super()._record(card)
        return replace(record, item=replace(record.item, ref="same"))


@mutant("gives no identifiers with what it finds", "test_access_finds_the_subject")
class NamesNobody(LindenConnector):
    def _identifiers(self, card: Card) -> tuple[sdk.Identifier, ...]:  # noqa: ARG002 -- what is wrong with it is that it does not look
        return ()
