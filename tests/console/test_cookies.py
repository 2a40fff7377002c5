"""How a cookie is set: over http and over https."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from avgate_gateway.console.cookies import Cookies

from .lobby import NOBODY


def test_over_http_the_cookie_says_so_and_is_another() -> None:
    cookies = Cookies()
    plain, safe = ({**NOBODY, "scheme": scheme} for scheme in ("http", "https"))
    for scope, name, path in ((plain, "a", "/console"), (safe, "__Host-a", "/")):
        answer = Response()
        cookies.set(Request(scope), answer, "a", "x")
        told = answer.headers["set-cookie"].split("; ")
        assert told[0] == f"{name}=x"
        assert {f"Path={path}", "HttpOnly", "SameSite=lax"} <= set(told)
        assert ("Secure" in told) == (scope is safe)
    answer = Response()
    Cookies(always_secure=True).set(
        Request(plain), answer, "a", "x"
    )  # behind a proxy that ends TLS
    assert answer.headers["set-cookie"].startswith("__Host-a=x; ")
