"""Calls that were refused become evidence of the controller whose client it was, summed."""

from __future__ import annotations

import json
from pathlib import Path

from avgate_gateway.authentication import Scope
from avgate_gateway.store import evidence
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
