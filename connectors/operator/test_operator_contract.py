"""What is promised of every connector, held against Operator."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from avgate_contracts.kit import ConnectorContract
from avgate_contracts.kit.redaction import Redaction
from avgate_contracts.vocabulary import Product
from avgate_mocks.operator import build, config_section
from avgate_mocks.people import LIBERVOICE, Role, Volume, cast
from avgate_mocks.serving import bound, port_of, served
from avgate_mocks.world import World, world
from avgate_operator import OperatorConnector

KNOWN = {
    "customer_id": "C-100008",
    "iccid": "8931990000054639760",
}
NOBODY = {"customer_id": "C-900000", "email": "niemand@example.org", "ip": "198.18.9.9"}
# What the connector branches on: the names of characteristics, and which sort of service it is.
WORDS = {f"{of}Characteristic.name" for of in ("party", "product", "usage")}
WORDS |= {"productSpecification.id"}
# Somebody may have no way to be reached and no account, what runs has no end (TMF632, TMF637);
# and an entry of an address book is what its owner made of it.
OPTIONAL = {"contactMedium", "partyCharacteristic", "startDateTime", "endDateTime"}
OPTIONAL |= {"startDate", "terminationDate"}
OPTIONAL |= {f"*.productCharacteristic.*.value.*.{name}" for name in ("name", "phoneNumber")}
CHANGES = {"name.family": "Nieuwenhuis", "address.city": "Hilversum"}


def few() -> World:
    """One person with something of everything that is held, and not much of it."""
    everyone = world()
    held = Volume(calls=2, sessions=1, voicemails=1, recordings=1, contacts=2)
    one = replace(cast(everyone.people)[Role.ENDED], volume=held, products=frozenset(Product))
    return replace(everyone, people=(one,))


@asynccontextmanager
async def upstream() -> AsyncIterator[str]:
    sock = bound(0)
    async with served({sock: build(few(), port_of(sock), largest_page=4)}):
        yield str(config_section(few(), LIBERVOICE, port_of(sock))["base_url"])


class TestOperator(ConnectorContract):
    connector = OperatorConnector
    settings = config_section(few(), LIBERVOICE, 0)
    subject = KNOWN
    stranger = NOBODY
    changes = CHANGES
    upstream = staticmethod(upstream)
    cassettes = "cassettes/contract"
    optional = OPTIONAL
    redaction = Redaction(keep=WORDS)
