"""Upstreams that cost almost nothing: the gateway is measured, not what it calls.

The mocks keep state, check what they are sent, and take half a millisecond or more for a call; at
hundreds of requests a second on two cores they would be what is measured. These answer the same
calls with the same bodies, made beforehand where they can be: operator, xelion and directory, each
on a port of its own, after a constant delay. Xelion's address book is of the mocks' size (19 kB of
people, none of whom is anybody asked for), and so are an empty directory's and operator's answers.

Run: `python lean_upstream.py FOLDER [--latency-ms 5] [--calls N --recordings N --megabytes N]`;
writes `avgate.toml` and `addresses` into the folder and says `ready`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import cast
from urllib.parse import unquote

import uvloop

sys.path.append(str(Path(__file__).parents[1]))
from rig.records import FEW_CALLS, RICH, Records

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_CUSTOMER = re.compile(r"(?:\+3185|customer)(\d{7})")
_PIECE = os.urandom(64 * 1024)
_DIRECTORY = (
    b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    b"<ListingsResponse><TotalCount>0</TotalCount><Listings/></ListingsResponse>"
)
Answer = Callable[[str, str], bytes]  # method and target; the whole answer
_CONFIG = """\
database = "sqlite:///avgate.db"
master_key_file = "avgate.key"
connectors_allowed = ["avgate"]

[controllers.libervoice]
title = "Libervoice B.V."
retention = "libervoice-2019"
approval_exempt_clients = ["bench"]

[controllers.libervoice.connectors.operator]
base_url = "{operator}/tmf-api"
client_id = "libervoice"
client_secret = "s"

[controllers.libervoice.connectors.xelion]
base_url = "{xelion}/api/v1/libervoice"
username = "avgate"
password = "p"
user_space = "bench"

[controllers.libervoice.connectors.directory]
base_url = "{directory}/api"
account_id = "5510"
username = "libervoice"
password = "p"
look_again_seconds = 1
"""


def answered(status: str, body: bytes, *more: str, media_type: str = "application/json") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"content-type: {media_type}", f"content-length: {len(body)}"]
    return ("\r\n".join([*lines, *more]) + "\r\n\r\n").encode() + body


class Operator:
    """TM Forum's lists and resources."""

    def __init__(self, records: Records, megabytes: int) -> None:
        self._records = records
        self.recording_bytes = megabytes * 1_000_000 // max(records.recordings, 1)
        self._nobody = _listed(b"[]", 0)

    def __call__(self, method: str, target: str) -> bytes:
        path, _, query = target.partition("?")
        kind, _, resource = path.removeprefix("/tmf-api/").partition("/v4/")
        if kind == "oauth2/token":
            token = b'{"access_token":"t","token_type":"Bearer","expires_in":3600}'
            return answered("200 OK", token)
        own = resource.partition("/")[2]
        if method == "DELETE":
            self._records.gone.add(own)
            return b"HTTP/1.1 204 No Content\r\n\r\n"
        if own:
            return self._one(kind, own)
        return self._many(kind, unquote(query))

    def _one(self, kind: str, own: str) -> bytes:
        party = own.partition("-")[0]
        if own in self._records.gone:
            error = b'{"code":"notFound","reason":"no such resource","status":"404"}'
            return answered("404 Not Found", error)
        if kind == "usageManagement":
            return answered(
                "200 OK", self._records.usage(party, int(own.partition("-c")[2])).encode()
            )
        made = self._records.individual if kind == "party" else self._records.product
        return answered("200 OK", json.dumps(made(party)).encode())

    def _many(self, kind: str, query: str) -> bytes:
        asked = dict(part.split("=", 1) for part in query.split("&") if "=" in part)
        customer = _CUSTOMER.search(query)
        party = asked.get("relatedParty.id") or (customer[1] if customer else "")
        if not party:
            return self._nobody
        if kind == "usageManagement":
            offset, limit = int(asked.get("offset", 0)), int(asked.get("limit", 100))
            return _listed(*self._records.usages(party, offset, limit))
        made = self._records.individual if kind == "party" else self._records.product
        body = self._records.found([made(party)])
        return _listed(body, 0 if body == b"[]" else 1)


def _listed(body: bytes, total: int) -> bytes:
    counts = f"x-total-count: {total}", f"x-result-count: {total}"
    return answered("200 OK", body, *counts, media_type="application/json;charset=utf-8")


def xelion(_method: str, target: str) -> bytes:
    if target.endswith("/me/login"):
        return _SESSION
    return _NO_PAGE if "after=" in target else _PAGE


