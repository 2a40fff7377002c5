"""Statements as SQLite's driver takes them, for those that are made once and asked often.

SQLAlchemy works out for each execution anew which text a statement has, what is to be made of its
values and which columns come back: more than half of what a small statement costs. None of it
changes between two executions of one statement object with the same names of parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy.engine import Dialect, IteratorResult
from sqlalchemy.engine.result import SimpleResultMetaData
from sqlcipher3 import dbapi2 as sqlite

Values = Mapping[str, Any]
Converter = Callable[[Any], Any] | None


class Prepared:
    """One statement for one set of parameter names."""

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
        self._read = tuple(read)
        self._is_plain = not any(read)
        self._described: SimpleResultMetaData | None = None

    def execute(self, connection: sqlite.Connection, parameters: Any) -> Result:
        """Executes it, for one set of values or a list of them; raises as SQLAlchemy does."""
        try:
            if isinstance(parameters, list):
                done = connection.executemany(self.text, map(self._values, parameters))
            else:
                done = connection.execute(self.text, self._values(parameters or {}))
            rows = done.fetchall()
        except sqlite.Error as error:
            raise _told(error, self.text) from error
        if self._described is None:
            names = [column[0] for column in done.description or ()]
            self._described = SimpleResultMetaData(names)
        return Result(self._described, self._rows(rows), done.rowcount)

    def _values(self, given: Values) -> list[Any]:
        values = {**self._fixed, **given} if self._fixed else given
        return [
            values[name] if convert is None else convert(values[name])
            for name, convert in self._bound
        ]

    def _rows(self, rows: list[Any]) -> Iterator[Any]:
        if self._is_plain:
            return iter(rows)
        read = self._read
        return iter(
            [
                tuple(
                    [
                        value if convert is None else convert(value)
                        for convert, value in zip(read, row, strict=True)
                    ]
                )
                for row in rows
            ]
        )


class Result(IteratorResult[Any]):
    """The rows that were found, all of them read, or how many were changed."""

    def __init__(self, described: SimpleResultMetaData, rows: Iterator[Any], rowcount: int) -> None:
        super().__init__(described, rows)
        self.rowcount = rowcount


class Preparing:
    """Remembers what it prepared; a statement that is asked only once is not worth it."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._known: WeakKeyDictionary[Any, dict[tuple[str, ...], Prepared | None]]
        self._known = WeakKeyDictionary()

    def find(self, statement: sa.Executable, parameters: Any) -> Prepared | None:
        """What was made of a statement; None if it is asked for the first time, or cannot be."""
        known = self._known.get(statement)
        if known is None:
            self._known[statement] = {}
            return None
        given = parameters[0] if parameters and isinstance(parameters, list) else parameters
        names = tuple(given) if given else ()
        try:
            return known[names]
        except KeyError:
            made = known[names] = _prepared(statement, names, self._dialect)
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
