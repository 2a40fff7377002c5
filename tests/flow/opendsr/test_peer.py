"""Our own connector, written from the specification alone, asks our own gateway over a real socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import date

import pytest
import pytest_asyncio
from tests.flow.harness import EVERYTHING, token
from tests.flow.indoors import Indoors, indoors
from tests.flow.opendsr_sender import DOMAIN, vouched_for

import avgate_contracts as sdk
from avgate_contracts.http import Runtime, open_client
from avgate_gateway.api.application import application
from avgate_mocks.people import Person, Role
from avgate_mocks.serving import bound, port_of, served
from avgate_subprocessors import SubprocessorsConnector, SubprocessorsSettings
from avgate_subprocessors.client import Clock

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass
class Peer:
    """A gateway on a socket, and whoever made connectors to it."""

    here: Indoors
    url: str
    made: list[sdk.HttpClient] = field(default_factory=list)

    def connector(self, controller: str = "libervoice") -> SubprocessorsConnector:
        """A process of its own, as far as the gateway can tell: it remembers nothing."""
        known = self.here.folder / "avgate-token.jwk"
        processor = {
            "name": "downstream",
            "title": "Downstream",
            "opendsr_url": f"{self.url}/opendsr",
            "token": token(known, controller, "upstream", EVERYTHING),
            "domain": DOMAIN,
        }
        own = {"base_url": self.url, "processors": [processor]}
        settings = SubprocessorsSettings.model_validate(own)
        limits = SubprocessorsConnector.manifest.limits
        http = open_client(settings, limits, Runtime(now=self.here.time.now, sleep=self.wait))
        self.made.append(http)
        clock = Clock(self.here.time.now, self.wait)
        return SubprocessorsConnector(settings, http, clock=clock)

    async def wait(self, seconds: float) -> None:
        await self.here.let_pass(seconds=seconds)

    async def newest(self) -> str:
        return str((await self.here.get("/v1/requests?limit=1"))["items"][0]["id"])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def peer(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Peer]:
    sock = bound(0)
    url = f"http://127.0.0.1:{port_of(sock)}"
    settings = f'\n[opendsr]\nurl = "{url}"\ndomain = "{DOMAIN}"\n'
    folder, names = tmp_path_factory.mktemp("peer"), ("directory", "subprocessors")
    async with indoors(folder, names, more=settings, edited=vouched_for) as here:
        gateway = replace(here.assembled.gateway, wake=here.woken.extend)
        app = application(gateway, here.assembled.verifier, here.assembled.limits)
        made = Peer(here, url)
        async with served({sock: app}):
            yield made
        for http in made.made:
            await http.aclose()


def known_as(person: Person) -> sdk.DataSubject:
    def own(kind: str, value: str, **days: str) -> sdk.Identifier:
        dates = {name: date.fromisoformat(day) for name, day in days.items()}
        return sdk.Identifier.of(sdk.IdentifierKind(kind), value, **dates)

    known = tuple(own(**one.as_json()) for one in person.identifiers())
    return sdk.DataSubject("s-1", known)


async def records(connector: SubprocessorsConnector, person: Person) -> list[sdk.Record]:
    found = [one async for one in connector.access(known_as(person))]
    assert all(isinstance(one, sdk.Record) for one in found)
    return [one for one in found if isinstance(one, sdk.Record)]


async def test_a_connector_finds_what_it_needs_to_know(peer: Peer) -> None:
    await peer.connector().check()


async def test_a_connector_is_shown_what_every_upstream_holds(peer: Peer) -> None:
    person = peer.here.person(Role.RUNNING)
    found = await records(peer.connector(), person)
    held = (
        await peer.here.holds("directory", person),
        await peer.here.holds("subprocessors", person),
    )
    assert len(found) >= sum(sum(one.values()) for one in held) > 0
    named = {(one.kind, one.value) for one in known_as(person).identifiers}
    assert all(named & {(i.kind, i.value) for i in one.identifiers} for one in found)


async def test_a_connectors_erasure_waits_for_a_second_person_and_is_done_once(peer: Peer) -> None:
    here, person = peer.here, peer.here.person(Role.ENDED)
    connector = peer.connector()
    items = [one.item for one in await records(connector, person)]
    [first, *_] = await connector.erase(items, key="k-1")
    assert isinstance(first.outcome, sdk.Pending)
    request_id = await peer.newest()
    await peer.wait(5)
    restarted = peer.connector()  # whose body says another time: it asks for what it has sent
    [again, *_] = await restarted.erase(items, key="k-1")
    assert isinstance(again.outcome, sdk.Pending)
    assert (again.outcome.job, await peer.newest()) == (first.outcome.job, request_id)
    assert (await here.until(request_id))["waiting_for"] == "approval"
    [waits, *_] = await restarted.confirm(first.outcome.job, items)
    assert isinstance(waits.outcome, sdk.Pending)
    assert (await here.decide(request_id)).status_code == 200
    await here.until(request_id, "closed")
    [done, *_] = await restarted.confirm(first.outcome.job, items)
    assert done.outcome == sdk.Completed(sdk.Effect.ERASED)
    assert not await here.holds("subprocessors", person)
    assert len(await restarted.still_held(items)) < len(items)


async def test_a_connector_hears_that_its_request_was_refused(peer: Peer) -> None:
    connector, person = peer.connector(), peer.here.person(Role.RUNNING)
    items = [one.item for one in await records(connector, person)]
    [sent, *_] = await connector.erase(items, key="k-2")
    assert isinstance(sent.outcome, sdk.Pending)
    request_id = await peer.newest()
    await peer.here.until(request_id)
    assert (await peer.here.decide(request_id, "reject")).status_code == 200
    [told, *_] = await connector.confirm(sent.outcome.job, items)
    assert isinstance(told.outcome, sdk.Refused)


async def test_a_connector_without_a_verified_identity_waits(peer: Peer) -> None:
    connector = peer.connector("mister-voip")
    with pytest.raises(sdk.UnavailableError):
        await records(connector, peer.here.person(Role.RUNNING))
