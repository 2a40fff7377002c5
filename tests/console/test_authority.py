"""Every page, tried by everybody: on one's own, on another's and on what is not there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from uuid import uuid4

import pytest
import pytest_asyncio

from avgate_contracts.vocabulary import Operation
from avgate_gateway.authentication import Scope

from ..flow.authority import Guarded, Open
from .authority import MATRIX, routes
from .hall import GUARDED, HERE, THERE, Hall, a_hall

pytestmark = pytest.mark.asyncio(loop_scope="module")
OPEN = [at for at, entry in MATRIX.items() if isinstance(entry, Open)]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hall(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hall]:
    async with a_hall(tmp_path_factory.mktemp("hall")) as hall:
        yield hall


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
