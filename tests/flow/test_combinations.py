"""What docs/combinations.md says has to fit together is refused where it does not, as the page says."""

from __future__ import annotations

import ast
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from avgate_gateway.api import bodies
from avgate_gateway.problem import TYPES
from avgate_mocks.people import Role

from . import opendsr_sender
from .harness import IDENTITY, JsonMap, a_request
from .indoors import Indoors, indoors
from .opendsr_sender import DOMAIN, SETTINGS, Sender, identity, vouched_for

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/combinations.md"
API = Path(bodies.__file__).parent
FUTURE = "2099-01-05T10:00:00Z"
KEY = "c0ffee00-0000-4000-8000-000000000000"


@dataclass
class Desk:
    """A gateway, and an erasure whose plan waits for somebody."""

    here: Indoors
    waiting: str

    async def create(self, key: str | None = "", **changes: Any) -> httpx.Response:
        person = self.here.person(Role.RUNNING)
        headers = {} if key is None else {"idempotency-key": key or str(uuid4())}
        body = {**a_request("access", person, "directory"), **changes}
        return await self.here.caller().post("/v1/requests", json=body, headers=headers)

    async def correct(self, field: str, to: str, before: str | None = None) -> httpx.Response:
        return await self.create(
            operation="rectify", changes=[{"field": field, "from": before, "to": to}]
        )

    async def know_by(self, kind: str, value: str, **days: str) -> httpx.Response:
        return await self.create(subject={"identifiers": [{"kind": kind, "value": value, **days}]})

    async def to(self, part: str, body: JsonMap, client: str = "colleague") -> httpx.Response:
        http = self.here.caller(client)
        return await http.post(f"/v1/requests/{self.waiting}/{part}", json=body)

    async def decide(self, client: str, digest: str) -> httpx.Response:
        return await self.to("approval", {"plan_digest": digest, "decision": "approve"}, client)

    async def digest(self) -> str:
        return str((await self.here.request(self.waiting))["plan"]["digest"])

    async def send_on(self, **changes: Any) -> httpx.Response:
        person = self.here.person(Role.RUNNING)
        return await Sender(self.here).send(
            opendsr_sender.a_request("access", person, self.here, **changes)
        )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    folder = tmp_path_factory.mktemp("combinations")
    async with indoors(folder, ("directory",), more=SETTINGS, edited=vouched_for) as here:
        waiting = await here.submit(a_request("erase", here.person(Role.RUNNING), "directory"))
        assert (await here.until(waiting))["waiting_for"] == "approval"
        yield Desk(here, waiting)


CITY = {"field": "address.city", "to": "Doesburg"}


async def _twice(desk: Desk) -> httpx.Response:
    assert (await desk.create(KEY)).status_code == 202
    return await desk.create(KEY, note="another one")


async def _approved_by_the_same(desk: Desk) -> httpx.Response:
    return await desk.decide("portal", await desk.digest())


async def _unscoped(desk: Desk) -> httpx.Response:
    reader = desk.here.caller("reader", scopes=())
    body = a_request("erase", desk.here.person(Role.RUNNING))
    return await reader.post("/v1/requests", json=body, headers={"idempotency-key": KEY})


async def _letter(desk: Desk) -> httpx.Response:
    return await desk.here.caller().get(f"/v1/requests/{desk.waiting}/letter?version=1&language=nl")


async def _sent_on_twice(desk: Desk) -> httpx.Response:
    own = str(uuid4())
    assert (await desk.send_on(subject_request_id=own)).status_code == 201
    return await desk.send_on(subject_request_id=own, subject_request_type="portability")


def _extended(**days: str) -> JsonMap:
    return {DOMAIN: {"identities": [identity("phone", "+31201234567", **days)]}}


