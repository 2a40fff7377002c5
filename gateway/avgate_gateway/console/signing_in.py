"""Signing in with a link that the gateway's own command made, and signing out."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from avgate_gateway.authentication import InvalidTokenError
from avgate_gateway.console import forms, words
from avgate_gateway.console.door import Door, inside, to
from avgate_gateway.console.drawing import Sheet
from avgate_gateway.console.links import SIGN_IN
from avgate_gateway.console.sessions import Identified, drop_cookie, set_cookie
from avgate_gateway.problem import ACCESS_REFUSED, Problem, ProblemError

_YEAR = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class SigningIn:
    """The pages that are open to whoever is not signed in yet."""

    door: Door
    has_own_links: bool  # the gateway makes its own sign-ins, for want of an issuer

    def routes(self) -> list[Route]:
        return [
            Route(SIGN_IN, self.ask, methods=["GET"]),
            Route(SIGN_IN, self.sign_in, methods=["POST"]),
            Route("/console/sign-out", self.sign_out, methods=["POST"]),
            Route("/console/language", self.choose_language, methods=["POST"]),
        ]

    async def ask(self, http: Request) -> Response:
        """Asks to press a button: whoever only looks a link up, such as a mail filter, uses up none."""
        return self._page(http)

    async def sign_in(self, http: Request) -> Response:
        form = await forms.read(http)
        _check_comes_from_here(http)
        who = await self._who(http, form.one("code"))
        cookie = await self.door.sessions.begin(who) if who else None
        if cookie is None:
            return self._page(http, is_wrong=True)
        return set_cookie(http, to(inside(form.one("back"))), cookie)

    async def sign_out(self, http: Request) -> Response:
        _check_comes_from_here(http)
        await self.door.sessions.end(http)
        return drop_cookie(to(SIGN_IN))

    async def choose_language(self, http: Request) -> Response:
        form = await forms.read(http)
        _check_comes_from_here(http)
        answer = to(inside(form.one("back")))
        if form.one("language") in words.LANGUAGES:
            answer.set_cookie(
                words.COOKIE, form.one("language"), max_age=_YEAR, path="/console",
                httponly=True, samesite="lax", secure=http.url.scheme == "https",
            )  # fmt: skip
        return answer

    async def _who(self, http: Request, code: str) -> Identified | None:
        if not self.has_own_links or not code:
            return None
        try:
            caller, token_id = await self.door.sessions.verifier.identified(code)
        except InvalidTokenError:
            self.door.gateway.rates.refused(http.scope)
            return None
        return Identified(caller, caller.subject, token_id)

    def _page(self, http: Request, *, is_wrong: bool = False) -> Response:
        query = http.query_params
        context = {
            "has_own_links": self.has_own_links,
            "code": query.get("code", ""),
            "back": inside(query.get("back", "/console")),
            "is_wrong": is_wrong,
        }
        sheet = Sheet(http, self.door.language(http))
        return sheet.page("sign_in.html", context, status=401 if is_wrong else 200)


def _check_comes_from_here(http: Request) -> None:
    """Raises ProblemError, 403, for a form that another site sends."""
    if http.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise ProblemError(Problem(ACCESS_REFUSED, "This form was not made by this page."))
