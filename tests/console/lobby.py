"""The console of a gateway indoors, a provider that staff sign in with, and browsers in front of it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from starlette.applications import Starlette
from starlette.requests import Request

from avgate_gateway.api.application import application
from avgate_gateway.authentication import Caller
from avgate_gateway.console.assembling import console_of
from avgate_gateway.console.cookies import Cookies
from avgate_gateway.console.sessions import Identified, Sessions
from avgate_gateway.settings import load
from avgate_mocks.people import Role

from ..flow.harness import JsonMap, a_request
from ..flow.indoors import Indoors, indoors
from .provider import CLIENT, SECRET, Provider, providing

HERE = "https://desk.example"
STAFF = ("requests:read", "requests:access", "requests:erase", "requests:export")
_CONSOLE = f"""
[console]
url = "{HERE}"
fresh_minutes = 10

[console.oidc]
issuer_url = "ISSUER"
client_id = "{CLIENT}"
client_secret = "{SECRET}"

[console.roles]
desk = {list(STAFF)}
approver = ["requests:read", "requests:approve"]
"""
_LOGOUT: JsonMap = {"http://schemas.openid.net/event/backchannel-logout": {}}
_CSRF = re.compile(r'name="csrf" value="([0-9a-f]{64})"')
NOBODY = {"type": "http", "method": "GET", "path": "/", "headers": [], "scheme": "https",
           "server": ("desk.example", 443), "query_string": b""}  # fmt: skip


@dataclass
class Browser:
    """What one person has open; forms are sent as a page of ours would."""

    http: httpx.AsyncClient

    async def get(self, path: str, **more: Any) -> httpx.Response:
        return await self.http.get(path, **more)

    async def csrf(self) -> str:
        found = _CSRF.search((await self.get("/console/sessions")).text)
        assert found is not None, "nobody is signed in"
        return found[1]

    async def post(self, path: str, form: dict[str, Any], **headers: str) -> httpx.Response:
        usual = {"sec_fetch_site": "same-origin", **headers}
        sent = {name.replace("_", "-"): value for name, value in usual.items() if value}
        return await self.http.post(path, data=form, headers=sent)

    async def send(self, path: str, **form: Any) -> httpx.Response:
        return await self.post(path, {"csrf": await self.csrf(), **form})


@dataclass
class Lobby:
    """Who comes in by which door."""

    here: Indoors
    provider: Provider
    pages: Starlette
    app: Any
    browsers: list[httpx.AsyncClient]

    def browser(self, base: str = HERE) -> Browser:
        http = httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=base)
        self.browsers.append(http)
        return Browser(http)

    @property
    def sessions(self) -> Sessions:
        """The same rows as the console's own."""
        own = self.here.assembled
        hours = timedelta(hours=10)
        verifier = own.verifier  # who is revoked is the same list
        return Sessions(own.context, verifier, hours, hours, Cookies(True), has_provider=True)

    async def signed_in(
        self, name: str, scopes: Iterable[str] = STAFF, controller: str = "libervoice"
    ) -> Browser:
        """Somebody who came in by the provider a moment ago, without the way there."""
        caller = Caller(f"console:{name}", controller, frozenset(scopes), name)
        now = self.here.time.now()
        who = Identified(caller, name, f"oidc:{uuid4()}", now, "")
        cookie = await self.sessions.begin(Request(NOBODY), who)
        browser = self.browser()
        browser.http.cookies.set("__Host-avgate_console", cookie or "", domain="desk.example")
        return browser

    async def through(
        self, browser: Browser, start: str = "/console/sign-in/organisation", **who: Any
    ) -> httpx.Response:
        """Goes to the provider, signs in there as somebody, and comes back."""
        back = await self.to_provider(browser, start, **who)
        return await browser.get(back)

    async def to_provider(
        self, browser: Browser, start: str = "/console/sign-in/organisation", **who: Any
    ) -> str:
        """The address that the provider sends the browser back to."""
        self.provider.now = int(self.here.time.now().timestamp())
        self.provider.who = {"sub": "u-1", "preferred_username": "a.bakker", "name": "A. Bakker",
                             "roles": ["desk"], "controller": "libervoice", **who}  # fmt: skip
        away = await browser.get(start)
        assert away.status_code == 303, away.text
        sent = await self.here.outside.get(away.headers["location"])
        assert sent.status_code == 302
        return str(sent.headers["location"])


@asynccontextmanager
async def lobby(
    folder: Path, names: tuple[str, ...] = ("directory",), more: str = "", oidc: str = ""
) -> AsyncIterator[Lobby]:
    """`oidc`: further lines of console.oidc."""
    async with providing() as provider:
        named = f'issuer_url = "{provider.address}"\n{oidc}'
        config = _CONSOLE.replace('issuer_url = "ISSUER"', named) + more
        async with indoors(folder, names, more=config) as here:
            made = open_lobby(here, provider)
            yield made
            for http in made.browsers:
                await http.aclose()


def open_lobby(here: Indoors, provider: Provider) -> Lobby:
    """The console as it is served, but that what it wakes waits for `settle`."""
    own = here.assembled
    gateway = replace(own.gateway, wake=here.woken.extend)
    settings = load(here.folder / "avgate.toml", {})
    pages = console_of(settings, gateway, here.runtime)
    app = application(gateway, own.verifier, own.limits, pages=pages)
    assert isinstance(pages, Starlette)
    return Lobby(here, provider, pages, app, [])


async def waiting(at: Lobby) -> str:
    """A request whose preview waits for somebody."""
    request_id = await at.here.submit(a_request("erase", at.here.person(Role.RUNNING), "directory"))
    assert (await at.here.until(request_id))["waiting_for"] == "approval"
    return request_id


def a_request_form(**changes: str) -> dict[str, str]:
    """What the form of a new request sends."""
    usual = {"key": str(uuid4()), "right": "erase", "kind_0": "email", "connectors": "directory",
             "value_0": "nobody@voorbeeld.example", "is_verified": "yes", "method": "portal",
             "verified_by": "me", "verified_at": "2026-01-05T10:00"}  # fmt: skip
    return {**usual, **changes}


async def told(at: Lobby, **claims: Any) -> int:
    """How the console takes a logout token."""
    at.provider.now = int(at.here.time.now().timestamp())
    said = {"jti": str(uuid4()), "events": _LOGOUT, **claims}
    form = {"logout_token": at.provider.made(**said)}
    answer = await at.browser().http.post("/console/sign-in/logout-token", data=form)
    assert answer.headers["cache-control"] == "no-store"
    return answer.status_code
