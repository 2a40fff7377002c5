"""A batch that broke off is sent again, and what was done before is not called somebody else's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from avgate_contracts import ItemOutcome, ItemRef, OutcomeUnknownError, SupportsErase
from avgate_mocks.people import Role

from .harness import JsonMap, a_request
from .indoors import Indoors, indoors

_IN_THE_MIDDLE: JsonMap = {
    "fault": "error_503",
    "method": "GET",
    "path_contains": "/communications/",
}


async def broken_off(here: Indoors, body: JsonMap, name: str, rule: JsonMap) -> Counter[str]:
    """What became of the items of a request whose first try broke off in the middle."""
    request_id = await here.submit(body)
    await here.until(request_id, "approval")
    await here.plant(name, rule)
    assert (await here.decide(request_id)).status_code == 200
    await here.until(request_id, "closed", "person")
    assert "task.attempted" in await here.events(request_id), "it never broke off"
    return counted_by_outcome(await here.report(request_id))


def counted_by_outcome(report: Sequence[JsonMap]) -> Counter[str]:
    outcomes: Counter[str] = Counter()
    for line in report:
        outcomes[line["outcome"]] += line["count"]
    return outcomes


@pytest.mark.parametrize("done_before", [4, 20])
async def test_what_the_first_try_anonymised_is_called_anonymised(
    tmp_path: Path, done_before: int
) -> None:
    async with indoors(tmp_path, ("xelion",)) as here:
        person = here.person(Role.RUNNING)
        rule = {**_IN_THE_MIDDLE, "skip": done_before, "times": 15}
        told = await broken_off(here, a_request("erase", person, "xelion"), "xelion", rule)
        did = Counter(effect["kind"] for effect in await here.effects("xelion"))
        assert "already_gone" not in told
        assert (told["anonymised"], told["erased"]) == (did["anonymise"], did["delete"])


async def test_what_was_anonymised_behind_a_lost_answer_is_not_called_erased(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with indoors(tmp_path, ("xelion",)) as here:
        connector = here.assembled.context.desks["libervoice"].connectors["xelion"]
        assert isinstance(connector, SupportsErase)
        really, batches = connector.erase, list[str]()

        async def lose(items: Sequence[ItemRef], *, key: str) -> Sequence[ItemOutcome]:
            batches.append(key)
            told = await really(items, key=key)
            if len(batches) == 1:
                raise OutcomeUnknownError("the answer was lost")
            return told

        monkeypatch.setattr(connector, "erase", lose)
        request_id = await here.erased(here.person(Role.RUNNING), "xelion")
        told = counted_by_outcome(await here.report(request_id))
        did = Counter(effect["kind"] for effect in await here.effects("xelion"))
        assert did["anonymise"] > 0
        assert (told["anonymised"], told["erased"]) == (did["anonymise"], did["delete"])
        assert len(batches) == 1, "what is read back as gone is not sent again"


async def test_what_the_first_try_corrected_is_called_corrected(tmp_path: Path) -> None:
    async with indoors(tmp_path, ("operator",)) as here:
        body = a_request(
            "rectify",
            here.person(Role.RUNNING),
            "operator",
            changes=[{"field": "address.street", "to": "Nieuwe Proefweg"}],
        )
        rule = {"fault": "error_503", "method": "GET", "path_contains": "/individual", "skip": 1,
                "times": 3}  # fmt: skip
        told = await broken_off(here, body, "operator", rule)
        assert set(told) == {"rectified"}
