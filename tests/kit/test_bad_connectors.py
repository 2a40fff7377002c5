"""Connectors that go wrong in one way each, and the law that notices."""

from __future__ import annotations

import asyncio
import logging
import tempfile
import urllib.request
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar
from uuid import uuid4

import pytest
from acme_connector import AcmeConnector, AcmeSettings, Page
from pydantic import ConfigDict
from test_acme import TestAcme as Good

import avgate_contracts as sdk
from avgate_contracts.kit.law import laws_of

Bad = type[AcmeConnector]
CAUGHT: list[tuple[Bad, str]] = []


def caught_by(*laws: str) -> Any:
    """Names the tests that have to fail, as `name` or `name[case]`."""

    def decorate(kind: Bad) -> Bad:
        CAUGHT.extend((kind, law) for law in laws)
        return kind

    return decorate


class BareSettings(AcmeSettings):
    api_token: str = "t"


class LaxSettings(AcmeSettings):
    model_config = ConfigDict(extra="ignore")


class TalkingSettings(AcmeSettings):
    def __repr__(self) -> str:
        return f"AcmeSettings({self.client_secret.get_secret_value()})"


@caught_by("test_secrets_in_the_settings_are_typed_as_secrets")
class BareSecret(AcmeConnector):
    settings_type: ClassVar[type[AcmeSettings]] = BareSettings


@caught_by("test_unknown_settings_are_refused")
class Lax(AcmeConnector):
    settings_type: ClassVar[type[AcmeSettings]] = LaxSettings


@caught_by("test_no_secret_shows_in_the_settings")
class Talking(AcmeConnector):
    settings_type: ClassVar[type[AcmeSettings]] = TalkingSettings


@caught_by("test_the_manifest_is_sound")
class FindsNobody(AcmeConnector):
    manifest: ClassVar[sdk.Manifest] = replace(AcmeConnector.manifest, finds_by=frozenset())


@caught_by("test_the_manifest_is_sound")
class OfTomorrow(AcmeConnector):
    manifest: ClassVar[sdk.Manifest] = replace(AcmeConnector.manifest, protocol="1.7")


@caught_by("test_every_capability_claimed_has_its_methods")
class Boasts(AcmeConnector, sdk.SupportsRegister):
    pass


class Unclaimed(sdk.Connector, sdk.SupportsAccess):
    manifest: ClassVar[sdk.Manifest] = replace(AcmeConnector.manifest, erases={})
    settings_type: ClassVar[type[AcmeSettings]] = AcmeSettings
    erase = AcmeConnector.erase
    still_held = AcmeConnector.still_held
    access = AcmeConnector.access
    __init__ = AcmeConnector.__init__  # type: ignore[assignment]  # borrowed from no base, on purpose
    check = AcmeConnector.check


CAUGHT.append((Unclaimed, "test_every_method_of_a_capability_is_claimed"))  # type: ignore[arg-type]  # no subclass, on purpose


@caught_by("test_every_story_plays_as_it_was_recorded", "test_every_recorded_call_is_made")
class CallsTooMuch(AcmeConnector):
    async def access(self, subject: sdk.DataSubject) -> AsyncIterator[sdk.Record]:
        await self._http.send("GET", "/me")
        async for record in super().access(subject):
            yield record


@caught_by("test_every_recorded_call_is_made")
class OnePage(AcmeConnector):
    async def access(self, subject: sdk.DataSubject) -> AsyncIterator[sdk.Record]:
        (email,) = subject.of_kind(sdk.IdentifierKind.EMAIL)
        answer = await self._http.send("GET", "/cards", params={"email": email.value, "page": 1})
        for card in answer.parse(Page).items:
            yield self._record(card)


@caught_by("test_a_page_that_fails_is_not_the_end[404]")
class EndsAt404(AcmeConnector):
    async def access(self, subject: sdk.DataSubject) -> AsyncIterator[sdk.Record]:
        found = super().access(subject)
        try:
            async for record in found:
                yield record
        except sdk.NotFoundError:
            return


@caught_by("test_access_finds_the_subject")
class NamesNobody(AcmeConnector):
    def _record(self, card: Any) -> sdk.Record:
        return replace(super()._record(card), identifiers=())


