"""PostgreSQL refuses what is wider than its column, when it is too late; SQLite never says so."""

from __future__ import annotations

import base64
import typing
from collections.abc import Iterable
from datetime import UTC, datetime
from enum import Enum
from importlib.metadata import version
from uuid import uuid4

import pytest
import sqlalchemy as sa
from pydantic import BaseModel, TypeAdapter, ValidationError

from avgate_contracts.identifier import Identifier
from avgate_contracts.record import ErasureWay
from avgate_contracts.vocabulary import Category, IdentifierKind, Operation, Product
from avgate_gateway import remarking
from avgate_gateway.api.answering import from_cursor, to_cursor
from avgate_gateway.api.bodies import CompletionBody, IdentityBody, SubjectBody
from avgate_gateway.api.letters import LetterQuery
from avgate_gateway.authentication import TokenPolicy
from avgate_gateway.authentication.claim import InvalidTokenError, caller
from avgate_gateway.authentication.client_name import LONGEST_NAME
from avgate_gateway.engine import PROTOCOL
from avgate_gateway.intake import NOT_RELEVANT
from avgate_gateway.keyring import KeyRing
from avgate_gateway.notice import Event
from avgate_gateway.opendsr import calling
from avgate_gateway.opendsr.mapping import Status
from avgate_gateway.opendsr.naming import NAMINGS
from avgate_gateway.problem import ProblemError
from avgate_gateway.request import State, WaitingFor
from avgate_gateway.retention import Action, GroundCode
from avgate_gateway.settings.value import Name
from avgate_gateway.settings.webhook import CallbackHost
from avgate_gateway.store import (
    console_sessions,  # noqa: F401 -- a table of its own
    keyring,  # noqa: F401 -- a table of its own
    pauses,  # noqa: F401 -- a table of its own
    refused,
)
from avgate_gateway.store.deliveries import DeliveryState
from avgate_gateway.store.handovers import HandoverState
from avgate_gateway.store.item import ItemState
from avgate_gateway.store.moment import EPOCH
from avgate_gateway.store.schema import metadata
from avgate_gateway.store.tasks import Stage, TaskCode
from avgate_gateway.vault import Vault
from avgate_gateway.webhooks import delivering, outlets

BEGINNING = datetime(2026, 1, 1, 12, 30, 15, 1, tzinfo=UTC)
VAULT = Vault(KeyRing.of(b"k" * 32), b"i" * 32)
DIGEST = len(VAULT.blind("c", "x"))
REFERENCE = len(VAULT.reference("c", [Identifier.of(IdentifierKind.CUSTOMER_ID, "1")]))
ID = len(str(uuid4()))


def longest(*kinds: type[Enum], joined: str | None = None) -> int:
    """The longest word of closed lists; of all words in one text, where they are joined."""
    words = [str(word.value) for kind in kinds for word in kind]
    return max(map(len, words)) if joined is None else len(joined.join(words))


def allowed(model: type[BaseModel], field: str) -> int:
    """The longest text that a body may hold in a field."""
    schema = TypeAdapter(model).json_schema()["properties"][field]
    found: Iterable[dict[str, typing.Any]] = schema.get("anyOf", [schema])
    return max(
        one.get("maxLength") or max(len(word) for word in one["enum"])
        for one in found
        if one["type"] != "null"
    )


def longest_claim() -> int:
    """The longest client that a token may name."""
    policy = TokenPolicy(issuer="i", audience="a", controllers=frozenset({"c"}))
    for length in range(300, 0, -1):
        claims = {"iss": "i", "aud": "a", "sub": "s", "jti": "j", "controller": "c",
                  "client_id": "x" * length, "iat": 0, "exp": 60, "scope": ""}  # fmt: skip
        try:
            return len(caller(claims, policy, 1).client_id)
        except InvalidTokenError:
            continue
    raise AssertionError("no client is believed")


def longest_name(kind: typing.Any = Name, letters: str = "x") -> int:
    """The longest name that the settings let a controller, a connector or a host have."""
    adapter: TypeAdapter[str] = TypeAdapter(kind)
    for length in range(300, 0, -1):
        try:
            return len(adapter.validate_python((letters * length)[-length:]))
        except ValidationError:
            continue
    raise AssertionError("no name is possible")


WORKER = ID + len(".99999999")  # the process, and how often it began anew
CLIENT, NAME = longest_claim(), longest_name()
HOST = longest_name(CallbackHost, ".x")
ENDPOINT = max(len(f"{outlets.CALLBACK}:"), len(f"{calling.KIND}:")) + HOST
EVERYWHERE = {"id": ID, "request_id": ID, "controller": NAME, "connector": NAME, "batch": ID,
              "category": longest(Category), "product": longest(Product), "digest": DIGEST}  # fmt: skip
