"""An error as OpenDSR 2.0 words it (section 7.6), for the addresses at which it is spoken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from avgate_gateway.problem.catalogue import ProblemType
from avgate_gateway.problem.pointing import Located

_SPOKEN_AT: Final = ("/opendsr/", "/opengdpr/")
# "For errors the service MUST respond with HTTP status code 400" (7.5): so it does of every request
# that cannot be accepted. Who may not ask, what is not there and who asks too often keeps its own.
_STATUSES: Final[Mapping[int, int]] = {409: 400, 415: 400, 422: 400}


_TEXT: Final = {"type": "string"}
DESCRIBED: Final[dict[str, object]] = {
    "description": "An error; `reason` says which, or what of the body is to be corrected.",
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["error"],
                "properties": {
                    "error": {
                        "type": "object",
                        "required": ["code", "message", "errors"],
                        "properties": {
                            "code": {"type": "integer"},
                            "message": _TEXT,
                            "errors": {
                                "type": "array",
                                "items": {
                                    "type": "object",
                                    "required": ["domain", "reason", "message"],
                                    "properties": dict.fromkeys(
                                        ("domain", "reason", "message"), _TEXT
                                    ),
                                },
                            },
                        },
                    }
                },
            }
        }
    },
}


def is_spoken_at(path: str) -> bool:
    return path.startswith(_SPOKEN_AT)


def worded(
    kind: ProblemType, detail: str, errors: Sequence[Located]
) -> tuple[int, dict[str, object]]:
    """The status and the members of the error; nothing in it repeats what was sent."""
    status = _STATUSES.get(kind.status, kind.status)
    told = [_error(error) for error in errors] or [_whole(kind, detail)]
    message = f"{kind.title}. {detail} {kind.next_step}".replace("  ", " ")
    return status, {"error": {"code": status, "message": message, "errors": told}}


def _error(located: Located) -> dict[str, str]:
    return {"domain": "Validation", "reason": located.where, "message": located.detail}


def _whole(kind: ProblemType, detail: str) -> dict[str, str]:
    return {"domain": "Avgate", "reason": kind.slug, "message": detail or kind.title}