@caught_by(
    "test_somebody_elses_data_is_not_taken_for_the_subjects[instead of the subject]",
    "test_somebody_elses_data_is_not_taken_for_the_subjects[beside the subject]",
)
class NamesTheSubject(AcmeConnector):
    async def access(self, subject: sdk.DataSubject) -> AsyncIterator[sdk.Record]:
        async for record in super().access(subject):
            yield replace(record, identifiers=subject.identifiers)


@caught_by("test_identifiers_are_those_the_upstream_gave")
class MakesUpIdentifiers(AcmeConnector):
    def _record(self, card: Any) -> sdk.Record:
        made = sdk.Identifier.of(sdk.IdentifierKind.CUSTOMER_ID, "made-up-77")
        record = super()._record(card)
        return replace(record, identifiers=(*record.identifiers, made))


@caught_by("test_an_earlier_holder_gets_nothing_of_the_present_one")
class ForgetsTheDays(AcmeConnector):
    """Acme's cards have days; what is asked for days before them is shown all the same."""

    def _record(self, card: Any) -> sdk.Record:
        record = super()._record(card)
        return replace(
            record, identifiers=tuple(replace(i, valid_from=None) for i in record.identifiers)
        )


@caught_by("test_nobody_is_nothing_held")
class NobodyIsAnError(AcmeConnector):
    async def access(self, subject: sdk.DataSubject) -> AsyncIterator[sdk.Record]:
        count = 0
        async for record in super().access(subject):
            count += 1
            yield record
        if not count:
            raise sdk.NotFoundError("nobody", status=404)


@caught_by("test_export_holds_all_that_access_shows")
class ExportsLess(AcmeConnector):
    async def export(self, subject: sdk.DataSubject) -> AsyncIterator[sdk.Record]:
        async for record in self.access(subject):
            if record.item.category is sdk.Category.CRM_DATA:
                yield record


@caught_by("test_every_item_is_named_once_and_is_of_a_kind_the_manifest_names")
class OneRefForAll(AcmeConnector):
    def _record(self, card: Any) -> sdk.Record:
        record = super()._record(card)
        return replace(record, item=replace(record.item, ref="same"))


@caught_by("test_every_item_erased_has_one_outcome")
class ForgetsOne(AcmeConnector):
    async def erase(self, items: Sequence[sdk.ItemRef], *, key: str) -> Sequence[sdk.ItemOutcome]:
        return list(await super().erase(items, key=key))[1:]


@caught_by("test_items_come_in_any_order")
class GoesByPlace(AcmeConnector):
    async def erase(self, items: Sequence[sdk.ItemRef], *, key: str) -> Sequence[sdk.ItemOutcome]:
        outcomes = list(await super().erase(items, key=key))
        if len(items) > 1 and items[0].category is sdk.Category.FINANCIAL:
            outcomes[-1] = replace(outcomes[-1], outcome=sdk.Failed("order", "too late"))
        return outcomes


@caught_by("test_no_items_take_no_calls")
class AsksForNothing(AcmeConnector):
    async def still_held(self, items: Sequence[sdk.ItemRef]) -> Sequence[sdk.ItemRef]:
        await self.check()
        return await super().still_held(items)


@caught_by("test_every_story_plays_as_it_was_recorded")
class RandomKey(AcmeConnector):
    async def erase(self, items: Sequence[sdk.ItemRef], *, key: str) -> Sequence[sdk.ItemOutcome]:
        return await super().erase(items, key=f"{key}/{uuid4()}")


@caught_by("test_keys_of_erasing_are_made_of_the_key_given")
class OwnKey(AcmeConnector):
    async def erase(self, items: Sequence[sdk.ItemRef], *, key: str) -> Sequence[sdk.ItemOutcome]:
        return await super().erase(items, key="kit-erase-1" if key else key)


@caught_by(
    "test_a_lasting_fault_is_told_and_not_asked_for_ever[500]",
    "test_a_passing_fault_changes_nothing_or_is_told[garbage with 200]",
    "test_refused_credentials_are_an_operators_task",
    "test_a_refusal_is_not_asked_again[403]",
    "test_a_long_wait_is_handed_on[in seconds]",
)
class Swallows(AcmeConnector):
    async def access(self, subject: sdk.DataSubject) -> AsyncIterator[sdk.Record]:
        try:
            async for record in super().access(subject):
                yield record
        except sdk.ConnectorError:
            return


