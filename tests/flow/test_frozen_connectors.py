"""A connector of each minor that is served does its work; a refused one stops nothing."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from avgate_contracts.http import Runtime
from avgate_gateway.assembly import assemble
from avgate_gateway.registry.protocol import OURS
from avgate_gateway.settings import SettingsError, load
from avgate_mocks.world import world

from ..gateway.invented_distributions import CONNECTOR, Site, site  # noqa: TID252 -- tests are no packages of one another
from .harness import IDENTITY
from .indoors import Indoors, Time

FROZEN = Path(__file__).parent.parent / "contracts" / "frozen"
_CONFIG = """
database = "sqlite:///avgate.db"
connectors_allowed = ["frozen-avgate>=1,<2"]
least_level = {least}
[controllers.libervoice]
title = "Libervoice B.V."
retention = "libervoice-2019"
[controllers.libervoice.connectors.frozen]
base_url = "https://frozen.example"
token = "secret"
"""
EMAIL = "fleur.bakker@example.org"


class Upstream(httpx.AsyncBaseTransport):
    """Two cards of one person, each on a page of its own; one goes at once, one a look later."""

    def __init__(self) -> None:
        opened = "2020-01-01T00:00:00Z"
        self.cards = {
            name: {"id": name, "email": EMAIL, "city": "Arnhem", "opened_at": opened}
            for name in ("c1", "c2")
        }
        self.closing = ""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        name = request.url.path.removeprefix("/cards").removeprefix("/")
        if request.url.path == "/me":
            return httpx.Response(200, json={})
        if not name:
            shown = list(self.cards.values())
            first = "after" not in request.url.params
            page = {"items": shown[:1] if first else shown[1:], "next": "c1" if first else None}
            return httpx.Response(200, json=page)
        if name not in self.cards:
            return httpx.Response(404, json={})
        if request.method == "PATCH":
            self.cards[name] |= json.loads(request.content)
        if request.method == "DELETE":
            del self.cards[name]
            return httpx.Response(204 if name == "c1" else 202)
        return httpx.Response(200, json=self.cards[name])


Opening = Callable[..., AbstractAsyncContextManager[Indoors]]


@pytest.fixture
def upstream() -> Upstream:
    return Upstream()


@pytest.fixture
def opening(tmp_path: Path, upstream: Upstream) -> Opening:
    """Opens a gateway whose one connector is this source, installed as a distribution."""

    @asynccontextmanager
    async def opened(
        source: str, *, version: str = "1.0", least: int = 0
    ) -> AsyncIterator[Indoors]:
        (tmp_path / "site").mkdir()
        config = tmp_path / "avgate.toml"
        config.write_text(_CONFIG.format(least=least))
        time = Time()
        runtime = Runtime(transport=lambda: upstream, now=time.now, sleep=time.sleep)
        with site(tmp_path / "site") as here:
            _install(here, source, version)
            assembled = assemble(load(config, {}), runtime)
            made = Indoors(assembled, time, world(seed=5, count=9, now=time.now), {}, tmp_path, [])
            try:
                yield made
            finally:
                for client in (made.outside, *made.clients.values()):
                    await client.aclose()
                for http in assembled.clients:
                    await http.aclose()
                await assembled.context.database.close()

    return opened


def _install(here: Site, source: str, version: str) -> None:
    entry = "frozen = {package}:FrozenConnector"
    here.install("frozen-avgate", source, version=version, entry=entry)


def asking(operation: str, **more: object) -> dict[str, Any]:
    subject = {"identifiers": [{"kind": "email", "value": EMAIL}]}
    return {"operation": operation, "subject": subject, "identity": IDENTITY, **more}


async def listed(gateway: Indoors) -> dict[str, Any]:
    found = (await gateway.get("/v1/connectors"))["items"]
    return dict(next(one for one in found if one["name"] == "frozen"))


@pytest.mark.parametrize("minor", [p.minor for p in OURS.served()])
async def test_a_connector_of_a_served_minor_does_all_that_it_did_then(
    opening: Opening, upstream: Upstream, minor: int
) -> None:
    source = (FROZEN / f"protocol_{OURS.major}_{minor}.py").read_text("utf-8")
    async with opening(source) as gateway:
        shown = await listed(gateway)
        assert (shown["refused"], shown["health"]["ok"]) == (None, True)
        for operation in ("access", "export"):
            done = await gateway.carry_out(asking(operation))
            assert (await gateway.request(done))["state"] == "closed"
        changes = [{"field": "address.city", "from": "Arnhem", "to": "Hilversum"}]
        await gateway.carry_out(asking("rectify", changes=changes))
        assert {card["city"] for card in upstream.cards.values()} == {"Hilversum"}
        erased = await gateway.carry_out(asking("erase"))
        assert (await gateway.request(erased))["state"] == "closed"
        assert upstream.cards == {}


@pytest.mark.parametrize(
    ("source", "version", "least", "why"),
    [
        ("1 / 0", "1.0", 0, "ZeroDivisionError"),
        (None, "2.0", 0, "not within"),
        (None, "1.0", 3, "least_level is 3"),
        ("protocol='9.9'", "1.0", 0, "speaks protocol 9.9"),
        ("building", "1.0", 0, "building it failed with SystemExit"),
    ],
)
async def test_the_part_of_a_refused_connector_is_neither_left_out_nor_settled(
    opening: Opening, source: str | None, version: str, least: int, why: str
) -> None:
    frozen = (FROZEN / "protocol_1_0.py").read_text("utf-8")
    if source == "protocol='9.9'":
        source = frozen.replace('protocol="1.0"', 'protocol="9.9"')
    elif source == "building":
        source = frozen.replace("        self._http = http", "        raise SystemExit(1)")
    async with opening(source or frozen, version=version, least=least) as gateway:
        asked = await gateway.carry_out(asking("access"))
        (part,) = (await gateway.request(asked))["connectors"]
        assert (part["connector"], part["stage"]) == ("frozen", "stuck")
        assert why in json.dumps(part)
        shown = await listed(gateway)
        assert why in json.dumps(shown)
        assert shown["health"]["kind"] == "MisconfiguredError"


def test_a_config_that_contradicts_itself_is_told_at_the_start(tmp_path: Path) -> None:
    text = tmp_path / "avgate.toml"
    text.write_text(_CONFIG.format(least=0).replace("frozen-avgate>=1,<2", "avgate"))
    with site(tmp_path) as here:
        _install(here, CONNECTOR, "1.0")
        with pytest.raises(SettingsError, match="frozen-avgate is not in connectors_allowed"):
            assemble(load(text, {}))
