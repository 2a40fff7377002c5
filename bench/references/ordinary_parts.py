"""The same request in a service written by hand from ordinary parts: the limit we are measured against.

Starlette on uvicorn (uvloop, httptools), aiohttp for the upstreams, SQLite in WAL with
`synchronous=FULL` and group commit in a writer thread, joserfc for the token, pydantic for the body.

What it does for one access, as the gateway does it:
* reads the token (Ed25519, issuer, audience, end, controller; a verified one is remembered until it
  ends), validates the body, asks for an Idempotency-Key and answers one that was used before with
  the stored answer; writes request, three tasks and key in one commit before the 202;
* makes the same calls to the same upstreams: the operator's party by number, by e-mail and by line, then, if
  there is one, party, products and usages; the directory's listings by number; Xelion's address book,
  page by page; all three at once, behind the gateway's limits of 4, 4 and 3 calls at a time; tokens
  and sessions once; every answer is parsed (JSON, or XML with defusedxml);
* writes the three outcomes and the end of the request in a second commit.

What it does not do: encrypt anything, keep a copy or evidence, match records to a person, check
shapes, try again, take up what a crash left, wait for identity or approval, or tell what happened.

Run: `python ordinary_parts.py CONFIG DATABASE [--ample]`; CONFIG is the gateway's `avgate.toml`,
whose signing key lies beside it. `--ample` asks the upstreams 64 calls at a time.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import re
import time
import tomllib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pydantic
from defusedxml.ElementTree import fromstring
from joserfc import jwt
from joserfc.jwk import OKPKey
from serving import serve
from sqlite_writer import Writer
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_TABLES = """
CREATE TABLE request (id TEXT PRIMARY KEY, state TEXT NOT NULL, at REAL NOT NULL, body BLOB NOT NULL);
CREATE TABLE task (request_id TEXT, connector TEXT, outcome TEXT, PRIMARY KEY (request_id, connector));
CREATE TABLE idempotency (key TEXT PRIMARY KEY, digest TEXT NOT NULL, answer BLOB NOT NULL);
"""
_CONCURRENCY = {"operator": 4, "directory": 4, "xelion": 3}
_AT_ONCE = 64  # requests that share a commit


class _Identifier(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid")
    kind: str
    value: str = pydantic.Field(max_length=200)


class _Subject(pydantic.BaseModel):
    identifiers: list[_Identifier] = pydantic.Field(min_length=1, max_length=20)


class _Identity(pydantic.BaseModel):
    method: str
    verified_by: str
    verified_at: str


class _Body(pydantic.BaseModel):
    operation: str
    subject: _Subject
    scope: dict[str, list[str]] | None = None
    identity: _Identity | None = None

    def value(self, kind: str) -> str:
        return next((i.value for i in self.subject.identifiers if i.kind == kind), "")


class Tokens:
    """Verified tokens by digest, until they end."""

    def __init__(self, key_file: Path) -> None:
        self._key = OKPKey.import_key(json.loads(key_file.read_bytes()))
        self._claims = jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": "avgate"},
            aud={"essential": True, "value": "avgate"},
            exp={"essential": True},
            controller={"essential": True},
        )
        self._known: dict[bytes, float] = {}

    def check(self, header: str) -> None:
        """Raises what joserfc raises."""
        digest = sha256(header.encode()).digest()
        if self._known.get(digest, 0) > time.time():
            return
        token = jwt.decode(header.removeprefix("Bearer "), self._key, algorithms=["Ed25519"])
        self._claims.validate(token.claims)
        self._known[digest] = float(token.claims["exp"])


class Upstreams:
    """The calls, each behind its upstream's number of places."""

    def __init__(self, config: Mapping[str, Any], *, ample: bool) -> None:
        self._config = config["controllers"]["libervoice"]["connectors"]
        self._places = {
            name: asyncio.Semaphore(64 if ample else places)
            for name, places in _CONCURRENCY.items()
        }
        self._http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        self._headers: dict[str, dict[str, str]] = {}

    async def open(self) -> None:
        operator, xelion = self._config["operator"], self._config["xelion"]
        basic = f"{operator['client_id']}:{operator['client_secret']}"
        async with self._http.post(
            operator["base_url"] + "/oauth2/token",
            data={"grant_type": "client_credentials"},
            headers={"authorization": "Basic " + base64.b64encode(basic.encode()).decode()},
        ) as answer:
            token = json.loads(await answer.read())["access_token"]
        who = {
            "userName": xelion["username"],
            "password": xelion["password"],
            "userSpace": "reference",
        }
        async with self._http.post(xelion["base_url"] + "/me/login", json=who) as answer:
            session = json.loads(await answer.read())["authentication"]
        directory = self._config["directory"]
        basic = f"{directory['username']}:{directory['password']}"
        self._headers = {
            "operator": {"authorization": f"Bearer {token}"},
            "xelion": {"authorization": f"xelion {session}"},
            "directory": {
                "authorization": "Basic " + base64.b64encode(basic.encode()).decode(),
                "accept": "application/xml",
            },
        }

    async def close(self) -> None:
        await self._http.close()

    async def operator(self, body: _Body) -> int:
        parties = set[str]()
        for kind, name in (("phone", "phoneNumber"), ("email", "emailAddress")):
            asked = {f"contactMedium.characteristic.{name}": body.value(kind)}
            found = await self._list("/party/v4/individual", asked)
            parties |= {row["id"] for row in found}
        line = {"name": "phoneNumber", "value": body.value("phone")}
        asked = {f"productCharacteristic.{name}": text for name, text in line.items()}
        for row in await self._list("/productInventory/v4/product", asked):
            parties |= {party["id"] for party in row["relatedParty"]}
        held = 0
        for party in parties:
            await self._get("operator", f"/party/v4/individual/{party}", {})
            theirs = {"relatedParty.id": party}
            held += 1 + len(await self._list("/productInventory/v4/product", theirs))
            held += len(await self._list("/usageManagement/v4/usage", theirs))
        return held

    async def directory(self, body: _Body) -> int:
        account = self._config["directory"]["account_id"]
        asked = {"tn": body.value("phone")}
        answer = await self._get("directory", f"/accounts/{account}/listings", asked)
        return int(fromstring(answer, forbid_dtd=True).findtext("TotalCount") or 0)

    async def xelion(self, body: _Body) -> int:
        """The whole address book, for it cannot be searched."""
        asked = {"limit": "100", "where": "obj_type=Person,UnknownAddressable"}
        held, phone = 0, body.value("phone")
        while rows := json.loads(await self._get("xelion", "/addressables", asked))["data"]:
            for row in rows:
                addresses = row["object"].get("telecomAddresses", ())
                held += any(one["address"] == phone for one in addresses)
            asked["after"] = rows[-1]["object"]["oid"]
        return held

    async def _list(self, path: str, asked: Mapping[str, str]) -> list[dict[str, Any]]:
        page = {**asked, "offset": "0", "limit": "250"}
        rows: list[dict[str, Any]] = json.loads(await self._get("operator", path, page))
        return rows

    async def _get(self, upstream: str, path: str, asked: Mapping[str, str]) -> bytes:
        url, headers = self._config[upstream]["base_url"] + path, self._headers[upstream]
        async with (
            self._places[upstream],
            self._http.get(url, params=asked, headers=headers) as answer,
        ):
            return await answer.read()


