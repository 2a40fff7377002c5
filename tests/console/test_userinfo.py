"""A provider that keeps ID tokens thin: what somebody is called and does, it tells at UserInfo alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from avgate_contracts.errors import ConnectorError
from avgate_gateway.oidc.provider import Redeemed

from ..gateway.issuer import Answer
from .lobby import Lobby, lobby
from .provider import ACCESS, providing
from .test_provider import asking

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def opened(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lobby]:
    async with lobby(tmp_path_factory.mktemp("userinfo")) as made:
        yield made


@pytest.fixture
def at(opened: Lobby) -> Lobby:
    opened.provider.calm()
    opened.provider.asked.clear()
    opened.provider.tells_at_userinfo = True
    return opened


async def test_whoever_is_named_at_userinfo_alone_comes_in(at: Lobby) -> None:
    browser = at.browser()
    assert (await at.through(browser)).status_code == 303
    assert "A. Bakker" in (await browser.get("/console")).text
    assert at.provider.asked["/userinfo"] == 1


async def test_it_is_not_asked_what_the_id_token_says(at: Lobby) -> None:
    at.provider.tells_at_userinfo = False
    assert (await at.through(at.browser())).status_code == 303
    assert at.provider.asked["/userinfo"] == 0


@pytest.mark.parametrize(("told", "status"), [
    ({"sub": "u-2"}, 401), ({"sub": None}, 401), ({"roles": ["gardener"]}, 403), ({"controller": "x"}, 403),
])  # fmt: skip
async def test_what_it_says_of_others_lets_nobody_in(
    at: Lobby, told: dict[str, Any], status: int
) -> None:
    at.provider.userinfo = told
    browser = at.browser()
    assert (await at.through(browser)).status_code == status
    assert (await browser.get("/console")).status_code == 303


async def test_how_somebody_signed_in_is_not_asked_there(at: Lobby) -> None:
    at.provider.token = {"auth_time": None}
    at.provider.userinfo = {"auth_time": at.here.time.now().timestamp()}
    fresh = "/console/sign-in/organisation?fresh=yes&back=/console"
    assert (await at.through(at.browser(), fresh)).status_code == 401


@pytest.mark.parametrize("access_token", [None, "two words", "a\r\nb: c", "", "é"])
async def test_nothing_is_asked_without_a_place_or_what_opens_it(
    at: Lobby, access_token: str | None
) -> None:
    at.provider.access_token = access_token
    assert (await at.through(at.browser())).status_code == 403
    assert at.provider.asked["/userinfo"] == 0


async def test_a_provider_without_userinfo_is_not_asked() -> None:
    async with providing() as provider:
        provider.says(
            authorization_endpoint=f"{provider.address}/a", token_endpoint=f"{provider.address}/t"
        )
        assert await asking(provider).userinfo(Redeemed({}, ACCESS)) is None


@pytest.mark.parametrize("answer", [
    Answer(b"[", "200 OK"), Answer(b"", "503 Service Unavailable"), Answer(b"", "401 Unauthorized"),
    Answer(b"", "302 Found", {"location": "/userinfo"}),
])  # fmt: skip
async def test_one_that_cannot_be_asked_is_away(answer: Answer) -> None:
    async with providing() as provider:
        provider.describes(userinfo_endpoint=f"{provider.address}/broken")
        provider.answers["/broken"] = answer
        with pytest.raises(ConnectorError):
            await asking(provider).userinfo(Redeemed({}, ACCESS))
        assert provider.asked["/userinfo"] == 0
