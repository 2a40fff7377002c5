"""What the functions of the store are given to execute their statements with."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any, Protocol

import sqlalchemy as sa

HEAVY = "avgate_is_heavy"  # an execution option: its rows are megabytes, so nobody waits while they are read

# In `info`, where nobody else can write meanwhile: what is known as long as this transaction lasts.
WHILE_IT_LASTS = "avgate_while_it_lasts"


class Connection(Protocol):
    """One transaction, as whoever opened it gives it out: SQLite's or PostgreSQL's."""

    @property
    def dialect(self) -> sa.Dialect:
        """Which database it is."""
        ...

    @property
    def info(self) -> MutableMapping[Any, Any]:
        """What whoever opened it has to say of it, such as with which key evidence is attested."""
        ...

    async def execute(
        self, statement: sa.Executable, parameters: Any = None, /
    ) -> sa.CursorResult[*tuple[Any, ...]]:
        """Executes a statement, for one set of parameters or a list of them.

        On SQLite what is asked often gives a `store.found.Found`: as much of a result as is used.
        """
        ...
