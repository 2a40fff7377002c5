"""Puts the report of a request together from its tasks and items."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy.ext.asyncio import AsyncConnection

from avgate_contracts.vocabulary import Category, Operation, Product
from avgate_gateway.flow.locating import SHOWN
from avgate_gateway.flow.looking import CANNOT_FIND, NOT_RELEVANT
from avgate_gateway.report import OutcomeWord, Report, ReportLine, State
from avgate_gateway.request import SubjectRequest
from avgate_gateway.store import items, tasks
from avgate_gateway.store.item import Group, ItemState
from avgate_gateway.store.tasks import Stage, Task

_COPIES = frozenset({Operation.ACCESS, Operation.EXPORT})
_ON_THE_WAY = frozenset({ItemState.LOCATED, ItemState.APPROVED, ItemState.INTENDED})
_STUCK_WORDS = {
    NOT_RELEVANT: OutcomeWord.NOT_RELEVANT,
    CANNOT_FIND: OutcomeWord.NOT_SEARCHABLE,
    "refused": OutcomeWord.REFUSED,
}
# What the statements of both controllers say of these two rights.
_NOT_RELEVANT = {
    Operation.RESTRICT: "restriction (GDPR Art. 18) is not relevant to this service, says the controller's privacy statement",
    Operation.OBJECT: "objection (GDPR Art. 21(1)) is not relevant to this service, says the controller's privacy statement",
}
_BY_HAND_CODES = frozenset({"unsupported", "ambiguous", "held_back"})


async def reported(db: AsyncConnection, request: SubjectRequest) -> Report:
    """What became of every item so far."""
    all_tasks = await tasks.of_request(db, request.id)
    groups = await items.groups(db, request.id)
    lines = [_line_of_group(group, request.closing) for group in groups]
    for task in all_tasks if request.closing is None else ():
        held = any(group.connector == task.connector for group in groups)
        lines.extend(_lines_of_task(request, task, held=held))
    if not all_tasks and request.closing == "not_relevant":
        why = _NOT_RELEVANT[request.operation]
        lines.append(_line("gateway", State(OutcomeWord.NOT_RELEVANT, reason="law", detail=why)))
    elif request.closing is not None and not lines:
        lines.append(_line("gateway", State(OutcomeWord.NOT_DONE, reason=request.closing)))
    return Report(
        request.id,
        request.operation,
        request.reference,
        request.received_at,
        request.closed_at,
        tuple(sorted(lines, key=lambda line: line.connector)),
        request.language,
    )


def _lines_of_task(request: SubjectRequest, task: Task, *, held: bool) -> Iterator[ReportLine]:
    if task.quarantined:
        yield _line(task.connector, State(OutcomeWord.QUARANTINED), task.quarantined)
    if task.stage is Stage.STUCK or task.code in _STUCK_WORDS:
        yield _line(task.connector, _state_of_trouble(task))
        return
    if task.code == "done_by_hand":
        yield _line(task.connector, State(OutcomeWord.DONE_BY_HAND))
        return
    if request.operation in _COPIES and task.stage is Stage.DONE:
        yield from _provided(task)
        return
    if not held:
        word = _without_items(request, task)
        yield _line(task.connector, State(word, reason=task.code, detail=task.reason), count=0)


def _without_items(request: SubjectRequest, task: Task) -> OutcomeWord:
    if task.stage is not Stage.DONE:
        return OutcomeWord.PENDING
    is_known = request.operation is Operation.RECTIFY and task.tally.get(SHOWN, 0) > 0
    return OutcomeWord.NOT_KEPT if is_known else OutcomeWord.NOTHING_HELD


def _provided(task: Task) -> Iterator[ReportLine]:
    if not task.tally:
        yield _line(task.connector, State(OutcomeWord.NOTHING_HELD), count=0)
    for name, count in sorted(task.tally.items()):
        category, product = name.split("/")
        yield ReportLine(
            task.connector,
            Category(category),
            Product(product),
            State(OutcomeWord.PROVIDED),
            count,
        )


def _state_of_trouble(task: Task) -> State:
    code = task.code or ""
    word = OutcomeWord.BY_HAND if code in _BY_HAND_CODES else OutcomeWord.FAILED
    return State(_STUCK_WORDS.get(code, word), reason=task.code, detail=task.reason)


def _line_of_group(group: Group, closing: str | None) -> ReportLine:
    state = ItemState(group.state)
    if closing is not None and state in _ON_THE_WAY:
        ended = State(OutcomeWord.NOT_DONE, reason=closing)
        place = (Category(group.category), Product(group.product))
        return ReportLine(group.connector, *place, ended, group.count)
    word = OutcomeWord.PENDING if state in _ON_THE_WAY else OutcomeWord(state.value)
    stays = state is ItemState.RETAINED
    return ReportLine(
        group.connector,
        Category(group.category),
        Product(group.product),
        State(
            word,
            effective_from=group.effective_from,
            until=group.until,
            ground=group.ground if stays else None,
            reason=group.code,
            detail=group.reason,
        ),
        group.count,
    )


def _line(connector: str, state: State, count: int = 1) -> ReportLine:
    return ReportLine(connector, None, None, state, count)
