"""Connectors that get one of the remaining promises wrong, so that each law has one that breaks it."""

from __future__ import annotations

import contextlib
import urllib.request
from collections.abc import Sequence
from typing import ClassVar

import avgate_contracts as sdk
from avgate_contracts import Completed, Effect

from .linden import LindenConnector, LindenSettings
from .reading import PLAYS
from .registry import mutant
from .writing import Items, Outcomes

Changes = Sequence[sdk.ItemChange]


@mutant("calls out as soon as it is made", "test_making_it_calls_nobody")
class CallsWhenMade(LindenConnector):
    def __init__(self, settings: LindenSettings, http: sdk.HttpClient) -> None:
        super().__init__(settings, http)
        with contextlib.suppress(OSError):
            urllib.request.urlopen("http://127.0.0.1:9/", timeout=1)


@mutant("erases nothing of anybody's, whatever it says it can", "test_something_can_be_erased")
class ErasesNothing(LindenConnector):
    async def erase(self, items: Items, *, key: str) -> Outcomes:  # noqa: ARG002 -- what is wrong with it is that it does not look
        refused = sdk.Refused("never", "ask somebody there")
        return [sdk.ItemOutcome(item.ref, refused) for item in items]


@mutant("says failed of what was gone already", "test_erasing_twice_is_erasing_once")
class FailsWhatIsGone(LindenConnector):
    async def _erased(self, item: sdk.ItemRef, key: str) -> sdk.Outcome:
        outcome = await super()._erased(item, key)
        is_gone = outcome == Completed(Effect.ALREADY_GONE)
        return sdk.Failed("gone", "it is not there") if is_gone else outcome


@mutant("is tested without anything to rectify", "test_the_class_says_what_to_rectify", changes={})
class RectifiesUntested(LindenConnector):
    pass


@mutant("gives no outcome for the last change", "test_every_item_rectified_has_one_outcome")
class ForgetsAChange(LindenConnector):
    async def rectify(self, items: Changes, *, key: str) -> Outcomes:
        return list(await super().rectify(items, key=key))[:-1]


@mutant(
    "rectifies another item of the person along",
    PLAYS,
    own=("test_rectifying_leaves_other_items_as_they_were",),
)
class RectifiesTheNext(LindenConnector):
    async def rectify(self, items: Changes, *, key: str) -> Outcomes:
        outcomes = await super().rectify(items, key=key)
        if items:
            ids, at = {"id": "c-5"}, "/cards/{id}"
            body: sdk.Json = {"street": "Elders 1"}
            await self._http.send("PATCH", at, ids=ids, json=body, key=f"{key}/c-5")
        return outcomes


@mutant(
    "says failed of what was right already",
    "test_rectifying_twice_changes_once",
    "test_a_rectification_goes_on_after_the_process_died",
)
class FailsWhatIsRight(LindenConnector):
    async def _rectified(self, change: sdk.ItemChange, key: str) -> sdk.Outcome:
        outcome = await super()._rectified(change, key)
        is_right = outcome == Completed(Effect.ALREADY_RIGHT)
        return sdk.Failed("right", "it is so already") if is_right else outcome


@mutant(
    "makes its keys of changes without the key given",
    PLAYS,
    own=("test_keys_of_rectifying_are_made_of_the_key_given",),
)
class KeyOfAChangeAlone(LindenConnector):
    async def rectify(self, items: Changes, *, key: str) -> Outcomes:  # noqa: ARG002 -- what is wrong with it is that it does not look
        return await super().rectify(items, key="linden")


@mutant(
    "says rectified when the upstream refuses",
    "test_a_refused_rectification_is_not_called_done[403]",
)
class RightWhenRefused(LindenConnector):
    async def _rectified(self, change: sdk.ItemChange, key: str) -> sdk.Outcome:
        try:
            return await super()._rectified(change, key)
        except sdk.RefusedError:
            return Completed(Effect.RECTIFIED)


async def _once(exchange: sdk.Exchange, previous: sdk.Token | None) -> sdk.Token:
    if previous is not None:
        return previous
    answer = await exchange("/token", {"grant": "session"})
    if not isinstance(answer.body, dict):
        raise sdk.UnavailableError("no token was given")
    return sdk.Token(str(answer.body.get("access_token", "")))


class StaleSettings(LindenSettings):
    def credentials(self) -> sdk.Credentials:
        return sdk.Session("Bearer", _once)


@mutant("keeps a token that has run out", PLAYS, own=("test_a_token_that_runs_out_is_renewed",))
class KeepsAnOldToken(LindenConnector):
    settings_type: ClassVar[type[LindenSettings]] = StaleSettings
