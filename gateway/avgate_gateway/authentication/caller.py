"""The client behind an HTTP request, as its verified token names it."""

from __future__ import annotations

from dataclasses import dataclass

from avgate_gateway.authentication.scope import Scope
from avgate_gateway.problem import INSUFFICIENT_SCOPE, Problem, ProblemError


@dataclass(frozen=True, slots=True)
class Caller:
    """Acts for one controller; `subject` is the person or service that holds the token."""

    client_id: str
    controller: str
    scopes: frozenset[str]
    subject: str

    def must_hold(self, scope: Scope) -> None:
        """Raises ProblemError, 403 with the scope named, unless the token carries it."""
        if scope.value not in self.scopes:
            raise ProblemError(_insufficient(scope))


def _insufficient(scope: Scope) -> Problem:
    challenge = f'Bearer error="insufficient_scope", scope="{scope.value}"'
    return Problem(
        INSUFFICIENT_SCOPE,
        f"This needs the scope {scope.value}.",
        headers={"www-authenticate": challenge},
        extra={"scope": scope.value},
    )
