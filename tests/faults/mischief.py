"""The faults as data: what each does to one call, and to which family of the table it belongs.

BEFORE: nothing of the call reached the upstream. AFTER: it took effect, and then the answer was
spoiled. A family says what it may come to; see `expected`.
"""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from email.utils import format_datetime

from .proxy import Answer, Exchange, Play

_JSON = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
_PAGE = b"<!doctype html><title>Log in</title><form action=/login><input name=password></form>"
_STOP = 64 * 1024 * 1024  # bytes after which something endless gives up on a reader without limits
METADATA = "http://169.254.169.254/latest/meta-data/"


@dataclass(frozen=True, slots=True)
class Fault:
    """One way in which a call goes wrong."""

    name: str
    family: str
    play: Play


def _before(how: Callable[[Exchange], Awaitable[None]]) -> Play:
    return how


def _after(how: Callable[[Exchange, Answer], Awaitable[None]]) -> Play:
    async def play(ex: Exchange) -> None:
        await how(ex, await ex.answer())

    return play


# Nothing comes, or nothing that is an answer.


async def _silence(ex: Exchange) -> None:
    await ex.until_gone()


async def _close(ex: Exchange) -> None:
    ex.close()


async def _reset(ex: Exchange) -> None:
    ex.reset()


async def _half_head(ex: Exchange) -> None:
    await ex.say(b"HTTP/1.1 200 OK\r\ncontent-ty")
    await ex.heard()
    ex.close()


async def _head_then_reset(ex: Exchange) -> None:
    await ex.say(_JSON + b"content-length: 200\r\n\r\n")
    await ex.heard()
    ex.reset()


async def _garbage(ex: Exchange) -> None:
    await ex.say(b"\x16\x03\x01\x00garbage\x00\xff\r\n\r\n")
    await ex.heard()
    ex.close()


