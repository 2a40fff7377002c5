"""A statement that was prepared answers as SQLAlchemy answers it the first time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from avgate_gateway.store.connection import Connection
from avgate_gateway.store.found import Found
from avgate_gateway.store.prepared import Prepared, Preparing
from avgate_gateway.store.schema import request, task
from avgate_gateway.store.sqlite import SqliteFile

_AT = datetime(2026, 3, 29, 1, 59, 59, 123456, tzinfo=UTC)
_ROW = {
    "id": "one", "controller": "libervoice", "client_id": "crm", "operation": "access",
    "state": "running", "received_at": _AT, "promised": date(2026, 4, 1), "legal": date(2026, 4, 29),
    "reference": "r", "identifier_kinds": "phone", "language": "nl", "version": 1,
    "scope": {"connectors": ["xelion"], "categories": []}, "subject_key": b"\x00\xff",
}  # fmt: skip
_BY_ID = request.c.id == sa.bindparam("which")


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Connection]:
    file = SqliteFile(f"sqlite:///{tmp_path / 'avgate.db'}")
    with file.engine.begin() as made:
        request.metadata.create_all(made)
    async with file.write() as writing:
        await writing.execute(request.insert(), _ROW)
        yield writing
    await file.close()


async def _thrice(db: Connection, statement: sa.Executable, parameters: Any) -> list[Any]:
    found = [await db.execute(statement, parameters) for _ in range(3)]
    assert [isinstance(one, Found) for one in found] == [False, True, True]
    return found


@pytest.mark.parametrize(
    "statement",
    [
        sa.select(request).where(_BY_ID),
        sa.select(request.c.id, request.c.received_at).where(_BY_ID, request.c.state == "running"),
        sa.select(sa.func.count()).select_from(request).where(_BY_ID),
        sa.select(sa.func.min(request.c.received_at), request.c.scope).where(_BY_ID).limit(1),
        sa.select(request.c.id, task.c.request_id, task.c.connector)
        .join(task, task.c.request_id == request.c.id, isouter=True)
        .where(_BY_ID),
        sa.union_all(
            sa.select(request.c.id, request.c.legal).where(_BY_ID),
            sa.select(request.c.reference, request.c.promised),
        ),
    ],
)
@pytest.mark.parametrize("which", ["one", "none"])
async def test_what_is_found_is_the_same(db: Connection, statement: Any, which: str) -> None:
    asked = {"which": which}
    first, *later = [one.mappings().all() for one in await _thrice(db, statement, asked)]
    assert [list(map(dict, one)) for one in later] == [list(map(dict, first))] * 2
    assert [[tuple(row.values()) for row in one] for one in later] == [
        [tuple(row.values()) for row in first]
    ] * 2


async def test_rows_go_in_and_change_as_they_are_given(db: Connection) -> None:
    adding, changing = request.insert(), request.update().where(_BY_ID).values(
        wake_at=sa.bindparam("at"), version=request.c.version + 1, state="waiting"
    )  # fmt: skip
    for name in ("two", "three", "four"):
        await db.execute(adding, {**_ROW, "id": name})
    changed = await _thrice(db, changing, {"which": "three", "at": _AT})
    assert [one.rowcount for one in changed] == [1, 1, 1]
    nothing = await db.execute(changing, {"which": "five", "at": None})
    assert nothing.rowcount == 0
    rows = (await db.execute(request.select().order_by(request.c.id))).mappings().all()
    two = next(dict(row) for row in rows if row["id"] == "two")
    assert {name: two[name] for name in _ROW} == {**_ROW, "id": "two"}
    three = next(row for row in rows if row["id"] == "three")
    assert (three["wake_at"], three["version"], three["state"]) == (_AT, 4, "waiting")


async def test_a_list_of_values_is_one_statement(db: Connection) -> None:
    adding = request.insert()
    for begin in (0, 3, 6):
        await db.execute(adding, [{**_ROW, "id": str(begin + n)} for n in range(3)])
    assert (await db.execute(sa.select(sa.func.count()).select_from(request))).scalar_one() == 10


async def test_other_names_are_another_statement(db: Connection) -> None:
    adding = request.insert()
    for name in ("two", "three"):
        await db.execute(adding, {**_ROW, "id": name})
    for name in ("four", "five"):
        await db.execute(adding, {**_ROW, "id": name, "closing": "done"})
    found = await db.execute(sa.select(request.c.id).where(request.c.closing == "done"))
    assert sorted(found.scalars()) == ["five", "four"]


async def test_it_fails_as_before_and_without_the_values(db: Connection) -> None:
    adding = request.insert()
    told = []
    for _ in range(3):
        with pytest.raises(sa.exc.IntegrityError) as caught:
            await db.execute(adding, {**_ROW, "reference": "a-name"})
        told.append(str(caught.value))
        assert "a-name" not in told[-1]
    assert "UNIQUE constraint" in told[2]
    finding = sa.select(request).where(_BY_ID)
    for _ in range(2):
        with pytest.raises((sa.exc.InvalidRequestError, sa.exc.StatementError)):
            await db.execute(finding, {})


def _found(file: Path, statement: sa.Executable, given: Any) -> list[Prepared | None]:
    preparing = Preparing(SqliteFile(f"sqlite:///{file}").engine.dialect)
    return [preparing.find(preparing.known(statement), statement, given) for _ in range(3)]


def test_what_depends_on_its_values_is_left_to_sqlalchemy(tmp_path: Path) -> None:
    file = tmp_path / "avgate.db"
    of_its_own = sa.select(request).where(request.c.id.in_(["one", "two"]))
    giving_back = request.update().where(_BY_ID).values(state="closed").returning(request.c.id)
    for statement, given in (
        (of_its_own, None),
        (sa.text("SELECT 1"), None),
        (_AMONG, {"some": ["one"] * 17}),
        (request.delete().where(request.c.id.in_(_SOME)), [{"some": ["one"]}]),
        (giving_back, [{"which": "one"}, {"which": "two"}]),
    ):
        assert _found(file, statement, given) == [None, None, None]
    first, second, third = _found(file, sa.select(request).where(_BY_ID), {"which": "one"})
    assert first is None
    assert second is third is not None


_SOME: sa.BindParameter[str] = sa.bindparam("some", expanding=True)
_AMONG = sa.select(request.c.id, request.c.received_at).where(
    request.c.id.in_(_SOME), request.c.state == sa.bindparam("state")
)


async def test_a_list_is_a_text_for_each_of_its_lengths(db: Connection) -> None:
    await db.execute(request.insert(), {**_ROW, "id": "two"})
    await db.execute(_AMONG, {"some": ["one"], "state": "running"})
    for some, ids in (([], []), (["two", "one"], ["one", "two"]), (["two"], ["two"]), (["x"], [])):
        for _ in range(2):
            found = await db.execute(_AMONG, {"state": "running", "some": some})
            assert isinstance(found, Found)
            rows = found.all()
            assert sorted(row.id for row in rows) == ids
            assert {row.received_at for row in rows} <= {_AT}
    moments = sa.select(request.c.id).where(request.c.received_at.in_(_SOME))
    for _ in range(3):
        assert len((await db.execute(moments, {"some": [_AT, _AT]})).all()) == 2


async def test_what_is_given_back_is_the_same(db: Connection) -> None:
    counting = (
        request.update().where(_BY_ID).values(version=request.c.version + 1, wake_at=_AT)
        .returning(request.c.version, request.c.wake_at, request.c.scope)
    )  # fmt: skip
    found = [one.mappings().all() for one in await _thrice(db, counting, {"which": "one"})]
    assert [list(map(dict, one)) for one in found] == [
        [{"version": count, "wake_at": _AT, "scope": _ROW["scope"]}] for count in (2, 3, 4)
    ]
    assert (await db.execute(counting, {"which": "none"})).first() is None


async def test_columns_that_are_told_wrongly_are_no_rows(db: Connection) -> None:
    """Text among the columns is none to SQLAlchemy: every converter behind it would be another's."""
    asked = sa.select(sa.text("7"), request.c.received_at)
    await db.execute(asked)
    with pytest.raises(TypeError):
        await db.execute(asked)


def test_a_result_says_when_it_is_not_what_was_expected() -> None:
    nothing, several = Found(("n",), []), Found(("n",), [(1,), (2,)])
    assert (nothing.first(), nothing.scalar(), nothing.one_or_none()) == (None, None, None)
    assert nothing.scalar_one_or_none() is None
    for fails in (nothing.one, nothing.scalar_one):
        with pytest.raises(sa.exc.NoResultFound):
            fails()
    for fails in (several.one, several.scalar_one, several.one_or_none):
        with pytest.raises(sa.exc.MultipleResultsFound):
            fails()
    assert (several.first(), several.scalar(), list(several.scalars())) == ((1,), 1, [1, 2])
    assert several.mappings().all() == [{"n": 1}, {"n": 2}]
