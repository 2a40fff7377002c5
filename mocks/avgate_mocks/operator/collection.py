"""Resources of one kind and one tenant, found by the values of their attributes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from avgate_mocks.operator.shape import Resource


class Collection:
    """Resources in the order in which they came, with an index over the attributes in `paths`."""

    def __init__(self, resources: Iterable[Resource], paths: frozenset[str]) -> None:
        self._paths = paths
        self._held: dict[str, Resource] = {}
        self._index: defaultdict[tuple[str, str], dict[str, None]] = defaultdict(dict)
        for resource in resources:
            self.put(resource)

    def get(self, resource_id: str) -> Resource | None:
        return self._held.get(resource_id)

    def put(self, resource: Resource) -> None:
        """Add a resource, or replace the one with its id."""
        resource_id = resource["id"]
        if resource_id in self._held:
            self._unindex(self._held[resource_id])
        self._held[resource_id] = resource
        for key in self._keys(resource):
            self._index[key][resource_id] = None

    def remove(self, resource_id: str) -> None:
        self._unindex(self._held.pop(resource_id))

    def matching(self, filters: Mapping[str, str]) -> list[Resource]:
        """Those of which every filter names a value; a list of values matches by any of them."""
        if not filters:
            return list(self._held.values())
        sets = [self._index.get(item, {}).keys() for item in filters.items()]
        smallest = min(sets, key=len)
        return [self._held[one] for one in smallest if all(one in ids for ids in sets)]

    def _unindex(self, resource: Resource) -> None:
        for key in self._keys(resource):
            self._index[key].pop(resource["id"], None)

    def _keys(self, resource: Resource) -> set[tuple[str, str]]:
        return {leaf for leaf in _leaves(resource, "") if leaf[0] in self._paths}


def _leaves(value: object, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner, path)
    elif value is not None:
        yield path, str(value)
