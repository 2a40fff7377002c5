"""Staff who sign in with their organisation's account, in a browser: there, back, anew, and out."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Thread
from typing import Any
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Page, expect

from avgate_mocks.people import Person

from ..flow.harness import JsonMap, Mocks, Served, until
from ..gateway.issuer import Answer
from .browsing import Desk, browser
from .provider import CLIENT, SECRET, Provider, providing
from .test_browser import ask, soundness

CONFIG = f"""
[console]
url = "HERE"
fresh_minutes = 10

[console.oidc]
issuer_url = "ISSUER"
client_id = "{CLIENT}"
client_secret = "{SECRET}"
controller = "libervoice"

[console.roles]
desk = ["requests:read", "requests:access", "requests:erase"]
approver = ["requests:read", "requests:approve"]
"""
ANNA = {"sub": "u-1", "preferred_username": "a.bakker", "name": "A. Bakker", "roles": ["desk"]}
MAARTEN = {"sub": "u-2", "preferred_username": "m.smit", "name": "M. Smit", "roles": ["approver"]}
LOGOUT: JsonMap = {"http://schemas.openid.net/event/backchannel-logout": {}}
AN_HOUR = 3600


class OnTheClock(Provider):
    """One whose time is everybody's."""

    def made(self, nonce: str | None = None, **claims: Any) -> str:
        self.now = int(time.time())
        return super().made(nonce, **claims)


@contextmanager
def its_own_thread() -> Iterator[Provider]:
    """A provider that answers while the test waits for its browser."""
    ready, over, found = Event(), Event(), list[Provider]()

    async def serve() -> None:
        async with providing(OnTheClock) as made:
            found.append(made)
            ready.set()
            await asyncio.to_thread(over.wait)

    thread = Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    ready.wait()
    yield found[0]
    over.set()
    thread.join()


@dataclass
class Organisation(Desk):
    """A desk whose people have accounts; it is another site than the provider."""

    provider: Provider | None = None

    @property
    def base(self) -> str:
        return f"http://localhost:{self.served.port}"

    def comes_in(self, who: dict[str, Any], page: Page | None = None, since: int = 0) -> Page:
        """Somebody who signed in at the provider so many seconds ago, or does so now."""
        page = page or self.page()
        self.is_there(who, since)
        page.goto(f"{self.base}/console")
        soundness(page)
        page.get_by_role("link", name="Verder").click()
        page.wait_for_url("**/console")
        return page

    def is_there(self, who: dict[str, Any], since: int = 0) -> None:
        assert self.provider is not None
        self.provider.who = who
        self.provider.token = {"auth_time": int(time.time()) - since} if since else {}

    def ended(self, **claims: str) -> int:
        """Has the provider say that somebody is signed out there."""
        assert self.provider is not None
        token = self.provider.made(jti=str(uuid4()), events=LOGOUT, **claims)
        where = f"{self.served.base}/console/sign-in/logout-token"
        return httpx.post(where, data={"logout_token": token}).status_code


@pytest.fixture(scope="module")
def desk(mocks: Mocks) -> Iterator[Organisation]:
    with its_own_thread() as provider, browser() as made:
        served = Served(mocks.config.parent, "organisation", "organisation.toml")
        own = CONFIG.replace("ISSUER", provider.address)
        own = own.replace("HERE", f"http://localhost:{served.port}")
        (mocks.config.parent / served.config).write_text(mocks.config.read_text() + own)
        farewell = "<!doctype html><title>Afgemeld</title><h1>Afgemeld bij de organisatie</h1>"
        provider.answers["/end"] = Answer(farewell.encode(), headers={"content-type": "text/html"})
        served.start()
        yield Organisation(served, mocks, made, provider=provider)
        served.end()


def broken_rules(desk: Organisation) -> list[str]:
    """What the browser complains of, but for pages that say no by their status."""
    return [one for one in desk.said if "the server responded with a status of" not in one]


