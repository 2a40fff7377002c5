"""What each system does in a request, as one row of a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from avgate_gateway.ending import ending
from avgate_gateway.report import OutcomeWord
from avgate_gateway.request import COPIES, SubjectRequest
from avgate_gateway.store.item import ItemState
from avgate_gateway.store.tasks import Stage, Task

_BAD = frozenset({OutcomeWord.FAILED, OutcomeWord.RETURNED, OutcomeWord.UNKNOWN})
_OPEN = frozenset(
    {OutcomeWord.BY_HAND, OutcomeWord.REFUSED, OutcomeWord.NOT_SEARCHABLE, OutcomeWord.PENDING}
)


@dataclass(frozen=True, slots=True)
class System:
    """One system: `tone` is good, open, bad or busy; `next_attempt_at` when it is tried again."""

    name: str
    title: str
    stage: str
    outcome: str | None
    tone: str
    count: int
    attempts: int
    next_attempt_at: datetime | None
    code: str | None
    reason: str | None
    updated_at: datetime
    quarantined: int
    can_retry: bool
    is_ready: bool  # with what can be done before somebody decides, or with everything


def systems_of(
    request: SubjectRequest,
    parts: Sequence[Task],
    counts: Mapping[tuple[str, str], int],
    titles: Mapping[str, str],
) -> list[System]:
    """The systems of a request, in the order of their names."""
    return [_system(request, part, counts, titles) for part in parts]


def _system(
    request: SubjectRequest,
    part: Task,
    counts: Mapping[tuple[str, str], int],
    titles: Mapping[str, str],
) -> System:
    own = {state: n for (name, state), n in counts.items() if name == part.connector and n}
    states = [] if request.operation in COPIES else [ItemState(state) for state in own]
    word = ending(request.operation, part, states, is_narrowed=request.scope.is_by_category)
    copied = request.operation in COPIES and part.stage is Stage.DONE
    return System(
        name=part.connector,
        title=titles.get(part.connector, part.connector),
        stage=part.stage.value,
        outcome=word.value if word else None,
        tone=_tone(word),
        count=sum(part.tally.values()) if copied else sum(own.values()),
        attempts=part.attempts,
        next_attempt_at=part.next_attempt_at,
        code=part.code.value if part.code else None,
        reason=part.reason,
        updated_at=part.updated_at,
        quarantined=part.quarantined,
        can_retry=part.stage is Stage.STUCK or part.next_attempt_at is not None or word in _BAD,
        is_ready=part.stage in {Stage.DONE, Stage.LOCATED},
    )


def _tone(word: OutcomeWord | None) -> str:
    if word is None:
        return "busy"
    if word in _BAD:
        return "bad"
    return "open" if word in _OPEN else "good"
