"""Who looks at a page, and in which language."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from avgate_gateway.authentication import Caller, Scope


@dataclass(frozen=True, slots=True)
class Staff:
    """A member of staff who is signed in; `caller` is what the HTTP API would know of them."""

    caller: Caller
    name: str
    csrf: str
    signed_in_at: datetime

    def may(self, *scopes: Scope) -> bool:
        """Whether they hold all of these."""
        return all(scope.value in self.caller.scopes for scope in scopes)
