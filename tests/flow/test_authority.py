"""Every route, tried with every kind of token on one's own, on another's and on what is not there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from avgate_contracts.vocabulary import Operation
from avgate_gateway.api.application import unguarded
from avgate_gateway.authentication import ASKS_FOR_ITS_OPERATION, Scope
from avgate_gateway.store.schema import hand_task, request

from .authority import MATRIX, Open, routes
from .door import BODIES, GUARDED, HERE, OWN_TO_ALL, PLACE, THERE, Door, a_body, a_door, tries
from .harness import bearer


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def door(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Door]:
    async with a_door(tmp_path_factory.mktemp("door")) as door:
        yield door


def combinations(needed: frozenset[Scope]) -> Iterable[frozenset[Scope]]:
    """Each scope alone, all but one of those needed, what is needed, everything, and nothing."""
    everything = frozenset(Scope)
    each = {frozenset({scope}) for scope in Scope}
    return {frozenset(), *each, *(everything - {one} for one in needed), needed, everything}


def test_every_route_has_an_entry_and_every_entry_a_route(
    application_routes: list[tuple[str, str]],
) -> None:
    assert len(application_routes) == len(set(application_routes))
    assert set(application_routes) == set(MATRIX), "say in authority.py who may call it"


@pytest.fixture(scope="module")
def application_routes(door: Door) -> list[tuple[str, str]]:
    assembled = door.here.assembled
    return list(routes(unguarded(assembled.gateway, assembled.verifier)))


@pytest.fixture(scope="module")
def described(door: Door) -> Mapping[str, Any]:
    """The paths of the description, which takes a while to make."""
    assembled = door.here.assembled
    paths: Mapping[str, Any] = unguarded(assembled.gateway, assembled.verifier).openapi()["paths"]
    return paths


@pytest.mark.parametrize("at", GUARDED, ids=" ".join)
def test_the_description_tells_the_scope_of_each_route(
    at: tuple[str, str], described: Mapping[str, Any]
) -> None:
    told = described[at[1]][at[0].lower()]
    entry = GUARDED[at]
    assert told["security"] == [{"bearer": [scope.value for scope in entry.scopes]}]
    more = ASKS_FOR_ITS_OPERATION["x-avgate-scope"] if entry.of_operation else None
    assert told.get("x-avgate-scope") == more


def test_the_description_asks_no_token_of_an_open_route(described: Mapping[str, Any]) -> None:
    for (method, path), entry in MATRIX.items():
        if isinstance(entry, Open) and path in described:
            assert "security" not in described[path][method.lower()]


@pytest.mark.parametrize("at", GUARDED, ids=" ".join)
@pytest.mark.asyncio(loop_scope="module")
async def test_a_route_opens_to_exactly_the_scopes_it_names(
    at: tuple[str, str], door: Door
) -> None:
    for operation in tries(at):
        needed, target = GUARDED[at].needed(operation), door.own(at, operation)
        assert (await door.knock(at, target, operation, None)).status_code == 401
        for held in combinations(needed):
            answer = await door.knock(at, target, operation, door.token(HERE, held))
            tried = (operation, sorted(held), answer.status_code, answer.text[:300])
            if needed <= held:
                assert answer.status_code not in {401, 403, 404, 500}, tried
            else:
                assert answer.status_code == 403, tried
                assert any(scope in answer.text for scope in needed - held), tried


@pytest.mark.parametrize(
    "at", [at for at in GUARDED if "{" in at[1] and at not in OWN_TO_ALL], ids=" ".join
)
@pytest.mark.asyncio(loop_scope="module")
async def test_anothers_is_answered_as_what_is_not_there(at: tuple[str, str], door: Door) -> None:
    for operation in tries(at):
        named = GUARDED[at].scopes
        for held in combinations(GUARDED[at].needed(operation)):
            stranger = door.token(THERE, held)
            theirs = await door.knock(at, door.own(at, operation), operation, stranger)
            nothing = await door.knock(at, str(uuid4()), operation, stranger)
            assert theirs.status_code == (404 if named <= held else 403), (operation, held)
            assert (theirs.status_code, theirs.content) == (nothing.status_code, nothing.content)
            assert lasting(theirs.headers) == lasting(nothing.headers)


def lasting(headers: httpx.Headers) -> dict[str, str]:
    """Headers without those that count the caller's own calls."""
    return {name: value for name, value in headers.items() if name != "ratelimit"}


