"""The faults as data: what each does to one call, and to which family of the table it belongs.

BEFORE: nothing of the call reached the upstream. AFTER: it took effect, and then the answer was
spoiled. A family says what it may come to; see `expected`.
"""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from datetime import timedelta

from . import breaking, misleading
from .breaking import after, before
from .misleading import changed, coded, dated, says, then_says
from .proxy import Play

_PAGE = b"<!doctype html><title>Log in</title><form action=/login><input name=password></form>"
_BOMB = gzip.compress(b"0" * 20_000_000)
_DEEP = b"[" * 100_000
_HUGE = b'[{"id":' + b"9" * 5_000 + b"}]"
_NAN = b'{"id":NaN,"value":[Infinity,-Infinity]}'

METADATA = "http://169.254.169.254/latest/meta-data/"


@dataclass(frozen=True, slots=True)
class Fault:
    """One way in which a call goes wrong."""

    name: str
    family: str
    play: Play


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


def _throttled(status: str) -> list[Fault]:
    family = "throttled" if status.startswith("429") else "broken before"
    made = []
    for name, value in RETRY_AFTER.items():
        fields = [] if value is None else [f"retry-after: {value}"]
        where = f"{family} for long" if name in _LONG else family
        made.append(Fault(f"{status[:3]} for {name}", where, says(status, b"{}", *fields)))
    dates = [(name, dated(status, wait)) for name, wait in RETRY_DATE.items()]
    return [*made, *(Fault(f"{status[:3]} until {name}", family, play) for name, play in dates)]


_LONG = {"an hour", "10^9 seconds"}

FAULTS: tuple[Fault, ...] = (
    Fault("never answers", "lost before", before(breaking.silence)),
    Fault("closes without a reply", "lost before", before(breaking.close)),
    Fault("resets without a reply", "lost before", before(breaking.reset)),
    Fault("half of the headers", "lost before", before(breaking.half_head)),
    Fault("headers, then a reset", "lost before", before(breaking.head_then_reset)),
    Fault("garbage", "lost before", before(breaking.garbage)),
    Fault("endless 1xx", "lost before", before(breaking.endless_1xx)),
    Fault("endless headers", "lost before", before(breaking.endless_head)),
    Fault("headers that drip", "lost before", before(breaking.drip_head)),
    Fault("answer lost: closed", "lost after", after(breaking.lost_close)),
    Fault("answer lost: reset", "lost after", after(breaking.lost_reset)),
    Fault("answer lost: silence", "lost after", after(breaking.lost_silence)),
    Fault("body cut by FIN", "cut", after(breaking.cut_fin)),
    Fault("body cut by RST", "cut", after(breaking.cut_rst)),
    Fault("reset after the whole body", "late reset", after(breaking.reset_after)),
    Fault("length too long, closed", "cut", after(breaking.too_long_close)),
    Fault("length too long, silence", "cut", after(breaking.too_long_silence)),
    Fault("length too short", "too short", after(breaking.too_short)),
    Fault("body that drips", "drips", after(breaking.drip)),
    Fault("body in crumbs", "harmless", after(breaking.crumbs)),
    Fault("thirty seconds late", "lost after", after(breaking.slow)),
    Fault("two answers at once", "harmless", after(breaking.two)),
    Fault("endless chunks", "endless", after(breaking.chunks_for_ever)),
    Fault("endless body without length", "endless", after(breaking.untold_for_ever)),
    Fault("a chunk that is none", "cut", after(breaking.bad_chunk)),
    Fault("gzip bomb", "coded", coded(b"gzip", _BOMB)),
    Fault("deflate bomb", "coded", coded(b"deflate", zlib.compress(b"0" * 20_000_000))),
    Fault("br bomb", "coded", coded(b"br", b"\x1b\xff\xff\xff" * 5_000)),
    Fault("two codings", "coded", coded(b"gzip, gzip", gzip.compress(_BOMB))),
    Fault("wrong content type", "wrong kind", after(misleading.wrong_kind)),
    Fault("log-in page with 200", "page", says("200 OK", _PAGE, kind="text/html")),
    Fault("log-in page after the effect", "page after",
          then_says("200 OK", _PAGE, kind="text/html; charset=utf-8")),
    Fault("XHTML page with 200", "odd", says("200 OK", _PAGE, kind="application/xhtml+xml")),
    Fault("plain text with 200", "odd", says("200 OK", b"OK", kind="text/plain")),
    Fault("redirect to itself", "redirect", before(misleading.redirect_home)),
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
    *(Fault(f"{line[:3]} after", "lost after", then_says(line, b"{}")) for line in BROKEN),
    *_throttled("429 Too Many Requests"),
    *_throttled("503 Service Unavailable"),
    Fault("202 and nothing done", "accepted", says("202 Accepted", b"{}")),
    Fault("200 with an error", "odd", says("200 OK", b'{"error":"something went wrong"}')),
    Fault("204 and nothing done", "false word", says("204 No Content")),
    Fault("an empty body", "emptied", changed(lambda _: b"")),
    Fault("an empty object", "emptied", changed(lambda _: b"{}")),
    Fault("null", "emptied", changed(lambda _: b"null")),
    Fault("truncated, length right", "mangled", changed(lambda body: body[: len(body) * 2 // 3])),
    Fault("one byte too few", "mangled", changed(lambda body: body[:-1])),
    Fault("something after the end", "mangled", changed(lambda body: body + b"}]")),
    Fault("a key twice", "mangled", changed(misleading.key_twice)),
    Fault("NaN", "mangled", changed(lambda _: _NAN)),
    Fault("nested 100,000 deep", "mangled", changed(lambda _: _DEEP)),
    Fault("a number of 5,000 digits", "mangled", changed(lambda _: _HUGE)),
    Fault("a byte order mark", "marked", changed(lambda body: b"\xef\xbb\xbf" + body)),
    Fault("UTF-16", "marked", changed(lambda body: body.decode("utf-8", "replace").encode("utf-16"))),
    Fault("bytes that are no UTF-8", "mangled", changed(lambda body: body[:5] + b"\xff\xfe" + body[5:])),
)  # fmt: skip
