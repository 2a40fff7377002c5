"""Whom a request is about, as far as a page may say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from avgate_contracts.identifier import Identifier
from avgate_gateway import confidential
from avgate_gateway.flow.context import Context
from avgate_gateway.plan import WantedChange
from avgate_gateway.request import Confidential, SubjectRequest
from avgate_gateway.store import requests
from avgate_gateway.store.connection import Connection
from avgate_gateway.vault import SUBJECT_KEY, VaultError

Known = Mapping[str, tuple[Identifier, ...]]


async def identifiers_of(
    db: Connection, context: Context, found: Iterable[SubjectRequest]
) -> Known:
    """What was given of the person, by request; nothing once that was destroyed."""
    return {one.id: await _identifiers(db, context, one) for one in found}


async def changes_of(
    db: Connection, context: Context, request: SubjectRequest
) -> tuple[WantedChange, ...]:
    """What was asked to be corrected; nothing once that was destroyed."""
    part = await _confidential(db, context, request)
    return part.changes if part else ()


async def _identifiers(
    db: Connection, context: Context, request: SubjectRequest
) -> tuple[Identifier, ...]:
    part = await _confidential(db, context, request)
    return part.subject.identifiers if part else ()


async def _confidential(
    db: Connection, context: Context, request: SubjectRequest
) -> Confidential | None:
    sealed = await requests.sealed(db, request.id)
    if sealed.subject_key is None or sealed.confidential is None:
        return None
    box = context.vault.box(sealed.subject_key, request.id, SUBJECT_KEY)
    try:
        plain = box.open(sealed.confidential, confidential.CONTEXT)
    except VaultError:  # it was tampered with: the flow says so, and a list is no place to stop at
        return None
    return confidential.from_bytes(plain)
