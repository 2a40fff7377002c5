"""Calls that were refused become evidence of the controller whose client it was, summed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Never, cast

import pytest

from avgate_gateway.assembly import assemble
from avgate_gateway.authentication import Scope
from avgate_gateway.problem import INVALID_TOKEN
from avgate_gateway.refusals import Asked
from avgate_gateway.settings import load
from avgate_gateway.store import evidence
from avgate_gateway.store.cut_short import AwayError
from avgate_gateway.store.database import Database
from avgate_gateway.upkeep import write_down

from .indoors import indoors


async def test_refused_calls_are_evidence_for_whose_client_it_was(tmp_path: Path) -> None:
    async with indoors(tmp_path, ("operator",)) as here:
        nosy = here.caller("nosy", "mister-voip", {Scope.READ})
        for _ in range(3):
            assert (await nosy.get("/v1/audit")).status_code == 403
        nobody = {"authorization": "Bearer of.no.kind"}
        assert (await nosy.get("/v1/audit", headers=nobody)).status_code == 401
        context = here.assembled.context
        for _ in range(2):  # once is enough
            await write_down(context, here.assembled.gateway.refusals)
        async with context.database.read() as db:
            found = [e for e in await evidence.entries(db) if e.event == "access.refused"]
        assert [(e.controller, json.loads(e.details)) for e in found] == [
            ("mister-voip", {"client": "nosy", "count": 3, "reason": "insufficient-scope"}),
            ("", {"client": None, "count": 1, "reason": "invalid-token"}),
        ]


class Away:
    """A database that cannot be reached."""

    def write(self) -> Never:
        raise AwayError("not now")


async def test_what_cannot_be_written_down_now_is_written_down_later(tmp_path: Path) -> None:
    async with indoors(tmp_path, ("operator",)) as here:
        nosy = here.caller("nosy", "mister-voip", {Scope.READ})
        context, refusals = here.assembled.context, here.assembled.gateway.refusals
        assert (await nosy.get("/v1/audit")).status_code == 403
        with pytest.raises(AwayError):
            await write_down(replace(context, database=cast("Database", Away())), refusals)
        assert (await nosy.get("/v1/audit")).status_code == 403
        await write_down(context, refusals)
        async with context.database.read() as db:
            found = [e for e in await evidence.entries(db) if e.event == "access.refused"]
        assert [json.loads(one.details)["count"] for one in found] == [2]


async def test_what_was_refused_before_the_end_is_written_down(tmp_path: Path) -> None:
    async with indoors(tmp_path, ("operator",)) as here:
        config = load(tmp_path / "avgate.toml", {})
        ending = assemble(config)
        async with ending.running():
            ending.gateway.refusals.refused(INVALID_TOKEN, Asked("GET /v1/requests"))
        async with here.assembled.context.database.read() as db:
            events = [one.event for one in await evidence.entries(db)]
        assert events.count("access.refused") == 1
