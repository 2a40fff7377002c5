"""How a cookie is set: over http and over https."""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from avgate_gateway.console.cookies import Cookies

from .lobby import NOBODY, lobby


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


async def test_behind_a_proxy_every_cookie_of_the_pages_is_for_https_alone(tmp_path: Path) -> None:
    async with lobby(tmp_path) as at:
        anna = await at.signed_in("anna")
        csrf = await anna.csrf()
        behind = at.browser("http://desk.example")  # what the proxy calls
        cookie = f"__Host-avgate_console={anna.http.cookies['__Host-avgate_console']}"
        for path, fields, name in (
            ("filter", {"pile": "late"}, "avgate_queue"),
            ("filter", {"forget": "yes"}, "avgate_queue"),
            ("language", {"language": "en"}, "avgate_language"),
        ):
            form = {"csrf": csrf, **fields}
            answer = await behind.post(f"/console/{path}", form, cookie=cookie)
            told = answer.headers["set-cookie"]
            assert told.startswith(f"__Host-{name}="), told
            assert "; Secure" in told
        kept = {"cookie": f"{cookie}; __Host-avgate_queue=late::"}
        page = await behind.get("/console", headers=kept)
        assert 'name="forget"' in page.text
