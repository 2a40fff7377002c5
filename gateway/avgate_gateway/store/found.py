"""What a statement found, all of it read: as much of SQLAlchemy's results as the store asks of one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa


class Found:
    """Rows, or how many were changed."""

    __slots__ = ("_names", "_rows", "rowcount")

    def __init__(self, names: Sequence[str], rows: Sequence[Any], rowcount: int = -1) -> None:
        self._names = names
        self._rows = rows
        self.rowcount = rowcount

    def __iter__(self) -> Iterator[Any]:
        return iter(self._rows)

    def mappings(self) -> Found:
        """The same, each row by the names of its columns."""
        return Found(self._names, [dict(zip(self._names, row, strict=True)) for row in self._rows])

    def scalars(self) -> Found:
        """The first column of each row."""
        return Found(self._names, [row[0] for row in self._rows])

    def all(self) -> Sequence[Any]:
        return self._rows

    def first(self) -> Any:
        """The first row, or None."""
        return self._rows[0] if self._rows else None

    def one_or_none(self) -> Any:
        """The row, or None; raises MultipleResultsFound for several."""
        if len(self._rows) > 1:
            raise sa.exc.MultipleResultsFound("one row was to be found, and there are several")
        return self.first()

    def one(self) -> Any:
        """The row; raises NoResultFound, MultipleResultsFound."""
        found = self.one_or_none()
        if found is None and not self._rows:
            raise sa.exc.NoResultFound("a row was to be found, and there is none")
        return found

    def scalar(self) -> Any:
        """The first column of the first row, or None."""
        return self._rows[0][0] if self._rows else None

    def scalar_one(self) -> Any:
        """The first column of the row; raises NoResultFound, MultipleResultsFound."""
        return self.one()[0]

    def scalar_one_or_none(self) -> Any:
        """The first column of the row, or None; raises MultipleResultsFound for several."""
        found = self.one_or_none()
        return None if found is None else found[0]