WIDEST = {
    "request.client_id": CLIENT,
    "request.operation": longest(Operation),
    "request.state": longest(State),
    "request.waiting_for": longest(WaitingFor),
    "request.reference": REFERENCE,
    "request.identifier_kinds": longest(IdentifierKind, joined=","),
    "request.language": allowed(SubjectBody, "language"),
    "request.identity_method": allowed(IdentityBody, "method"),
    "request.identity_by": allowed(IdentityBody, "verified_by"),
    "request.plan_digest": DIGEST,
    "request.approved_by": CLIENT,
    "request.approved_digest": DIGEST,
    "request.closing": max(len("rejected"), len(NOT_RELEVANT), longest(TaskCode)),
    "request.held_by": WORKER,
    "request.submitter": DIGEST,
    "refused.kind": max(len(refused.CLIENT), len(refused.TOKEN)),
    "refused.name": LONGEST_NAME,
    "keyring.name": len("blind index"),
    "console_session.client_id": CLIENT,
    "console_session.subject": LONGEST_NAME,
    "console_session.name": LONGEST_NAME,
    "console_session.token_id": LONGEST_NAME,
    "pause.paused_by": CLIENT,
    "pause.ended_by": CLIENT,
    "console_session.provider_session": LONGEST_NAME,
    "worker.id": WORKER,
    "worker.name": 64 + len(" 4194304"),  # HOST_NAME_MAX, and PID_MAX_LIMIT: Linux, limits.h
    "worker.protocol": len(PROTOCOL),
    "worker.release": len(version("avgate")) + len(".post99.dev9999+g0123abc"),
    "task.stage": longest(Stage),
    "task.resume": longest(Stage),
    "task.looked_with": DIGEST,
    "item.erasure": longest(ErasureWay),
    "item.action": longest(Action),
    "item.state": longest(ItemState),
    "item.ground": longest(GroundCode),
    "hand_task.kept_ground": longest(GroundCode),
    "hand_task.completed_by": max(CLIENT, allowed(CompletionBody, "completed_by")),
    "letter.language": allowed(LetterQuery, "language"),
    "letter.basis": DIGEST,
    "letter.sha256": DIGEST,
    "handover.destination": NAME,
    "handover.state": longest(HandoverState),
    "handover.claim": ID,
    "handover.sha256": DIGEST,
    "handover.folder": ID,
    "remark.place": max(
        len(remarking.decision("0" * DIGEST)), len(remarking.hand_task("0" * ID)),
        len(remarking.EXTENSION), len(remarking.CANCELLATION), len(remarking.NOTE),
        len(remarking.revealed(BEGINNING)),
    ),
    "idempotency.scope": DIGEST,
    "idempotency.fingerprint": DIGEST,
    "evidence.event": len("vault.retention_key_destroyed"),
    "evidence.previous": DIGEST,
    "rate.key": DIGEST,
    "request.callback_host": HOST,
    "opendsr_request.fingerprint": DIGEST,
    "opendsr_request.naming": max(len(naming.name) for naming in NAMINGS),
    "opendsr_request.told": longest(Status),
    "webhook_delivery.kind": max(map(len, (outlets.WEBHOOK, outlets.CALLBACK, calling.KIND))),
    "webhook_delivery.endpoint": ENDPOINT,
    "webhook_delivery.event": longest(Event),
    "webhook_delivery.state": longest(DeliveryState),
    "webhook_delivery.claim": ID,
    "webhook_attempt.delivery_id": ID,
    "webhook_attempt.word": max(map(len, delivering.WORDS)),
    "webhook_endpoint.name": ENDPOINT,
    "webhook_endpoint.reason": max(len(delivering.GONE), len(delivering.FAILING)),
}  # fmt: skip
COLUMNS = {
    f"{table.name}.{column.name}": column.type.length
    for table in metadata.tables.values()
    for column in table.columns
    if isinstance(column.type, sa.String) and column.type.length is not None
}


@pytest.mark.parametrize("column", COLUMNS)
def test_nothing_can_be_wider_than_its_column(column: str) -> None:
    widest = WIDEST.get(column, EVERYWHERE.get(column.partition(".")[2]))
    assert widest is not None, f"say how wide {column} can get, or make it Text"
    assert widest <= COLUMNS[column]


def test_every_width_is_of_a_column() -> None:
    assert set(WIDEST) <= set(COLUMNS)


def test_what_upstreams_make_up_has_no_width() -> None:
    made_up = {"item": ("upstream_version", "code", "job", "reason"), "task": ("code", "reason"),
               "hand_task": ("code", "reason"), "copy_part": ("media_type",),
               "processor": ("provider", "name"), "published_list": ("provider", "etag")}  # fmt: skip
    for table, columns in made_up.items():
        for column in columns:
            assert isinstance(metadata.tables[table].c[column].type, sa.Text), (table, column)


@pytest.mark.parametrize("last_id", ["a\x00b", "a\nb", "\x7f", "ë"])
def test_a_cursor_holds_nothing_that_a_database_refuses(last_id: str) -> None:
    cursor = base64.urlsafe_b64encode(f"1:{last_id}".encode()).decode().rstrip("=")
    with pytest.raises(ProblemError):
        from_cursor(cursor)
    assert from_cursor(to_cursor(EPOCH, "a-b")) == (EPOCH, "a-b")
