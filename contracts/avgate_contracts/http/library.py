"""The one door to httpx: changing the HTTP library is changing this module."""

from __future__ import annotations

import logging
import ssl
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from avgate_contracts.connector import Limits

# httpx's own command line would load rich, pygments and click into every process: a twentieth of
# its start. Without that module httpx says so if somebody calls it, and does the rest as ever.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # None: "cannot be imported"

import httpx  # noqa: E402 -- after the line above, or that would have no effect

AsyncBaseTransport = httpx.AsyncBaseTransport
AsyncByteStream = httpx.AsyncByteStream
Answer = httpx.Response
ConnectError = httpx.ConnectError
ConnectTimeout = httpx.ConnectTimeout
InvalidURL = httpx.InvalidURL
LocalProtocolError = httpx.LocalProtocolError
ReadError = httpx.ReadError
ReadTimeout = httpx.ReadTimeout
RemoteProtocolError = httpx.RemoteProtocolError
WriteError = httpx.WriteError
Request = httpx.Request
TransportError = httpx.TransportError
URL = httpx.URL

# Nothing of the call has left us when one of these is raised.
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
# The call cannot be written as HTTP at all; a second try would be the same.
NOT_HTTP = (httpx.LocalProtocolError, httpx.UnsupportedProtocol)

_HAVE_CONTENT = frozenset({"POST", "PUT", "PATCH"})  # and say so even where it is empty
# Those of TLS 1.2 with ephemeral keys and no SHA-1 (RFC 9325 section 4.2); TLS 1.3 has no others.
_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:ECDHE+AES:DHE+AES:!aNULL:!eNULL:!aDSS:!SHA1:!AESCCM:!PSK:!SRP"
_IDLE = 5.0  # seconds; longer than this, and servers close a connection while it is being reused


@dataclass(frozen=True, slots=True)
class Upload:
    """A body that is read while it is sent; `pieces` begins it anew, and has `size` bytes in all."""

    size: int
    pieces: Callable[[], AsyncIterator[bytes]] = field(repr=False)


class Sent(AsyncByteStream):
    """An upload as the library takes it."""

    def __init__(self, upload: Upload) -> None:
        self._upload = upload

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._upload.pieces()


def network(limits: Limits) -> AsyncBaseTransport:
    """A real transport: HTTP/1.1, no proxies from the environment, certificates verified.

    The pool is as small as the concurrency allows: its cost grows with the square of its size.
    One connection is for fetching a token while all places are taken.
    """
    size = limits.concurrency + 1
    return httpx.AsyncHTTPTransport(
        verify=trusted(),
        trust_env=False,
        limits=httpx.Limits(
            max_connections=size, max_keepalive_connections=size, keepalive_expiry=_IDLE
        ),
    )


@cache
def trusted() -> ssl.SSLContext:
    """The one of all calls: reading the authorities takes 20 ms."""
    return tls()


def tls() -> ssl.SSLContext:
    """Verifies by the authorities that the library brings along; nothing older than TLS 1.2.

    Versions and ciphers are the same whatever Python was built with: Debian's takes OpenSSL's own list,
    which has ciphers that keep no secret once the server's key is known.
    """
    made = httpx.create_ssl_context(trust_env=False)
    made.minimum_version = ssl.TLSVersion.TLSv1_2  # RFC 8996
    made.set_ciphers(_CIPHERS)
    return made


def below(base: URL, target: str) -> URL:
    """The base with the path and query of a target instead of its own, taken as they are written.

    For what the library would not change a letter of: it looks at each by itself, which takes longer
    than to send the call.
    """
    url = URL(base)
    path, asks, asked = target.partition("?")
    parts: Any = url._uri_reference  # noqa: SLF001 -- nothing public changes a part without that look
    url._uri_reference = parts._replace(path=path, query=asked if asks else None)  # noqa: SLF001 -- likewise
    return url


def request(
    method: str,
    url: URL,
    fields: Sequence[tuple[bytes, bytes]],
    content: bytes | Upload,
    extensions: dict[str, object],
) -> Request:
    """What the library makes of a call by itself, with the headers that it adds added here.

    It would take the headers apart and put them together again four times.
    """
    raw = [(b"Host", url.netloc)]
    if not content and method in _HAVE_CONTENT:
        raw.append((b"Content-Length", b"0"))
    raw += fields
    if isinstance(content, Upload):
        raw.append((b"Content-Length", b"%d" % content.size))
        return Request(method, url, headers=raw, stream=Sent(content), extensions=extensions)
    if content:
        raw.append((b"Content-Length", b"%d" % len(content)))
    made = Request(
        method, url, headers=raw, stream=httpx.ByteStream(content), extensions=extensions
    )
    made.read()
    return made


async def closed(answer: Answer) -> None:
    """Closes an answer, and its connection with it if the server has said more than was asked.

    The library would take what is left over for the answer to the next call on that connection.
    Nothing public tells of it; over other transports than the network there is nothing to tell.
    """
    stream: Any = getattr(answer.stream, "_httpcore_stream", None)
    for inner in ("_stream", "_connection", "_h11_state") if stream is not None else ():
        stream = getattr(stream, inner, None)
    left, _ = getattr(stream, "trailing_data", (b"", False))
    if left:
        await answer.extensions["network_stream"].aclose()
    await answer.aclose()


def extensions(limits: Limits) -> dict[str, object]:
    """The time-outs of one call; half of a try's time is for making the connection."""
    timeout = httpx.Timeout(
        limits.timeout, connect=limits.timeout / 2, pool=max(limits.deadline, limits.timeout)
    )
    return {"timeout": timeout.as_dict()}


def quiet() -> None:
    """Keeps the library's own loggers from writing addresses, which may name a person."""
    for name in ("httpx", "httpcore"):
        logger = logging.getLogger(name)
        if logger.level < logging.WARNING:
            logger.setLevel(logging.WARNING)
