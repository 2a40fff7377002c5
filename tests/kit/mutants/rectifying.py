"""Connectors that rectify wrongly: more than was asked, another value, or nothing at all."""

from __future__ import annotations

import avgate_contracts as sdk
from avgate_contracts import Completed, Effect

from .linden import Card, LindenConnector
from .reading import CALLS, PLAYS
from .registry import mutant


@mutant(
    "says done of a rectification whose answer was lost",
    "test_a_rectification_that_never_arrived_is_not_called_done",
    "test_a_rectification_whose_answer_was_lost_is_done_only_on_evidence",
)
class RightWhenLost(LindenConnector):
    async def _rectified(self, change: sdk.ItemChange, key: str) -> sdk.Outcome:
        outcome = await super()._rectified(change, key)
        return Completed(Effect.RECTIFIED) if isinstance(outcome, sdk.Unknown) else outcome


@mutant("says rectified without a write", CALLS, own=("test_a_rectified_value_is_shown",))
class SaysRight(LindenConnector):
    async def _rectified(self, change: sdk.ItemChange, key: str) -> sdk.Outcome:  # noqa: ARG002 -- what is wrong with it is that it does not look
        return Completed(Effect.RECTIFIED)


@mutant("changes another member along", PLAYS, own=("test_rectifying_leaves_the_rest_of_an_item",))
class ChangesMore(LindenConnector):
    def _written(self, card: Card, change: sdk.ItemChange) -> dict[str, sdk.Json]:
        return {**super()._written(card, change), "street": ""}


@mutant(
    "overwrites the first value, whichever was wrong",
    "test_the_value_named_by_before_is_the_one_replaced",
)
class OverwritesTheFirst(LindenConnector):
    def _written(self, card: Card, change: sdk.ItemChange) -> dict[str, sdk.Json]:
        body = super()._written(card, change)
        for each in change.changes:
            if each.name is sdk.Field.EMAIL:
                body["emails"] = [each.after, *card.emails[1:]]
        return body


@mutant(
    "overwrites all values of a field", PLAYS, own=("test_rectifying_leaves_the_rest_of_an_item",)
)
class OverwritesAll(LindenConnector):
    def _written(self, card: Card, change: sdk.ItemChange) -> dict[str, sdk.Json]:
        body = super()._written(card, change)
        for each in change.changes:
            if each.name is sdk.Field.EMAIL:
                body["emails"] = [each.after]
        return body
