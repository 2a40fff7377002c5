from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from avgate_contracts import (
    ContractBrokenError,
    Limits,
    MisconfiguredError,
    OutcomeUnknownError,
    RefusedError,
    UnavailableError,
)

TURNS = Callable[..., Any]
OK = httpx.Response(200, json={})
CUT = httpx.RemoteProtocolError("cut")
NOT_SENT = [httpx.ConnectError("x"), httpx.ConnectTimeout("x"), httpx.PoolTimeout("x")]
LOST = [
    httpx.ReadError("x"),
    httpx.ReadTimeout("x"),
    httpx.WriteError("x"),
    httpx.WriteTimeout("x"),
    httpx.RemoteProtocolError("x"),
    httpx.CloseError("x"),
    *(httpx.Response(status) for status in (408, 500, 502, 503, 504, 507, 520)),
]


def name(answer: httpx.Response | Exception) -> str:
    return type(answer).__name__ if isinstance(answer, Exception) else str(answer.status_code)


@pytest.mark.parametrize("fault", NOT_SENT + LOST, ids=name)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_a_call_that_may_be_repeated_is_tried_again(
    clients: Any, turns: TURNS, fault: Any, method: str
) -> None:
    handler = turns(fault, fault, httpx.Response(200, json={}))
    response = await clients.over(handler).send(method, "/x", key="k-1")
    assert response.status == 200
    assert [request.headers["idempotency-key"] for request in handler.asked] == ["k-1"] * 3
    assert response.after_unknown == (fault not in NOT_SENT)


@pytest.mark.parametrize("fault", NOT_SENT, ids=name)
@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_a_write_that_was_never_sent_is_tried_again(
    clients: Any, turns: TURNS, fault: Any, method: str
) -> None:
    handler = turns(fault, httpx.Response(200))
    assert (await clients.over(handler).send(method, "/x")).after_unknown is False
    with pytest.raises(UnavailableError):
        await clients.over(turns(*[fault] * 3)).send(method, "/x")


@pytest.mark.parametrize("fault", LOST, ids=name)
@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_a_write_whose_answer_was_lost_is_not_repeated(
    clients: Any, turns: TURNS, fault: Any, method: str
) -> None:
    handler = turns(fault)
    with pytest.raises(OutcomeUnknownError):
        await clients.over(handler).send(method, "/x", json={})
    assert len(handler.asked) == 1


async def test_a_write_that_the_upstream_takes_once_is_repeated_with_its_key(
    clients: Any, turns: TURNS
) -> None:
    handler = turns(CUT, httpx.Response(503), httpx.Response(200))
    response = await clients.over(handler).send("POST", "/x", json={}, key="k-7", repeatable=True)
    assert response.after_unknown is True
    assert [request.headers["idempotency-key"] for request in handler.asked] == ["k-7"] * 3
    assert len({request.content for request in handler.asked}) == 1


async def test_a_put_that_the_upstream_counts_is_not_repeated(clients: Any, turns: TURNS) -> None:
    with pytest.raises(OutcomeUnknownError):
        await clients.over(turns(CUT)).send("PUT", "/x", repeatable=False)


@pytest.mark.parametrize("fault", LOST, ids=name)
async def test_when_the_tries_run_out_a_read_is_unavailable_and_a_write_unknown(
    clients: Any, turns: TURNS, fault: Any
) -> None:
    handler = turns(*[fault] * 6)
    client = clients.over(handler)
    with pytest.raises(UnavailableError):
        await client.send("GET", "/x")
    with pytest.raises(OutcomeUnknownError):
        await client.send("DELETE", "/x")
    assert len(handler.asked) == 6


async def test_a_404_after_a_lost_delete_says_that_it_may_be_ours(
    clients: Any, turns: TURNS
) -> None:
    handler = turns(CUT, httpx.Response(404), httpx.Response(404))
    client = clients.over(handler)
    response = await client.send("DELETE", "/x", accept=(404,))
    assert (response.status, response.after_unknown) == (404, True)
    response = await client.send("DELETE", "/x", accept=(404,))
    assert (response.status, response.after_unknown) == (404, False)


@pytest.mark.parametrize("last", [404, 409, 410, 412, 302, 401])
async def test_what_a_lost_write_may_itself_have_caused_leaves_it_unknown(
    clients: Any, turns: TURNS, last: int
) -> None:
    handler = turns(CUT, httpx.Response(last))
    with pytest.raises(OutcomeUnknownError):
        await clients.over(handler).send("DELETE", "/x")


@pytest.mark.parametrize("last", [423, 425, 429, httpx.ConnectError("x")])
async def test_a_lost_write_stays_unknown_whatever_the_next_tries_meet(
    clients: Any, turns: TURNS, last: Any
) -> None:
    rest = [httpx.Response(last) if isinstance(last, int) else last for _ in range(2)]
    with pytest.raises(OutcomeUnknownError):
        await clients.over(turns(CUT, *rest)).send("PUT", "/x")


