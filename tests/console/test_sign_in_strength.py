"""How strongly somebody signed in: a provider that remembers a weaker sign-in is asked once more."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio

from .lobby import Lobby, lobby

pytestmark = pytest.mark.asyncio(loop_scope="module")
START = "/console/sign-in/organisation?back=/console/sessions"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def opened(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lobby]:
    folder = tmp_path_factory.mktemp("strength")
    async with lobby(folder, oidc='acr = ["two-factors"]\namr = ["otp"]') as made:
        yield made


@pytest.fixture
def at(opened: Lobby) -> Lobby:
    opened.provider.calm()
    return opened


@pytest.mark.parametrize("weak", [
    {"acr": "password", "amr": ["otp"]}, {"acr": "two-factors", "amr": ["pwd"]}, {},
])  # fmt: skip
async def test_a_sign_in_that_was_remembered_is_asked_for_once_more_and_no_oftener(
    at: Lobby, weak: dict[str, Any]
) -> None:
    browser = at.browser()
    first = await at.through(browser, START, **weak)
    assert first.status_code == 303
    again = first.headers["location"]
    assert parse_qs(urlsplit(again).query) == {"fresh": ["yes"], "back": ["/console/sessions"]}
    assert "prompt" not in at.provider.asked_of[-1]
    assert (await browser.get("/console")).status_code == 303  # nobody is in yet
    assert (await at.through(browser, again, **weak)).status_code == 401
    assert at.provider.asked_of[-1]["prompt"] == "login"
    assert at.provider.asked_of[-1]["acr_values"] == "two-factors"
    strong = {"acr": "two-factors", "amr": ["pwd", "otp"]}
    last = await at.through(browser, again, **strong)
    assert (last.status_code, last.headers["location"]) == (303, "/console/sessions")


async def test_nothing_else_that_is_wrong_is_asked_for_once_more(at: Lobby) -> None:
    at.provider.token = {"nonce": "another"}
    assert (await at.through(at.browser(), START)).status_code == 401
