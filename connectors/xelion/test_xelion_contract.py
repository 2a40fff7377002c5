"""What is promised of every connector, held against Xelion."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

from avgate_contracts.kit import ConnectorContract
from avgate_mocks.people import LIBERVOICE, Period, Role, cast
from avgate_mocks.upstreams import running
from avgate_mocks.world import World, world
from avgate_mocks.xelion import config_section
from avgate_xelion import XelionConnector

KNOWN = {
    "xelion_id": "1650007",
    "email": "saskia.dijkstra.1@example.com",
    "phone": "+31262426835",
}
NOBODY = {"email": "niemand@example.org"}
CHANGES = {"name.family": "Nieuwenhuis", "address.city": "Hilversum"}
# A call that nobody left a message in does not say so, and an outsider has no card.
OPTIONAL = ("object.voicemail", "object.participants.*.addressable")


def few() -> World:
    """One person with calls and a voicemail, in more than one window of 28 days."""
    everyone = world()
    one = cast(everyone.people)[Role.SAME_NAME_FIRST]
    since = Period(everyone.as_of - timedelta(days=60))
    lines = tuple(replace(line, held=since) for line in one.lines[:1])
    calls = {"xelion_calls": 2, "xelion_voicemails": 1, "xelion_recordings": 0}
    held = replace(one.volume, xelion_contacts=0, **calls)
    return replace(everyone, people=(replace(one, lines=lines, volume=held),))


@asynccontextmanager
async def upstream() -> AsyncIterator[str]:
    async with running(few(), ["xelion"]) as addresses:
        yield f"{addresses['xelion']}/api/v1/{LIBERVOICE}"


class TestXelion(ConnectorContract):
    connector = XelionConnector
    settings = config_section(few(), LIBERVOICE, 0)
    subject = KNOWN
    stranger = NOBODY
    changes = CHANGES
    upstream = staticmethod(upstream)
    cassettes = "cassettes/contract"
    optional = OPTIONAL
    together = staticmethod(lambda item: item.ref.split(":")[1])  # a sound is found by its call
    volatile = ("userSpace",)  # another ending while an earlier session of ours is alive
