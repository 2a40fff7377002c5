"""`/v1/tasks`: what people must do by hand, and their word that it is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from avgate_gateway import deciding, keeping, remarking
from avgate_gateway.api.answering import from_cursor, not_found, plain, to_cursor
from avgate_gateway.api.bodies import CompletionBody, KeptBody
from avgate_gateway.api.decisions import decided
from avgate_gateway.api.even import Evenly
from avgate_gateway.api.gateway import Gateway
from avgate_gateway.api.moments import stays_until
from avgate_gateway.api.task_items import about
from avgate_gateway.api.task_views import TaskListView, TaskView
from avgate_gateway.authentication import Caller, Scope, requires
from avgate_gateway.flow.context import Context
from avgate_gateway.problem import WRONG_STATE, Problem, ProblemError
from avgate_gateway.request import SubjectRequest
from avgate_gateway.store import hand_tasks
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.hand_tasks import HandTask, Kept

_LISTED = """
`items` are the first 100 items of an open task: `ref` is the upstream's own name for each, `since`
the day from which its terms run. Only a token with `tasks:complete` is told them; it is null once the
references are destroyed. `items_total` is how many there are.
"""


class TaskQuery(BaseModel):
    """Which tasks are listed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    state: Literal["open", "completed"] | None = None
    cursor: Annotated[str, Field(max_length=200)] | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


def router(gateway: Gateway) -> APIRouter:
    """The routes of the work that is left to people."""
    routes = APIRouter(prefix="/v1/tasks", tags=["tasks"])
    database = gateway.context.database

    @routes.get(
        "", response_model=TaskListView, description=_LISTED,
        summary="What is to be done by hand, oldest first",
    )  # fmt: skip
    async def listed(
        query: Annotated[TaskQuery, Query()], caller: Annotated[Caller, requires(Scope.READ)]
    ) -> Response:
        async with database.read() as db:
            found = await hand_tasks.listed(
                db,
                caller.controller,
                is_open=None if query.state is None else query.state == "open",
                after=from_cursor(query.cursor),
                limit=query.limit + 1,
            )
            page = found[: query.limit]
            shown = await told(db, gateway.context, page, caller)
        last = page[-1] if len(found) > query.limit else None
        cursor = to_cursor(last.made_at, last.id) if last else None
        return plain({"items": shown, "next": cursor})

    @routes.post(
        "/{task_id}/completion", response_model=TaskView,
        summary="Say that it was done, and what shows it",
    )  # fmt: skip
    async def completion(
        task_id: str,
        body: CompletionBody,
        caller: Annotated[Caller, requires(Scope.COMPLETE_TASKS)],
    ) -> Response:
        await completed(gateway, caller, task_id, body)
        async with database.read() as db:
            done = await hand_tasks.find(db, task_id, caller.controller)
            [shown] = await told(db, gateway.context, [done] if done else [], caller)
        return plain(shown)

    return routes


async def completed(gateway: Gateway, caller: Caller, task_id: str, body: CompletionBody) -> None:
    """Takes somebody's word that a task was done; raises ProblemError: 404, 409."""
    task = await task_of(gateway, caller, task_id)
    said = _Said(body.completed_by or caller.client_id, body.evidence, _kept(body.kept))

    async def complete(db: Connection, request: SubjectRequest) -> None:
        await _complete(db, gateway, request, task_id, said, caller)

    await decided(gateway, caller, task.request_id, complete)


async def task_of(gateway: Gateway, caller: Caller, task_id: str) -> HandTask:
    """The caller's task; raises ProblemError, 404, for another controller's as for none."""
    async with Evenly():
        async with gateway.context.database.read() as db:
            task = await hand_tasks.find(db, task_id, caller.controller)
        if task is None:
            raise not_found()
    return task


@dataclass(frozen=True, slots=True)
class _Said:
    by: str
    word: str
    kept: Kept | None


def _kept(body: KeptBody | None) -> Kept | None:
    return Kept(body.ground, body.until) if body else None


async def _complete(
    db: Connection, gateway: Gateway, request: SubjectRequest, task_id: str, said: _Said,
    caller: Caller,
) -> None:  # fmt: skip
    """Completes a task once; the same word again changes nothing, another is refused.

    But for another last day, or ground, of what stays.
    """
    task = await hand_tasks.find(db, task_id, request.controller)
    if task is None:
        raise not_found()
    context, client = gateway.context, caller.client_id
    place = remarking.hand_task(task.id)
    texts = await remarking.read(db, context, [request.id], [place])
    before = _Said(task.completed_by or "", texts.get((request.id, place)) or "", task.kept)
    if task.completed_at is not None and before == said:
        return
    if said.kept is not None:
        stays_until(said.kept.until, context.now(), "#/kept/until")
    if task.completed_at is None:
        await deciding.complete(db, context, request, task, said.by, said.word, client, said.kept)
    elif said.kept is None:
        raise ProblemError(Problem(WRONG_STATE, "It was completed before."))
    else:
        who = {"by": said.by, "client": client}
        await keeping.change(db, context, request, task, said.kept, said.word, who)


async def told(
    db: Connection, context: Context, tasks: Sequence[HandTask], caller: Caller
) -> list[dict[str, object]]:
    """Tasks with what staff wrote: the note of who submitted, the evidence of who completed.

    And with their items, by the upstream's own names for them, for those who may do them.
    """
    may_see = Scope.COMPLETE_TASKS.value in caller.scopes
    requests = {task.request_id for task in tasks}
    texts = await remarking.read(db, context, requests, [remarking.NOTE, *map(_place, tasks)])
    return [
        {
            **task_json(task),
            **await about(db, context, task, may_see=may_see),
            "note": texts.get((task.request_id, remarking.NOTE)),
            "evidence": texts.get((task.request_id, _place(task))),
        }
        for task in tasks
    ]


def _place(task: HandTask) -> str:
    return remarking.hand_task(task.id)


def kept_json(kept: Kept | None) -> dict[str, str] | None:
    return {"ground": kept.ground, "until": kept.until.isoformat()} if kept else None


def task_json(task: HandTask) -> dict[str, object]:
    return {
        "id": task.id,
        "request_id": task.request_id,
        "connector": task.connector,
        "category": task.category,
        "product": task.product,
        "count": task.count,
        "reason_code": task.code,
        "reason": task.reason,
        "due": task.due.isoformat(),
        "state": "open" if task.completed_at is None else "completed",
        "made_at": task.made_at.isoformat(),
        "completed_at": task.completed_at.isoformat() if task.completed_at else None,
        "completed_by": task.completed_by,
        "kept": kept_json(task.kept),
    }
