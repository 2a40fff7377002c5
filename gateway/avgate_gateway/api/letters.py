"""`/v1/requests/{id}/letter` and `/letters`: what the person is told, as a PDF, in every version."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from avgate_gateway.api.answering import not_found, plain, tagged
from avgate_gateway.api.gateway import Gateway
from avgate_gateway.api.result_views import LetterListView
from avgate_gateway.authentication import Caller, Scope, requires
from avgate_gateway.letter.rendering import LetterTooSlowError
from avgate_gateway.lettering import GoneError, Letters, Made, Wish
from avgate_gateway.problem import (
    GONE,
    INVALID_PARAMETER,
    UNAVAILABLE,
    Located,
    Problem,
    ProblemError,
)
from avgate_gateway.request import SubjectRequest
from avgate_gateway.store.letters import Letter

_PDF = "application/pdf"
_AGAIN = "5"  # seconds


class LetterQuery(BaseModel):
    """Which letter is wanted: the one that holds now, or an earlier version."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    language: Literal["nl", "en"] | None = Field(
        None, description="That of the request, if none is named."
    )
    providers: bool = Field(
        default=False, description="Whether it lists the companies behind the service."
    )
    version: Annotated[int, Field(ge=1, le=1_000_000)] | None = Field(
        None, description="An earlier version, as it was made; it has its own language."
    )


class Letterbox:
    """The letters of a gateway, answered for one caller."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._letters = Letters(gateway.context, gateway.installed, gateway.destinations)

    async def letter(self, request: SubjectRequest, query: LetterQuery, by: str) -> Made:
        """The letter that is asked for; raises ProblemError where it cannot be had."""
        try:
            if query.version is None:
                own = "nl" if request.language == "nl" else "en"
                wish = Wish(query.language or own, query.providers, by)
                return await self._letters.current(request, wish)
            found = await self._letters.version(request.id, query.version)
        except GoneError:
            raise ProblemError(Problem(GONE)) from None
        except LetterTooSlowError:
            raise ProblemError(Problem(UNAVAILABLE, headers={"retry-after": _AGAIN})) from None
        if found is None:
            raise not_found()
        return found

    async def listed(self, request_id: str) -> list[dict[str, object]]:
        return [_listed(one) for one in await self._letters.listed(request_id)]


def router(gateway: Gateway) -> APIRouter:
    """The routes of letters."""
    routes = APIRouter(prefix="/v1/requests/{request_id}", tags=["results"])
    box = Letterbox(gateway)

    @routes.get(
        "/letter",
        summary="The letter to the person, as a PDF",
        response_class=Response,
        responses={200: {"content": {_PDF: {}}}},
    )
    async def letter(
        http: Request,
        request_id: str,
        query: Annotated[LetterQuery, Query()],
        caller: Annotated[Caller, requires(Scope.READ)],
    ) -> Response:
        request = await gateway.request(caller, request_id)
        if query.version is not None and query.model_fields_set != {"version"}:
            raise ProblemError(Problem(INVALID_PARAMETER, errors=(_ALONE,)))
        made = await box.letter(request, query, caller.client_id)
        return tagged(http, made.pdf, made.letter.sha256, _PDF, _headers(made.letter))

    @routes.get(
        "/letters",
        response_model=LetterListView,
        summary="Every version of the letter, and its digest",
    )
    async def versions(
        request_id: str, caller: Annotated[Caller, requires(Scope.READ)]
    ) -> Response:
        request = await gateway.request(caller, request_id)
        return plain({"items": await box.listed(request.id), "next": None})

    return routes


_ALONE = Located(
    "A version has its language and its providers: name it alone.", "version", "parameter"
)


def _headers(letter: Letter) -> dict[str, str]:
    name = f"avgate-letter-{letter.request_id}-{letter.version}.pdf"
    return {
        "content-disposition": f'attachment; filename="{name}"',
        "content-language": letter.language,
        "content-location": f"/v1/requests/{letter.request_id}/letter?version={letter.version}",
    }


def _listed(letter: Letter) -> dict[str, object]:
    return {
        "version": letter.version,
        "language": letter.language,
        "providers": letter.providers,
        "made_at": letter.made_at.isoformat(),
        "size": letter.size,
        "sha256": letter.sha256,
        "kept": letter.is_kept,
    }
