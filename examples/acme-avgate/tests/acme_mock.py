"""A mock of Acme: invented people, and everything forgotten when it ends.

`python tests/acme_mock.py` lets it answer until it is interrupted.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

SETTINGS = {
    "base_url": "http://127.0.0.1:8790",
    "client_id": "sandbox",
    "client_secret": "sandbox-secret",
}
PROOF = "Basic c2FuZGJveDpzYW5kYm94LXNlY3JldA=="
PAGE = 2  # cards at a time
PEOPLE = ["fleur.bakker@example.org", "sem.visser@example.org"]
LABELS = ["webshop", "service desk", "newsletter"]
Answer = tuple[int, Any]


class Mock(ThreadingHTTPServer):
    """What stands in Acme, and its ledger: what was answered to each key."""

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.base_url = f"http://127.0.0.1:{self.server_port}"
        self.ledger: dict[str, Answer] = {}
        self.tokens: list[str] = []
        self.cards = {
            card["id"]: card for email in PEOPLE for card in invented_cards(email)
        }


class Handler(BaseHTTPRequestHandler):
    """Answers one call."""

    server: Mock

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        status, body = self._ledgered(self.rfile.read(length))
        content = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        if content:
            self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_PATCH = do_DELETE = do_GET

    def _ledgered(self, body: bytes) -> Answer:
        """A repeated key gets its first answer, and nothing happens twice."""
        key = self.headers.get("Idempotency-Key", "")
        if key in self.server.ledger:
            return self.server.ledger[key]
        answer = self._answer(body)
        if key and answer[0] < 400:
            self.server.ledger[key] = answer
        return answer

    def _answer(self, body: bytes) -> Answer:
        url = urlsplit(self.path)
        if (self.command, url.path) == ("POST", "/token"):
            return self._token()
        if not self._known():
            return 401, {"error": "who are you?"}
        if (self.command, url.path) == ("GET", "/me"):
            return 200, {"user": "sandbox"}
        if (self.command, url.path) == ("GET", "/cards"):
            asked = dict(parse_qs(url.query))
            return self._page(asked["email"][0], asked.get("after", [""])[0])
        card = self.server.cards.get(url.path.removeprefix("/cards/"))
        if card is None:
            return 404, {"error": "there is no such card"}
        if self.command == "PATCH":
            card.update(json.loads(body))
        if self.command == "DELETE":
            del self.server.cards[card["id"]]
            return 204, None
        return 200, card

    def _page(self, email: str, after: str) -> Answer:
        """The cards that come after one of them, and the last shown if more follow."""
        found = [card for card in self.server.cards.values() if card["email"] == email]
        left = [card for card in found if card["id"] > after]
        last = left[PAGE - 1]["id"] if len(left) > PAGE else None
        return 200, {"items": left[:PAGE], "next": last}

    def _token(self) -> Answer:
        """RFC 6749, section 4.4; the client is known by HTTP Basic."""
        if self.headers.get("Authorization") != PROOF:
            return 401, {"error": "invalid_client"}
        return 200, {
            "access_token": self._new_token(),
            "token_type": "Bearer",
            "expires_in": 3600,
        }

    def _new_token(self) -> str:
        self.server.tokens.append(f"mock-token-{len(self.server.tokens) + 1}")
        return self.server.tokens[-1]

    def _known(self) -> bool:
        said = self.headers.get("Authorization", "")
        return said.removeprefix("Bearer ") in self.server.tokens

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing: a query holds an e-mail address."""


def invented_cards(email: str) -> list[dict[str, Any]]:
    name = email.partition("@")[0].replace(".", " ").title()
    return [
        {
            "id": f"card-{PEOPLE.index(email) + 1}-{number}",
            "label": label,
            "email": email,
            "name": name,
            "city": "Amersfoort",
            "phone": "+31612345678",
            "customer_until": "2024-03-31T22:00:00Z" if number == 1 else None,
        }
        for number, label in enumerate(LABELS, start=1)
    ]


@asynccontextmanager
async def serve(port: int = 0) -> AsyncIterator[str]:
    """Its address; on a free port if none is named."""
    mock = Mock(port)
    thread = Thread(target=mock.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield mock.base_url
    finally:
        mock.shutdown()
        thread.join()
        mock.server_close()


if __name__ == "__main__":
    mock = Mock(port=8790)
    print(f"answers at {mock.base_url} until interrupted")
    try:
        mock.serve_forever()
    except KeyboardInterrupt:
        mock.server_close()
