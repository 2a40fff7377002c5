"""Connectors that hand on less than the upstream said, or tell of it on the side."""

from __future__ import annotations

import base64
import hashlib
import logging
import os
import sqlite3
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import avgate_contracts as sdk

from .linden import KINDS, Card, LindenConnector, LindenSettings
from .reading import PLAYS
from .registry import mutant
from .telling import NAMED

SHOWS, DISK, DAYS, CAPITALS = (
    "test_a_record_shows_what_it_is_about",
    "test_nothing_is_written_to_disk",
    "test_days_beside_an_identifier_are_its_own",
    "test_capitals_in_an_address_make_nobody_else",
)


@mutant("hands out records without data", SHOWS)
class EmptyRecords(LindenConnector):
    def _record(self, card: Card) -> sdk.Record:
        return replace(super()._record(card), data={})


@mutant("cuts a value off", SHOWS)
class CutsValues(LindenConnector):
    def _record(self, card: Card) -> sdk.Record:
        return super()._record(card.model_copy(update={"name": card.name[:3]}))


@mutant("gives the first of several values of a field", SHOWS)
class FirstValueOnly(LindenConnector):
    def _record(self, card: Card) -> sdk.Record:
        record = super()._record(card)
        first = {name: values[:1] for name, values in record.fields.items()}
        return replace(record, fields=first)


@mutant("hands on a part of a file", "test_files_come_whole")
class CutsFiles(LindenConnector):
    @asynccontextmanager
    async def _photo(self, card: str) -> AsyncIterator[AsyncIterator[bytes]]:
        async with super()._photo(card) as chunks:
            yield (chunk[:4] async for chunk in chunks)


@mutant("leaves out until when a number was somebody's", DAYS)
class ForgetsTheEnd(LindenConnector):
    def _identifiers(self, card: Card) -> tuple[sdk.Identifier, ...]:
        return tuple(replace(each, valid_until=None) for each in super()._identifiers(card))


@mutant("takes an address in capitals for somebody else's", CAPITALS)
class ComparesTexts(LindenConnector):
    async def access(self, subject: sdk.DataSubject) -> AsyncIterator[sdk.Record]:
        known = {each.value for each in subject.identifiers}
        async for record in super().access(subject):
            emails = set(record.fields.get(sdk.Field.EMAIL, ()))
            if not emails or emails & known:
                yield record


@mutant(
    "looks by a kind that its manifest does not name",
    "test_it_looks_by_the_kinds_that_the_manifest_names",
)
class LooksByMore(LindenConnector):
    manifest: ClassVar[sdk.Manifest] = replace(
        LindenConnector.manifest, finds_by=frozenset({sdk.IdentifierKind.EMAIL})
    )


@mutant(
    "looks nowhere by a kind that its manifest names",
    "test_every_kind_that_the_manifest_names_leads_somewhere",
)
class LooksByLess(LindenConnector):
    manifest: ClassVar[sdk.Manifest] = replace(
        LindenConnector.manifest, finds_by=frozenset({*KINDS, sdk.IdentifierKind.CUSTOMER_ID})
    )


@mutant("logs a digest of an e-mail address", NAMED)
class LogsADigest(LindenConnector):
    def _record(self, card: Card) -> sdk.Record:
        for email in card.emails:
            digest = hashlib.sha256(email.encode()).hexdigest()
            logging.getLogger("linden").info("found %s", digest)
        return super()._record(card)


@mutant("logs an e-mail address in Base64", NAMED)
class LogsBase64(LindenConnector):
    def _record(self, card: Card) -> sdk.Record:
        for email in card.emails:
            logging.getLogger("linden").info("found %s", base64.b64encode(email.encode()).decode())
        return super()._record(card)


@mutant("logs an e-mail address without its domain", NAMED)
class LogsTheLocalPart(LindenConnector):
    def _record(self, card: Card) -> sdk.Record:
        for email in card.emails:
            logging.getLogger("linden").info("found %s", email.partition("@")[0])
        return super()._record(card)


@mutant("adds a note with an e-mail address to an error", NAMED)
class NotesOnErrors(LindenConnector):
    async def access(self, subject: sdk.DataSubject) -> AsyncIterator[sdk.Record]:
        try:
            async for record in super().access(subject):
                yield record
        except sdk.ConnectorError as error:
            error.add_note(f"looked for {subject.identifiers[0].value}")
            raise


@mutant("keeps an e-mail address in a member of an error", NAMED)
class MarksErrors(LindenConnector):
    async def access(self, subject: sdk.DataSubject) -> AsyncIterator[sdk.Record]:
        try:
            async for record in super().access(subject):
                yield record
        except sdk.ConnectorError as error:
            vars(error)["about"] = subject.identifiers[0].value
            raise


@mutant("sends a secret in an address", PLAYS, own=("test_no_secret_is_told",))
class SecretInAnAddress(LindenConnector):
    def __init__(self, settings: LindenSettings, http: sdk.HttpClient) -> None:
        super().__init__(settings, http)
        self._secret = settings.client_secret

    async def check(self) -> None:
        secret = {"api_key": self._secret.get_secret_value()}
        (await self._http.send("GET", "/me", params=secret)).json()


@mutant("keeps what it finds in a database of its own", DISK)
class KeepsADatabase(LindenConnector):
    def _record(self, card: Card) -> sdk.Record:
        with tempfile.TemporaryDirectory() as folder, closing(sqlite3.connect(Path(folder) / "x")):
            return super()._record(card)


@mutant("leaves what it finds in the environment", DISK)
class WritesTheEnvironment(LindenConnector):
    def _record(self, card: Card) -> sdk.Record:
        os.environ["LINDEN_LAST"] = card.id
        return super()._record(card)
