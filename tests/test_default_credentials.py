"""No setting that is a secret has a value of its own: what nobody set opens nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import entry_points
from typing import Any, get_args

import pytest
from pydantic import BaseModel, Field, SecretBytes, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from avgate_contracts.kit.secret import bare_secrets
from avgate_gateway.settings import Settings

CONNECTORS = {one.name: one.load() for one in entry_points(group="avgate.connectors.v1")}
MODELS: dict[str, type[BaseModel]] = {
    "gateway": Settings,
    **{name: kind.settings_type for name, kind in CONNECTORS.items()},
}
_NOTHING = (PydanticUndefined, None, (), "")
_LOG_IN = re.compile(r"//[^/@\s]*:[^/@\s]*@")


def fields(kind: type[BaseModel], place: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every setting, however deep it stands."""
    for name, field in kind.model_fields.items():
        yield f"{place}{name}", field
        for inner in _types(field.annotation):
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                yield from fields(inner, f"{place}{name}.")


def secrets(kind: type[BaseModel]) -> dict[str, FieldInfo]:
    """By their type, or by what their name says."""
    bare = set(bare_secrets(kind))
    return {
        place: field
        for place, field in fields(kind)
        if place in bare or {SecretStr, SecretBytes} & set(_types(field.annotation))
    }


def given(kind: type[BaseModel]) -> list[str]:
    """The secrets that have a value though nobody set it."""
    return [
        place
        for place, field in secrets(kind).items()
        if field.default_factory is not None or field.default not in _NOTHING
    ]


def _types(annotation: Any) -> Iterator[Any]:
    arguments = get_args(annotation)
    if not arguments:
        yield annotation
    for argument in arguments:
        yield from _types(argument)


@pytest.mark.parametrize("name", MODELS)
def test_no_secret_has_a_default(name: str) -> None:
    assert given(MODELS[name]) == []


@pytest.mark.parametrize("name", MODELS)
def test_no_default_holds_a_log_in(name: str) -> None:
    defaults = [str(field.default) for _, field in fields(MODELS[name])]

    assert defaults
    assert [one for one in defaults if _LOG_IN.search(one)] == []


def test_the_secrets_that_are_walked_over_are_there() -> None:
    found = {name: set(secrets(kind)) for name, kind in MODELS.items()}

    assert {"master_key", "master_keys_former", "console.oidc.client_secret"} <= found["gateway"]
    assert "controllers.webhooks.secret" in found["gateway"]
    assert found["directory"] == {"password"}
    assert found["operator"] == {"client_secret"}
    assert found["subprocessors"] == {"processors.token"}
    assert found["xelion"] == {"password", "app_key"}


class _Inner(BaseModel):
    password: SecretStr = SecretStr("welcome")
    fine: SecretStr | None = None


class _Planted(BaseModel):
    inner: tuple[_Inner, ...] = ()
    api_key: str = "changeme"
    token: SecretBytes = Field(default_factory=lambda: SecretBytes(b"0000"))
    token_url: str = "https://example.org/token"
    needed: SecretStr


def test_a_planted_default_is_found_however_deep_it_stands() -> None:
    assert sorted(given(_Planted)) == ["api_key", "inner.password", "token"]
