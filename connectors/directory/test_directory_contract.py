"""What is promised of every connector, held against the directory."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from avgate_contracts.kit import ConnectorContract
from avgate_directory import DirectoryConnector
from avgate_mocks.directory import config_section
from avgate_mocks.people import LIBERVOICE
from avgate_mocks.upstreams import running
from avgate_mocks.world import world

KNOWN = {"phone": "+31504102499"}
NOBODY = {"phone": "+31209990000"}
CHANGES = {"name.family": "Nieuwenhuis", "address.city": "Hilversum"}
# What the "DLDA Fields" leave open, and a directory need not say since when.
OPTIONAL = {"FirstName", "StreetName", "HouseNumber", "Country", "AddressType", "HeldSince"}


@asynccontextmanager
async def upstream() -> AsyncIterator[str]:
    async with running(world(), ["directory"]) as addresses:
        yield f"{addresses['directory']}/api"


class TestDirectory(ConnectorContract):
    connector = DirectoryConnector
    settings = config_section(world(), LIBERVOICE, 0)
    subject = KNOWN
    stranger = NOBODY
    changes = CHANGES
    upstream = staticmethod(upstream)
    cassettes = "cassettes/contract"
    optional = OPTIONAL
    together = staticmethod(lambda item: item.ref.partition("/")[0])
