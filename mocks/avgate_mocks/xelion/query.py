"""The query parameters that Xelion's lists share."""

from __future__ import annotations

from starlette.requests import Request

from avgate_mocks.xelion.refusal import invalid

_USUAL_PAGE = 15


def limit(request: Request, largest: int) -> int:
    """How many rows were asked for, as far as one page goes."""
    text = request.query_params.get("limit", str(_USUAL_PAGE))
    if not text.isdecimal() or int(text) < 1:
        raise invalid("limit")
    return min(int(text), largest)


def cursor(request: Request) -> tuple[int | None, int | None]:
    """`after` and `before`."""
    return _oid(request, "after"), _oid(request, "before")


def _oid(request: Request, name: str) -> int | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    if not text.isdecimal():
        raise invalid(name)
    return int(text)


def flag(request: Request, name: str) -> bool:
    return request.query_params.get(name) == "true"


def chosen_includes(request: Request) -> frozenset[str]:
    texts = request.query_params.getlist("include")
    return frozenset(name for text in texts for name in text.split(","))


def conditions(request: Request) -> dict[str, tuple[str, ...]]:
    """`where=obj_type=Person,Organisation` as `{"obj_type": ("Person", "Organisation")}`."""
    found: dict[str, tuple[str, ...]] = {}
    for text in request.query_params.getlist("where"):
        name, separator, values = text.partition("=")
        if not separator:
            raise invalid("where")
        found[name] = tuple(values.split(","))
    return found