class Service:
    """POST /v1/requests and GET /v1/requests/{id}."""

    def __init__(self, config: Path, database: str, *, ample: bool) -> None:
        self._config = config
        self._database = database
        self._ample = ample
        self._answers: dict[str, tuple[str, bytes]] = {}  # in front of its table
        self._under_way: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def living(self, _app: Starlette) -> AsyncIterator[None]:
        [key_file] = self._config.parent.glob("*token*")
        self._tokens = Tokens(key_file)
        self._writer = Writer(self._database, _TABLES, _AT_ONCE)
        self._upstreams = Upstreams(tomllib.loads(self._config.read_text()), ample=self._ample)
        await self._upstreams.open()
        yield
        await self._upstreams.close()

    async def submit(self, request: Request) -> Response:
        self._tokens.check(request.headers["authorization"])
        content = await request.body()
        body = _Body.model_validate_json(content)
        key, digest = request.headers["idempotency-key"], sha256(content).hexdigest()
        if key in self._answers:
            first, answer = self._answers[key]
            return _answer(answer, 202 if first == digest else 422)
        own = str(uuid4())
        answer = json.dumps({"id": own, "operation": body.operation, "state": "received"}).encode()
        self._answers[key] = (digest, answer)
        await self._writer.write(
            ("INSERT INTO request VALUES (?, 'received', ?, ?)", [(own, time.time(), content)]),
            ("INSERT INTO task VALUES (?, ?, NULL)", [(own, name) for name in _CONCURRENCY]),
            ("INSERT INTO idempotency VALUES (?, ?, ?)", [(key, digest, answer)]),
        )
        done = asyncio.create_task(self._carry_out(own, body))
        self._under_way.add(done)
        done.add_done_callback(self._under_way.discard)
        if wait := re.match(r"wait=(\d+)", request.headers.get("prefer", "")):
            await asyncio.wait([done], timeout=int(wait[1]))
            return _answer(json.dumps({"id": own, "state": "closed"}).encode(), 200)
        return _answer(answer, 202, own)

    async def _carry_out(self, own: str, body: _Body) -> None:
        found = await asyncio.gather(
            self._upstreams.operator(body),
            self._upstreams.directory(body),
            self._upstreams.xelion(body),
        )
        outcomes = [
            ("completed" if held else "nothing_held", own, name)
            for name, held in zip(("operator", "directory", "xelion"), found, strict=True)
        ]
        update = "UPDATE task SET outcome = ? WHERE request_id = ? AND connector = ?"
        closing = "UPDATE request SET state = 'closed' WHERE id = ?"
        await self._writer.write((update, outcomes), (closing, [(own,)]))


def _answer(body: bytes, status: int, own: str = "") -> Response:
    headers = {"location": f"/v1/requests/{own}"} if own else None
    return Response(body, status, headers, "application/json")


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("config", type=Path)
    asked.add_argument("database")
    asked.add_argument("--ample", action="store_true")
    chosen = asked.parse_args()
    service = Service(chosen.config, chosen.database, ample=chosen.ample)
    routes = [Route("/v1/requests", service.submit, methods=["POST"])]
    serve(Starlette(routes=routes, lifespan=service.living))


if __name__ == "__main__":
    main()
