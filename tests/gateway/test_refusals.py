"""Every refusal is counted and told, and no number of them fills the disk."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

import httpx
import pytest

from avgate_gateway.logs.rendering import formatter
from avgate_gateway.problem import INSUFFICIENT_SCOPE, INVALID_TOKEN, NOT_FOUND
from avgate_gateway.refusals import ENTRIES, LINES, WINDOW_SECONDS, Asked, Refusals, Refused

from .test_metrics import House, house  # noqa: F401 -- a fixture
from .tokens import MARKER, THEIRS, token


class Alarm:
    """What was asked to be called later, and when."""

    def __init__(self) -> None:
        self.set: list[tuple[float, Callable[[], None]]] = []

    def __call__(self, seconds: float, then: Callable[[], None]) -> None:
        self.set.append((seconds, then))

    def ring(self) -> None:
        (_, then), *self.set = self.set
        then()


def test_each_is_told_once_and_many_in_a_sum(lines: pytest.LogCaptureFixture) -> None:
    alarm = Alarm()
    refusals = Refusals(alarm)
    for number in range(1_000):
        kind = INVALID_TOKEN if number % 2 else NOT_FOUND
        refusals.refused(kind, Asked("GET /v1/requests/{request_id}", "crm", "libervoice"))
    assert len(lines.records) == LINES
    assert [seconds for seconds, _ in alarm.set] == [WINDOW_SECONDS]
    alarm.ring()
    assert len(lines.records) == LINES + 2
    told = LINES + sum(map(int, re.findall(r'"count":(\d+)', lines.text)))
    assert told == sum(refusals.counts.values()) == 1_000
    refusals.refused(NOT_FOUND, Asked("GET /v1/requests"))
    assert len(lines.records) == LINES + 3  # the next minute has its own lines
    alarm.ring()
    assert len(lines.records) == LINES + 3  # and no sum where there is nothing to add


def test_what_was_refused_is_summed_for_the_evidence_whoever_floods() -> None:
    refusals = Refusals(Alarm())
    for number in range(1_000):
        refusals.refused(INVALID_TOKEN, Asked("GET /v1/requests"))
        refusals.refused(
            INSUFFICIENT_SCOPE, Asked("GET /v1/audit", f"client {number}", "libervoice")
        )
        refusals.refused(NOT_FOUND, Asked("GET /v1/requests/{request_id}", "crm", "libervoice"))
    found = refusals.taken()
    assert len(found) <= ENTRIES + 1
    assert found[Refused("invalid-token")] == 1_000
    assert found[Refused("insufficient-scope", "client 0", "libervoice")] == 1
    by_reason = Counter({"insufficient-scope": 0})
    for one, count in found.items():
        by_reason[one.reason] += count
    assert by_reason == {"invalid-token": 1_000, "insufficient-scope": 1_000}
    assert refusals.taken() == {}


def test_no_name_of_a_client_makes_a_line_of_its_own(lines: pytest.LogCaptureFixture) -> None:
    Refusals(Alarm()).refused(NOT_FOUND, Asked("GET /", "crm' reason=none\n2026 access.granted"))
    assert "\n" not in lines.text.strip()
    console = formatter(json=False).format(lines.records[0])
    assert "\n" not in console
    assert "reason=none\\\\n2026" in console


CALLS = {
    "credentials-required": (None, "/v1/requests"),
    "invalid-token": (token({"controller": "a", "sub": MARKER}, key=THEIRS), "/v1/requests"),
    "insufficient-scope": (token({"controller": "a", "scope": "", "sub": MARKER}), "/v1/audit"),
    "not-found": (token({"controller": "a", "sub": MARKER}), f"/v1/requests/{MARKER}"),
}


@pytest.mark.parametrize("reason", CALLS)
async def test_a_refused_call_is_counted_and_told_without_the_person(
    reason: str,
    house: House,  # noqa: F811 -- the fixture that is imported
    lines: pytest.LogCaptureFixture,
) -> None:
    held, path = CALLS[reason]
    headers = {"authorization": f"Bearer {held}"} if held else {"authorization": ""}
    answer = await house.http.get(path, headers=headers)
    assert answer.json()["type"].endswith(reason)
    told = [line for line in lines.text.splitlines() if '"access.refused"' in line]
    assert len(told) == 1
    assert f'"reason":"{reason}"' in told[0]
    assert ('"client":"crm"' in told[0]) == (reason in {"insufficient-scope", "not-found"})
    assert MARKER not in lines.text
    found = await house.figures()
    assert {name[1]: value for name, value in found.items() if name[0] == "avgate_refusals_total"} == {
        **dict.fromkeys(house.gateway.refusals.counts, 0),
        reason: 1,
    }  # fmt: skip


async def test_a_call_that_is_let_in_is_no_refusal(house: House) -> None:  # noqa: F811 -- the fixture that is imported
    answer: httpx.Response = await house.http.get("/health/live")
    assert answer.status_code == 200
    assert not any(house.gateway.refusals.counts.values())
