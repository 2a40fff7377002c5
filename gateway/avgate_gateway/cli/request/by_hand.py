"""`avgate request tasks` and `complete`: what people do by hand, and their word that it is done."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Annotated, get_args

import orjson
import typer

from avgate_client.answers import Kept, Task, TaskItem
from avgate_gateway.authentication import Scope
from avgate_gateway.cli.conversation import connected
from avgate_gateway.cli.request.reaching import (
    AsJson,
    Reach,
    reaching,
)
from avgate_gateway.cli.screen import screen
from avgate_gateway.cli.wording import Grid
from avgate_gateway.retention import PersonsGround

_GROUNDS: tuple[str, ...] = get_args(PersonsGround)


@reaching
def tasks(
    reach: Reach,
    completed: Annotated[bool, typer.Option("--all", help="Completed ones too.")] = False,
    json: AsJson = False,
) -> None:
    """Lists what has to be done by hand, oldest first."""
    found = asyncio.run(_tasks(reach, None if completed else "open"))
    if json:
        items = {"items": [task.model_dump(mode="json") for task in found]}
        typer.echo(orjson.dumps(items, option=orjson.OPT_INDENT_2).decode())
        return
    with screen() as shown:
        shown.grid(_grid(found))
        for task in found:
            if task.items:
                shown.grid(_items(task, task.items))


@reaching
def complete(
    *,
    task_id: Annotated[str, typer.Argument(metavar="TASK", help="The task's id.")],
    evidence: Annotated[str, typer.Option(help="What was done, and what shows it.")],
    by: Annotated[str | None, typer.Option(help="Who did it, if that was not you.")] = None,
    kept_until: Annotated[
        str | None,
        typer.Option(
            metavar="DAY", help="It was not erased, for it has to stay: the last day, 2031-12-31."
        ),
    ] = None,
    kept_ground: Annotated[
        str | None,
        typer.Option(metavar="GROUND", help=f"Why it has to stay: {', '.join(_GROUNDS)}."),
    ] = None,
    reach: Reach,
) -> None:
    """Says that a task is done, or that its items have to stay."""
    kept = _kept(kept_until, kept_ground)
    done = asyncio.run(_complete(reach, task_id, evidence, by, kept))
    stays = f": its items stay up to and including {done.kept.until}" if done.kept else ""
    typer.echo(f"task {done.id} is {done.state}{stays}")
    typer.echo(f"how its request stands: {reach.command('show', done.request_id)}")


async def _tasks(reach: Reach, state: str | None) -> list[Task]:
    async with connected(reach.url, reach.token_for({Scope.READ, Scope.COMPLETE_TASKS})) as client:
        return [task async for task in client.tasks(state)]


def _kept(until: str | None, ground: str | None) -> Kept | None:
    """What both options say; raises BadParameter where one is missing, or means nothing."""
    if until is None and ground is None:
        return None
    if until is None or ground is None:
        raise typer.BadParameter("--kept-until and --kept-ground belong together: give both")
    if ground not in _GROUNDS:
        raise typer.BadParameter(f"--kept-ground is one of {', '.join(_GROUNDS)}")
    try:
        return Kept(ground=ground, until=date.fromisoformat(until))
    except ValueError:
        raise typer.BadParameter("--kept-until is a day, such as 2031-12-31") from None


async def _complete(
    reach: Reach, task_id: str, evidence: str, by: str | None, kept: Kept | None
) -> Task:
    token = reach.token_for({Scope.READ, Scope.COMPLETE_TASKS})
    async with connected(reach.url, token) as client:
        return await client.complete(task_id, evidence, by=by, kept=kept)


def _grid(found: list[Task]) -> Grid:
    head = ("task", "request", "upstream", "what", "items", "due", "state", "why")
    rows = tuple(
        (
            task.id,
            task.request_id,
            task.connector,
            task.category or "all of it",
            str(task.count or ""),
            str(task.due),
            task.state,
            task.reason,
        )
        for task in found
    )
    return Grid(f"{len(found)} to be done by hand", head, rows)


def _items(task: Task, items: tuple[TaskItem, ...]) -> Grid:
    """What it is about, as it is called in the upstream."""
    rows = tuple((one.ref, one.category, str(one.since or "")) for one in items)
    title = f"task {task.id}: {len(rows)} of {task.items_total} in {task.connector}"
    return Grid(title, ("item", "what", "since"), rows)
