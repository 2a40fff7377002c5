"""Calls whoever sent a request each time its status changes, by the queue that all notices go by.

A call is written in the transaction that changes the status, so neither is there alone; it holds the
status of then, and everything else as it is when it is sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import orjson

from avgate_gateway.notice import Event, Told
from avgate_gateway.opendsr.mapping import Status, status_of
from avgate_gateway.opendsr.naming import BY_NAME
from avgate_gateway.opendsr.processor import Processor
from avgate_gateway.opendsr.sender import Sender, opened
from avgate_gateway.reporting import reported
from avgate_gateway.request import SubjectRequest
from avgate_gateway.settings import ControllerSettings
from avgate_gateway.store import opendsr, outbox, requests
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.database import Database
from avgate_gateway.store.deliveries import Delivery
from avgate_gateway.store.opendsr import Known
from avgate_gateway.store.outbox import Described
from avgate_gateway.vault import SUBJECT_KEY, Vault, VaultError
from avgate_gateway.webhooks import outlets
from avgate_gateway.webhooks.address import host_of, is_among
from avgate_gateway.webhooks.form import Form, Letter, UnaddressedError

KIND = "opendsr"


@dataclass(frozen=True, slots=True)
class Calls:
    """The outlet of one controller: it wants no events, and follows the status of what was sent."""

    hosts: frozenset[str]
    vault: Vault
    kind: str = KIND

    def endpoints(self, request: SubjectRequest, event: Event) -> Iterable[str]:  # noqa: ARG002 -- the protocol's
        return ()

    def described(self) -> Iterable[Described]:
        return [Described(_endpoint(host), self.kind, host) for host in sorted(self.hosts)]

    def body(self, request: SubjectRequest, told: Told) -> str:  # noqa: ARG002 -- likewise
        return told.body()

    async def follow(
        self, db: Connection, at: datetime, request: SubjectRequest, event: Event
    ) -> None:
        """Writes a call to each address, if the status is another than was told last."""
        known = await opendsr.of_request(db, request.id)
        if known is None or known.told is None or known.box is None:
            return
        now = await requests.find(db, request.id)
        status = None if now is None else status_of(now, at)
        if status is None or status == known.told:
            return
        if not await opendsr.tell(db, request.id, known.told, status):
            return
        sender = await _sender(db, self.vault, known)
        rows = [
            outbox.row(
                at, request.controller, KIND, _endpoint(host_of(url) or ""), event,
                orjson.dumps({"request_status": status, "callback": n}).decode(), request.id,
            )
            for n, url in enumerate(sender.callbacks)
        ]  # fmt: skip
        await db.execute(outbox.ADD, rows)


@dataclass(frozen=True, slots=True)
class CallForm:
    """To the addresses that are sealed with the request, as long as their hosts may be called."""

    us: Processor
    controllers: Mapping[str, ControllerSettings]
    database: Database
    vault: Vault
    is_for_one_request: bool = True

    async def letter(self, one: Delivery, now: datetime) -> Letter:  # noqa: ARG002 -- the protocol's
        controller, told = self.controllers.get(one.controller), orjson.loads(one.body)
        async with self.database.read() as db:
            known = await opendsr.of_request(db, one.request_id or "")
            request = await requests.find(db, one.request_id or "")
            if controller is None or known is None or request is None:
                raise UnaddressedError
            try:
                sender = await _sender(db, self.vault, known)
            except VaultError:
                raise UnaddressedError from None
            report = await reported(db, request)
        url = sender.callbacks[told["callback"]]
        if not is_among(url, controller.callback_hosts):
            raise UnaddressedError
        naming, status = BY_NAME[known.naming], Status(told["request_status"])
        content = self.us.standing(naming, request, sender.id, status, report)
        body = orjson.dumps({**content, "status_callback_url": url})
        headers = self.us.seal.headers(body, naming)
        return Letter(url, headers, body, controller.callback_private_networks)


async def _sender(db: Connection, vault: Vault, known: Known) -> Sender:
    """Raises VaultError once the data subject's key is gone."""
    key = (await requests.sealed(db, known.request_id)).subject_key
    return opened(known.box or b"", vault.box(key, known.request_id, SUBJECT_KEY))


def _endpoint(host: str) -> str:
    """What is slow, paused or disabled as a whole."""
    return f"{KIND}:{host}"


def forms(
    us: Processor | None,
    database: Database,
    vault: Vault,
    controllers: Mapping[str, ControllerSettings],
) -> dict[str, Form]:
    """Every form of notice, with the outlets that want one; these calls only where we are a processor."""
    outlets.fill(database, controllers)
    made = outlets.forms(database, vault, controllers)
    if us is None:
        return made
    for name, controller in controllers.items():
        if controller.callback_hosts:
            calls = Calls(controller.callback_hosts, vault)
            database.outbox.add(name, calls)
            database.outbox.follow(name, calls)
    return {**made, KIND: CallForm(us, controllers, database, vault)}
