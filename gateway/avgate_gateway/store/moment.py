"""How the database keeps a moment: in one form everywhere, which sorts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect


class Moment(sa.types.TypeDecorator[datetime]):
    """A moment as microseconds since 1970 in UTC: one form in every database, and it sorts."""

    impl = sa.BigInteger
    cache_ok = True

    # The functions themselves, for SQLAlchemy would put one of its own around each.
    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], int | None]:  # noqa: ARG002 -- SQLAlchemy's signature
        return _microseconds

    def literal_processor(self, dialect: Dialect) -> Callable[[datetime], str]:  # noqa: ARG002 -- likewise
        return lambda value: str(_microseconds(value))

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:  # noqa: ARG002 -- SQLAlchemy's signature
        return _moment


def _microseconds(value: datetime | None) -> int | None:
    if value is None:
        return None
    delta = value - EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def _moment(value: Any | None) -> datetime | None:
    """What upstreams write for "never", in a zone of theirs, may be no day of UTC's calendar."""
    if value is None:
        return None
    try:
        return EPOCH + timedelta(microseconds=int(value))
    except OverflowError:
        return _FIRST if int(value) < 0 else _LAST


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
