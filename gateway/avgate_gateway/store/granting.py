"""Grants a gateway's account what `store.privileges` lists, and sees whether it has that and no more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import sqlalchemy as sa

from avgate_gateway.store.privileges import KINDS, NUMBERED, TABLES

_DENIED = "42501"
_AS_OWNER: Final = (
    "run `avgate migrate --owner ADDRESS` of this release with the account that owns the tables, "
    'see "Two accounts" in docs/operate.md'
)
_ENCODING = sa.text("SHOW server_encoding")
_HIDDEN_FROM_US = sa.text(
    "SELECT relname FROM pg_class WHERE oid = ANY(CAST(:tables AS regclass[])) AND row_security_active(oid) ORDER BY 1"
)
_KNOWN = sa.text("SELECT 1 FROM pg_roles WHERE rolname = :role")
_IS_AS_GOOD = sa.text("SELECT pg_has_role(:role, current_user, 'MEMBER')")
_WHERE = sa.text("SELECT current_schema(), current_database()")
_HELD = sa.text(
    "SELECT of_table, of_column, kind FROM unnest("
    "CAST(:tables AS text[]), CAST(:columns AS text[]), CAST(:kinds AS text[])"
    ") AS asked (of_table, of_column, kind) WHERE CASE WHEN of_column IS NULL "
    "THEN has_table_privilege(CAST(:role AS text), of_table, kind) "
    "ELSE has_column_privilege(CAST(:role AS text), of_table, of_column, kind) END"
)
_AROUND = sa.text(
    "SELECT NOT has_database_privilege(:role, current_database(), 'CONNECT'), "
    "NOT has_schema_privilege(:role, current_schema(), 'USAGE'), "
    "has_schema_privilege(:role, current_schema(), 'CREATE'), "
    "has_database_privilege(:role, current_database(), 'CREATE'), "
    "has_database_privilege(:role, current_database(), 'TEMPORARY')"
)
Asked = tuple[str, str | None, str]  # a table, one of its columns or None, and a privilege


class AccountError(Exception):
    """An account of PostgreSQL may do less than it has to, or more than it should; the message says what to do.

    Or the database is one in which not all would be kept, or found again.
    """


@contextmanager
def needing_owner(trouble: str) -> Iterator[None]:
    """Raises AccountError where the account may not do what is done in the block."""
    try:
        yield
    except sa.exc.ProgrammingError as error:
        if getattr(error.orig, "sqlstate", None) != _DENIED:
            raise
        raise AccountError(f"{trouble}: {_AS_OWNER}") from None


def insist_on_text(connection: sa.Connection) -> None:
    """Raises AccountError where names of people, and whatever else is text, could not be kept as they are."""
    encoding = connection.execute(_ENCODING).scalar_one()
    if encoding != "UTF8":
        raise AccountError(
            f"the database is encoded as {encoding}, and has to be as UTF8: make one with "
            "CREATE DATABASE … TEMPLATE template0 ENCODING 'UTF8', and restore its dump into that"
        )


def insist(connection: sa.Connection) -> None:
    """Raises AccountError where this account lacks what this release needs, or is not shown all rows."""
    hidden = connection.execute(_HIDDEN_FROM_US, {"tables": list(TABLES)}).scalars().first()
    if hidden is not None:
        raise AccountError(
            f"row security hides rows of {hidden} from the account of `database`, and what is hidden is not worked on; "
            f"as the owner, run: ALTER TABLE {hidden} DISABLE ROW LEVEL SECURITY"
        )
    role = connection.execute(sa.select(sa.func.current_user())).scalar_one()
    needed = set(_needed())
    lacking = sorted(map(_named, needed - _held(connection, role, needed)))
    if lacking:
        raise AccountError(f"the account of `database` may not {lacking[0]}: {_AS_OWNER}")


def grant(connection: sa.Connection, role: str) -> None:
    """Grants a role what a gateway needs; raises AccountError, and all is undone, where it could do more."""
    if connection.execute(_KNOWN, {"role": role}).first() is None:
        raise AccountError(
            f"there is no role {role}: make it, or name the one that is there with --service"
        )
    if connection.execute(_IS_AS_GOOD, {"role": role}).scalar():
        raise AccountError(
            f"the role {role} may act as the owner of the tables: make one for the gateway that is neither the "
            "owner, nor a member of it, nor a superuser"
        )
    schema, database = connection.execute(_WHERE).one()
    for statement in _statements(connection, schema, role):
        connection.exec_driver_sql(statement)
    _hold(connection, role, schema, database)


def _statements(connection: sa.Connection, schema: str, role: str) -> Iterator[str]:
    quote = connection.dialect.identifier_preparer.quote_identifier
    place, who = quote(schema), quote(role)
    yield f"GRANT USAGE ON SCHEMA {place} TO {who}"
    for table, granted in TABLES.items():
        yield f"REVOKE ALL ON TABLE {place}.{table} FROM {who}"
        yield f"GRANT {granted.words()} ON TABLE {place}.{table} TO {who}"
    for table in NUMBERED:
        yield f"GRANT USAGE ON SEQUENCE {place}.{table}_id_seq TO {who}"
    # With a table of the session's own in front, the function would write there with the owner's rights.
    yield f"ALTER FUNCTION {place}.evidence_link() SECURITY DEFINER SET search_path = {place}, pg_temp"
    yield f"REVOKE ALL ON FUNCTION {place}.evidence_link() FROM PUBLIC"


def _hold(connection: sa.Connection, role: str, schema: str, database: str) -> None:
    """Raises AccountError where the role has less than was granted, or more by another way."""
    needed = set(_needed())
    held = _held(connection, role, set(_everything(connection)))
    wrong = sorted(
        f"{'could' if asked in held else 'may not'} {_named(asked)}" for asked in needed ^ held
    )
    if wrong:
        raise AccountError(
            f"the role {role} {wrong[0]}: see to it that the owner owns all tables, and that the role has nothing "
            "through PUBLIC or another role"
        )
    _hold_around(connection, role, schema, database)


def _hold_around(connection: sa.Connection, role: str, schema: str, database: str) -> None:
    """Raises AccountError where the role does not reach the tables, or may make some of its own."""
    remedies = (
        f"GRANT CONNECT ON DATABASE {database} TO {role}",
        f"GRANT USAGE ON SCHEMA {schema} TO {role}",
        f"REVOKE CREATE ON SCHEMA {schema} FROM PUBLIC, {role}",
        f"REVOKE CREATE ON DATABASE {database} FROM PUBLIC, {role}",
        f"REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC, {role}",
    )
    found = connection.execute(_AROUND, {"role": role}).one()
    wanted = [one for one, is_wrong in zip(remedies, found, strict=True) if is_wrong]
    if wanted:
        raise AccountError(
            f"the role {role} does not reach the tables, or may make its own; as the database's owner, run: "
            + "; ".join(wanted)
        )


def _needed() -> Iterator[Asked]:
    for table, granted in TABLES.items():
        yield from ((table, None, kind) for kind in granted.kinds())
        yield from ((table, column, "UPDATE") for column in granted.changes)


def _everything(connection: sa.Connection) -> Iterator[Asked]:
    """Every privilege that there is on each table, and on each of its columns that of writing it again."""
    for (_, table), columns in sa.inspect(connection).get_multi_columns().items():
        yield from ((table, None, kind) for kind in KINDS)
        yield from ((table, column["name"], "UPDATE") for column in columns)


def _held(connection: sa.Connection, role: str, asked: set[Asked]) -> set[Asked]:
    tables, columns, kinds = zip(*asked, strict=True)
    given = {"role": role, "tables": list(tables), "columns": list(columns), "kinds": list(kinds)}
    return {(table, column, kind) for table, column, kind in connection.execute(_HELD, given)}


def _named(asked: Asked) -> str:
    table, column, kind = asked
    return f"{kind} {table}.{column}" if column else f"{kind} {table}"