@pytest.mark.parametrize("at", [at for at, one in MATRIX.items() if isinstance(one, Open)], ids=" ".join)  # fmt: skip
@pytest.mark.asyncio(loop_scope="module")
async def test_what_is_open_needs_no_token_and_looks_at_none(
    at: tuple[str, str], door: Door
) -> None:
    method, path = at
    url = path.replace("{token}", "never-issued")
    without = await door.http.request(method, url)
    forged = await door.http.request(method, url, headers=bearer("x.y.z"))
    assert without.status_code == forged.status_code == (404 if "{" in path else 200)


COLUMNS = sorted(
    {column.name for table in (request, hand_task) for column in table.c}
    | {"tenant_id", "controller_id", "verified", "approved_by", "submitted_by", "client_id"}
)
# OpenDSR has every processor leave alone what it does not know; tests/flow/opendsr/test_recorded.py sees that
# it changes nothing.
WITH_BODY = [at for at in GUARDED if at[0] == "POST" and at[1].startswith("/v1/")]


@pytest.mark.parametrize("at", WITH_BODY, ids=" ".join)
@pytest.mark.asyncio(loop_scope="module")
async def test_no_body_reaches_a_column(at: tuple[str, str], door: Door) -> None:
    operation = next(iter(tries(at)))
    body = BODIES.get(at[1].rsplit("/", 1)[1]) or a_body(operation)
    if BODIES.get(at[1].rsplit("/", 1)[1]) == {}:
        body = {}
    headers = bearer(door.token(HERE, Scope))
    url = PLACE.sub(door.own(at, operation), at[1])
    known = {"operation", "scope", "identity", "reason", "evidence", "plan_digest", "connector"}
    theirs = {"completed_by", "note", "changes"}
    if at == ("POST", "/v1/requests"):
        theirs.add("submitted_at")  # when the person asked: whoever takes it in says so
    for column in {*COLUMNS} - known - {*body} - theirs:
        headers["idempotency-key"] = str(uuid4())
        answer = await door.http.post(url, json={**body, column: "x"}, headers=headers)
        assert answer.status_code == 422, (column, answer.text)
        [told] = answer.json()["errors"]
        assert "known" in told["detail"], answer.text


@pytest.mark.asyncio(loop_scope="module")
async def test_no_header_says_for_whom_a_token_acts(door: Door) -> None:
    target = f"/v1/requests/{door.requests[Operation.ACCESS]}"
    for name in ("x-tenant", "x-tenant-id", "x-controller", "x-forwarded-user", "x-client-id"):
        sent = {**bearer(door.token(THERE, Scope)), name: HERE}
        assert (await door.http.get(target, headers=sent)).status_code == 404
        assert (await door.http.get("/v1/requests", headers=sent)).json()["items"] == []


@pytest.mark.parametrize(
    "spelled",
    ["//v1/requests", "/V1/requests", "/v1/requests/", "/v1;x/requests", "/v1//requests"],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "PATCH", "DELETE"])
@pytest.mark.asyncio(loop_scope="module")
async def test_no_spelling_of_an_address_goes_round_its_scope(
    method: str, spelled: str, door: Door
) -> None:
    answer = await door.http.request(method, f"http://gateway.test{spelled}")
    assert answer.status_code in {400, 401, 404, 405}, answer.text
    overriding = {"x-http-method-override": "GET", **bearer(door.token(HERE, ()))}
    answer = await door.http.post("/v1/retention", headers=overriding)
    assert answer.status_code == 405
