"""Partial changes by JSON Merge Patch (RFC 7396)."""

from __future__ import annotations

from typing import Any

import orjson

from avgate_mocks.operator.refusal import RefusedError
from avgate_mocks.operator.shape import Resource

_LISTS = frozenset({
    "contactMedium", "partyCharacteristic", "externalReference", "productCharacteristic",
    "relatedParty",
})  # fmt: skip
_TEXTS = frozenset({"givenName", "familyName", "familyNamePrefix", "gender", "name", "status"})


def changed(resource: Resource, body: bytes, changeable: frozenset[str]) -> Resource:
    """The resource with the patch applied; lists are replaced as a whole.

    Raises RefusedError with status 400 for what is no object, an attribute that is not
    changeable, or a value of the wrong type.
    """
    patch = _parsed(body)
    wrong = sorted(set(patch) - changeable) + sorted(filter(None, map(_misfit, patch.items())))
    if wrong:
        raise RefusedError(400, message=f"Cannot be set like this: {', '.join(wrong)}")
    merged = _merged(resource, patch)
    return dict(merged)


def _parsed(body: bytes) -> Resource:
    try:
        patch = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise RefusedError(400, message="The body is not JSON") from None
    if not isinstance(patch, dict):
        raise RefusedError(400, message="The body is not an object")
    return patch


def _misfit(item: tuple[str, Any]) -> str | None:
    name, value = item
    if value is None:
        return None
    fits_list = name not in _LISTS or (
        isinstance(value, list) and all(isinstance(entry, dict) for entry in value)
    )
    fits_text = name not in _TEXTS or isinstance(value, str)
    return None if fits_list and fits_text else name


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
