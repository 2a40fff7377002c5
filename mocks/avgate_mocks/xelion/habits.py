"""Where Xelion's documentation contradicts itself or gives no number: what this mock does."""

from __future__ import annotations

from dataclasses import asdict

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass
from starlette.requests import Request
from starlette.responses import Response

from avgate_mocks.kernel import json_response


@dataclass(slots=True, config=ConfigDict(extra="forbid", validate_assignment=True))
class Habits:
    """One installation's way of doing things, which `POST /_habits` changes while it runs.

    `concurrency` is per session; documented is only that there is a maximum (429/10400). The page
    on log-in calls "second factor needed" 10012, the table of errors 10013; it lists 10200 and
    10202 under 401, the table under 400. Without a header the table says 401/10000, the page on
    log-out 403/10000. A second log-in in a live user space fails (10005) by the documentation;
    public programs that do so all the time suggest that it takes the session over. A removal is
    seen to be answered with nothing, under 200 or 204.
    """

    concurrency: int = Field(default=4, ge=1)
    session_seconds: int = Field(default=3600, ge=1)
    iso_moments: bool = False  # `validUntil` as 2025-07-30T21:54:44.000Z, as some servers write it
    second_factor: bool = False
    second_factor_code: int = 10013
    largest_page: int = Field(default=100, ge=1)
    login_payload_status: int = 400
    no_header_status: int = 401
    second_login_takes_over: bool = False
    deleted_status: int = 204


_CHANGE = TypeAdapter(dict[str, object])


class HabitsRoute:
    """`GET /_habits` shows them all, `POST /_habits` sets those that it names."""

    def __init__(self, habits: Habits) -> None:
        self._habits = habits

    async def answer(self, request: Request) -> Response:
        if request.method == "POST":
            try:
                wanted = Habits(
                    **{**asdict(self._habits), **_CHANGE.validate_json(await request.body())}
                )
            except ValidationError as error:
                return json_response({"wrong": [line["msg"] for line in error.errors()]}, 422)
            for name, value in asdict(wanted).items():
                setattr(self._habits, name, value)
        return json_response(asdict(self._habits))
