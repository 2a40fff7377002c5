"""The way to every page: who it is, what they may, and whether a form is ours."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from avgate_gateway.api.gateway import Gateway
from avgate_gateway.authentication import Scope
from avgate_gateway.console import again, forms, words
from avgate_gateway.console.cookies import Cookies
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
    cookies: Cookies = field(default_factory=Cookies)

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


_PAGE = re.compile(r"/console(?:/[A-Za-z0-9_-]+)*(?:\.csv)?(?:\?[A-Za-z0-9_.~=&%+-]*)?")
_LONGEST_BACK = 500
Handler = Callable[[Visit], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Door:
    """Makes routes of handlers; every one of them asks first who is there."""

    gateway: Gateway
    sessions: Sessions
    fresh_for: timedelta = timedelta()
    has_own_links: bool = False  # staff come in by links of ours, for want of a provider

    def page(
        self,
        path: str,
        handler: Handler,
        *scopes: Scope,
        fresh: bool = False,
        by_itself: bool = False,
    ) -> Route:
        """A page that is only looked at; `fresh`, by whoever proved a moment ago who they are.

        `by_itself`: another page asks for it again and again, without a click.
        """
        return self._route(path, "GET", handler, scopes, fresh=fresh, by_itself=by_itself)

    def form(self, path: str, handler: Handler, *scopes: Scope, fresh: bool = False) -> Route:
        """What a form is sent to."""
        return self._route(path, "POST", handler, scopes, fresh=fresh)

    def is_fresh(self, staff: Staff) -> bool:
        """Whether somebody proved who they are within the time that counts as a moment ago."""
        if not self.fresh_for:
            return True
        now = self.gateway.context.now()
        return staff.proved_at is not None and now - staff.proved_at <= self.fresh_for

    def _route(
        self, path: str, method: str, handler: Handler, scopes: tuple[Scope, ...], *,
        fresh: bool, by_itself: bool = False,
    ) -> Route:  # fmt: skip
        async def endpoint(http: Request) -> Response:
            staff = await self.sessions.staff(http, by_itself=by_itself)
            if staff is None:
                return await self._signed_out(http)
            caller = staff.caller
            http.state.caller = caller
            http.state.staff = staff
            await self.gateway.rates.client(http.scope, caller.controller, caller.client_id)
            sheet = Sheet(http, self.language(http), staff)
            form = Form()
            if method == "POST":
                forms.check_comes_from_here(http)
                form = await forms.read(http)
                if not forms.fits(staff, form):
                    return again.another_session(sheet, form)
            for scope in scopes:
                caller.must_hold(scope)
            if fresh and not self.is_fresh(staff):
                return again.not_fresh(sheet, form, has_own_links=self.has_own_links)
            return await handler(
                Visit(http, self.gateway, staff, sheet, form, self.sessions.cookies)
            )

        route = Route(path, endpoint, methods=[method])
        route.fresh = fresh  # type: ignore[attr-defined] # for whoever lists what a route asks for
        route.scopes = scopes  # type: ignore[attr-defined] # likewise
        return route

    async def _signed_out(self, http: Request) -> Response:
        """A page is gone back to after signing in; what a form held is kept on the page meanwhile."""
        if http.method != "POST":
            back = http.url.path + (f"?{http.url.query}" if http.url.query else "")
            return to(f"{SIGN_IN}?back={quote(back, safe='')}")
        if not forms.is_certainly_ours(http):
            return to(SIGN_IN)
        form = await forms.read(http)
        return again.signed_out(Sheet(http, self.language(http)), form)

    def language(self, http: Request) -> str:
        """The language of a page: the reader's choice, the browser's, or the controller's."""
        desks = self.gateway.context.desks.values()
        usual = next((desk.language for desk in desks), "nl")
        accepted = http.headers.get("accept-language")
        return words.chosen(self.sessions.cookies.read(http, words.COOKIE), accepted, usual)


def to(path: str) -> Response:
    """Sends the browser on (RFC 9110 section 15.4.4)."""
    return RedirectResponse(path, 303)


def inside(path: str) -> str:
    """A page of the console to go back to: nothing else is ever gone to from here."""
    return path if len(path) <= _LONGEST_BACK and _PAGE.fullmatch(path) else "/console"
