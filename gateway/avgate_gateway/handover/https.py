"""To a folder on an HTTPS server, by PUT."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from functools import partial

from pydantic import SecretStr

from avgate_contracts.connector import Limits
from avgate_contracts.credentials import Basic, Bearer, Credentials, NoCredentials
from avgate_contracts.errors import ConnectorError, RefusedError
from avgate_contracts.http import HttpClient, Runtime, Upload, open_client
from avgate_contracts.settings import ConnectorSettings
from avgate_gateway.handover.delivery import DeliveryError, Receipt, Sealed, told
from avgate_gateway.settings.destination import HttpsDestination

_FILE = "/{name}"
_LONGEST = 24 * 3600.0  # seconds; whoever delivers ends what does not move long before
# Attempts are the engine's: a file is not sent three times in a row.
_LIMITS = Limits(concurrency=1, timeout=_LONGEST, deadline=_LONGEST + 60, attempts=1)
_UNTOLD = frozenset({403, 404, 405, 410, 501})  # there is no such file, or it may only be put
_NO_PARTS = frozenset({400, 405, 411, 416, 501})


class _Settings(ConnectorSettings):
    """The destination as our HTTP client knows upstreams, so that the same rules hold for it."""

    token: SecretStr | None = None
    username: str | None = None
    password: SecretStr | None = None

    def credentials(self) -> Credentials:
        if self.token is not None:
            return Bearer(self.token)
        if self.username is not None and self.password is not None:
            return Basic(self.username, self.password)
        return NoCredentials()


@dataclass(frozen=True, slots=True)
class Https:
    """A PUT of the whole file, or of what is missing where the server takes parts."""

    settings: HttpsDestination
    runtime: Runtime

    async def deliver(self, sealed: Sealed, name: str) -> Receipt:
        own = self.settings
        asked = _Settings(
            base_url=own.url,
            private_networks=own.private_networks,
            token=own.token,
            username=own.username,
            password=own.password,
        )
        try:
            async with open_client(asked, _LIMITS, self.runtime) as http:
                return await self._delivered(http, sealed, name)
        except ConnectorError as error:
            failed = told(error)
        raise failed

    async def _delivered(self, http: HttpClient, sealed: Sealed, name: str) -> Receipt:
        """Asks first: a wrong token is then told before a gigabyte is sent, and done is done."""
        size, answer = await _there(http, name)
        if size != sealed.size:
            goes_on = self.settings.parts and size < sealed.size
            await _put(http, sealed, name, size if goes_on else 0)
            size, answer = await _there(http, name)
        if size not in {sealed.size, 0} or (self.settings.parts and size == 0):
            raise DeliveryError("incomplete", "the server has another length than was sent")
        return Receipt(name, answer)


async def _put(http: HttpClient, sealed: Sealed, name: str, offset: int) -> None:
    digest = base64.b64encode(bytes.fromhex(sealed.sha256)).decode()
    headers = {"repr-digest": f"sha-256=:{digest}:"}  # RFC 9530: of the whole, also with a part
    if offset:
        headers["content-range"] = f"bytes {offset}-{sealed.size - 1}/{sealed.size}"
    upload = Upload(sealed.size - offset, partial(sealed.pieces, offset))
    try:
        await http.upload("PUT", _FILE, upload, ids={"name": name}, headers=headers)
    except RefusedError as error:
        if offset and error.status in _NO_PARTS:
            raise DeliveryError(
                "no_parts", "the server takes no parts; set parts = false"
            ) from None
        raise


async def _there(http: HttpClient, name: str) -> tuple[int, str]:
    """How many bytes of the file the server has, and its ETag; 0 also where it does not say."""
    answer = await http.send("HEAD", _FILE, ids={"name": name}, accept=_UNTOLD)
    if answer.status in _UNTOLD:
        return 0, ""
    length = answer.headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdecimal() else 0, answer.headers.get(
        "etag", ""
    )
