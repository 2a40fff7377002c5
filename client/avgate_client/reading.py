"""What an answer means: the problem that it tells, or the shape that it has."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TypeVar

from avgate_client.answers import Answer
from avgate_client.errors import Mistake, ProblemError, Told, UnexpectedAnswerError
from avgate_client.problems import KINDS
from avgate_contracts.errors import ContractBrokenError
from avgate_contracts.http.answer import Response
from avgate_contracts.http.retry import retry_after
from avgate_contracts.record import Json

_NAMED = frozenset({"type", "title", "status", "detail", "errors", "instance"})
_PLACES = ("pointer", "parameter", "header")
Shape = TypeVar("Shape", bound=Answer)


def read(answer: Response, shape: type[Shape]) -> Shape:
    """The body in its shape; raises UnexpectedAnswerError, which names places and no value."""
    try:
        return answer.parse(shape)
    except ContractBrokenError as error:
        found = str(error)
    raise UnexpectedAnswerError(f"what answers there is no gateway of this release: {found}")


def problem_of(answer: Response, now: datetime) -> ProblemError:
    """The problem that an answer from 400 on tells: its type's class, or ProblemError itself.

    Members of the wrong kind are ignored, as RFC 9457 section 3.1 has it; of what is no problem at
    all only the status is told, for nobody knows what else stands there.
    """
    members = _members(answer)
    kind = _text(members, "type") or "about:blank"
    told = Told(
        type=kind,
        title=_text(members, "title") or f"the gateway refused with status {answer.status}",
        status=answer.status,
        detail=_text(members, "detail"),
        errors=tuple(_mistakes(members.get("errors"))),
        retry_after=retry_after(answer.headers.get("retry-after"), now),
        members={name: value for name, value in members.items() if name not in _NAMED},
    )
    return KINDS.get(kind, ProblemError)(told)


def _members(answer: Response) -> Mapping[str, Json]:
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/problem+json":
        return {}
    try:
        body = answer.json()
    except ContractBrokenError:
        return {}
    return body if isinstance(body, dict) else {}


def _mistakes(errors: Json) -> list[Mistake]:
    found = []
    for one in errors if isinstance(errors, list) else ():
        if isinstance(one, dict) and (detail := _text(one, "detail")):
            place = next((text for name in _PLACES if (text := _text(one, name))), "")
            found.append(Mistake(detail, place))
    return found


def _text(members: Mapping[str, Json], name: str) -> str:
    value = members.get(name)
    return value if isinstance(value, str) else ""
