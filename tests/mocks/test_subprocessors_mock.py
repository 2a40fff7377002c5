"""The mock of published lists and of processors that speak OpenDSR."""

import base64
import csv
import io
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from hashlib import sha256

import httpx
import orjson
import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from avgate_contracts.settings import ConnectorSettings
from avgate_mocks.people import LIBERVOICE, MISTER_VOIP, Person, Role, cast
from avgate_mocks.subprocessors import build, config_section
from avgate_mocks.world import World, world

NOON = datetime(2025, 6, 2, 12, tzinfo=UTC)
PERFECTVIEW = "/opendsr/perfectview/v2"
WORKSPACE365 = "/opendsr/workspace365/v2"
FIRST = "a7551968-d5d6-44b2-9831-815ac9017798"
SECOND = "b7551968-d5d6-44b2-9831-815ac9017798"


@pytest.fixture
def shared() -> World:
    return world(seed=1, now=lambda: NOON)


@pytest.fixture
async def mock(shared: World) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(build(shared, 0))
    async with httpx.AsyncClient(transport=transport, base_url="http://mock") as client:
        yield client


@pytest.fixture
def person(shared: World) -> Person:
    return cast(shared.people)[Role.RUNNING]


def bearer(
    shared: World, processor: str = "perfectview", controller: str = LIBERVOICE
) -> Mapping[str, str]:
    token = shared.secret(f"subprocessors/{processor}", controller)
    return {"Authorization": f"Bearer {token}"}


def order(
    kind: str,
    *identities: tuple[str, str, str],
    name: str = FIRST,
    extended: tuple[str, str, str] | None = None,
) -> dict[str, object]:
    body: dict[str, object] = {
        "regulation": "gdpr",
        "subject_request_id": name,
        "subject_request_type": kind,
        "submitted_time": "2025-06-02T12:00:00Z",
        "subject_identities": [identity(*one) for one in identities],
        "api_version": "2.0",
    }
    if extended:
        body["extensions"] = {"perfectview.example": {"identities": [identity(*extended)]}}
    return body


def identity(kind: str, form: str, value: str) -> dict[str, str]:
    return {"identity_type": kind, "identity_format": form, "identity_value": value}


def by_customer_id(person: Person) -> tuple[str, str, str]:
    return "controller_customer_id", "raw", person.customer_id


async def advance(mock: httpx.AsyncClient, seconds: float) -> None:
    await mock.post("/_clock", json={"advance_seconds": seconds})


async def held(mock: httpx.AsyncClient, person: Person) -> int:
    rows = (await mock.get("/_people")).json()["people"]
    (row,) = (row for row in rows if row["id"] == person.id)
    count: int = row["holds"].get("processor_data", 0)
    return count


async def kinds(mock: httpx.AsyncClient) -> list[str]:
    return [effect["kind"] for effect in (await mock.get("/_ledger")).json()["effects"]]


@pytest.mark.parametrize(
    "path", ["/lists/kpn.json", "/lists/managed-voice.csv", f"{PERFECTVIEW}/discovery"]
)
async def test_a_list_that_did_not_change_is_not_sent_again(
    mock: httpx.AsyncClient, path: str
) -> None:
    first = await mock.get(path)
    again = await mock.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert first.headers["Last-Modified"].endswith("GMT")


async def test_a_list_that_did_not_change_since_a_date_is_not_sent_again(
    mock: httpx.AsyncClient,
) -> None:
    date = (await mock.get("/lists/kpn.json")).headers["Last-Modified"]
    since = {"If-Modified-Since": date}
    assert (await mock.get("/lists/kpn.json", headers=since)).status_code == 304
    tagged = {**since, "If-None-Match": '"another"'}  # a tag outweighs the date
    assert (await mock.get("/lists/kpn.json", headers=tagged)).status_code == 200
    older = {"If-Modified-Since": "Mon, 01 Jan 2024 00:00:00 GMT"}
    for headers in (older, {"If-Modified-Since": "yesterday"}):
        assert (await mock.get("/lists/kpn.json", headers=headers)).status_code == 200


async def test_a_receipt_is_signed_in_its_body_too(
    mock: httpx.AsyncClient, shared: World, person: Person
) -> None:
    body = order("erasure", by_customer_id(person))
    path = f"{PERFECTVIEW}/requests"
    made = await mock.post(path, json=body, headers=bearer(shared))
    gone = await mock.delete(f"{path}/{FIRST}", headers=bearer(shared))
    pem = (await mock.get(f"{PERFECTVIEW}/certificate.pem")).content
    key = x509.load_pem_x509_certificate(pem).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    for answer in (made, gone):
        content = answer.json()
        signature = base64.b64decode(content.pop("processor_signature"))
        key.verify(signature, orjson.dumps(content), padding.PKCS1v15(), SHA256())


