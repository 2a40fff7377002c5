"""Speaks the documented Xelion REST API: envelopes, cursors and windows of 28 days.

Sources, relative to https://portal.xelion.com/nl/apidocs/user-guide/: addressables_search_parameters.html,
communications_with.html, communications_audio_get.html, patch_request.html, common_errors.html.
"""

from __future__ import annotations

from asyncio import Semaphore, gather
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from secrets import token_hex
from typing import TypeVar
from uuid import NAMESPACE_OID, uuid5

from pydantic import Field, SecretStr

import avgate_contracts as sdk
from avgate_xelion.communications import Communication, CommunicationRow
from avgate_xelion.files import contents
from avgate_xelion.login import SCHEME, Login
from avgate_xelion.models import MOMENT, Addressable, ErrorAnswer, One, Page

# Of one session: no number is documented for what it bears. One look takes hundreds of calls, so
# each is tried more often than elsewhere before the whole look has to begin anew.
LIMITS = sdk.Limits(concurrency=3, attempts=5)
SUBJECTS = ("Person", "UnknownAddressable")  # the second is a bare number that nobody has filed
_NO_SUCH_OBJECT = 10100
_WINDOW, _SECOND = timedelta(days=28), timedelta(seconds=1)
_FIRST, _AHEAD = datetime(1970, 1, 1, tzinfo=UTC) - _SECOND, timedelta(days=366)
_PAGE = 100
_NO_ORDER = "the call log is not given in the order that is asked for, so its ends are not known"
_CARD, _LOG, _AUDIO = "/addressables/{oid}", "/communications/{oid}", "/communications/{oid}/audio"

T = TypeVar("T")
Thing = TypeVar("Thing", Addressable, Communication)
U = TypeVar("U")
Row = TypeVar("Row", Addressable, CommunicationRow)


class XelionSettings(sdk.ConnectorSettings):
    """`base_url` ends with the tenant: https://server.example/api/v1/master."""

    username: str
    password: SecretStr
    user_space: str = Field(default="avgate", min_length=1, max_length=180)
    app_key: SecretStr | None = None

    def credentials(self) -> sdk.Credentials:
        """A log-in of Xelion's own kind."""
        name, space = self.username, self.user_space
        login = Login(name, self.password, space, self.app_key, lambda: token_hex(6))
        return sdk.Session(SCHEME, login.obtain)


