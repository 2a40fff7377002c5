"""The file at `results_url`: OpenDSR leaves its shape open; this is our connector's as well."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import orjson

from avgate_gateway import confidential
from avgate_gateway.flow.context import Context
from avgate_gateway.opendsr.mapping import IDENTITY_TYPES
from avgate_gateway.opendsr.naming import Naming
from avgate_gateway.opendsr.processor import Processor
from avgate_gateway.packing import recorded
from avgate_gateway.request import SubjectRequest
from avgate_gateway.store import requests
from avgate_gateway.store.copies import Shelf
from avgate_gateway.vault import Box


async def written(
    context: Context, us: Processor, naming: Naming, request: SubjectRequest, sender_id: str,
    box: Box,
) -> AsyncGenerator[bytes, None]:  # fmt: skip
    """The file in pieces: no more of a copy is in memory than of the package."""
    head = {
        "subject_request_id": sender_id,
        "package_url": us.package_url(naming, sender_id),
    }
    named = await _identities(context, request, box)
    yield orjson.dumps(head)[:-1] + b',"results":['
    between = b""
    async for shelf, line in recorded(context, request, box):
        yield between + _result(context, request, shelf, line, named)
        between = b","
    yield b"]}"


def _result(
    context: Context, request: SubjectRequest, shelf: Shelf, line: bytes, named: bytes
) -> bytes:
    """One record; its id is the same as long as the record is, in whatever request it is shown."""
    place = (shelf.connector, shelf.category, shelf.product)
    made = context.vault.blind(request.controller, "opendsr result", *place, line.decode())
    head = {"id": made[:32], "kind": shelf.category, "system": shelf.connector}
    return orjson.dumps(head)[:-1] + b',"identities":' + named + b',"data":' + line + b"}"


async def _identities(context: Context, request: SubjectRequest, box: Box) -> bytes:
    """By what the data subject was asked for: every record was found by it, or set aside."""
    async with context.database.read() as db:
        sealed = (await requests.sealed(db, request.id)).confidential or b""
    person = confidential.from_bytes(box.open(sealed, confidential.CONTEXT))
    return orjson.dumps(
        [
            {"identity_type": IDENTITY_TYPES[one.kind], "identity_value": one.value}
            for one in person.subject.identifiers
        ]
    )
