"""Text and moments as Xelion stores and writes them (model.html)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from avgate_mocks.xelion.refusal import invalid

_LONGEST = 4000
_MOMENT = "%Y-%m-%d %H:%M:%S"


def stored(value: Any) -> Any:
    """JSON as it is read back: what Windows-1252 has no letter for has become a question mark.

    Raises XelionError for a string of more than 4000 characters.
    """
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list):
        return [stored(entry) for entry in value]
    if isinstance(value, dict):
        return {name: stored(entry) for name, entry in value.items()}
    return value


def _text(value: str) -> str:
    if len(value) > _LONGEST:
        raise invalid("a string of more than 4000 characters")
    return value.encode("cp1252", "replace").decode("cp1252")


def written(moment: datetime, *, iso: bool = False) -> str:
    """UTC, with a space and without a zone; or in the form of ISO 8601 with milliseconds."""
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.000Z" if iso else utc.strftime(_MOMENT)


def read_moment(text: str) -> datetime:
    """Raises XelionError for anything but `yyyy-MM-dd HH:mm:ss`, or a day alone."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise invalid("a date") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
