from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
import respx

from avgate_contracts import (
    ContractBrokenError,
    HttpClient,
    Limits,
    MisconfiguredError,
    NotFoundError,
    OutcomeUnknownError,
    RefusedError,
    Runtime,
)
from avgate_contracts import http as package

TURNS = Callable[..., Any]


async def test_a_call_carries_what_it_was_given(clients: Any, turns: TURNS) -> None:
    handler = turns(httpx.Response(201, json={"id": "7"}))
    response = await clients.over(handler).send(
        "post",
        "/users/{id}/notes",
        ids={"id": "+316"},
        params={"notify": False},
        json={"text": "Zoë"},
        headers={"If-Match": '"3"'},
        key="5f1c",
    )
    asked = handler.asked[0]
    assert asked.method == "POST"
    assert str(asked.url) == "https://upstream.example/api/v1/users/%2B316/notes?notify=false"
    assert asked.content == '{"text":"Zoë"}'.encode()
    assert asked.headers["content-type"] == "application/json"
    assert asked.headers["idempotency-key"] == "5f1c"
    assert asked.headers["if-match"] == '"3"'
    assert asked.headers["accept-encoding"] == "identity"
    assert asked.headers["user-agent"] == "avgate"
    assert (response.status, response.json(), response.after_unknown) == (201, {"id": "7"}, False)


async def test_null_is_a_body_and_no_body_is_none(clients: Any, turns: TURNS) -> None:
    handler = turns(httpx.Response(204), httpx.Response(204), httpx.Response(204))
    client = clients.over(handler)
    await client.send("PUT", "/x", json=None)
    await client.send("PUT", "/x")
    await client.send("PUT", "/x", content=b"<a/>", headers={"content-type": "text/xml"})
    assert [request.content for request in handler.asked] == [b"null", b"", b"<a/>"]
    assert "content-type" not in handler.asked[1].headers
    with pytest.raises(ValueError, match="one body"):
        await client.send("PUT", "/x", json={}, content=b"")


async def test_headers_come_back_in_lower_case_and_without_cookies(
    clients: Any, turns: TURNS
) -> None:
    fields = [("ETag", '"1"'), ("Link", "<a>"), ("Link", "<b>"), ("Set-Cookie", "session=1")]
    handler = turns(httpx.Response(200, headers=fields), httpx.Response(200))
    client = clients.over(handler)
    response = await client.send("GET", "/x")
    await client.send("GET", "/x")
    assert response.headers["etag"] == '"1"'
    assert response.headers["link"] == "<a>, <b>"
    assert "set-cookie" not in response.headers
    assert "cookie" not in handler.asked[1].headers


@pytest.mark.parametrize("status", [400, 403, 405, 406, 409, 410, 412, 415, 422, 451, 501, 505])
async def test_a_refusal_is_final_and_says_its_status(
    clients: Any, turns: TURNS, status: int
) -> None:
    handler = turns(httpx.Response(status, json={"message": "Jansen"}))
    with pytest.raises(RefusedError) as caught:
        await clients.over(handler).send("GET", "/x")
    assert caught.value.status == status
    assert not isinstance(caught.value, NotFoundError)
    assert "Jansen" not in str(caught.value)
    assert len(handler.asked) == 1


async def test_not_found_is_a_refusal_of_its_own(clients: Any, turns: TURNS) -> None:
    handler = turns(httpx.Response(404))
    with pytest.raises(NotFoundError) as caught:
        await clients.over(handler).send("DELETE", "/x")
    assert caught.value.status == 404


async def test_a_401_with_fixed_credentials_is_for_an_operator(clients: Any, turns: TURNS) -> None:
    handler = turns(httpx.Response(401))
    with pytest.raises(MisconfiguredError):
        await clients.over(handler).send("GET", "/x")
    assert len(handler.asked) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 304])
async def test_a_redirect_is_never_followed(clients: Any, turns: TURNS, status: int) -> None:
    location = {"location": "http://169.254.169.254/latest/meta-data"}
    handler = turns(httpx.Response(status, headers=location))
    with pytest.raises(ContractBrokenError) as caught:
        await clients.over(handler).send("GET", "/x")
    assert len(handler.asked) == 1
    assert "169" not in str(caught.value)


async def test_a_status_that_was_asked_for_is_returned(clients: Any, turns: TURNS) -> None:
    statuses = [304, 400, 401, 404, 503]
    handler = turns(*(httpx.Response(status, json={"errorCode": 1}) for status in statuses))
    client = clients.over(handler)
    for status in statuses:
        response = await client.send("GET", "/x", accept=(status,))
        assert (response.status, response.json()) == (status, {"errorCode": 1})


async def test_a_page_of_html_with_200_is_no_data(clients: Any, turns: TURNS) -> None:
    handler = turns(*(httpx.Response(200, html="<html>Log in</html>") for _ in range(3)))
    with pytest.raises(ContractBrokenError):
        await clients.over(handler).send("GET", "/x")


async def test_a_page_in_answer_to_a_write_leaves_open_what_became_of_it(
    clients: Any, turns: TURNS
) -> None:
    page, done = httpx.Response(200, html="<html>"), httpx.Response(200, json={})
    with pytest.raises(OutcomeUnknownError):
        await clients.over(turns(page)).send("PATCH", "/x", json={})
    handler = turns(page, done)
    answer = await clients.over(handler).send("PATCH", "/x", json={}, key="k", repeatable=True)
    assert (answer.json(), answer.after_unknown) == ({}, True)


async def test_a_page_that_is_gone_the_next_moment_is_asked_past(
    clients: Any, turns: TURNS
) -> None:
    page, data = httpx.Response(200, html="<html>"), httpx.Response(200, json={"id": "7"})
    assert (await clients.over(turns(page, data)).send("GET", "/x")).json() == {"id": "7"}


async def test_a_test_double_below_the_transport_catches_every_call(clients: Any) -> None:
    with respx.mock(base_url="https://upstream.example/api/v1") as double:
        route = double.get("/users/7").respond(200, json={"id": "7"})
        response = await clients.over(None).send("GET", "/users/{id}", ids={"id": "7"})
    assert route.called
    assert response.json() == {"id": "7"}


async def test_one_library_is_imported_in_one_module() -> None:
    from pathlib import Path

    root = Path(package.__file__).parents[1]
    importers = {
        path.name
        for path in root.rglob("*.py")
        if "kit" not in path.relative_to(root).parts and "import httpx" in path.read_text()
    }
    assert importers == {"library.py"}


def test_the_environment_is_never_read(clients: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://evil.example:3128")
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/at-all.pem")
    assert isinstance(clients.over(None, limits=Limits()), HttpClient)


def test_new_ids_differ_and_come_out_of_the_runtimes_chance(clients: Any) -> None:
    first, second = clients.over(None), clients.over(None)  # each with the same chance
    ids = [first.new_id() for _ in range(3)]
    assert len(set(ids)) == 3
    assert [second.new_id() for _ in range(3)] == ids
    assert {each.version for each in ids} == {4}


def test_a_runtime_needs_nothing_to_be_real() -> None:
    assert Runtime().now().tzinfo is not None
    assert Runtime().transport is None
