"""Takes in what a sender of OpenDSR sends on, exactly as `POST /v1/requests` takes in a request."""

from __future__ import annotations

from dataclasses import dataclass, field

import orjson
from pydantic import ValidationError

from avgate_gateway import intake
from avgate_gateway.api.gateway import Gateway
from avgate_gateway.api.moments import not_in_the_future
from avgate_gateway.api.opendsr_bodies import ExtensionBody, SubjectRequestBody
from avgate_gateway.authentication import Caller
from avgate_gateway.flow.context import Desk
from avgate_gateway.opendsr.mapping import OPERATIONS, Status, counts_from
from avgate_gateway.opendsr.naming import OPENDSR, Naming
from avgate_gateway.opendsr.processor import Processor
from avgate_gateway.opendsr.sender import Sender
from avgate_gateway.problem import (
    ACCESS_REFUSED,
    DUPLICATE_REQUEST,
    INVALID_CONTENT,
    Located,
    Problem,
    ProblemError,
    from_validation,
)
from avgate_gateway.request import IdentityCheck, SubjectRequest
from avgate_gateway.store import opendsr, requests
from avgate_gateway.store.advisory_lock import lock_by_name
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.opendsr import Known
from avgate_gateway.vault import SUBJECT_KEY
from avgate_gateway.webhooks.address import is_among, why_not_sent

METHOD = "opendsr"  # how identity was verified, where the sender's word is enough


@dataclass(frozen=True, slots=True)
class Sent:
    """What was sent: the body as it was read, and as the JSON value that it was."""

    naming: Naming
    body: SubjectRequestBody
    value: object = field(repr=False)


async def known(db: Connection, gateway: Gateway, caller: Caller, sender_id: str) -> Known | None:
    """What an id of a sender's stands for within the caller's controller."""
    return await opendsr.find(db, caller.controller, _digest(gateway, caller, sender_id))


async def take(
    gateway: Gateway, us: Processor, caller: Caller, sent: Sent
) -> tuple[SubjectRequest, bool]:
    """The request that was sent, and whether it is new; the same again is the same request.

    Raises ProblemError for what cannot be accepted, and for an id that came with something else.
    """
    context = gateway.context
    digest = _digest(gateway, caller, sent.body.subject_request_id)
    fingerprint = _fingerprint(gateway, caller, sent)
    async with context.database.write(ahead=True) as db:
        await lock_by_name(db, digest)
        before = await opendsr.find(db, caller.controller, digest)
        earlier = await requests.find(db, before.request_id) if before else None
        if before is not None and earlier is not None:
            if before.fingerprint != fingerprint:
                raise ProblemError(Problem(DUPLICATE_REQUEST))
            return earlier, False
        drafted, person = intake.drafted(context, _asked(gateway, us, caller, sent))
        recorded, _ = await intake.record(db, context, drafted, person)
        box = await _sealed(db, gateway, recorded.id, sent)
        told = Status.PENDING if sent.body.status_callback_urls else None  # by the answer to this
        ours = (caller.controller, digest, recorded.id, fingerprint, sent.naming.name, told, box)
        await opendsr.keep(db, Known(*ours))
    if recorded.wake_at is not None:
        gateway.wake([recorded.id])
    return recorded, True


def _asked(gateway: Gateway, us: Processor, caller: Caller, sent: Sent) -> intake.Asked:
    body, now, desk = sent.body, gateway.context.now(), gateway.desk(caller)
    _check_version(sent)
    _check_controller(body, (caller.controller, *desk.opendsr_ids))
    not_in_the_future(body.submitted_time, now, "#/submitted_time")
    identifiers = tuple(body.identifiers(_extension(body, us.seal.domain)))
    if not identifiers:
        raise _invalid("name the data subject by at least one identity", "#/subject_identities")
    _check_callbacks(body, desk)
    submitted = counts_from(body.submitted_time, now)
    return intake.Asked(
        controller=caller.controller,
        client_id=caller.client_id,
        operation=OPERATIONS[body.subject_request_type],
        identifiers=identifiers,
        identity=IdentityCheck(METHOD, caller.client_id, now) if desk.opendsr_verified else None,
        submitter=gateway.party(caller).person,
        submitted_at=submitted if submitted < now else None,
    )


def _check_version(sent: Sent) -> None:
    if sent.body.regulation is None and sent.naming is OPENDSR:
        raise _invalid("is required: gdpr or ccpa", "#/regulation")


def _check_controller(body: SubjectRequestBody, own: tuple[str, ...]) -> None:
    """Another controller's name is answered as one that nobody has."""
    if body.controller_id is not None and body.controller_id not in own:
        detail = "The controller_id is not one of the controller that the token names."
        raise ProblemError(Problem(ACCESS_REFUSED, detail))


def _check_callbacks(body: SubjectRequestBody, desk: Desk) -> None:
    """Every address may be called, or none is taken: whoever sent it would wait for a call."""
    for n, address in enumerate(body.status_callback_urls):
        why = why_not_sent(address, desk.callback_networks)
        if not is_among(address, desk.callback_hosts):
            why = f"its host must stand in the setting controllers.{desk.name}.callback_hosts"
        if why is not None:
            raise _invalid(f"cannot be called: {why}", f"#/status_callback_urls/{n}")


def _extension(body: SubjectRequestBody, domain: str) -> ExtensionBody:
    """What stands under our own domain, of which everything has to be understood."""
    try:
        return ExtensionBody.model_validate(body.extensions.get(domain, {}))
    except ValidationError as error:
        found = from_validation(error, ExtensionBody)
        under = f"#/extensions/{domain}"
        errors = tuple(Located(one.detail, under + one.where[1:]) for one in found)
        raise ProblemError(Problem(INVALID_CONTENT, errors=errors)) from None


async def _sealed(db: Connection, gateway: Gateway, request_id: str, sent: Sent) -> bytes:
    key = (await requests.sealed(db, request_id)).subject_key
    box = gateway.context.vault.box(key, request_id, SUBJECT_KEY)
    body = sent.body
    return Sender(body.subject_request_id, tuple(body.status_callback_urls)).sealed(box)


def _digest(gateway: Gateway, caller: Caller, sender_id: str) -> str:
    return gateway.context.vault.blind(caller.controller, "opendsr", sender_id)


def _fingerprint(gateway: Gateway, caller: Caller, sent: Sent) -> str:
    """JSON that means the same is the same, whatever its spelling."""
    canonical = orjson.dumps(sent.value, option=orjson.OPT_SORT_KEYS).decode()
    return gateway.context.vault.blind(caller.controller, "opendsr body", canonical)


def _invalid(detail: str, where: str) -> ProblemError:
    return ProblemError(Problem(INVALID_CONTENT, errors=(Located(detail, where),)))
