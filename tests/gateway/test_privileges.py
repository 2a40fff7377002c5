"""What a gateway's account may do is what its statements do: nothing is granted that no statement needs."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
import sqlalchemy as sa

import avgate_gateway
from avgate_gateway.store import chain
from avgate_gateway.store.migrations import metadata
from avgate_gateway.store.privileges import NUMBERED, TABLES

PACKAGE = Path(avgate_gateway.__file__).parent
WRITTEN = re.compile(r"^(INSERT INTO|UPDATE|DELETE FROM) ([a-z_]+)\b")
KINDS = {"INSERT INTO": "INSERT", "UPDATE": "UPDATE", "DELETE FROM": "DELETE"}
# PostgreSQL itself adds to the chain (`store.chain`); only on SQLite does a statement of ours.
OF_SQLITE = {("evidence", "INSERT"), ("alembic_version", "UPDATE")}
OF_POSTGRESQL = {("evidence_draft", "INSERT")}


def statements() -> Iterator[tuple[str, str]]:
    """The table and the kind of every statement in the gateway's code that changes rows."""
    for path in sorted(PACKAGE.rglob("*.py")):
        if "migrations" in path.parts or path.stem in {"__main__", "chain"}:
            continue
        tree = ast.parse(path.read_text())
        names = path.relative_to(PACKAGE.parent).with_suffix("").parts
        module = import_module(".".join(name for name in names if name != "__init__"))
        for node in ast.walk(tree):
            yield from _of(node, module)


def _of(node: ast.AST, module: ModuleType) -> Iterator[tuple[str, str]]:
    match node:
        case ast.Constant(str(text)) if found := WRITTEN.match(text):
            yield found[2], KINDS[found[1]]
        case (  # by dialect, and an update on conflict
            ast.Call(ast.Subscript(), [ast.Name(name)])
            | ast.Call(ast.Attribute(ast.Name("postgresql"), "insert"), [ast.Name(name)])
        ):
            yield from _table(module, name, "INSERT")
            yield from _table(module, name, "UPDATE")
        case ast.Call(ast.Attribute(ast.Name(name), "insert" | "update" | "delete" as kind)):
            yield from _table(module, name, kind.upper())
        case ast.Call(ast.Name("update"), [_, ast.Name(name), *_]):  # by `store.updating`
            yield from _table(module, name, "UPDATE")


def _table(module: ModuleType, name: str, kind: str) -> Iterator[tuple[str, str]]:
    table = getattr(module, name, None)
    if isinstance(table, sa.Table):
        yield table.name, kind


def granted() -> Iterator[tuple[str, str]]:
    for table, one in TABLES.items():
        yield from ((table, kind) for kind in one.kinds() if kind != "SELECT")
        if one.changes:
            yield table, "UPDATE"


def test_every_privilege_has_a_statement_and_every_statement_its_privilege() -> None:
    assert set(granted()) == (set(statements()) - OF_SQLITE) | OF_POSTGRESQL


def test_every_table_is_listed_with_columns_that_it_has() -> None:
    tables = {**metadata.tables, chain.draft.name: chain.draft}
    assert set(TABLES) == {*tables, "alembic_version"}
    for name, one in TABLES.items():
        if name in tables:
            assert set(one.changes) <= set(tables[name].c.keys()), name
    numbered = {
        name
        for name, table in metadata.tables.items()
        if table.autoincrement_column is not None
        and table.autoincrement_column.autoincrement is True
    }
    assert set(NUMBERED) == numbered


@pytest.mark.parametrize("table", ["evidence", "evidence_draft", "evidence_tile", "checkpoint"])
def test_evidence_is_neither_changed_nor_dropped(table: str) -> None:
    assert not TABLES[table].drops
    assert not TABLES[table].changes


@pytest.mark.parametrize(
    "table", [name for name, table in metadata.tables.items() if "controller" in table.c]
)
def test_no_row_becomes_another_controllers(table: str) -> None:
    assert "controller" not in TABLES[table].changes
    assert not {column.name for column in metadata.tables[table].primary_key} & set(
        TABLES[table].changes
    )
