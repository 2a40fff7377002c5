"""Every address by itself: its methods, and the page that describes them all."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from hashlib import sha256

import pytest
import pytest_asyncio

from avgate_gateway.problem import IDEMPOTENCY_KEY_REQUIRED, METHOD_NOT_ALLOWED, TYPES

from .indoors import Indoors, indoors

SOMEBODY = {"identifiers": [{"kind": "phone", "value": "+31201234567"}]}


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def here(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Indoors]:
    async with indoors(tmp_path_factory.mktemp("addresses"), ("directory",)) as made:
        yield made


METHODS = {
    "/v1/requests": "GET, HEAD, OPTIONS, POST",
    "/v1/requests/r-1": "GET, HEAD, OPTIONS",
    "/v1/requests/r-1/approval": "OPTIONS, POST",
    "/v1/tasks/t-1/completion": "OPTIONS, POST",
    "/docs": "GET, HEAD, OPTIONS",
    "/openapi.json": "GET, HEAD, OPTIONS",
}


@pytest.mark.parametrize("path", METHODS)
async def test_a_wrong_method_is_told_every_right_one(here: Indoors, path: str) -> None:
    for method in ("DELETE", "PATCH", "TRACE"):
        answer = await here.caller().request(method, path)
        assert (answer.status_code, answer.headers["allow"]) == (405, METHODS[path])
        assert answer.json()["type"] == METHOD_NOT_ALLOWED.uri


@pytest.mark.parametrize("path", METHODS)
async def test_asking_what_an_address_takes_is_answered_without_content(
    here: Indoors, path: str
) -> None:
    answer = await here.caller().request("OPTIONS", path)
    assert (answer.status_code, answer.headers["allow"]) == (204, METHODS[path])
    assert answer.content == b""


@pytest.mark.parametrize("method", ["OPTIONS", "HEAD", "DELETE"])
async def test_an_address_that_is_none_takes_nothing(here: Indoors, method: str) -> None:
    answer = await here.caller().request(method, "/v1/nothing")
    assert answer.status_code == 404
    assert "allow" not in answer.headers


async def test_head_is_get_without_the_content(here: Indoors) -> None:
    for path in ("/v1/retention", "/docs", "/v1/nothing"):
        full = await here.caller().get(path)
        bare = await here.caller().head(path)
        assert (bare.status_code, bare.content) == (full.status_code, b"")
        assert bare.headers["content-length"] == full.headers["content-length"]


async def test_head_where_only_a_post_is_names_what_is(here: Indoors) -> None:
    answer = await here.caller().head("/v1/requests/r-1/approval")
    assert (answer.status_code, answer.headers["allow"]) == (405, "OPTIONS, POST")


async def test_head_of_events_does_not_wait_for_the_last_of_them(here: Indoors) -> None:
    request_id = await here.submit({"operation": "access", "subject": SOMEBODY})
    async with asyncio.timeout(10):
        answer = await here.caller().head(f"/v1/requests/{request_id}/events")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.content == b""


async def test_the_documentation_needs_nobody_else(here: Indoors) -> None:
    answer = await here.caller().get("/docs")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert re.findall(r"<script|<link|<img|src=|url\(|@import", answer.text) == []
    assert {link[0] for link in re.findall(r'href="([^"]*)"', answer.text)} == {"#", "/"}
    (style,) = re.findall(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    digest = base64.b64encode(sha256(style.encode()).digest()).decode()
    policy = answer.headers["content-security-policy"]
    assert f"style-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy


async def test_every_link_into_the_documentation_leads_somewhere(here: Indoors) -> None:
    page = (await here.caller().get("/docs")).text
    anchors = re.findall(r' id="([^"]+)"', page)
    assert len(anchors) == len(set(anchors))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(anchors)
    refused = await here.caller().post(
        "/v1/requests", json={"operation": "access", "subject": SOMEBODY}
    )
    assert refused.json()["type"] == IDEMPOTENCY_KEY_REQUIRED.uri
    (target,) = re.findall(r"</docs#([^>]+)>", refused.headers["link"])
    assert target in anchors
    assert {kind.slug for kind in TYPES} <= set(anchors)
    assert "problems" in anchors


async def test_the_documentation_holds_every_call_and_every_body(here: Indoors) -> None:
    described = await here.get("/openapi.json")
    page = (await here.caller().get("/docs")).text
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            assert f"<code>{method.upper()} {path}</code>" in page
            assert f'id="{operation["operationId"]}"' in page
    for name, schema in described["components"]["schemas"].items():
        assert f'<h3 id="{name}">' in page
        for field in schema.get("properties", {}):
            assert f"<code>{field}</code>" in page


async def test_the_description_promises_problems_and_no_other_errors(here: Indoors) -> None:
    described = await here.get("/openapi.json")
    for path, methods in described["paths"].items():
        told_as = "json" if path.startswith(("/opendsr", "/opengdpr")) else "problem+json"
        for operation in methods.values():
            assert "422" not in operation["responses"]
            problem = operation["responses"]["default"]["content"]
            assert set(problem) == {f"application/{told_as}"}, path
    assert not {name for name in described["components"]["schemas"] if "Validation" in name}


async def test_looking_at_the_connectors_twice_asks_the_upstreams_once(here: Indoors) -> None:
    first = await here.get("/v1/connectors")
    asked = list(here.calls)
    again = await here.get("/v1/connectors")
    assert (again, here.calls) == (first, asked)
    [shown] = [one for one in first["items"] if one["configured"]]
    assert shown["health"]["ok"] is True
    assert datetime.fromisoformat(shown["health"]["checked_at"]).tzinfo
    assert asked
    here.time.pushed += timedelta(seconds=31)
    await here.get("/v1/connectors")
    assert here.calls[len(asked) :]


async def test_no_answer_may_be_framed_or_run_anything(here: Indoors) -> None:
    for path in ("/v1/retention", "/v1/nothing", "/health/live"):
        answer = await here.caller().get(path)
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert answer.headers["referrer-policy"] == "no-referrer"
