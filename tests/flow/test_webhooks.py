"""Events on their way from a change of state to somebody's server, over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
import sqlalchemy as sa
from pydantic import SecretStr
from tests.gateway.receiver import FORMER, PAIR, SECRET, Receiver, receiving

from avgate_gateway.authentication import Scope
from avgate_gateway.notice import Event
from avgate_gateway.settings import ControllerSettings, SettingsError, load
from avgate_gateway.store import deliveries, evidence, outbox
from avgate_gateway.store.deliveries import Wanted
from avgate_gateway.store.delivery_schema import delivery
from avgate_gateway.webhooks.form import UnaddressedError
from avgate_gateway.webhooks.outlets import CallbackForm
from avgate_gateway.webhooks.signing import public_keys
from avgate_mocks.people import Role

from .harness import JsonMap, a_request
from .indoors import BY_HAND, Indoors, indoors
from .sealed_file import at_rest

pytestmark = pytest.mark.asyncio(loop_scope="module")
ADMIN = (Scope.READ, Scope.ADMIN)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def crm() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def here(tmp_path_factory: pytest.TempPathFactory, crm: Receiver) -> AsyncIterator[Indoors]:
    host = crm.address.removeprefix("http://")
    config = (
        BY_HAND
        + crm.endpoint(former_secrets=f'["{FORMER}", "{PAIR}"]')
        + crm.endpoint("closings", events='["request.closed"]')
    )
    names = ("directory", "subprocessors")
    rules = f'callback_hosts = ["{host}"]\ncallback_secret = "{FORMER}"\n'
    async with indoors(tmp_path_factory.mktemp("here"), names, more=config, rules=rules) as made:
        yield made


@pytest.fixture(autouse=True)
def forget(crm: Receiver) -> None:
    crm.came.clear()
    crm.answers.clear()


async def send(here: Indoors) -> None:
    """Everything that is due, however much of it."""
    deliverer = here.assembled.deliverer
    before = -1
    while before != sum(deliverer.attempts.values()):
        before = sum(deliverer.attempts.values())
        await deliverer.sweep()
        await deliverer.idle()


def of(crm: Receiver, request_id: str, path: str = "/crm") -> list[dict[str, Any]]:
    told = [one.verified() for one in crm.came if one.path == path]
    return [one for one in told if one["data"]["request_id"] == request_id]


async def sent(here: Indoors, **asked: str) -> list[dict[str, Any]]:
    query = "&".join(f"{name}={value}" for name, value in {"limit": "200", **asked}.items())
    return list((await here.get(f"/v1/webhooks/deliveries?{query}"))["items"])


async def test_an_access_is_told_from_beginning_to_end(here: Indoors, crm: Receiver) -> None:
    request_id = await here.carry_out(a_request("access", here.person(Role.RUNNING), "directory"))
    await send(here)
    told = of(crm, request_id)
    assert [one["type"] for one in told] == [
        "request.received",
        "request.running",
        "connector.settled",
        "request.closed",
    ]
    assert [one["data"]["state"] for one in told] == ["received", "running", "running", "closed"]
    versions = [one["data"]["version"] for one in told]
    assert versions == sorted(versions)
    assert told[2]["data"] | {"connector": "directory", "result": "done"} == told[2]["data"]
    assert [one["type"] for one in of(crm, request_id, "/closings")] == ["request.closed"]
    assert {one["state"] for one in await sent(here, request_id=request_id)} == {"delivered"}


async def test_an_erasure_tells_whom_it_waits_for_and_what_people_did(
    here: Indoors, crm: Receiver
) -> None:
    body = a_request("erase", here.person(Role.RUNNING), "subprocessors", identity=None)
    request_id = await here.submit(body)
    identity = {"method": "portal", "verified_by": "jan", "verified_at": "2026-01-05T10:00:00Z"}
    answer = await here.caller().post(f"/v1/requests/{request_id}/identity", json=identity)
    assert answer.status_code == 200
    await here.until(request_id)
    await here.decide(request_id)
    await here.until(request_id, "person")
    reason = {"reason": "many systems"}
    await here.caller().post(f"/v1/requests/{request_id}/extension", json=reason)
    tasks = [
        t
        for t in (await here.get("/v1/tasks?state=open"))["items"]
        if t["request_id"] == request_id
    ]
    for task in tasks:
        done = {"evidence": "seen to"}
        await here.caller().post(f"/v1/tasks/{task['id']}/completion", json=done)
    await here.until(request_id, "closed")
    await send(here)
    told = of(crm, request_id)
    waits = [one["data"]["waiting_for"] for one in told if one["type"] == "request.waiting"]
    assert [word for word in waits if word != "upstream"][:2] == ["approval", "person"]
    assert told[0]["data"]["waiting_for"] == "identity"
    types = [one["type"] for one in told]
    for word in ("request.identified", "request.running", "connector.settled", "request.extended"):
        assert word in types, types
    opened = {one["data"]["task_id"] for one in told if one["type"] == "task.opened"}
    completed = {one["data"]["task_id"] for one in told if one["type"] == "task.completed"}
    assert opened >= completed == {task["id"] for task in tasks}
    assert types[-1] == "request.closed"


async def test_no_body_names_a_person(here: Indoors, crm: Receiver) -> None:
    person = here.person(Role.RUNNING)
    await here.erased(person, "directory", "subprocessors")
    await send(here)
    everything = b"".join(one.body for one in crm.came).decode()
    assert everything
    values = {one.value for one in person.identifiers()}
    assert not [value for value in values if value in everything]
    allowed = {"request_id", "operation", "state", "waiting_for", "version", "connector", "result",
               "code", "closing", "task_id", "due", "count", "until"}  # fmt: skip
    assert {name for one in crm.came for name in one.told["data"]} <= allowed


async def test_a_server_that_fails_is_listed_with_each_attempt(
    here: Indoors, crm: Receiver
) -> None:
    crm.answers += [500] * 20
    request_id = await here.submit(a_request("restrict", here.person(Role.RUNNING)))
    await send(here)
    failed = await sent(here, request_id=request_id, endpoint="crm")
    assert {one["state"] for one in failed} == {"waiting"}
    assert all(one["attempts"][0]["status"] == 500 for one in failed)
    crm.answers.clear()
    await here.let_pass(seconds=7)
    await send(here)
    done = await sent(here, request_id=request_id, endpoint="crm", state="delivered")
    assert {one["id"] for one in done} == {one["id"] for one in failed}
    assert [one["number"] for one in done[0]["attempts"]] == [1, 2]
    assert await sent(here, request_id=request_id, state="waiting") == []


async def test_deliveries_are_listed_in_pages_and_nobody_elses(here: Indoors) -> None:
    for _ in range(2):
        await here.submit(a_request("object", here.person(Role.RUNNING)))
    whole = await sent(here)
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = await here.get(f"/v1/webhooks/deliveries?limit=3{cursor}")
        found += page["items"]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert [one["id"] for one in found][: len(whole)] == [one["id"] for one in whole]
    stranger = here.caller(controller="mister-voip")
    assert (await stranger.get("/v1/webhooks/deliveries")).json() == {"items": [], "next": None}
    theirs = (await stranger.get("/v1/webhooks")).json()["items"]
    assert {one["kind"] for one in theirs} == {"callback"}


async def post(here: Indoors, path: str, body: JsonMap | None = None) -> httpx.Response:
    return await here.caller("chief", scopes=ADMIN).post(f"/v1/webhooks/{path}", json=body)


async def test_an_endpoint_is_shown_tested_disabled_and_enabled(
    here: Indoors, crm: Receiver
) -> None:
    shown = await here.caller().get("/v1/webhooks")
    assert SECRET not in shown.text
    assert FORMER not in shown.text
    by_name = {one["name"]: one for one in shown.json()["items"]}
    assert by_name["closings"]["events"] == ["request.closed"]
    assert by_name["crm"]["public_keys"] == [*public_keys([PAIR])]
    assert by_name["closings"]["public_keys"] == []
    assert PAIR not in shown.text
    assert by_name["crm"]["host"] == crm.address.removeprefix("http://")

    await send(here)
    crm.came.clear()
    crm.answers += [410]
    asked = await post(here, "endpoints/crm/test")
    assert asked.status_code == 202, asked.text
    await send(here)
    assert [one.verified()["type"] for one in crm.came] == ["webhook.test"]
    [crm_now] = [o for o in (await here.get("/v1/webhooks"))["items"] if o["name"] == "crm"]
    assert (crm_now["state"], crm_now["reason"]) == ("disabled", "gone")
    assert (await post(here, "endpoints/crm/test")).status_code == 409
    assert (await post(here, f"deliveries/{asked.json()['id']}/replay")).status_code == 409

    reads = here.caller("scraper", scopes=[Scope.READ_METRICS])
    figures = (await reads.get("/metrics")).text
    assert 'avgate_webhook_endpoints_disabled{controller="libervoice"} 1.0' in figures
    assert 'avgate_webhook_deliveries{controller="libervoice",state="held"} 1.0' in figures
    assert 'avgate_webhook_attempts_total{controller="libervoice",result="failed"}' in figures
    assert 'avgate_webhook_oldest_waiting_seconds{controller="libervoice"} 0.0' in figures

    enabled = await post(here, "endpoints/crm/enable")
    assert (enabled.json()["state"], enabled.json()["released"]) == ("enabled", 1)
    await send(here)
    assert [one.id for one in crm.came] == [asked.json()["id"]] * 2
    again = await post(here, f"deliveries/{asked.json()['id']}/replay")
    assert (again.status_code, again.json()["state"]) == (202, "waiting")
    await send(here)
    assert [one.id for one in crm.came] == [asked.json()["id"]] * 3
    async with here.assembled.context.database.read() as db:
        events = [e.event for e in await evidence.entries(db, limit=10_000) if "webhook" in e.event]
    assert events == ["webhook.tested", "webhook.disabled", "webhook.enabled", "webhook.replayed"]
    for path in (
        "endpoints/nobody/test",
        "endpoints/nobody/enable",
        f"deliveries/{uuid4()}/replay",
    ):
        assert (await post(here, path)).status_code == 404


async def test_all_that_failed_is_sent_again_unless_its_endpoint_is_disabled(
    here: Indoors, crm: Receiver
) -> None:
    await post(here, "endpoints/crm/test")
    await post(here, "endpoints/closings/test")
    await send(here)
    async with here.assembled.context.database.write() as db:
        await db.execute(delivery.update().values(state="failed"))
    resent = await post(here, "endpoints/crm/resend", {"since": "2026-01-01T00:00:00Z"})
    assert resent.status_code == 202, resent.text
    crm.came.clear()
    await send(here)
    assert {one.path for one in crm.came} == {"/crm"}
    assert resent.json()["resent"] == len(crm.came)
    crm.answers += [410]
    await post(here, "endpoints/crm/test")
    await send(here)
    refused = await post(here, "endpoints/crm/resend", {"since": "2026-01-01T00:00:00Z"})
    assert refused.status_code == 409, "it is disabled"
    await post(here, "endpoints/crm/enable")
    await send(here)


async def submitted(here: Indoors, callback_url: str) -> httpx.Response:
    body = a_request("access", here.person(Role.RUNNING), "directory", callback_url=callback_url)
    headers = {"idempotency-key": str(uuid4())}
    return await here.caller().post("/v1/requests", json=body, headers=headers)


async def test_who_asks_to_be_called_is_told_of_their_own_request_alone(
    here: Indoors, crm: Receiver
) -> None:
    address = f"{crm.address}/mine?ticket=zwaantje"
    answer = await submitted(here, address)
    assert answer.status_code == 202, answer.text
    other = await here.submit(a_request("access", here.person(Role.RUNNING), "directory"))
    request_id = answer.json()["id"]
    await here.until(request_id)
    await here.until(other)
    await send(here)
    mine = [one for one in crm.came if one.path == "/mine"]
    assert {one.verified(FORMER)["data"]["request_id"] for one in mine} == {request_id}
    assert "request.closed" in {one.told["type"] for one in mine}  # they go out side by side
    assert "zwaantje" not in answer.text
    assert b"ticket=zwaantje" not in at_rest(here.folder)


async def test_its_address_goes_with_the_keys_of_its_request(here: Indoors, crm: Receiver) -> None:
    request_id = (await submitted(here, f"{crm.address}/later")).json()["id"]
    await here.until(request_id)
    await here.let_pass(days=31)
    await send(here)
    gone = await sent(here, request_id=request_id, endpoint=f"callback:{crm.address[7:]}")
    assert {one["attempts"][-1]["result"] for one in gone} == {"unaddressed"}
    assert "/later" not in {one.path for one in crm.came}
    async with here.assembled.context.database.read() as db:
        query = sa.text("SELECT callback_box FROM request WHERE id = :id")
        assert (await db.execute(query, {"id": request_id})).scalar_one() is None


async def test_what_fails_again_while_all_is_sent_again_is_not_sent_for_ever(
    here: Indoors, crm: Receiver
) -> None:
    """An address that went with its request's keys fails at once, each time that it is set going."""
    place = f"callback:{crm.address[7:]}"
    request_id = (await submitted(here, f"{crm.address}/gone")).json()["id"]
    await here.until(request_id)
    await here.let_pass(days=31)
    now = here.time.now()
    rows = [
        outbox.row(now, "libervoice", "callback", place, Event.CLOSED, "{}", request_id)
        for _ in range(5000)
    ]
    async with here.assembled.context.database.write() as db:
        await db.execute(outbox.ADD, [{**row, "state": "failed", "next_at": None} for row in rows])

    async def fail_again() -> None:
        while True:
            await here.assembled.deliverer.sweep()
            await here.assembled.deliverer.idle()

    sending = asyncio.create_task(fail_again())
    try:
        async with asyncio.timeout(60):
            answer = await post(here, f"endpoints/{place}/resend", {"since": now.isoformat()})
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
    async with here.assembled.context.database.write() as db:
        await db.execute(delivery.delete().where(delivery.c.endpoint == place))
    assert answer.json()["resent"] == len(rows)


