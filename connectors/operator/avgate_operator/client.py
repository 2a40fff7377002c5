"""Speaks TM Forum's REST dialect: lists by offset, merge patches, errors with a code.

Sources: TMF630 REST API Design Guidelines (paging, filters, errors), TMF632, TMF635 and TMF637 in
version 4; OAuth 2.0 client credentials, RFC 6749 section 4.4.
"""

from __future__ import annotations

from collections.abc import (
    AsyncIterator,
    Mapping,
)
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar
from urllib.parse import urlsplit
from uuid import UUID, uuid5

from pydantic import SecretStr

import avgate_contracts as sdk
from avgate_contracts import ContractBrokenError, OutcomeUnknownError
from avgate_operator.models import IDENTIFYING, Individual, Named, Raw, Service, Usage
from avgate_operator.owner import Owner

T = TypeVar("T")
Row = TypeVar("Row", Individual, Service, Usage)
Found = TypeVar("Found", Individual, Service)

LIMITS = sdk.Limits(concurrency=4)
_PAGE = 250  # rows; more at once would keep the event loop busy for too long
_REMEMBERED = 500_000  # rows of a list: 30 MB
_STRANGERS = 20  # rows that were not asked for, and the filter cannot have been understood
_KEYS = UUID("0b0c7a1d-6d6f-4e0e-9a53-6f1f4f2a8c35")  # the name space of Idempotency-Keys


class OperatorSettings(sdk.ConnectorSettings):
    """`base_url` ends before `/party`; tokens come from `/oauth2/token` below it, or `token_url`."""

    client_id: str
    client_secret: SecretStr
    token_url: sdk.WebAddress | None = None

    def credentials(self) -> sdk.Credentials:
        url = self.token_url or f"{self.base_url}/oauth2/token"
        return sdk.ClientCredentials(url, self.client_id, self.client_secret)

    def hosts(self) -> frozenset[str]:
        own = super().hosts()
        return own | {urlsplit(self.token_url).netloc} if self.token_url else own


@dataclass(frozen=True, slots=True)
class Shelf(Generic[T]):
    """Where the resources of one sort stand, and their shape."""

    path: str
    one: type[T]
    many: type[list[T]]


INDIVIDUALS = Shelf("/party/v4/individual", Individual, list[Individual])
SERVICES = Shelf("/productInventory/v4/product", Service, list[Service])
USAGES = Shelf("/usageManagement/v4/usage", Usage, list[Usage])
_FILTERS = {
    sdk.IdentifierKind.CUSTOMER_ID: "externalReference.name",
    sdk.IdentifierKind.EMAIL: "contactMedium.characteristic.emailAddress",
    sdk.IdentifierKind.PHONE: "contactMedium.characteristic.phoneNumber",
}
FINDS_BY = frozenset({*_FILTERS, *IDENTIFYING})
_SOUND = "/mediaStore/v1/audio/{id}"


class Deletion(NamedTuple):
    """What a DELETE was answered with: 204, 404 or 409, and the error's code."""

    status: int
    code: str
    after_unknown: bool