def _addressable(number: int) -> dict[str, object]:
    address = {
        "objectType": "TelecomAddress", "address": f"+3143{number:07}", "addressType": "Telephone",
        "label": "", "orderNumber": 0, "lastUsedOn": None, "oid": f"5{number}",
        "commonName": f"+3143{number:07}",
    }  # fmt: skip
    person = {
        "oid": str(number), "objectType": "Person", "commonName": "Willemijn Brouwer",
        "permissions": "ReadWriteRemove", "telecomAddresses": [address], "telecomAddress": address,
    }  # fmt: skip
    link = f"http://127.0.0.1:46349/api/v1/libervoice/addressables/{number}"
    return {"object": person, "links": [{"rel": "self", "href": link, "method": "GET"}]}


_SESSION = answered(
    "200 OK",
    b'{"authentication":"0039171c","renewalToken":"5018d586","validUntil":"2099-11-29 11:13:33",'
    b'"version":"v1","serverVersion":"9.1.4"}',
)
_PEOPLE = [_addressable(1_600_000 + number) for number in range(27)]
_PAGE = answered(
    "200 OK", json.dumps({"data": _PEOPLE, "meta": {"links": [], "paging": {}}}).encode()
)
_NO_PAGE = answered("200 OK", b'{"data":[],"meta":{"links":[],"paging":{}}}')
_LISTINGS = answered("200 OK", _DIRECTORY, media_type="application/xml")


class Connection(asyncio.Protocol):
    """One connection: a call after the other, each answered after the delay."""

    def __init__(self, answer: Answer, delay: float, sound_bytes: int = 0) -> None:
        self._answer = answer
        self._delay = delay
        self._sound_bytes = sound_bytes
        self._came = b""
        self._loop = asyncio.get_running_loop()
        self._may_write = asyncio.Event()
        self._may_write.set()
        self._sounds: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def pause_writing(self) -> None:
        self._may_write.clear()

    def resume_writing(self) -> None:
        self._may_write.set()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 -- the protocol's signature
        for task in self._sounds:
            task.cancel()

    def data_received(self, data: bytes) -> None:
        came = self._came + data
        head_end = came.find(b"\r\n\r\n")
        if head_end < 0:
            self._came = came
            return
        length = _LENGTH.search(came, 0, head_end)
        if len(came) < head_end + 4 + (int(length[1]) if length else 0):
            self._came = came
            return
        self._came = b""
        method, target, _ = came[: came.index(b"\r\n")].decode().split(" ")
        if "/audio/" in target:
            self._loop.call_later(self._delay, self._begin_sound)
        else:
            self._loop.call_later(self._delay, self._send, method, target)

    def _send(self, method: str, target: str) -> None:
        if not self._transport.is_closing():
            self._transport.write(self._answer(method, target))

    def _begin_sound(self) -> None:
        task = self._loop.create_task(self._sound())
        self._sounds.add(task)
        task.add_done_callback(self._sounds.discard)

    async def _sound(self) -> None:
        head = f"HTTP/1.1 200 OK\r\ncontent-type: audio/mpeg\r\ncontent-length: {self._sound_bytes}"
        self._transport.write(head.encode() + b"\r\n\r\n")
        left = self._sound_bytes
        while left:
            await self._may_write.wait()
            piece = _PIECE[:left]
            self._transport.write(piece)
            left -= len(piece)


async def _serve(folder: Path, delay: float, records: Records, megabytes: int) -> None:
    loop = asyncio.get_running_loop()
    operator = Operator(records, megabytes)
    answers: Mapping[str, Answer] = {
        "operator": operator,
        "xelion": xelion,
        "directory": lambda _method, _target: _LISTINGS,
    }
    addresses = {}
    for name, answer in answers.items():
        made = partial(Connection, answer, delay, operator.recording_bytes)
        server = await loop.create_server(made, "127.0.0.1", 0)
        addresses[name] = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    await asyncio.to_thread((folder / "avgate.toml").write_text, _CONFIG.format(**addresses))
    listed = "".join(f"{name} {address}\n" for name, address in addresses.items())
    await asyncio.to_thread((folder / "addresses").write_text, listed)
    sys.stdout.write(f"ready {addresses['operator']}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("folder", type=Path)
    asked.add_argument("--latency-ms", type=float, default=5)
    asked.add_argument("--calls", type=int, default=0, help=f"of +3185{RICH}")
    asked.add_argument("--calls-each", type=int, default=FEW_CALLS, help="of any other customer")
    asked.add_argument("--recordings", type=int, default=0)
    asked.add_argument("--megabytes", type=int, default=0, help="of all recordings together")
    chosen = asked.parse_args()
    records = Records(chosen.calls, chosen.recordings, chosen.calls_each)
    uvloop.run(_serve(chosen.folder, chosen.latency_ms / 1000, records, chosen.megabytes))


if __name__ == "__main__":
    main()
