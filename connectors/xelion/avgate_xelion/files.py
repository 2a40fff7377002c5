"""The contents of what was sent along with a message."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import avgate_contracts as sdk
from avgate_xelion.communications import FileContents
from avgate_xelion.models import One

_FILE = "/attachments/{oid}"
_STRETCH = 256 * 1024  # letters of Base64, four for three bytes


@asynccontextmanager
async def contents(http: sdk.HttpClient, oid: str) -> AsyncIterator[AsyncIterator[bytes]]:
    """A file stands in JSON, so it comes whole; 10 MB is the most that Xelion keeps (model.html)."""
    answer = await http.send("GET", _FILE, ids={"oid": oid})
    found = answer.parse(One[FileContents]).object
    if found.oid != oid:
        raise sdk.ContractBrokenError("an answer is about another object than was asked for")
    yield _parted(found.contents_b64_string)


async def _parted(encoded: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(encoded), _STRETCH):
        try:
            yield b64decode(encoded[start : start + _STRETCH], validate=True)
        except ValueError:
            raise sdk.ContractBrokenError("what came for a file is not Base64") from None