@caught_by(
    "test_a_refusal_is_not_asked_again[409]",
    "test_a_lasting_fault_is_told_and_not_asked_for_ever[504]",
    "test_a_long_wait_is_handed_on[as a date]",
)
class TriesForEver(AcmeConnector):
    def __init__(self, settings: AcmeSettings, http: sdk.HttpClient) -> None:
        super().__init__(settings, http)
        self._send = http.send
        self._http = _Wrapped(http, self._again)  # type: ignore[assignment]

    async def _again(self, *args: Any, **kwargs: Any) -> Any:
        for _ in range(40):
            try:
                return await self._send(*args, **kwargs)
            except (sdk.UnavailableError, sdk.RefusedError):
                await asyncio.sleep(0.01)
        return await self._send(*args, **kwargs)


class _Wrapped:
    def __init__(self, http: Any, send: Any) -> None:
        self._inner, self.send = http, send

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


@caught_by("test_a_lasting_fault_is_told_and_not_asked_for_ever[connection refused]")
class RaisesItsOwn(AcmeConnector):
    async def check(self) -> None:
        try:
            await super().check()
        except sdk.ConnectorError as error:
            raise RuntimeError from error


class LoosePage(Page):
    next: int | None = None


class LooseSettings(AcmeSettings):
    pass


@caught_by("test_a_changed_schema_is_noticed[renamed]")
class LooseModel(AcmeConnector):
    async def access(self, subject: sdk.DataSubject) -> AsyncIterator[sdk.Record]:
        (email,) = subject.of_kind(sdk.IdentifierKind.EMAIL)
        page: int | None = 1
        while page is not None:
            asked = {"email": email.value, "page": page}
            found = (await self._http.send("GET", "/cards", params=asked)).parse(LoosePage)
            for card in found.items:
                yield self._record(card)
            page = found.next


@caught_by("test_a_changed_schema_is_noticed[another type]")
class LeaksTypeErrors(AcmeConnector):
    async def access(self, subject: sdk.DataSubject) -> AsyncIterator[sdk.Record]:
        (email,) = subject.of_kind(sdk.IdentifierKind.EMAIL)
        page = 1
        while page:
            asked = {"email": email.value, "page": page}
            found: Any = (await self._http.send("GET", "/cards", params=asked)).json()
            parsed = Page.model_validate(found)
            for card in parsed.items:
                yield self._record(card)
            page = found["next"]


@caught_by(
    "test_an_erasure_that_never_arrived_is_not_called_done",
    "test_an_erasure_whose_answer_was_lost_is_done_only_on_evidence",
)
class Optimist(AcmeConnector):
    async def _erased(self, item: sdk.ItemRef, key: str) -> sdk.Outcome:
        outcome = await super()._erased(item, key)
        if isinstance(outcome, sdk.Unknown):
            return sdk.Completed(sdk.Effect.ERASED)
        return outcome


@caught_by(
    "test_a_rectification_that_never_arrived_is_not_called_done",
    "test_a_rectification_whose_answer_was_lost_is_done_only_on_evidence",
)
class OptimistOfChange(AcmeConnector):
    async def _rectified(self, change: sdk.ItemChange, key: str) -> sdk.Outcome:
        outcome = await super()._rectified(change, key)
        if isinstance(outcome, sdk.Unknown):
            return sdk.Completed(sdk.Effect.RECTIFIED)
        return outcome


@caught_by("test_an_erasure_goes_on_after_the_process_died")
class FailsWhatIsGone(AcmeConnector):
    async def _erased(self, item: sdk.ItemRef, key: str) -> sdk.Outcome:
        outcome = await super()._erased(item, key)
        if outcome == sdk.Completed(sdk.Effect.ALREADY_GONE):
            return sdk.Failed("gone", "not there")
        return outcome


@caught_by("test_cancelled_it_stops_at_once_and_says_so")
class EatsCancellation(AcmeConnector):
    async def check(self) -> None:
        try:
            await super().check()
        except asyncio.CancelledError:
            return


@caught_by("test_nobody_is_named_in_logs_output_errors_and_reasons")
class LogsTheEmail(AcmeConnector):
    def _record(self, card: Any) -> sdk.Record:
        logging.getLogger("acme").debug("found %s", card.email)
        return super()._record(card)


@caught_by("test_nobody_is_named_in_logs_output_errors_and_reasons")
class LogsTheName(AcmeConnector):
    def _record(self, card: Any) -> sdk.Record:
        logging.getLogger("acme").info("found", extra={"who": card.name})
        return super()._record(card)


