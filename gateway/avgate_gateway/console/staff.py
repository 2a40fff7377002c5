"""Who looks at a page, and in which language."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from avgate_gateway.authentication import Caller, Scope


@dataclass(frozen=True, slots=True)
class Staff:
    """A member of staff who is signed in; `caller` is what the HTTP API would know of them."""

    caller: Caller
    name: str
    csrf: str
    signed_in_at: datetime
    proved_at: datetime | None = None  # when they last showed who they are, where that is known
    session: str = field(default="", repr=False)

    def may(self, *scopes: Scope) -> bool:
        """Whether they hold all of these."""
        return all(scope.value in self.caller.scopes for scope in scopes)
