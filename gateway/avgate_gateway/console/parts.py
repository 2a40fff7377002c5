"""What each system does in a request, and what became of what it holds, as rows of tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from avgate_gateway.ending import ending
from avgate_gateway.flow.doubting import is_half_way
from avgate_gateway.report import Ending, OutcomeWord, ReportLine
from avgate_gateway.request import COPIES, State, SubjectRequest
from avgate_gateway.store.item import ItemState
from avgate_gateway.store.tasks import Stage, Task

_BAD = frozenset({OutcomeWord.FAILED, OutcomeWord.RETURNED, OutcomeWord.UNKNOWN})
_OPEN = frozenset(
    {OutcomeWord.BY_HAND, OutcomeWord.REFUSED, OutcomeWord.NOT_SEARCHABLE, OutcomeWord.PENDING}
)

# Done for the program, and not done.
_LEFT = _BAD | {OutcomeWord.BY_HAND, OutcomeWord.PENDING, OutcomeWord.REFUSED}


@dataclass(frozen=True, slots=True)
class System:
    """One system: `tone` is good, open, bad or busy; `next_attempt_at` when it is tried again."""

    name: str
    title: str
    stage: str
    outcome: str | None
    tone: str
    count: int
    stays: int  # of what it holds; what an erasure of the rest leaves
    attempts: int
    next_attempt_at: datetime | None
    code: str | None
    reason: str | None
    updated_at: datetime
    quarantined: int
    can_retry: bool
    is_ready: bool  # with what can be done before somebody decides, or with everything

    @property
    def is_unseen(self) -> bool:
        """Whether nobody knows yet what it holds, so that no preview can say it."""
        return self.stage in (Stage.LOCATE, Stage.STUCK) and not self.count


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
        stays=own.get(ItemState.RETAINED.value, 0),
        attempts=part.attempts,
        next_attempt_at=part.next_attempt_at,
        code=part.code.value if part.code else None,
        reason=part.reason,
        updated_at=part.updated_at,
        quarantined=part.quarantined,
        can_retry=not is_half_way(part)
        and (part.stage is Stage.STUCK or part.next_attempt_at is not None or word in _BAD),
        is_ready=part.stage is Stage.LOCATED
        or (part.stage is Stage.DONE and (request.state is State.CLOSED or word not in _LEFT)),
    )


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of items of one kind; `first` and `last` are the days on which their terms end.

    `is_later`: the days are those on which it comes about.
    """

    connector: str
    category: str | None
    ending: Ending
    count: int
    first: date | None
    last: date | None
    is_later: bool


def fates_of(lines: Sequence[ReportLine]) -> list[Fate]:
    """The lines of a report, those together that only tell themselves apart by a day."""
    alike: dict[tuple[object, ...], list[ReportLine]] = {}
    for line in lines:
        told = (line.ending.outcome, line.ending.detail, line.ending.effective_from is not None)
        alike.setdefault((line.connector, line.category, *told), []).append(line)
    return [_fate(merged) for merged in alike.values()]


def _fate(lines: Sequence[ReportLine]) -> Fate:
    one = lines[0]
    days = [line.ending.effective_from or line.ending.until for line in lines]
    known = sorted(day for day in days if day is not None)
    return Fate(
        connector=one.connector,
        category=one.category.value if one.category else None,
        ending=one.ending,
        count=sum(line.count for line in lines),
        first=known[0] if known else None,
        last=known[-1] if known else None,
        is_later=one.ending.effective_from is not None,
    )


@dataclass(frozen=True, slots=True)
class Correction:
    """What a rectification does to one field; `count` items of the system fare alike."""

    connector: str
    field: str
    holds: str
    to: str
    fit: str
    is_by_hand: bool
    count: int


def corrections_of(plan: Mapping[str, Any] | None) -> list[Correction]:
    """The fields of a preview, those together that would only be told again."""
    found = (
        (item["connector"], field["field"], ", ".join(field["holds"]), field["to"], field["fit"],
         bool(item["by_hand"]))
        for item in (plan or {}).get("items", ())
        for field in item["fields"]
    )  # fmt: skip
    return [Correction(*told, count) for told, count in Counter(found).items()]


def _tone(word: OutcomeWord | None) -> str:
    if word is None:
        return "busy"
    if word in _BAD:
        return "bad"
    return "open" if word in _OPEN else "good"
