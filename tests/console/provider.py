"""A stand-in for an OpenID Connect provider that people sign in with: a real socket, and its moods."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlencode, urlsplit

from avgate_gateway.authentication import SigningKey

from ..gateway.issuer import Answer, Issuer
from ..gateway.tokens import OURS, signed

CLIENT, SECRET = "avgate console", "a secret: with/odd+letters"
ACCESS = "an.access-token_of~theirs/+=="
JsonMap = dict[str, Any]


@dataclass
class Provider(Issuer):
    """Whoever it is asked about is let in as `who` says; the rest are moods."""

    who: JsonMap = field(default_factory=dict)
    now: float = 0.0
    key: SigningKey = OURS
    header: JsonMap = field(default_factory=dict)
    token: JsonMap = field(default_factory=dict)  # what the ID token says instead
    answer: dict[str, str] = field(
        default_factory=dict
    )  # what the browser is sent back with instead
    names_itself: bool = True
    tells_at_userinfo: bool = False  # what somebody is called and does; the ID token says who alone
    userinfo: JsonMap = field(default_factory=dict)  # what UserInfo says instead
    access_token: str | None = ACCESS
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked_of: list[dict[str, str]] = field(default_factory=list)

    def calm(self) -> None:
        """Without moods."""
        self.key, self.header, self.token, self.answer = OURS, {}, {}, {}
        self.access_token = ACCESS
        self.names_itself, self.tells_at_userinfo, self.userinfo = True, False, {}
        self.describes()

    def describes(self, **changes: Any) -> None:
        told: JsonMap = {
            "authorization_endpoint": f"{self.address}/authorize",
            "token_endpoint": f"{self.address}/token",
            "end_session_endpoint": f"{self.address}/end",
            "userinfo_endpoint": f"{self.address}/userinfo",
            "authorization_response_iss_parameter_supported": self.names_itself,
        }
        self.says(**{**told, **changes})

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A browser opens connections ahead, and hangs up without a word where it needs none.
        with closing(writer), suppress(asyncio.IncompleteReadError):
            writer.write((await self._answered(reader)).wire())
            await writer.drain()

    async def _answered(self, reader: asyncio.StreamReader) -> Answer:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        method, target = head.split(" ")[:2]
        fields = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head.split("\r\n")[1:])
        }
        body = await reader.readexactly(int(fields.get("content-length", 0)))
        path = urlsplit(target).path
        self.asked[path] += 1
        match method, path:
            case "GET", "/authorize":
                return self._authorized(_one_each(urlsplit(target).query))
            case "POST", "/token":
                return self._redeemed(_one_each(body.decode()), fields.get("authorization", ""))
            case "GET", "/userinfo":
                return self._told(fields.get("authorization", ""))
            case _:
                return self.answers.get(path, Answer(b"{}", "404 Not Found"))

    def _authorized(self, asked: dict[str, str]) -> Answer:
        self.asked_of.append(asked)
        code = secrets.token_urlsafe(8)
        self.codes[code] = asked
        sent = {"code": code, "state": asked["state"]}
        if self.names_itself:
            sent["iss"] = self.address
        sent = {name: value for name, value in {**sent, **self.answer}.items() if value}
        where = f"{asked['redirect_uri']}?{urlencode(sent)}"
        return Answer(b"", "302 Found", {"location": where})

    def _redeemed(self, form: dict[str, str], proof: str) -> Answer:
        told = base64.b64decode(proof.removeprefix("Basic ")).decode()
        name, _, secret = told.partition(":")
        known = (unquote_plus(name), unquote_plus(secret))
        if not proof:  # client_secret_post, RFC 6749 section 2.3.1
            known = (form.get("client_id", ""), form.get("client_secret", ""))
        asked = self.codes.pop(form["code"], None)
        if known != (CLIENT, SECRET) or asked is None:
            return Answer(b'{"error":"invalid_grant"}', "400 Bad Request")
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (challenge, form["redirect_uri"]) != (asked["code_challenge"], asked["redirect_uri"]):
            return Answer(b'{"error":"invalid_grant"}', "400 Bad Request")
        token = self.made(asked["nonce"])
        given = {"id_token": token, "access_token": self.access_token, "token_type": "Bearer"}
        return Answer(json.dumps(given).encode())

    def _told(self, proof: str) -> Answer:
        if proof != f"Bearer {ACCESS}":
            return Answer(b'{"error":"invalid_token"}', "401 Unauthorized")
        return Answer(json.dumps({**self.who, **self.userinfo}).encode())

    def made(self, nonce: str | None = None, **claims: Any) -> str:
        """A token of its own; with a nonce, the ID token of a sign-in."""
        usual: JsonMap = {
            "iss": self.address,
            "aud": CLIENT,
            "iat": self.now,
            "exp": self.now + 300,
        }
        if nonce is not None:
            who = {"sub": self.who["sub"]} if self.tells_at_userinfo else self.who
            usual |= {"nonce": nonce, "auth_time": self.now, **who, **self.token}
        said = {name: value for name, value in {**usual, **claims}.items() if value is not None}
        header = {"alg": "Ed25519", "typ": "JWT", "kid": "ours", **self.header}
        kept = {name: value for name, value in header.items() if value is not None}
        return signed(json.dumps(kept), json.dumps(said), self.key)


def _one_each(query: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(query, strict_parsing=True).items()}


@asynccontextmanager
async def providing(kind: type[Provider] = Provider) -> AsyncIterator[Provider]:
    """A provider on loopback."""
    made = kind("")
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    made.publishes("ours")
    made.calm()
    try:
        yield made
    finally:
        server.close()
        await server.wait_closed()