async def test_a_plain_refusal_holds_for_the_lost_try_as_well(clients: Any, turns: TURNS) -> None:
    with pytest.raises(RefusedError) as caught:
        await clients.over(turns(CUT, httpx.Response(422))).send("PUT", "/x")
    assert caught.value.status == 422


async def test_a_foreign_error_of_a_transport_is_not_taken_for_a_fault(
    clients: Any, turns: TURNS
) -> None:
    handler = turns(LookupError("not in the cassette"), OK)
    with pytest.raises(LookupError):
        await clients.over(handler).send("GET", "/x")
    assert len(handler.asked) == 1


async def test_a_call_that_cannot_be_written_as_http_is_not_tried_again(
    clients: Any, turns: TURNS
) -> None:
    handler = turns(httpx.LocalProtocolError("Illegal header value b'Jansen'"))
    with pytest.raises(MisconfiguredError) as caught:
        await clients.over(handler).send("GET", "/x")
    assert "Jansen" not in str(caught.value)


async def test_an_answer_beyond_the_limit_is_refused_before_it_is_read(
    clients: Any, turns: TURNS
) -> None:
    limits = Limits(max_response_bytes=100)
    handler = turns(
        httpx.Response(200, content=b"x" * 100), httpx.Response(200, content=b"x" * 101)
    )
    client = clients.over(handler, limits=limits)
    assert len((await client.send("GET", "/x")).body) == 100
    with pytest.raises(ContractBrokenError, match="100 bytes"):
        await client.send("GET", "/x")


async def test_the_length_of_a_file_that_was_only_asked_about_is_no_answer_too_long(
    clients: Any, turns: TURNS
) -> None:
    told = {"content-length": "60000000"}
    handler = turns(httpx.Response(200, headers=told), httpx.Response(200, content=b"x" * 101))
    client = clients.over(handler, limits=Limits(max_response_bytes=100))
    assert (await client.send("HEAD", "/x")).headers["content-length"] == "60000000"
    with pytest.raises(ContractBrokenError, match="100 bytes"):
        await client.send("HEAD", "/x")


async def test_a_deadline_ends_a_read_as_unavailable_and_a_write_as_unknown(clients: Any) -> None:
    async def hang(_: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    client = clients.over(hang, limits=Limits(deadline=0.02, timeout=9))
    with pytest.raises(UnavailableError):
        await client.send("GET", "/x")
    with pytest.raises(OutcomeUnknownError):
        await client.send("POST", "/x")


async def test_a_write_for_which_no_place_ever_comes_free_was_never_sent(
    clients: Any, turns: TURNS
) -> None:
    handler = turns(httpx.Response(200))
    client = clients.over(handler, limits=Limits(concurrency=1, deadline=0.05))
    async with client.stream("GET", "/file"):
        with pytest.raises(UnavailableError, match="our own queue"):
            await client.send("POST", "/x")
    assert len(handler.asked) == 1


async def test_a_write_that_waits_for_its_next_try_at_the_deadline_was_never_sent(
    clients: Any, clock: Any, turns: TURNS
) -> None:
    async def sleep(_: float) -> None:
        await asyncio.Event().wait()

    clock.sleep = sleep
    limits = Limits(deadline=0.2, longest_wait=0.001)
    client = clients.over(turns(NOT_SENT[0]), limits=limits)
    with pytest.raises(UnavailableError):
        await client.send("POST", "/x")


async def test_a_time_out_of_somebody_else_is_not_taken_for_the_deadline(clients: Any) -> None:
    async def fail(_: httpx.Request) -> httpx.Response:
        raise TimeoutError("mine")

    with pytest.raises(TimeoutError, match="mine"):
        await clients.over(fail).send("GET", "/x")


@pytest.mark.parametrize("where", ["sending", "waiting"])
async def test_a_cancellation_is_never_swallowed(clients: Any, clock: Any, where: str) -> None:
    reached = asyncio.Event()
    asked = 0

    async def answer(_: httpx.Request) -> httpx.Response:
        nonlocal asked
        asked += 1
        if where == "waiting":
            return httpx.Response(503)
        reached.set()
        await asyncio.Event().wait()
        raise AssertionError

    async def sleep(_: float) -> None:
        reached.set()
        await asyncio.Event().wait()

    clock.sleep = sleep
    task = asyncio.create_task(clients.over(answer).send("DELETE", "/x"))
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert asked == 1


async def test_a_cancelled_call_gives_its_place_back(clients: Any) -> None:
    stuck = asyncio.Event()

    async def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/stuck"):
            stuck.set()
            await asyncio.Event().wait()
        return httpx.Response(200)

    client = clients.over(answer, limits=Limits(concurrency=1))
    task = asyncio.create_task(client.send("GET", "/stuck"))
    await stuck.wait()
    task.cancel()
    await asyncio.wait([task])
    assert (await client.send("GET", "/x")).status == 200
