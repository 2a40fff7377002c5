"""Whose rows a statement may reach, told from the statement: its conditions, and the values in them.

A row belongs to a controller by its `controller`, or by the id of what it is part of. A statement is
bound where each of its tables is: by `controller` with the caller's, by an id that the same call found
before in rows that were bound, by a digest that only one controller's key or a secret leads to, or by
being joined to a table that is. Conditions beside which others count (`or`) bind nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql import operators, visitors
from sqlalchemy.sql.elements import BindParameter, BooleanClauseList, Grouping
from sqlalchemy.sql.selectable import Exists, ScalarSelect, SelectBase, SelectStatementGrouping

Ids = set[tuple[str, Any]]
Bound = Mapping[str, Any]
NOBODYS: Final[Mapping[str, str]] = {
    "rate": "counts calls by a digest of who made them, and says nothing else",
    "refused": "who is believed no more is asked of everybody's client; it names no request",
    "worker": "processes of ours",
    "keyring": "keys, wrapped, of the whole gateway",
    "checkpoint": "signatures over the end of the whole chain",
    "evidence_tile": "digests over runs of the whole chain",
}
LEADS: Final[Mapping[str, str]] = {
    "idempotency.scope": "a keyed digest of controller, client and key",
    "callback.digest": "of a token that nobody can guess: who calls has no other name",
    "console_session.digest": "of a cookie that nobody can guess: it says who calls",
    "console_session.token_id": "of a sign-in, which counts once whoever it is of",
    "known_by.digest": "keyed, with the controller in it (`Vault.known_by`)",
    "lead.digest": "keyed, with the controller in it (`Vault.blind`)",
}
_DIALECT = sqlite.dialect()


@dataclass(slots=True)
class Reach:
    """One call: whose it is, None before that is known, and the ids that it found to be theirs."""

    controller: str | None
    known: Ids = field(default_factory=set)

    def loose(self, statement: Any, values: Bound) -> list[str]:
        """The tables of which a statement may reach rows that are another's."""
        if isinstance(statement, sa.Insert):
            return self._inserted(statement, values)
        return sorted(set(_Looked(self, values).at(statement, ())))

    def learn(self, statement: Any, rows: Iterable[Sequence[Any]]) -> None:
        """Takes the ids of rows that were bound for known, and whose they are if nobody said so yet."""
        columns = told_by(statement)
        kinds = [kind_of(column) for column in columns]
        names = [getattr(column, "name", None) for column in columns]
        for row in rows:
            if self.controller is None and "controller" in names:
                self.controller = row[names.index("controller")]
            self.known |= {
                (kind, value) for kind, value in zip(kinds, row, strict=True) if kind and value
            }

    def _inserted(self, statement: sa.Insert, values: Bound) -> list[str]:
        """What is written is the caller's own, part of what is, or led to by a secret alone."""
        table = statement.table
        row = statement.compile(dialect=_DIALECT, column_keys=list(values)).construct_params(values)
        owners = [owner for column in table.c if (owner := _owner(column, row.get(column.name)))]
        says = "controller" in table.c
        is_theirs = says and row.get("controller") != self.controller
        is_nobodys = not (says or owners or is_led_to(table) or table.name in NOBODYS)
        if is_theirs or is_nobodys or not all(owner in self.known for owner in owners):
            return [table.name]
        keys = [(kind_of(column), row.get(column.name)) for column in table.primary_key]
        self.known |= {(kind, value) for kind, value in keys if kind and value}
        return []


def kind_of(column: Any) -> str | None:
    """Of what a column holds the id; None where it holds none."""
    found = next(iter(column.base_columns), None)
    if not isinstance(found, sa.Column) or found.table is None:
        return None
    if found.name in {"request_id", "delivery_id"}:
        return {"request_id": "request", "delivery_id": "webhook_delivery"}[found.name]
    return found.table.name if found.name == "id" and found.primary_key else None


def without_controller(statement: Any) -> Any:
    """A statement whose conditions on `controller` were forgotten, wherever in it they stood."""

    def forgotten(element: Any, **_: Any) -> Any:
        is_condition = getattr(element, "operator", None) in {operators.eq, operators.in_op}
        if is_condition and "controller" in {
            getattr(element.left, "name", ""),
            getattr(element.right, "name", ""),
        }:
            return sa.true()
        return None

    return visitors.replacement_traverse(statement, {}, forgotten)


def told_by(statement: Any) -> Sequence[Any]:
    """The columns of what a statement finds."""
    if isinstance(statement, sa.Update | sa.Delete | sa.Insert):
        return list(statement.exported_columns)
    return list(statement.selected_columns)


def is_somebodys(table: sa.Table) -> bool:
    """Whether the rows of a table say whose they are, of what they are part, or are led to by a secret."""
    says = any(
        name == "controller" or (name.endswith("_id") and kind_of(column))
        for name, column in table.c.items()
    )
    return says or is_led_to(table)


def is_led_to(table: sa.TableClause[Any]) -> bool:
    return any(lead.startswith(f"{table.name}.") for lead in LEADS)


def _owner(column: sa.ColumnClause[Any], value: Any) -> tuple[str, Any] | None:
    """What a row says that it is part of."""
    kind = kind_of(column)
    return (kind, value) if kind and column.name != "id" and value is not None else None


