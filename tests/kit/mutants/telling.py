"""Connectors that tell, in logs, errors, reprs or elsewhere, what nobody may be told."""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import ClassVar

import avgate_contracts as sdk

from .linden import Card, LindenConnector, LindenSettings
from .reading import PLAYS
from .registry import mutant

NAMED = "test_nobody_is_named_in_logs_output_errors_and_reasons"
FETCHED, HELD = (
    "test_files_are_fetched_when_they_are_opened",
    "test_files_pass_through_and_are_never_held",
)


@mutant("logs an e-mail address", NAMED)
class LogsTheEmail(LindenConnector):
    def _record(self, card: Card) -> sdk.Record:
        logging.getLogger("linden").debug("found %s", card.emails[0])
        return super()._record(card)


@mutant("logs a name, in a member of the record", NAMED)
class LogsTheName(LindenConnector):
    def _record(self, card: Card) -> sdk.Record:
        logging.getLogger("linden").info("found", extra={"who": card.name})
        return super()._record(card)


@mutant("prints what it reads", NAMED)
class Prints(LindenConnector):
    def _record(self, card: Card) -> sdk.Record:
        print(card)  # noqa: T201 -- what is wrong with it
        return super()._record(card)


@mutant("warns about a person by name", NAMED)
class Warns(LindenConnector):
    def _record(self, card: Card) -> sdk.Record:
        warnings.warn(f"{card.name} has no number", stacklevel=2)
        return super()._record(card)


@mutant("puts the e-mail address into an error", NAMED)
class NamesInAnError(LindenConnector):
    async def access(self, subject: sdk.DataSubject) -> AsyncIterator[sdk.Record]:
        try:
            async for record in super().access(subject):
                yield record
        except sdk.UnavailableError as error:
            who = subject.identifiers[0].value
            raise sdk.UnavailableError(f"no answer about {who}", after=error.after) from None


@mutant("names the subject in an error about somebody else", NAMED)
class NamesWhomItDoesNotFit(LindenConnector):
    async def access(self, subject: sdk.DataSubject) -> AsyncIterator[sdk.Record]:
        found = [record async for record in super().access(subject)]
        if found and not any(subject.known_by(record.identifiers) for record in found):
            raise sdk.AmbiguousSubjectError(f"not only {subject.identifiers[0].value}")
        for record in found:
            yield record


@mutant("puts the upstream's body into an error", NAMED)
class EchoesTheBody(LindenConnector):
    async def check(self) -> None:
        answer = await self._http.send("GET", "/me", accept=(400, 403, 409, 422))
        if answer.status >= 400:
            raise sdk.RefusedError(f"refused: {answer.text()}", status=answer.status)
        answer.json()


@mutant("raises an error whose chain holds the payload", NAMED)
class ChainsThePayload(LindenConnector):
    async def check(self) -> None:
        answer = await self._http.send("GET", "/me", accept=(400, 403, 409, 422))
        try:
            if answer.status >= 400:
                raise ValueError(answer.text())  # noqa: TRY301 -- what is wrong with it
        except ValueError as error:
            raise sdk.RefusedError("refused", status=answer.status) from error


@mutant("puts the upstream's body into a reason", NAMED)
class EchoesInAReason(LindenConnector):
    async def _removed(self, item: sdk.ItemRef, key: str) -> sdk.Outcome:
        ids, refusals = {"id": item.ref}, (404, 400, 403, 409, 422)
        if item.category is not sdk.Category.FINANCIAL:
            answer = await self._http.send(
                "DELETE", "/cards/{id}", ids=ids, key=key, accept=refusals
            )
            if answer.status not in {204, 404}:
                return sdk.Refused("refused", answer.text())
            return sdk.Completed(sdk.Effect.ERASED)
        return await super()._removed(item, key)


class BareSettings(LindenSettings):
    api_token: str = "t"


@mutant("types a secret as plain text", "test_secrets_in_the_settings_are_typed_as_secrets")
class BareSecret(LindenConnector):
    settings_type: ClassVar[type[LindenSettings]] = BareSettings


class TalkingSettings(LindenSettings):
    def __repr__(self) -> str:
        return f"LindenSettings({self.client_secret.get_secret_value()})"


@mutant("shows a secret in the repr of its settings", "test_no_secret_shows_in_the_settings")
class SecretInRepr(LindenConnector):
    settings_type: ClassVar[type[LindenSettings]] = TalkingSettings


@mutant("logs a secret", "test_no_secret_is_told")
class LogsTheSecret(LindenConnector):
    def __init__(self, settings: LindenSettings, http: sdk.HttpClient) -> None:
        super().__init__(settings, http)
        secret = settings.client_secret.get_secret_value()
        logging.getLogger("linden").warning("logging in with %s", secret)


@mutant("names a file after the person", "test_nothing_of_a_person_shows_in_a_repr")
class NamesTheFile(LindenConnector):
    def _record(self, card: Card) -> sdk.Record:
        record = super()._record(card)
        files = [replace(each, name=f"{card.name}.txt") for each in record.attachments]
        return replace(record, attachments=tuple(files))


@mutant("writes a copy to disk", "test_nothing_is_written_to_disk")
class KeepsACopy(LindenConnector):
    def _record(self, card: Card) -> sdk.Record:
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(card.model_dump_json())
        return super()._record(card)


@mutant("makes keys of the person's address", PLAYS, own=("test_keys_of_writes_name_nobody",))
class KeyOfAnAddress(LindenConnector):
    async def _removed(self, item: sdk.ItemRef, key: str) -> sdk.Outcome:
        card = await self._card(item.ref)
        return await super()._removed(item, f"{key}/{card.street if card else ''}")


@mutant("fetches files with the records, and keeps them in memory", FETCHED)
class FetchesFiles(LindenConnector):
    async def access(self, subject: sdk.DataSubject) -> AsyncIterator[sdk.Record]:
        async for record in super().access(subject):
            held = [await _whole(each) for each in record.attachments]
            yield replace(record, attachments=tuple(held))


@mutant("reads a file whole before it hands on the first piece", HELD)
class HoldsFiles(LindenConnector):
    @asynccontextmanager
    async def _photo(self, card: str) -> AsyncIterator[AsyncIterator[bytes]]:
        async with super()._photo(card) as chunks:
            held = [chunk async for chunk in chunks]
        yield _given(held)


async def _whole(file: sdk.Attachment) -> sdk.Attachment:
    async with file.open() as chunks:
        held = [chunk async for chunk in chunks]

    @asynccontextmanager
    async def again() -> AsyncIterator[AsyncIterator[bytes]]:
        yield _given(held)

    return replace(file, open=again)


async def _given(pieces: Sequence[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece
