"""What a person found has to stay, instead of being done by hand: until a day, and not by any term."""

from __future__ import annotations

from collections.abc import Mapping

from avgate_contracts.vocabulary import Operation
from avgate_gateway import remarking
from avgate_gateway.flow.context import Context
from avgate_gateway.flow.planning import next_look
from avgate_gateway.problem import WRONG_STATE, Problem, ProblemError
from avgate_gateway.request import SubjectRequest
from avgate_gateway.retention import Action, GroundCode, Verdict
from avgate_gateway.retention.ground import GROUNDS
from avgate_gateway.store import evidence, hand_tasks, item_steps, requests
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.hand_tasks import HandTask, Kept
from avgate_gateway.store.item_steps import Stays


def check_may_stay(request: SubjectRequest, task: HandTask) -> None:
    """Raises ProblemError unless it is about items that are known, and that somebody wants to be gone."""
    if request.operation is not Operation.ERASE or task.category is None:
        raise _wrong_state("Only items that are to be erased can be said to stay until a day.")


async def keep(
    db: Connection,
    context: Context,
    request: SubjectRequest,
    task: HandTask,
    kept: Kept,
    who: Mapping[str, str],
) -> None:
    """Has what a task is about stay as by a term; it is judged anew on the day after its last."""
    count = await item_steps.kept_by_person(db, task, _stays(context, kept))
    await _note(db, context, request, task, kept, {"count": count, **who})


async def change(
    db: Connection,
    context: Context,
    request: SubjectRequest,
    task: HandTask,
    kept: Kept,
    told: str,
    who: Mapping[str, str],
) -> None:
    """Gives what a person said has to stay another last day, or ground.

    All of its kind in the request that were said to stay until that day on that ground: nothing
    tells them apart any more.
    """
    before = task.kept
    if before is None:
        raise _wrong_state("It was completed before.")
    count = await item_steps.kept_otherwise(db, task, before, _stays(context, kept))
    if not count:
        raise _wrong_state("Nothing of it is kept by that word any more.")
    await hand_tasks.kept_otherwise(db, task, before, kept)
    await hand_tasks.complete(db, task.id, who["by"], context.now(), kept)
    await remarking.keep(db, context, request.id, remarking.hand_task(task.id), told)
    await _note(db, context, request, task, kept, {"count": count, **who})
    await requests.wake(db, request.id, context.now())


def _stays(context: Context, kept: Kept) -> Stays:
    ground = GROUNDS[GroundCode(kept.ground)]
    look_at = next_look(Verdict(Action.RETAIN, ground, kept.until), context.now())
    return Stays(kept.ground, ground.sentence, kept.until, look_at)


async def _note(
    db: Connection,
    context: Context,
    request: SubjectRequest,
    task: HandTask,
    kept: Kept,
    more: Mapping[str, object],
) -> None:
    await evidence.note(
        db, context.now(), request, "hand_task.completed",
        {"connector": task.connector, "category": task.category, "ground": kept.ground,
         "until": kept.until, **more},
    )  # fmt: skip


def _wrong_state(detail: str) -> ProblemError:
    return ProblemError(Problem(WRONG_STATE, detail))
