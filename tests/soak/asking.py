"""Callers who ask for one person after another, and ask again under the same key until they are answered."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from threading import Event

import httpx
from tests.flow.harness import JsonMap, Served, a_request, bearer

from avgate_mocks.loopback import NO_TLS
from avgate_mocks.people import Person

# Each look at a Xelion reads lists of everybody's: more of them would wait for one mock alone.
_AT_XELION = 0.12
_TRY_AGAIN = frozenset({409, 429, 502, 503, 504})
_PATIENCE = 90.0


@dataclass(frozen=True, slots=True)
class Asked:
    """What was promised, with 202: it has to come about, once."""

    request_id: str
    operation: str
    person: Person


@dataclass(slots=True)
class Callers:
    """What they share; `wrong` is what no caller may be told."""

    served: list[Served]
    token: str
    people: Iterator[Person]
    over: Event = field(default_factory=Event)
    asked: list[Asked] = field(default_factory=list)
    answers: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def go_on(self, chance: Random) -> None:
        """One caller, until it is over or everybody was asked for."""
        with httpx.Client(headers=bearer(self.token), timeout=20, verify=NO_TLS) as http:
            for person in self.people:
                self._ask(http, chance, person)
                if self.over.wait(chance.uniform(0.5, 2.5)):
                    return

    def _ask(self, http: httpx.Client, chance: Random, person: Person) -> None:
        operation = chance.choices(("erase", "access", "export"), (6, 3, 1))[0]
        upstreams = ["operator", "directory", "subprocessors"]
        if chance.random() < _AT_XELION:
            upstreams.append("xelion")
        body, key = a_request(operation, person, *upstreams), str(uuid.uuid4())
        request_id = self._told(http, chance, body, key)
        if request_id is None:
            return
        self.asked.append(Asked(request_id, operation, person))
        if chance.random() < 0.2 and self._told(http, chance, body, key) not in {None, request_id}:
            self.wrong.append(f"{request_id}: another was made under the same key")

    def _told(self, http: httpx.Client, chance: Random, body: JsonMap, key: str) -> str | None:
        """The request's id, from whichever gateway answers; None where none did in time."""
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            address = f"{chance.choice(self.served).base}/v1/requests"
            try:
                answer = http.post(address, json=body, headers={"idempotency-key": key})
            except httpx.TransportError:
                time.sleep(0.3)
                continue
            self.answers[answer.status_code] += 1
            if answer.status_code in {200, 202}:
                return str(answer.json()["id"])
            if answer.status_code not in _TRY_AGAIN:
                self.wrong.append(f"a caller was told {answer.status_code}")
                return None
            time.sleep(min(float(answer.headers.get("retry-after", "1")), 2.0))
        return None
