"""Every setting explains itself, and no secret shows."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel

from avgate_gateway.guard import Limits
from avgate_gateway.settings import (
    LimitSettings,
    Settings,
    explain,
    lines_of,
    load,
)

from .invented_settings import (
    CONFIG,
    ENVIRON,
    LEAST,
    SECRET,
    Nested,
    Operator,
    written,
)


def explained(folder: Path, **types: type[BaseModel]) -> dict[str, tuple[str, str, str]]:
    lines = explain(load(written(folder), ENVIRON), types)
    return {line.key: (line.meaning, line.value, line.source) for line in lines}


def test_explains_every_setting_and_where_it_came_from(tmp_path: Path) -> None:
    lines = explained(tmp_path)
    assert lines["master_key_file"][1:] == (str(tmp_path / "keys" / "avgate.key"), "file")
    assert lines["vault_days"][1:] == ("30", "default")
    assert lines["connectors_allowed"][1:] == ("avgate, partner-crm", "file")
    assert lines["authentication.several_audiences"][1:] == ("false", "default")
    assert lines["controllers.mister-voip.language"][1:] == ("nl", "default")
    secret = lines["controllers.libervoice.connectors.operator.client_secret"]
    assert secret[1:] == ("***", "environment")
    assert all(meaning.endswith(".") for meaning, _, _ in lines.values())


def test_a_connectors_values_show_only_when_its_type_says_they_are_no_secret(
    tmp_path: Path,
) -> None:
    under = "controllers.libervoice.connectors"
    unknown = explained(tmp_path)
    assert {unknown[key][1] for key in unknown if key.startswith(under)} == {"***"}
    known = explained(tmp_path, operator=Operator, xelion=Nested)
    assert known[f"{under}.operator.base_url"][:2] == (
        "Where it is.",
        "http://127.0.0.1:9100/tmf-api",
    )
    assert known[f"{under}.operator.client_secret"][1] == "***"
    assert known[f"{under}.xelion.password"][1] == "***"
    assert SECRET not in str(known)


def test_the_password_of_a_database_is_hidden(tmp_path: Path) -> None:
    text = f'database = "postgresql://avgate:{SECRET}@db/avgate"\n{LEAST}'
    lines = explain(load(written(tmp_path, text), {}))
    assert lines[0].value == "postgresql://avgate:***@db/avgate"


def test_what_stands_in_the_environment_is_hidden_whole(tmp_path: Path) -> None:
    path = written(tmp_path, f'database = "env:DB"\n{LEAST}')
    (line, *_) = explain(load(path, {"DB": "postgresql://db/avgate"}))
    assert (line.value, line.source) == ("***", "environment")


def models(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield model
    for field in model.model_fields.values():
        for candidate in (field.annotation, *get_args(field.annotation)):
            if isinstance(candidate, type) and issubclass(candidate, BaseModel):
                yield from models(candidate)


def test_every_setting_has_a_meaning() -> None:
    fields: list[Any] = [
        field for model in models(Settings) for field in model.model_fields.items()
    ]
    assert len(fields) > 20
    assert not [name for name, info in fields if not (info.description or "").endswith(".")]


def test_the_guards_limits_can_be_made_of_the_settings() -> None:
    known = {field.name: field.default for field in dataclasses.fields(Limits)}
    settings = LimitSettings().model_dump()
    assert settings.items() <= known.items()
    assert Limits(**settings) == Limits()


def test_says_on_which_line_and_in_which_variable_a_value_stands(tmp_path: Path) -> None:
    path = written(tmp_path)
    explained = explain(load(path, ENVIRON), {}, lines_of(path.read_text()))
    found = {line.key: line.found for line in explained}
    assert found["database"] == "file, line 2"
    assert found["controllers.libervoice.title"] == "file, line 7"
    assert found["controllers.mister-voip.retention"] == "file, line 24"
    secret = found["controllers.libervoice.connectors.operator.client_secret"]
    assert secret == "environment, OPERATOR_SECRET"
    assert found["vault_days"] == "default"


def test_what_a_connector_leaves_to_its_defaults_is_shown_too(tmp_path: Path) -> None:
    text = CONFIG.replace('client_secret = "env:OPERATOR_SECRET"\n', "")
    lines = explain(load(written(tmp_path, text), ENVIRON), {"operator": Defaulted})
    found = {line.key.rpartition(".")[2]: line for line in lines if ".operator." in line.key}
    assert (found["page"].value, found["page"].source) == ("50", "default")
    assert (found["networks"].value, found["client_secret"].value) == ("10.0.0.0/8, b", "***")


class Defaulted(Operator):
    page: int = 50
    networks: tuple[str, ...] = ("b", "10.0.0.0/8")


def test_a_value_over_several_lines_stands_where_it_begins() -> None:
    text = """# first
a = [  # a comment with [brackets]
  "x",
]
"b c".d = '''
[no.heading]
e = 1
'''

[f]
g.h = { i = 1, j = 2 }
[[k]]
l = 1
[f.m]
n = 2026-01-01
"""
    lines = lines_of(text)
    assert {".".join(key): line for key, line in lines.items()} == {
        "a": 2, "b c": 5, "b c.d": 5, "f": 10, "f.g": 11, "f.g.h": 11, "f.g.h.i": 11, "f.g.h.j": 11,
        "k": 12, "f.m": 14, "f.m.n": 15,
    }  # fmt: skip
