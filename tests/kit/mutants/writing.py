"""Connectors that write wrongly: elsewhere, more than was asked, or with nothing to show for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TypeAlias
from uuid import uuid4

import avgate_contracts as sdk
from avgate_contracts import Completed, Effect

from .linden import Card, LindenConnector
from .reading import CALLS, PLAYS
from .registry import mutant

Items: TypeAlias = Sequence[sdk.ItemRef]
Outcomes: TypeAlias = Sequence[sdk.ItemOutcome]


@mutant("makes a random key for each write", PLAYS, own=(PLAYS,))
class RandomKey(LindenConnector):
    async def erase(self, items: Items, *, key: str) -> Outcomes:  # noqa: ARG002 -- what is wrong with it is that it does not look
        return await super().erase(items, key=str(uuid4()))


@mutant(
    "makes keys of the client's ids, which are others after a restart",
    PLAYS,
    own=("test_keys_of_erasing_are_made_of_the_key_given",),
)
class KeyOfNewId(LindenConnector):
    async def erase(self, items: Items, *, key: str) -> Outcomes:  # noqa: ARG002 -- what is wrong with it is that it does not look
        return await super().erase(items, key=str(self._http.new_id()))


@mutant(
    "sends one key with every write", PLAYS, own=("test_keys_of_erasing_are_made_of_the_key_given",)
)
class KeyWithoutItem(LindenConnector):
    async def _removed(self, item: sdk.ItemRef, key: str) -> sdk.Outcome:
        return await super()._removed(item, key.partition("/")[0])


@mutant(
    "makes its keys of the item alone",
    PLAYS,
    own=("test_keys_of_erasing_are_made_of_the_key_given",),
)
class KeyOfItemAlone(LindenConnector):
    async def _removed(self, item: sdk.ItemRef, key: str) -> sdk.Outcome:  # noqa: ARG002 -- what is wrong with it is that it does not look
        return await super()._removed(item, f"linden/{item.ref}")


@mutant(
    "says done of an erasure whose answer was lost",
    "test_an_erasure_that_never_arrived_is_not_called_done",
    "test_an_erasure_whose_answer_was_lost_is_done_only_on_evidence",
)
class DoneWhenLost(LindenConnector):
    async def _erased(self, item: sdk.ItemRef, key: str) -> sdk.Outcome:
        outcome = await super()._erased(item, key)
        return Completed(Effect.ERASED) if isinstance(outcome, sdk.Unknown) else outcome


@mutant(
    "says done when the upstream refuses",
    "test_a_refused_erasure_is_not_called_done[400]",
    "test_a_refused_erasure_is_not_called_done[403]",
)
class DoneWhenRefused(LindenConnector):
    async def _erased(self, item: sdk.ItemRef, key: str) -> sdk.Outcome:
        outcome = await super()._erased(item, key)
        return Completed(Effect.ERASED) if isinstance(outcome, sdk.Refused) else outcome


@mutant(
    "says gone when the whole collection is not found",
    PLAYS,
    own=("test_a_list_that_is_not_found_is_not_an_empty_one",),
)
class GoneWithTheCollection(LindenConnector):
    async def _card(self, ref: str) -> Card | None:
        answer = await self._http.send("GET", "/cards", params={"cursor": "0"}, accept=(404,))
        return None if answer.status == 404 else await super()._card(ref)


@mutant("says erased without a call", CALLS, own=("test_what_was_erased_is_not_found_again",))
class SaysErased(LindenConnector):
    async def _erased(self, item: sdk.ItemRef, key: str) -> sdk.Outcome:  # noqa: ARG002 -- what is wrong with it is that it does not look
        return Completed(Effect.ERASED)


@mutant(
    "says erased of what was only accepted",
    CALLS,
    own=("test_what_was_erased_is_not_found_again",),
)
class AcceptedIsDone(LindenConnector):
    async def _removed(self, item: sdk.ItemRef, key: str) -> sdk.Outcome:
        await super()._removed(item, key)
        return Completed(Effect.ERASED)


@mutant("never sees a job settle", PLAYS, refused="still Pending")
class PendingForEver(LindenConnector):
    async def confirm(self, job: str, items: Items) -> Outcomes:
        await super().confirm(job, items)
        return [sdk.ItemOutcome(item.ref, self._pending(job)) for item in items]


@mutant(
    "confirms a job that is still busy", CALLS, own=("test_what_was_erased_is_not_found_again",)
)
class ConfirmsTheBusy(LindenConnector):
    async def confirm(self, job: str, items: Items) -> Outcomes:
        await super().confirm(job, items)
        return [sdk.ItemOutcome(item.ref, Completed(Effect.ERASED)) for item in items]


@mutant(
    "confirms when it cannot ask",
    "test_what_cannot_be_looked_at_is_not_called_gone[connection refused]",
)
class ConfirmsBlindly(LindenConnector):
    async def confirm(self, job: str, items: Items) -> Outcomes:
        try:
            return await super().confirm(job, items)
        except sdk.ConnectorError:
            return [sdk.ItemOutcome(item.ref, Completed(Effect.ERASED)) for item in items]


@mutant("says still_held() of nothing, ever", CALLS, own=("test_what_access_shows_is_still_held",))
class HoldsNothing(LindenConnector):
    async def still_held(self, items: Items) -> Items:  # noqa: ARG002 -- what is wrong with it is that it does not look
        return []


@mutant(
    "says still_held() of everything, always",
    CALLS,
    own=("test_what_was_erased_is_no_longer_held",),
)
class HoldsEverything(LindenConnector):
    async def still_held(self, items: Items) -> Items:
        return items


@mutant(
    "takes an error in still_held() for nothing held",
    "test_what_cannot_be_looked_at_is_not_called_gone[connection refused]",
)
class HoldsNothingOnError(LindenConnector):
    async def still_held(self, items: Items) -> Items:
        try:
            return await super().still_held(items)
        except sdk.ConnectorError:
            return []


@mutant(
    "says already gone when it cannot look",
    "test_what_cannot_be_looked_at_is_not_called_gone[connection refused]",
)
class GoneWhenUnseen(LindenConnector):
    async def _card(self, ref: str) -> Card | None:
        try:
            return await super()._card(ref)
        except sdk.UnavailableError:
            return None


@mutant("gives no outcome for the last item", "test_every_item_erased_has_one_outcome")
class ForgetsOne(LindenConnector):
    async def erase(self, items: Items, *, key: str) -> Outcomes:
        return list(await super().erase(items, key=key))[: len(items) - (len(items) > 1)]


@mutant("gives an outcome for an item that nobody named", "test_every_item_erased_has_one_outcome")
class OutcomeOfNothing(LindenConnector):
    async def erase(self, items: Items, *, key: str) -> Outcomes:
        return [
            *await super().erase(items, key=key),
            sdk.ItemOutcome("c-99", Completed(Effect.ERASED)),
        ]


@mutant("erases the next item along", PLAYS, own=("test_erasing_one_item_leaves_the_others",))
class TakesTheNeighbour(LindenConnector):
    async def _removed(self, item: sdk.ItemRef, key: str) -> sdk.Outcome:
        number = int(item.ref.rpartition("-")[2]) + 1
        ids = {"id": f"c-{number}"}
        await self._http.send("DELETE", "/cards/{id}", ids=ids, key=f"{key}/+", accept=(404, 409))
        return await super()._removed(item, key)


@mutant(
    "erases all that the upstream holds", PLAYS, own=("test_erasing_one_item_leaves_the_others",)
)
class TakesEverything(LindenConnector):
    async def _removed(self, item: sdk.ItemRef, key: str) -> sdk.Outcome:  # noqa: ARG002 -- what is wrong with it is that it does not look
        await self._http.send("DELETE", "/cards", key=key)
        return Completed(Effect.ERASED)


@mutant(
    "erases what it finds anew, not what it was given",
    PLAYS,
    own=("test_erasing_one_item_leaves_the_others",),
)
class EnumeratesAgain(LindenConnector):
    async def _removed(self, item: sdk.ItemRef, key: str) -> sdk.Outcome:
        card = await self._card(item.ref)
        asked = {"email": (card.emails or ["none@example.org"])[-1]} if card else {}
        for found in [each async for each in self._cards(asked)]:
            ids = {"id": found.id}
            await self._http.send(
                "DELETE", "/cards/{id}", ids=ids, key=f"{key}/{found.id}", accept=(404, 409)
            )
        return await super()._removed(item, key)


@mutant("deletes with an empty id", PLAYS, refused="InvalidIdentifierError")
class EmptyId(LindenConnector):
    async def _removed(self, item: sdk.ItemRef, key: str) -> sdk.Outcome:
        ids = {"id": item.ref.partition("/")[2]}
        await self._http.send("DELETE", "/cards/{id}", ids=ids, key=key, accept=(404,))
        return Completed(Effect.ERASED)


@mutant(
    "keeps items in the instance from one step to the next",
    "test_every_item_erased_has_one_outcome",
    own=("test_every_item_erased_has_one_outcome",),
)
class RemembersInTheInstance(LindenConnector):
    def __init__(self, *given: object) -> None:
        super().__init__(*given)  # type: ignore[arg-type]  # whatever the good one takes
        self._found: set[str] = set()

    def _record(self, card: Card) -> sdk.Record:
        self._found.add(card.id)
        return super()._record(card)

    async def erase(self, items: Items, *, key: str) -> Outcomes:
        known = [item for item in items if item.ref in self._found]
        return await super().erase(known, key=key)


@mutant(
    "writes again what it had already erased, and fails",
    "test_an_erasure_goes_on_after_the_process_died",
)
class GoneIsFailed(LindenConnector):
    async def _erased(self, item: sdk.ItemRef, key: str) -> sdk.Outcome:
        outcome = await super()._erased(item, key)
        is_gone = outcome == Completed(Effect.ALREADY_GONE)
        return sdk.Failed("gone", "it is not there") if is_gone else outcome


@mutant("asks to look again in the past", "test_pending_says_a_later_moment")
class LooksAgainAtOnce(LindenConnector):
    def _pending(self, job: str) -> sdk.Pending:
        return sdk.Pending(job, self._http.now() - timedelta(hours=1))


@mutant("asks to look again at a moment without a time zone", PLAYS, refused="TypeError")
class NaiveLook(LindenConnector):
    def _pending(self, job: str) -> sdk.Pending:
        found = super()._pending(job)
        return sdk.Pending(job, found.look_again_at.replace(tzinfo=None))
