"""The path and the query: short, without controls, and every parameter once."""

from __future__ import annotations

import re
from collections import Counter
from urllib.parse import parse_qsl

from starlette.types import Scope

from avgate_gateway.guard.limit import Limits
from avgate_gateway.problem import (
    AMBIGUOUS_REQUEST,
    MALFORMED_REQUEST,
    URI_TOO_LONG,
    Problem,
    ProblemError,
)

_CONTROL = re.compile("[\x00-\x1f\x7f\ufffd]")
_SAFE_NAME = re.compile(r"[a-z_]{1,40}")
_MOST_PARAMETERS = 64


def check_address(scope: Scope, limits: Limits) -> None:
    """Raises ProblemError for an address that two readers could understand differently."""
    query: bytes = scope["query_string"]
    if len(scope.get("raw_path") or b"") + len(query) > limits.address_bytes:
        detail = f"Path and query may be {limits.address_bytes} bytes together."
        raise ProblemError(Problem(URI_TOO_LONG, detail, headers={"connection": "close"}))
    parameters = _parameters(query)
    if any(_CONTROL.search(text) for text in (scope["path"], *sum(parameters, ()))):
        raise _malformed("The address holds a control character, or is not UTF-8.")
    _check_names(Counter(name for name, _ in parameters), limits.repeatable)


def _parameters(query: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            query.decode("ascii"), keep_blank_values=True, max_num_fields=_MOST_PARAMETERS
        )
    except ValueError:
        raise _malformed(f"A query is ASCII, with {_MOST_PARAMETERS} parameters at most.") from None


def _check_names(times: Counter[str], repeatable: frozenset[str]) -> None:
    if "access_token" in times:
        raise _malformed("A token in the address ends up in logs: send it as Authorization.")
    for name, count in times.items():
        if count > 1 and name not in repeatable:
            shown = f"The parameter {name}" if _SAFE_NAME.fullmatch(name) else "A parameter"
            raise ProblemError(Problem(AMBIGUOUS_REQUEST, f"{shown} may come once."))


def _malformed(detail: str) -> ProblemError:
    return ProblemError(Problem(MALFORMED_REQUEST, detail))
