"""HTTP on the wire: what uvicorn's protocol leaves open before the application is called.

The whole head of a request arrives within a time, and so does whatever comes between two requests;
connections are limited; what the parser refuses is answered like every other refusal. Trailers are
read and left away: they would come after the guard has looked at the headers (RFC 9110 section 6.5.1
forbids to merge what one does not know).
"""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from avgate_gateway.guard import Connections, Limits, Traffic, secured
from avgate_gateway.problem import (
    HEAD_TIMEOUT,
    HEADERS_TOO_LARGE,
    MALFORMED_REQUEST,
    UNAVAILABLE,
    URI_TOO_LONG,
    Problem,
    ProblemError,
    ProblemResponse,
)

_LINGER_SECONDS = 2.0
_FRAMING = 9  # bytes on the wire for one of a body: one byte a chunk costs six, and then some
_UNREADABLE = "It does not follow HTTP/1.1 to the letter."
_CROWDED = "There are too many connections already."
_TOO_MANY = Problem(UNAVAILABLE, _CROWDED, headers={"retry-after": "1"})
_ABSENT = "There is no time to wait for the rest."


class GuardedProtocol(HttpToolsProtocol):
    """One connection. `guarded` makes the class that uvicorn is given."""

    limits: ClassVar[Limits]
    others: ClassVar[Connections[GuardedProtocol]]
    traffic: ClassVar[Traffic]

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._peer = ""
        self._late: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None
        self._is_in_head = False
        self._is_in_body = False
        self._is_deaf = False
        self._ended_parts = 0
        self._held = 0  # bytes that were read since, and that nobody was given

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own: it serves only stream transports
        super().connection_made(transport)
        self._peer = self.client[0] if self.client else ""
        leaving = self.others.come(self, self._peer)
        if leaving is self:
            self._turn_away()
        elif leaving is not None:
            leaving.make_room()
        self._await_head()

    def _turn_away(self) -> None:
        """All the others are at work: says so before anything is read, and keeps nothing open."""
        self._is_deaf = True
        self.others.gone(self, self._peer)
        self.traffic.answered("", UNAVAILABLE.status)
        self.traffic.unheard.refused(UNAVAILABLE)
        self.transport.write(_on_the_wire(_TOO_MANY, self.limits))
        self.transport.close()

    def make_room(self) -> None:
        """Goes at once, for somebody else."""
        self.others.gone(self, self._peer)
        self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._forget_timers()
        self.others.gone(self, self._peer)

    def data_received(self, data: bytes) -> None:
        if self._is_deaf:
            return
        self._unset_keepalive_if_required()
        ended = self._ended_parts
        self._feed(data)
        if ended == self._ended_parts:
            self._held += len(data)
        most = self.limits.header_bytes + self.limits.address_bytes
        if self._held > most and not self._is_deaf:
            self._refuse(_too_large(self.limits))
        self._await_head()

    def _feed(self, data: bytes) -> None:
        """Has everything parsed, and again as if there had been no offer to upgrade, where one was.

        After such an offer the parser takes the body for another protocol; read on as HTTP, it would
        be a second request that only we see.
        """
        while data:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                data = self._without_offer() + data[upgrade.args[0] :]
                continue
            except httptools.HttpParserError as error:
                told = error.__context__
                known = told.problem if isinstance(told, ProblemError) else None
                self._refuse(known or Problem(MALFORMED_REQUEST, _UNREADABLE))
            return

    def _without_offer(self) -> bytes:
        """The head that was just read, without its Upgrade."""
        fields = [b"%b: %b\r\n" % field for field in self.headers if field[0] != b"upgrade"]
        start = b"%b %b HTTP/%b\r\n" % (
            self.parser.get_method(), self.url, self.parser.get_http_version().encode(),
        )  # fmt: skip
        self.parser = httptools.HttpRequestParser(self)  # the old one may take it for the last
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn has it
        return start + b"".join(fields) + b"\r\n"

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._is_in_head = True

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > self.limits.address_bytes:
            detail = f"Path and query may be {self.limits.address_bytes} bytes together."
            raise ProblemError(Problem(URI_TOO_LONG, detail))

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._is_in_head:
            return
        super().on_header(name, value)
        if len(self.headers) > self.limits.header_count:
            raise ProblemError(_too_large(self.limits))

    def on_headers_complete(self) -> None:
        self._end_part()
        self._is_in_head = False
        if self.parser.get_method() == b"CONNECT":
            raise ProblemError(Problem(MALFORMED_REQUEST, "Nothing is passed on from here."))
        if not self.url.startswith(b"/"):
            self._check_authority()
        if self.parser.should_upgrade():  # comes again without the offer
            return
        super().on_headers_complete()
        self._is_in_body = True
        self.others.busy(self, self._peer)
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _check_authority(self) -> None:
        """An address that names a host must name the one that Host does (RFC 9112 section 3.2.2)."""
        scheme, _, rest = self.url.partition(b"://")
        named = rest.partition(b"/")[0].partition(b"?")[0].lower()
        hosts = [value.lower() for name, value in self.headers if name == b"host"]
        if scheme.lower() not in {b"http", b"https"} or hosts != [named]:
            detail = "The address names another host than Host does."
            raise ProblemError(Problem(MALFORMED_REQUEST, detail))

    def on_body(self, body: bytes) -> None:
        self._held -= _FRAMING * len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        if self._is_in_body:
            super().on_message_complete()
        self._end_part()
        self._is_in_body = False

    def _end_part(self) -> None:
        self._ended_parts += 1
        self._held = 0

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._is_owed():
            return
        self.others.silent(self, self._peer)
        if self.transport.is_closing():  # as soon as the caller took everything, if ever
            self._wait_for_taking()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._wait_for_taking()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._stalled is not None and not self.transport.is_closing():
            self._stalled.cancel()
            self._stalled = None

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._wait_for_taking()

    def _wait_for_taking(self) -> None:
        """Gives up a caller who does not take what was sent: it would hold it for ever."""
        if self._stalled is None:
            self._stalled = self.loop.call_later(self.limits.stall_seconds, self.transport.abort)

    def _await_head(self) -> None:
        if self._late is None and not (self._is_owed() or self.transport.is_closing()):
            self._late = self.loop.call_later(self.limits.head_seconds, self._give_up)

    def _give_up(self) -> None:
        """Answers only who began to ask; else it could be taken for the answer to what comes."""
        self._late = None
        if self._is_in_head:
            self._refuse(Problem(HEAD_TIMEOUT, _ABSENT))
        else:
            self.transport.close()
            self._wait_for_taking()

    def _is_owed(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _refuse(self, problem: Problem) -> None:
        """Answers in the application's place, once what was asked before is answered; hangs up."""
        self._is_deaf = True
        self.traffic.unheard.refused(problem.type)
        if self._is_owed() and not self._is_in_body:
            self.cycle.keep_alive = False
            return
        if self._is_in_body:
            if self.cycle.response_started:
                self.transport.close()
                return
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.traffic.answered("", problem.type.status)
        self.transport.write(_on_the_wire(problem, self.limits))
        self._hang_up()

    def _hang_up(self) -> None:
        """Reads on for a moment: closing with unread bytes would cut the answer off."""
        self.others.silent(self, self._peer)
        self.flow.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._forget_timers()
        self._stalled = self.loop.call_later(_LINGER_SECONDS, self.transport.abort)

    def _forget_timers(self) -> None:
        for timer in (self._late, self._stalled):
            if timer is not None:
                timer.cancel()
        self._late = self._stalled = None


def guarded(limits: Limits, traffic: Traffic | None = None) -> type[GuardedProtocol]:
    """The protocol of one server, whose connections share these limits."""
    shared = {"limits": limits, "others": Connections(limits), "traffic": traffic or Traffic()}
    return type("LimitedProtocol", (GuardedProtocol,), shared)


def _too_large(limits: Limits) -> Problem:
    allowed = f"{limits.header_count} headers and {limits.header_bytes} bytes in all"
    return Problem(HEADERS_TOO_LARGE, f"There may be {allowed}.")


def _on_the_wire(problem: Problem, limits: Limits) -> bytes:
    answer = ProblemResponse(problem)
    fields = [*secured(answer.raw_headers, limits), (b"connection", b"close")]
    head = b"".join(b"%b: %b\r\n" % (name, value) for name, value in fields)
    return STATUS_LINE[problem.type.status] + head + b"\r\n" + bytes(answer.body)