async def test_a_host_that_the_settings_name_no_more_is_not_called(
    here: Indoors, crm: Receiver
) -> None:
    await submitted(here, f"{crm.address}/mine")
    context = here.assembled.context
    async with context.database.read() as db:
        wanted = Wanted("libervoice", None, f"callback:{crm.address[7:]}", None, None, 1)
        [one] = await deliveries.listed(db, wanted)

    async def addressed(*hosts: str) -> str:
        own = ControllerSettings(
            title="L", retention="libervoice-2019", callback_hosts=frozenset(hosts),
            callback_secret=SecretStr(SECRET),
        )  # fmt: skip
        form = CallbackForm({"libervoice": own}, context.database, context.vault)
        return (await form.letter(one, here.time.now())).url

    assert await addressed("elsewhere.example", crm.address[7:]) == f"{crm.address}/mine"
    with pytest.raises(UnaddressedError):
        await addressed("elsewhere.example")


@pytest.mark.parametrize(
    "address",
    [
        "https://elsewhere.example/called",
        "https://127.0.0.1/called",
        "http://10.0.0.5/called",
        "https://user@elsewhere.example/called",
        "https://169.254.169.254/latest",
    ],
)
async def test_an_address_elsewhere_is_refused_with_the_setting_that_says_so(
    here: Indoors, address: str
) -> None:
    answer = await submitted(here, address)
    assert answer.status_code == 422
    [told] = answer.json()["errors"]
    assert told["pointer"] == "#/callback_url"
    assert "controllers.libervoice.callback_hosts" in told["detail"]
    assert address not in answer.text