async def _endless_1xx(ex: Exchange) -> None:
    while ex.proxy.said < _STOP:
        await ex.say(b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n" * 40)
        await asyncio.sleep(0.25)


async def _endless_head(ex: Exchange) -> None:
    await ex.say(_JSON)
    while ex.proxy.said < _STOP:
        await ex.say(b"x-more: " + b"a" * 5_000 + b"\r\n")
        await ex.heard()


async def _drip_head(ex: Exchange) -> None:
    await ex.trickle(_JSON + b"x-more: 1\r\n" * 99, every=1.5)


# The answer comes, and something is wrong with the way it comes.


async def _lost_close(ex: Exchange, _: Answer) -> None:
    ex.close()


async def _lost_reset(ex: Exchange, _: Answer) -> None:
    ex.reset()


async def _lost_silence(ex: Exchange, _: Answer) -> None:
    await ex.until_gone()


async def _cut_fin(ex: Exchange, answer: Answer) -> None:
    raw = answer.raw()
    await ex.say(raw[: len(raw) - len(answer.body) // 2 - 1])
    await ex.heard()
    ex.close()


async def _cut_rst(ex: Exchange, answer: Answer) -> None:
    raw = answer.raw()
    await ex.say(raw[: len(raw) - len(answer.body) // 2 - 1])
    await ex.heard()
    ex.reset()


async def _reset_after(ex: Exchange, answer: Answer) -> None:
    await ex.say(answer.raw())
    await ex.heard()
    ex.reset()


async def _too_long_close(ex: Exchange, answer: Answer) -> None:
    await ex.say(answer.raw(length=len(answer.body) + 9))
    await ex.heard()
    ex.close()


async def _too_long_silence(ex: Exchange, answer: Answer) -> None:
    await ex.say(answer.raw(length=len(answer.body) + 9))
    await ex.until_gone()


async def _too_short(ex: Exchange, answer: Answer) -> None:
    await ex.say(answer.raw(length=max(len(answer.body) - 9, 0)))


async def _drip(ex: Exchange, answer: Answer) -> None:
    await ex.say(answer.raw()[: -len(answer.body) or None])
    await ex.trickle(answer.body, every=4)


async def _crumbs(ex: Exchange, answer: Answer) -> None:
    raw = answer.raw()
    size = max(len(raw) // 40, 1)
    for place in range(0, len(raw), size):
        await ex.say(raw[place : place + size])
        await ex.heard()


async def _slow(ex: Exchange, answer: Answer) -> None:
    """Thirty seconds to first byte, and then all of it: longer than any try may take."""
    await asyncio.sleep(30)
    await ex.say(answer.raw())


async def _two(ex: Exchange, answer: Answer) -> None:
    smuggled = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n[]"
    await ex.say(answer.raw() + smuggled)


async def _chunks_for_ever(ex: Exchange, answer: Answer) -> None:
    await ex.say(b"\r\n".join((*answer.head, b"transfer-encoding: chunked", b"", b"")))
    piece = answer.body or b" "
    while ex.proxy.said < _STOP:
        await ex.say(b"%x\r\n%b\r\n" % (len(piece), piece))


async def _untold_for_ever(ex: Exchange, answer: Answer) -> None:
    """Without any length: until the connection ends, which it does not."""
    await ex.say(b"\r\n".join((*answer.head, b"connection: close", b"", b"")))
    while ex.proxy.said < _STOP:
        await ex.say(b" " * 65_536)


async def _bad_chunk(ex: Exchange, answer: Answer) -> None:
    await ex.say(b"\r\n".join((*answer.head, b"transfer-encoding: chunked", b"", b"")))
    await ex.say(b"zz\r\n" + answer.body + b"\r\n0\r\n\r\n")
    await ex.heard()
    ex.close()


# The answer comes whole, and is another one.


def says(status: str, body: bytes = b"", *fields: str, kind: str = "application/json") -> Play:
    """An answer of the proxy's own, in the place of the upstream's."""
    lines = [f"HTTP/1.1 {status}", f"content-type: {kind}", f"content-length: {len(body)}", *fields]

    async def play(ex: Exchange) -> None:
        await ex.say("\r\n".join([*lines, "", ""]).encode() + body)

    return play


def _then_says(status: str, body: bytes = b"", kind: str = "application/json") -> Play:
    said = says(status, body, kind=kind)

    async def play(ex: Exchange) -> None:
        await ex.answer()
        await said(ex)

    return play


def _body(change: Callable[[bytes], bytes]) -> Play:
    async def how(ex: Exchange, answer: Answer) -> None:
        await ex.say(answer.raw(body=change(answer.body)))

    return _after(how)


def _coded(name: bytes, packed: bytes) -> Play:
    async def how(ex: Exchange, answer: Answer) -> None:
        head = (*answer.head, b"content-encoding: " + name)
        await ex.say(Answer(head, packed).raw())

    return _after(how)


async def _wrong_kind(ex: Exchange, answer: Answer) -> None:
    head = [line for line in answer.head if not line.lower().startswith(b"content-type")]
    await ex.say(Answer((*head, b"content-type: application/octet-stream"), answer.body).raw())


async def _redirect_home(ex: Exchange) -> None:
    where = f"http://127.0.0.1:{ex.proxy.port}{ex.request.target}"
    await says("307 Temporary Redirect", b"", f"location: {where}")(ex)


def _twice(body: bytes) -> bytes:
    """The first object with its own first key once more, and another value."""
    start = body.find(b'{"')
    if start < 0:
        return body + b'{"id":1,"id":2}'
    key = body[start + 1 : body.find(b'"', start + 2) + 1]
    return body[: start + 1] + key + b':"0",' + body[start + 1 :]


_BOMB = gzip.compress(b"0" * 20_000_000)
_DEEP = b"[" * 100_000
_HUGE = b'[{"id":' + b"9" * 5_000 + b"}]"
_NAN = b'{"id":NaN,"value":[Infinity,-Infinity]}'

REFUSED = ("400 Bad Request", "403 Forbidden", "422 Unprocessable Content")
LOCKED = ("423 Locked", "425 Too Early")
BROKEN = ("500 Internal Server Error", "502 Bad Gateway", "503 Service Unavailable",
          "504 Gateway Timeout")  # fmt: skip
RETRY_AFTER = {
    "2 seconds": "2",
    "an hour": "3600",
    "10^9 seconds": "1000000000",
    "garbage": "soon",
    "less than nothing": "-5",
    "a part of a second": "1.5",
    "nothing": None,
}
RETRY_DATE = {"a date": timedelta(seconds=3), "a past date": timedelta(days=-3)}


def _dated(status: str, wait: timedelta) -> Play:
    async def play(ex: Exchange) -> None:
        until = format_datetime(ex.proxy.now() + wait, usegmt=True)
        await says(status, b"{}", f"retry-after: {until}")(ex)

    return play


def _throttled(status: str) -> list[Fault]:
    family = "throttled" if status.startswith("429") else "broken before"
    made = []
    for name, value in RETRY_AFTER.items():
        fields = [] if value is None else [f"retry-after: {value}"]
        where = f"{family} for long" if name in _LONG else family
        made.append(Fault(f"{status[:3]} for {name}", where, says(status, b"{}", *fields)))
    dates = [(name, _dated(status, wait)) for name, wait in RETRY_DATE.items()]
    return [*made, *(Fault(f"{status[:3]} until {name}", family, play) for name, play in dates)]


_LONG = {"an hour", "10^9 seconds"}

FAULTS: tuple[Fault, ...] = (
    Fault("never answers", "lost before", _before(_silence)),
    Fault("closes without a reply", "lost before", _before(_close)),
    Fault("resets without a reply", "lost before", _before(_reset)),
    Fault("half of the headers", "lost before", _before(_half_head)),
    Fault("headers, then a reset", "lost before", _before(_head_then_reset)),
    Fault("garbage", "lost before", _before(_garbage)),
    Fault("endless 1xx", "lost before", _before(_endless_1xx)),
    Fault("endless headers", "lost before", _before(_endless_head)),
    Fault("headers that drip", "lost before", _before(_drip_head)),
    Fault("answer lost: closed", "lost after", _after(_lost_close)),
    Fault("answer lost: reset", "lost after", _after(_lost_reset)),
    Fault("answer lost: silence", "lost after", _after(_lost_silence)),
    Fault("body cut by FIN", "cut", _after(_cut_fin)),
    Fault("body cut by RST", "cut", _after(_cut_rst)),
    Fault("reset after the whole body", "late reset", _after(_reset_after)),
    Fault("length too long, closed", "cut", _after(_too_long_close)),
    Fault("length too long, silence", "cut", _after(_too_long_silence)),
    Fault("length too short", "too short", _after(_too_short)),
    Fault("body that drips", "drips", _after(_drip)),
    Fault("body in crumbs", "harmless", _after(_crumbs)),
    Fault("thirty seconds late", "lost after", _after(_slow)),
    Fault("two answers at once", "harmless", _after(_two)),
    Fault("endless chunks", "endless", _after(_chunks_for_ever)),
    Fault("endless body without length", "endless", _after(_untold_for_ever)),
    Fault("a chunk that is none", "cut", _after(_bad_chunk)),
    Fault("gzip bomb", "coded", _coded(b"gzip", _BOMB)),
    Fault("deflate bomb", "coded", _coded(b"deflate", zlib.compress(b"0" * 20_000_000))),
    Fault("br bomb", "coded", _coded(b"br", b"\x1b\xff\xff\xff" * 5_000)),
    Fault("two codings", "coded", _coded(b"gzip, gzip", gzip.compress(_BOMB))),
    Fault("wrong content type", "wrong kind", _after(_wrong_kind)),
    Fault("log-in page with 200", "page", says("200 OK", _PAGE, kind="text/html")),
    Fault("log-in page after the effect", "page after",
          _then_says("200 OK", _PAGE, kind="text/html; charset=utf-8")),
    Fault("XHTML page with 200", "odd", says("200 OK", _PAGE, kind="application/xhtml+xml")),
    Fault("plain text with 200", "odd", says("200 OK", b"OK", kind="text/plain")),
    Fault("redirect to itself", "redirect", _before(_redirect_home)),
    *(
        Fault(f"{code} to {where}", "redirect", says(f"{code} Moved", b"", f"location: {to}"))
        for code in (301, 302, 303, 308)
        for where, to in (("another host", "http://elsewhere.test/"), ("metadata", METADATA))
    ),
    Fault("300 without a place", "redirect", says("300 Multiple Choices")),
    Fault("304 unasked", "unchanged", says("304 Not Modified")),
    Fault("401", "unauthorised", says("401 Unauthorized", b"{}", "www-authenticate: Bearer")),
    *(Fault(line[:3], "refused", says(line, b"{}")) for line in REFUSED),
    Fault("409", "conflict", says("409 Conflict", b"{}")),
    *(Fault(line[:3], "throttled", says(line, b"{}")) for line in LOCKED),
    Fault("404 of a stranger", "not there", says("404 Not Found", b"<p>nothing here", kind="text/html")),
    Fault("404 without words", "not there", says("404 Not Found")),
    Fault("410", "conflict", says("410 Gone", b"{}")),
    Fault("408", "broken before", says("408 Request Timeout")),
    Fault("418", "refused", says("418 I'm a teapot")),
    Fault("501", "refused", says("501 Not Implemented")),
    *(Fault(f"{line[:3]} before", "broken before", says(line, b"{}")) for line in BROKEN),
    *(Fault(f"{line[:3]} after", "lost after", _then_says(line, b"{}")) for line in BROKEN),
    *_throttled("429 Too Many Requests"),
    *_throttled("503 Service Unavailable"),
    Fault("202 and nothing done", "accepted", says("202 Accepted", b"{}")),
    Fault("200 with an error", "odd", says("200 OK", b'{"error":"something went wrong"}')),
    Fault("204 and nothing done", "false word", says("204 No Content")),
    Fault("an empty body", "emptied", _body(lambda _: b"")),
    Fault("an empty object", "emptied", _body(lambda _: b"{}")),
    Fault("null", "emptied", _body(lambda _: b"null")),
    Fault("truncated, length right", "mangled", _body(lambda body: body[: len(body) * 2 // 3])),
    Fault("one byte too few", "mangled", _body(lambda body: body[:-1])),
    Fault("something after the end", "mangled", _body(lambda body: body + b"}]")),
    Fault("a key twice", "mangled", _body(_twice)),
    Fault("NaN", "mangled", _body(lambda _: _NAN)),
    Fault("nested 100,000 deep", "mangled", _body(lambda _: _DEEP)),
    Fault("a number of 5,000 digits", "mangled", _body(lambda _: _HUGE)),
    Fault("a byte order mark", "marked", _body(lambda body: b"\xef\xbb\xbf" + body)),
    Fault("UTF-16", "marked", _body(lambda body: body.decode("utf-8", "replace").encode("utf-16"))),
    Fault("bytes that are no UTF-8", "mangled", _body(lambda body: body[:5] + b"\xff\xfe" + body[5:])),
)  # fmt: skip
