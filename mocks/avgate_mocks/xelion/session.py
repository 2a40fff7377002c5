"""Log-in, renewal and log-out, and whose session a call belongs to (me_login.html, me_renew.html)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b

from avgate_mocks.kernel import Kernel
from avgate_mocks.xelion.envelope import JsonObject
from avgate_mocks.xelion.habits import Habits
from avgate_mocks.xelion.refusal import XelionError, missing
from avgate_mocks.xelion.scalar import written

_SCHEME = "xelion "
_LONGEST_SPACE = 200


@dataclass(slots=True)
class Session:
    """One user in one user space; renewing replaces its tokens."""

    tenant: str
    user_name: str
    user_space: str
    token: str
    renewal: str
    valid_until: datetime
    running: int = 0

    @contextmanager
    def slot(self, most: int) -> Iterator[None]:
        """Room for one more call; raises XelionError 429/10400 where there is none."""
        if self.running >= most:
            raise XelionError(429, 10400, "too many concurrent requests in this session")
        self.running += 1
        try:
            yield
        finally:
            self.running -= 1


class Sessions:
    """The sessions of all tenants; `passwords` are those of the one API user each tenant has."""

    def __init__(self, kernel: Kernel, habits: Habits, passwords: Mapping[str, str]) -> None:
        self._kernel = kernel
        self._habits = habits
        self._passwords = passwords
        self._by_token: dict[str, Session] = {}
        self._made = 0

    def login(self, tenant: str, credentials: JsonObject, header: str | None) -> JsonObject:
        """A new session; the one whose token came along is ended first.

        Raises XelionError 10005 while another live session has the same user and user space.
        """
        self._check(tenant, credentials)
        self._by_token.pop(_token(header), None)
        user_name, user_space = credentials["userName"], credentials["userSpace"]
        for other in self._live_in(tenant, user_name, user_space):
            if not self._habits.second_login_takes_over:
                raise XelionError(401, 10005, "already logged in in this user space")
            self.end(other)
        session = Session(tenant, user_name, user_space, "", "", self._kernel.clock.now())
        return self._issue(session)

    def unreadable(self, error: XelionError) -> XelionError:
        """As the installation words it that a log-in had no body, or one that cannot be read."""
        return XelionError(self._habits.login_payload_status, error.code, error.message)

    def _check(self, tenant: str, credentials: JsonObject) -> None:
        for name, code in (("userName", 10002), ("password", 10003)):
            if not credentials.get(name):
                raise XelionError(400, code, f"no {name}")
        space = credentials.get("userSpace")
        if not space:
            raise XelionError(401, 10011, "userSpace missing")
        if not isinstance(space, str):
            raise XelionError(self._habits.login_payload_status, 10202, "userSpace is invalid")
        if len(space) > _LONGEST_SPACE:
            raise XelionError(401, 10010, "userSpace longer than 200 characters")
        known = credentials["userName"] == USER_NAME
        if not known or credentials["password"] != self._passwords.get(tenant):
            raise XelionError(401, 10004, "wrong combination of user, password and tenant")
        if self._habits.second_factor and not credentials.get("mfa"):
            raise XelionError(401, self._habits.second_factor_code, "second factor needed")

    def _live_in(self, tenant: str, user_name: str, user_space: str) -> list[Session]:
        now = self._kernel.clock.now()
        wanted = (tenant, user_name, user_space)
        return [
            other
            for other in self._by_token.values()
            if (other.tenant, other.user_name, other.user_space) == wanted
            and other.valid_until > now
        ]

    def _issue(self, session: Session) -> JsonObject:
        self._by_token.pop(session.token, None)
        session.token, session.renewal = self._fresh("authentication"), self._fresh("renewal")
        life = self._kernel.faults.lifetime(self._habits.session_seconds)
        session.valid_until = self._kernel.clock.now() + timedelta(seconds=life)
        self._by_token[session.token] = session
        return {
            "authentication": session.token,
            "renewalToken": session.renewal,
            "validUntil": written(session.valid_until, iso=self._habits.iso_moments),
            "version": "v1",
            "serverVersion": "9.1.4",
            "brand": "Xelion",
            "buildNumber": 91042,
            "host": None,
            "tenant": session.tenant,
            "userName": session.user_name,
        }

    def _fresh(self, purpose: str) -> str:
        self._made += 1
        text = f"{self._kernel.world.seed}/{purpose}/{self._made}".encode()
        return blake2b(text, digest_size=24).hexdigest()

    def renew(self, session: Session, secret: str) -> JsonObject:
        """New tokens for a renewal token or the password; the old ones are dead from here on."""
        if not secret:
            raise missing("the renewal token")
        if secret not in (session.renewal, self._passwords.get(session.tenant)):
            raise XelionError(401, 10022, "the renewal token was superseded or is not known")
        return self._issue(session)

    def end(self, session: Session) -> None:
        self._by_token.pop(session.token, None)

    def of(self, tenant: str, header: str | None, *, run_out: bool) -> Session:
        """The session of a call; raises XelionError 10000, 10020 (unknown) or 10021 (run out).

        `run_out` ends the session, whatever its time says.
        """
        if not header:
            raise XelionError(self._habits.no_header_status, 10000, "not authenticated")
        session = self._by_token.get(_token(header))
        if session is None or session.tenant != tenant:
            raise XelionError(401, 10020, "invalid authentication")
        if run_out:
            self.end(session)
        if run_out or session.valid_until <= self._kernel.clock.now():
            raise XelionError(401, 10021, "the session has run out")
        return session


USER_NAME = "avgate"  # the API user that every tenant has


def _token(header: str | None) -> str:
    return (header or "").removeprefix(_SCHEME) if (header or "").startswith(_SCHEME) else ""
