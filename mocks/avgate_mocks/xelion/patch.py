"""Carries out the operations of a PATCH (patch_request.html)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from avgate_mocks.xelion.envelope import JsonObject
from avgate_mocks.xelion.refusal import invalid, no_such_object
from avgate_mocks.xelion.scalar import stored


@dataclass(frozen=True, slots=True)
class Patchable:
    """What may be changed of a kind of object: own attributes, and relations with theirs.

    `related` names the attribute of a relation that holds the object it leads to.
    """

    attributes: frozenset[str]
    relations: Mapping[str, frozenset[str]] = field(default_factory=dict)
    related: Mapping[str, str] = field(default_factory=dict)


def patched(
    before: JsonObject,
    operations: Sequence[JsonObject],
    rules: Patchable,
    new_oid: Callable[[], str],
) -> JsonObject:
    """The object after all operations; none of them counts if one cannot be done."""
    work = _Work(deepcopy(before), rules, new_oid)
    for operation in operations:
        work.carry_out(operation)
    return work.target


class _Work:
    def __init__(self, target: JsonObject, rules: Patchable, new_oid: Callable[[], str]) -> None:
        self.target = target
        self._rules = rules
        self._new_oid = new_oid
        self._virtual: dict[tuple[str, str], JsonObject] = {}

    def carry_out(self, operation: JsonObject) -> None:
        parts = _parts(operation.get("path"))
        value = stored(operation.get("value"))
        match operation.get("op"), parts:
            case "replace", [attribute]:
                self._replace(attribute, value)
            case "replace", [relation, oid, attribute]:
                self._replace_in(relation, oid, attribute, value)
            case "add", [relation, oid]:
                self._add(relation, oid, value)
            case "remove", [relation, oid]:
                self._among(relation).remove(self._entry(relation, oid))
            case _:
                raise invalid("an operation")

    def _replace(self, attribute: str, value: Any) -> None:
        if attribute not in self._rules.attributes:
            raise invalid("the path of an operation")
        self.target[attribute] = value

    def _replace_in(self, relation: str, oid: str, attribute: str, value: Any) -> None:
        entry = self._entry(relation, oid)
        if attribute not in self._rules.relations[relation]:
            raise invalid("the path of an operation")
        entry[attribute] = value

    def _add(self, relation: str, virtual: str, value: Any) -> None:
        entry: JsonObject = {"oid": self._new_oid()}
        if isinstance(value, dict):
            allowed = self._rules.relations.get(relation, frozenset())
            entry.update({name: each for name, each in value.items() if name in allowed})
        elif relation in self._rules.related:
            entry[self._rules.related[relation]] = {"oid": str(value)}
        self._among(relation).append(entry)
        self._virtual[relation, virtual] = entry

    def _entry(self, relation: str, oid: str) -> JsonObject:
        among = self._among(relation)
        virtual = self._virtual.get((relation, oid))
        found = virtual or next((entry for entry in among if entry["oid"] == oid), None)
        if found is None:
            raise no_such_object()
        return found

    def _among(self, relation: str) -> list[JsonObject]:
        if relation not in self._rules.relations:
            raise invalid("the path of an operation")
        entries: list[JsonObject] = self.target.setdefault(relation, [])
        return entries


def _parts(path: Any) -> list[str]:
    if not isinstance(path, str) or not path.startswith("/"):
        raise invalid("the path of an operation")
    return path[1:].split("/")
