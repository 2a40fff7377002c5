"""From what Python's logging carries to a line: JSON for machines, colours for a terminal.

One way for all: what libraries say goes through the same processors as what we say.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, MutableMapping
from datetime import UTC, datetime
from typing import Any, Final

import orjson
import structlog
from structlog.typing import Processor

from avgate_gateway.logs import mistake
from avgate_gateway.logs.catalogue import CONTEXT, EVENTS
from avgate_gateway.logs.net import blanked

_Line = MutableMapping[str, Any]
_OURS: Final = {event.name: event.fields for event in EVENTS}
_MADE_HERE: Final = frozenset({"trace_id", "span_id"})  # chance, which may look like anything
_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {
    "message", "asctime", "taskName",
    "color_message",  # uvicorn says its line again in it
}  # fmt: skip


def formatter(*, json: bool, colours: bool = False) -> logging.Formatter:
    """Makes lines of records."""
    last: tuple[Processor, ...] = (_json,) if json else (_one_line, _console(colours=colours))
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.contextvars.merge_contextvars, _line], processors=last
    )


def _line(_: Any, __: str, found: _Line) -> _Line:
    """The event's name first, then when and how bad; no field that is not of this event."""
    record: logging.LogRecord = found.pop("_record")
    name = found["event"]
    moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    line: _Line = {
        "event": _brief(name) if record.name == "asyncio" else blanked(name),
        "timestamp": f"{moment[:-6]}Z",
        "level": record.levelname.lower(),
        "logger": record.name,
    }
    for key, value in _told(record, found):
        if value is not None and key not in line:
            line[key] = value if key in _MADE_HERE else blanked(value)
    if record.exc_info and record.exc_info[1] is not None:
        line["error"] = mistake.types(record.exc_info[1])
        line["at"] = mistake.places(record.exc_info[1])
    return line


def _told(record: logging.LogRecord, found: _Line) -> Iterator[tuple[str, Any]]:
    own = vars(record)
    names = _OURS.get(found["event"]) if record.name.startswith("avgate") else None
    if names is None:
        yield from ((key, value) for key, value in own.items() if key not in _STANDARD)
    else:
        yield from ((key, own.get(key)) for key in names)
    yield from ((key, own.get(key, found.get(key))) for key in CONTEXT)


def _brief(said: str) -> object:
    """Asyncio shows tasks and exceptions as they show themselves; only what comes before is kept."""
    return blanked(said.partition("\n")[0].partition("<")[0].partition("(")[0].strip())


def _json(_: Any, __: str, line: _Line) -> str:
    return orjson.dumps(line).decode()


def _one_line(_: Any, __: str, line: _Line) -> _Line:
    """Nobody makes a line of their own, or moves the cursor, by what they are called."""
    return {key: _plain(value) for key, value in line.items()}


def _plain(value: object) -> object:
    if isinstance(value, str) and not value.isprintable():
        return value.encode("unicode_escape").decode("ascii")
    return value


def _console(*, colours: bool) -> Processor:
    return structlog.dev.ConsoleRenderer(colors=colours, sort_keys=False, pad_event_to=20)
