"""Who names an address with a request is called there, of that request alone and where hosts allow it."""

from __future__ import annotations

import asyncio

import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from tests.flow.harness import a_request
from tests.flow.indoors import Indoors
from tests.flow.sealed_file import at_rest
from tests.gateway.receiver import FORMER, SECRET, Receiver

from avgate_gateway.notice import Event
from avgate_gateway.settings import ControllerSettings
from avgate_gateway.store import deliveries, outbox
from avgate_gateway.store.deliveries import Wanted
from avgate_gateway.store.delivery_schema import delivery
from avgate_gateway.webhooks.form import UnaddressedError
from avgate_gateway.webhooks.outlets import CallbackForm
from avgate_mocks.people import Role

from .outward import post, send, sent, submitted

pytestmark = pytest.mark.asyncio(loop_scope="module")


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
