"""How the provider is asked: only where it may be called, and no oftener than is needed."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from avgate_contracts.errors import ConnectorError, ContractBrokenError
from avgate_gateway.authentication import RotatingKeys
from avgate_gateway.discovering import address_in, fetch_discovered, metadata_of
from avgate_gateway.oidc.provider import Provider as Asked
from avgate_gateway.oidc.transaction import Transaction
from avgate_gateway.problem import UNAVAILABLE, ProblemError
from avgate_gateway.settings import OidcSettings

from ..gateway.issuer import CONFIGURATION, Answer
from ..gateway.tokens import Clock
from .lobby import HERE
from .provider import CLIENT, SECRET, Provider, providing

BEGUN = Transaction("/console", 1_800_000_000)
INSIDE = [
    "http://127.0.0.1:9/x", "https://127.0.0.1:9999/x", "https://localhost:9999/x", "https://[::1]:9999/x",
    "https://169.254.169.254/x", "https://10.0.0.5/x", "https://login.example:5432/x", "http://login.example/x",
    "file:///etc/passwd", "https://me:you@login.example/x", "", 5, None,
]  # fmt: skip


def asking(provider: Provider, clock: Clock | None = None) -> Asked:
    """With the network that the gateway has itself: judged at the socket."""
    settings = OidcSettings.model_validate(
        {"issuer_url": provider.address, "client_id": CLIENT, "client_secret": SECRET}
    )
    return Asked(settings, HERE, monotonic=clock or Clock())


@pytest.mark.parametrize("named", INSIDE)
async def test_an_issuer_elsewhere_leads_nowhere_in_here(named: object) -> None:
    told = {"issuer": "https://issuer.example.org", "jwks_uri": named}
    fetched: list[str] = []

    def fetching(address: str) -> Callable[[], Awaitable[bytes]]:
        from avgate_gateway.key_fetching import fetch_over_http

        async def metadata() -> bytes:
            fetched.append(address)
            return json.dumps(told).encode()

        return metadata if address.endswith(CONFIGURATION) else fetch_over_http(address)

    fetch = fetch_discovered("https://issuer.example.org", fetching)
    with pytest.raises(ConnectorError):
        await fetch()
    with pytest.raises(ProblemError) as caught:
        await RotatingKeys(fetch, Clock()).find("x")
    assert caught.value.problem.type == UNAVAILABLE
    assert set(fetched) == {f"https://issuer.example.org{CONFIGURATION}"}


async def test_what_listens_on_this_machine_is_called_for_an_issuer_of_this_machine_alone() -> None:
    async with providing() as provider:
        told = {"issuer": "https://issuer.example.org", "jwks_uri": f"{provider.address}/keys"}
        where = metadata_of(json.dumps(told).encode(), "https://issuer.example.org")
        with pytest.raises(ContractBrokenError):
            address_in(where, "jwks_uri", "https://issuer.example.org")
        assert address_in(where, "jwks_uri", provider.address) == f"{provider.address}/keys"


@pytest.mark.parametrize(
    "named",
    ["https://169.254.169.254/token", "https://10.0.0.5/token", "https://login.example:5432/token"],
)
async def test_no_code_and_no_secret_is_sent_inside(named: str) -> None:
    async with providing() as provider:
        provider.describes(token_endpoint=named)
        with pytest.raises(ConnectorError):
            await asking(provider).redeem("a-code", BEGUN)
        assert provider.asked["/token"] == 0


@pytest.mark.parametrize("changes", [
    {"issuer": "https://evil.example"}, {"token_endpoint": None}, {"authorization_endpoint": "javascript:alert(1)"},
    {"authorization_endpoint": "http://evil.example/authorize"}, {"end_session_endpoint": "//evil.example"},
])  # fmt: skip
async def test_metadata_that_is_not_quite_right_leads_nobody_anywhere(
    changes: dict[str, Any],
) -> None:
    async with providing() as provider:
        provider.describes(**{"token_endpoint": f"{provider.address}/token", **changes})
        with pytest.raises(ContractBrokenError):
            await asking(provider).authorization(BEGUN, 600)


async def test_what_a_provider_says_of_itself_is_asked_once_in_five_minutes() -> None:
    async with providing() as provider:
        clock = Clock()
        asked = asking(provider, clock)
        for _ in range(20):
            await asked.endpoints()
        assert provider.asked[CONFIGURATION] == 1
        clock.now += 301
        provider.answers[CONFIGURATION] = Answer(b"", "404 Not Found")
        for _ in range(20):
            assert (await asked.endpoints()).token.endswith("/token")  # as it was told last
        assert provider.asked[CONFIGURATION] == 2


async def test_a_provider_that_was_away_is_asked_again_and_not_by_everybody() -> None:
    async with providing() as provider:
        clock = Clock()
        asked = asking(provider, clock)
        provider.answers[CONFIGURATION] = Answer(b"", "404 Not Found")
        for _ in range(20):
            with pytest.raises(ConnectorError):
                await asked.endpoints()
        assert provider.asked[CONFIGURATION] == 1
        provider.calm()
        clock.now += 6
        await asked.endpoints()


async def test_a_code_is_redeemed_once_though_its_answer_was_lost() -> None:
    async with providing() as provider:
        provider.describes(token_endpoint=f"{provider.address}/broken")
        provider.answers["/broken"] = Answer(b"", "503 Service Unavailable")
        with pytest.raises(ConnectorError):
            await asking(provider).redeem("a-code", BEGUN)
        assert provider.asked["/broken"] == 1


async def test_a_redirect_of_the_token_endpoint_is_not_followed() -> None:
    async with providing() as provider:
        provider.describes(token_endpoint=f"{provider.address}/moved")
        where = {"location": f"{provider.address}/token"}
        provider.answers["/moved"] = Answer(b"", "307 Temporary Redirect", where)
        with pytest.raises(ConnectorError):
            await asking(provider).redeem("a-code", BEGUN)
        assert provider.asked["/token"] == 0
