"""Everything a gateway is asked for, played from outside, with nothing known of what may die when.

Each play may be interrupted anywhere: a caller without an answer repeats itself (`House.call`).
"""

from __future__ import annotations

import asyncio
import io
import json
import signal
import zipfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date

import httpx

from avgate_mocks.people import UPSTREAMS

from ..flow.harness import IDENTITY, JsonMap, a_request
from ..flow.indoors import BY_HAND
from .house import House

RUNNING, SMALL, LISTED = 7, 14, 17  # people by position: a running contract, little, one listing
STREET = [{"field": "address.street", "to": "Nieuwe Proefweg"}]


async def access(here: House) -> None:
    here.arm()
    await here.ended(await here.submit(a_request("access", here.person(RUNNING))))


async def export(here: House) -> None:
    here.arm()
    request_id = await here.submit(a_request("export", here.person(LISTED)))
    await here.ended(request_id)
    archive = await package(here, request_id)
    assert archive.testzip() is None
    manifest = json.loads(archive.read("manifest.json"))
    held = sum(
        sum(here.before[name][here.person(LISTED).id].values())
        for name in ("operator", "xelion", "subprocessors")
    )
    copied = sum(part["records"] for part in manifest["sections"])
    assert copied > 0, "an empty copy"
    assert copied <= held + 50, "more than there is"


async def package(here: House, request_id: str) -> zipfile.ZipFile:
    """The whole copy: a download that is cut is begun again."""
    while True:
        try:
            answer = await here.call("GET", f"/v1/requests/{request_id}/package")
            assert answer.status_code == 200, answer.text
            return zipfile.ZipFile(io.BytesIO(answer.content))
        except (httpx.TransportError, zipfile.BadZipFile):
            await here.revive()


async def rectify(here: House) -> None:
    here.arm()
    person = here.person(RUNNING)
    body = a_request("rectify", person, "operator", "directory", changes=STREET)
    request_id = await here.submit(body)
    await here.approve(request_id)
    await here.ended(request_id)


async def erase(here: House) -> None:
    here.arm()
    request_id = await here.submit(a_request("erase", here.person(RUNNING)))
    await here.approve(request_id)
    await here.ended(request_id)


async def erase_little(here: House) -> None:
    here.arm()
    request_id = await here.submit(a_request("erase", here.person(SMALL)))
    await here.approve(request_id)
    await here.ended(request_id)


async def falls_due(here: House) -> None:
    """What was kept at first goes by itself, as the terms of each call end."""
    person = here.person(RUNNING)
    request_id = await here.submit(a_request("erase", person, "xelion"))
    await here.approve(request_id)
    await here.ended(request_id)
    here.arm()
    kept = [line for line in await here.report(request_id) if line["outcome"] == "retained"]
    assert kept, "nothing was kept: there is nothing to fall due"
    last = max(date.fromisoformat(line["until"]) for line in kept)
    today = here.lane.time.now().date()
    middle = (last - today).days // 2
    for days in (middle, (last - today).days - middle + 2):
        await here.let_pass(days=days)
        await nothing_is_due(here)

    async def gone() -> bool:
        report = await here.report(request_id)
        return not any(line["outcome"] in {"retained", "pending"} for line in report)

    await here.until(gone)


async def nothing_is_due(here: House) -> None:
    """Waits a few sweeps: what is due is begun in one of them, also after a restart."""
    for _ in range(6):
        await here.get("/v1/requests")
        await here.let_pass(seconds=1)
        await asyncio.sleep(0.05)


async def relisted(here: House) -> None:
    """A listing that came back is reported, and taken out again when somebody says so."""
    person = here.person(LISTED)
    request_id = await here.submit(a_request("erase", person, "directory"))
    await here.approve(request_id)
    await here.ended(request_id)
    for line in person.lines:
        url = f"{here.addresses['directory']}/_feed"
        (await here.outside.post(url, json={"tn": line.number})).raise_for_status()
    here.arm()
    await here.let_pass(hours=2)

    async def returned() -> bool:
        return any(line["outcome"] == "returned" for line in await here.report(request_id))

    await here.until(returned)
    await here.post(f"/v1/requests/{request_id}/retry")

    async def gone() -> bool:
        words = {line["outcome"] for line in await here.report(request_id)}
        return not words & {"returned", "pending", "approved"}

    await here.until(gone)


async def identity_later(here: House) -> None:
    here.arm()
    request_id = await here.submit(
        a_request("access", here.person(SMALL), "operator", identity=None)
    )
    await here.when(request_id, "identity")
    await here.post(f"/v1/requests/{request_id}/identity", IDENTITY)
    await here.ended(request_id)


async def cancel(here: House) -> None:
    here.arm()
    request_id = await here.submit(a_request("erase", here.person(SMALL)))
    await here.when(request_id, "approval")
    await here.post(f"/v1/requests/{request_id}/cancel", {"reason": "changed their mind"})
    await here.when(request_id, "closed")


