"""One call: its tries, its key, its token, its end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from avgate_client import (
    AvgateClient,
    AvgateError,
    ClientCredentials,
    CredentialsError,
    InvalidCallError,
    Patience,
    Runtime,
    UnexpectedAnswerError,
    UnreachableError,
)
from avgate_client.problems import (
    InvalidTokenError,
    NotReadyError,
    TooManyRequestsError,
    UnavailableError,
)

from .scripted import URL, Pieces, Script, problem, told

JAN = "jan@example.nl"


def keys(script: Script) -> set[str]:
    return {asked.headers["idempotency-key"] for asked in script.seen}


async def test_a_lost_answer_is_asked_for_again_under_the_same_key() -> None:
    in_use = problem("idempotency-key-in-use", 409, after=1)
    script = Script([httpx.ReadError("cut"), in_use, httpx.ReadTimeout("late"), told()])
    request = await script.client().erase(identifiers={"email": JAN})
    assert request.id == "r-1"
    assert len(script.seen) == 4
    assert len(keys(script)) == 1
    assert len({asked.content for asked in script.seen}) == 1
    assert script.time.slept[1] == 1.0


async def test_each_submission_has_a_key_of_its_own_or_the_one_that_it_was_given() -> None:
    script = Script([told(), told(), told()])
    client = script.client()
    await client.access(identifiers={"email": JAN})
    await client.access(identifiers={"email": JAN})
    await client.access(identifiers={"email": JAN}, key="mine")
    assert len(keys(script)) == 3
    assert script.seen[-1].headers["idempotency-key"] == "mine"


async def test_who_gives_up_knows_the_key_and_whether_it_may_have_arrived() -> None:
    script = Script([httpx.ReadError("cut"), httpx.ConnectError("no"), httpx.ConnectError("no")])
    with pytest.raises(UnreachableError) as raised:
        await script.client(attempts=3).erase(identifiers={"email": JAN})
    assert raised.value.was_sent
    assert {raised.value.key} == keys(script)
    script = Script([httpx.ConnectError("no")])
    with pytest.raises(UnreachableError) as raised:
        await script.client(attempts=1).get("r-1")
    assert not raised.value.was_sent
    assert raised.value.key is None


async def test_the_gateway_is_waited_for_as_long_as_it_asks_and_no_longer_than_the_deadline() -> (
    None
):
    slow = [problem("too-many-requests", 429, after=20) for _ in range(4)]
    script = Script([*slow])
    with pytest.raises(TooManyRequestsError) as raised:
        await script.client(deadline=50.0).get("r-1")
    assert script.time.slept == [20.0, 20.0]  # a third would end after the deadline
    assert raised.value.retry_after == 20.0


async def test_the_last_refusal_is_told_as_what_it_is() -> None:
    script = Script([problem("unavailable", 503), problem("unavailable", 503)])
    with pytest.raises(UnavailableError):
        await script.client(attempts=2).approve("r-1", "0" * 64)


async def test_what_would_be_done_twice_is_not_sent_again() -> None:
    script = Script([httpx.ReadError("cut"), httpx.ConnectError("no"), httpx.ReadError("cut")])
    with pytest.raises(UnreachableError) as raised:
        await script.client().replay_delivery("d-1")
    assert raised.value.was_sent
    with pytest.raises(UnreachableError):
        await script.client().test_endpoint("crm")  # the first try had not left us
    assert len(script.seen) == 3


async def test_what_is_the_callers_to_wait_for_is_not_tried_again() -> None:
    script = Script([problem("not-ready", 409, after=1)])
    with pytest.raises(NotReadyError) as raised:
        await script.client().plan("r-1")
    assert raised.value.retry_after == 1.0


async def test_an_answer_that_never_comes_ends_with_the_deadline() -> None:
    async def silence(_: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError("nobody wakes it")

    runtime = Runtime(transport=lambda: httpx.MockTransport(silence))
    client = AvgateClient(URL, token="t", patience=Patience(deadline=0.05), runtime=runtime)
    with pytest.raises(UnreachableError, match=r"within 0\.05 seconds") as raised:
        await client.get("r-1")
    assert raised.value.was_sent


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(302, headers={"location": "https://elsewhere.example"}),
        httpx.Response(200, text="<p>hello</p>"),
        httpx.Response(200, json={"id": JAN}),
        httpx.Response(200, stream=Pieces([b"\x1f\x8b"]), headers={"content-encoding": "gzip"}),
    ],
)
async def test_what_is_no_answer_of_a_gateway_is_said_to_be_none(answer: httpx.Response) -> None:
    with pytest.raises(UnexpectedAnswerError) as raised:
        await Script([answer]).client().get("r-1")
    assert JAN not in str(raised.value)


@pytest.mark.parametrize(
    "answer", [httpx.Response(202, json={"id": "r-1"}), httpx.Response(200, text="<p>a portal</p>")]
)
async def test_a_submission_that_got_an_odd_answer_may_be_recorded_and_has_its_key_told(
    answer: httpx.Response,
) -> None:
    script = Script([answer])
    with pytest.raises(UnexpectedAnswerError) as raised:
        await script.client().erase(identifiers={"email": JAN})
    assert {raised.value.key} == keys(script)


async def test_a_member_that_a_newer_gateway_adds_is_left_alone() -> None:
    request = await Script([told(invented_tomorrow={"a": 1}, operation="forget")]).client().get("r")
    assert request.operation == "forget"


@pytest.mark.parametrize("odd", ["", "..", "a/b", f"{JAN}?x=1", "é"])
async def test_an_id_stays_in_its_place(odd: str) -> None:
    with pytest.raises(InvalidCallError) as raised:
        await Script([]).client().get(odd)
    assert not odd or odd not in str(raised.value) or odd == ".."


@pytest.mark.parametrize("url", ["http://gateway.example", "ftp://127.0.0.1", "gateway", ""])
def test_a_token_goes_nowhere_in_the_clear(url: str) -> None:
    with pytest.raises(InvalidCallError, match="must be https"):
        AvgateClient(url, token="t")


async def test_a_function_gives_the_token_once_for_all_and_again_after_a_401() -> None:
    given = iter(["one", "two"])
    asked: list[str] = []

    async def gives() -> str:
        await asyncio.sleep(0)
        return next(given)

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.headers["authorization"])
        return told() if asked[-1] == "Bearer two" else problem("invalid-token", 401)

    script = Script([answer] * 4)
    client = script.client(token=gives)
    await asyncio.gather(client.get("r-1"), client.get("r-1"))
    assert sorted(asked) == ["Bearer one"] * 2 + ["Bearer two"] * 2


@pytest.mark.parametrize("token", ["fixed", lambda: "same"])
async def test_a_token_that_stays_refused_is_an_error(token: str | Callable[[], str]) -> None:
    script = Script([problem("invalid-token", 401)])
    with pytest.raises(InvalidTokenError):
        await script.client(token=token).get("r-1")


async def test_client_credentials_are_changed_into_a_token() -> None:
    def gives(asked: httpx.Request) -> httpx.Response:
        assert str(asked.url) == "https://login.example/token"
        assert asked.content == b"grant_type=client_credentials&scope=requests%3Aread"
        return httpx.Response(200, json={"access_token": "t-1", "token_type": "Bearer"})

    credentials = ClientCredentials(
        "https://login.example/token", "desk", SecretStr("secret"), "requests:read"
    )
    script = Script([gives, told()])
    await script.client(token=credentials).get("r-1")
    assert script.seen[1].headers["authorization"] == "Bearer t-1"
    with pytest.raises(CredentialsError, match="check client id"):
        await Script([httpx.Response(401)]).client(token=credentials).get("r-1")


@pytest.mark.parametrize("token", ["to\nken", lambda: "to\nken"])
async def test_a_token_that_no_header_holds_is_an_error_without_the_token(token: Any) -> None:
    with pytest.raises(CredentialsError) as raised:
        await Script([]).client(token=token).get("r-1")
    assert "ken" not in str(raised.value).replace("token", "")


async def test_a_list_is_walked_to_its_end() -> None:
    def page(asked: httpx.Request) -> httpx.Response:
        following = None if "cursor" in asked.url.params else "c-2"
        return httpx.Response(200, json={"items": [], "next": following})

    script = Script([page, page])
    assert [one async for one in script.client().requests(state="closed", page_size=5)] == []
    assert [str(asked.url.query, "ascii") for asked in script.seen] == [
        "limit=5&state=closed", "limit=5&state=closed&cursor=c-2",
    ]  # fmt: skip


async def test_a_list_that_goes_round_is_not_followed_for_ever() -> None:
    page = {"items": [], "next": "c"}
    script = Script([httpx.Response(200, json=page), httpx.Response(200, json=page)])
    with pytest.raises(UnexpectedAnswerError, match="leads back"):
        [one async for one in script.client().tasks()]


async def test_nothing_of_a_person_is_logged_or_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    script = Script([httpx.ReadError(JAN), problem("x", 418, detail="Look."), httpx.Response(404)])
    client = script.client(token="secret-token")
    errors: list[AvgateError] = []
    for call in (
        client.erase(identifiers={"email": JAN}), client.access(identifiers={"email": JAN})
    ):  # fmt: skip
        with pytest.raises(AvgateError) as raised:
            await call
        errors.append(raised.value)
    logged = [f"{record.__dict__}" for record in caplog.records]
    shown = "".join(logged) + "".join(f"{e!r}{e}{e.__cause__!r}{e.__context__!r}" for e in errors)
    assert JAN not in shown
    assert "secret-token" not in shown + repr(client)
    assert any("'/v1/requests'" in line and "418" in line for line in logged)