@dataclass(slots=True)
class _Looked:
    """One statement with one set of values."""

    reach: Reach
    values: Bound

    def at(self, statement: Any, around: Sequence[Any]) -> Iterator[str]:
        """The names of its tables that nothing binds; `around` are those of the statements around it."""
        statement = _bare(statement)
        if isinstance(statement, sa.CompoundSelect):
            for one in statement.selects:
                yield from self.at(one, around)
            return
        if not isinstance(statement, sa.Select | sa.Update | sa.Delete):
            yield f"a statement of a kind that nobody has thought of: {type(statement).__name__}"
            return
        own, conditions = _parts(statement, around)
        around = [one for one in around if not _is_among(one, own)]
        terms = [term for one in conditions for term in _all_of(one)]
        for inner in (_bare(one) for one in own if isinstance(one, sa.Subquery)):
            yield from self.at(inner, ())
        here = [*around, *own]
        for inner in _within([*terms, *_told(statement)]):
            yield from self.at(inner, here)
        yield from (_name(one) for one in own if not self._is_bound(one, own, around, terms))

    def _is_bound(
        self, one: Any, own: Sequence[Any], around: Sequence[Any], terms: Sequence[Any]
    ) -> bool:
        bound = {id(each) for each in own if self._binds_itself(each, terms)}
        bound |= {id(each) for each in around}  # looked at where it stands
        for _ in own:
            for left, right in _pairs(terms):
                if kind_of(left) == kind_of(right) is not None:
                    tables = (id(left.table), id(right.table))
                    bound |= set(tables) if bound & set(tables) else set()
        return id(one) in bound

    def _binds_itself(self, one: Any, terms: Sequence[Any]) -> bool:
        if isinstance(one, sa.Subquery):
            return True  # what is in it was looked at by itself
        if _name(one) in NOBODYS:
            return True
        return any(self._binds(one, term) for term in terms)

    def _binds(self, one: Any, term: Any) -> bool:
        """Whether a condition leaves none but the caller's rows of a table."""
        operator = getattr(term, "operator", None)
        if operator not in {operators.eq, operators.in_op}:
            return False
        sides = [(term.left, term.right), (term.right, term.left)]
        for column, other in sides[: 2 if operator is operators.eq else 1]:
            if getattr(column, "table", None) is not one:
                continue
            inner = _bare(other)
            if isinstance(inner, SelectBase):
                (found,) = inner.selected_columns
                if kind_of(found) == kind_of(column) is not None:
                    return True  # what is in it is looked at by itself
                continue
            values = self._values(other)
            if values is not None and all(self._is_theirs(column, value) for value in values):
                return True
        return False

    def _values(self, element: Any) -> Sequence[Any] | None:
        """The values that a column is compared with; None where it is with something else."""
        if isinstance(element, Grouping):
            return self._values(element.element)
        if isinstance(element, BindParameter):
            value = self.values.get(element.key, element.effective_value)
            return list(value) if element.expanding else [value]
        if isinstance(element, sa.sql.elements.ClauseList):
            found = [self._values(one) for one in element.clauses]
            return None if None in found else [one for some in found for one in some or ()]
        return None

    def _is_theirs(self, column: Any, value: Any) -> bool:
        if column.name == "controller":
            return value is not None and value == self.reach.controller
        if f"{_name(column.table)}.{column.name}" in LEADS:
            return True
        return (kind_of(column), value) in self.reach.known


def _bare(element: Any) -> Any:
    """A statement without what it is wrapped in."""
    while isinstance(
        element, SelectStatementGrouping | ScalarSelect | sa.Subquery | Exists | Grouping
    ):
        element = element.element
    return element


def _parts(statement: Any, around: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """What a statement reads or writes, and its conditions, those of its joins among them."""
    conditions = list(statement._where_criteria)
    if not isinstance(statement, sa.Select):
        return [statement.table], conditions
    own: list[Any] = []
    for one in statement.get_final_froms():
        own += _unjoined(one, conditions)
    rest = [one for one in own if not _is_among(one, around)]
    return rest or own, conditions  # one that stands around it too is meant, as SQLAlchemy means it


def _is_among(one: Any, others: Iterable[Any]) -> bool:
    return any(one is other for other in others)


def _unjoined(one: Any, conditions: list[Any]) -> Iterator[Any]:
    if isinstance(one, sa.sql.selectable.Join):
        conditions.append(one.onclause)
        yield from _unjoined(one.left, conditions)
        yield from _unjoined(one.right, conditions)
    else:
        yield one


def _all_of(condition: Any) -> Iterator[Any]:
    """The conditions that must all hold."""
    if isinstance(condition, Grouping):
        yield from _all_of(condition.element)
    elif isinstance(condition, BooleanClauseList) and condition.operator is operators.and_:
        for one in condition.clauses:
            yield from _all_of(one)
    else:
        yield condition


def _told(statement: Any) -> list[Any]:
    """What of a statement may hold another besides its conditions."""
    if isinstance(statement, sa.Select):
        return list(statement._raw_columns)
    values = getattr(statement, "_values", None)
    return [value for value in (values or {}).values() if isinstance(value, sa.ClauseElement)]


def _within(elements: Iterable[Any]) -> Iterator[Any]:
    """The statements within some elements, not those within these."""
    for element in elements:
        inner = _bare(element)
        if isinstance(inner, SelectBase):
            yield inner
        elif not isinstance(inner, sa.sql.selectable.FromClause | sa.Column):
            yield from _within(inner.get_children())


def _pairs(terms: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
    """The columns that are to be equal."""
    for term in terms:
        if getattr(term, "operator", None) is operators.eq:
            left, right = term.left, term.right
            if isinstance(left, sa.ColumnClause) and isinstance(right, sa.ColumnClause):
                yield left, right


def _name(one: Any) -> str:
    found = one.element if isinstance(one, sa.sql.selectable.Alias) else one
    return str(getattr(found, "name", found))