class OperatorClient:
    """Every method raises what `HttpClient.send` raises."""

    def __init__(self, http: sdk.HttpClient) -> None:
        self._http = http

    async def answers(self, shelf: Shelf[Row]) -> None:
        """Proves that a collection is where it is looked for; else raises MisconfiguredError."""
        answer = await self._answer(shelf.path, params={"limit": "1", "fields": "id"})
        if answer.status == 404:
            raise sdk.MisconfiguredError("a collection is not there: check base_url")
        _length(answer)
        answer.parse(list[Named])

    async def rows(self, shelf: Shelf[Row], filters: Mapping[str, str]) -> AsyncIterator[Row]:
        """A list, page by page; its end is told by its length, never by a short page.

        Each page begins with the last row of the one before, or with one of its rows where others
        were pushed on. Raises UnavailableError where it does not, where the list became shorter, or
        where a row comes again pages later: some rows would be missing. Rows may come again only as far as it became longer: a page that
        is served twice stands in the place of another. A length that is the page's own ends nothing:
        a full page at the end is looked behind.
        """
        offset, length, before = 0, 0, frozenset[str]()
        begun, seen = set[str](), set[int]()
        while True:
            known = min(offset, 1)  # rows of the page before
            place = {"offset": str(offset - known), "limit": str(_PAGE)}
            answer = await self._answer(shelf.path, params={**filters, **place})
            page = answer.parse(shelf.many)
            if offset - known + len(page) > _length(answer):
                raise ContractBrokenError("a list holds more than it says that it does")
            if _length(answer) < length:
                raise sdk.UnavailableError("a list became shorter while it was read: begin again")
            grown, length = _length(answer) - length, _length(answer)
            fresh = [row for row in page if row.id not in before]
            again = len(page) - len(fresh) > grown + known or any(r.id in begun for r in fresh)
            if again or (len(page) <= known and offset < length):
                raise ContractBrokenError("a list repeats a page, or ends before its length")
            if known and page[0].id not in before:
                raise sdk.UnavailableError("a list moved up while it was read: begin again")
            marks = {hash(row.id) for row in fresh}
            if not seen.isdisjoint(marks):
                raise sdk.UnavailableError("a list was put in another order: begin again")
            if offset < _REMEMBERED:
                seen |= marks
            offset += len(page) - known
            begun.update(row.id for row in page[:1])
            for row in fresh:
                yield row
            if offset >= length and len(page) < _PAGE:
                return
            before = frozenset(row.id for row in page)

    async def individuals(self, known: sdk.Identifier) -> list[str]:
        """The ids of those whose own data say that this value is or was theirs."""
        if known.kind not in _FILTERS:
            return []
        asked = {_FILTERS[known.kind]: known.value}
        return [row.id for row in await self._named(INDIVIDUALS, asked, known)]

    async def services(self, known: sdk.Identifier) -> list[Service]:
        """Those of whoever has or had this line, card or address."""
        if known.kind not in IDENTIFYING:
            return []
        asked = {"name": IDENTIFYING[known.kind], "value": known.value}
        filters = {f"productCharacteristic.{name}": text for name, text in asked.items()}
        return await self._named(SERVICES, filters, known)

    async def owner(self, party: str) -> Owner:
        individual = await self.one(INDIVIDUALS, party)
        services = [row async for row in self.rows(SERVICES, {"relatedParty.id": party})]
        if any(party not in service.parties for service in services):
            raise ContractBrokenError("the upstream listed a service of another party")
        return Owner(party, individual, tuple(services))

    async def one(self, shelf: Shelf[Row], resource_id: str) -> Row | None:
        """A resource as it is now; None where the upstream itself says that there is none.

        So may a wrong `base_url`: `answers` tells, and `present` asks it.
        """
        answer = await self._answer(f"{shelf.path}/{{id}}", ids={"id": resource_id})
        if answer.status == 404:
            return None
        found = answer.parse(shelf.one)
        if found.id != resource_id:
            raise ContractBrokenError("the upstream answered about another resource than was asked")
        return found

    async def present(self, shelf: Shelf[Row], resource_id: str) -> Row | None:
        """A resource as it is now; None where it has been proved that there is none."""
        found = await self.one(shelf, resource_id)
        if found is None:
            await self.answers(shelf)
        return found

    async def delete(self, shelf: Shelf[Row], resource_id: str, key: str) -> Deletion:
        """Raises OutcomeUnknownError too where the answer is neither a refusal nor a 204."""
        answer = await self._http.send(
            "DELETE",
            f"{shelf.path}/{{id}}",
            ids={"id": resource_id},
            key=_key(key, shelf, resource_id),
            accept=(404, 409),
        )
        if answer.status not in (204, 404, 409):
            raise OutcomeUnknownError("a deletion was answered oddly; read back what came of it")
        code = "" if answer.status == 204 else _code(answer)
        return Deletion(answer.status, code, answer.after_unknown)

    async def patch(self, shelf: Shelf[Any], resource_id: str, patch: Raw, key: str) -> bool:
        """Whether the upstream said that it is done; if not, only reading back can tell."""
        try:
            answer = await self._http.send(
                "PATCH",
                f"{shelf.path}/{{id}}",
                ids={"id": resource_id},
                json=patch,
                key=_key(key, shelf, resource_id),
                repeatable=True,
            )
        except OutcomeUnknownError:
            return False
        return not _is_page(answer)

    @asynccontextmanager
    async def sound(self, usage_id: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """The sound of a voicemail or recording, read while it comes."""
        async with self._http.stream("GET", _SOUND, ids={"id": usage_id}) as answer:
            if not answer.headers.get("content-type", "").startswith("audio/"):
                raise sdk.UnavailableError("something else came where a sound was asked for")
            yield answer.chunks

    async def _named(
        self, shelf: Shelf[Found], filters: Mapping[str, str], known: sdk.Identifier
    ) -> list[Found]:
        """What a filter finds, if its own data say so too; raises ContractBrokenError if none do."""
        found, strangers = list[Found](), 0
        async for row in self.rows(shelf, filters):
            if any((own.kind, own.value) == (known.kind, known.value) for own in row.identifiers):
                found.append(row)
            elif (strangers := strangers + 1) > _STRANGERS:
                break
        if strangers > _STRANGERS or (strangers and not found):
            raise ContractBrokenError("the upstream found others than were asked for")
        return found

    async def _answer(
        self,
        path: str,
        *,
        ids: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        looks: int = 3,
    ) -> sdk.Response:
        """A 2xx, or a 404 in the upstream's own words; a page for people is asked away."""
        answer = await self._http.send("GET", path, ids=ids or {}, params=params, accept=(404,))
        if _is_page(answer) and looks > 1:
            return await self._answer(path, ids=ids, params=params, looks=looks - 1)
        if answer.status == 404 and _code(answer) != "notFound":
            raise ContractBrokenError("a 404 says something else than that there is no such thing")
        return answer


def _key(key: str, shelf: Shelf[Any], resource_id: str) -> str:
    """The same for the same intention about the same resource, and without anybody's data."""
    return str(uuid5(_KEYS, f"{key}/{shelf.path}/{resource_id}"))


def _length(answer: sdk.Response) -> int:
    text = answer.headers.get("x-total-count", "")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise ContractBrokenError("a list does not say how long it is (X-Total-Count)")
    return int(text)


def _code(answer: sdk.Response) -> str:
    return str(answer.parse(dict[str, Any]).get("code"))


def _is_page(answer: sdk.Response) -> bool:
    return answer.headers.get("content-type", "").strip().lower().startswith("text/html")
