"""The console of a gateway indoors, and staff who look at its pages."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path

import httpx

from avgate_gateway.authentication import Scope
from avgate_gateway.cli.console import client_of
from avgate_gateway.cli.signing import signed_token
from avgate_gateway.console.links import console_audience
from avgate_gateway.settings import load

from ..flow.harness import EVERYTHING
from ..flow.indoors import Indoors, indoors

_CSRF = re.compile(r'name="csrf" value="([0-9a-f]+)"')
_TAGS = re.compile(r"<[^>]*>")


@dataclass
class Person:
    """A member of staff who is signed in."""

    http: httpx.AsyncClient
    csrf: str = ""

    async def see(self, path: str, status: int = 200) -> str:
        answer = await self.http.get(path)
        assert answer.status_code == status, answer.text
        return answer.text

    async def send(self, path: str, status: int = 200, **fields: object) -> httpx.Response:
        answer = await self.http.post(path, data={"csrf": self.csrf, **fields})
        assert answer.status_code == status, f"{answer.status_code}: {said(answer.text)}"
        return answer


@dataclass
class Pages:
    """Pages, and whoever is signed in at them by now."""

    here: Indoors
    staff: dict[str, Person] = field(default_factory=dict)

    async def enter(
        self, name: str, scopes: Iterable[Scope] = EVERYTHING, controller: str = "libervoice"
    ) -> Person:
        """Lets somebody in by a link, once."""
        if name not in self.staff:
            settings = load(self.here.folder / "avgate.toml", {})
            code = signed_token(
                settings, controller=controller, client=client_of(name), scopes=tuple(scopes),
                seconds=600, subject=name,
                audience=console_audience(settings.authentication.audience),
            )  # fmt: skip
            transport = httpx.ASGITransport(self.here.pages)
            http = httpx.AsyncClient(base_url="http://gateway.test", transport=transport)
            http.headers["accept-language"] = "en"
            answer = await http.post("/console/sign-in", data={"code": code})
            assert answer.status_code == 303, answer.text
            found = _CSRF.search((await http.get("/console/people")).text)
            self.staff[name] = Person(http, found[1] if found else "")
        return self.staff[name]


def said(html: str) -> str:
    """What a page says, in one line and without its tags."""
    return " ".join(unescape(_TAGS.sub(" ", html)).split())


@asynccontextmanager
async def opened(folder: Path, names: tuple[str, ...], *, more: str = "") -> AsyncIterator[Pages]:
    async with indoors(folder, names, more=more) as here:
        made = Pages(here)
        yield made
        for one in made.staff.values():
            await one.http.aclose()
