"""Whatever can be read can be asked for without its content (RFC 9110 section 9.3.2)."""

from __future__ import annotations

import httpx

from .conftest import Casting
from .harness import Caller, a_request

_SAME = ("content-type", "cache-control", "etag", "content-disposition")


def readable(asks: Caller) -> list[str]:
    """Every path that takes GET."""
    paths = asks.http.get("/openapi.json").json()["paths"]
    return [path for path, methods in paths.items() if "get" in methods]


def test_head_says_what_get_says_without_the_content(asks: Caller, anyone: Casting) -> None:
    request_id = asks.submit(a_request("access", anyone(), "directory"), prefer="wait=20")["id"]
    found = readable(asks)
    assert len(found) > 10
    for path in (*found, "/openapi.json", "/nowhere"):
        url = path.replace("{request_id}", request_id)
        url = url.replace("{subject_request_id}", "nobody-sent-this")
        assert "{" not in url, path
        whole, head = asks.http.get(url), asks.http.head(url)
        assert (head.status_code, head.content) == (whole.status_code, b""), path
        told = {name: value for name, value in whole.headers.items() if name in _SAME}
        assert told.items() <= dict(head.headers).items(), path


def test_head_of_events_does_not_wait_for_them(asks: Caller, anyone: Casting) -> None:
    request_id = asks.submit(a_request("access", anyone(), identity=None))["id"]
    with httpx.Client(
        base_url=asks.http.base_url, headers=asks.http.headers, timeout=5
    ) as connection:
        answer = connection.head(f"/v1/requests/{request_id}/events")
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert connection.get(f"/v1/requests/{request_id}").json()["state"] == "waiting"
