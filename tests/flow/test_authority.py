"""Every route, tried with every kind of token on one's own, on another's and on what is not there."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from tests.gateway.receiver import SECRET

from avgate_contracts.vocabulary import Operation
from avgate_gateway.api.application import unguarded
from avgate_gateway.authentication import ASKS_FOR_ITS_OPERATION, Scope
from avgate_gateway.opendsr.mapping import OPERATIONS
from avgate_gateway.opendsr.naming import NAMINGS
from avgate_gateway.store.schema import hand_task, request
from avgate_mocks.people import Role

from .authority import MATRIX, Guarded, Open, routes
from .harness import IDENTITY, bearer, token
from .harness import a_request as asked
from .indoors import BY_HAND, Indoors, indoors
from .opendsr_sender import SETTINGS, vouched_for
from .opendsr_sender import a_request as sent_on

HERE, THERE = "libervoice", "mister-voip"
NOBODY = {"identifiers": [{"kind": "email", "value": "nobody@voorbeeld.example"}]}
CHANGES = [{"field": "address.city", "to": "Arnhem"}]
BODIES: Mapping[str, Any] = {
    "identity": IDENTITY,
    "approval": {"plan_digest": "0" * 64, "decision": "approve"},
    "extension": {"reason": "many systems"},
    "completion": {"evidence": "seen to"},
    "cancel": {},
    "retry": {},
    "replay": {},
    "enable": {},
    "resend": {"since": "2026-01-05T10:00:00Z"},
    "test": {},
    "handover": {"destination": "nowhere"},
    "pause": {"reason": "its supplier works on it"},
    "resume": {},
}
_PLACE = re.compile(r"\{[a-z_]+\}")
ENDPOINT = f"""
[controllers.libervoice.webhooks.crm]
url = "https://crm.example/called"
secret = "{SECRET}"
"""  # nothing is sent here: nobody sweeps
OPENDSR = [("POST", naming.collection) for naming in NAMINGS]
OPENDSR_TYPES = {own: theirs.value for theirs, own in OPERATIONS.items()}
OWN_TO_ALL = [at for at in MATRIX if "{connector}" in at[1]]  # each controller has such a one
GUARDED = {at: entry for at, entry in MATRIX.items() if isinstance(entry, Guarded)}


@dataclass
class Door:
    """The real application, and one request of each operation to try every route with."""

    here: Indoors
    http: httpx.AsyncClient
    requests: Mapping[Operation, str]
    task: str
    delivery: str
    sent: Mapping[Operation, str]  # by OpenDSR, under the ids of whoever sent them
    tokens: dict[tuple[str, frozenset[Scope]], str] = field(default_factory=dict)

    async def knock(
        self, at: tuple[str, str], target: str, operation: Operation, made: str | None
    ) -> httpx.Response:
        method, path = at
        part = path.rsplit("/", 1)[1]
        body = BODIES.get(part) if method == "POST" else None
        headers = bearer(made) if made else {}
        if at == ("POST", "/v1/requests"):
            body = a_body(operation)
            headers["idempotency-key"] = str(uuid4())
        if at in OPENDSR:
            body = sent_on(OPENDSR_TYPES[operation], self.here.person(Role.RUNNING), self.here)
        url = _PLACE.sub(target, path)
        return await self.http.request(method, url, json=body, headers=headers)

    def own(self, at: tuple[str, str], operation: Operation) -> str:
        if "{subject_request_id}" in at[1]:
            return self.sent[operation]
        own = {"{task_id}": self.task, "{delivery_id}": self.delivery, "{name}": "crm"}
        own["{connector}"] = "subprocessors"
        return next((v for k, v in own.items() if k in at[1]), self.requests[operation])

    def token(self, controller: str, scopes: Iterable[Scope]) -> str:
        asked = (controller, frozenset(scopes))
        if asked not in self.tokens:
            file = self.here.folder / "avgate-token.jwk"
            self.tokens[asked] = token(file, controller, "second", scopes)
        return self.tokens[asked]


def a_body(operation: Operation) -> dict[str, Any]:
    changes = {"changes": CHANGES} if operation is Operation.RECTIFY else {}
    scope = {"connectors": ["directory"]}
    return {"operation": operation.value, "subject": NOBODY, "scope": scope, **changes}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def door(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Door]:
    names = ("directory", "subprocessors")
    async with indoors(
        tmp_path_factory.mktemp("door"),
        names,
        more=BY_HAND + ENDPOINT + SETTINGS,
        edited=vouched_for,
    ) as here:
        made = {}
        for operation in (Operation.ACCESS, Operation.EXPORT):
            body = asked(operation.value, here.person(Role.RUNNING), "directory")
            made[operation] = await here.carry_out(body, "closed")
        by_hand = await here.carry_out(
            asked("erase", here.person(Role.RUNNING), "subprocessors"), "person"
        )
        tasks = (await here.get("/v1/tasks?state=open"))["items"]
        for operation, more in ((Operation.ERASE, {}), (Operation.RECTIFY, {"changes": CHANGES})):
            body = asked(operation.value, here.person(Role.RUNNING), "directory", **more)
            made[operation] = await here.submit(body)
            assert (await here.until(made[operation]))["waiting_for"] == "approval"
        task = next(one["id"] for one in tasks if one["request_id"] == by_hand)
        transport = here.caller()._transport
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway.test") as http:
            deliveries = (await here.get("/v1/webhooks/deliveries"))["items"]
            sent = await sent_by_opendsr(here)
            yield Door(here, http, made, task, deliveries[0]["id"], sent)


async def sent_by_opendsr(here: Indoors) -> Mapping[Operation, str]:
    """One request of each type, the copies made and the erasure up for approval."""
    made = {}
    for operation, kind in OPENDSR_TYPES.items():
        body = sent_on(kind, here.person(Role.RUNNING), here)
        answer = await here.caller().post("/opendsr/requests", json=body)
        assert answer.status_code == 201, answer.text
        made[operation] = body["subject_request_id"]
    await here.let_pass(seconds=1)
    return made


def combinations(needed: frozenset[Scope]) -> Iterable[frozenset[Scope]]:
    """Each scope alone, all but one of those needed, what is needed, everything, and nothing."""
    everything = frozenset(Scope)
    each = {frozenset({scope}) for scope in Scope}
    return {frozenset(), *each, *(everything - {one} for one in needed), needed, everything}


def tries(at: tuple[str, str]) -> Iterable[Operation]:
    entry = GUARDED[at]
    return entry.operations or (Operation.ACCESS,)


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
# OpenDSR has every processor leave alone what it does not know; tests/flow/test_opendsr.py sees that
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
    url = _PLACE.sub(door.own(at, operation), at[1])
    known = {"operation", "scope", "identity", "reason", "evidence", "plan_digest", "connector"}
    for column in {*COLUMNS} - known - {*body} - {"completed_by", "note", "changes"}:
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
