"""Conditions with their values written out, for what never changes.

A list of bound values is written into its statement anew each time that this is executed, which takes as
long as everything else there is to do for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

import sqlalchemy as sa


def one_of(column: sa.ColumnElement[Any], members: Iterable[StrEnum]) -> sa.ColumnElement[bool]:
    """Whether a column is one of these; raises ValueError for what is no plain word."""
    return column.in_([word(member) for member in members])


def word(member: StrEnum) -> sa.ColumnElement[str]:
    """The value of an enumeration's member as SQL."""
    if not member.value.isidentifier():
        raise ValueError("only a plain word is written out")
    return sa.literal_column(f"'{member.value}'", sa.String)
