"""`/v1/requests/{id}/…`: what is planned, what happened, what became of it, and the copy."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from avgate_contracts.vocabulary import Operation
from avgate_gateway import confidential, remarking
from avgate_gateway.api.answering import answer, not_found, plain
from avgate_gateway.api.begun import begun
from avgate_gateway.api.gateway import Gateway
from avgate_gateway.api.result_views import AnyPlanView, EvidenceView, ProofView, ReportView
from avgate_gateway.authentication import ASKS_FOR_ITS_OPERATION, Caller, Scope, requires
from avgate_gateway.checkpointing import EVERY_SECONDS, trusted
from avgate_gateway.flow.doubting import is_ambiguous
from avgate_gateway.flow.planning import PLAN
from avgate_gateway.package import sealed_for
from avgate_gateway.packing import packed
from avgate_gateway.problem import GONE, NOT_READY, Problem, ProblemError, sealed
from avgate_gateway.proof import NotProvenYetError, proven
from avgate_gateway.proving.note import NoteError
from avgate_gateway.reporting import reported
from avgate_gateway.request import COPIES, State, SubjectRequest, WaitingFor
from avgate_gateway.store import evidence, requests, tasks
from avgate_gateway.store.evidence import Entry
from avgate_gateway.vault import SUBJECT_KEY, Box


def router(gateway: Gateway) -> APIRouter:
    """The routes that show results."""
    routes = APIRouter(prefix="/v1/requests/{request_id}", tags=["results"])
    _add_accounts(routes, gateway)
    _add_streams(routes, gateway)
    return routes


def _add_accounts(routes: APIRouter, gateway: Gateway) -> None:
    """What is, or was, done with the data, each in one answer."""
    database = gateway.context.database

    @routes.get(
        "/plan", response_model=AnyPlanView,
        summary="The preview: what goes, what stays, on which ground, until when",
    )  # fmt: skip
    async def plan(
        http: Request, request_id: str, caller: Annotated[Caller, requires(Scope.READ)]
    ) -> Response:
        return answer(http, await plan_of(gateway, await gateway.request(caller, request_id)))

    @routes.get("/report", response_model=ReportView, summary="What became of each item")
    async def report(
        http: Request, request_id: str, caller: Annotated[Caller, requires(Scope.READ)]
    ) -> Response:
        request = await gateway.request(caller, request_id)
        async with database.read() as db:
            made = await reported(db, request)
        return answer(http, orjson.dumps({**made.to_json(), "state": request.state.value}))

    @routes.get(
        "/evidence", response_model=EvidenceView,
        summary="The links of the chain that concern this request",
    )  # fmt: skip
    async def chain(request_id: str, caller: Annotated[Caller, requires(Scope.READ)]) -> Response:
        request = await gateway.request(caller, request_id)
        async with database.read() as db:
            found = await evidence.of_request(db, request.id)
            texts = await remarking.read(db, gateway.context, [request.id])
        shown = [
            {**entry_json(one), "remark": texts.get((request.id, _place(one)))} for one in found
        ]
        return plain({"items": shown, "next": None})

    @routes.get(
        "/evidence/proof", response_model=ProofView,
        summary="What proves this request's evidence to an outsider, without us",
    )  # fmt: skip
    async def proof(
        http: Request, request_id: str, caller: Annotated[Caller, requires(Scope.READ)]
    ) -> Response:
        return answer(http, await proof_of(gateway, await gateway.request(caller, request_id)))


def _add_streams(routes: APIRouter, gateway: Gateway) -> None:
    """What is sent while it is made."""

    @routes.get(
        "/package",
        summary="The copy, as a ZIP made while it is sent",
        openapi_extra=ASKS_FOR_ITS_OPERATION,
        response_class=StreamingResponse,
        responses={200: {"content": {"application/zip": {}, "application/octet-stream": {}}}},
    )
    async def package(request_id: str, caller: Annotated[Caller, requires(Scope.READ)]) -> Response:
        return await package_of(gateway, caller, await gateway.request(caller, request_id))


async def plan_of(gateway: Gateway, request: SubjectRequest) -> bytes:
    """The preview of a request as JSON; raises ProblemError (404, 409, 410) where there is none."""
    async with gateway.context.database.read() as db:
        sealed = await requests.sealed(db, request.id)
    if request.operation in COPIES:
        raise not_found("Only an erasure and a rectification have a plan.")
    if sealed.plan is None:
        raise _no_plan(request, is_shredded=sealed.subject_key is None)
    box, _ = await _copy_box(gateway, request)
    return box.open(sealed.plan, PLAN)


async def proof_of(gateway: Gateway, request: SubjectRequest) -> bytes:
    """The proof of a request as JSON; raises ProblemError, 409, until a checkpoint covers it."""
    signing = gateway.checkpointer
    try:
        async with gateway.context.database.read() as db:
            keys = await trusted(db, signing.key.public_key()) if signing else ()
            return orjson.dumps(await proven(db, request.id, *keys))
    except NotProvenYetError:
        told = "No checkpoint covers all of it yet: one is signed every half minute."
        raise _not_ready(told, EVERY_SECONDS) from None
    except NoteError as error:
        raise ProblemError(sealed(error)) from None


async def opened_copy(
    gateway: Gateway, caller: Caller, request: SubjectRequest
) -> tuple[Box, str | None]:
    """What opens the copy, and whose key it is to be sealed for; raises ProblemError."""
    caller.must_hold(Scope.EXPORT if request.operation is Operation.EXPORT else Scope.ACCESS)
    if request.operation not in COPIES:
        raise not_found("Only an access and an export make a copy.")
    async with gateway.context.database.read() as db:
        held_back = is_ambiguous(await tasks.of_request(db, request.id))
    if held_back:
        raise not_found("What was given fits more than one person: there is no copy.")
    if request.closing is not None:
        raise not_found("The request was not carried out: there is no copy.")
    if not _is_complete(request):
        raise _not_ready("The copy is still being made.")
    return await _copy_box(gateway, request)


async def package_of(
    gateway: Gateway, caller: Caller, request: SubjectRequest, name: str | None = None
) -> Response:
    """The copy on its way; raises ProblemError (403, 404, 409, 410) where it may not go."""
    box, recipient = await opened_copy(gateway, caller, request)
    name = f"{name or f'avgate-{request.operation.value}-{request.id}'}.zip"
    body = packed(gateway.context, gateway.installed, request, box)
    if recipient is None:
        return _download(await begun(body), name, "application/zip")
    to_them = await begun(sealed_for(recipient, body))
    return _download(to_them, f"{name}.age", "application/octet-stream")


def _download(body: AsyncIterator[bytes], name: str, media_type: str) -> Response:
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(body, media_type=media_type, headers=headers)


def _no_plan(request: SubjectRequest, *, is_shredded: bool) -> ProblemError:
    if is_shredded:
        return _gone()
    if request.state is State.CLOSED:
        return not_found("It was closed before there was a plan.")
    return _not_ready("No plan is made yet.")


async def _copy_box(gateway: Gateway, request: SubjectRequest) -> tuple[Box, str | None]:
    """The box of what is kept of the person, and whose key the copy is to be sealed for.

    Raises ProblemError, 410, once its key is gone.
    """
    async with gateway.context.database.read() as db:
        sealed = await requests.sealed(db, request.id)
    if sealed.subject_key is None or sealed.confidential is None:
        raise _gone()
    box = gateway.context.vault.box(sealed.subject_key, request.id, SUBJECT_KEY)
    plain = box.open(sealed.confidential, confidential.CONTEXT)
    return box, confidential.from_bytes(plain).recipient


def entry_json(entry: Entry) -> dict[str, object]:
    """An entry with all that it takes to compute its digest again."""
    return {
        "sequence": entry.sequence,
        "at": entry.at.isoformat(),
        "controller": entry.controller,
        "request_id": entry.request_id,
        "event": entry.event,
        "details": orjson.loads(entry.details),
        "previous": entry.previous,
        "digest": entry.digest,
    }


def _place(entry: Entry) -> str:
    """Where the words are that came with what the entry tells; they are no part of the chain."""
    match entry.event:
        case "request.received":
            return remarking.NOTE
        case "plan.approved" | "plan.rejected":
            return remarking.decision(orjson.loads(entry.details)["digest"])
        case "request.cancelled":
            return remarking.CANCELLATION
        case "request.extended":
            return remarking.EXTENSION
        case "subject.revealed" | "changes.revealed":
            return str(orjson.loads(entry.details)["remark"])
    return ""


def _is_complete(request: SubjectRequest) -> bool:
    """Whether the copy holds all that it will, or all but what a person has to bring about."""
    return request.state is State.CLOSED or request.waiting_for is WaitingFor.PERSON


def _not_ready(detail: str, after: float = 1) -> ProblemError:
    return ProblemError(Problem(NOT_READY, detail, headers={"retry-after": f"{after:.0f}"}))


def _gone() -> ProblemError:
    return ProblemError(Problem(GONE))
