"""Signing in with a link that the gateway's own command made, signing out, and choosing a language."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from avgate_gateway.authentication import InvalidTokenError
from avgate_gateway.console import cookies, forms, words
from avgate_gateway.console.door import Door, inside, to
from avgate_gateway.console.drawing import Sheet
from avgate_gateway.console.links import SIGN_IN
from avgate_gateway.console.sessions import Identified

_YEAR = 365 * 24 * 3600
_USED = "This link was used before, or is no longer valid. Ask for a new one."


@dataclass(frozen=True, slots=True)
class SigningIn:
    """The pages that are open to whoever is not signed in yet."""

    door: Door
    has_provider: bool

    def routes(self) -> list[Route]:
        return [
            Route(SIGN_IN, self.ask, methods=["GET"]),
            Route(SIGN_IN, self.sign_in, methods=["POST"]),
            Route("/console/sign-out", self.sign_out, methods=["POST"]),
            Route("/console/language", self.choose_language, methods=["POST"]),
        ]

    async def ask(self, http: Request) -> Response:
        """Asks to press a button: whoever only looks a link up, such as a mail filter, uses up none."""
        return self.page(http)

    async def sign_in(self, http: Request) -> Response:
        forms.check_comes_from_here(http)
        form = await forms.read(http)
        who = await self._who(http, form.one("code"))
        cookie = await self.door.sessions.begin(http, who) if who else None
        if cookie is None:
            return self.page(http, _USED, 401)
        answer = to(inside(form.one("back")))
        return self.door.sessions.cookies.set(http, answer, cookies.SESSION, cookie)

    async def sign_out(self, http: Request) -> Response:
        forms.check_comes_from_here(http)
        await self.door.sessions.end(http)
        out = f"{SIGN_IN}?out=yes" if self.has_provider else SIGN_IN
        return self.door.sessions.cookies.drop(http, to(out), cookies.SESSION)

    async def choose_language(self, http: Request) -> Response:
        forms.check_comes_from_here(http)
        form = await forms.read(http)
        answer = to(inside(form.one("back")))
        language = form.one("language")
        if language in words.LANGUAGES:
            self.door.sessions.cookies.set(http, answer, words.COOKIE, language, _YEAR)
        return answer

    def page(self, http: Request, wrong: str | None = None, status: int = 200) -> Response:
        """The page that asks who somebody is, with what went wrong a moment ago."""
        query = http.query_params
        context = {
            "has_own_links": self.door.has_own_links,
            "has_provider": self.has_provider,
            "code": query.get("code", ""),
            "back": inside(query.get("back", "/console")),
            "wrong": wrong,
            "is_out": query.get("out") == "yes" and wrong is None,
        }
        sheet = Sheet(http, self.door.language(http))
        return sheet.page("sign_in.html", context, status=status)

    async def _who(self, http: Request, code: str) -> Identified | None:
        if not self.door.has_own_links or not code:
            return None
        try:
            caller, token_id = await self.door.sessions.verifier.identified(code)
        except InvalidTokenError:
            self.door.gateway.rates.refused(http.scope)
            return None
        return Identified(caller, caller.subject, token_id, self.door.gateway.context.now())
