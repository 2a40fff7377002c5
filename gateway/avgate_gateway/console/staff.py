"""Who looks at a page, and in which language."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from avgate_gateway.authentication import Caller, Scope

_CONSOLE = "console:"  # with which evidence begins the names of those who come by pages


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


def person(client_id: str) -> str:
    """Whom colleagues know by a client of the console; any other client as it calls itself."""
    return client_id.removeprefix(_CONSOLE)