BREAKS: dict[str, Callable[[Desk], Awaitable[httpx.Response]]] = {
    "a rectification names what has to change": lambda at: at.create(operation="rectify"),
    "nothing else does": lambda at: at.create(changes=[CITY]),
    "a field is corrected once": lambda at: at.create(operation="rectify", changes=[CITY, CITY]),
    "a correction changes something": lambda at: at.correct("address.city", "A", "A"),
    "a new value is one that its field can have": lambda at: at.correct("name.family", "1"),
    "a new number or address is one that could be looked for": lambda at: at.correct("email", "a"),
    "a bank account has the right check digits": lambda at: at.correct(
        "bank_account", "NL00ABNA0417164300"
    ),
    "only a copy can be sealed": lambda at: at.create(
        operation="erase",
        recipient="age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p",
    ),
    "a value is one of its kind": lambda at: at.know_by("phone", "a@example.org"),
    "a name and address hold no citizen service number": lambda at: at.know_by(
        "name_address", "Jansen, BSN 111222333"
    ),
    "days end after they begin": lambda at: at.know_by(
        "phone", "+31201234567", valid_from="2026-02-01", valid_until="2026-02-01"
    ),
    "only systems of one's own are named": lambda at: at.create(scope={"connectors": ["xelion"]}),
    "events are sent to listed hosts": lambda at: at.create(callback_url="https://crm.example/"),
    "identity was verified by now": lambda at: at.create(
        identity={**IDENTITY, "verified_at": FUTURE}
    ),
    "the person asked by this call": lambda at: at.create(submitted_at=FUTURE),
    "days to answer do not begin more than a month ago": lambda at: at.create(
        submitted_at="2020-01-01T00:00:00Z"
    ),
    "a right needs its scope": _unscoped,
    "a request has a key": lambda at: at.create(None),
    "a key stands for one body": _twice,
    "what is decided is the newest plan": lambda at: at.decide("colleague", "0" * 64),
    "a second person decides": _approved_by_the_same,
    "later identity was verified by now, too": lambda at: at.to(
        "identity", {**IDENTITY, "verified_at": FUTURE}
    ),
    "only a system of one's own is tried again": lambda at: at.to("retry", {"connector": "xelion"}),
    "a copy goes to listed destinations": lambda at: at.to("handover", {"destination": "nowhere"}),
    "a version of a letter is named alone": _letter,
    "a request by 2.0 says by which law": lambda at: at.send_on(regulation=None),
    "somebody is named": lambda at: at.send_on(subject_identities=[]),
    "a controller's name is that of the token's": lambda at: at.send_on(controller_id="another"),
    "answers are sent to listed hosts": lambda at: at.send_on(
        status_callback_urls=["https://crm.example/"]
    ),
    "the person asked by now": lambda at: at.send_on(submitted_time=FUTURE),
    "a value is one of its type": lambda at: at.send_on(
        subject_identities=[identity("email", "+31201234567")]
    ),
    "days of an identity end after they begin": lambda at: at.send_on(
        extensions=_extended(valid_from="2026-02-01", valid_until="2026-02-01")
    ),
    "an id stands for one request": _sent_on_twice,
}


@dataclass(frozen=True, slots=True)
class Row:
    """A rule as the page has it."""

    problem: str
    where: str | None
    says: str

    def is_told_by(self, answer: httpx.Response) -> bool:
        told = answer.json()
        if "error" in told:  # OpenDSR's shape
            [error] = told["error"]["errors"]
            title = TITLES[self.problem]
            told_at = (error["reason"], error["message"])
            return told["error"]["message"].startswith(title) and told_at == (
                self.where or self.problem,
                self.says,
            )
        if not told["type"].endswith(f"/{self.problem}"):
            return False
        if self.where is None:
            return bool(told["detail"] == self.says)
        [error] = told["errors"]
        return (error.get("pointer", error.get("parameter")), error["detail"]) == (
            self.where,
            self.says,
        )


TITLES = {kind.slug: kind.title for kind in TYPES}
_ROW = re.compile(
    r"\| (?P<rule>[^|]+) \| [^|]+ \| `(?P<problem>[a-z-]+)`(?: at `(?P<where>[^`]+)`)? \| (?P<says>[^|]+) \|"
)


def rows() -> dict[str, Row]:
    lines = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("|")]
    found = [_ROW.fullmatch(line) for line in lines if not line.startswith(("| rule ", "|---"))]
    assert all(found), "a row that cannot be read"
    return {one["rule"]: Row(one["problem"], one["where"], one["says"]) for one in found if one}


def test_the_page_and_what_is_tried_are_the_same_list() -> None:
    assert list(rows()) == list(BREAKS)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("rule", BREAKS)
async def test_what_breaks_a_rule_is_refused_as_the_page_says(rule: str, desk: Desk) -> None:
    answer = await BREAKS[rule](desk)

    assert answer.status_code >= 400
    assert rows()[rule].is_told_by(answer), answer.text


# What is said of one field or one parameter by itself, which its description says too.
_OF_ONE_FIELD = frozenset(
    {
        "Take the cursor from next in the page before.",
        "Write a day, such as 2026-01-31.",
        "must be today or later, and at most 20 years from now",
    }
)


def test_no_rule_of_the_code_is_missing_on_the_page() -> None:
    told = " ".join(row.says for row in rows().values())
    said = {text for path in sorted(API.glob("*.py")) for text in _rules(path)} - _OF_ONE_FIELD

    assert len(said) > 15
    assert [text for text in sorted(said) if text not in told] == []


def _rules(path: Path) -> Iterator[str]:
    """What is said where fields are looked at together: after a model was read, and in routes."""
    tree = ast.parse(path.read_text("utf-8"))
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef) and any(
            "model_validator" in ast.unparse(one) for one in function.decorator_list
        ):
            yield from _said(function, "WrongValueError")
        if isinstance(function, ast.FunctionDef) and function.name == "misfits":
            yields = (one.value for one in ast.walk(function) if isinstance(one, ast.Yield))
            yield from (str(one.value) for one in yields if isinstance(one, ast.Constant))
    yield from _said(tree, "Located")
    yield from _said(tree, "_invalid")


def _said(tree: ast.AST, by: str) -> Iterator[str]:
    """The first argument of each call, as far as it is written out."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name), args=[ast.Constant(value=str(text)), *_]):
                yield from [text] if name == by else []
            case ast.Call(func=ast.Name(id=name), args=[ast.JoinedStr(values=parts), *_]):
                constants = [part.value for part in parts if isinstance(part, ast.Constant)]
                texts = [each for each in constants if isinstance(each, str)]
                yield from texts if name == by else []
