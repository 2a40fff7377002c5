"""100,000 items that the law kept fall due at once: how long until they are erased, and who waits.

Prints one JSON object. The database is prepared through the store's own functions: closed erasures of
as many people, each with a hundred old call records at the operator that were kept, and whose day has
come. Then the gateway starts, asks whether each is still there, erases it and looks again (some two
calls an item, of a lean upstream without delay). Meanwhile, ten times a second, a request is posted:
how long its 202 takes is what others feel, beside the same before. The goal is of that; the rate and
the memory have none of their own but the service's. Run: `python bench/sweep.py [--quick]`.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import uuid4

import uvloop
from rig import bodies
from rig.figures import (
    Goal,
    cpu_seconds,
    forget_most,
    options,
    percentile,
    printed,
    resident_mb,
)
from rig.load import Load, send
from rig.programs import gateway, lean_upstream, token
from rig.store import key_of, made, reading, url_of

from avgate_contracts.identifier import Identifier
from avgate_contracts.record import ItemRef
from avgate_contracts.subject import DataSubject
from avgate_contracts.vocabulary import Category, IdentifierKind, Operation, Product
from avgate_gateway import confidential
from avgate_gateway.request import (
    Confidential,
    IdentityCheck,
    Scope,
    State,
    SubjectRequest,
)
from avgate_gateway.store import items, requests, tasks
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.database import Database
from avgate_gateway.store.item import Found, ItemState
from avgate_gateway.store.requests import Sealed
from avgate_gateway.store.tasks import Stage
from avgate_gateway.vault import RETENTION_KEY, SUBJECT_KEY, Vault
from avgate_gateway.warrant import Decisions, Warrants, facts_of

CONTROLLER, CONNECTOR = "libervoice", "operator"
EACH = 100
_PAUSE_SECONDS = 0.1
_PATIENCE_SECONDS = 60
_LOOK_SECONDS = 0.2
_PLAN = "5" * 64  # the digest of the plan that kept them


def main() -> None:
    asked = options(__doc__)
    asked.add_argument("--items", type=int)
    asked.add_argument("--each", type=int, default=EACH, help="items of one request")
    chosen = asked.parse_args()
    number = chosen.items or (200 if chosen.quick else 100_000)
    with tempfile.TemporaryDirectory() as name:
        figures = measured(Path(name), number, min(chosen.each, number))
    printed(
        "sweep",
        quick=chosen.quick,
        goals=[
            Goal("accept_p99_ms_meanwhile", "at_most", 150, figures["accept_ms_meanwhile"]["p99"]),
            Goal("rss_mb", "at_most", 150, figures["rss_mb_at_most"]),
        ],
        items=number,
        items_of_one_request=min(chosen.each, number),
        **figures,
    )


def measured(folder: Path, number: int, each: int) -> dict[str, Any]:
    database = folder / "avgate.db"
    vault = made(folder)
    calls = ("--calls-each", str(each))
    with lean_upstream(folder, "--latency-ms", "0", *calls) as upstream:
        with gateway(folder) as program:
            bearer = token(folder, "requests:access")
            posts = bodies.requests(bearer, bodies.strangers(), identified=False)
            before = uvloop.run(_posted(program.address, posts, database, number=None))
        uvloop.run(_prepared(folder, vault, number, each))
        begin = time.perf_counter()
        with gateway(folder) as program:
            forget_most(program.pid)
            meanwhile = uvloop.run(_posted(program.address, posts, database, number))
            seconds = time.perf_counter() - begin
            cpu, there = cpu_seconds(program.pid), cpu_seconds(upstream.pid)
            most = resident_mb(program.pid, most=True)
    return {
        "seconds": round(seconds, 1),
        "items_per_second": round(number / seconds, 1),
        "cpu_ms_per_item": round(cpu * 1000 / number, 2),
        "cpu_ms_per_item_of_upstream": round(there * 1000 / number, 2),
        "rss_mb_at_most": most,
        "accept_ms_before": _waits(before),
        "accept_ms_meanwhile": _waits(meanwhile),
    }


async def _posted(address: str, posts: Iterator[bytes], database: Path, number: int | None) -> Load:
    """Posts now and then, until so many items are erased; None: twenty times."""
    load, done, since = Load(), 0, time.perf_counter()
    while (number is None and len(load.millis) < 20) or (number and done < number):
        one = await send(address, islice(posts, 1), 1)
        load.millis += one.millis
        await asyncio.sleep(_PAUSE_SECONDS if number is None else _LOOK_SECONDS)
        now = erased(database) if number else 0
        since = time.perf_counter() if now > done else since
        done = now
        if number and time.perf_counter() > since + _PATIENCE_SECONDS:
            raise SystemExit(f"nothing more is erased: {done} of {number}")
    return load


def erased(database: Path) -> int:
    with reading(database) as db:
        found = db.execute("SELECT count(*) FROM item WHERE state = 'erased'").fetchone()
    return int(found[0])


async def _prepared(folder: Path, vault: Vault, number: int, each: int) -> None:
    database, now = Database(url_of(folder), key_of(folder)), datetime.now(UTC)
    for party in range(1, number // each + 1):
        async with database.write() as db:
            request, sealed = _request(vault, f"{party:07}", now)
            await requests.add(db, request, sealed)
            await tasks.add(db, request, [CONNECTOR])
            await tasks.move(db, request.id, CONNECTOR, Stage.DONE, now)
            box = vault.box(sealed.retention_key, request.id, RETENTION_KEY)
            found = [_found(vault, request.id, f"{party:07}", place) for place in range(each)]
            await items.add(db, request.id, CONNECTOR, found, box)
            decisions = Decisions(request.identity, frozenset({_PLAN}))
            await _kept(db, Warrants.of(box, decisions), request.id, each, now)
            await requests.change(
                db, request.id, state=State.CLOSED, closed_at=now - timedelta(days=400), wake_at=now,
                decisions_box=decisions.sealed(box),
            )  # fmt: skip
    await database.close()


async def _kept(
    db: Connection, warrants: Warrants, request_id: str, each: int, now: datetime
) -> None:
    rows = await items.select(db, request_id, limit=each)
    codes = [
        {"id": row.id, "warrant": warrants.issued(_PLAN, facts_of(row, "retain"))} for row in rows
    ]
    await items.change_each(db, codes)
    await items.change(
        db, [row.id for row in rows],
        action="retain", state=ItemState.RETAINED, look_at=now, ground="legal_duty",
        until=now.date(),
    )  # fmt: skip


def _request(vault: Vault, party: str, now: datetime) -> tuple[SubjectRequest, Sealed]:
    known = (Identifier(IdentifierKind.PHONE, f"+3185{party}"),)
    received = now - timedelta(days=401)
    reference = vault.reference(CONTROLLER, known)
    request = SubjectRequest(
        id=str(uuid4()),
        controller=CONTROLLER,
        client_id="bench",
        operation=Operation.ERASE,
        state=State.RECEIVED,
        waiting_for=None,
        received_at=received,
        promised=received.date() + timedelta(days=28),
        legal=received.date() + timedelta(days=30),
        reference=reference,
        identifier_kinds=("phone",),
        language="nl",
        scope=Scope(),
        version=1,
        identity=IdentityCheck("portal", "bench", received),
    )
    person = Confidential(DataSubject(reference, known, language="nl"), ())
    key = vault.new_key(request.id, SUBJECT_KEY)
    told = vault.box(key, request.id, SUBJECT_KEY).seal(
        confidential.to_bytes(person), confidential.CONTEXT
    )
    return request, Sealed(key, vault.new_key(request.id, RETENTION_KEY), told)


def _found(vault: Vault, request_id: str, party: str, place: int) -> Found:
    ref = f"usage/{party}-c{place}"
    item = ItemRef(
        ref,
        Category.COMMUNICATION_METADATA,
        Product.VOICE,
        term_starts=datetime(2012, 1, 2, tzinfo=UTC),
        service_runs=False,
    )
    return Found(vault.blind(CONTROLLER, request_id, CONNECTOR, ref), item)


def _waits(load: Load) -> dict[str, float]:
    return {
        "median": round(percentile(load.millis, 50), 1),
        "p99": round(percentile(load.millis, 99), 1),
        "posts": len(load.millis),
    }


if __name__ == "__main__":
    main()
