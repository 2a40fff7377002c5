"""The console under attack: forms of others, text that wants to be a page, addresses that lead astray."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from avgate_gateway.console.door import inside
from avgate_mocks.people import Role

from ..flow.authority import Guarded
from ..flow.harness import JsonMap, a_request, bearer
from .authority import FORMS, MATRIX
from .lobby import Lobby, a_request_form, lobby, waiting

pytestmark = pytest.mark.asyncio(loop_scope="module")
APPROVER = ("requests:read", "requests:approve", "requests:erase", "requests:access")
POSTED = [
    path
    for (method, path), entry in MATRIX.items()
    if method == "POST" and isinstance(entry, Guarded)
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def at(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lobby]:
    async with lobby(tmp_path_factory.mktemp("attack")) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def erasure(at: Lobby) -> str:
    return await waiting(at)


FOREIGN: dict[str, dict[str, str]] = {
    "of another site": {"sec_fetch_site": "cross-site"},
    "of another host of our domain": {"sec_fetch_site": "same-site"},
    "of a browser that says only where it was": {
        "sec_fetch_site": "",
        "origin": "https://evil.example",
    },
}


@pytest.mark.parametrize(
    "path", [*POSTED, "/console/sign-out", "/console/language", "/console/sign-in"]
)
async def test_a_form_of_another_site_is_refused(at: Lobby, erasure: str, path: str) -> None:
    browser = await at.signed_in("victim", APPROVER)
    url = path.replace("{request_id}", erasure)
    form = dict(FORMS.get(url.rsplit("/", 1)[1], {}))
    for headers in FOREIGN.values():
        answer = await browser.post(url, {**form, "csrf": await browser.csrf()}, **headers)
        assert answer.status_code == 403, headers
    assert (await browser.get("/console")).status_code == 200


@pytest.mark.parametrize("path", POSTED)
async def test_a_form_without_what_only_our_pages_know_does_nothing(
    at: Lobby, erasure: str, path: str
) -> None:
    browser, other = await at.signed_in("victim", APPROVER), await at.signed_in("thief", APPROVER)
    url = path.replace("{request_id}", erasure)
    for csrf in ("", "0" * 64, await other.csrf()):
        for site in ("", "same-origin", "none"):
            answer = await browser.post(url, {"csrf": csrf}, sec_fetch_site=site)
            assert answer.status_code == 403, (csrf, site)
            is_kept = (
                f'<form method="post" action="{url}">' in answer.text
            )  # to be sent by a person
            assert is_kept == (site == "same-origin")
    shown = await at.here.request(erasure)
    assert shown["waiting_for"] == "approval"


LEADS_AWAY = [
    "https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)",
    "/console/../../v1/requests", "/console/%2e%2e/v1/requests", "/console/..%2f..%2fv1", "/console//evil.example",
    "/console\r\nset-cookie: a=b", "/console%0d%0aset-cookie:a=b", "/console\tx", " /console", "/consoleevil",
    "/console@evil.example", "/console:80", "/console#x", "/console?a=\r\nb", "/console/é", "/console/" + "a" * 600, "",
]  # fmt: skip


@pytest.mark.parametrize("back", LEADS_AWAY)
async def test_nothing_leads_out_of_the_console(at: Lobby, back: str) -> None:
    assert inside(back) == "/console"
    browser = at.browser()
    answer = await browser.post("/console/language", {"language": "en", "back": back})
    assert answer.headers["location"] == "/console"
    assert set(browser.http.cookies) == {"__Host-avgate_language"}


async def test_no_page_may_be_framed_kept_or_made_to_run_anything(at: Lobby, erasure: str) -> None:
    browser = await at.signed_in("victim", APPROVER)
    one = f"/console/requests/{erasure}"
    for path in ("/console", "/console/people", "/console/requests/new", one, f"{one}/approval", "/console/nothing",
                 "/console/sessions", "/console/sign-in", "/console/sign-in/return?state=x", "/console/sign-in/organisation"):  # fmt: skip
        answer = await browser.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy, path
        assert "frame-ancestors 'none'" in policy, path
        assert "unsafe" not in policy, path
        assert answer.headers["cache-control"] == "no-store", path
        assert answer.headers["referrer-policy"] == "no-referrer", path
        assert answer.headers["x-content-type-options"] == "nosniff", path
        assert not re.search(
            r"<script(?![^>]* src=\")|<style|\son\w+=|style=|javascript:", answer.text
        ), path


async def test_a_form_sent_twice_is_one_request(at: Lobby) -> None:
    browser = await at.signed_in("victim", APPROVER)
    form = a_request_form(right="access")
    first, again = [await browser.send("/console/requests", **form) for _ in range(2)]
    assert first.headers["location"] == again.headers["location"]
    csrf = await browser.csrf()
    other = a_request_form(right="access")
    both = await asyncio.gather(
        *(browser.post("/console/requests", {"csrf": csrf, **other}) for _ in range(3))
    )
    assert len({each.headers.get("location") for each in both if each.status_code == 303}) == 1
    changed = await browser.send("/console/requests", **{**form, "note": "and more"})
    assert changed.status_code == 422


async def test_only_the_preview_that_was_seen_is_approved_and_once(at: Lobby) -> None:
    request_id = await waiting(at)
    path = f"/console/requests/{request_id}/approval"
    one, two = [await at.signed_in(name, APPROVER) for name in ("one", "two")]
    page = (await one.get(path)).text
    [digest] = re.findall(r'name="digest" value="(\w+)"', page)
    [number] = re.findall(r'data-expected="([\w-]+)"', page)
    form = {"decision": "approve", "number": number}
    assert (await one.send(path, **form, digest="0" * 64)).status_code == 409
    assert (
        await one.send(path, digest=digest, decision="approve", number="AVG-0000-0000")
    ).status_code == 422
    assert (await at.here.request(request_id))["waiting_for"] == "approval"
    answers = [await who.send(path, **form, digest=digest) for who in (one, one, two)]
    assert [each.status_code for each in answers] == [303, 303, 409]
    assert (await at.here.events(request_id)).count("plan.approved") == 1


@pytest.mark.parametrize(
    "method", ["HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "PATCH", "CONNECT", "PROPFIND"]
)
async def test_no_other_method_does_anything(at: Lobby, erasure: str, method: str) -> None:
    browser = await at.signed_in("victim", APPROVER)
    for path in (
        "/console",
        f"/console/requests/{erasure}",
        f"/console/requests/{erasure}/cancel",
        "/console/sign-out",
    ):
        answer = await browser.http.request(method, path)
        is_page = method == "HEAD" and not path.endswith(("cancel", "out"))
        assert answer.status_code == (200 if is_page else 405), (method, path)
        assert is_page or answer.headers["allow"]
    assert (await browser.get("/console")).status_code == 200


@pytest.mark.parametrize("path", [
    "/console/../v1/requests", "/console/%2e%2e/v1/requests", "/v1/../console", "//console", "/console/", "/CONSOLE",
    "/console;a", "/console%2f", "/console/requests/../people", "/console/requests/%00", "/console/requests/x%0d%0a",
    "/console/assets/../sessions.py", "/console/assets/x/..%2f..%2fsessions.py", "/console/requests/" + "a" * 5000,
    "/console/requests/' OR 1=1 --", "/console?pile=mine&pile=late", "/console?after=%ff", "/console?after=x",
])  # fmt: skip
async def test_no_spelling_of_an_address_leads_elsewhere(at: Lobby, path: str) -> None:
    browser = await at.signed_in("victim", APPROVER)
    scope = {"raw_path": path.encode()}
    answer = await browser.http.get(f"https://desk.example{path}", extensions=scope)
    assert answer.status_code in {200, 400, 401, 404, 414, 422}, answer.status_code
    if answer.status_code == 200:
        assert "A. Bakker" not in answer.text
        assert 'action="/console/people"' in answer.text


async def test_the_cookie_opens_pages_and_the_token_the_interface(at: Lobby) -> None:
    browser = await at.signed_in("victim", APPROVER)
    assert (await browser.get("/v1/requests")).status_code == 401
    token = at.here.caller().headers["authorization"].removeprefix("Bearer ")
    for path in ("/console", "/console/sessions"):
        assert (await at.browser().get(path, headers=bearer(token))).status_code == 303


async def test_over_https_only_our_own_host_sets_the_cookie(at: Lobby) -> None:
    browser = await at.signed_in("victim", APPROVER)
    value = browser.http.cookies["__Host-avgate_console"]
    planted = at.browser()
    sent = {"cookie": f"avgate_console={value}"}  # as a sibling of our host could set it
    assert (await planted.get("/console", headers=sent)).status_code == 303


@pytest.mark.parametrize("over", ["signed out", "revoked by the provider", "after ten minutes"])
async def test_what_is_left_open_ends(at: Lobby, over: str) -> None:
    browser = await at.signed_in("watcher", APPROVER)
    csrf = await browser.csrf()
    request_id = await at.here.submit(
        a_request("access", at.here.person(Role.RUNNING), "directory")
    )
    at.here.woken.clear()
    watched = asyncio.create_task(browser.get(f"/console/requests/{request_id}/live"))
    for _ in range(500):
        if at.here.assembled.gateway.changes._listeners.get(request_id):
            break
        await asyncio.sleep(0.01)
    assert not watched.done()
    match over:
        case "signed out":
            await browser.post("/console/sign-out", {"csrf": csrf})
        case "after ten minutes":
            at.here.time.pushed += timedelta(minutes=10)
        case _:
            now = int(at.here.time.now().timestamp())
            at.provider.now = now
            said: JsonMap = {
                "jti": "1",
                "sub": "watcher",
                "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
            }
            form = {"logout_token": at.provider.made(**said)}
            assert (
                await at.browser().http.post("/console/sign-in/logout-token", data=form)
            ).status_code == 200
    at.here.assembled.gateway.changes.tell(request_id)
    answer = await asyncio.wait_for(watched, 5)
    assert answer.status_code == 200
    head = await (await at.signed_in("watcher", APPROVER)).http.head(
        f"/console/requests/{request_id}/live"
    )
    assert head.status_code == 200