async def test_a_state_says_nothing_of_results_that_there_are_not(
    mock: httpx.AsyncClient, shared: World, person: Person
) -> None:
    path = f"{PERFECTVIEW}/requests"
    await mock.post(path, json=order("erasure", by_customer_id(person)), headers=bearer(shared))
    await mock.delete(f"{path}/{FIRST}", headers=bearer(shared))
    state = (await mock.get(f"{path}/{FIRST}", headers=bearer(shared))).json()
    assert state["request_status"] == "cancelled"
    assert datetime.fromisoformat(state["expected_completion_time"]) > NOON
    assert state.keys().isdisjoint({"results_url", "results_count"})


async def test_an_entry_comes_after_a_week_and_another_goes_after_a_fortnight(
    mock: httpx.AsyncClient,
) -> None:
    seen = []
    for _ in range(3):
        lines = (await mock.get("/lists/kpn.json")).json()["subprocessors"]
        seen.append({line["name"] for line in lines})
        await advance(mock, 7 * 86_400)
    assert seen[1] - seen[0] == {"Stroomlijn Facturatie"}
    assert seen[1] - seen[2] == {"Veldwerk Monteurs"}


async def test_a_list_shows_what_was_published_by_order(mock: httpx.AsyncClient) -> None:
    before = (await mock.get("/lists/managed-voice.csv")).headers["ETag"]
    lines = [{"name": "Kluis, BV", "products": ["Voice Select", "Voice Connect"]}]
    await mock.post("/_lists", json={"provider": "managed-voice", "processors": lines})
    after = await mock.get("/lists/managed-voice.csv", headers={"If-None-Match": before})
    (row,) = csv.DictReader(io.StringIO(after.text))
    assert (row["name"], row["products"]) == ("Kluis, BV", "Voice Select; Voice Connect")


async def test_an_order_for_an_unknown_list_says_which_lists_there_are(
    mock: httpx.AsyncClient,
) -> None:
    refused = await mock.post("/_lists", json={"provider": "nobody", "processors": []})
    assert refused.status_code == 422
    assert "kpn" in refused.json()["wrong"]["providers"]


async def test_a_request_is_pending_then_in_progress_then_completed(
    mock: httpx.AsyncClient, shared: World, person: Person
) -> None:
    mine = bearer(shared)
    created = await mock.post(
        f"{PERFECTVIEW}/requests", json=order("access", by_customer_id(person)), headers=mine
    )
    states = []
    for seconds in (0.6, 1, 0):
        state = await mock.get(f"{PERFECTVIEW}/requests/{FIRST}", headers=mine)
        states.append(state.json()["request_status"])
        await advance(mock, seconds)
    assert created.status_code == 201
    assert states == ["pending", "in_progress", "completed"]


async def test_results_hold_everything_held_of_the_person_and_nobody_else(
    mock: httpx.AsyncClient, shared: World, person: Person
) -> None:
    mine = bearer(shared)
    body = order("access", by_customer_id(person))
    await mock.post(f"{PERFECTVIEW}/requests", json=body, headers=mine)
    await advance(mock, 2)
    state = (await mock.get(f"{PERFECTVIEW}/requests/{FIRST}", headers=mine)).json()
    results = (await mock.get(state["results_url"], headers=mine)).json()["results"]
    assert len(results) == state["results_count"] > 1
    assert {"identity_type": "email", "identity_value": person.emails[0]} in results[0][
        "identities"
    ]
    assert {result["id"].split("-")[1] for result in results} == {str(person.position)}


async def test_results_are_gone_after_seven_days(
    mock: httpx.AsyncClient, shared: World, person: Person
) -> None:
    mine = bearer(shared)
    body = order("portability", by_customer_id(person))
    await mock.post(f"{PERFECTVIEW}/requests", json=body, headers=mine)
    await advance(mock, 8 * 86_400)
    late = await mock.get(f"{PERFECTVIEW}/requests/{FIRST}/results", headers=mine)
    assert late.status_code == 410


async def test_an_erasure_takes_effect_when_it_completes_and_not_before(
    mock: httpx.AsyncClient, shared: World, person: Person
) -> None:
    before = await held(mock, person)
    body = order("erasure", by_customer_id(person))
    await mock.post(f"{PERFECTVIEW}/requests", json=body, headers=bearer(shared))
    assert await held(mock, person) == before
    await advance(mock, 2)
    assert await held(mock, person) < before
    assert await kinds(mock) == ["order", "erase"]