async def test_nothing_is_written_for_a_controller_without_an_endpoint(tmp_path: Path) -> None:
    async with indoors(tmp_path, ("directory",)) as plain:
        await plain.carry_out(a_request("access", plain.person(Role.RUNNING)))
        async with plain.assembled.context.database.read() as db:
            rows = (await db.execute(sa.select(sa.func.count()).select_from(delivery))).scalar_one()
        assert rows == 0
        assert (await submitted(plain, "https://crm.example/called")).status_code == 422


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ('url = "http://crm.reseller.nl/hook"', "url cannot be called: http is only for this"),
        ('url = "https://10.0.0.5/hook"', "leads into the private network 10.0.0.0/8"),
        ('secret = "whsec_short"', "must be whsec_ and 24 to 64 bytes, or whsk_ and 32, in base64"),
        ('events = ["request.exploded"]', "request.closed"),
        ('secrets = "x"', "secret"),
    ],
)
async def test_settings_that_cannot_be_are_refused_without_their_secrets(
    tmp_path: Path, more: str, says: str
) -> None:
    own = {"url": 'url = "https://crm.example/hook"', "secret": f'secret = "{SECRET}"'}
    lines = {**own, more.split(" = ", maxsplit=1)[0]: more}
    path = tmp_path / "avgate.toml"
    path.write_text(
        '[controllers.libervoice]\ntitle = "L"\nretention = "libervoice-2019"\n'
        "[controllers.libervoice.webhooks.crm]\n" + "\n".join(lines.values())
    )
    with pytest.raises(SettingsError) as raised:
        load(path, {})
    assert says in str(raised.value)
    assert "controllers.libervoice.webhooks.crm" in str(raised.value)
    assert "whsec_s" not in str(raised.value).replace("whsec_ and", "")


async def test_a_secret_may_stand_in_the_environment_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "former").write_text(f"{FORMER}\n")
    path = tmp_path / "avgate.toml"
    path.write_text(
        '[controllers.libervoice]\ntitle = "L"\nretention = "libervoice-2019"\n'
        'callback_hosts = ["crm.example"]\ncallback_secret = "env:CALLBACK"\n'
        '[controllers.libervoice.webhooks.crm]\nurl = "https://crm.example/hook"\n'
        'secret = "env:HOOK"\nformer_secrets = ["file:former"]\n'
    )
    found = load(path, {"HOOK": SECRET, "CALLBACK": SECRET}).controllers["libervoice"]
    assert found.webhooks["crm"].secret.get_secret_value() == SECRET
    assert [one.get_secret_value() for one in found.webhooks["crm"].former_secrets] == [FORMER]
    assert SECRET not in repr(found)
