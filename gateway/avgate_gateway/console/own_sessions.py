"""Where somebody is signed in, and how they end what they did not leave open."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import Route

from avgate_gateway.console.door import Door, Visit
from avgate_gateway.console.taken_in import taken_in

_PATH = "/console/sessions"
_SHORT = 16  # letters of a digest: enough to tell one's own from one another


def routes(door: Door) -> list[Route]:
    async def show(visit: Visit) -> Response:
        found = await door.sessions.of_person(visit.staff)
        shown = [(one.digest[:_SHORT], one, one.digest == visit.staff.session) for one in found]
        return visit.sheet.page("sessions.html", {"sessions": shown})

    async def own(visit: Visit) -> list[str]:
        return [one.digest for one in await door.sessions.of_person(visit.staff)]

    async def end(visit: Visit) -> Response:
        """Ends one, or all but this one; what is another's cannot be named."""
        named = visit.form.one("session")
        if named != "others":
            await door.sessions.end_those(
                [one for one in await own(visit) if one[:_SHORT] == named]
            )
            return taken_in(_PATH, "ended")
        while others := [one for one in await own(visit) if one != visit.staff.session]:
            await door.sessions.end_those(others)  # there may be more than are listed at once
        return taken_in(_PATH, "ended")

    return [door.page(_PATH, show), door.form(_PATH, end)]
