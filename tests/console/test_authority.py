"""Every page, tried by everybody: on one's own, on another's and on what is not there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from avgate_contracts.vocabulary import Operation
from avgate_gateway.authentication import Scope
from avgate_mocks.people import Role

from ..flow.authority import Guarded, Open
from ..flow.harness import a_request
from ..flow.indoors import BY_HAND
from ..gateway.receiver import SECRET
from .authority import FORMS, MATRIX, routes
from .lobby import Browser, Lobby, lobby

pytestmark = pytest.mark.asyncio(loop_scope="module")
HERE, THERE = "libervoice", "mister-voip"
CHANGES = [{"field": "address.city", "to": "Arnhem"}]
GUARDED = {at: entry for at, entry in MATRIX.items() if isinstance(entry, Guarded)}
TOLD = f"""
[controllers.libervoice.webhooks.crm]
url = "https://crm.example/avgate"
secret = "{SECRET}"
"""
OPEN = [at for at, entry in MATRIX.items() if isinstance(entry, Open)]


@dataclass
class Hall:
    """The console, and one request of each operation to try every page with."""

    at: Lobby
    requests: Mapping[Operation, str]
    by_hand: tuple[str, str]  # a request, and a task of it
    message: str  # to another system
    people: dict[tuple[str, frozenset[str]], tuple[Browser, str]] = field(default_factory=dict)

    def own(self, at: tuple[str, str], operation: Operation) -> str:
        if "{delivery_id}" in at[1]:
            return self.message
        return self.by_hand[1] if "{task_id}" in at[1] else self.requests[operation]

    async def somebody(self, controller: str, scopes: Iterable[str]) -> tuple[Browser, str]:
        key = (controller, frozenset(scopes))
        if key not in self.people:
            name = f"{controller}.{len(self.people)}"
            browser = await self.at.signed_in(name, key[1], controller)
            self.people[key] = (browser, await browser.csrf())
        return self.people[key]

    async def knock(
        self, at: tuple[str, str], target: str, operation: Operation, who: tuple[Browser, str]
    ) -> httpx.Response:
        (method, path), (browser, csrf) = at, who
        url = path.replace("{connector}", "directory")
        if "{task_id}" in path:  # a request and its task go together, or neither is there
            request_id, task = self.by_hand if target == self.by_hand[1] else (target, target)
            url = url.replace("{request_id}", request_id).replace("{task_id}", task)
        url = url.replace("{request_id}", target).replace("{delivery_id}", target)
        if method == "GET":
            return await browser.get(url)
        return await browser.post(url, {"csrf": csrf, **a_form(at, operation)})


def a_form(at: tuple[str, str], operation: Operation) -> dict[str, str]:
    if at == ("POST", "/console/requests"):
        changes = (
            {"field_0": "address.city", "to_0": "Arnhem"} if operation is Operation.RECTIFY else {}
        )
        return {"key": str(uuid4()), "right": operation.value, "kind_0": "email",
                "value_0": "nobody@voorbeeld.example", "connectors": "directory", **changes}  # fmt: skip
    return dict(FORMS.get(at[1].rsplit("/", 1)[1], {}))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hall(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hall]:
    names = ("directory", "subprocessors")
    async with lobby(tmp_path_factory.mktemp("hall"), names, BY_HAND + TOLD) as at:
        body = a_request("erase", at.here.person(Role.RUNNING), "subprocessors")
        by_hand = await at.here.carry_out(body, "person")
        [task] = (await at.here.get("/v1/tasks?state=open"))["items"]
        made = {}
        for operation in (Operation.ACCESS, Operation.EXPORT):
            body = a_request(operation.value, at.here.person(Role.RUNNING), "directory")
            made[operation] = await at.here.carry_out(body, "closed")
        for operation, more in ((Operation.ERASE, {}), (Operation.RECTIFY, {"changes": CHANGES})):
            body = a_request(operation.value, at.here.person(Role.RUNNING), "directory", **more)
            made[operation] = await at.here.submit(body)
            assert (await at.here.until(made[operation]))["waiting_for"] == "approval"
        [message] = (await at.here.get("/v1/webhooks/deliveries?limit=1"))["items"]
        yield Hall(at, made, (by_hand, task["id"]), message["id"])


def combinations(needed: frozenset[Scope]) -> Iterable[frozenset[str]]:
    """Nothing, each of what is needed alone, all but that, what is needed, and everything."""
    everything = frozenset(Scope)
    without = [everything - {one} for one in needed]
    found = [
        frozenset[Scope](),
        *(frozenset({one}) for one in needed),
        *without,
        needed,
        everything,
    ]
    return {frozenset(scope.value for scope in one) for one in found}


async def test_every_page_has_an_entry_and_every_entry_a_page(hall: Hall) -> None:
    made = dict(routes(hall.at.pages))
    assert set(made) == set(MATRIX), "say in authority.py who may open it"
    for at, route in made.items():
        entry, asks = MATRIX[at], getattr(route, "scopes", None)
        assert (asks is None) == isinstance(entry, Open), at
        if isinstance(entry, Guarded):
            assert frozenset(asks or ()) == entry.scopes, at


async def test_what_cannot_be_taken_back_takes_a_new_proof(hall: Hall) -> None:
    asks = {at for at, route in routes(hall.at.pages) if getattr(route, "fresh", False)}
    one = "/console/requests/{request_id}"
    assert asks == {("GET", f"{one}/approval"), ("POST", f"{one}/approval"),
                    ("POST", f"{one}/reveal"), ("POST", f"{one}/changes"), ("GET", f"{one}/package"), ("POST", f"{one}/handover"),
                    ("POST", "/console/people/revealed")}  # fmt: skip


@pytest.mark.parametrize("at", GUARDED, ids=" ".join)
async def test_a_page_opens_to_exactly_the_scopes_it_names(at: tuple[str, str], hall: Hall) -> None:
    entry = GUARDED[at]
    for operation in entry.operations or (Operation.ACCESS,):
        target, needed = hall.own(at, operation), entry.needed(operation)
        for held in combinations(needed):
            answer = await hall.knock(at, target, operation, await hall.somebody(HERE, held))
            tried = (operation, sorted(held), answer.status_code)
            if {scope.value for scope in needed} <= held:
                is_there = {404} if "{task_id}" not in at[1] else set()  # no work by hand in here
                assert answer.status_code not in {401, 403, 500} | is_there, tried
            else:
                assert answer.status_code == 403, tried


@pytest.mark.parametrize("at", GUARDED, ids=" ".join)
async def test_whoever_is_signed_out_sees_nothing(at: tuple[str, str], hall: Hall) -> None:
    operation = (GUARDED[at].operations or (Operation.ACCESS,))[0]
    for controller in (HERE, None):
        target = hall.own(at, operation) if controller else str(uuid4())
        answer = await hall.knock(at, target, operation, (hall.at.browser(), "0" * 64))
        assert answer.status_code == (303 if at[0] == "GET" else 401)
        if at[0] == "GET":
            assert answer.headers["location"].startswith("/console/sign-in?back=")
            assert not answer.content


@pytest.mark.parametrize("at", [at for at in GUARDED if "{" in at[1]], ids=" ".join)
async def test_anothers_is_answered_as_what_is_not_there(at: tuple[str, str], hall: Hall) -> None:
    entry = GUARDED[at]
    for operation in entry.operations:
        for held in combinations(entry.needed(operation)):
            stranger = await hall.somebody(THERE, held)
            unknown = str(uuid4())
            own = hall.own(at, operation)
            theirs = await hall.knock(at, own, operation, stranger)
            nothing = await hall.knock(at, unknown, operation, stranger)
            is_in = {scope.value for scope in entry.scopes} <= held
            assert theirs.status_code == nothing.status_code == (404 if is_in else 403)
            assert _without(theirs.text, own, hall.by_hand[0]) == _without(nothing.text, unknown)


def _without(text: str, *ids: str) -> str:
    for one in ids:
        text = text.replace(one, "")
    return text


@pytest.mark.parametrize("at", OPEN, ids=" ".join)
async def test_what_is_open_does_not_tell_who_looks(at: tuple[str, str], hall: Hall) -> None:
    browser = hall.at.browser()
    url = at[1].replace("{version}", "x").replace("{name}", "x")
    answer = await (browser.get(url) if at[0] == "GET" else browser.post(url, {}))
    assert answer.status_code < 500
    assert not any(request in answer.text for request in hall.requests.values())
