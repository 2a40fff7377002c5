"""The way to every page: who it is, what they may, and whether a form is ours."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from avgate_gateway.api.gateway import Gateway
from avgate_gateway.authentication import Scope
from avgate_gateway.console import forms, words
from avgate_gateway.console.drawing import Sheet
from avgate_gateway.console.forms import Form
from avgate_gateway.console.links import SIGN_IN
from avgate_gateway.console.sessions import Sessions
from avgate_gateway.console.staff import Staff
from avgate_gateway.flow.context import Desk
from avgate_gateway.request import SubjectRequest


@dataclass(frozen=True, slots=True)
class Visit:
    """One call of a page by somebody who is signed in."""

    http: Request
    gateway: Gateway
    staff: Staff
    sheet: Sheet
    form: Form = field(default_factory=Form)

    @property
    def desk(self) -> Desk:
        return self.gateway.desk(self.staff.caller)

    @property
    def titles(self) -> dict[str, str]:
        """What the systems are called in the reader's language, by connector."""
        gettext = words.translations(self.sheet.language).gettext
        titles = {name: one.manifest.title for name, one in self.desk.connectors.items()}
        return {name: gettext(title) for name, title in titles.items()}

    def asked(self, name: str) -> str:
        """A parameter of the address, or nothing."""
        return self.http.query_params.get(name, "").strip()

    async def request(self) -> SubjectRequest:
        """The request that the address names; raises ProblemError, 404, for another's as for none."""
        return await self.gateway.request(self.staff.caller, self.http.path_params["request_id"])


Handler = Callable[[Visit], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Door:
    """Makes routes of handlers; every one of them asks first who is there."""

    gateway: Gateway
    sessions: Sessions

    def page(self, path: str, handler: Handler, *scopes: Scope) -> Route:
        """A page that is only looked at."""
        return self._route(path, "GET", handler, scopes)

    def form(self, path: str, handler: Handler, *scopes: Scope) -> Route:
        """What a form is sent to."""
        return self._route(path, "POST", handler, scopes)

    def _route(self, path: str, method: str, handler: Handler, scopes: tuple[Scope, ...]) -> Route:
        async def endpoint(http: Request) -> Response:
            staff = await self.sessions.staff(http)
            if staff is None:
                return _to_sign_in(http)
            caller = staff.caller
            http.state.caller = caller
            http.state.staff = staff
            await self.gateway.rates.client(http.scope, caller.controller, caller.client_id)
            form = Form()
            if method == "POST":
                form = await forms.read(http)
                forms.check_is_ours(http, staff, form)
            for scope in scopes:
                caller.must_hold(scope)
            sheet = Sheet(http, self.language(http), staff)
            return await handler(Visit(http, self.gateway, staff, sheet, form))

        route = Route(path, endpoint, methods=[method])
        route.scopes = scopes  # type: ignore[attr-defined] # for whoever lists what a route asks for
        return route

    def language(self, http: Request) -> str:
        """The language of a page: the reader's choice, the browser's, or the controller's."""
        desks = self.gateway.context.desks.values()
        usual = next((desk.language for desk in desks), "nl")
        accepted = http.headers.get("accept-language")
        return words.chosen(http.cookies.get(words.COOKIE), accepted, usual)


def _to_sign_in(http: Request) -> Response:
    """A page is gone back to after signing in; what a form held is not sent twice."""
    if http.method != "GET":
        return to(SIGN_IN)
    back = http.url.path + (f"?{http.url.query}" if http.url.query else "")
    return to(f"{SIGN_IN}?back={quote(back, safe='')}")


def to(path: str) -> Response:
    """Sends the browser on (RFC 9110 section 15.4.4)."""
    return RedirectResponse(path, 303)


def inside(path: str) -> str:
    """A page of the console to go back to: nothing else is ever gone to from here."""
    parts = urlsplit(path)
    is_ours = path.startswith("/console") and not parts.netloc and "\\" not in path
    return path if is_ours and ".." not in parts.path else "/console"