async def test_the_same_id_again_gets_the_same_answer_and_has_no_second_effect(
    mock: httpx.AsyncClient, shared: World, person: Person
) -> None:
    body = order("erasure", by_customer_id(person))
    later = {**body, "submitted_time": "2025-06-02T12:07:00Z"}
    first = await mock.post(f"{PERFECTVIEW}/requests", json=body, headers=bearer(shared))
    again = await mock.post(f"{PERFECTVIEW}/requests", json=later, headers=bearer(shared))
    assert again.content == first.content
    assert again.headers["X-OpenDSR-Signature"] == first.headers["X-OpenDSR-Signature"]
    assert await kinds(mock) == ["order"]


async def test_the_same_id_for_somebody_else_is_refused(
    mock: httpx.AsyncClient, shared: World, person: Person
) -> None:
    other = cast(shared.people)[Role.ENDED]
    for who, status in ((person, 201), (other, 400)):
        body = order("erasure", by_customer_id(who))
        answer = await mock.post(f"{PERFECTVIEW}/requests", json=body, headers=bearer(shared))
        assert answer.status_code == status


async def test_only_a_pending_request_can_be_cancelled(
    mock: httpx.AsyncClient, shared: World, person: Person
) -> None:
    mine = bearer(shared)
    for name, wait, status in ((FIRST, 0, 202), (SECOND, 0.6, 400)):
        body = order("erasure", by_customer_id(person), name=name)
        await mock.post(f"{PERFECTVIEW}/requests", json=body, headers=mine)
        await advance(mock, wait)
        answer = await mock.delete(f"{PERFECTVIEW}/requests/{name}", headers=mine)
        assert answer.status_code == status
    state = await mock.get(f"{PERFECTVIEW}/requests/{FIRST}", headers=mine)
    assert state.json()["request_status"] == "cancelled"


async def test_an_answer_is_signed_with_the_key_that_discovery_names(
    mock: httpx.AsyncClient, shared: World, person: Person
) -> None:
    body = order("access", by_customer_id(person))
    answer = await mock.post(f"{PERFECTVIEW}/requests", json=body, headers=bearer(shared))
    discovery = (await mock.get(f"{PERFECTVIEW}/discovery")).json()
    pem = (await mock.get(discovery["processor_certificate"])).content
    key = x509.load_pem_x509_certificate(pem).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    signature = base64.b64decode(answer.headers["X-OpenDSR-Signature"])
    key.verify(signature, answer.content, padding.PKCS1v15(), SHA256())
    with pytest.raises(InvalidSignature):
        key.verify(signature, answer.content + b" ", padding.PKCS1v15(), SHA256())
    assert answer.headers["X-OpenDSR-Processor-Domain"] == "perfectview.example"


async def test_the_answer_repeats_the_request_for_the_controllers_proof(
    mock: httpx.AsyncClient, shared: World, person: Person
) -> None:
    answer = await mock.post(
        f"{PERFECTVIEW}/requests",
        json=order("access", by_customer_id(person)),
        headers=bearer(shared),
    )
    assert base64.b64decode(answer.json()["encoded_request"]) == answer.request.content


async def test_a_number_finds_whoever_has_it_now_through_the_extension(
    mock: httpx.AsyncClient, shared: World
) -> None:
    after = cast(shared.people)[Role.NUMBER_AFTER]
    mine = bearer(shared)
    body = order("access", extended=("phone", "raw", after.lines[0].number))
    await mock.post(f"{PERFECTVIEW}/requests", json=body, headers=mine)
    await advance(mock, 2)
    results = await mock.get(f"{PERFECTVIEW}/requests/{FIRST}/results", headers=mine)
    found = {result["id"].split("-")[1] for result in results.json()["results"]}
    assert found == {str(after.position)}


async def test_a_processor_that_takes_only_hashes_finds_a_person_by_one(
    mock: httpx.AsyncClient, shared: World
) -> None:
    mine = bearer(shared, "workspace365")
    counts = []
    for person in shared.people[:4]:
        hashed = ("email", "sha256", sha256(person.emails[0].encode()).hexdigest())
        name = f"{person.position:08x}{FIRST[8:]}"
        body = order("access", hashed, name=name)
        await mock.post(f"{WORKSPACE365}/requests", json=body, headers=mine)
        await advance(mock, 2)
        state = await mock.get(f"{WORKSPACE365}/requests/{name}", headers=mine)
        counts.append(state.json()["results_count"])
    assert sum(counts) > 0


@pytest.mark.parametrize(
    "change",
    [
        {"regulation": "avg"},
        {"subject_request_id": FIRST.upper()},
        {"subject_request_id": "a7551968-d5d6-14b2-9831-815ac9017798"},
        {"subject_request_type": "rectification"},
        {"submitted_time": "yesterday"},
        {"subject_identities": []},
        {"subject_identities": [identity("email", "md5", "geheim@example.org")]},
    ],
)
async def test_a_wrong_request_is_refused_without_repeating_it(
    mock: httpx.AsyncClient, shared: World, person: Person, change: Mapping[str, object]
) -> None:
    body = {**order("erasure", by_customer_id(person)), **change}
    answer = await mock.post(f"{PERFECTVIEW}/requests", json=body, headers=bearer(shared))
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == 400
    assert person.customer_id not in answer.text
    assert "geheim" not in answer.text


