"""Asking for a copy to be handed over to a successor (GDPR Art. 20(2))."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

import orjson

from avgate_contracts.vocabulary import Operation
from avgate_gateway import confidential, problem
from avgate_gateway.flow.context import Context
from avgate_gateway.flow.doubting import is_ambiguous
from avgate_gateway.handover import GIVES_UP_AFTER, DeliveryError, missing_library
from avgate_gateway.problem import GONE, NOT_FOUND, WRONG_STATE, Problem, ProblemError
from avgate_gateway.request import State, SubjectRequest, WaitingFor
from avgate_gateway.settings import Settings, SettingsError
from avgate_gateway.settings.destination import Destination
from avgate_gateway.store import evidence, handovers, requests, tasks
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.handovers import Handover, HandoverState
from avgate_gateway.vault import SUBJECT_KEY, Box

Place = tuple[str, str]  # a controller and the name of a destination
_GONE = "gone", "the personal data was destroyed before it was handed over"
_WITHDRAWN = "withdrawn", "the request was withdrawn, refused or about no one person"
NOT_READY = "not_ready", "the copy is being made anew, or held back"
_RECIPIENT = "recipient", "the copy is for another key than the destination's recipient"
FINAL = frozenset({"gone", "withdrawn"})  # codes after which no attempt is made


def destinations_of(settings: Settings) -> Mapping[Place, Destination]:
    """Where copies may go, by controller and name; raises SettingsError for want of a library."""
    found = {
        (controller, name): destination
        for controller, one in settings.controllers.items()
        for name, destination in one.destinations.items()
    }
    for place, destination in found.items():
        library = missing_library(destination)
        if library is not None:
            told = f"controllers.{place[0]}.destinations.{place[1]}: install avgate[handover], for {library}"
            raise SettingsError(settings.origins.path, [told])
    return found


async def ask(
    db: Connection,
    context: Context,
    request: SubjectRequest,
    to: tuple[str, Destination],
    by: str,
) -> Handover:
    """Has a copy handed over; one that is under way, or arrived, is the same one.

    Asked again while it waits, it is tried at once. After one that failed, or that went before a
    system showed more, there is a new one.
    Raises ProblemError where there is no copy, or it is for somebody else.
    """
    name, destination = to
    now = context.now()
    for known in await handovers.of_request(db, request.id):
        if known.destination == name and await _is_the_same(db, known):
            await handovers.hurry(db, known.id, now)
            return known
    await opened(db, context, request, destination)
    made = Handover(
        str(uuid4()), request.id, request.controller, name, HandoverState.WAITING, 0, now,
        gives_up_at=_gives_up_at(context, request, now), next_attempt_at=now,
    )  # fmt: skip
    await handovers.add(db, made)
    await evidence.note(
        db, now, request, "handover.asked",
        {"handover": made.id, "destination": name, "kind": destination.kind, "by": by},
    )  # fmt: skip
    return made


async def _is_the_same(db: Connection, known: Handover) -> bool:
    """Whether an earlier handover brings all that there is."""
    if known.state is not HandoverState.DELIVERED:
        return known.is_open
    _, is_sealed = await _places(db, known)
    return is_sealed


async def opened(
    db: Connection, context: Context, request: SubjectRequest, destination: Destination
) -> Box:
    """What opens the copy; raises ProblemError unless it is whole and may go to this destination."""
    if request.operation is not Operation.EXPORT or request.closing is not None:
        raise ProblemError(Problem(NOT_FOUND))
    if is_ambiguous(await tasks.of_request(db, request.id)):
        raise ProblemError(Problem(NOT_FOUND))
    if request.state is not State.CLOSED and request.waiting_for is not WaitingFor.PERSON:
        raise ProblemError(
            Problem(
                problem.NOT_READY, "The copy is still being made.", headers={"retry-after": "1"}
            )
        )
    sealed = await requests.sealed(db, request.id)
    if sealed.subject_key is None or sealed.confidential is None:
        raise ProblemError(Problem(GONE))
    box = context.vault.box(sealed.subject_key, request.id, SUBJECT_KEY)
    person = confidential.from_bytes(box.open(sealed.confidential, confidential.CONTEXT))
    if person.recipient not in {None, destination.recipient}:
        detail = (
            "Its copy is for the recipient that was named when it was asked for, and nobody else."
        )
        raise ProblemError(Problem(WRONG_STATE, detail))
    return box


@dataclass(frozen=True, slots=True)
class Opened:
    """A request whose copy may go, and what opens it.

    `copied`: where in the evidence a system was copied last. `is_sealed`: what was sealed holds that.
    """

    request: SubjectRequest
    box: Box
    copied: int
    is_sealed: bool


async def still_opened(
    context: Context, one: Handover, destination: Destination, before: Opened | None = None
) -> Opened:
    """The copy at the moment of an attempt, as things are by then; raises DeliveryError.

    Days may lie between asking and an attempt: what was withdrawn meanwhile goes nowhere, nor does
    what is looked up anew, or was for another key than the config names now. `before`: as it was a
    while ago, and has to be still.
    """
    async with context.database.read() as db:
        request = await requests.find(db, one.request_id)
        if request is None:
            raise DeliveryError(*_GONE)
        try:
            box = await opened(db, context, request, destination)
        except ProblemError as error:
            raise _refused(request, error.problem) from None
        copied, is_sealed = await _places(db, one)
    if before is not None and before.copied != copied:
        raise DeliveryError(*NOT_READY)
    return Opened(request, box, copied, is_sealed)


def _refused(request: SubjectRequest, why: Problem) -> DeliveryError:
    if why.type is GONE:
        return DeliveryError(*_GONE)
    if request.closing is not None:
        return DeliveryError(*_WITHDRAWN)
    return DeliveryError(*(_RECIPIENT if why.type is WRONG_STATE else NOT_READY))


async def _places(db: Connection, one: Handover) -> tuple[int, bool]:
    """Where a system was copied last, and whether this handover's copy was sealed with that in it.

    The entry says so itself: a system may be copied between the last look and its being written. Those
    of earlier releases do not, and stand behind what they hold.
    """
    copied = await evidence.last_of(db, one.request_id, "task.copied")
    sealed = await evidence.last_of(db, one.request_id, "handover.sealed", one.id)
    if not sealed:
        return copied, False
    [entry] = await evidence.entries(db, request_id=one.request_id, after=sealed - 1, limit=1)
    return copied, orjson.loads(entry.details).get("copied", sealed) >= copied


def _gives_up_at(context: Context, request: SubjectRequest, now: datetime) -> datetime:
    """After some days; or when the copy is destroyed, if that is sooner."""
    end = now + GIVES_UP_AFTER
    return min(end, request.closed_at + context.vault_keeps) if request.closed_at else end
