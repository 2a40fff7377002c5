"""Signing in with the account of one's organisation, over a real socket, in good days and bad."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from ..gateway.tokens import THEIRS
from .lobby import HERE, Lobby, lobby, open_lobby

LOOP = pytest.mark.asyncio(loop_scope="module")
pytestmark = LOOP


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def opened(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lobby]:
    async with lobby(tmp_path_factory.mktemp("lobby")) as made:
        yield made


@pytest.fixture
def at(opened: Lobby) -> Lobby:
    opened.provider.calm()
    return opened


async def test_somebody_signs_in_and_is_who_the_provider_says(at: Lobby) -> None:
    browser = at.browser()
    home = await at.through(browser, "/console/sign-in/organisation?back=/console/people")
    assert (home.status_code, home.headers["location"]) == (303, "/console/people")
    asked = at.provider.asked_of[-1]
    assert asked["redirect_uri"] == f"{HERE}/console/sign-in/return"
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["state"]) >= 43
    page = await browser.get("/console/people")
    assert "A. Bakker" in page.text
    cookie = home.headers.get_list("set-cookie")[0]
    assert cookie.startswith("__Host-avgate_console=")
    assert {"HttpOnly", "Secure", "Path=/", "SameSite=lax"} <= set(cookie.split("; "))
    assert "domain" not in cookie.lower()


async def test_a_provider_may_take_the_secret_in_the_form_and_not_name_itself(at: Lobby) -> None:
    at.provider.names_itself = False
    at.provider.describes(token_endpoint_auth_methods_supported=["client_secret_post"])
    lately = open_lobby(at.here, at.provider)  # which asks what the provider says of itself anew
    assert (await lately.through(lately.browser())).status_code == 303


async def test_the_way_back_is_not_taken_from_the_host_that_was_sent(at: Lobby) -> None:
    browser = at.browser()
    sent = {"host": "evil.example", "x-forwarded-host": "evil.example"}
    away = await browser.get("/console/sign-in/organisation", headers=sent)
    assert away.headers["location"].startswith(at.provider.address)
    assert "evil" not in away.headers["location"]


WRONG: dict[str, dict[str, Any]] = {
    "another issuer": {"token": {"iss": "https://evil.example"}},
    "another audience": {"token": {"aud": "another"}},
    "several audiences": {"token": {"aud": ["avgate console", "another"]}},
    "several audiences, and ours the party": {
        "token": {"aud": ["avgate console", "another"], "azp": "avgate console"}
    },
    "another party": {"token": {"azp": "another"}},
    "no nonce": {"token": {"nonce": None}},
    "another nonce": {"token": {"nonce": "x" * 43}},
    "no subject": {"token": {"sub": None}},
    "an empty subject": {"token": {"sub": " "}},
    "a long subject": {"token": {"sub": "x" * 201}},
    "over": {"token": {"exp": 1_000_000_000}},
    "not yet": {"token": {"iat": 9_000_000_000, "exp": 9_000_000_300}},
    "for ever": {"token": {"exp": 9_000_000_000}},
    "a moment that is none": {"token": {"auth_time": "yesterday"}},
    "another's key": {"key": THEIRS},
    "no algorithm": {"header": {"alg": "none"}},
    "a shared secret": {"header": {"alg": "HS256"}},
    "no kid": {"header": {"kid": None}},
    "a key that it brings along": {"header": {"jku": "https://evil.example/keys"}},
    "an access token": {"header": {"typ": "at+jwt"}},
    "another provider's answer": {"answer": {"iss": "https://evil.example"}},
    "an answer that does not say whose it is": {"answer": {"iss": ""}},
}


@pytest.mark.parametrize("mood", WRONG.values(), ids=WRONG)
async def test_lets_nobody_in_by_an_answer_that_is_not_quite_right(
    at: Lobby, mood: dict[str, Any]
) -> None:
    for name, value in mood.items():
        setattr(at.provider, name, value)
    browser = at.browser()
    back = await at.through(browser)
    assert back.status_code == 401
    assert "is not believed here" in back.text or "niet geloofd" in back.text
    assert (await browser.get("/console")).status_code == 303
    assert "__Host-avgate_sign_in" not in browser.http.cookies


async def test_a_state_counts_in_the_browser_that_began_and_once(at: Lobby) -> None:
    browser, another = at.browser(), at.browser()
    address = await at.to_provider(browser)
    assert (await another.get(address)).status_code == 400
    await another.get("/console/sign-in/organisation")
    assert (await another.get(address)).status_code == 400
    jar = dict(browser.http.cookies)
    assert (await browser.get(address)).status_code == 303
    again = at.browser()
    again.http.cookies.update(jar)  # somebody who kept the sealed cookie
    assert (await again.get(address)).status_code in {400, 503}
    assert (await again.get("/console")).status_code == 303


async def test_an_id_token_counts_once_though_its_code_is_redeemed_again(at: Lobby) -> None:
    browser, again = at.browser(), at.browser()
    address = await at.to_provider(browser)
    asked = dict(at.provider.codes)
    again.http.cookies.update(dict(browser.http.cookies))
    assert (await browser.get(address)).status_code == 303
    at.provider.codes.update(asked)  # a provider that takes a code twice
    assert (await again.get(address)).status_code == 400


async def test_a_sign_in_is_over_after_ten_minutes(at: Lobby) -> None:
    browser = at.browser()
    address = await at.to_provider(browser)
    await at.here.let_pass(seconds=601)
    assert (await browser.get(address)).status_code == 400


async def test_a_changed_cookie_is_no_sign_in(at: Lobby) -> None:
    browser = at.browser()
    address = await at.to_provider(browser)
    sealed = browser.http.cookies["__Host-avgate_sign_in"]
    for forged in (sealed[:-2], sealed[:40] + "A" + sealed[41:], "x", "a.b.c.d.e", "é"):
        other = at.browser()
        sent = {"cookie": f"__Host-avgate_sign_in={forged}".encode()}
        assert (await other.get(address, headers=sent)).status_code == 400


@pytest.mark.parametrize("who", [{"roles": ["other"]}, {"roles": None}, {"roles": {"desk": 1}},
                                 {"controller": "nobody"}, {"controller": None}, {"controller": ["libervoice"]}])  # fmt: skip
async def test_an_account_without_a_role_is_told_so(at: Lobby, who: dict[str, Any]) -> None:
    browser = at.browser()
    back = await at.through(browser, **who)
    assert back.status_code == 403
    assert (await browser.get("/console")).status_code == 303


async def test_what_the_provider_says_against_it_is_not_shown(at: Lobby) -> None:
    at.provider.answer = {"code": "", "error": "access_denied", "error_description": "<b>evil</b>"}
    back = await at.through(at.browser())
    assert back.status_code == 401
    assert "evil" not in back.text


async def test_a_provider_that_cannot_be_reached_is_said_to_be(at: Lobby) -> None:
    browser = at.browser()
    address = await at.to_provider(browser)
    at.provider.codes.clear()
    back = await browser.get(address)
    assert back.status_code == 503


async def test_a_new_session_ends_the_one_before_and_takes_no_value_from_the_browser(
    at: Lobby,
) -> None:
    browser = at.browser()
    planted = "A" * 43
    browser.http.cookies.set("__Host-avgate_console", planted, domain="desk.example")
    await at.through(browser)
    first = browser.http.cookies.get("__Host-avgate_console", domain="desk.example", path="/")
    assert first != planted
    old = at.browser()
    old.http.cookies.set("__Host-avgate_console", first or "", domain="desk.example")
    assert (await old.get("/console")).status_code == 200
    await at.through(browser)
    assert (await old.get("/console")).status_code == 303
    assert (await browser.get("/console")).status_code == 200


async def test_a_link_of_our_own_lets_nobody_in(at: Lobby) -> None:
    from avgate_gateway.authentication import Scope, mint, open_signing_key

    key = open_signing_key(at.here.folder / "avgate-token.jwk")
    code = mint(
        key, issuer="avgate", audience="avgate/console", controller="libervoice",
        client="console:A. Bakker", scopes=Scope, lifetime=600,
        now=at.here.time.now().timestamp(), subject="A. Bakker",
    )  # fmt: skip
    browser = at.browser()
    assert (await browser.post("/console/sign-in", {"code": code})).status_code == 401
    assert 'name="code"' not in (await browser.get(f"/console/sign-in?code={code}")).text
