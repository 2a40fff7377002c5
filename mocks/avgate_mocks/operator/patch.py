"""Partial changes by JSON Merge Patch (RFC 7396)."""

from __future__ import annotations

from typing import Any

import orjson

from avgate_mocks.operator.refusal import RefusedError
from avgate_mocks.operator.shape import Resource


def changed(resource: Resource, body: bytes, changeable: frozenset[str]) -> Resource:
    """The resource with the patch applied; lists are replaced as a whole.

    Raises RefusedError with status 400 for what is no object, or another value of an attribute
    that is not changeable: whoever sends back what they read changes nothing by its id.
    """
    sent = _parsed(body)
    patch = {name: value for name, value in sent.items() if not _is_known(resource, name, value)}
    wrong = sorted(set(patch) - changeable)
    if wrong:
        raise RefusedError(400, message=f"Cannot be set like this: {', '.join(wrong)}")
    merged = _merged(resource, patch)
    return dict(merged)


def _is_known(resource: Resource, name: str, value: Any) -> bool:
    return name in resource and resource[name] == value


def created(body: bytes, allowed: frozenset[str], required: frozenset[str]) -> Resource:
    """A new resource as it was sent, without what is null; raises RefusedError as `changed` does."""
    sent = changed({}, body, allowed)
    missing = sorted(name for name in required if not sent.get(name))
    if missing:
        raise RefusedError(400, message=f"Required: {', '.join(missing)}")
    return sent


def _parsed(body: bytes) -> Resource:
    try:
        patch = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise RefusedError(400, message="The body is not JSON") from None
    if not isinstance(patch, dict):
        raise RefusedError(400, message="The body is not an object")
    return patch


def _merged(target: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = _merged(merged.get(name), value)
    return merged
