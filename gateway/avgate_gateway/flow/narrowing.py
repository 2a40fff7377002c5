"""On which days a number that was given is the subject's: as the contracts of that person say.

A number is handed on. Given without days, or with days that are too wide, it leads an upstream that
does not know since when it is somebody's to the calls of whoever had it before. The contract
administration knows, so what it says decides for all others; until it has spoken, a number leads
nobody anywhere on which something could be done.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from enum import Enum, auto

from avgate_contracts.identifier import Identifier
from avgate_contracts.vocabulary import IdentifierKind, Operation
from avgate_gateway.request import COPIES


class Word(Enum):
    """What the contract administrations of a request have said of the subject."""

    OUTSTANDING = auto()  # one has not answered yet, or is in trouble
    GIVEN = auto()  # all have answered
    NOBODYS = auto()  # none was asked, or none could be


def narrowed(given: Identifier, periods: Iterable[Identifier]) -> tuple[Identifier, ...]:
    """The periods that share a day with what was given, whole; none where none does.

    The days that were given say who is meant, and the contract says since when and until when it
    was theirs: fewer days would leave a part of the same person's data behind, to which nothing
    leads once their card is gone.
    """
    meant = (
        replace(given, valid_from=period.valid_from, valid_until=period.valid_until)
        for period in periods
        if given.matches(period)
    )
    return tuple(dict.fromkeys(meant))


def may_lead(given: Identifier, word: Word, operation: Operation, *, is_all_there_is: bool) -> bool:
    """Whether something given may be looked by, of which no contract administration states the days.

    `is_all_there_is`: the upstream could look by nothing that lasts instead.
    """
    if given.kind is not IdentifierKind.PHONE or word is Word.GIVEN:
        return True
    is_dated = given.valid_from is not None or given.valid_until is not None
    if word is Word.NOBODYS:
        return is_dated or is_all_there_is
    return is_dated and operation in COPIES  # a copy is made anew when the word is given
