"""What becomes of a session: it gets old, is proved anew, ends here, elsewhere, and by the provider."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
import pytest_asyncio
import sqlalchemy as sa
from starlette.requests import Request

from avgate_gateway.authentication import Caller
from avgate_gateway.console.sessions import Identified
from avgate_gateway.store import evidence, refused
from avgate_gateway.store.console_sessions import console_session
from avgate_gateway.store.cut_short import AwayError

from ..gateway.tokens import THEIRS
from .lobby import NOBODY, STAFF, Lobby, lobby, open_lobby, told, waiting

pytestmark = pytest.mark.asyncio(loop_scope="module")
APPROVER = ("requests:read", "requests:approve")
FRESH = "/console/sign-in/organisation?fresh=yes&back=/console"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def opened(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lobby]:
    async with lobby(tmp_path_factory.mktemp("sessions")) as made:
        yield made


@pytest.fixture
def at(opened: Lobby) -> Lobby:
    opened.provider.calm()
    return opened


async def test_what_cannot_be_taken_back_takes_a_proof_that_is_new(at: Lobby) -> None:
    request = f"/console/requests/{await waiting(at)}"
    browser = at.browser()
    await at.through(browser, sub="u-2", preferred_username="m.smit", roles=["desk", "approver"])
    assert "data-expected" in (await browser.get(f"{request}/approval")).text
    await at.here.let_pass(minutes=11)
    stale = await browser.get(f"{request}/approval")
    assert stale.status_code == 403
    assert "data-expected" not in stale.text
    assert f"fresh=yes&amp;back={request}/approval" in stale.text
    asked = await browser.send(f"{request}/reveal", reason="to <b>call</b> back")
    assert asked.status_code == 403
    assert 'name="reason" value="to &lt;b&gt;call&lt;/b&gt; back"' in asked.text
    assert (await browser.get(request)).status_code == 200
    await at.through(
        browser, FRESH, sub="u-2", preferred_username="m.smit", roles=["desk", "approver"]
    )
    assert at.provider.asked_of[-1]["prompt"] == "login"
    assert at.provider.asked_of[-1]["max_age"] == "600"
    assert "data-expected" in (await browser.get(f"{request}/approval")).text


async def test_a_provider_that_does_not_ask_again_proves_nothing(at: Lobby) -> None:
    for proved in (None, at.here.time.now().timestamp() - 3600):
        at.provider.token = {"auth_time": proved}
        assert (await at.through(at.browser(), FRESH)).status_code == 401
        browser = at.browser()
        assert (await at.through(browser)).status_code == 303  # to come in, it is enough
        stale = await browser.get(f"/console/requests/{uuid4()}/package")
        assert stale.status_code == 403


async def test_signing_in_without_being_asked_shows_nobody_who_a_person_is(at: Lobby) -> None:
    at.provider.token = {"auth_time": int(at.here.time.now().timestamp()) - 3600}
    browser = at.browser()
    await at.through(browser)
    form = {"kind_0": "email", "value_0": "nobody@voorbeeld.example", "reason": "complaint"}
    stale = await browser.send(
        "/console/people/revealed", **form, ticket="T-1", connector="directory"
    )
    assert stale.status_code == 403
    assert "/console/sign-in/organisation?fresh=yes" in stale.text


async def test_a_form_is_kept_for_whoever_was_signed_out_and_signs_in_again(at: Lobby) -> None:
    browser = await at.signed_in("a.bakker")
    csrf = await browser.csrf()
    form = {"csrf": csrf, "query": "jan@voorbeeld.example <script>"}
    await browser.send("/console/sign-out")
    out = await browser.post("/console/people", form)
    assert out.status_code == 401
    assert "jan@voorbeeld.example &lt;script&gt;" in out.text
    assert csrf not in out.text
    assert (await browser.post("/console/people", form, sec_fetch_site="")).status_code == 303
    other = await at.signed_in("a.bakker")
    again = await other.post("/console/people", form)
    assert again.status_code == 403
    fresh = re.search(
        r'<form method="post" action="/console/people">\s*<input type="hidden" name="csrf" value="(\w+)">',
        again.text[again.text.index("<main") :],
    )
    assert fresh is not None
    assert (await other.post("/console/people", {**form, "csrf": fresh[1]})).status_code == 200


async def test_somebody_sees_where_they_are_signed_in_and_ends_the_others(at: Lobby) -> None:
    here, there, third = [await at.signed_in("e.jansen") for _ in range(3)]
    somebody = await at.signed_in("somebody.else")
    page = await here.get("/console/sessions")
    handles = re.findall(r'name="session" value="(\w{16})"', page.text)
    assert len(handles) == 3
    stranger = re.findall(
        r'name="session" value="(\w{16})"', (await somebody.get("/console/sessions")).text
    )
    await here.send("/console/sessions", session=stranger[0])
    assert (await somebody.get("/console")).status_code == 200
    own = re.findall(
        r'name="session" value="(\w{16})"', (await there.get("/console/sessions")).text
    )
    assert own == handles
    await here.send("/console/sessions", session="others")
    assert (await there.get("/console")).status_code == 303
    assert (await third.get("/console")).status_code == 303
    assert (await here.get("/console")).status_code == 200
    await here.send("/console/sessions", session=stranger[0][::-1])
    assert (await here.get("/console")).status_code == 200


async def test_all_others_are_ended_however_many_there_are(at: Lobby) -> None:
    first = await at.signed_in("m.vries")
    context, digest = at.here.assembled.context, console_session.c.digest
    async with context.database.write() as db:
        mine = console_session.c.client_id == "console:m.vries"
        row = dict((await db.execute(sa.select(console_session).where(mine))).mappings().one())
        for number in range(100):  # each newer than the first
            own = {"digest": f"{number:064}", "token_id": f"t-{number}"}
            later = {"signed_in_at": row["signed_in_at"] + timedelta(milliseconds=number + 1)}
            await db.execute(console_session.insert(), {**row, **own, **later})
    here = await at.signed_in("m.vries")
    await here.send("/console/sessions", session="others")
    assert (await first.get("/console")).status_code == 303
    assert (await here.get("/console")).status_code == 200
    async with context.database.read() as db:
        left = sa.select(digest).where(mine, console_session.c.ended_at.is_(None))
        assert len((await db.execute(left)).all()) == 1


async def test_a_session_ends_by_itself(at: Lobby) -> None:
    browser = at.browser()
    await at.through(browser)
    for _ in range(11):
        assert (await browser.get("/console")).status_code == 200
        await at.here.let_pass(minutes=55)
    assert (await browser.get("/console")).status_code == 303  # ten hours
    await at.through(browser)
    await at.here.let_pass(minutes=61)
    assert (await browser.get("/console")).status_code == 303  # not used


async def test_a_page_that_asks_by_itself_keeps_nobody_signed_in(at: Lobby) -> None:
    """It asks anew every ten minutes for as long as a request is under way, which may be weeks."""
    browser, request = at.browser(), f"/console/requests/{await waiting(at)}"
    await at.through(browser)
    assert (await browser.get(request)).status_code == 200
    for _ in range(6):
        assert (await browser.http.head(f"{request}/live")).status_code == 200
        await at.here.let_pass(minutes=10)
    assert (await browser.http.head(f"{request}/live")).status_code == 303
    assert (await browser.get(request)).status_code == 303


async def test_signing_out_ends_it_for_every_copy_of_the_cookie(at: Lobby) -> None:
    browser = await at.signed_in("a.bakker")
    copy = at.browser()
    copy.http.cookies.update(dict(browser.http.cookies))
    assert (await copy.get("/console")).status_code == 200
    out = await browser.send("/console/sign-out")
    assert out.headers["location"] == "/console/sign-in?out=yes"
    assert 'href="/console/sign-in/leave"' in (await browser.get(out.headers["location"])).text
    assert (await copy.get("/console")).status_code == 303
    async with at.here.assembled.context.database.read() as db:
        found = [e for e in await evidence.entries(db) if e.event.startswith("console.")]
    begun, ended = found[-2:]
    assert (begun.event, ended.event) == ("console.signed_in", "console.signed_out")
    told = {"by": "console:a.bakker", "how": "here", "since": str(begun.at)}
    assert json.loads(ended.details) == told
    assert begun.controller == ended.controller == "libervoice"
    away = urlsplit((await browser.get("/console/sign-in/leave")).headers["location"])
    assert away.path == "/end"
    assert parse_qs(away.query)["post_logout_redirect_uri"] == [
        "https://desk.example/console/sign-in"
    ]


async def test_a_provider_ends_the_session_that_it_ended(at: Lobby) -> None:
    one, two, other = at.browser(), at.browser(), at.browser()
    await at.through(one, sub="u-7", sid="s-1")
    await at.through(two, sub="u-7", sid="s-2")
    await at.through(other, sub="u-8", sid="s-3")

    async def who_is_in() -> list[int]:
        return [(await each.get("/console")).status_code for each in (one, two, other)]

    assert await told(at, sid="s-1") == 200
    assert await who_is_in() == [303, 200, 200]
    assert await told(at, sub="u-7") == 200
    assert await who_is_in() == [303, 303, 200]
    assert await told(at, sub="u-8", sid="s-1") == 200  # a session that is not theirs
    assert await who_is_in() == [303, 303, 200]


async def test_a_session_that_the_provider_gave_no_name_ends_with_its_person(at: Lobby) -> None:
    """Some put `sid` into their logout tokens, and not into the ID token: 200 would be no sign-out."""
    mine, other = at.browser(), at.browser()
    await at.through(mine, sub="u-12")
    await at.through(other, sub="u-13")
    assert await told(at, sid="s-12") == 200  # of whom, nobody says
    assert (await mine.get("/console")).status_code == 200
    assert await told(at, sub="u-12", sid="s-12") == 200
    assert [(await one.get("/console")).status_code for one in (mine, other)] == [303, 200]


async def test_a_logout_token_said_again_ends_nothing_that_is_newer(at: Lobby) -> None:
    said = int(at.here.time.now().timestamp())
    await at.here.let_pass(seconds=90)
    browser = at.browser()
    await at.through(browser, sub="u-9")
    assert await told(at, sub="u-9", iat=said) == 200
    assert await told(at, sub="u-9", iat=said - 211) == 400  # older than five minutes
    assert (await browser.get("/console")).status_code == 200


NO_LOGOUT: dict[str, dict[str, Any]] = {
    "without an event": {"events": None},
    "with another event": {"events": {"http://schemas.openid.net/event/other": {}}},
    "with a nonce, as an ID token has": {"nonce": "x"},
    "of nobody": {"sub": None},
    "of an odd person": {"sub": 5},
    "without an id": {"jti": None},
    "of another issuer": {"iss": "https://evil.example"},
    "for another": {"aud": "another"},
    "an hour old": {"iat": 1_790_000_000, "exp": 1_790_000_300},
}


@pytest.mark.parametrize("claims", NO_LOGOUT.values(), ids=NO_LOGOUT)
async def test_a_logout_token_that_is_not_quite_right_ends_nothing(
    at: Lobby, claims: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    browser = await at.signed_in("u-10")
    caplog.clear()
    assert await told(at, **{"sub": "u-10", **claims}) == 400
    [line] = (one for one in caplog.records if one.message == "console.sign_out_refused")
    assert vars(line)["reason"]
    assert "u-10" not in str(vars(line))
    at.provider.key = THEIRS
    assert await told(at, sub="u-10") == 400
    assert (await browser.get("/console")).status_code == 200


@pytest.mark.parametrize("named", ["console:j.visser", "console:u-11"])
async def test_whoever_is_revoked_is_out_and_does_not_come_in_again(at: Lobby, named: str) -> None:
    browser = at.browser()
    who = {"sub": "u-11", "preferred_username": "j.visser"}
    await at.through(browser, **who)
    context = at.here.assembled.context
    async with context.database.write() as db:
        await refused.refuse(db, refused.CLIENT, named, context.now())
    try:
        lately = open_lobby(at.here, at.provider)  # another process, which reads the list anew
        copy = lately.browser()
        copy.http.cookies.update(dict(browser.http.cookies))
        assert (await copy.get("/console")).status_code == 303
        assert (await lately.through(lately.browser(), **who)).status_code == 401
    finally:
        async with context.database.write() as db:
            await refused.lift(db, refused.CLIENT, named, context.now())


async def test_one_person_with_another_login_is_no_second_person(at: Lobby) -> None:
    browser = at.browser()
    await at.through(
        browser, sub="u-12", preferred_username="before.marriage", roles=["desk", "approver"]
    )
    caller = await browser.send(
        "/console/requests", key=str(uuid4()), right="erase", kind_0="email",
        value_0="nobody@voorbeeld.example", connectors="directory",
        is_verified="yes", method="portal", verified_by="me", verified_at="2026-01-05T10:00",
    )  # fmt: skip
    assert caller.status_code == 303, caller.text
    request_id = caller.headers["location"].partition("?")[0].rsplit("/", 1)[1]
    again = at.browser()
    await at.through(
        again, sub="u-12", preferred_username="after.marriage", roles=["desk", "approver"]
    )
    form = {"decision": "reject", "reason": "no", "digest": "0" * 64}
    refusal = await again.send(f"/console/requests/{request_id}/approval", **form)
    assert refusal.status_code == 403


async def test_whoever_came_in_by_a_link_comes_in_anew_once_there_is_a_provider(at: Lobby) -> None:
    name = "by.a.link"
    caller = Caller(f"console:{name}", "libervoice", frozenset(STAFF), name)
    who = Identified(caller, name, str(uuid4()), at.here.time.now())
    cookie = await at.sessions.begin(Request(NOBODY), who)
    browser = at.browser()
    browser.http.cookies.set("__Host-avgate_console", cookie or "", domain="desk.example")
    assert (await browser.get("/console")).status_code == 303


async def test_what_is_refused_is_counted_as_for_the_interface(at: Lobby) -> None:
    counts = at.here.assembled.gateway.refusals.counts
    browser = await at.signed_in("e.jansen", ["requests:read"])
    await browser.get(f"/console/requests/{uuid4()}/approval")
    await browser.get(f"/console/requests/{uuid4()}")
    await browser.post("/console/people", {"csrf": "x"}, sec_fetch_site="cross-site")
    now = at.here.assembled.gateway.refusals.counts
    grown = {kind: now[kind] - counts[kind] for kind in now if now[kind] != counts[kind]}
    assert grown == {"insufficient-scope": 1, "not-found": 1, "access-refused": 1}


async def test_a_database_that_is_away_is_no_mistake_of_ours(at: Lobby) -> None:
    browser = await at.signed_in("e.jansen")
    database = at.here.assembled.context.database
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(database), "read", _away)
        answer = await browser.get("/console")
    assert answer.status_code == 503
    assert answer.headers["retry-after"]


def _away(_: object) -> None:
    raise AwayError
