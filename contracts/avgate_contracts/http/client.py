"""The one way to the network: a client per connector and controller, made once and kept."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Self
from uuid import UUID

from avgate_contracts.errors import ConnectorError
from avgate_contracts.http.address import Addresses
from avgate_contracts.http.answer import Response, Streamed
from avgate_contracts.http.authorization import Authorization, Fixed
from avgate_contracts.http.body import UNSET, Unset, encoded
from avgate_contracts.http.call import READS, REPEATABLE, Call
from avgate_contracts.http.header import headers as header_fields
from avgate_contracts.http.library import URL, Upload
from avgate_contracts.http.path import NO_IDS, Params
from avgate_contracts.http.refusing import tell_not_called
from avgate_contracts.http.runtime import Runtime
from avgate_contracts.http.tries import Tries
from avgate_contracts.record import Json

_NOBODY = Fixed(None)
_LONGEST_STREAM = 4 * 1024**3  # bytes; an hour of uncompressed audio is a tenth of it


class HttpClient:
    """Made by `open_client`; the only thing a connector reaches its upstream through.

    It authenticates, keeps to the allowed hosts, the pace, the deadline and the size limits, tries
    again where that is safe, and raises nothing but ConnectorErrors, whose messages name nobody.
    """

    def __init__(
        self,
        addresses: Addresses,
        tries: Tries,
        authorization: Authorization,
        runtime: Runtime,
    ) -> None:
        self._addresses = addresses
        self._tries = tries
        self._authorization = authorization
        self._runtime = runtime

    def now(self) -> datetime:
        """The time as the gateway, or a test, tells it: aware, UTC."""
        return self._runtime.now()

    async def sleep(self, seconds: float) -> None:
        """Lets time pass on the same clock; a test need not wait."""
        await self._runtime.sleep(seconds)

    def new_id(self) -> UUID:
        """An id that nobody can guess (RFC 9562, version 4); in a test the same ones every time.

        For what is only asked. An id that belongs to a write is derived from its `key`.
        """
        return UUID(int=self._runtime.random.getrandbits(128), version=4)

    async def send(
        self,
        method: str,
        path: str,
        *,
        ids: Mapping[str, str] = NO_IDS,
        params: Params | None = None,
        json: Json | Unset = UNSET,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        key: str | None = None,
        accept: Collection[int] = (),
        repeatable: bool | None = None,
        authenticated: bool = True,
    ) -> Response:
        """Makes one call and returns its answer if that is a 2xx or in `accept`.

        `path` is a template under the base address, `/party/{id}`, whose places `ids` fill; or an
        absolute address on an allowed host. `key` is sent as Idempotency-Key, the same with every
        try. `repeatable`: the upstream takes a repeat for the same write; left out, what HTTP says
        of the method.

        Raises UnavailableError, RefusedError, NotFoundError, MisconfiguredError,
        ContractBrokenError, OutcomeUnknownError; InvalidIdentifierError before anything is sent.
        """
        content_type = None if json is UNSET else "application/json"
        call = Call(
            method=method.upper(),
            label=_label(path),
            url=self._url(method, path, ids, params),
            headers=header_fields(
                headers, accept="application/json", content_type=content_type, key=key
            ),
            content=_content(json, content),
            accept=accept,
            repeatable=method.upper() in REPEATABLE if repeatable is None else repeatable,
            write=method.upper() not in READS,
        )
        return await self._tries.send(call, self._authorization if authenticated else _NOBODY)

    async def upload(
        self,
        method: str,
        path: str,
        content: Upload,
        *,
        ids: Mapping[str, str] = NO_IDS,
        headers: Mapping[str, str] | None = None,
        accept: Collection[int] = (),
    ) -> Response:
        """Makes one call whose body is read while it is sent; otherwise as `send`.

        A file that is too large for the memory goes this way. The time-out of a try covers all of it.
        """
        call = Call(
            method=method.upper(),
            label=_label(path),
            url=self._url(method, path, ids, None),
            headers=header_fields(
                headers, accept="*/*", content_type="application/octet-stream", key=None
            ),
            content=content,
            accept=accept,
            repeatable=method.upper() in REPEATABLE,
            write=method.upper() not in READS,
        )
        return await self._tries.send(call, self._authorization)

    def stream(
        self,
        method: str,
        path: str,
        *,
        ids: Mapping[str, str] = NO_IDS,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
        accept: Collection[int] = (),
        max_bytes: int = _LONGEST_STREAM,
        authenticated: bool = True,
    ) -> AbstractAsyncContextManager[Streamed]:
        """Opens a file to be read piece by piece; it keeps its place at the upstream until closed.

        Opening is tried again as in `send`. A body that is cut, pauses longer than the time-out of
        a try, or drips, ends with UnavailableError.
        """
        call = Call(
            method=method.upper(),
            label=_label(path),
            url=self._url(method, path, ids, params),
            headers=header_fields(headers, accept="*/*", content_type=None, key=None),
            content=b"",
            accept=accept,
            repeatable=method.upper() in REPEATABLE,
            write=method.upper() not in READS,
        )
        authorization = self._authorization if authenticated else _NOBODY
        return self._tries.stream(call, authorization, max_bytes)

    def _url(self, method: str, path: str, ids: Mapping[str, str], params: Params | None) -> URL:
        """What is called; a call that may not be made is told once, and raised."""
        try:
            return self._addresses.url(path, ids, params)
        except ConnectorError as error:
            tell_not_called(method.upper(), _label(path), error)
            raise

    async def aclose(self) -> None:
        """Closes every connection, and ends a fetch of a token that is under way."""
        await self._authorization.aclose()
        await self._tries.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


def _label(path: str) -> str:
    """What a log may show: a path template, but of an absolute address only that it is one."""
    return path if path.startswith("/") else "(absolute)"


def _content(json: Json | Unset, content: bytes | None) -> bytes:
    if json is UNSET:
        return content or b""
    if content is not None:
        raise ValueError("a call has one body: json or content")
    return encoded(json)
