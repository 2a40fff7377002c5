"""What a processor holds is kept by the terms of what it serves, which no processor tells the begin of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from avgate_mocks.people import Role

from .harness import a_request
from .indoors import indoors

PERFECTVIEW = 'name = "perfectview"'


def serving(group: str) -> Callable[[str], str]:
    return lambda config: config.replace(PERFECTVIEW, f'{PERFECTVIEW}\nproduct_group = "{group}"')


@pytest.mark.parametrize("group", ["wan", "voice", "mobile", "xelion"])
async def test_what_has_a_term_is_for_a_person_and_is_not_asked_to_be_erased(
    tmp_path: Path, group: str
) -> None:
    async with indoors(tmp_path, ("subprocessors",), edited=serving(group)) as here:
        person = here.person(Role.RUNNING)
        request_id = await here.submit(a_request("erase", person, "subprocessors"))
        await here.until(request_id, "approval")
        plan = await here.get(f"/v1/requests/{request_id}/plan")
        [left] = [one for one in plan["by_hand"] if one["ground"] == "term_unknown"]
        [goes] = plan["goes"]  # at the other processor
        assert (left["rule"], goes["product"]) == (f"{group}.processor_data", "cloud")
        held = await here.holds("subprocessors", person)
        assert left["count"] + goes["count"] == held["processor_data"]
        await here.decide(request_id)
        await here.until(request_id, "person")
        assert (await here.holds("subprocessors", person))["processor_data"] == left["count"]
        [task] = (await here.get("/v1/tasks?state=open"))["items"]
        assert (task["reason_code"], task["count"]) == ("term_unknown", left["count"])


@pytest.mark.parametrize("group", ["cloud", "webshop", "contact_connect"])
async def test_what_has_none_goes(tmp_path: Path, group: str) -> None:
    async with indoors(tmp_path, ("subprocessors",), edited=serving(group)) as here:
        request_id = await here.erased(here.person(Role.RUNNING), "subprocessors")
        report = await here.report(request_id)
        assert {(one["product"], one["outcome"]) for one in report if one["product"]} == {
            ("cloud", "erased"),
            (group, "erased"),
        }
