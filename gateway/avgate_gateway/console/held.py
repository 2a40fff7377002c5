"""What systems hold of a person: numbers at first, and who it is only for a reason that is written down.

Nobody asked for anything yet, so nothing is recorded but that somebody looked, and why. That comes
first: whoever sees something has left a trace, even if the answer never reached them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

from starlette.responses import Response
from starlette.routing import Route

from avgate_contracts.record import Record
from avgate_contracts.vocabulary import Category, Field
from avgate_gateway.api.connectors import pauses_of
from avgate_gateway.console import people, reasons
from avgate_gateway.console.door import Door, Visit
from avgate_gateway.console.people import LOOK, PAGE, Found
from avgate_gateway.console.reasons import Reason
from avgate_gateway.console.taken_in import TOLD
from avgate_gateway.flow.earlier import left_with
from avgate_gateway.flow.surveyed import Answer, Bounds, Revealed
from avgate_gateway.flow.surveying import survey
from avgate_gateway.problem import NOT_FOUND, Problem, ProblemError
from avgate_gateway.store import evidence

WHO_IT_IS: Final = frozenset({Category.CONTACT, Category.CONTACTS, Category.DIRECTORY_LISTING})
_NOT_SHOWN: Final = frozenset({Field.BANK_ACCOUNT})  # nobody is recognised by it
BOUNDS: Final = Bounds()

Card = tuple[tuple[str, str], ...]  # names of fields, and what each holds


def routes(door: Door) -> list[Route]:
    return [
        door.page(f"{PAGE}/held", people.ask, *LOOK),  # where a language was chosen on the way
        door.form(f"{PAGE}/held", look, *LOOK),
        door.page(f"{PAGE}/revealed", people.ask, *LOOK),
        door.form(f"{PAGE}/revealed", reveal, *LOOK, fresh=True),
    ]


async def look(visit: Visit) -> Response:
    """Asks every system how much it holds, live."""
    person = await people.person_of(visit)
    refused = await _refused(visit, person)
    if refused is not None:
        return refused
    await _write_down(visit, person, "subject.looked", {})
    return await people.shown(visit, person, more=_told(visit, await _asked(visit, person)))


async def reveal(visit: Visit) -> Response:
    """Shows once what one system says of who it is, to whoever signed in a moment ago."""
    person, name = await people.person_of(visit), visit.form.one("connector")
    refused = await _refused(visit, person)
    if refused is not None:
        return refused
    if name not in visit.desk.connectors:
        raise ProblemError(Problem(NOT_FOUND))
    await _write_down(visit, person, "subject.revealed", {"connector": name})
    answers = await _asked(visit, person, Revealed(name, WHO_IT_IS))
    [own] = [one for one in answers if one.connector == name]
    cards = {"connector": name, "title": own.title, "cards": cards_of(own.records)}
    more = {**_told(visit, answers), "card": cards, "taken_in": TOLD["revealed"]}
    return await people.shown(visit, person, more=more)


def cards_of(records: Sequence[Record]) -> list[tuple[Card, int]]:
    """What is shown of records: the fields by which somebody is recognised.

    The same card is shown once, with how many there are of it.
    """
    shown = Counter(filter(None, map(_card, records)))
    return list(shown.items())


def _card(record: Record) -> Card:
    held = ((name, record.fields.get(name, ())) for name in Field if name not in _NOT_SHOWN)
    told = ((name.value, ", ".join(dict.fromkeys(filter(None, one)))) for name, one in held)
    return tuple((name, value) for name, value in told if value)


async def _refused(visit: Visit, person: Found) -> Response | None:
    """The page again where nothing may be looked up yet, with what was typed."""
    if people.is_wrong(person.rows) or not person.identifiers:
        return await people.shown(visit, person, status=422)
    wrong = reasons.wrong_with(_reason(visit), person.identifiers)
    if wrong is not None:
        return await people.shown(visit, person, status=422, more={"wrong_reason": wrong})
    return None


def _reason(visit: Visit) -> Reason:
    return Reason(visit.form.one("reason"), visit.form.one("ticket"))


async def _write_down(visit: Visit, person: Found, event: str, what: Mapping[str, str]) -> None:
    """Who looks and why; whom it is about only as the reference that requests of theirs have too."""
    context, caller, reason = visit.gateway.context, visit.staff.caller, _reason(visit)
    told = {
        "by": caller.client_id,
        "reason": reason.code,
        "subject": context.vault.reference(caller.controller, person.identifiers),
        **what,
    }
    if reason.ticket:
        told["ticket"] = reason.ticket
    async with context.database.write() as db:
        await evidence.append(db, context.now(), caller.controller, None, event, told)


async def _asked(visit: Visit, person: Found, revealed: Revealed | None = None) -> Sequence[Answer]:
    gateway, controller = visit.gateway, visit.staff.caller.controller
    return await survey(
        gateway.context, controller, person.identifiers, gateway.bulkheads,
        bounds=BOUNDS, revealed=revealed, left=partial(left_with, gateway.context, controller),
    )  # fmt: skip


def _told(visit: Visit, answers: Sequence[Answer]) -> dict[str, Any]:
    return {
        "answers": answers,
        "looked_at": visit.gateway.context.now(),
        "who_it_is": WHO_IT_IS,
        "pauses": pauses_of(visit.gateway).of(visit.staff.caller.controller),
    }
