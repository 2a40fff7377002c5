"""People with a story, always at the same places, before the ordinary ones.

| position | role | story |
|---|---|---|
| 1, 2 | `same_name_first`, `same_name_second` | one name, two people: other address, other numbers |
| 3, 4 | `number_before`, `number_after` | the number of 3 became 4's on `handover(as_of)`; 3 has another since |
| 5 | `two_upstreams` | known to xelion and directory only |
| 6 | `heavy` | 50 000 call records in the core network |
| 7 | `running` | a contract that runs |
| 8 | `ended` | a contract that ended eight months ago |
| 9 | `beyond_windows_1252` | a name with letters that Windows-1252 has not |

All are Libervoice's but 9, who is Mister VoIP's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from enum import StrEnum

from avgate_contracts.vocabulary import Product
from avgate_mocks.people.invention import MONTH, invent, mobile_line
from avgate_mocks.people.person import Name, Period, Person

HEAVY_CALLS = 50_000


class Role(StrEnum):
    SAME_NAME_FIRST = "same_name_first"
    SAME_NAME_SECOND = "same_name_second"
    NUMBER_BEFORE = "number_before"
    NUMBER_AFTER = "number_after"
    TWO_UPSTREAMS = "two_upstreams"
    HEAVY = "heavy"
    RUNNING = "running"
    ENDED = "ended"
    BEYOND_WINDOWS_1252 = "beyond_windows_1252"


ROLES = tuple(Role)  # a role's place in it is its position, less one
FEWEST = len(ROLES)
MOST = 100_000  # the addresses set aside for measurements run out beyond


class TooFewPeopleError(ValueError):
    """The special cast does not fit into so few people."""


def people(seed: int, count: int, as_of: date) -> tuple[Person, ...]:
    """The special cast and then ordinary people, the same for the same arguments.

    Raises TooFewPeopleError below `FEWEST` or above `MOST`.
    """
    if not FEWEST <= count <= MOST:
        raise TooFewPeopleError(
            f"The number of people must be {FEWEST} to {MOST}: the first {FEWEST} are the special cast."
        )
    special = [_STORY[role](seed, place, as_of) for place, role in enumerate(ROLES, 1)]
    ordinary = (invent(seed, position, as_of) for position in range(FEWEST + 1, count + 1))
    return (*special, *ordinary)


def cast(everyone: Sequence[Person]) -> Mapping[Role, Person]:
    """Who plays which role."""
    return dict(zip(ROLES, everyone, strict=False))


def handover(as_of: date) -> date:
    """The first day on which the handed-on number is its new holder's."""
    return as_of - 9 * MONTH


def _running(seed: int, position: int, as_of: date) -> Person:
    return invent(seed, position, as_of, contract=_contract_since(as_of, 1500))


def _contract_since(as_of: date, days: int) -> Period:
    return Period(as_of - timedelta(days=days))


def _same_name_second(seed: int, position: int, as_of: date) -> Person:
    first = _running(seed, position - 1, as_of)
    second = invent(seed, position, as_of, name=first.name, contract=_contract_since(as_of, 1100))
    return replace(second, gender=first.gender)


def _number_before(seed: int, position: int, as_of: date) -> Person:
    person, day = _running(seed, position, as_of), handover(as_of)
    handed_on = replace(person.lines[0], held=Period(person.contract.start, day))
    return replace(
        person,
        lines=(handed_on, mobile_line(seed, position, Period(day), nth=2)),
        products=person.products | {Product.MOBILE},
    )


def _number_after(seed: int, position: int, as_of: date) -> Person:
    day = handover(as_of)
    before = _number_before(seed, position - 1, as_of)
    person = invent(seed, position, as_of, contract=Period(day))
    handed_on = replace(before.lines[0], held=Period(day), extension=person.lines[0].extension)
    return replace(person, lines=(handed_on, *person.lines[1:]))


def _two_upstreams(seed: int, position: int, as_of: date) -> Person:
    return replace(_running(seed, position, as_of), known_to=frozenset({"xelion", "directory"}))


def _heavy(seed: int, position: int, as_of: date) -> Person:
    person = _running(seed, position, as_of)
    return replace(person, volume=replace(person.volume, calls=HEAVY_CALLS))


def _ended(seed: int, position: int, as_of: date) -> Person:
    end = as_of - 8 * MONTH
    return invent(seed, position, as_of, contract=Period(end - timedelta(days=1400), end))


def _beyond_windows_1252(seed: int, position: int, as_of: date) -> Person:
    name = Name("Gülşen", "", "Yıldız-Wiśniewska")  # noqa: RUF001 -- no letter of it is a slip
    person = invent(seed, position, as_of, name=name, contract=_contract_since(as_of, 1300))
    return replace(person, gender="female")


_STORY: Mapping[Role, Callable[[int, int, date], Person]] = {
    Role.SAME_NAME_FIRST: _running,
    Role.SAME_NAME_SECOND: _same_name_second,
    Role.NUMBER_BEFORE: _number_before,
    Role.NUMBER_AFTER: _number_after,
    Role.TWO_UPSTREAMS: _two_upstreams,
    Role.HEAVY: _heavy,
    Role.RUNNING: _running,
    Role.ENDED: _ended,
    Role.BEYOND_WINDOWS_1252: _beyond_windows_1252,
}
