"""Signing in and out: a cookie that says nothing, and a row that says everything."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy.exc import IntegrityError
from starlette.requests import Request

from avgate_gateway.authentication import Caller, InvalidTokenError, Verifier
from avgate_gateway.console import cookies
from avgate_gateway.console.cookies import Cookies
from avgate_gateway.console.staff import Staff
from avgate_gateway.flow.context import Context
from avgate_gateway.oidc.id_token import Over
from avgate_gateway.oidc.person import PREFIX
from avgate_gateway.store import console_sessions, evidence
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.console_sessions import Session

_BYTES = 32
_SEEN_EVERY = timedelta(minutes=1)  # a page is no reason for a write each time
_KEPT = timedelta(days=2)  # as long as a sign-in could be tried again
SIGNED_IN, SIGNED_OUT = "console.signed_in", "console.signed_out"
TIMED_OUT = "console.timed_out"
LOOKS_EVERY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Identified:
    """Somebody who has shown who they are, by a sign-in that counts once."""

    caller: Caller
    name: str
    token_id: str
    proved_at: datetime | None = None  # when they showed it, where that is known
    provider_session: str | None = None  # by which their provider ends it; "" where it has no name


@dataclass(frozen=True, slots=True)
class Sessions:
    """The sessions of one gateway; a session ends when it is not used, and after so many hours."""

    context: Context
    verifier: Verifier
    idle: timedelta
    longest: timedelta
    cookies: Cookies = field(default_factory=Cookies)
    has_provider: bool = False  # whoever came in otherwise before that, comes in anew

    async def begin(self, http: Request, who: Identified) -> str | None:
        """The value of a new cookie; None where the sign-in was used before.

        Whatever session the browser had ends: one that was planted leads nowhere.
        """
        before = self._cookie(http)
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
            proved_at=who.proved_at,
            provider_session=who.provider_session,
        )
        try:
            async with self.context.database.write() as db:
                is_begun = await console_sessions.begin(db, session)
                if is_begun and before:
                    ended = await console_sessions.end(db, [_digest(before)], now)
                    await _signed_out(db, now, ended, "again")
                if is_begun:
                    told = {"by": session.client_id}
                    await evidence.append(db, now, session.controller, None, SIGNED_IN, told)
        except IntegrityError:  # its twin was a moment faster
            return None
        return cookie if is_begun else None

    async def staff(self, http: Request, *, by_itself: bool = False) -> Staff | None:
        """Who is signed in; None where nobody is, or is any more.

        `by_itself`: a page asks, and nobody clicked. A screen that was left does not keep it alive.
        """
        cookie = self._cookie(http)
        if not cookie:
            return None
        now = self.context.now()
        async with self.context.database.read() as db:
            session = await console_sessions.find(db, _digest(cookie))
        if session is None or not self._lasts(session):
            if session is not None and session.ended_at is None and self._has_run_out(session):
                await self.time_out()
            return None
        if not await self._is_believed(session):
            return None
        if not by_itself and now - session.seen_at >= _SEEN_EVERY:
            async with self.context.database.write() as db:
                await console_sessions.see(db, session.digest, now)
        scopes = frozenset(session.scopes)
        caller = Caller(session.client_id, session.controller, scopes, session.subject)
        proved = session.proved_at
        return Staff(
            caller, session.name, csrf_of(cookie), session.signed_in_at, proved, session.digest
        )

    async def is_still(self, staff: Staff) -> bool:
        """Whether somebody is signed in yet, who was a while ago: for what is left open."""
        async with self.context.database.read() as db:
            session = await console_sessions.find(db, staff.session)
        return session is not None and self._lasts(session) and await self._is_believed(session)

    async def of_person(self, staff: Staff) -> list[Session]:
        """Where else somebody is signed in, and here."""
        caller = staff.caller
        async with self.context.database.read() as db:
            found = await console_sessions.of_person(
                db, caller.controller, caller.client_id, caller.subject, self.context.now()
            )
        return [one for one in found if self._lasts(one)]

    async def end_those(self, digests: Sequence[str]) -> None:
        """Signs somebody out elsewhere."""
        now = self.context.now()
        async with self.context.database.write() as db:
            ended = await console_sessions.end(db, digests, now)
            await _signed_out(db, now, ended, "elsewhere")

    async def end_by_provider(self, over: Over) -> None:
        """Ends what a provider says is over."""
        now = self.context.now()
        async with self.context.database.write() as db:
            ended = await console_sessions.end_by_provider(
                db, over.subject, over.session, over.at, now
            )
            await _signed_out(db, now, ended, "provider")

    async def end(self, http: Request) -> None:
        """Signs out, for every process and every copy of the cookie."""
        cookie, now = self._cookie(http), self.context.now()
        if cookie:
            async with self.context.database.write() as db:
                ended = await console_sessions.end(db, [_digest(cookie)], now)
                await _signed_out(db, now, ended, "here")

    async def time_out(self) -> None:
        """Ends what has run out, which becomes evidence, and forgets what ended long ago."""
        now = self.context.now()
        async with self.context.database.write() as db:
            for session in await console_sessions.time_out(db, now - self.idle, now):
                ended = min(session.seen_at + self.idle, session.ends_at)
                why = "unused" if ended < session.ends_at else "longest"
                told = {**_whose(session), "ended": ended, "why": why}
                await evidence.append(db, now, session.controller, None, TIMED_OUT, told)
            await console_sessions.forget(db, now - _KEPT)

    def _cookie(self, http: Request) -> str | None:
        return self.cookies.read(http, cookies.SESSION)

    def _has_run_out(self, session: Session) -> bool:
        now = self.context.now()
        return now >= session.ends_at or now - session.seen_at >= self.idle

    def _lasts(self, session: Session) -> bool:
        came_from_provider = session.provider_session is not None
        is_known = (
            session.controller in self.context.desks and came_from_provider == self.has_provider
        )
        return session.ended_at is None and is_known and not self._has_run_out(session)

    async def _is_believed(self, session: Session) -> bool:
        """Not where the person, or this sign-in, was revoked since."""
        caller = Caller(session.client_id, session.controller, frozenset(), session.subject)
        try:
            await self.check_believed(caller, session.token_id)
        except InvalidTokenError:
            return False
        return True

    async def check_believed(self, caller: Caller, token_id: str) -> None:
        """Raises InvalidTokenError for a person, or a sign-in, that was revoked.

        A person may be named by what their provider calls them for good, too: a login can be changed.
        """
        for name in (caller.client_id, f"{PREFIX}{caller.subject}"):
            await self.verifier.still_believed(name, token_id)


def csrf_of(cookie: str) -> str:
    """What a form of this session carries; from it nobody finds the cookie."""
    return hmac.new(cookie.encode(), b"avgate console form", sha256).hexdigest()


async def _signed_out(db: Connection, now: datetime, ended: Sequence[Session], how: str) -> None:
    """Who came and went is evidence; pages that they looked at are not."""
    for session in ended:
        told = {**_whose(session), "how": how}
        await evidence.append(db, now, session.controller, None, SIGNED_OUT, told)


def _whose(session: Session) -> dict[str, Any]:
    """Who it was, and when they signed in: by that moment it is known which sign-in this ends."""
    return {"by": session.client_id, "since": session.signed_in_at}


def _digest(cookie: str) -> str:
    return sha256(cookie.encode()).hexdigest()
