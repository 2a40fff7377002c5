"""Events and looks: through every cut, once, in order, and no more often than is asked."""

from __future__ import annotations

import json

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from avgate_client import Request, StillUnderWayError, UnexpectedAnswerError, UnreachableError

from .scripted import Pieces, Script, request, told

COUNT = 6


def written(sequence: int) -> bytes:
    entry = {
        "sequence": sequence, "at": "2026-11-21T10:00:00+00:00", "controller": "libervoice",
        "request_id": "r-1", "event": "task.retried", "details": {"n": sequence},
        "previous": "0", "digest": "1",
    }  # fmt: skip
    return f"id: {sequence}\nevent: task.retried\ndata: {json.dumps(entry)}\n\n".encode()


ALL = [10 * n for n in range(1, COUNT + 1)]
WHOLE = b"".join(map(written, ALL))


class Gateway(Script):
    """Sends what comes after Last-Event-ID, cut at the places that are left; then it is closed."""

    def __init__(
        self, cuts: list[tuple[int, bool]], *, forgets: bool = False, is_closed: bool = False
    ) -> None:
        super().__init__([])
        self.cuts = cuts
        self.forgets = forgets
        self.is_closed = is_closed

    def _answer(self, asked: httpx.Request) -> httpx.Response:
        self.seen.append(asked)
        if not asked.url.path.endswith("/events"):
            return told(state="closed" if self.is_closed or not self.cuts else "running")
        last = 0 if self.forgets else int(asked.headers.get("last-event-id", 0))
        body = b"".join(written(n) for n in ALL if n > last)
        if not self.cuts:
            return httpx.Response(200, stream=Pieces([body]))
        place, is_silent = self.cuts.pop(0)
        piece = body[:place]
        # Who sends everything again and ends between two events looks like one who has no more.
        is_silent = is_silent and not (self.forgets and piece.endswith(b"\n\n"))
        return httpx.Response(200, stream=Pieces([piece], is_cut=not is_silent))


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.integers(1, len(WHOLE)), st.booleans()), max_size=8),
    st.booleans(),
    st.booleans(),
)
@example([(1, True), (7, True), (len(WHOLE) // 2, True), (3, False)], False, True)
@example([(len(written(10)), True), (2, True)], False, True)
@example([(len(written(10)), False), (len(written(10)), True)], True, True)
async def test_no_cut_loses_or_doubles_an_event(
    cuts: list[tuple[int, bool]], forgets: bool, is_closed: bool
) -> None:
    """A cut that looks like an end, and a gateway that sends everything again, are no different."""
    client = Gateway([*cuts], forgets=forgets, is_closed=is_closed).client(attempts=20)
    assert [event.sequence async for event in client.events("r-1")] == ALL


async def test_what_is_known_already_is_not_asked_for() -> None:
    gateway = Gateway([])
    request = await gateway.client().get("r-1")
    assert [event.sequence async for event in request.events(after=30)] == [40, 50, 60]
    assert gateway.seen[1].headers["last-event-id"] == "30"
    assert gateway.seen[1].headers["accept"].startswith("text/event-stream")


async def test_a_stream_that_brings_nothing_is_given_up() -> None:
    gateway = Gateway([(0, False)] * 20)
    with pytest.raises(UnreachableError, match="do not come through"):
        [event async for event in gateway.client().events("r-1")]
    assert sum(asked.url.path.endswith("/events") for asked in gateway.seen) == 4
    assert len(gateway.time.slept) == 3


async def test_the_gateway_says_how_soon_to_connect_again() -> None:
    gateway = Script(
        [
            httpx.Response(200, stream=Pieces([b"retry: 7000\n\n"])),
            told(state="running"),
            httpx.Response(200, stream=Pieces([WHOLE])),
            told(),
            httpx.Response(200, stream=Pieces([])),
        ]
    )
    assert [event.sequence async for event in gateway.client().events("r-1")] == ALL
    assert gateway.time.slept == [7.0]


async def test_what_is_no_event_of_ours_is_an_error_that_repeats_nothing() -> None:
    script = Script([httpx.Response(200, stream=Pieces([b'data: {"sequence": "jan"}\n\n']))])
    with pytest.raises(UnexpectedAnswerError) as raised:
        [event async for event in script.client().events("r-1")]
    assert "jan" not in f"{raised.value!r}{raised.value.__context__!r}"


async def test_a_request_is_waited_for_as_the_gateway_asks_and_not_sent_when_unchanged() -> None:
    running = told({"etag": '"1"', "retry-after": "3"}, state="running")
    waiting = told({"etag": '"2"'}, state="waiting", waiting_for="approval")
    script = Script([running, httpx.Response(304, headers={"etag": '"1"'}), waiting])
    request = await script.client().wait("r-1")
    assert (request.state, request.is_settled, request.is_closed) == ("waiting", True, False)
    assert script.time.slept == [3.0, 3.0]
    assert [asked.headers.get("if-none-match") for asked in script.seen] == [None, '"1"', '"1"']


async def test_waiting_for_the_end_goes_on_past_people() -> None:
    waiting = told({"retry-after": "60"}, state="waiting", waiting_for="approval")
    script = Script([waiting, told()])
    assert (await script.client().wait("r-1", "closed")).is_closed
    assert script.time.slept == [60.0]


async def test_who_waits_in_vain_is_told_how_it_stands() -> None:
    script = Script([told({"retry-after": "4"}, state="running") for _ in range(3)])
    with pytest.raises(StillUnderWayError, match="not settled after 5 seconds") as raised:
        await script.client().wait("r-1", seconds=5)
    assert getattr(raised.value.request, "state", None) == "running"
    assert script.time.slept == [4.0, 1.0]


async def test_a_request_is_watched_for_each_change() -> None:
    script = Script([told(state="running"), told(state="running"), told(state="closed")])
    changes = script.client().watch("r-1", seconds=9, every=0.3)
    assert [request.state async for request in changes] == ["running", "closed"]
    assert script.time.slept == [0.3, 0.3]


async def test_what_is_read_in_any_way_can_be_followed() -> None:
    page = httpx.Response(200, json={"items": [request()], "next": None})
    script = Script([told(), page, told(), told(), told(), told(), told()])
    client = script.client()
    read = [one async for one in client.watch("r-1")]
    read += [one async for one in client.requests()]
    read += [await client.get("r-1"), await client.restrict(identifiers={"email": "a@b.nl"})]
    assert [(await one.wait()).id for one in read[:3]] == ["r-1"] * 3
    with pytest.raises(RuntimeError, match="a client has read"):
        await Request.model_validate(request()).wait()


async def test_a_request_is_looked_at_once_where_there_is_no_time() -> None:
    script = Script([told(state="running")])
    changes = script.client().watch("r-1", seconds=0)
    assert [request.state async for request in changes] == ["running"]
