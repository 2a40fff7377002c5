"""Statements as SQLite's driver takes them, for those that are made once and asked often.

SQLAlchemy works out for each execution anew which text a statement has, what is to be made of its
values and which columns come back: more than half of what a small statement costs. None of it
changes between two executions of one statement object with the same names of parameters.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.visitors import iterate
from sqlcipher3 import dbapi2 as sqlite

from avgate_gateway.store.connection import HEAVY
from avgate_gateway.store.found import Found
from avgate_gateway.store.schema import OF_MANY_ROWS

Values = Mapping[str, Any]
Converter = Callable[[Any], Any] | None
_NOTHING: Values = {}
_LONGEST = 16  # values in a statement's lists: each length is a text of its own for the driver
_tuple = tuple.__new__  # a row without a function of Python's own for each


class Prepared:
    """One statement for one set of parameter names, and of lists as long as these."""

    __slots__ = ("_bound", "_fixed", "_lists", "_names", "_read", "_row", "_width", "text")

    def __init__(
        self,
        text: str,
        bound: Sequence[tuple[str, Converter]],
        fixed: Values,
        read: Sequence[Converter],
        lists: Mapping[str, Sequence[str]] = MappingProxyType({}),
    ) -> None:
        self.text = text
        self._bound = tuple(bound)
        self._fixed = fixed
        self._lists = tuple(lists.items())
        self._read = [(place, convert) for place, convert in enumerate(read) if convert]
        self._width = len(read)
        self._names: tuple[str, ...] = ()
        self._row: Any = None

    def execute(self, connection: sqlite.Connection, parameters: Any) -> Found:
        """Executes it, for one set of values or a list of them; raises as SQLAlchemy does."""
        try:
            if isinstance(parameters, list):
                done = connection.executemany(self.text, map(self._values, parameters))
            else:
                done = connection.execute(self.text, self._values(parameters or _NOTHING))
            rows = done.fetchall()
        except sqlite.Error as error:
            raise _told(error, self.text) from error
        if rows:
            rows = self._converted(done, rows)
        return Found(self._names, rows, done.rowcount)

    def _values(self, given: Values) -> list[Any]:
        values = {**self._fixed, **given} if self._fixed else given
        for name, places in self._lists:
            values = {**values, **dict(zip(places, given[name], strict=True))}
        return [
            values[name] if convert is None else convert(values[name])
            for name, convert in self._bound
        ]

    def _converted(self, done: sqlite.Cursor, rows: list[Any]) -> list[Any]:
        if self._row is None:
            self._names = tuple(column[0] for column in done.description)
            if len(self._names) != self._width:
                raise TypeError("SQLAlchemy tells of other columns than SQLite gives")
            self._row = namedtuple("Row", self._names, rename=True)  # type: ignore[misc]  # noqa: PYI024 -- known only now
        made = []
        for row in rows:
            values = list(row)
            for place, convert in self._read:
                if values[place] is not None:
                    values[place] = convert(values[place])
            made.append(_tuple(self._row, values))
        return made


@dataclass(slots=True, weakref_slot=True)
class Known:
    """What is known of one statement."""

    is_heavy: bool
    is_long: bool  # it may be about so many rows that everybody else would notice
    gives_back: bool  # what it changed
    lists: tuple[str, ...]  # names of parameters that are lists
    prepared: dict[tuple[str | int, ...], Prepared | None] | None = field(default=None)


class Preparing:
    """Remembers what it prepared; a statement that is asked only once is not worth it."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._known: WeakKeyDictionary[Any, Known] = WeakKeyDictionary()

    def known(self, statement: sa.Executable) -> Known:
        """What is known of a statement."""
        known = self._known.get(statement)
        if known is None:
            known = self._known[statement] = _known(statement)
        return known

    def find(self, known: Known, statement: sa.Executable, parameters: Any) -> Prepared | None:
        """What was made of a statement; None if it is asked for the first time, or cannot be."""
        if known.prepared is None:
            known.prepared = {}
            return None
        are_many = isinstance(parameters, list)
        if are_many and (known.gives_back or known.lists):
            return None
        given = parameters[0] if parameters and are_many else parameters or _NOTHING
        form: tuple[str | int, ...] = tuple(given)
        if known.lists:
            lengths = [len(given[name]) for name in known.lists if name in given]
            if sum(lengths) > _LONGEST:
                return None
            form += tuple(lengths)
        try:
            return known.prepared[form]
        except KeyError:
            made = known.prepared[form] = _prepared(statement, given, known, self._dialect)
            return made


def _known(statement: sa.Executable) -> Known:
    parts = iterate(statement) if isinstance(statement, sa.ClauseElement) else ()
    lists = {part.key for part in parts if isinstance(part, sa.BindParameter) and part.expanding}
    return Known(
        is_heavy=HEAVY in statement.get_execution_options(),
        is_long=isinstance(statement, sa.Update | sa.Delete) and statement.table in OF_MANY_ROWS,
        gives_back=isinstance(statement, sa.UpdateBase)
        and bool(statement.returning_column_descriptions),
        lists=tuple(sorted(lists)),
    )


def _prepared(
    statement: sa.Executable, given: Values, known: Known, dialect: Dialect
) -> Prepared | None:
    """What is left to do for each execution; None where that depends on the values."""
    if not isinstance(statement, sa.Select | sa.CompoundSelect | sa.Insert | sa.Update | sa.Delete):
        return None
    if not set(known.lists) <= given.keys():  # a list of the statement's own
        return None
    read = _read(statement, dialect)
    if isinstance(statement, sa.Insert):
        statement = statement.inline()  # nobody asks for the number that a row got
    compiled: Any = statement.compile(dialect=dialect, column_keys=tuple(given))
    if any(bind.literal_execute for bind in compiled.binds.values()) or compiled.prefetch:
        return None
    bound, fixed = [], {}
    written = compiled.construct_expanded_state(given)
    of_list = {
        place: name for name, places in written.parameter_expansion.items() for place in places
    }
    for name in written.positiontup:
        bind = compiled.binds[of_list.get(name, name)]
        key = name if name in of_list or bind.key not in given else bind.key
        if key not in given and name not in of_list and not bind.required:
            fixed[key] = bind.effective_value
        bound.append((key, bind.type.dialect_impl(dialect).bind_processor(dialect)))
    return Prepared(written.statement, bound, fixed, read, written.parameter_expansion)


def _read(statement: Any, dialect: Dialect) -> list[Converter]:
    if isinstance(statement, sa.UpdateBase):
        types = [column["type"] for column in statement.returning_column_descriptions]
    else:
        types = [column.type for column in statement.selected_columns]
    return [one.dialect_impl(dialect).result_processor(dialect, None) for one in types]


def _told(error: sqlite.Error, text: str) -> Exception:
    """The same as SQLAlchemy would raise it, without the values."""
    told = sa.exc.DBAPIError.instance(text, None, error, sqlite.Error, hide_parameters=True)
    return told if isinstance(told, Exception) else error
