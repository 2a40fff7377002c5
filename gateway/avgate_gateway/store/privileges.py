"""What the account that a gateway runs as may do on PostgreSQL: of each table the least that its statements need.

The tables are another account's, their owner's. Whoever comes by the gateway's password can neither rewrite
evidence nor delete it: PostgreSQL refuses that, whatever the gateway is made to say.

A release leaves here what the one before it needs, for both run side by side while one replaces the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from avgate_gateway.store.handovers import handover
from avgate_gateway.store.schema import item, request, task

KINDS: Final = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")


@dataclass(frozen=True, slots=True)
class Granted:
    """What may be done with the rows of a table, and which of their columns may be written again."""

    reads: bool = True
    adds: bool = False
    drops: bool = False
    changes: tuple[str, ...] = ()

    def kinds(self) -> Sequence[str]:
        """The privileges on the table as a whole."""
        granted = {"SELECT": self.reads, "INSERT": self.adds, "DELETE": self.drops}
        return [kind for kind, is_granted in granted.items() if is_granted]

    def words(self) -> str:
        """What stands between GRANT and ON."""
        columns = ", ".join(f'"{name}"' for name in self.changes)
        return ", ".join([*self.kinds(), *([f"UPDATE ({columns})"] if columns else [])])


def _but(table: sa.Table, *once: str) -> tuple[str, ...]:
    """All columns but those that are written once: whose a row is, and what was asked."""
    return tuple(name for name in table.c.keys() if name not in once)  # noqa: SIM118 -- a column collection's


TABLES: Final[Mapping[str, Granted]] = {
    "alembic_version": Granted(),
    # An entry is put down as a draft, and PostgreSQL itself links it to the chain, as the owner (`store.chain`).
    "evidence": Granted(),
    "evidence_draft": Granted(reads=False, adds=True),
    "evidence_tile": Granted(adds=True),
    "checkpoint": Granted(adds=True),
    "request": Granted(
        adds=True,
        changes=_but(
            request, "id", "controller", "client_id", "operation", "received_at", "promised", "legal",
            "reference", "identifier_kinds", "language", "scope", "submitter", "submitted_at",
            "callback_host",
        ),
    ),
    "task": Granted(
        adds=True, changes=_but(task, "request_id", "connector", "controller", "received_at")
    ),
    "item": Granted(
        adds=True, drops=True, changes=_but(item, "id", "request_id", "connector", "digest")
    ),
    "hand_task": Granted(adds=True, drops=True, changes=("completed_at", "completed_by", "kept_ground", "kept_until")),
    "copy_part": Granted(adds=True, drops=True),
    "remark": Granted(adds=True, drops=True),
    "lead": Granted(adds=True, drops=True),
    "known_by": Granted(adds=True, drops=True),
    "letter": Granted(adds=True, changes=("pdf_box",)),
    "handover": Granted(
        adds=True,
        changes=_but(handover, "id", "request_id", "controller", "destination", "made_at"),
    ),
    "opendsr_request": Granted(adds=True, changes=("told", "box")),
    "callback": Granted(adds=True),
    "idempotency": Granted(
        adds=True, drops=True, changes=("fingerprint", "status", "headers", "body")
    ),
    "processor": Granted(adds=True, drops=True),
    "published_list": Granted(adds=True, drops=True),
    "pause": Granted(adds=True, changes=("ended_at", "ended_by")),
    "webhook_delivery": Granted(
        adds=True, drops=True, changes=("state", "next_at", "claim", "attempts", "tries")
    ),
    "webhook_attempt": Granted(adds=True, drops=True),
    "webhook_endpoint": Granted(
        adds=True, drops=True, changes=("failing_since", "paused_until", "disabled_at", "reason")
    ),
    "console_session": Granted(adds=True, drops=True, changes=("seen_at", "ended_at")),
    "refused": Granted(adds=True, drops=True),
    "rate": Granted(adds=True, drops=True, changes=("until", "spent", "given")),
    "keyring": Granted(adds=True, changes=("wrapped",)),
    "worker": Granted(adds=True, drops=True, changes=("beat_at",)),
}  # fmt: skip
NUMBERED: Final = ("item", "copy_part", "webhook_attempt")  # whose `id` a sequence counts
_LONG: Final = {one.name: one for one in (request, task, item, handover)}


def table() -> Iterator[str]:
    """As the documentation shows it."""
    yield "| table | with its rows | written again |"
    yield "|---|---|---|"
    for name, granted in TABLES.items():
        yield f"| `{name}` | {', '.join(granted.kinds())} | {_written_again(name, granted)} |"


def _written_again(name: str, granted: Granted) -> str:
    if name not in _LONG:
        return ", ".join(f"`{column}`" for column in granted.changes)
    once = [f"`{column}`" for column in _LONG[name].c.keys() if column not in granted.changes]  # noqa: SIM118 -- likewise
    return f"all but {', '.join(once)}"
