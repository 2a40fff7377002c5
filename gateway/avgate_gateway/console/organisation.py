"""Signing in with the account of one's organisation: off to the provider, and back."""

from __future__ import annotations

import hmac
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from avgate_contracts.errors import ConnectorError
from avgate_gateway.authentication import InvalidTokenError, Scope
from avgate_gateway.console import cookies, forms
from avgate_gateway.console.door import Door, inside, to
from avgate_gateway.console.links import SIGN_IN
from avgate_gateway.console.sessions import Identified
from avgate_gateway.console.signing_in import SigningIn
from avgate_gateway.logs.catalogue import CONSOLE_NOT_LET_IN, CONSOLE_SIGN_OUT_REFUSED
from avgate_gateway.oidc.id_token import Expected, TooWeakError, check, proved_at, text
from avgate_gateway.oidc.person import NoRoleError, caller_of, completed, leaves_out, name_of
from avgate_gateway.oidc.provider import Provider, Redeemed
from avgate_gateway.oidc.transaction import LIFETIME_SECONDS, Sealing, Transaction
from avgate_gateway.problem import ProblemError

TOLD = {
    "elsewhere": "This sign-in took too long, or was begun in another window. Begin anew.",
    "refused": "Your organisation did not let you in. Try it again, or ask whoever manages your account.",
    "away": "Your organisation's sign-in cannot be reached now. Try it again in a minute.",
    "no_role": "Your account has no role here. Ask whoever manages your account, if this is your work.",
    "disbelieved": "What your organisation says of you is not believed here. Tell whoever runs the gateway.",
}
_STATUS = {"elsewhere": 400, "refused": 401, "away": 503, "no_role": 403, "disbelieved": 401}