async def reject(here: House) -> None:
    here.arm()
    request_id = await here.submit(a_request("erase", here.person(SMALL), "operator"))
    shown = await here.when(request_id, "approval")
    body = {"plan_digest": shown["plan"]["digest"], "decision": "reject", "reason": "a dispute"}
    await here.post(f"/v1/requests/{request_id}/approval", body, "colleague")
    await here.ended(request_id)


async def retry(here: House) -> None:
    """An upstream that is away comes back, and somebody says: try again now."""
    away = {"rules": [{"fault": "error_503", "times": 9}]}
    address = here.addresses["operator"]
    (await here.outside.post(f"{address}/_faults", json=away)).raise_for_status()
    here.arm()
    request_id = await here.submit(a_request("access", here.person(SMALL), "operator", "xelion"))

    async def troubled() -> bool:
        parts = (await here.request(request_id))["connectors"]
        return any(part["attempts"] for part in parts) or all(p["stage"] == "done" for p in parts)

    await here.until(troubled)
    (await here.outside.post(f"{address}/_faults", json={"rules": []})).raise_for_status()
    await here.post(f"/v1/requests/{request_id}/retry", {"connector": "operator"})
    await here.when(request_id, "closed")


async def by_hand(here: House) -> None:
    here.arm()
    request_id = await here.submit(a_request("erase", here.person(SMALL), "subprocessors"))
    await here.approve(request_id)
    await here.when(request_id, "person")
    listed = (await here.get("/v1/tasks?state=open"))["items"]
    for task in listed:
        body = {"evidence": "seen to, ticket 17"}
        await here.post(f"/v1/tasks/{task['id']}/completion", body)
    await here.when(request_id, "closed")


async def extension(here: House) -> None:
    here.arm()
    request_id = await here.submit(
        a_request("access", here.person(SMALL), "operator", identity=None)
    )
    before = await here.request(request_id)
    path = f"/v1/requests/{request_id}/extension"
    answer = await here.call("POST", path, json={"reason": "there is a lot of it"})
    assert answer.status_code in {200, 409}, answer.text  # 409: it was extended already
    after = await here.request(request_id)
    assert after["due"] != before["due"]
    await here.post(f"/v1/requests/{request_id}/identity", IDENTITY)
    await here.ended(request_id)


async def callback(here: House) -> None:
    """A processor calls when it is done, long before anybody is due to look."""
    here.arm()
    request_id = await here.submit(a_request("erase", here.person(SMALL), "subprocessors"))
    await here.approve(request_id)
    await here.ended(request_id)


async def start_up(here: House) -> None:
    """The first start of all, with no store and no keys yet."""
    await here.revive()
    await here.ended(await here.submit(a_request("access", here.person(SMALL), "operator")))


async def recovery(here: House) -> None:
    """Three requests are under way when it dies; the start after that is the one that counts."""
    await three(here)
    await here.let_run(0.4)
    await here.kill()
    await here.second_life()
    await here.all_ended()


async def shutdown(here: House) -> None:
    """It is told to stop while three requests are under way."""
    await three(here)
    await here.let_run(0.3)
    here.arm()
    await here.kill(signal.SIGTERM)
    await here.revive()
    await here.all_ended()


async def three(here: House) -> None:
    await here.submit(a_request("access", here.person(LISTED)), "a")
    await here.submit(a_request("erase", here.person(SMALL)), "b", client="robot")
    body = a_request("rectify", here.person(RUNNING), "operator", "directory", changes=STREET)
    await here.submit(body, "c", client="robot")


@dataclass(frozen=True, slots=True)
class Operation:
    """A play, and what it is played in."""

    play: Callable[[House], Awaitable[None]]
    names: tuple[str, ...] = UPSTREAMS
    setting: JsonMap = field(default_factory=dict)  # for `house`
    dies_in_play: bool = False  # the play itself starts the life that counts


OPERATIONS: dict[str, Operation] = {
    "access": Operation(access),
    "export": Operation(export),
    "rectify": Operation(rectify, ("operator", "directory")),
    "erase": Operation(erase),
    "erase_little": Operation(erase_little),
    "falls_due": Operation(falls_due, ("xelion",)),
    "relisted": Operation(relisted, ("directory",)),
    "identity_later": Operation(identity_later, ("operator",)),
    "cancel": Operation(cancel),
    "reject": Operation(reject, ("operator",)),
    "retry": Operation(retry, ("operator", "xelion")),
    "by_hand": Operation(by_hand, ("subprocessors",), {"more": BY_HAND}),
    "extension": Operation(extension, ("operator",)),
    "callback": Operation(callback, ("subprocessors",), {"public": True}),
    "start_up": Operation(start_up, setting={"bare": True, "armed_at_once": True}),
    "recovery": Operation(recovery, dies_in_play=True),
    "shutdown": Operation(shutdown),
}
