"""How a request ends on the command line: in words, with the next command, as an exit code."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from avgate_client.answers import Request
from avgate_gateway.cli.exits import Exit
from avgate_gateway.cli.request.reaching import Reach
from avgate_gateway.cli.wording import state

_DONE = frozenset({"completed", "nothing_held", "nothing_in_scope", "not_relevant", None})


def ending(request: Request, reach: Reach, now: datetime | None = None) -> Iterator[str]:
    """Where the request is, and the exact next command, if there is one; `now`: if not now."""
    due = request.due.extended or request.due.promised
    until = "" if request.is_closed else f"; to be answered by {due}"
    yield f"request {request.id}: {state(request)}{until}"
    if request.held_up is not None:
        yield f"held up: {request.held_up}"
    match request.waiting_for:
        case "approval":
            approve = reach.command("approve", request.id, client="COLLEAGUE")
            yield f"somebody else than {request.submitted_by} decides: {approve}"
        case "identity":
            verify = ("--identity-method", "METHOD", "--verified-by", "WHO")
            yield f"when identity is verified: {reach.command('verify', request.id, *verify)}"
        case "person":
            yield f"what is left to people: {reach.command('tasks')}"
            word = ("complete", "TASK", "--evidence", "WHAT WAS DONE")
            yield f"when a task is done: {reach.command(*word)}"
            if any(part.stage == "stuck" for part in request.connectors):
                yield f"or, once it can work again: {reach.command('retry', request.id)}"
        case _ if begins := _cools_off(request, now or datetime.now(UTC)):
            withdraw = reach.command("cancel", request.id, "--reason", "WHY")
            yield f"it begins at {begins:%Y-%m-%d %H:%M} UTC; to withdraw it before: {withdraw}"
        case _ if not request.is_closed:
            alone = "it goes on by itself; " if request.held_up is None else ""
            yield f"{alone}look again: {reach.command('show', request.id)}"
        case _ if exit_code(request) is Exit.NOT_ALL_DONE:
            parts = (p for p in request.connectors if p.outcome not in _DONE)
            undone = ", ".join(f"{part.connector} ({part.outcome})" for part in parts)
            why = request.closing if request.closing in _UNDONE else undone
            yield f"not all of it was done: {why}"


def _cools_off(request: Request, now: datetime) -> datetime | None:
    """When what was approved begins, while it may still be withdrawn."""
    begins = request.plan.begins_at if request.plan else None
    return begins if begins is not None and not request.is_closed and now < begins else None


def exit_code(request: Request) -> Exit:
    """The exit code of a command that waited for the request."""
    if request.waits_for_a_person:
        return Exit.WAITS_FOR_A_PERSON
    if not request.is_closed:
        return Exit.UNDER_WAY
    undone = any(part.outcome not in _DONE for part in request.connectors)
    return Exit.NOT_ALL_DONE if undone or request.closing in _UNDONE else Exit.DONE


_UNDONE = frozenset({"rejected", "cancelled"})
