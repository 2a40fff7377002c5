"""Who comes over https is told to come no other way (RFC 6797); who may come over http is not."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from avgate_gateway.guard import Limits

from ..flow.indoors import Indoors, indoors
from ..gateway.listening import START, exchange, listening
from .lobby import lobby

HEADER = "strict-transport-security"
YEAR = "max-age=31536000"
OPENDSR = '\n[opendsr]\nurl = "https://privacy.example"\n'


def public(url: str) -> Callable[[str], str]:
    return lambda config: f'public_url = "{url}"\n{config}'


async def test_every_answer_over_https_says_so(tmp_path: Path) -> None:
    async with lobby(tmp_path) as at:
        anna = await at.signed_in("anna")
        stranger = httpx.AsyncClient(
            transport=httpx.ASGITransport(at.app), base_url="https://desk.example"
        )
        answers = [await anna.get(path) for path in ("/console", "/console/nothing")]
        answers.append(await at.browser().get("/console"))
        answers.append(await anna.post("/console/sign-out", {}, sec_fetch_site="cross-site"))
        async with stranger:
            answers += [
                await stranger.get(path)
                for path in ("/v1/requests", "/health/live", "/docs", "/nothing", "/?a=1&a=1")
            ]

    assert {answer.status_code for answer in answers} == {200, 303, 400, 401, 403, 404}
    assert [answer.headers.get_list(HEADER) for answer in answers] == [[YEAR]] * len(answers)


@asynccontextmanager
async def at_hand(folder: Path, edited: Callable[[str], str], more: str) -> AsyncIterator[Indoors]:
    async with indoors(folder, ("directory",), edited=edited, more=more) as here:
        yield here


@pytest.mark.parametrize(
    ("edited", "more", "is_told"),
    [
        (public("https://avgate.example"), "", True),
        (str, OPENDSR, True),
        (public("https://avgate.example"), OPENDSR, True),
        (str, "", False),
        (public("http://127.0.0.1:8080"), "", False),
        (public("http://127.0.0.1:8080"), OPENDSR, False),
        (public("https://avgate.example"), '\n[console]\nurl = "http://localhost:8080"\n', False),
    ],
)
async def test_it_is_said_where_every_address_that_was_given_is_https(
    tmp_path: Path, edited: Callable[[str], str], more: str, is_told: bool
) -> None:
    async with at_hand(tmp_path, edited, more) as here:
        for path in ("/v1/retention", "/v1/nothing", "/health/live"):
            told = (await here.caller().get(path)).headers.get_list(HEADER)
            assert told == ([YEAR] if is_told else []), path


@pytest.mark.parametrize("is_https", [True, False])
async def test_so_does_what_is_refused_before_there_is_a_call(is_https: bool) -> None:
    limits = Limits(is_https=is_https)
    async with listening(limits) as server:
        answer = await exchange(server.port, START + b"no header\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert (f"\r\n{HEADER}: {YEAR}\r\n".encode() in answer) == is_https