@caught_by("test_nobody_is_named_in_logs_output_errors_and_reasons")
class Prints(AcmeConnector):
    def _record(self, card: Any) -> sdk.Record:
        print(card)  # noqa: T201 -- what is wrong with it
        return super()._record(card)


@caught_by("test_nobody_is_named_in_logs_output_errors_and_reasons")
class EchoesTheBody(AcmeConnector):
    async def check(self) -> None:
        answer = await self._http.send("GET", "/me", accept=(403,))
        if answer.status == 403:
            raise sdk.RefusedError(f"refused: {answer.text()}", status=403)
        answer.json()


@caught_by("test_no_secret_is_told")
class LogsTheSecret(AcmeConnector):
    def __init__(self, settings: AcmeSettings, http: sdk.HttpClient) -> None:
        super().__init__(settings, http)
        logging.getLogger("acme").warning("with %s", settings.client_secret.get_secret_value())


@caught_by("test_nothing_of_a_person_shows_in_a_repr")
class NamesTheFile(AcmeConnector):
    def _record(self, card: Any) -> sdk.Record:
        record = super()._record(card)
        files = [replace(each, name=f"{card.name}.txt") for each in record.attachments]
        return replace(record, attachments=tuple(files))


@caught_by("test_only_the_given_client_reaches_out")
class OwnClient(AcmeConnector):
    async def check(self) -> None:
        try:
            urllib.request.urlopen("http://127.0.0.1:9/", timeout=1)  # noqa: ASYNC210
        except OSError:
            return


@caught_by("test_nothing_is_written_to_disk")
class KeepsACopy(AcmeConnector):
    def _record(self, card: Any) -> sdk.Record:
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(card.model_dump_json())
        return super()._record(card)


@caught_by("test_every_story_plays_as_it_was_recorded")
class KeyOfAName(AcmeConnector):
    async def erase(self, items: Sequence[sdk.ItemRef], *, key: str) -> Sequence[sdk.ItemOutcome]:
        return await super().erase(items, key=f"{key}/fleur.bakker@example.org")


@caught_by("test_files_are_fetched_when_they_are_opened")
class FetchesFilesAtOnce(AcmeConnector):
    async def access(self, subject: sdk.DataSubject) -> AsyncIterator[sdk.Record]:
        async for record in super().access(subject):
            for each in record.attachments:
                async with each.open() as chunks:
                    held = b"".join([chunk async for chunk in chunks])
                kept = replace(each, open=partial(Held, held))
                yield replace(record, attachments=(kept,))
            if not record.attachments:
                yield record

    export = access


@caught_by("test_files_pass_through_and_are_never_held")
class HoldsFiles(AcmeConnector):
    def _record(self, card: Any) -> sdk.Record:
        record = super()._record(card)
        files = [replace(e, open=partial(Whole, e.open)) for e in record.attachments]
        return replace(record, attachments=tuple(files))


class Held:
    def __init__(self, content: bytes) -> None:
        self._content = content

    async def __aenter__(self) -> AsyncIterator[bytes]:
        async def once() -> AsyncIterator[bytes]:
            yield self._content

        return once()

    async def __aexit__(self, *_: object) -> None:
        pass


class Whole(Held):
    def __init__(self, opened: Any) -> None:
        super().__init__(b"")
        self._opened = opened

    async def __aenter__(self) -> AsyncIterator[bytes]:
        async with self._opened() as chunks:
            self._content = b"".join([chunk async for chunk in chunks])
        return await super().__aenter__()


def suite_of(kind: type[Any]) -> type[Any]:
    """Acme's own test class, for another connector."""
    return type(f"Test{kind.__name__}", (Good,), {"connector": kind, "__module__": Good.__module__})


@pytest.mark.parametrize(("kind", "law"), CAUGHT, ids=lambda each: getattr(each, "__name__", each))
def test_a_bad_connector_is_noticed(kind: type[Any], law: str) -> None:
    suite = suite_of(kind)
    name, _, case = law.rstrip("]").partition("[")
    assert law in {variant for each in laws_of(suite) for variant in each.variants()}
    test = getattr(suite(), name)
    with pytest.raises((pytest.fail.Exception, BaseException)) as caught:
        test(**({"case": case} if case else {}))
    assert isinstance(caught.value, pytest.fail.Exception), caught.value
    assert "fleur" not in str(caught.value).lower()
