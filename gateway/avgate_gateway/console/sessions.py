"""Signing in and out: a cookie that says nothing, and a row that says everything."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from sqlalchemy.exc import IntegrityError
from starlette.requests import Request
from starlette.responses import Response

from avgate_gateway.authentication import Caller, InvalidTokenError, Verifier
from avgate_gateway.console.staff import Staff
from avgate_gateway.flow.context import Context
from avgate_gateway.store import console_sessions
from avgate_gateway.store.console_sessions import Session

COOKIE = "avgate_console"
_BYTES = 32
_SEEN_EVERY = timedelta(minutes=1)  # a page is no reason for a write each time
_KEPT = timedelta(days=2)  # as long as a sign-in could be tried again


@dataclass(frozen=True, slots=True)
class Identified:
    """Somebody who has shown who they are, by a sign-in that counts once."""

    caller: Caller
    name: str
    token_id: str


@dataclass(frozen=True, slots=True)
class Sessions:
    """The sessions of one gateway; a session ends when it is not used, and after so many hours."""

    context: Context
    verifier: Verifier
    idle: timedelta
    longest: timedelta

    async def begin(self, who: Identified) -> str | None:
        """The value of the cookie; None where the sign-in was used before."""
        cookie, now = secrets.token_urlsafe(_BYTES), self.context.now()
        caller = who.caller
        session = Session(
            digest=_digest(cookie),
            controller=caller.controller,
            client_id=caller.client_id,
            subject=caller.subject,
            name=who.name,
            scopes=tuple(sorted(caller.scopes)),
            token_id=who.token_id,
            signed_in_at=now,
            seen_at=now,
            ends_at=now + self.longest,
        )
        try:
            async with self.context.database.write() as db:
                await console_sessions.forget(db, now - _KEPT)
                is_begun = await console_sessions.begin(db, session)
        except IntegrityError:  # its twin was a moment faster
            return None
        return cookie if is_begun else None

    async def staff(self, http: Request) -> Staff | None:
        """Who is signed in; None where nobody is, or is any more."""
        cookie = http.cookies.get(COOKIE)
        if not cookie:
            return None
        now = self.context.now()
        async with self.context.database.read() as db:
            session = await console_sessions.find(db, _digest(cookie))
        if session is None or not self._lasts(session):
            return None
        if not await self._is_believed(session):
            return None
        if now - session.seen_at >= _SEEN_EVERY:
            async with self.context.database.write() as db:
                await console_sessions.see(db, session.digest, now)
        scopes = frozenset(session.scopes)
        caller = Caller(session.client_id, session.controller, scopes, session.subject)
        return Staff(caller, session.name, csrf_of(cookie), session.signed_in_at)

    async def end(self, http: Request) -> None:
        """Signs out, for every process and every copy of the cookie."""
        cookie = http.cookies.get(COOKIE)
        if cookie:
            async with self.context.database.write() as db:
                await console_sessions.end(db, _digest(cookie), self.context.now())

    def _lasts(self, session: Session) -> bool:
        now = self.context.now()
        is_known = session.controller in self.context.desks
        is_used = now - session.seen_at < self.idle
        return session.ended_at is None and now < session.ends_at and is_used and is_known

    async def _is_believed(self, session: Session) -> bool:
        """Not where the person, or this sign-in, was revoked since."""
        try:
            await self.verifier.still_believed(session.client_id, session.token_id)
        except InvalidTokenError:
            return False
        return True


def csrf_of(cookie: str) -> str:
    """What a form of this session carries; from it nobody finds the cookie."""
    return hmac.new(cookie.encode(), b"avgate console form", sha256).hexdigest()


def set_cookie(http: Request, answer: Response, cookie: str) -> Response:
    answer.set_cookie(
        COOKIE,
        cookie,
        path="/console",
        httponly=True,
        samesite="lax",  # a link in a mail still finds one signed in; a form from elsewhere does not
        secure=http.url.scheme == "https",
    )
    return answer


def drop_cookie(answer: Response) -> Response:
    answer.delete_cookie(COOKIE, path="/console", httponly=True, samesite="lax")
    return answer


def _digest(cookie: str) -> str:
    return sha256(cookie.encode()).hexdigest()
