"""Fills a database with requests that were carried out: rows as the gateway leaves them.

Received evenly over three years, newest an hour ago. Of a hundred, 60 are accesses, 10 exports, 20
erasures, 5 rectifications, the rest objections and restrictions. Each has a task for each of three
connectors (a hundred of all have a fourth too) and its entries in the chain of evidence; an erasure has five
items, of which two are kept, as long as the pack says: whatever differs from it the gateway would judge
anew while it is measured. What is younger than 30 days still has its keys and
its idempotency key. Twenty of the oldest still wait for identity: whoever looks for what is open
has to find them behind all the others.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from avgate_contracts.record import ItemRef
from avgate_contracts.vocabulary import Category, Product
from avgate_gateway.due import due_dates
from avgate_gateway.flow.planning import next_look
from avgate_gateway.retention import Verdict, decide, load_pack
from avgate_gateway.store import encrypted_file, evidence, evidence_schema, schema
from avgate_gateway.store.attesting import Attesting
from avgate_gateway.store.evidence import BEGINNING
from rig.store import key_of, made, url_of

CONTROLLER = "libervoice"
_PACK = "libervoice-2019"
CONNECTORS = ("directory", "operator", "xelion")
RARE = "subprocessors"
OPEN = 20
_SPAN = timedelta(days=3 * 365)
_KEPT = timedelta(days=30)
_BILLED_BEFORE = timedelta(days=100)
_OPERATIONS = ("access",) * 60 + ("erase",) * 20 + ("export",) * 10 + ("rectify",) * 5
_ALL = (*_OPERATIONS, *("object",) * 4, "restrict")
_CHUNK = 5_000
_FAST = ("journal_mode=WAL", "synchronous=OFF", "cache_size=-1000000", "temp_store=MEMORY")
Rows = dict[sa.Table, list[dict[str, Any]]]


def fill(folder: Path, count: int, now: datetime, seed: int = 1) -> None:
    """Makes the tables and so many requests."""
    attesting = Attesting()
    attesting.key = made(folder).evidence_key
    engine = encrypted_file.engine(url_of(folder), key_of(folder))
    filling = _Filling(count, now, random.Random(seed), attesting)  # noqa: S311 -- invented, the same each time
    with engine.connect() as connection:
        for pragma in _FAST:
            connection.exec_driver_sql(f"PRAGMA {pragma}")
        connection.commit()
        for rows in filling.chunks():
            for table, some in rows.items():
                if some:
                    connection.execute(table.insert(), some)
            connection.commit()
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()


class _Filling:
    def __init__(
        self, count: int, now: datetime, chance: random.Random, attesting: Attesting
    ) -> None:
        self._attesting = attesting
        self._count = count
        self._newest = now - timedelta(hours=1)
        self._now = now
        self._chance = chance
        self._last = BEGINNING
        self._sequence = 0
        self._pack = load_pack(_PACK)

    def chunks(self) -> Iterator[Rows]:
        for start in range(0, self._count, _CHUNK):
            rows: Rows = {
                table: []
                for table in (
                    schema.request, schema.task, schema.item, evidence_schema.evidence, schema.idempotency,
                )
            }  # fmt: skip
            for number in range(start, min(start + _CHUNK, self._count)):
                self._add(rows, number)
            yield rows

    def _add(self, rows: Rows, number: int) -> None:
        at = self._newest - _SPAN * ((self._count - 1 - number) / self._count)
        own = str(UUID(int=self._chance.getrandbits(128), version=4))
        is_open = number < OPEN
        operation = "access" if is_open else _ALL[self._chance.randrange(len(_ALL))]
        rows[schema.request].append(self._request(own, operation, at, is_open=is_open))
        names = (*CONNECTORS, RARE) if number % max(self._count // 100, 1) == 0 else CONNECTORS
        rows[schema.task] += [self._task(own, name, at, is_open=is_open) for name in names]
        if operation == "erase":
            rows[schema.item] += [self._item(own, place, at) for place in range(5)]
        if self._now - at < _KEPT:
            rows[schema.idempotency].append(self._key(own, at))
        rows[evidence_schema.evidence].append(self._entry(own, "request.received", at, operation))
        if not is_open:
            rows[evidence_schema.evidence] += [
                self._entry(own, event, at + timedelta(seconds=2), operation)
                for event in ("task.copied", "request.closed")
            ]

    def _request(self, own: str, operation: str, at: datetime, *, is_open: bool) -> dict[str, Any]:
        due = due_dates(at, 28)
        has_keys = is_open or self._now - at < _KEPT
        sealed = self._chance.randbytes(300) if has_keys else None
        keeps = operation == "erase"
        return {
            "id": own,
            "controller": CONTROLLER,
            "client_id": "bench",
            "operation": operation,
            "state": "waiting" if is_open else "closed",
            "waiting_for": "identity" if is_open else None,
            "received_at": at,
            "promised": due.promised,
            "legal": due.legal,
            "extended": None,
            "reference": f"s-{self._chance.getrandbits(96):024x}",
            "identifier_kinds": "email,phone",
            "language": "nl",
            "scope": {"connectors": [], "categories": []},
            "version": 6,
            "identity_method": None if is_open else "portal",
            "identity_by": None if is_open else "bench",
            "identity_at": None if is_open else at,
            "closed_at": None if is_open else at + timedelta(seconds=2),
            "wake_at": self._wake(at, keeps=keeps, has_keys=has_keys, is_open=is_open),
            "subject_key": self._chance.randbytes(60) if has_keys else None,
            "retention_key": self._chance.randbytes(60) if has_keys or keeps else None,
            "confidential_box": sealed,
        }

    def _wake(self, at: datetime, *, keeps: bool, has_keys: bool, is_open: bool) -> datetime | None:
        if is_open:
            return None
        if has_keys:
            return at + _KEPT + timedelta(days=1)
        return next_look(self._verdict(at), self._now) if keeps else None

    def _verdict(self, at: datetime) -> Verdict:
        """What is said of what an erasure of that time keeps."""
        billed = at - _BILLED_BEFORE
        bill = ItemRef("", Category.FINANCIAL, Product.GENERAL, billed)
        return decide(bill, self._pack, at)

    def _task(self, own: str, name: str, at: datetime, *, is_open: bool) -> dict[str, Any]:
        return {
            "request_id": own,
            "connector": name,
            "controller": CONTROLLER,
            "received_at": at,
            "stage": "locate" if is_open else "done",
            "attempts": 0,
            "quarantined": 0,
            "tally": {} if is_open else {"contact/general": 2},
            "columns": None if is_open else {"contact/general": ["id", "givenName", "familyName"]},
            "looked_with": None if is_open else f"{self._chance.getrandbits(256):064x}",
            "unseen": [],
            "left_earlier": [],
            "updated_at": at + timedelta(seconds=2),
        }

    def _item(self, own: str, place: int, at: datetime) -> dict[str, Any]:
        is_kept = place < 2
        kept = self._verdict(at) if is_kept else None
        return {
            "request_id": own,
            "connector": "operator",
            "digest": f"{self._chance.getrandbits(256):064x}",
            "category": "financial" if is_kept else "communication_metadata",
            "product": "general" if is_kept else "voice",
            "term_starts": at - _BILLED_BEFORE,
            "service_runs": False,
            "erasure": "delete",
            "action": "retain" if is_kept else "erase",
            "state": "retained" if is_kept else "erased",
            "ground": kept.ground.code.value if kept else None,
            "until": kept.until if kept else None,
            "look_at": next_look(kept, self._now) if kept else None,
            "looks": 0,
            "tries": 0,
            "ref_box": self._chance.randbytes(60) if is_kept else None,
        }

    def _key(self, own: str, at: datetime) -> dict[str, Any]:
        return {
            "scope": f"{self._chance.getrandbits(256):064x}",
            "fingerprint": f"{self._chance.getrandbits(256):064x}",
            "status": 202,
            "headers": {"location": f"/v1/requests/{own}", "vary": "prefer"},
            "body": self._chance.randbytes(1_200),
            "made_at": at,
        }

    def _entry(self, own: str, event: str, at: datetime, operation: str) -> dict[str, Any]:
        self._sequence += 1
        details = f'{{"client":"bench","operation":"{operation}"}}'
        content = evidence.content_of(at, CONTROLLER, own, event, details)
        before = self._last
        self._last = evidence.digested(self._sequence, content, before)
        return {
            "sequence": self._sequence,
            "at": at,
            "controller": CONTROLLER,
            "request_id": own,
            "event": event,
            "details": details,
            "previous": before,
            "digest": self._last,
            "code": self._attesting.code(content),
        }
