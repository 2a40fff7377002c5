"""Reads server-sent events out of bytes as they come (HTML standard, section 9.2.6)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_LINE_END = re.compile(rb"\r\n|\r|\n")
_BOM = b"\xef\xbb\xbf"
_LONGEST = 1024 * 1024  # bytes of one line, or of one event's data


class NotAStreamError(ValueError):
    """A line or an event without end: whatever this is, it is not ours."""


@dataclass(frozen=True, slots=True)
class Message:
    """One event as it was sent; `id` is the last that was told, with this event or before it."""

    id: str
    event: str
    data: str = field(repr=False)


class EventStream:
    """Fed with pieces of any size; gives each event once it is complete.

    An event that the stream ends in the middle of is none.
    """

    def __init__(self) -> None:
        self.last_id = ""
        self.retry: float | None = None  # seconds to wait before connecting again, if told
        self._rest = b""
        self._is_after_cr = False
        self._is_at_start = True
        self._event = ""
        self._data: list[str] = []
        self._has_begun = False
        self._size = 0

    @property
    def is_between_events(self) -> bool:
        """Whether nothing of an event has come that is not given yet."""
        return not (self._rest or self._has_begun)

    def feed(self, piece: bytes) -> list[Message]:
        """The events that this piece completes; raises NotAStreamError."""
        if not piece:
            return []
        if self._is_after_cr:  # the other half of a line end
            piece = piece.removeprefix(b"\n")
        text = self._rest + piece
        self._is_after_cr = text.endswith(b"\r")
        *lines, self._rest = _LINE_END.split(text)
        if len(self._rest) > _LONGEST:
            raise NotAStreamError("a line has no end")
        return [made for line in lines if (made := self._line(line)) is not None]

    def _line(self, line: bytes) -> Message | None:
        if self._is_at_start:
            line, self._is_at_start = line.removeprefix(_BOM), False
        if not line:
            return self._dispatched()
        self._has_begun = self._has_begun or not line.startswith(b":")
        name, _, value = line.decode("utf-8", "replace").partition(":")
        self._field(name, value.removeprefix(" "))
        return None

    def _field(self, name: str, value: str) -> None:
        match name:
            case "data":
                self._size += len(value)
                if self._size > _LONGEST:
                    raise NotAStreamError("an event has no end")
                self._data.append(value)
            case "event":
                self._event = value
            case "id" if "\0" not in value:
                self.last_id = value
            case "retry" if value.isascii() and value.isdigit():
                self.retry = int(value[:9]) / 1000

    def _dispatched(self) -> Message | None:
        event, data = self._event, self._data
        self._event, self._data, self._size, self._has_begun = "", [], 0, False
        if not data:
            return None
        return Message(self.last_id, event or "message", "\n".join(data))
