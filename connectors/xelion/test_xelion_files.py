"""What was sent along with a message: it is the person's, and goes with the rest of it."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

import avgate_contracts as sdk
from avgate_xelion.models import Ref

from .stage import DONE, GONE, Between, Stage, live, only
from .test_xelion_traces import OneCall

_CALL = sdk.Category.COMMUNICATION_METADATA
ITEM = sdk.ItemRef(
    str(Ref(_CALL, "10", frozenset({"1"}), frozenset({"5"}))),
    _CALL,
    sdk.Product.XELION,
    erasure=sdk.ErasureWay.ANONYMISE,
)
HAS_NONE, HAS_SOME = b'"hasAttachment":false', b'"hasAttachment":true'
LETTER = b"%PDF-1.7 " + bytes(range(256)) * 8


async def added(stage: Stage, oid: str, name: str = "brief van S. Dijkstra.pdf") -> None:
    """A colleague sends a file along with it."""
    value: sdk.Json = {"commonName": name, "contentsB64String": b64encode(LETTER).decode()}
    body: sdk.Json = {"operations": [{"op": "add", "path": "/attachments/1", "value": value}]}
    await stage.http.send("PATCH", "/communications/{oid}", ids={"oid": oid}, json=body)


async def log(stage: Stage) -> sdk.Record:
    found = [each async for each in stage.connector.export(stage.subject)]
    records = (each for each in found if isinstance(each, sdk.Record))
    return next(r for r in records if r.item.erasure is sdk.ErasureWay.ANONYMISE)


async def test_a_copy_has_the_files_that_were_sent_along() -> None:
    async with live(known=only("xelion_id")) as stage:
        await added(stage, str((await log(stage)).data["oid"]))
        record = await log(stage)
        (file,) = record.attachments
        async with file.open() as chunks:
            assert b"".join([chunk async for chunk in chunks]) == LETTER
    assert (file.name, file.media_type) == ("attachment-1.pdf", "application/pdf")
    assert "Dijkstra" not in repr(record)


async def test_what_is_stripped_keeps_none_of_the_files() -> None:
    async with live(known=only("xelion_id")) as stage:
        await added(stage, str((await log(stage)).data["oid"]))
        item = (await log(stage)).item
        assert await stage.erase(item) == [DONE]
        ids = {"oid": item.ref.split(":")[1]}
        answer = await stage.http.send("GET", "/communications/{oid}", ids=ids)
        assert answer.parse(dict[str, Any])["object"]["attachments"] == []
        assert await stage.erase(item, key="key-2") == [GONE]


async def test_what_keeps_a_file_was_not_stripped() -> None:
    """Xelion takes the change, and does not carry out all of it."""
    for left in ({"attachments": [{"oid": "7"}]}, {"hasAttachment": True}):
        upstream = OneCall(left)
        async with live(transport=upstream) as stage:
            (outcome,) = await stage.erase(ITEM)
            assert await stage.connector.still_held([ITEM]) == [ITEM]
        assert isinstance(outcome, sdk.Failed)
        assert outcome.code == "identity_left"


@pytest.mark.parametrize(("said", "parts"), [(True, ["Files of messages"]), (False, [])])
async def test_a_file_that_is_not_named_is_told_not_to_be_seen(
    parts: list[str], *, said: bool
) -> None:
    upstream = Between(answers=lambda body: body.replace(HAS_NONE, HAS_SOME) if said else body)
    async with live(known=only("xelion_id"), transport=upstream) as stage:
        found = [each async for each in stage.connector.access(stage.subject)]
    assert sorted({each.part for each in found if isinstance(each, sdk.Unseen)}) == parts
