"""Days, moments and numbers as people of a language write them; moments in Dutch time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from functools import partial
from typing import Any, Final

from babel.dates import format_date, format_datetime, format_time
from babel.numbers import format_decimal

from avgate_contracts.day import AMSTERDAM, local_day

_ID: Final = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")


def filters(language: str) -> dict[str, Any]:
    """The filters of templates in a language."""
    locale = "en_GB" if language == "en" else language
    return {
        "day": partial(_day, locale),
        "moment": partial(_moment, locale),
        "clock": partial(_clock, locale),
        "cases": _cases,
        "number": lambda value: format_decimal(value, locale=locale),
    }


def _cases(text: str) -> Iterator[tuple[str, str | None]]:
    """A sentence in stretches, each with the id of the request that it ends in, if any."""
    begin = 0
    for found in _ID.finditer(text):
        yield text[begin : found.start()], found.group()
        begin = found.end()
    if begin < len(text):
        yield text[begin:], None


def minute_of(moment: datetime) -> str:
    """A moment in Dutch time, as a browser writes one into a form."""
    return moment.astimezone(AMSTERDAM).replace(tzinfo=None).isoformat("T", "minutes")


def _day(locale: str, value: date | datetime | str | None) -> str:
    if isinstance(value, str):
        value = date.fromisoformat(value)
    if isinstance(value, datetime):
        value = local_day(value)
    return "" if value is None else format_date(value, "d MMM y", locale=locale)


def _moment(locale: str, value: datetime | str | None) -> str:
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if value is None:
        return ""
    return format_datetime(value, "d MMM y, HH:mm", tzinfo=AMSTERDAM, locale=locale)


def _clock(locale: str, value: datetime | None) -> str:
    return "" if value is None else format_time(value, "HH:mm:ss", tzinfo=AMSTERDAM, locale=locale)
