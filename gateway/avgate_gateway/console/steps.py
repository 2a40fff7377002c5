"""The steps of a request, and how far it is: decided from the record alone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from avgate_gateway.request import COPIES, State, SubjectRequest, WaitingFor


class Standing(StrEnum):
    """How it is with a step."""

    DONE = "done"
    NOW = "now"
    LATER = "later"
    NEVER = "never"  # it was withdrawn or refused before


@dataclass(frozen=True, slots=True)
class Step:
    """One step; its name is put into the reader's language where it is shown."""

    name: str
    standing: Standing


_COPY = ("Identity", "Search", "Letter and copy")
_PLANNED = ("Identity", "Search and preview", "Approval", "Carrying out", "Letter")


def of(request: SubjectRequest) -> tuple[Step, ...]:
    """All steps of a request, in order."""
    names = _COPY if request.operation in COPIES else _PLANNED
    now = _place(request)
    if request.closing is not None:
        reached = _before_closing(request)
        steps = [
            Step(name, Standing.DONE if place < reached else Standing.NEVER)
            for place, name in enumerate(names)
        ]
        # Whoever is refused is told so too (GDPR Art. 12(4)).
        return (*steps[:-1], Step(names[-1], Standing.NOW))
    return tuple(Step(name, _standing(place, now)) for place, name in enumerate(names))


def _standing(place: int, now: int) -> Standing:
    if place == now:
        return Standing.NOW
    return Standing.DONE if place < now else Standing.LATER


def _place(request: SubjectRequest) -> int:
    if request.waiting_for is WaitingFor.IDENTITY:
        return 0
    if request.operation in COPIES:
        return 2 if request.state is State.CLOSED else 1
    if request.state is State.CLOSED:
        return 4
    if request.waiting_for is WaitingFor.APPROVAL:
        return 2
    return 3 if request.approval is not None else 1


def _before_closing(request: SubjectRequest) -> int:
    if request.identity is None:
        return 0
    return 2 if request.plan_digest is not None else 1
