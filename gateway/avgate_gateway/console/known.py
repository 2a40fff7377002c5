"""By what a person is known, as it is typed into the rows of a form: each with the days it was theirs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from avgate_contracts.errors import InvalidIdentifierError
from avgate_contracts.identifier import Identifier
from avgate_contracts.vocabulary import IdentifierKind
from avgate_gateway.console.forms import Form

ROWS: Final = 4
_LONGEST: Final = 320
_USUAL: Final = (IdentifierKind.EMAIL, IdentifierKind.PHONE, IdentifierKind.CUSTOMER_ID)


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it was typed; `identifier` is None where it is none, and `wrong` says why."""

    kind: str
    value: str
    since: str = ""
    until: str = ""
    identifier: Identifier | None = None
    wrong: str | None = None


def rows(form: Form) -> list[Row]:
    """The rows in which something was typed."""
    typed = [
        [form.one(f"{name}_{row}") for name in ("kind", "value", "since", "until")]
        for row in range(ROWS)
    ]
    return [_read(kind, value[:_LONGEST], *days) for kind, value, *days in typed if value]


def of_search(identifiers: Sequence[Identifier]) -> list[Row]:
    """The row of something that was searched: what it is most likely to be."""
    return [Row(one.kind.value, one.value, identifier=one) for one in identifiers[:1]]


def usual(kinds: Sequence[str]) -> list[str]:
    """The kind of each row: the one that was chosen, or else one that most are known by, each once."""
    free = iter([kind.value for kind in _USUAL if kind.value not in kinds])
    return [kind or next(free, IdentifierKind.PHONE.value) for kind in kinds]


def identifiers(rows: Sequence[Row]) -> tuple[Identifier, ...]:
    """What was typed, as far as it is anything; the same typed twice is one."""
    return tuple(dict.fromkeys(row.identifier for row in rows if row.identifier is not None))


def _read(kind: str, value: str, since: str, until: str) -> Row:
    try:
        identifier = Identifier.of(IdentifierKind(kind), value, _day(since), _day(until))
    except InvalidIdentifierError as error:  # its message never repeats the value
        return Row(kind, value, since, until, wrong=str(error))
    except ValueError:
        wrong = (
            "must be a date, such as 2026-01-31"
            if kind in list(IdentifierKind)
            else "must be one of these"
        )
        return Row(kind, value, since, until, wrong=wrong)
    return Row(kind, value, since, until, identifier)


def _day(typed: str) -> date | None:
    return date.fromisoformat(typed) if typed else None
