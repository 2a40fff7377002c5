"""Query strings of lists, as TMF630 has them: `offset`, `limit`, `fields` and filters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from starlette.datastructures import QueryParams
from starlette.responses import Response

from avgate_mocks.operator.answer import json_answer
from avgate_mocks.operator.refusal import RefusedError
from avgate_mocks.operator.shape import Resource
from avgate_mocks.operator.shelf import Span

DEFAULT_LIMIT, MOST = 100, 1000
_SECOND = timedelta(seconds=1)  # the smallest step of a usage's moment
_LONGEST_NUMBER = 12
_PAGING = frozenset({"offset", "limit", "fields"})


@dataclass(frozen=True, slots=True)
class Query:
    offset: int
    limit: int
    fields: frozenset[str]  # empty: all
    filters: Mapping[str, str]


def query(params: QueryParams, filters: frozenset[str], most: int = MOST) -> Query:
    """What a list was asked for; a higher limit than `most` is lowered to it.

    Raises RefusedError with status 400 for a filter that is not known: to leave it out would
    show other people's data.
    """
    unknown = set(params) - _PAGING - filters
    twice = sorted(name for name in filters if len(params.getlist(name)) > 1)
    if twice:
        raise RefusedError(400, message=f"Came more than once: {', '.join(twice)}")
    if unknown:
        raise RefusedError(400, message=f"Unknown filter: {', '.join(sorted(unknown))}")
    return Query(
        offset=_number(params, "offset", 0),
        limit=min(_number(params, "limit", DEFAULT_LIMIT), most),
        fields=fields(params),
        filters={name: value for name, value in params.items() if name in filters},
    )


def fields(params: QueryParams) -> frozenset[str]:
    return frozenset(filter(None, params.get("fields", "").split(",")))


def span(filters: Mapping[str, str]) -> Span:
    """The time that `usageDate.gt`, `.gte`, `.lt` and `.lte` leave."""
    starts = [*_moments(filters, "usageDate.gte"), *_moments(filters, "usageDate.gt", _SECOND)]
    ends = [*_moments(filters, "usageDate.lt"), *_moments(filters, "usageDate.lte", _SECOND)]
    return max(starts, default=None), min(ends, default=None)


def selected(resource: Resource, wanted: frozenset[str]) -> Resource:
    """A resource with the attributes asked for; its id and address always come along."""
    if not wanted:
        return resource
    return {key: value for key, value in resource.items() if key in wanted | {"id", "href"}}


def page(asked: Query, total: int, resources: Sequence[Resource]) -> Response:
    content = [selected(resource, asked.fields) for resource in resources]
    headers = {"X-Total-Count": str(total), "X-Result-Count": str(len(content))}
    return json_answer(content, headers=headers)


def _number(params: QueryParams, name: str, default: int) -> int:
    text = params.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER):
        raise RefusedError(400, message=f"{name} must be a whole number from 0")
    return int(text)


def _moments(
    filters: Mapping[str, str], name: str, step: timedelta = timedelta(0)
) -> list[datetime]:
    if name not in filters:
        return []
    try:
        moment = datetime.fromisoformat(filters[name])
        return [(moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC) + step]
    except (ValueError, OverflowError):
        raise RefusedError(400, message=f"{name} must be a date-time of RFC 3339") from None
