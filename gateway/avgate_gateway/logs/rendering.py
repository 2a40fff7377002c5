"""From what Python's logging carries to a line: JSON for machines, colours for a terminal.

One way for all: what libraries say goes through the same processors as what we say. structlog has a
formatter for this; it makes each record a second time, which costs as much as all of this.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import orjson
import structlog
from structlog.contextvars import get_contextvars

from avgate_gateway.logs import mistake
from avgate_gateway.logs.catalogue import CONTEXT, EVENTS
from avgate_gateway.logs.net import blanked

_Line = dict[str, Any]
_OURS: Final = {event.name: (*event.fields, *CONTEXT) for event in EVENTS}
_MADE_HERE: Final = frozenset({"trace_id", "span_id"})  # chance, which may look like anything
_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {
    "message", "asctime", "taskName",
    "color_message",  # uvicorn says its line again in it
}  # fmt: skip


class Lines(logging.Formatter):
    """Makes lines of records, each by the same renderer."""

    def __init__(self, render: Callable[[_Line], str]) -> None:
        super().__init__()
        self._render = render

    def format(self, record: logging.LogRecord) -> str:
        return self._render(line_of(record))


def formatter(*, json: bool, colours: bool = False) -> logging.Formatter:
    """Makes lines for a machine, or for whoever sits at a terminal."""
    if json:
        return Lines(lambda line: orjson.dumps(line).decode())
    shown = structlog.dev.ConsoleRenderer(colors=colours, sort_keys=False, pad_event_to=20)
    return Lines(lambda line: str(shown(None, "", _on_one_line(line))))


def line_of(record: logging.LogRecord) -> _Line:
    """The event's name first, then when and how bad; no field that is not of this event."""
    said = record.getMessage()
    moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    line: _Line = {
        "event": _brief(said) if record.name == "asyncio" else blanked(said),
        "timestamp": f"{moment[:-6]}Z",
        "level": record.levelname.lower(),
        "logger": record.name,
    }
    for key, value in _told(record, said):
        if value is not None and key not in line:
            line[key] = value if key in _MADE_HERE else blanked(value)
    if record.exc_info and record.exc_info[1] is not None:
        line["error"] = mistake.types(record.exc_info[1])
        line["at"] = mistake.places(record.exc_info[1])
    return line


def _told(record: logging.LogRecord, said: str) -> Iterator[tuple[str, Any]]:
    own: Mapping[str, Any] = vars(record)
    names = _OURS.get(said) if record.name.startswith("avgate") else None
    if names is None:
        yield from ((key, value) for key, value in own.items() if key not in _STANDARD)
        names = CONTEXT
    around = get_contextvars()
    for name in names:
        yield name, own[name] if name in own else around.get(name)


def _brief(said: str) -> object:
    """Asyncio shows tasks and exceptions as they show themselves; only what comes before is kept."""
    return blanked(said.partition("\n")[0].partition("<")[0].partition("(")[0].strip())


def _on_one_line(line: _Line) -> _Line:
    """Nobody makes a line of their own, or moves the cursor, by what they are called."""
    return {key: _plain(value) for key, value in line.items()}


def _plain(value: object) -> object:
    if isinstance(value, str) and not value.isprintable():
        return value.encode("unicode_escape").decode("ascii")
    return value
