"""PUT as Xelion means it: read, edit, say with `changeType` what was edited, write it all back."""

from __future__ import annotations

from collections.abc import Callable

from avgate_mocks.xelion.addressable import PATCHABLE
from avgate_mocks.xelion.body import relation
from avgate_mocks.xelion.envelope import JsonObject


def written_over(before: JsonObject, after: JsonObject, new_oid: Callable[[], str]) -> JsonObject:
    """The object with those parts changed that say so themselves."""
    content = dict(before)
    if after.get("changeType") == "Modified":
        content.update({n: v for n, v in after.items() if n in PATCHABLE.attributes})
    for name in PATCHABLE.relations:
        if sent := relation(after, name):
            entries = {entry["oid"]: entry for entry in before.get(name, [])}
            for entry in sent:
                _write(entries, entry, new_oid)
            content[name] = list(entries.values())
    return content


def _write(entries: dict[str, JsonObject], entry: JsonObject, new_oid: Callable[[], str]) -> None:
    oid = str(entry.get("oid"))
    own = {name: value for name, value in entry.items() if name not in {"oid", "changeType"}}
    match entry.get("changeType"):
        case "Created":
            made = new_oid()
            entries[made] = {"oid": made, **own}
        case "Modified" if oid in entries:
            entries[oid] = {**entries[oid], **own}
        case "Removed":
            entries.pop(oid, None)
        case _:
            return
