"""What is promised of every connector, held against the subprocessors."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime

from avgate_contracts.kit import ConnectorContract
from avgate_contracts.kit.redaction import Given, Redaction
from avgate_contracts.kit.tape import Interaction, Tape
from avgate_mocks.people import LIBERVOICE, Role, cast
from avgate_mocks.subprocessors import config_section
from avgate_mocks.subprocessors.processor import PERFECTVIEW, WORKSPACE365
from avgate_mocks.subprocessors.seal import Seal
from avgate_mocks.upstreams import running
from avgate_mocks.world import World, world
from avgate_subprocessors import SubprocessorsConnector

# A request's id is made of whom it is about: of values that a recording leaves as they are.
KNOWN = {"customer_id": "C-1", "email": "subject@example.org"}
NOBODY = {"customer_id": "C-2", "email": "niemand@example.org"}
# What OpenDSR has lists of, and the id that an answer is known by.
WORDS = {"identity_format", "supported_subject_request_types", "subject_request_id"}
SIGNED = {"x-opendsr-processor-domain", "x-opendsr-signature"}


class SignedAnew(Redaction):
    """What was signed is signed again once it is redacted, with a key that is then forgotten.

    Published lists are public, and their columns have names: they stay.
    """

    def redacted(self, tape: Tape, given: Given = Given()) -> Tape:  # noqa: B008 -- frozen
        seals = {p.name: Seal(p.domain, datetime.now(UTC)) for p in (PERFECTVIEW, WORKSPACE365)}
        pairs = zip(tape.interactions, super().redacted(tape, given).interactions, strict=True)
        return replace(tape, interactions=tuple(_sealed(*pair, seals) for pair in pairs))


def _sealed(real: Interaction, kept: Interaction, seals: Mapping[str, Seal]) -> Interaction:
    if "/lists/" in real.url:
        return replace(kept, body=real.body)
    seal = next(seal for name, seal in seals.items() if f"/{name}/" in real.url)
    if real.url.endswith("/certificate.pem"):
        return replace(kept, body=seal.certificate)
    if "x-opendsr-signature" not in real.headers:
        return kept
    own = {"x-opendsr-signature": seal.signature(kept.body)}
    return replace(kept, headers={**kept.headers, **own})


def few() -> World:
    everyone = world()
    one = cast(everyone.people)[Role.RUNNING]
    known = replace(one, customer_id=KNOWN["customer_id"], emails=(KNOWN["email"],))
    return replace(everyone, people=(known,))


@asynccontextmanager
async def upstream() -> AsyncIterator[Mapping[str, object]]:
    async with running(few(), ["subprocessors"]) as addresses:
        port = int(addresses["subprocessors"].rpartition(":")[2])
        yield config_section(few(), LIBERVOICE, port)


class TestSubprocessors(ConnectorContract):
    connector = SubprocessorsConnector
    settings = config_section(few(), LIBERVOICE, 0)
    subject = KNOWN
    stranger = NOBODY
    upstream = staticmethod(upstream)
    cassettes = "cassettes/contract"
    redaction = SignedAnew(keep=WORDS, headers=SIGNED)
    together = staticmethod(lambda item: json.loads(item.ref)[0])  # OpenDSR erases a whole person
