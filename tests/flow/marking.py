"""What makes a person findable, planted in every field that takes a text, and the search for it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from avgate_mocks.people import Person

from .harness import Mocks, Office, a_request
from .opendsr_sender import a_body as sent_on
from .opendsr_sender import numbers

OPERATIONS = ("access", "export", "rectify", "restrict", "object", "erase")
_SHORTEST = 7  # what is shorter stands in other numbers by chance
_CONTROLLERS = {"libervoice", "mister-voip"}


def spellings(number: str) -> set[str]:
    """A Dutch telephone number as systems and people write it."""
    rest = number.removeprefix("+31")
    return {
        number,
        f"0031{rest}",
        f"0{rest}",
        f"0{rest[:2]}-{rest[2:]}",
        f"+31 {rest[:2]} {rest[2:5]} {rest[5:]}",
    }


def markers(*people: Person) -> set[str]:
    """Everything that is one person's: names, addresses, numbers in five spellings."""
    found: set[str] = set()
    for person in people:
        found |= {person.name.full, person.address.full}
        found |= {f"{person.address.street} {person.address.number}"}
        found |= set(_texts({k: v for k, v in asdict(person).items() if k not in _OF_THE_MOCKS}))
        for line in person.lines:
            found |= spellings(line.number)
    return {one for one in found if len(one) >= _SHORTEST} - _CONTROLLERS


_OF_THE_MOCKS = {"id", "controller", "gender", "known_to", "products", "volume", "contract"}
_SHARED = {"city", "street", "given", "prefix", "product"}


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            yield from (t for k, v in value.items() if k not in _SHARED for t in _texts(v))
        case tuple() | list():
            yield from (t for v in value for t in _texts(v))


def standing_in(text: bytes, people: set[str]) -> set[str]:
    """Those that stand there; a number of few digits not in the middle of a digest."""
    return {
        one for one in people if one.encode() in text and (not one.isdigit() or _alone(one, text))
    }


def _alone(number: str, text: bytes) -> bool:
    return re.search(rb"(?<![0-9a-f])%b(?![0-9a-f])" % number.encode(), text) is not None


def talked_about(operation: str, person: Person) -> dict[str, Any]:
    """A request with the person in every field that takes a text."""
    about = f"{person.name.full} {person.lines[0].number} {person.emails[0]} {person.iban}"
    body = a_request(operation, person, note=about)
    body["subject"]["name"] = person.name.full
    if operation == "rectify":
        new = f"new.{person.emails[0]}"
        body["changes"] = [{"field": "email", "from": person.emails[0], "to": new}]
    return body


def sent_by_opendsr(office: Office, person: Person) -> None:
    """A copy for whoever sends requests on, from the request to its results."""
    body = sent_on("access", person, datetime.now(UTC), extensions=numbers(person))
    place = f"/opendsr/requests/{body['subject_request_id']}"
    for _ in range(2):
        assert office.asks.post("/opendsr/requests", body).status_code == 201
    [newest] = office.asks.get("/v1/requests?limit=1")["items"]
    office.see_through(newest["id"])
    for task in office.asks.tasks(newest["id"]):
        done = {"evidence": f"told {person.name.full}"}
        assert office.asks.post(f"/v1/tasks/{task['id']}/completion", done).status_code == 200
    office.asks.when(newest["id"], "closed")
    assert office.asks.get(place)["request_status"] == "completed"
    assert person.emails[0] in str(office.asks.get(f"{place}/results"))


def carried_out(own: Mocks, office: Office) -> set[str]:
    """Every operation for somebody of their own; gives what must not be found."""
    ours = [p for p in own.everyone[12:] if p.controller == "libervoice" and p.lines and p.emails]
    people = dict(zip(OPERATIONS, ours, strict=False))
    for operation, person in people.items():
        body = talked_about(operation, person)
        asked = office.asks.submit(body, key=f"{person.lines[0].number}-{person.emails[0]}")
        office.see_through(asked["id"])
        for task in office.asks.tasks(asked["id"]):
            done = {"evidence": f"told {person.name.full} at {person.lines[0].number}"}
            assert office.asks.post(f"/v1/tasks/{task['id']}/completion", done).status_code == 200
        if operation == "access":
            office.asks.when(asked["id"], "closed")
            package = office.asks.http.get(f"/v1/requests/{asked['id']}/package")
            assert package.status_code == 200
    late = ours[len(people)]
    waiting = office.asks.submit(a_request("access", late, identity=None, note=late.name.full))
    reason = {"reason": f"{late.name.full} is away"}
    assert office.asks.post(f"/v1/requests/{waiting['id']}/extension", reason).status_code == 200
    assert office.asks.post(f"/v1/requests/{waiting['id']}/cancel", reason).status_code == 200
    sent = ours[len(people) + 1]
    sent_by_opendsr(office, sent)
    return markers(*people.values(), late, sent)
