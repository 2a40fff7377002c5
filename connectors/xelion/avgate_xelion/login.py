"""How a session with Xelion begins and goes on.

Sources, relative to https://portal.xelion.com/nl/apidocs/user-guide/: me_login.html, me_renew.html,
common_errors.html.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pydantic import SecretStr, ValidationError

import avgate_contracts as sdk
from avgate_xelion.models import ErrorAnswer, LoginAnswer

SCHEME = "xelion"
_CLASH = 10005  # somebody is logged in with this user name and user space
_FRESH = 3


@dataclass(frozen=True, slots=True)
class Login:
    """How a session begins and goes on.

    `fresh` makes the end of another user space, for when an earlier session of ours is alive and
    its token lost: a user name and user space hold one session.
    """

    username: str
    password: SecretStr
    user_space: str
    app_key: SecretStr | None
    fresh: Callable[[], str]

    async def obtain(self, exchange: sdk.Exchange, previous: sdk.Token | None) -> sdk.Token:
        """Renews while that can be done, and logs in again when not.

        A log-in whose answer was lost takes its user space when it is repeated: hence several.
        Raises MisconfiguredError where the upstream refuses the credentials.
        """
        if previous is not None and previous.renewal:
            answer = await exchange("/me/renew", previous.renewal, headers=_proof(previous))
            if answer.status == 200:
                return _token(answer)
        for ending in ("", *(f"-{self.fresh()}" for _ in range(_FRESH))):
            answer = await self._login(exchange, self.user_space + ending, previous)
            if _code(answer.body) != _CLASH:
                return _token(answer)
        raise sdk.UnavailableError("every user space tried holds a session; try again later")

    async def _login(
        self, exchange: sdk.Exchange, user_space: str, previous: sdk.Token | None
    ) -> sdk.TokenAnswer:
        body: dict[str, sdk.Json] = {
            "userName": self.username,
            "password": self.password.get_secret_value(),
            "userSpace": user_space,
        }
        if self.app_key is not None:
            body["appKey"] = self.app_key.get_secret_value()
        # A token sent along ends its session first, and so frees its user space.
        return await exchange("/me/login", body, headers=_proof(previous) if previous else None)


def _code(body: sdk.Json) -> int:
    try:
        return ErrorAnswer.model_validate(body).error_code
    except ValidationError:
        return 0


def _proof(token: sdk.Token) -> dict[str, str]:
    return {"Authorization": f"{SCHEME} {token.value}"}


def _token(answer: sdk.TokenAnswer) -> sdk.Token:
    if answer.status != 200:
        raise sdk.MisconfiguredError(
            f"the log-in was refused with status {answer.status} and code {_code(answer.body)}; "
            "check user name, password, user space and tenant, and that no second factor is asked"
        )
    try:
        login = LoginAnswer.model_validate(answer.body)
    except ValidationError:
        raise sdk.ContractBrokenError("the answer to the log-in has another shape") from None
    return sdk.Token(login.authentication, login.valid_until, login.renewal_token)
