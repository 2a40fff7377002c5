"""What a newer OpenAPI document no longer promises to those who call by the older one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Map = Mapping[str, Any]
_METHODS = ("get", "put", "post", "delete", "patch")
_LOWER = ("maxLength", "maxItems", "maximum", "exclusiveMaximum")
_UPPER = ("minLength", "minItems", "minimum", "exclusiveMinimum")


def breaking(old: Map, new: Map) -> list[str]:
    """One line for each promise that is broken, with where it stood; nothing for what is added."""
    return list(_Comparison(old, new).lines())


@dataclass(frozen=True)
class _Comparison:
    old: Map
    new: Map

    def lines(self) -> Iterator[str]:
        for path, item in self.old["paths"].items():
            if path not in self.new["paths"]:
                yield f"{path}: the path is gone"
                continue
            for method in _METHODS:
                if method in item:
                    yield from self._operation(
                        f"{method.upper()} {path}",
                        item[method],
                        self.new["paths"][path].get(method),
                    )

    def _operation(self, at: str, old: Map, new: Map | None) -> Iterator[str]:
        if new is None:
            yield f"{at}: the method is gone"
            return
        yield from self._parameters(at, old, new)
        yield from self._body(at, old.get("requestBody"), new.get("requestBody"))
        yield from self._answers(at, old["responses"], new["responses"])
        yield from self._security(at, old, new)

    def _parameters(self, at: str, old: Map, new: Map) -> Iterator[str]:
        before, after = _by_name(self.old, old), _by_name(self.new, new)
        for name, parameter in after.items():
            was = before.get(name, {})
            if parameter.get("required") and not was.get("required"):
                yield f"{at}: {name} has become required"
        for name, parameter in before.items():
            if name not in after:
                yield f"{at}: {name} is gone"
            else:
                yield from self._sent(
                    f"{at}: {name}", parameter.get("schema", {}), after[name].get("schema", {})
                )

    def _body(self, at: str, old: Map | None, new: Map | None) -> Iterator[str]:
        if new is None:
            if old is not None:
                yield f"{at}: the body is gone"
            return
        if new.get("required") and not (old or {}).get("required"):
            yield f"{at}: a body has become required"
        for kind, content in (old or {}).get("content", {}).items():
            if kind not in new["content"]:
                yield f"{at}: a body may no longer be {kind}"
            else:
                yield from self._sent(
                    f"{at}: body", content.get("schema", {}), new["content"][kind].get("schema", {})
                )

    def _answers(self, at: str, old: Map, new: Map) -> Iterator[str]:
        for status, answer in old.items():
            if status not in new:
                yield f"{at}: the answer {status} is gone"
                continue
            for kind, content in answer.get("content", {}).items():
                after = new[status].get("content", {})
                if kind not in after:
                    yield f"{at}: the answer {status} is no longer {kind}"
                else:
                    yield from self._received(
                        f"{at}: answer {status}",
                        content.get("schema", {}),
                        after[kind].get("schema", {}),
                    )

    def _security(self, at: str, old: Map, new: Map) -> Iterator[str]:
        before, after = old.get("security", []), new.get("security", [])
        if before != after and not all(
            any(_is_met(way, b) for way in after) for b in before or [{}]
        ):
            yield f"{at}: more is asked of the caller's token"

    def _sent(self, at: str, old: Map, new: Map, depth: int = 0) -> Iterator[str]:
        """What callers send: nothing that was accepted may be refused."""
        old, new = _resolved(self.old, old), _resolved(self.new, new)
        if depth > 12:
            return
        yield from self._narrowed(at, old, new)
        before, after = old.get("properties", {}), new.get("properties", {})
        for name in sorted(set(new.get("required", ())) - set(old.get("required", ()))):
            yield f"{at}.{name} has become required"
        for name, schema in before.items():
            if name in after:
                yield from self._sent(f"{at}.{name}", schema, after[name], depth + 1)
            elif new.get("additionalProperties") is False:
                yield f"{at}.{name} is no longer accepted"
        if "items" in old and "items" in new:
            yield from self._sent(f"{at}[]", old["items"], new["items"], depth + 1)
        yield from self._sent_any(at, old, new, depth)

    def _sent_any(self, at: str, old: Map, new: Map, depth: int) -> Iterator[str]:
        """Each of the old alternatives must still fit one of the new."""
        alternatives = old.get("anyOf", old.get("oneOf"))
        choices = new.get("anyOf", new.get("oneOf", [new]))
        for number, each in enumerate(alternatives or ()):
            if not any(not list(self._sent(at, each, choice, depth + 1)) for choice in choices):
                yield f"{at}: alternative {number + 1} is no longer accepted"

    def _narrowed(self, at: str, old: Map, new: Map) -> Iterator[str]:
        if "anyOf" not in new and "oneOf" not in new and _types(new) is not None:
            gone = (_types(old) or {"anything"}) - (_types(new) or set())
            if gone and "anyOf" not in old and "oneOf" not in old:
                yield f"{at} may no longer be {', '.join(sorted(gone))}"
        values = _values(new)
        if values is not None and (_values(old) is None or set(_values(old) or ()) - set(values)):
            yield f"{at} takes fewer values"
        if new.get("pattern") not in {None, old.get("pattern")}:
            yield f"{at} has another pattern"
        for name in (*_LOWER, *_UPPER):
            if name in new and (name not in old or _is_tighter(name, old[name], new[name])):
                yield f"{at} has a tighter {name}"

    def _received(self, at: str, old: Map, new: Map, depth: int = 0) -> Iterator[str]:
        """What callers read: all that was there must still be there, and of its type."""
        old, new = _resolved(self.old, old), _resolved(self.new, new)
        if depth > 12:
            return
        types = _types(old)
        if types is not None and not (_types(new) or {"anything"}) <= types:
            yield f"{at} may now be {', '.join(sorted((_types(new) or {'anything'}) - types))}"
        after = new.get("properties", {})
        for name, schema in old.get("properties", {}).items():
            if name not in after:
                yield f"{at}.{name} is gone"
                continue
            if name in old.get("required", ()) and name not in new.get("required", ()):
                yield f"{at}.{name} may now be missing"
            yield from self._received(f"{at}.{name}", schema, after[name], depth + 1)
        if "items" in old:
            yield from self._received(f"{at}[]", old["items"], new.get("items", {}), depth + 1)


def _by_name(document: Map, operation: Map) -> dict[str, Map]:
    found = (_resolved(document, each) for each in operation.get("parameters", ()))
    return {f"{each['in']} {each['name']}": each for each in found}


def _resolved(document: Map, node: Map) -> Map:
    while "$ref" in node:
        found: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = found
    return node


def _types(schema: Map) -> set[str] | None:
    kind = schema.get("type")
    if kind is None:
        return None
    kinds = {kind} if isinstance(kind, str) else set(kind)
    return kinds | {"integer"} if "number" in kinds else kinds


def _values(schema: Map) -> list[Any] | None:
    return [schema["const"]] if "const" in schema else schema.get("enum")


def _is_tighter(name: str, old: float, new: float) -> bool:
    return new < old if name in _LOWER else new > old


def _is_met(way: Map, by: Map) -> bool:
    return all(
        set(scopes) <= set(by.get(scheme, ())) and scheme in by for scheme, scopes in way.items()
    )