def test_the_way_there_and_back_and_out_again(desk: Organisation) -> None:
    page = desk.comes_in({**ANNA, "sid": "s-1"})
    expect(page.get_by_role("link", name="A. Bakker")).to_be_visible()
    assert page.get_by_role("heading", name="Werkvoorraad").is_visible()
    [cookie] = [one for one in page.context.cookies() if one["name"] == "avgate_console"]
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    page.get_by_role("button", name="Afmelden").click()
    expect(page.get_by_role("status")).to_contain_text("afgemeld")
    soundness(page)
    page.get_by_role("link", name="Ook afmelden bij").click()
    expect(page.get_by_role("heading", name="Afgemeld bij de organisatie")).to_be_visible()
    page.goto(f"{desk.base}/console")
    assert "/console/sign-in" in page.url
    assert broken_rules(desk) == []


def test_whoever_decides_shows_anew_who_they_are(
    desk: Organisation, people: Iterator[Person]
) -> None:
    anna = desk.comes_in({**ANNA, "sid": "s-2"})
    address = ask(anna, next(people), "Wissen")
    expect(anna.get_by_role("heading", name="Voorbeeld")).to_be_visible()

    maarten = desk.comes_in({**MAARTEN, "sid": "s-3"}, since=AN_HOUR)
    maarten.get_by_role("link", name=re.compile("^AVG-")).first.click()
    expect(maarten.get_by_role("heading", name="Laat zien dat jij het bent")).to_be_visible()
    soundness(maarten)
    desk.is_there({**MAARTEN, "sid": "s-4"})  # who types the password once more
    maarten.get_by_role("link", name="Opnieuw aanmelden").click()
    maarten.wait_for_url(f"{address}/approval")
    assert desk.provider is not None
    assert desk.provider.asked_of[-1]["prompt"] == "login"
    number = maarten.locator("h1").inner_text().rpartition(" ")[2]
    maarten.locator("#number").fill(number)
    maarten.get_by_role("button", name="Wissen uitvoeren").click()
    maarten.wait_for_url(address)
    assert broken_rules(desk) == []


def test_what_was_filled_in_outlives_a_session_that_ended(
    desk: Organisation, people: Iterator[Person]
) -> None:
    page = desk.comes_in({**ANNA, "sub": "u-3", "sid": "s-5"})
    page.get_by_role("searchbox").first.fill(next(people).emails[0])
    page.get_by_role("button", name="Zoeken").first.click()
    page.get_by_role("button", name="Inzage", exact=True).click()
    page.get_by_label("Hoe", exact=True).fill("teruggebeld")
    assert desk.ended(sub="u-3") == 200
    page.get_by_role("button", name="Verzoek vastleggen").click()
    soundness(page)
    desk.is_there({**ANNA, "sub": "u-3", "sid": "s-6"})
    with page.expect_popup() as opening:
        page.get_by_role("link", name="Aanmelden in een ander venster").click()
    window = opening.value
    window.get_by_role("link", name="Verder").click()
    window.wait_for_url("**/console")
    page.get_by_role("button", name="Versturen").click()  # made in the session before: once more
    soundness(page)
    page.get_by_role("button", name="Versturen").click()
    page.wait_for_url(re.compile(r"/console/requests/[0-9a-f-]{36}$"))


def test_a_session_that_the_provider_ends_is_told_nothing_more(
    desk: Organisation, people: Iterator[Person]
) -> None:
    page = desk.comes_in({**ANNA, "sub": "u-4", "sid": "s-7"})
    desk.mocks.plant("directory", {"fault": "throttle_seconds", "seconds": 600, "times": 3})
    over: list[str] = []
    page.on("requestfinished", lambda one: over.append(one.url))
    ask(page, next(people), "Wissen")
    expect(page.get_by_text("4 systemen zijn klaar")).to_be_visible()
    page.wait_for_timeout(1)
    assert not [url for url in over if url.endswith("/live")], "it is listened to"
    assert desk.ended(sid="s-7") == 200

    def is_over() -> bool:
        page.evaluate("1")  # lets the browser say what it has to
        return any(url.endswith("/live") for url in over)

    until(is_over, 20)
    assert page.locator("#request").count() == 1, "what was there is not written over"
    page.get_by_role("link", name="Werkvoorraad").click()
    assert "/console/sign-in" in page.url
