"""Usages: listed, read and deleted one by one, their sound downloaded."""

from __future__ import annotations

import re
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from avgate_mocks.operator import billing, usage
from avgate_mocks.operator.answer import json_answer, no_content
from avgate_mocks.operator.audio import MIME_TYPE
from avgate_mocks.operator.query import fields, page, query, selected, span
from avgate_mocks.operator.refusal import RefusedError
from avgate_mocks.operator.service import Service
from avgate_mocks.operator.shape import Resource, moment
from avgate_mocks.operator.tenant import Tenant
from avgate_mocks.operator.usage import Asked, Book, Kind

_ID = re.compile(r"([0-9a-f]{16})-([csvr])([0-9]{1,9})")
_Place = tuple[Book, Kind, int]


class UsageCalls:
    """The calls that usages offer."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._clock = service.kernel.clock

    def routes(self, base: str) -> Sequence[Route]:
        service, path = self._service, base + usage.PATH
        return [
            Route(path, service.reading(self._list), methods=["GET"]),
            Route(f"{path}/{{id}}", service.reading(self._read), methods=["GET"]),
            Route(f"{path}/{{id}}", service.writing(self._delete), methods=["DELETE"]),
            Route(
                f"{base}{usage.AUDIO_PATH}/{{id}}", service.reading(self._sound), methods=["GET"]
            ),
        ]

    def _list(self, held: Tenant, request: Request) -> Response:
        asked = query(request.query_params, usage.FILTERS, self._service.largest_page)
        wanted = Asked(
            span(asked.filters), asked.filters.get("usageType"), asked.filters.get("status")
        )
        offset, limit, total = asked.offset, asked.limit, 0
        found: list[Resource] = []
        for book in _books(held, asked.filters.get("relatedParty.id")):
            count, usages = book.page(wanted, offset, limit, self._clock.now())
            found.extend(usages)
            total, offset, limit = total + count, max(0, offset - count), limit - len(usages)
        return page(asked, total, found)

    def _read(self, held: Tenant, request: Request) -> Response:
        book, kind, index = _place(held, request)
        found = book.render(kind, index, self._clock.now())
        return json_answer(selected(found, fields(request.query_params)))

    def _delete(self, held: Tenant, request: Request, _body: bytes) -> Response:
        book, kind, index = _place(held, request)
        if kind is Kind.CALL:
            self._refuse_what_is_billed(book, index)
        gone = book.render(kind, index, self._clock.now())
        book.shelves[kind].remove(index)
        self._service.effect(request, gone["id"], kind="delete", status=204)
        self._service.hub.tell(held.controller, "usage", "DeleteEvent", gone)
        return no_content()

    def _refuse_what_is_billed(self, book: Book, index: int) -> None:
        call, now = book.call(Kind.CALL, index), self._clock.now()
        if billing.status(call, now) is not billing.Status.BILLED:
            return
        if billing.is_under_dispute(book.person, call):
            reason, message = (
                "The usage is on an invoice under dispute",
                "It is not known until when",
            )
            raise RefusedError(409, code="usageUnderDispute", reason=reason, message=message)
        until = billing.disputable_until(call)
        if now < until:
            reason = "The usage is billed, and its bill can still be disputed"
            message = f"It can be deleted from {moment(until)}"
            raise RefusedError(409, code="usageBilled", reason=reason, message=message)

    def _sound(self, held: Tenant, request: Request) -> Response:
        book, kind, index = _place(held, request)
        audio = book.audio(kind, index)
        if audio is None:
            raise RefusedError(404)
        headers = {"Content-Length": str(audio.size_bytes)}
        return StreamingResponse(audio.stream(), headers=headers, media_type=MIME_TYPE)


def _books(held: Tenant, party_id: str | None) -> Sequence[Book]:
    if party_id is None:
        return list(held.books.values())
    return [held.books[party_id]] if party_id in held.books else []


def _place(held: Tenant, request: Request) -> _Place:
    """Where a usage stands; raises RefusedError with status 404 if it stands nowhere."""
    parts = _ID.fullmatch(request.path_params["id"])
    if parts is None or parts[1] not in held.books:
        raise RefusedError(404)
    book, kind, index = held.books[parts[1]], Kind(parts[2]), int(parts[3])
    if index not in book.shelves[kind]:
        raise RefusedError(404)
    return book, kind, index