async def test_a_controller_neither_finds_nor_sees_what_is_anothers(
    mock: httpx.AsyncClient, shared: World, person: Person
) -> None:
    body = order("access", by_customer_id(person))
    await mock.post(f"{PERFECTVIEW}/requests", json=body, headers=bearer(shared))
    theirs = bearer(shared, controller=MISTER_VOIP)
    path = f"{PERFECTVIEW}/requests/{FIRST}"
    assert (await mock.get(path, headers=theirs)).status_code == 404
    await mock.post(f"{PERFECTVIEW}/requests", json=body, headers=theirs)
    await advance(mock, 2)
    assert (await mock.get(path, headers=theirs)).json()["results_count"] == 0


async def test_a_call_without_the_processors_own_token_is_refused(
    mock: httpx.AsyncClient, shared: World, person: Person
) -> None:
    wrong: tuple[Mapping[str, str], ...] = ({}, bearer(shared, "workspace365"))
    for headers in wrong:
        body = order("access", by_customer_id(person))
        answer = await mock.post(f"{PERFECTVIEW}/requests", json=body, headers=headers)
        assert answer.status_code == 401


def test_the_written_settings_name_only_processors_that_can_be_asked(shared: World) -> None:
    section = config_section(shared, LIBERVOICE, 9103)
    processors = section["processors"]
    assert isinstance(processors, list)
    assert [p["name"] for p in processors if "opendsr_url" in p] == ["perfectview", "workspace365"]
    assert len(processors) == 2
    assert ConnectorSettings(base_url=str(section["base_url"])).hosts() == {"127.0.0.1:9103"}


async def test_the_names_of_the_first_version_are_honoured_still(
    mock: httpx.AsyncClient, shared: World, person: Person
) -> None:
    under = PERFECTVIEW.replace("v2", "v1")
    body = order("access", by_customer_id(person))
    del body["regulation"]
    discovery = (await mock.get(f"{under}/discovery")).json()
    pem = (await mock.get(discovery["processor_certificate"])).content
    key = x509.load_pem_x509_certificate(pem).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    mock.headers.update(bearer(shared))
    made = await mock.post(f"{under}/opengdpr_requests", json=body)
    state = await mock.get(f"{under}/opengdpr_requests/{FIRST}")
    cancelled = await mock.delete(f"{under}/opengdpr_requests/{FIRST}")
    assert [made.status_code, state.status_code, cancelled.status_code] == [201, 200, 202]
    assert discovery["api_version"] == state.json()["api_version"] == "1.0"
    for answer in (made, state, cancelled):
        assert answer.headers["X-OpenGDPR-Processor-Domain"] == "perfectview.example"
        signature = base64.b64decode(answer.headers["X-OpenGDPR-Signature"])
        key.verify(signature, answer.content, padding.PKCS1v15(), SHA256())


async def test_results_asked_for_by_the_first_versions_names_are_found_by_them(
    mock: httpx.AsyncClient, shared: World, person: Person
) -> None:
    under = f"{PERFECTVIEW.replace('v2', 'v1')}/opengdpr_requests"
    body = order("access", by_customer_id(person))
    await mock.post(under, json=body, headers=bearer(shared))
    await advance(mock, 2)
    state = (await mock.get(f"{under}/{FIRST}", headers=bearer(shared))).json()
    assert state["results_url"].endswith(f"{under}/{FIRST}/results")
    assert (await mock.get(state["results_url"], headers=bearer(shared))).status_code == 200


async def test_the_second_version_wants_the_regulation_named(
    mock: httpx.AsyncClient, shared: World, person: Person
) -> None:
    body = order("access", by_customer_id(person))
    del body["regulation"]
    answer = await mock.post(f"{PERFECTVIEW}/requests", json=body, headers=bearer(shared))
    assert answer.status_code == 400
    assert [each["reason"] for each in answer.json()["error"]["errors"]] == ["regulation"]


async def test_what_an_extension_says_to_another_processor_is_not_read(
    mock: httpx.AsyncClient, shared: World, person: Person
) -> None:
    body = order("access", by_customer_id(person))
    body["extensions"] = {"other.example": {"identities": [{"identity_type": "other1"}], "id": 5}}
    answer = await mock.post(f"{PERFECTVIEW}/requests", json=body, headers=bearer(shared))
    assert answer.status_code == 201
