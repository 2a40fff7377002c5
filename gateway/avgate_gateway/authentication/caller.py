"""The client behind an HTTP request, as its verified token names it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from avgate_gateway.authentication.scope import Scope
from avgate_gateway.authentication.step_up import StepUp
from avgate_gateway.problem import (
    INSUFFICIENT_AUTHENTICATION,
    INSUFFICIENT_SCOPE,
    Problem,
    ProblemError,
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Acts for one controller; `subject` is the person or service that holds the token.

    `withheld` are scopes that it names, and that count only with a sign-in that it does not tell of.
    """

    client_id: str
    controller: str
    scopes: frozenset[str]
    subject: str
    withheld: frozenset[str] = frozenset()
    lacks: StepUp | None = None

    def without(self, asked: StepUp) -> Caller:
        """The same for a token whose sign-in is not what is asked for."""
        withheld = self.scopes & frozenset(asked.scopes)
        return replace(self, scopes=self.scopes - withheld, withheld=withheld, lacks=asked)

    def must_hold(self, scope: Scope) -> None:
        """Raises ProblemError, 403 with the scope named, unless the token carries it.

        And 401 where it does, but has to tell of another sign-in first.
        """
        if self.lacks is not None and scope.value in self.withheld:
            headers = {"www-authenticate": self.lacks.challenge}
            raise ProblemError(Problem(INSUFFICIENT_AUTHENTICATION, headers=headers))
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
