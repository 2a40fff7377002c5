"""Who listens to a request hears of all that happens, for as long as they may, and keeps nobody else from it."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import httpx

from avgate_gateway.api.events import MOST_STREAMS
from avgate_mocks.people import Role

from .conftest import Casting
from .harness import Caller, JsonMap, Served, a_request, command, until
from .indoors import indoors


class Listener:
    """Somebody who listens until the gateway ends the stream."""

    def __init__(self, caller: Caller, request_id: str, pool: ThreadPoolExecutor) -> None:
        self.heard: list[str] = []
        self.caller, self.path = caller, f"/v1/requests/{request_id}/events"
        self.end: Future[None] = pool.submit(self._listen)

    def _listen(self) -> None:
        with self.caller.http.stream("GET", self.path) as answer:
            for line in answer.iter_lines():
                if line.startswith("event: "):
                    self.heard.append(line.removeprefix("event: "))


def open_for_ever(caller: Caller, anyone: Casting) -> str:
    """A request that waits for somebody's identity to be verified."""
    body: JsonMap = a_request("access", anyone(), "directory", identity=None)
    return str(caller.submit(body)["id"])


def test_whoever_is_revoked_hears_nothing_more(served: Served, anyone: Casting) -> None:
    gone, stays = (served.caller("libervoice", name) for name in ("listens", "remains"))
    request_id = open_for_ever(stays, anyone)
    with ThreadPoolExecutor(2) as pool:
        listeners = [Listener(one, request_id, pool) for one in (gone, stays)]
        until(lambda: all(one.heard for one in listeners))
        revoke = ("revoke", "--config", "avgate.toml", "--client", "listens")
        assert command(served.folder, *revoke)[0] == 0
        try:
            until(listeners[0].end.done)
            assert not listeners[1].end.done()
        finally:  # else nobody would hear the end of it
            assert stays.post(f"/v1/requests/{request_id}/cancel", {}).status_code == 200
        listeners[1].end.result(30)
        assert [one.heard[-1] for one in listeners] == ["request.received", "request.closed"]
    again = gone.http.get(listeners[0].path)
    assert again.status_code == 401
    assert command(served.folder, *revoke, "--lift")[0] == 0


def test_what_nobody_tells_of_is_heard_within_seconds(asks: Caller, anyone: Casting) -> None:
    request_id = open_for_ever(asks, anyone)
    with ThreadPoolExecutor(1) as pool:
        listener = Listener(asks, request_id, pool)
        until(lambda: listener.heard)
        assert asks.http.get(f"/v1/requests/{request_id}/letter").status_code == 200
        try:
            until(lambda: "letter.made" in listener.heard, 4)
        finally:
            assert asks.post(f"/v1/requests/{request_id}/cancel", {}).status_code == 200
        listener.end.result(30)


async def test_a_controller_listens_to_so_many_at_a_time_and_others_are_not_kept_from_it(
    tmp_path: Path,
) -> None:
    """Each takes a connection for as long as its request is open, which may be months."""
    async with indoors(tmp_path, ("directory",)) as here:
        request_id = await here.carry_out(a_request("access", here.person(Role.RUNNING)))
        streams = here.assembled.gateway.streams

        async def events() -> httpx.Response:
            return await here.caller().get(f"/v1/requests/{request_id}/events")

        streams["mister-voip"] = MOST_STREAMS
        assert (await events()).status_code == 200
        assert streams["libervoice"] == 0, "it is counted while it lasts"
        streams["libervoice"] = MOST_STREAMS
        refused = await events()
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "5")
        assert refused.json()["type"].endswith("/too-many-requests")
