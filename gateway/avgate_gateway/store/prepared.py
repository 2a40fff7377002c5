"""Statements as SQLite's driver takes them, for those that are made once and asked often.

SQLAlchemy works out for each execution anew which text a statement has, what is to be made of its
values and which columns come back: more than half of what a small statement costs. None of it
changes between two executions of one statement object with the same names of parameters.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlcipher3 import dbapi2 as sqlite

from avgate_gateway.store.connection import HEAVY
from avgate_gateway.store.found import Found
from avgate_gateway.store.schema import OF_MANY_ROWS

Values = Mapping[str, Any]
Converter = Callable[[Any], Any] | None
_NOTHING: Values = {}
_tuple = tuple.__new__  # a row without a function of Python's own for each


class Prepared:
    """One statement for one set of parameter names."""

    __slots__ = ("_bound", "_fixed", "_names", "_read", "_row", "_width", "text")

    def __init__(
        self,
        text: str,
        bound: Sequence[tuple[str, Converter]],
        fixed: Values,
        read: Sequence[Converter],
    ) -> None:
        self.text = text
        self._bound = tuple(bound)
        self._fixed = fixed
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
    prepared: dict[tuple[str, ...], Prepared | None] | None = field(default=None)


class Preparing:
    """Remembers what it prepared; a statement that is asked only once is not worth it."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._known: WeakKeyDictionary[Any, Known] = WeakKeyDictionary()

    def known(self, statement: sa.Executable) -> Known:
        """What is known of a statement."""
        known = self._known.get(statement)
        if known is None:
            known = self._known[statement] = Known(
                HEAVY in statement.get_execution_options(),
                isinstance(statement, sa.Update | sa.Delete) and statement.table in OF_MANY_ROWS,
            )
        return known

    def find(self, known: Known, statement: sa.Executable, parameters: Any) -> Prepared | None:
        """What was made of a statement; None if it is asked for the first time, or cannot be."""
        if known.prepared is None:
            known.prepared = {}
            return None
        given = parameters[0] if parameters and isinstance(parameters, list) else parameters
        names = tuple(given) if given else ()
        try:
            return known.prepared[names]
        except KeyError:
            made = known.prepared[names] = _prepared(statement, names, self._dialect)
            return made


def _prepared(
    statement: sa.Executable, names: tuple[str, ...], dialect: Dialect
) -> Prepared | None:
    """What is left to do for each execution; None where that depends on the values."""
    if not isinstance(statement, sa.Select | sa.CompoundSelect | sa.Insert | sa.Update | sa.Delete):
        return None
    if isinstance(statement, sa.UpdateBase) and statement.returning_column_descriptions:
        return None
    if isinstance(statement, sa.Insert):
        statement = statement.inline()  # nobody asks for the number that a row got
    compiled: Any = statement.compile(dialect=dialect, column_keys=names)
    binds = [compiled.binds[name] for name in compiled.positiontup]
    if any(bind.expanding or bind.literal_execute for bind in binds) or compiled.prefetch:
        return None
    bound, fixed = [], {}
    for bind, name in zip(binds, compiled.positiontup, strict=True):
        key = bind.key if bind.key in names else name
        if key not in names and not bind.required:
            fixed[key] = bind.effective_value
        bound.append((key, bind.type.dialect_impl(dialect).bind_processor(dialect)))
    return Prepared(compiled.string, bound, fixed, _read(statement, dialect))


def _read(statement: Any, dialect: Dialect) -> list[Converter]:
    if isinstance(statement, sa.UpdateBase):
        return []
    return [
        column.type.dialect_impl(dialect).result_processor(dialect, None)
        for column in statement.selected_columns
    ]


def _told(error: sqlite.Error, text: str) -> Exception:
    """The same as SQLAlchemy would raise it, without the values."""
    told = sa.exc.DBAPIError.instance(text, None, error, sqlite.Error, hide_parameters=True)
    return told if isinstance(told, Exception) else error