class XelionClient:
    """One tenant."""

    def __init__(self, http: sdk.HttpClient) -> None:
        self._http = http

    async def check(self) -> None:
        """One small page, so that log-in and envelope are tried."""
        (await self._http.send("GET", "/addressables", params={"limit": 1})).parse(
            Page[Addressable]
        )

    async def addressables(self) -> AsyncIterator[Addressable]:
        """People and bare numbers, all of them: there is no search by number or by e-mail."""
        params = {"limit": str(_PAGE), "where": f"obj_type={','.join(SUBJECTS)}"}
        async for rows in self._pages("/addressables", params, Page[Addressable]):
            for row in rows:
                yield row

    async def addressable(self, oid: str) -> Addressable | None:
        return await self._one(_CARD, oid, One[Addressable])

    async def listed_addressable(self, oid: str) -> Addressable:
        """One that a list named; raises UnavailableError where it is not there."""
        return _there(await self.addressable(oid))

    async def communication(self, oid: str) -> Communication | None:
        return await self._one(_LOG, oid, One[Communication])

    async def listed_communication(self, oid: str) -> Communication:
        """The same of a communication."""
        return _there(await self.communication(oid))

    async def communications(self, oid: str) -> AsyncIterator[list[CommunicationRow]]:
        """All that one addressable took part in, newest first, page by page.

        One search covers 28 days, so an empty page is not the end: window after window is asked
        for, back to the oldest communication of the whole tenant.
        """
        newest, oldest = await self._edge("descending"), await self._edge("ascending")
        if newest is None or oldest is None:
            return
        await self._in_order(newest, oldest)
        windows = list(_windows(newest.date, oldest.date))
        for first in range(0, len(windows), LIMITS.concurrency):
            some = windows[first : first + LIMITS.concurrency]
            for rows in await paced(some, partial(self._within, oid)):
                if any(row.date < oldest.date for row in rows):
                    raise sdk.ContractBrokenError(_NO_ORDER)
                yield rows

    async def _in_order(self, newest: CommunicationRow, oldest: CommunicationRow) -> None:
        """Raises ContractBrokenError where these are no ends: what is beyond would not be looked for.

        A server that ignores the order names one twice, though there are more.
        """
        is_one = newest.oid == oldest.oid
        if newest.date < oldest.date or (is_one and len(await self._first("ascending", 2)) > 1):
            raise sdk.ContractBrokenError(_NO_ORDER)

    async def _within(self, oid: str, window: Mapping[str, str]) -> list[CommunicationRow]:
        params = {"with": oid, **window, "limit": str(_PAGE)}
        pages = self._pages("/communications", params, Page[CommunicationRow])
        return [row async for rows in pages for row in rows]

    async def _first(self, order: str, most: int = 1) -> list[CommunicationRow]:
        params = {"limit": str(most), "order": order}
        answer = await self._http.send("GET", "/communications", params=params)
        return answer.parse(Page[CommunicationRow]).rows()

    async def _edge(self, order: str) -> CommunicationRow | None:
        rows = await self._first(order)
        edge = rows[0] if rows else None
        if edge is not None and not _FIRST < edge.date < self._http.now() + _AHEAD:
            raise sdk.ContractBrokenError(
                "the call log begins or ends on a day that cannot be: correct that date in Xelion"
            )
        return edge

    async def _pages(
        self, path: str, params: Mapping[str, str], shape: type[Page[Row]]
    ) -> AsyncIterator[list[Row]]:
        """Until a page is empty: a next one is offered even where it turns out to hold nothing."""
        cursor: dict[str, str] = {}
        read: set[str] = set()
        while True:
            page = (await self._http.send("GET", path, params={**params, **cursor})).parse(shape)
            rows = page.rows()
            if not rows:
                return
            yield rows
            cursor = {"after": page.meta.paging.next_id or rows[-1].oid}
            if cursor["after"] in read:
                raise sdk.ContractBrokenError("the pages lead back to one that was read already")
            read.add(cursor["after"])

    async def _one(self, path: str, oid: str, shape: type[One[Thing]]) -> Thing | None:
        answer = await self._http.send("GET", path, ids={"oid": oid}, accept=(404,))
        if answer.status == 404:
            _absent(answer)
            return None
        found = answer.parse(shape).object
        # Passed over as somebody else's, what was asked for would be missing unseen.
        if found.oid != oid:
            raise sdk.ContractBrokenError("an answer is about another object than was asked for")
        return found

    async def has_sound(self, oid: str) -> bool:
        """Whether there is a voicemail or a recording: no field tells, so the file is opened."""
        async with self._http.stream("GET", _AUDIO, ids={"oid": oid}, accept=(404,)) as answer:
            if answer.status == 404:
                body = b"".join([chunk async for chunk in answer.chunks])
                _absent(sdk.Response(answer.status, answer.headers, body))
                return False
            return _is_sound(answer)

    def file(self, oid: str) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        return contents(self._http, oid)

    def sound(self, oid: str) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        return _chunks(self._http, oid)

    async def replace(self, oid: str, values: Mapping[str, str], key: str) -> bool:
        """Put values on a card under their paths; False where the answer was lost."""
        return await self._patch(_CARD, oid, values, key)

    async def strip(
        self, oid: str, participants: list[sdk.Json], files: Sequence[str], key: str
    ) -> bool:
        """Leave a communication these participants, and no text or files; False where the answer was lost."""
        values: dict[str, sdk.Json] = {
            "/participants": participants,
            "/subject": "",
            "/contents": "",
        }
        gone = [f"/attachments/{file}" for file in files]
        return await self._patch(_LOG, oid, values, key, gone)

    async def _patch(
        self,
        path: str,
        oid: str,
        values: Mapping[str, sdk.Json],
        key: str,
        gone: Sequence[str] = (),
    ) -> bool:
        """All of it or nothing, and the answer is empty. Where it was lost, look before you repeat."""
        operations: list[sdk.Json] = [
            {"op": "replace", "path": at, "value": value} for at, value in values.items()
        ]
        operations += [{"op": "remove", "path": at} for at in gone]
        body: sdk.Json = {"operations": operations}
        ids, own = {"oid": oid}, _key(key, "PATCH", oid)
        try:
            await self._http.send("PATCH", path, ids=ids, json=body, key=own)
        except sdk.OutcomeUnknownError:
            return False
        return True

    async def remove_addressable(self, oid: str, key: str) -> bool | None:
        """For good; there is no recycle bin.

        False where it was not there and no try of this call can have removed it, None where the
        answer was lost.
        """
        ids, own = {"oid": oid}, _key(key, "DELETE", oid)
        try:
            answer = await self._http.send("DELETE", _CARD, ids=ids, key=own, accept=(404,))
        except sdk.OutcomeUnknownError:
            return None
        if answer.status == 404:
            _absent(answer)
        return answer.status != 404 or answer.after_unknown


def _there(found: Thing | None) -> Thing:
    """It went while it was read, or the upstream contradicts itself: left out, nobody would know."""
    if found is None:
        raise sdk.UnavailableError("something is in a list, and is not there by itself: look again")
    return found


def _windows(newest: datetime, oldest: datetime) -> Iterator[Mapping[str, str]]:
    end = newest + _SECOND
    while end >= oldest:
        yield {"from": _moment(end - _WINDOW), "until": _moment(end)}
        # A second of overlap: whether the ends of a window belong to it is not documented.
        end = end - _WINDOW + _SECOND


async def paced(things: Sequence[T], work: Callable[[T], Awaitable[U]]) -> list[U]:
    """In order, as many at once as a session bears; an error is raised when all have been tried."""
    places = Semaphore(LIMITS.concurrency)

    async def one(thing: T) -> U:
        async with places:
            return await work(thing)

    results = await gather(*(one(thing) for thing in things), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return [result for result in results if not isinstance(result, BaseException)]


@asynccontextmanager
async def _chunks(http: sdk.HttpClient, oid: str) -> AsyncIterator[AsyncIterator[bytes]]:
    async with http.stream("GET", _AUDIO, ids={"oid": oid}) as answer:
        _is_sound(answer)
        yield answer.chunks


def _is_sound(answer: sdk.Streamed) -> bool:
    """A page for people, with status 200, is no recording: raises ContractBrokenError."""
    if answer.headers.get("content-type", "").startswith("audio/"):
        return True
    raise sdk.ContractBrokenError("what came for a recording is not sound")


def _key(key: str, method: str, oid: str) -> str:
    """One key may cover many items; each write has its own, and the same one when repeated."""
    return str(uuid5(NAMESPACE_OID, f"{key}/{method}/{oid}"))


def _moment(moment: datetime) -> str:
    return moment.strftime(MOMENT)


def _absent(answer: sdk.Response) -> None:
    """A 404 that Xelion did not write says nothing about the object: raises ContractBrokenError."""
    try:
        code = answer.parse(ErrorAnswer).error_code
    except sdk.ContractBrokenError:
        code = 0
    if code != _NO_SUCH_OBJECT:
        raise sdk.ContractBrokenError("a 404 without Xelion's code for it; check the base address")
