"""How Xelion wraps what it answers: one object, or a page of them (RestObject, RestList)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from avgate_mocks.kernel import json_response

JsonObject = dict[str, Any]


def one(request: Request, collection: str, content: JsonObject) -> Response:
    return json_response({"object": content, "links": [_self(request, collection, content)]})


def page(
    request: Request,
    collection: str,
    contents: Sequence[JsonObject],
    *,
    paged: bool = True,
    onward: Mapping[str, str] | None = None,
) -> Response:
    """A page of a list.

    A page that holds anything always offers a next one, even where that turns out empty. `onward`
    are the parameters of the `next` link of an empty page in the middle of a search.
    """
    links = [_link("refresh", str(request.url))]
    paging: dict[str, str] = {}
    if contents and paged:
        first, last = contents[0]["oid"], contents[-1]["oid"]
        paging = {"previousId": first, "nextId": last}
        links.append(_link("next", _elsewhere(request, {"after": last})))
        links.append(_link("previous", _elsewhere(request, {"before": first})))
    elif onward:
        links.append(_link("next", _elsewhere(request, onward)))
    rows = [{"object": each, "links": [_self(request, collection, each)]} for each in contents]
    return json_response({"data": rows, "meta": {"links": links, "paging": paging}})


def _elsewhere(request: Request, changes: Mapping[str, str]) -> str:
    url = request.url.remove_query_params(["after", "before", *changes])
    return str(url.include_query_params(**changes))


def _self(request: Request, collection: str, content: JsonObject) -> dict[str, str]:
    tenant = request.path_params["tenant"]
    base = f"{request.url.scheme}://{request.url.netloc}/api/v1/{tenant}"
    return _link("self", f"{base}/{collection}/{content['oid']}")


def _link(relation: str, href: str) -> dict[str, str]:
    return {"rel": relation, "href": href, "method": "GET"}
