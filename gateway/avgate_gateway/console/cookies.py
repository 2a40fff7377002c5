"""Cookies of the console: no other site and no other name of our domain can set or read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

SESSION: Final = "avgate_console"
SIGN_IN: Final = "avgate_sign_in"
_HOST = "__Host-"  # taken from this very host over https, or not at all (RFC 6265bis 4.1.3.2)


@dataclass(frozen=True, slots=True)
class Cookies:
    """How cookies are set; `always_secure` where staff come over https, whatever a proxy says of it."""

    always_secure: bool = False

    def read(self, http: Request, name: str) -> str | None:
        """The value; over https, of nothing but what was set over https by this host."""
        return http.cookies.get(self._name(http, name))

    def set(
        self, http: Request, answer: Response, name: str, value: str, seconds: int | None = None
    ) -> Response:
        answer.set_cookie(
            self._name(http, name),
            value,
            max_age=seconds,
            path=self._path(http),
            httponly=True,
            samesite="lax",  # a link in a mail still finds one signed in; a form from elsewhere does not
            secure=self._is_secure(http),
        )
        return answer

    def drop(self, http: Request, answer: Response, name: str) -> Response:
        answer.delete_cookie(
            self._name(http, name),
            path=self._path(http),
            httponly=True,
            samesite="lax",
            secure=self._is_secure(http),
        )
        return answer

    def _name(self, http: Request, name: str) -> str:
        return _HOST + name if self._is_secure(http) else name

    def _path(self, http: Request) -> str:
        return "/" if self._is_secure(http) else "/console"

    def _is_secure(self, http: Request) -> bool:
        """The scheme is the connection's, or what a trusted proxy says of its own."""
        return self.always_secure or http.url.scheme == "https"
