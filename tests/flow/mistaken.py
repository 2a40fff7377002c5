"""What a log tells of mistakes: no run may leave a line that nobody planted."""

from __future__ import annotations

import orjson

_BAD = frozenset({"error", "critical"})


def mistakes(log: str) -> list[str]:
    """The lines of a log that tell of an error, and where a trace begins that is no line of ours."""
    return [line for line in log.splitlines() if "Traceback" in line or _level(line) in _BAD]


def _level(line: str) -> str:
    try:
        told = orjson.loads(line)
    except orjson.JSONDecodeError:
        return ""  # whoever wrote it was killed in the middle of it, or it is a library's
    return str(told.get("level")) if isinstance(told, dict) else ""
