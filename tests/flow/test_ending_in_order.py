"""A process that is told to end finishes what it is answering, and says so to whoever started it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ClassVar

from avgate_contracts.connector import Manifest
from avgate_gateway.assembly import assemble
from avgate_gateway.settings import load

from .harness import Served, until
from .test_listening import Listener

CONFIG = """
database = "sqlite:///avgate.db"
[controllers.libervoice]
title = "Libervoice B.V."
retention = "libervoice-2019"
"""
BODY = json.dumps(
    {
        "operation": "access",
        "subject": {"identifiers": [{"kind": "email", "value": "nobody@example.org"}]},
        "identity": {"method": "desk", "verified_by": "a", "verified_at": "2026-01-01T00:00:00Z"},
    }
).encode()
HEADERS = {"content-type": "application/json", "idempotency-key": "a"}


def heard(way: socket.socket) -> str:
    way.settimeout(30)
    return way.recv(100).decode()


def test_at_a_signal_the_answer_under_way_is_finished_and_systemd_hears_of_each_step(
    tmp_path: Path,
) -> None:
    (tmp_path / "avgate.toml").write_text(CONFIG)
    served = Served(tmp_path, is_cold=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as way:
        way.bind(f"\0avgate-{os.getpid()}")
        told = {"NOTIFY_SOCKET": f"@avgate-{os.getpid()}", "WATCHDOG_USEC": "3000000"}
        served.process.environment.update(told)
        served.start()
        assert {heard(way), heard(way)} == {"READY=1", "WATCHDOG=1"}
        assert heard(way) == "WATCHDOG=1"
        caller = served.caller("libervoice", "portal")
        sent = caller.http.build_request("POST", "/v1/requests", content=BODY, headers=HEADERS)
        head = "".join(f"{name}: {value}\r\n" for name, value in sent.headers.items())
        with socket.create_connection(("127.0.0.1", served.port), timeout=30) as call:
            call.sendall(f"POST /v1/requests HTTP/1.1\r\n{head}\r\n".encode() + BODY[:9])
            until(lambda: "avgate_calls_waiting 1.0" in caller.http.get("/metrics").text, 10)
            served.process.send(signal.SIGTERM)
            while heard(way) != "STOPPING=1":
                pass
            call.sendall(BODY[9:])
            answer = b"".join(iter(lambda: call.recv(65_536), b""))
    assert answer.startswith(b"HTTP/1.1 202 ")
    assert served.process.ended(30) == 0
    assert '"event":"process.stopped"' in served.log()
    served.end()


def test_whoever_waits_for_what_happens_next_is_answered_at_once_and_keeps_nothing_open(
    tmp_path: Path,
) -> None:
    """Each kept the process for 20 seconds, in which nobody else could reach it."""
    (tmp_path / "avgate.toml").write_text(CONFIG)
    served = Served(tmp_path)
    served.start()
    caller, body = served.caller("libervoice", "portal"), json.loads(BODY)
    request_id = caller.submit({**body, "identity": None})["id"]
    with ThreadPoolExecutor(2) as pool:
        waits = pool.submit(caller.submit, {**body, "identity": None}, prefer="wait=60")
        listener = Listener(caller, request_id, pool)
        until(lambda: len(caller.get("/v1/requests")["items"]) == 2 and listener.heard)
        served.process.send(signal.SIGTERM)
        assert served.process.ended(10) == 0
        assert waits.result(10)["state"] == "waiting"
        listener.end.result(10)
    assert '"level":"error"' not in served.log()
    served.end()


class Slow:
    """A connector whose upstream never answers."""

    manifest: ClassVar[Manifest] = Manifest("slow", "Slow", "Us", frozenset(), frozenset())
    settings_type: ClassVar[type] = dict

    async def check(self) -> None:
        await asyncio.Event().wait()


async def test_an_upstream_that_a_page_did_not_wait_for_is_left_alone_at_the_end(
    tmp_path: Path,
) -> None:
    (tmp_path / "avgate.toml").write_text(CONFIG)
    whole = assemble(load(tmp_path / "avgate.toml", {}))
    checks = whole.gateway.checks
    async with asyncio.timeout(60), whole.running():
        await checks.ask("libervoice", {"slow": Slow()}, 0.05)
        assert checks._asking
    assert not checks._asking
