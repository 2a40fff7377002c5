"""The query parameters that Xelion's lists share."""

from __future__ import annotations

from starlette.requests import Request

from avgate_mocks.xelion.refusal import invalid, wrong_object

_USUAL_PAGE = 15
_LONGEST_NUMBER = 19
_LONGEST_PERIOD = 3653


def limit(request: Request, largest: int) -> int:
    """How many rows were asked for, as far as one page goes."""
    text = request.query_params.get("limit", str(_USUAL_PAGE))
    if not is_number(text) or int(text) < 1:
        raise invalid("limit")
    return min(int(text), largest)


def days(request: Request, name: str, usual: int) -> int:
    """A number of days, of which no more than ten years' worth counts."""
    text = request.query_params.get(name, str(usual))
    if not is_number(text):
        raise invalid(name)
    return min(int(text), _LONGEST_PERIOD)


def cursor(request: Request) -> tuple[int | None, int | None]:
    """`after` and `before`."""
    return _oid(request, "after"), _oid(request, "before")


def _oid(request: Request, name: str) -> int | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    if not is_number(text):
        raise invalid(name)
    return int(text)


def is_number(text: str) -> bool:
    """Digits only, and no more of them than an OID has."""
    return text.isascii() and text.isdecimal() and len(text) <= _LONGEST_NUMBER


def oid_in_path(request: Request) -> str:
    """Raises XelionError 10203 for what cannot be an OID: those are digits."""
    return checked_oid(str(request.path_params["oid"]))


def checked_oid(text: str) -> str:
    """As it is; raises XelionError 10203 for what cannot be an OID."""
    if not is_number(text):
        raise wrong_object()
    return text


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
