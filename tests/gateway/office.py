"""A gateway with invented upstreams, people and a clock."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import pytest

from avgate_contracts.connector import Connector
from avgate_contracts.identifier import Identifier
from avgate_contracts.record import ErasureWay, ItemRef
from avgate_contracts.vocabulary import Category, Field, IdentifierKind, Operation, Product
from avgate_gateway import deciding, intake
from avgate_gateway.flow.advance import advance
from avgate_gateway.flow.context import Context
from avgate_gateway.flow.context import Desk as Controller
from avgate_gateway.keyring import KeyRing
from avgate_gateway.pausing import Pauses
from avgate_gateway.plan import WantedChange
from avgate_gateway.problem import ProblemError
from avgate_gateway.request import IdentityCheck, SubjectRequest, WaitingFor
from avgate_gateway.retention import Action, Pack, decide, load_pack
from avgate_gateway.second_person import Party
from avgate_gateway.store import evidence, items, requests
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.hand_tasks import HandTask, Kept
from avgate_gateway.store.item import UNDER_WAY, Item, ItemState
from avgate_gateway.store.migrations import migrate
from avgate_gateway.vault import Vault

from .fake_connectors import Desk, Paper, System, manifest
from .fake_upstream import Holding, Upstream
from .mortal import Mortal, is_death
from .seen import Seen, read

BEGIN = datetime(2026, 3, 2, 12, tzinfo=UTC)
PACK = load_pack("libervoice-2019")
PHONE = Identifier.of(IdentifierKind.PHONE, "+31612345678")
MAIL = Identifier.of(IdentifierKind.EMAIL, "a@example.nl")
THEIRS = (Identifier.of(IdentifierKind.PHONE, "+31687654321"),)
CHANGE = WantedChange(Field.NAME_FAMILY, "Jansen", "Janssen")
NAMES = ("crm", "orders", "paper")
COPIES = {Operation.ACCESS, Operation.EXPORT}


@dataclass(slots=True)
class Office:
    """The gateway with its upstreams, its people and its clock."""

    url: str
    now: datetime = BEGIN
    upstreams: dict[str, Upstream] = field(default_factory=dict)
    refs: dict[str, dict[str, Holding]] = field(default_factory=dict)  # all that ever was
    ids: list[str] = field(default_factory=list)
    changes: dict[tuple[str, str], int] = field(default_factory=dict)  # upstream's, at submission
    rng: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311 -- no secret
    database: Mortal | None = None
    cooling_off: timedelta = timedelta()
    plan_valid: timedelta = timedelta(days=7)
    began: datetime = BEGIN
    pauses: Pauses | None = None
    pack: Pack = PACK
    seen: dict[str, tuple[int, Seen]] = field(default_factory=dict)

    def clock(self) -> datetime:
        return self.now

    @property
    def db(self) -> Mortal:
        if self.database is None:
            self.database = Mortal(self.url)
        return self.database

    @property
    def context(self) -> Context:
        phone, mail = IdentifierKind.PHONE, IdentifierKind.EMAIL
        made: Mapping[str, Paper] = {
            "crm": System(
                self.upstreams["crm"], manifest("crm", phone, leads=self.upstreams["crm"].leads)
            ),
            "orders": Desk(self.upstreams["orders"], manifest("orders", mail, relists=True)),
            "paper": Paper(self.upstreams["paper"], manifest("paper", phone)),
        }
        exempt = frozenset({"robot"})
        connectors = cast("Mapping[str, Connector]", made)  # each object has a manifest of its own
        desk = Controller("c", "C", "nl", self.pack, 28, exempt, connectors, self.cooling_off)
        vault = Vault(KeyRing.of(b"k" * 32), b"i" * 32)
        return Context(
            self.db, vault, self.clock, {"c": desk}, self.plan_valid, timedelta(days=30),
            pauses=self.pauses, began=self.began,
        )  # fmt: skip

    async def reboot(self) -> None:
        if self.database is not None:
            await self.database.close()
        self.database = None
        self.seen.clear()

    async def submit(
        self, operation: Operation, client: str, by: tuple[Identifier, ...], *, known: bool
    ) -> None:
        check = IdentityCheck("desk", "portal", self.now) if known else None
        changes = (CHANGE,) if operation is Operation.RECTIFY else ()
        asked = intake.Asked("c", client, operation, by, identity=check, changes=changes)
        request, person = intake.drafted(self.context, asked)
        request = replace(request, id=str(UUID(int=self.rng.getrandbits(128), version=4)))
        async with self.db.write() as db:
            await intake.record(db, self.context, request, person)
        self.ids.append(request.id)
        for upstream in self.upstreams.values():
            self.changes[request.id, upstream.name] = upstream.changes

    async def see(self, request_id: str) -> Seen:
        writes, seen = self.seen.get(request_id, (-1, None))
        if seen is None or writes != self.db.writes:
            async with self.db.read() as db:
                seen = await read(db, request_id)
            self.seen[request_id] = (self.db.writes, seen)
        return seen

    async def go(self, request_id: str, times: int = 12) -> None:
        """Advances as the engine would: as long as its time has come."""
        for _ in range(times):
            request = (await self.see(request_id)).request
            if request.wake_at is None or request.wake_at > self.now:
                return
            await advance(self.context, request_id)
        request = (await self.see(request_id)).request
        pytest.fail(f"woken again and again without an end: {request.state} {request.waiting_for}")

    async def sweep(self, dies_after: int | None) -> None:
        self.db.dies_after = dies_after
        try:
            for request_id in self.ids:
                await self.go(request_id)
        except BaseException as error:
            if not is_death(error):
                raise
        if self.db.is_dead:
            await self.reboot()
        self.db.dies_after = None

    async def decide(self, request_id: str, what: str) -> None:
        """What a person decides; that it is refused them is no fault."""
        with suppress(ProblemError):
            async with self.db.write() as db:
                request = await requests.find(db, request_id)
                assert request is not None
                await self._decide(db, request, what)

    async def _decide(self, db: Connection, request: SubjectRequest, what: str) -> None:
        context, name = self.context, what.removeprefix("retry ")
        match what:
            case "approve" | "reject":
                digest, approve = request.plan_digest or "", what == "approve"
                if approve and request.client_id != "robot":
                    await self._note_approval(db, request)
                await deciding.decide(db, context, request, digest, Party("chief"), approve=approve)
            case "cancel":
                await deciding.cancel(db, context, request, "portal")
            case "verify":
                check = IdentityCheck("desk", "portal", self.now)
                await deciding.verify_identity(db, context, request, check, "portal")
            case _:
                for one in NAMES if name == "all" else (name,):
                    self.upstreams[one].asked_again.update(self.refs[one])
                await deciding.retry(db, context, request, None if name == "all" else name, "chief")

    async def _note_approval(self, db: Connection, request: SubjectRequest) -> None:
        if request.waiting_for is not WaitingFor.APPROVAL or request.plan_valid_until is None:
            return
        if request.plan_valid_until <= self.now:
            return
        planned = await items.select(db, request.id, states=[ItemState.LOCATED], limit=10_000)
        for item in planned:
            if item.action not in {None, "by_hand"}:
                self.upstreams[item.connector].approved.add(self.ref(item))

    def ref(self, item: Item) -> str:
        vault, request_id, name = self.context.vault, item.request_id, item.connector
        known = {vault.blind("c", request_id, name, ref): ref for ref in self.refs[name]}
        return known[item.digest]

    async def complete(
        self, request_id: str, number: int, *, honest: bool, kept: Kept | None = None
    ) -> None:
        seen = await self.see(request_id)
        if not seen.open_hand:
            return
        task = seen.open_hand[number % len(seen.open_hand)]
        if honest and kept is None and seen.request.operation is Operation.ERASE:
            self._do_by_hand(seen, task)
        with suppress(ProblemError):
            async with self.db.write() as db:
                await deciding.complete(
                    db, self.context, seen.request, task, "clerk", "done", "desk", kept
                )

    def _do_by_hand(self, seen: Seen, task: HandTask) -> None:
        upstream = self.upstreams[task.connector]
        kind = (task.category, task.product)
        under_way = () if task.category else UNDER_WAY
        here = [i for i in seen.items if i.connector == task.connector]
        mine = [i for i in here if i.is_left_to_people or i.state in under_way]
        upstream.drop(
            self.ref(i) for i in mine if task.category is None or (i.category, i.product) == kind
        )
        if task.category is None and not mine:
            may_go = [
                h.item.ref
                for h in upstream.of_subject()
                if decide(h.item, PACK, self.now).action is not Action.RETAIN
            ]
            upstream.drop(may_go)

    async def check_upstreams(self) -> None:
        """Nothing was done to an upstream that must not be."""
        complaints = [text for u in self.upstreams.values() for text in u.complaints]
        assert not complaints, complaints
        resent = [each for u in self.upstreams.values() for each in u.resent]
        if not resent:
            return
        async with self.db.read() as db:
            chain = await evidence.entries(db, limit=100_000)
        asked = {
            json.loads(entry.details)["key"]: entry.request_id
            for entry in chain
            if entry.event == "effect.intended"
        }
        for ref, before, after in resent:
            assert asked.get(before) != asked[after], f"{ref} went, and was sent under a new key"

    def make(self, name: str, what: str, count: int) -> None:
        upstream = self.upstreams[name]
        for _ in range(count):
            ref = f"{name}/{len(self.refs[name])}"
            holding = _holding(ref, what, self.now)
            upstream.holdings[ref] = holding
            self.refs[name][ref] = holding


def _holding(ref: str, what: str, now: datetime) -> Holding:
    if what == "somebody else's":
        return Holding(ItemRef(ref, Category.CONTACTS, Product.VOICE), "b", THEIRS)
    kind = replace(KINDS[what], ref=ref)
    if what in DAYS_AGO:
        kind = replace(kind, term_starts=now - timedelta(days=DAYS_AGO[what]))
    is_contact = kind.category is Category.CONTACT
    fields: dict[Field, tuple[str, ...]] = {Field.NAME_FAMILY: ("Jansen",)} if is_contact else {}
    return Holding(kind, "a", (PHONE, MAIL), fields)


CALL = ItemRef("", Category.COMMUNICATION_METADATA, Product.VOICE)
CONTACT = ItemRef("", Category.CONTACT, Product.GENERAL)
KINDS = {
    "customer": replace(CONTACT, service_runs=True),
    "former customer": CONTACT,
    "call": CALL,
    "old call": CALL,
    "call without a date": CALL,
    "by hand": ItemRef("", Category.VOICEMAIL, Product.VOICE, erasure=ErasureWay.BY_HAND),
    "card": ItemRef("", Category.CONTACTS, Product.VOICE),
}
DAYS_AGO = {"former customer": 3000, "call": 9, "old call": 900}


@asynccontextmanager
async def opened(folder: Path, **more: Any) -> AsyncIterator[Office]:
    """An office whose upstreams are there and hold nothing yet."""
    url = f"sqlite:///{folder / 'office.db'}"
    migrate(url)
    made = Office(url, **more)
    for name in NAMES:
        made.upstreams[name] = Upstream(name, made.clock, PACK, "a")
        made.refs[name] = {}
    yield made
    await made.reboot()
