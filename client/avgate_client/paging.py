"""Walks through lists, page by page: `{"items": […], "next": cursor or null}`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from typing import TypeVar

from avgate_client.answers import Answer, DeliveryPage, EntryPage, Request, TaskPage
from avgate_client.errors import UnexpectedAnswerError
from avgate_client.line import Line
from avgate_client.outgoing import Outgoing
from avgate_client.reading import read


class RequestPage(Answer):
    """A page of requests."""

    items: tuple[Request, ...]
    next: str | None


Page = TypeVar("Page", RequestPage, TaskPage, EntryPage, DeliveryPage)


async def pages(
    line: Line, path: str, shape: type[Page], wanted: Mapping[str, str | None], size: int
) -> AsyncGenerator[Page, None]:
    """Every page, each asked for when the one before is read; raises AvgateError."""
    given = {name: value for name, value in wanted.items() if value is not None}
    params: dict[str, str | int] = {"limit": size, **given}
    while True:
        page = read(await line.send(Outgoing("GET", path, params=params)), shape)
        yield page
        if page.next is None:
            return
        if page.next == params.get("cursor"):
            raise UnexpectedAnswerError("the list leads back to the page that it was on")
        params["cursor"] = page.next
