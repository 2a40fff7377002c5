"""Puts the report of a request together from its tasks and items."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from avgate_contracts.record import ErasureWay
from avgate_contracts.vocabulary import Category, Operation, Product
from avgate_gateway.ending import ending, left_earlier, unseen, without_items, word_of_item
from avgate_gateway.in_dutch import told_of
from avgate_gateway.report import Ending, OutcomeWord, Report, ReportLine
from avgate_gateway.request import COPIES, SubjectRequest
from avgate_gateway.store import items, tasks
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.item import ON_THE_WAY, Group, ItemState
from avgate_gateway.store.tasks import Stage, Task

# Mister VoIP resells the same services, and its own statement is silent on these two rights.
_NOT_RELEVANT = {
    Operation.RESTRICT: "restriction (GDPR Art. 18) is not relevant to these services, says Libervoice's privacy statement of them",
    Operation.OBJECT: "objection (GDPR Art. 21(1)) is not relevant to these services, says Libervoice's privacy statement of them",
}


async def reported(db: Connection, request: SubjectRequest) -> Report:
    """What became of every item so far."""
    all_tasks = await tasks.of_request(db, request.id)
    groups = await items.groups(db, request.id)
    lines = [_line_of_group(group, request.closing) for group in groups]
    for task in all_tasks if request.closing is None else ():
        held = any(group.connector == task.connector for group in groups)
        lines.extend(_lines_of_task(request, task, held=held))
    if not all_tasks and request.closing == "not_relevant":
        why = _NOT_RELEVANT[request.operation]
        lines.append(_line("gateway", Ending(OutcomeWord.NOT_RELEVANT, reason="law", detail=why)))
    elif request.closing is not None and not lines:
        lines.append(_line("gateway", Ending(OutcomeWord.NOT_DONE, reason=request.closing)))
    lines = [replace(each, ending=told_of(each.ending, request.language)) for each in lines]
    return Report(
        request.id,
        request.operation,
        request.reference,
        request.received_at,
        request.closed_at,
        tuple(sorted(lines, key=lambda line: line.connector)),
        request.language,
        request.scope,
    )


def _lines_of_task(request: SubjectRequest, task: Task, *, held: bool) -> Iterator[ReportLine]:
    if task.quarantined:
        yield _line(task.connector, Ending(OutcomeWord.QUARANTINED), task.quarantined)
    word = ending(request.operation, task, is_narrowed=request.scope.is_by_category)
    if word is not None and (task.stage is Stage.STUCK or task.is_answered):
        yield _line(task.connector, Ending(word, reason=task.code, detail=task.reason))
        return
    is_copied = request.operation in COPIES and task.stage is Stage.DONE
    lines = [_line(task.connector, part) for part in unseen(task)]
    lines += _provided(task) if is_copied else ()
    lines += [
        ReportLine(task.connector, left.category, left.product, told, left.count)
        for left, told in left_earlier(task)
    ]
    yield from lines
    if not held and not lines:
        is_done = task.stage is Stage.DONE
        plain = _without_items(request, task) if is_done else OutcomeWord.PENDING
        yield _line(task.connector, Ending(plain, reason=task.code, detail=task.reason), count=0)


def _without_items(request: SubjectRequest, task: Task) -> OutcomeWord:
    return without_items(request.operation, task, is_narrowed=request.scope.is_by_category)


def _provided(task: Task) -> Iterator[ReportLine]:
    for name, count in sorted(task.tally.items()):
        category, product = name.split("/")
        yield ReportLine(
            task.connector,
            Category(category),
            Product(product),
            Ending(OutcomeWord.PROVIDED),
            count,
        )


def _line_of_group(group: Group, closing: str | None) -> ReportLine:
    state = ItemState(group.state)
    if closing is not None and state in ON_THE_WAY:
        ended = Ending(OutcomeWord.NOT_DONE, reason=closing)
        place = (Category(group.category), Product(group.product))
        return ReportLine(group.connector, *place, ended, group.count)
    stays = state is ItemState.RETAINED
    return ReportLine(
        group.connector,
        Category(group.category),
        Product(group.product),
        Ending(
            word_of_item(state),
            effective_from=group.effective_from,
            until=group.until,
            ground=group.ground if stays else None,
            reason=group.code,
            detail=group.reason,
            delisted=group.erasure == ErasureWay.DELIST,
        ),
        group.count,
    )


def _line(connector: str, ending: Ending, count: int = 1) -> ReportLine:
    return ReportLine(connector, None, None, ending, count)
