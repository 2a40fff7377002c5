"""[K08] A call that is repeated late: as long as its key is remembered it is the same, and then it is a new one."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from avgate_mocks.people import Role

from .harness import JsonMap, a_request
from .indoors import Indoors, indoors

_DAY = 24 * 3600
_KEPT = 30 * _DAY  # as docs/operate.md and the API's description say


async def said(here: Indoors, body: JsonMap, key: str) -> httpx.Response:
    sent = {"idempotency-key": key}
    return await here.caller().post("/v1/requests", json=body, headers=sent)


@pytest.mark.parametrize("seconds", [0, _DAY - 1, _DAY + 1, _KEPT - 60], ids=str)
async def test_as_long_as_its_key_is_remembered_the_first_answer_is_given_again(
    tmp_path: Path, seconds: int
) -> None:
    async with indoors(tmp_path, ("directory",), exempt="portal") as here:
        body, key = a_request("erase", here.person(Role.RUNNING), "directory"), str(uuid4())
        first = await said(here, body, key)
        await here.until(first.json()["id"], "closed", "person")
        before = len(await here.effects("directory"))
        await here.let_pass(seconds=seconds)
        await here.assembled.engine._tidy()
        again = await said(here, body, key)
        assert (again.status_code, again.content) == (first.status_code, first.content)
        await here.settle()
        assert len(await here.effects("directory")) == before
        other = await said(here, {**body, "note": "another"}, key)
        assert other.json()["type"].endswith("/idempotency-key-reused")


async def test_after_that_it_is_a_request_of_its_own_that_passes_every_gate_again(
    tmp_path: Path,
) -> None:
    async with indoors(tmp_path, ("directory",)) as here:
        body, key = a_request("erase", here.person(Role.RUNNING), "directory"), str(uuid4())
        unverified = {name: value for name, value in body.items() if name != "identity"}
        first = (await said(here, unverified, key)).json()
        await here.let_pass(seconds=_KEPT + 60)
        await here.assembled.engine._tidy()
        again = (await said(here, unverified, key)).json()
        assert again["id"] != first["id"]
        await here.settle()
        for one in (first, again):
            assert (await here.request(one["id"]))["waiting_for"] == "identity"
        assert await here.effects("directory") == []
