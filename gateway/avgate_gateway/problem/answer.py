"""A problem on its way out: raised anywhere as ProblemError, sent as application/problem+json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from avgate_gateway.logs.trace import TRACE_ID
from avgate_gateway.problem import in_opendsr
from avgate_gateway.problem.catalogue import ProblemType
from avgate_gateway.problem.pointing import Located


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem of a known type; nothing in it repeats what was sent.

    `detail` is a sentence about this time; the type's next step is put behind it. `errors` names
    what to correct; `headers` go with the answer; `extra` are members of our own.
    """

    type: ProblemType
    detail: str = ""
    errors: tuple[Located, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, str | int | float | bool | Sequence[str] | None] = field(
        default_factory=dict
    )

    def members(self) -> dict[str, object]:
        """The members of the JSON object (RFC 9457 section 3.1)."""
        members: dict[str, object] = {
            "type": self.type.uri,
            "title": self.type.title,
            "status": self.type.status,
            "detail": f"{self.detail} {self.type.next_step}".lstrip(),
        }
        if self.errors:
            members["errors"] = [error.members() for error in self.errors]
        trace_id = TRACE_ID.get()
        if trace_id is not None:  # by which support finds it
            members["trace_id"] = trace_id
        return {**self.extra, **members}


class ProblemError(Exception):
    """Raised by whatever cannot go on; the message is the type's title, never a value."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.type.title)
        self.problem = problem


class ProblemResponse(Response):
    """A problem as an HTTP answer that no cache keeps, in the words of the protocol spoken there."""

    media_type = "application/problem+json"

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(
            orjson.dumps(problem.members()),
            status_code=problem.type.status,
            headers={"cache-control": "no-store", **problem.headers},
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not in_opendsr.is_spoken_at(scope.get("path", "")):
            await super().__call__(scope, receive, send)
            return
        told = self.problem
        status, members = in_opendsr.worded(told.type, told.detail, told.errors)
        headers = {"cache-control": "no-store", **told.headers}
        answer = Response(orjson.dumps(members), status, headers, "application/json")
        await answer(scope, receive, send)
