"""Takes a request in: recorded with its idempotency key in one transaction, before it is answered."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from uuid import uuid4

from avgate_contracts.identifier import Identifier
from avgate_contracts.subject import DataSubject
from avgate_contracts.vocabulary import Operation
from avgate_gateway import confidential, remarking
from avgate_gateway.due import due_dates
from avgate_gateway.flow import settling
from avgate_gateway.flow.context import Context, Desk
from avgate_gateway.plan import WantedChange
from avgate_gateway.request import (
    Confidential,
    IdentityCheck,
    Scope,
    State,
    SubjectRequest,
    WaitingFor,
)
from avgate_gateway.store import evidence, known_by, requests, tasks
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.requests import Sealed
from avgate_gateway.store.tasks import Task
from avgate_gateway.vault import RETENTION_KEY, SUBJECT_KEY, Box
from avgate_gateway.warrant import Decisions
from avgate_gateway.webhooks.address import host_of

NOT_RELEVANT = "not_relevant"  # why restriction and objection close at once: the statements say so
_ANSWERED_AT_ONCE = frozenset({Operation.RESTRICT, Operation.OBJECT})


@dataclass(frozen=True, slots=True)
class Asked:
    """What a caller asks for, already checked."""

    controller: str
    client_id: str
    operation: Operation
    identifiers: tuple[Identifier, ...] = field(repr=False)
    language: str | None = None
    identity: IdentityCheck | None = None
    changes: tuple[WantedChange, ...] = ()
    scope: Scope = field(default_factory=Scope)
    note: str | None = field(default=None, repr=False)
    submitter: str | None = None  # keyed digest of the token's subject
    recipient: str | None = field(default=None, repr=False)
    callback_url: str | None = field(default=None, repr=False)  # on a host that may be called
    submitted_at: datetime | None = None  # when the data subject asked, already found plausible


def drafted(context: Context, asked: Asked) -> tuple[SubjectRequest, Confidential]:
    """The request as it will be recorded."""
    desk, now = context.desks[asked.controller], context.now()
    due = due_dates(asked.submitted_at or now, desk.answer_within_days)
    reference = context.vault.reference(asked.controller, asked.identifiers)
    language = asked.language or desk.language
    waits = asked.identity is None and asked.operation not in _ANSWERED_AT_ONCE
    request = SubjectRequest(
        id=str(uuid4()),
        controller=asked.controller,
        client_id=asked.client_id,
        operation=asked.operation,
        state=State.WAITING if waits else State.RECEIVED,
        waiting_for=WaitingFor.IDENTITY if waits else None,
        received_at=now,
        promised=due.promised,
        legal=due.legal,
        reference=reference,
        identifier_kinds=tuple(sorted({i.kind.value for i in asked.identifiers})),
        language=language,
        scope=asked.scope,
        version=1,
        identity=asked.identity,
        wake_at=None if waits else now,
        submitter=asked.submitter,
        callback_host=host_of(asked.callback_url) if asked.callback_url else None,
        submitted_at=asked.submitted_at,
    )
    subject = DataSubject(reference, asked.identifiers, language=language)
    return request, Confidential(subject, asked.changes, asked.recipient)


async def record(
    db: Connection, context: Context, request: SubjectRequest, person: Confidential,
    note: str | None = None, callback_url: str | None = None,
) -> tuple[SubjectRequest, Sequence[Task]]:  # fmt: skip
    """Writes the request, its tasks and the first entry of its evidence; both as they are then."""
    vault, now = context.vault, request.received_at
    subject_key = vault.new_key(request.id, SUBJECT_KEY)
    box = vault.box(subject_key, request.id, SUBJECT_KEY)
    retention_key = vault.new_key(request.id, RETENTION_KEY)
    references = vault.box(retention_key, request.id, RETENTION_KEY)
    sealed = Sealed(
        subject_key,
        retention_key,
        box.seal(confidential.to_bytes(person), confidential.CONTEXT),
        decisions=Decisions(request.identity).sealed(references) if request.identity else None,
        callback=box.seal(callback_url.encode(), confidential.CALLBACK) if callback_url else None,
    )
    await requests.add(db, request, sealed)
    found_by = {vault.known_by(request.controller, one) for one in person.subject.identifiers}
    await known_by.add(db, request.id, found_by)
    await remarking.keep(db, context, request.id, remarking.NOTE, note)
    await evidence.note(
        db, now, request, "request.received",
        {"operation": request.operation, "client": request.client_id,
         "reference": request.reference, "identity_verified": request.identity is not None,
         **_sealed_to(box, person)},
    )  # fmt: skip
    if request.operation in _ANSWERED_AT_ONCE:
        await settling.close(db, context, request, NOT_RELEVANT)
        return await requests.find(db, request.id) or request, ()
    names = concerned(context.desks[request.controller], request.scope)
    return request, await tasks.add(db, request, names)


def _sealed_to(box: Box, person: Confidential) -> dict[str, str]:
    """Whom the copy is for, so that it can be told from anybody else while the key is there."""
    if person.recipient is None:
        return {}
    key = box.digest_key("recipient")
    return {"sealed_to": hmac.new(key, person.recipient.encode(), sha256).hexdigest()}


def concerned(desk: Desk, scope: Scope) -> list[str]:
    """The connectors that a request goes to: all of the controller's, or those it names."""
    return sorted(
        name for name in desk.connectors if not scope.connectors or name in scope.connectors
    )


def unknown_connectors(desk: Desk, scope: Scope) -> list[str]:
    """The connectors that a request names and the controller does not have."""
    return sorted(scope.connectors - set(desk.connectors))
