"""Text that wants to be more than text: on every page, in every field, and in cookies."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import quote_plus

import pytest
import pytest_asyncio
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from avgate_gateway.console.forms import FORM
from avgate_gateway.store.schema import task

from ..flow.authority import Guarded
from .authority import MATRIX
from .lobby import Browser, Lobby, a_request_form, lobby, waiting

pytestmark = pytest.mark.asyncio(loop_scope="module")
APPROVER = ("requests:read", "requests:approve", "requests:erase", "requests:access")
POSTED = [
    path
    for (method, path), entry in MATRIX.items()
    if method == "POST" and isinstance(entry, Guarded)
]
MARK = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'`&"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def at(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lobby]:
    async with lobby(tmp_path_factory.mktemp("attack")) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def erasure(at: Lobby) -> str:
    return await waiting(at)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def somebody(at: Lobby) -> tuple[Browser, str]:
    browser = await at.signed_in("somebody", APPROVER)
    return browser, await browser.csrf()


async def test_what_anybody_writes_is_text(at: Lobby) -> None:
    browser = await at.signed_in(f"staff {MARK[:60]}"[:100], APPROVER)
    form = a_request_form(note=MARK, method=MARK[:90], verified_by=MARK)
    made = await browser.send("/console/requests", **form)
    assert made.status_code == 303, made.text
    page = made.headers["location"].partition("?")[0]
    await at.here.until(page.rsplit("/", 1)[1], "closed", "approval", "person")
    async with at.here.assembled.context.database.write(page.rsplit("/", 1)[1]) as db:
        await db.execute(sa.update(task).values(reason=MARK, attempts=2))  # what an upstream says
    shown = [
        await browser.get(page),
        await browser.get(f"{page}/live"),
        await browser.get("/console?pile=closed"),
        await browser.send(f"{page}/extension", reason=MARK),
        await browser.send(f"{page}/reveal", reason=MARK),
        await browser.send(f"{page}/cancel", reason=MARK),
        await browser.send("/console/people", query=MARK),
        await browser.send("/console/requests", **a_request_form(value_0=MARK, note=MARK, right=MARK, key=MARK)),
        await browser.get(f"/console/requests/new?right={MARK.replace('&', '')}"),
        await browser.get(f"/console?pile={MARK.replace('&', '')}&right=x"),
        await at.browser().get(f"/console/sign-in?code={MARK.replace('&', '')}&back={MARK.replace('&', '')}"),
        await at.browser().post(f"{page}/cancel", {"reason": MARK, MARK: MARK}),
    ]  # fmt: skip
    for answer in shown:
        assert "<script>" not in answer.text
        assert "<img src=x" not in answer.text
    assert "&lt;script&gt;alert(1)" in shown[0].text


@pytest.mark.parametrize(
    "junk", ["xx", 'nl"><script>', "../../etc", "é", "en; en", "a" * 3000, '"', "=;=", "\x7f"]
)
async def test_a_cookie_of_junk_is_no_choice_and_no_session(at: Lobby, junk: str) -> None:
    browser = at.browser()
    for name in ("language", "console", "sign_in"):
        sent = {"cookie": f"__Host-avgate_{name}={junk}; avgate_{name}={junk}".encode()}
        for path in ("/console", "/console/sign-in", "/console/sign-in/return?state=x&code=y"):
            answer = await browser.get(path, headers=sent)
            assert answer.status_code in {200, 303, 400}, (path, answer.status_code)
            assert "<script>" not in answer.text


TEXTS = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        [
            MARK,
            "\x00",
            "\ud800",
            "a" * 3000,
            "%00",
            "{{7*7}}",
            "\u202e",
            "\r\nx: y",
            "=1+1",
            "9" * 400,
            "-1",
        ]
    ),
)
NAMES = ["key", "right", "kind_0", "value_0", "since_0", "until_0", "field_0", "from_0", "to_0", "is_verified",
         "method", "verified_by", "verified_at", "language", "connectors", "note", "recipient", "query", "reason",
         "number", "digest", "decision", "connector", "session", "code", "back"]  # fmt: skip


@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    form=st.dictionaries(st.sampled_from(NAMES), TEXTS, max_size=6), path=st.sampled_from(POSTED)
)
async def test_no_text_in_any_field_breaks_a_page(
    at: Lobby, erasure: str, somebody: tuple[Browser, str], form: dict[str, str], path: str
) -> None:
    browser, csrf = somebody
    typed = {
        name: quote_plus(value.encode("utf-8", "surrogatepass")) for name, value in form.items()
    }
    body = "&".join(f"{name}={value}" for name, value in {"csrf": csrf, **typed}.items())
    headers = {"sec-fetch-site": "same-origin", "content-type": FORM}
    url = path.replace("{request_id}", erasure)
    answer = await browser.http.post(url, content=body, headers=headers)
    assert answer.status_code in {200, 303, 403, 404, 409, 410, 413, 422}, answer.status_code
    assert "<script>alert" not in answer.text
