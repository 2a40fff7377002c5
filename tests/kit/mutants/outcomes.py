"""Connectors whose outcomes are not those of their items, or say more than was seen."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import avgate_contracts as sdk
from avgate_contracts import Category, Completed, Effect

from .linden import Card, Job, LindenConnector
from .reading import PLAYS
from .registry import mutant

EFFECT, WRITTEN, TAKEN, OLD = (
    "test_an_effect_is_one_that_the_item_can_have",
    "test_a_change_is_claimed_only_where_something_was_written",
    "test_a_change_that_is_taken_and_does_not_show_is_not_called_right",
    "test_a_value_that_stands_there_no_more_is_not_overwritten",
)
TWICE, LEFT = (
    "test_what_makes_something_is_not_sent_twice_without_a_key",
    "test_nothing_goes_on_once_it_has_answered",
)


def blind(case: str) -> str:
    return f"test_what_cannot_be_looked_at_is_not_called_right[{case}]"


@mutant("says anonymised of what it deletes", EFFECT)
class AnotherEffect(LindenConnector):
    async def _erased(self, item: sdk.ItemRef, key: str) -> sdk.Outcome:
        outcome = await super()._erased(item, key)
        is_erased = outcome == Completed(Effect.ERASED)
        return Completed(Effect.ANONYMISED) if is_erased else outcome


@mutant("says rectified of what it erased", EFFECT)
class RectifiedByErasing(LindenConnector):
    async def _erased(self, item: sdk.ItemRef, key: str) -> sdk.Outcome:
        outcome = await super()._erased(item, key)
        return Completed(Effect.RECTIFIED) if outcome == Completed(Effect.ERASED) else outcome


@mutant("says erased of what was gone before", WRITTEN)
class ErasedOnceMore(LindenConnector):
    async def _erased(self, item: sdk.ItemRef, key: str) -> sdk.Outcome:
        outcome = await super()._erased(item, key)
        return Completed(Effect.ERASED) if outcome == Completed(Effect.ALREADY_GONE) else outcome


@mutant(
    "gives the outcomes of the items in another order", "test_one_refusal_is_told_of_its_own_item"
)
class OutcomesAstray(LindenConnector):
    async def erase(self, items: Sequence[sdk.ItemRef], *, key: str) -> Sequence[sdk.ItemOutcome]:
        outcomes = await super().erase(items, key=key)
        pairs = zip(items, reversed(outcomes), strict=True)
        return [sdk.ItemOutcome(item.ref, other.outcome) for item, other in pairs]


@mutant("takes an error in rectify() for nothing held", blind("connection refused"), blind("500"))
class NothingToRectify(LindenConnector):
    async def _rectified(self, change: sdk.ItemChange, key: str) -> sdk.Outcome:
        try:
            return await super()._rectified(change, key)
        except sdk.UnavailableError:
            return sdk.NothingHeld()


@mutant("says rectified without reading back", TAKEN)
class BelievesTheAnswer(LindenConnector):
    async def _rectified(self, change: sdk.ItemChange, key: str) -> sdk.Outcome:
        outcome = await super()._rectified(change, key)
        return Completed(Effect.RECTIFIED) if isinstance(outcome, sdk.Failed) else outcome


@mutant("overwrites a value that stands there no more", OLD)
class OverwritesTheNew(LindenConnector):
    def _stands_there(self, card: Card, change: sdk.ItemChange) -> bool:  # noqa: ARG002 -- what is wrong with it is that it does not look
        return True


@mutant("sends a POST without a key again, as if it could be repeated", PLAYS, own=(TWICE,))
class RepeatsWithoutAKey(LindenConnector):
    async def _removed(self, item: sdk.ItemRef, key: str) -> sdk.Outcome:
        if item.category is not Category.FINANCIAL:
            return await super()._removed(item, key)
        body: sdk.Json = {"ids": [item.ref]}
        answer = await self._http.send("POST", "/removals", json=body, repeatable=True)
        return self._pending(answer.parse(Job).id)


@mutant("reads the machine's clock", "test_time_is_asked_of_the_client")
class ReadsTheClock(LindenConnector):
    def _pending(self, job: str) -> sdk.Pending:
        return sdk.Pending(job, datetime.now(UTC) + timedelta(hours=1))


@mutant("leaves a task behind", LEFT)
class LeavesATask(LindenConnector):
    async def check(self) -> None:
        await super().check()
        self._later = asyncio.get_running_loop().create_task(self._http.sleep(3600))
