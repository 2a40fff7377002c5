"""Work by hand: what people have to do where no interface can, and their word that they did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError
from starlette.responses import Response
from starlette.routing import Route

from avgate_contracts.day import local_day
from avgate_gateway.api.answering import from_cursor, not_found, to_cursor
from avgate_gateway.api.bodies import CompletionBody
from avgate_gateway.api.moments import stays_until
from avgate_gateway.api.tasks import completed, task_of
from avgate_gateway.authentication import Scope
from avgate_gateway.console import requests
from avgate_gateway.console.door import Door, Visit
from avgate_gateway.console.forms import beside
from avgate_gateway.console.handwork import Tried, hand_of
from avgate_gateway.console.taken_in import taken_in
from avgate_gateway.problem import Problem, ProblemError, from_validation
from avgate_gateway.store import hand_tasks
from avgate_gateway.store.hand_tasks import HandTask

PAGE: Final = "/console/tasks"
_AT_ONCE: Final = 25
_TASK = "task_id"


def routes(door: Door) -> list[Route]:
    return [
        door.page(PAGE, show, Scope.READ),
        door.form(f"{PAGE}/{{{_TASK}}}", complete, Scope.READ, Scope.COMPLETE_TASKS),
        door.form(
            f"/console/requests/{{request_id}}/tasks/{{{_TASK}}}", complete_there,
            Scope.READ, Scope.COMPLETE_TASKS,
        ),
    ]  # fmt: skip


async def show(visit: Visit) -> Response:
    is_open = visit.asked("state") != "completed"
    async with visit.gateway.context.database.read() as db:
        found = await hand_tasks.listed(
            db, visit.staff.caller.controller, is_open=is_open, newest_first=not is_open,
            after=from_cursor(visit.asked("after") or None), limit=_AT_ONCE + 1,
        )  # fmt: skip
    page = found[:_AT_ONCE]
    last = page[-1] if len(found) > _AT_ONCE else None
    cursor = to_cursor(last.made_at, last.id) if last else None
    return await _page(visit, page, is_open=is_open, more={"next": cursor})


async def complete(visit: Visit) -> Response:
    """Takes the word of whoever did it; the form again, with what was typed, where that cannot be."""
    task = await _task(visit)
    is_open = task.completed_at is None
    try:
        tried = await _completed(visit, task)
    except ProblemError as error:
        if error.problem.type.status == 404:
            raise
        return await _page(visit, [task], is_open=is_open, more={"problem": error.problem})
    if tried is not None:
        return await _page(visit, [task], is_open=is_open, tried=tried)
    return taken_in(PAGE, "task")


async def complete_there(visit: Visit) -> Response:
    """The same from the page of the request."""
    task, request = await _task(visit), await visit.request()
    if task.request_id != request.id:
        raise not_found()
    try:
        tried = await _completed(visit, task)
    except ProblemError as error:
        if error.problem.type.status == 404:
            raise
        return await requests.show(visit, error.problem)
    if tried is not None:
        return await requests.show(visit, tried=tried)
    return taken_in(f"/console/requests/{request.id}", "task")


async def _completed(visit: Visit, task: HandTask) -> Tried | None:
    """Does what the HTTP API does; what is wrong with the form, where it cannot be taken."""
    evidence, by = visit.form.one("evidence"), visit.form.one("completed_by")
    ground, until = visit.form.one("ground"), visit.form.one("until")
    kept = {"kept": {"ground": ground, "until": until}} if ground or until else {}
    try:
        body = CompletionBody.model_validate(
            {"evidence": evidence, "completed_by": by or visit.staff.name, **kept}
        )
        if body.kept:
            stays_until(body.kept.until, visit.gateway.context.now(), "#/kept/until")
    except ValidationError as error:
        wrong = beside(from_validation(error, CompletionBody))
        return Tried(task.id, evidence, by, wrong, ground, until)
    except ProblemError as error:
        return Tried(task.id, evidence, by, beside(error.problem.errors), ground, until)
    await completed(visit.gateway, visit.staff.caller, task.id, body)
    return None


async def _task(visit: Visit) -> HandTask:
    return await task_of(visit.gateway, visit.staff.caller, visit.http.path_params[_TASK])


async def _page(
    visit: Visit,
    tasks: Sequence[HandTask],
    *,
    is_open: bool,
    tried: Tried | None = None,
    more: Mapping[str, Any] | None = None,
) -> Response:
    problem: Problem | None = (more or {}).get("problem")
    async with visit.gateway.context.database.read() as db:
        hand = await hand_of(visit, db, tasks, tried)
        open_count = await hand_tasks.open_count(db, visit.staff.caller.controller)
    context = {
        "tasks": tasks,
        "hand": hand,
        "titles": visit.titles,
        "today": local_day(visit.gateway.context.now()),
        "is_open": is_open,
        "open_count": open_count,
        "may_complete": visit.staff.may(Scope.COMPLETE_TASKS),
        "problem": problem,
        "next": None,
    }
    status = problem.type.status if problem else 422 if tried else 200
    return visit.sheet.page("tasks.html", {**context, **(more or {})}, status=status)