@dataclass(frozen=True, slots=True)
class Organisation:
    """The pages between here and the provider."""

    door: Door
    asking: SigningIn
    provider: Provider
    roles: Mapping[str, Collection[Scope]]
    sealing: Sealing

    def routes(self) -> list[Route]:
        return [
            Route(f"{SIGN_IN}/organisation", self.go, methods=["GET"]),
            Route(f"{SIGN_IN}/return", self.come_back, methods=["GET"]),
            Route(f"{SIGN_IN}/leave", self.leave, methods=["GET"]),
            Route(f"{SIGN_IN}/logout-token", self.hear, methods=["POST"]),
        ]

    async def go(self, http: Request) -> Response:
        """Off to the provider, with a sign-in that only this browser can end."""
        query = http.query_params
        back, fresh = inside(query.get("back", "/console")), query.get("fresh") == "yes"
        begun = Transaction(back, int(self._now()), fresh)
        max_age = int(self.door.fresh_for.total_seconds())
        try:
            answer = to(await self.provider.authorization(begun, max_age))
        except ConnectorError as error:
            return self._not_let_in(http, *_why(error))
        sealed = self.sealing.seal(begun)
        return self._cookies.set(http, answer, cookies.SIGN_IN, sealed, LIFETIME_SECONDS)

    async def come_back(self, http: Request) -> Response:
        """With a code, or without; whatever comes of it, this sign-in is over."""
        answer = await self._ended(http)
        return self._cookies.drop(http, answer, cookies.SIGN_IN)

    async def leave(self, http: Request) -> Response:
        """Off to the provider to sign out there as well."""
        try:
            return to(await self.provider.farewell() or SIGN_IN)
        except ConnectorError as error:
            return self._not_let_in(http, *_why(error))

    async def hear(self, http: Request) -> Response:
        """The provider says that somebody signed out, or was shut out, there."""
        try:
            form = await forms.read(http)
            over = await self.provider.over(form.one("logout_token"), self._now())
        except (InvalidTokenError, ProblemError) as error:
            if isinstance(error, ProblemError) and error.problem.type.status >= 500:
                raise
            self.door.gateway.rates.refused(http.scope)
            is_token = isinstance(error, InvalidTokenError)
            CONSOLE_SIGN_OUT_REFUSED.tell(reason=str(error) if is_token else "no form with a token")
            return JSONResponse({"error": "invalid_request"}, 400)
        await self.door.sessions.end_by_provider(over)
        return Response(status_code=200)

    async def _ended(self, http: Request) -> Response:
        begun = self.sealing.open(self._cookies.read(http, cookies.SIGN_IN) or "", self._now())
        state = http.query_params.get("state", "")
        if begun is None or not hmac.compare_digest(begun.state.encode(), state.encode()):
            return self._not_let_in(http, "elsewhere", "no such sign-in is under way")
        try:
            who = await self._identified(http, begun)
        except (ConnectorError, InvalidTokenError, NoRoleError) as error:
            if isinstance(error, TooWeakError) and not begun.fresh:
                return _once_more(begun)
            return self._not_let_in(http, *_why(error))
        if who is None:
            return self._not_let_in(http, "refused", "the provider says no")
        cookie = await self.door.sessions.begin(http, who)
        if cookie is None:
            return self._not_let_in(http, "elsewhere", "the sign-in was used before")
        return self._cookies.set(http, to(begun.back), cookies.SESSION, cookie)

    async def _identified(self, http: Request, begun: Transaction) -> Identified | None:
        """Who came back; None for whom the provider did not let in."""
        query = http.query_params
        await self._check_speaks(query.get("iss"))
        if "error" in query or not query.get("code"):
            return None
        return await self._who(await self.provider.redeem(query["code"], begun), begun)

    async def _check_speaks(self, issuer: str | None) -> None:
        """That the answer is this provider's, and not one that another had sent here (RFC 9207)."""
        known = await self.provider.endpoints()
        if issuer != self.provider.settings.issuer_url and (
            issuer is not None or known.names_itself
        ):
            raise InvalidTokenError("the answer is another provider's")

    async def _who(self, redeemed: Redeemed, begun: Transaction) -> Identified:
        claims = redeemed.claims
        own, now, context = self.provider.settings, self._now(), self.door.gateway.context
        expected = Expected(
            own.issuer_url, own.client_id, begun.nonce, own.acr, own.amr,
            begun.begun_at if begun.fresh else None,
        )  # fmt: skip
        check(claims, expected, now)
        if leaves_out(claims, own):
            more = await self.provider.userinfo(redeemed)
            claims = claims if more is None else completed(claims, more, own)
        caller = caller_of(claims, own, self.roles, context.desks.keys())
        used = f"{own.issuer_url} {caller.subject} {begun.nonce}"
        who = Identified(
            caller,
            name_of(claims, own, caller.client_id),
            f"oidc:{sha256(used.encode()).hexdigest()}",
            proved_at(claims, now),
            text(claims, "sid") if "sid" in claims else "",
        )
        await self.door.sessions.check_believed(caller, who.token_id)
        return who

    def _not_let_in(self, http: Request, wrong: str, why: str) -> Response:
        """The page again; the reason is for whoever runs the gateway, and names nobody."""
        status = _STATUS[wrong]
        CONSOLE_NOT_LET_IN.tell(reason=why)
        if status < 500:
            self.door.gateway.rates.refused(http.scope)
        return self.asking.page(http, TOLD[wrong], status)

    def _now(self) -> float:
        return self.door.gateway.context.now().timestamp()

    @property
    def _cookies(self) -> cookies.Cookies:
        return self.door.sessions.cookies


def organisation(
    asking: SigningIn, provider: Provider, roles: Mapping[str, Collection[Scope]], key: bytes
) -> Organisation:
    """Its pages; `key` seals what a browser keeps meanwhile."""
    return Organisation(asking.door, asking, provider, roles, Sealing(key))


def _once_more(begun: Transaction) -> Response:
    """Off again, to be asked by the provider: it let them in by what it remembered of a weaker sign-in."""
    return to(f"{SIGN_IN}/organisation?{urlencode({'fresh': 'yes', 'back': begun.back})}")


def _why(error: Exception) -> tuple[str, str]:
    """What somebody is told, and whoever runs the gateway."""
    match error:
        case NoRoleError():
            return "no_role", "no role"
        case InvalidTokenError():
            return "disbelieved", str(error)
        case _:
            return "away", type(error).__name__
