"""Walks through the flow, by chance and by design, that leave nothing lying.

A walk that fails is shrunk to the shortest that still does.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from avgate_contracts.vocabulary import Operation
from avgate_gateway.store.migrations import migrate

from .flow_walk import HIDDEN, Flow
from .office import MAIL, PHONE


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("template") / "empty.db"
    migrate(f"sqlite:///{file}")
    return file


def test_no_walk_through_the_flow_leaves_anything_lying(template: Path, tmp_path: Path) -> None:
    run_state_machine_as_test(
        # Whatever makes one will do, which its types do not say.
        cast("type[RuleBasedStateMachine]", lambda: Flow(template, tmp_path)),
        settings=settings(
            max_examples=6,  # more of them, or longer ones, when the flow was changed
            stateful_step_count=15,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


def _walk(template: Path, folder: Path, steps: Callable[[Flow], None]) -> None:
    """One walk that chance seldom takes, held to the same."""
    flow = Flow(template, folder)
    try:
        steps(flow)
        flow.everything_holds()
    finally:
        flow.teardown()


def _begin(flow: Flow, client: str, *, late: bool = False, bad_day: str = "done") -> None:
    flow.begin(
        held=[("crm", "call"), ("crm", "card"), ("orders", "card")],
        many=0,
        operation=Operation.ERASE,
        client=client,
        by=(PHONE, MAIL),
        late=late,
        years_later=[("crm", bad_day)] * 3,
    )


@pytest.mark.parametrize("mood", ["down", "lost before", "lost after", "pending"])
def test_what_was_kept_still_goes_if_its_day_is_a_bad_one(
    template: Path, tmp_path: Path, mood: str
) -> None:
    _walk(template, tmp_path, lambda flow: _begin(flow, "robot", bad_day=mood))


def test_what_is_ambiguous_late_does_not_abandon_what_was_begun(
    template: Path, tmp_path: Path
) -> None:
    def steps(flow: Flow) -> None:
        _begin(flow, "portal", late=True)
        flow.answers_the_next_write("crm", "pending")
        flow.fails("orders", "ambiguous", 1)
        flow.decide(0, "approve", None)
        for _ in range(3):
            flow.next_time_comes(0, None)
            flow.everything_holds()
        flow.complete(0, 0, honest=True)

    _walk(template, tmp_path, steps)


def test_a_part_that_could_not_be_seen_when_all_was_verified_is_named(
    template: Path, tmp_path: Path
) -> None:
    def steps(flow: Flow) -> None:
        _begin(flow, "portal")
        crm = flow.office.upstreams["crm"]

        async def hides() -> None:
            crm.unseen.extend(HIDDEN)

        crm.meanwhile.append(hides)
        flow.decide(0, "approve", None)
        task = flow.run(flow.office.see(flow.office.ids[0])).tasks["crm"]
        assert [part.part for part in task.unseen] == ["attic", "vault"]

    _walk(template, tmp_path, steps)
