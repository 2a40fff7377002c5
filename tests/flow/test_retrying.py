"""A person sets going again what is being tried at that moment: then the tries count anew."""

from __future__ import annotations

from pathlib import Path

from avgate_mocks.people import Role

from .harness import a_request
from .indoors import indoors


async def test_a_retry_during_a_try_counts_the_tries_anew(tmp_path: Path) -> None:
    async with indoors(tmp_path, ("directory",)) as here:
        await here.plant("directory", {"fault": "error_503", "times": 10_000})
        request_id = await here.submit(a_request("access", here.person(Role.RUNNING), "directory"))
        while (await here.request(request_id))["connectors"][0]["attempts"] < 5:
            await here.let_pass(minutes=5)
        here.before_call = lambda: here.caller().post(f"/v1/requests/{request_id}/retry", json={})
        await here.let_pass(hours=1)
        [task] = (await here.request(request_id))["connectors"]
        assert 1 <= task["attempts"] <= 2, "the tries of before are counted on"
