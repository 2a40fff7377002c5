"""The rest of a tenant: its user, phone lines, licences and lists of contacts."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from avgate_mocks.xelion.call_log import LINES
from avgate_mocks.xelion.envelope import JsonObject
from avgate_mocks.xelion.patch import Patchable
from avgate_mocks.xelion.refusal import no_such_object

# Those that may be changed, with what may (phonelines_update.html; lists as clients change them).
PATCHABLE: Mapping[str, Patchable] = {
    "phonelines": Patchable(
        frozenset({
            "commonName", "callerName", "associatedAddressable", "externalNumber",
            "saveCallRecording", "doNotRecordInternalCalls", "hideInPhoneList", "hideNumbers",
            "limitAccessToCallRecording",
        }),
        {
            "callRecordingUsers": frozenset(),
            "callLogUsers": frozenset(),
            "managers": frozenset(),
            "users": frozenset(),
        },
        dict.fromkeys(("callRecordingUsers", "callLogUsers", "managers", "users"), "user"),
    ),
    "lists": Patchable(
        frozenset({"commonName", "comment"}),
        {"elements": frozenset({"orderNumber"})},
        {"elements": "element"},
    ),
}  # fmt: skip
_KIND_OF_LIST = "AddressableList"


class Installation:
    """Objects by collection and OID; the collections without any are there all the same."""

    def __init__(self, user_name: str, new_oid: Callable[[], str]) -> None:
        self._new_oid = new_oid
        self.collections: dict[str, dict[str, JsonObject]] = {
            "users": _by_oid(_user(user_name)),
            "licenses": _by_oid(_named("1450001", "License", "API")),
            "phonelines": _by_oid(*map(_phone_line, LINES)),
            "lists": {},
            "channels": {},
            "phones": {},
            "phonelinesgroups": {},
            "queries": {},
            "wallboards": {},
            "callables": {},
            "presence": {},
        }
        self.presence = {"status": "available", "message": ""}

    def find(self, collection: str, oid: str) -> JsonObject:
        """Raises XelionError 404/10100."""
        found = self.collections[collection].get(oid)
        if found is None:
            raise no_such_object()
        return found

    def put(self, collection: str, content: JsonObject) -> None:
        self.collections[collection][content["oid"]] = content

    def make_list(self, name: str) -> JsonObject:
        made = {**_named(self._new_oid(), _KIND_OF_LIST, name), "comment": "", "elements": []}
        self.put("lists", made)
        return made


def _by_oid(*contents: JsonObject) -> dict[str, JsonObject]:
    return {content["oid"]: content for content in contents}


def _named(oid: str, kind: str, name: str) -> JsonObject:
    return {"oid": oid, "objectType": kind, "commonName": name}


def _user(name: str) -> JsonObject:
    return {
        **_named("1400001", "XCCUser", name),
        "userName": name,
        "active": True,
        "primaryLine": None,
    }


def _phone_line(oid: str) -> JsonObject:
    return {
        **_named(oid, "XCCPhoneLine", oid),
        "externalNumber": "",
        "callerName": "",
        "extensions": [],
        "users": [],
        "phones": [],
        "associatedAddressable": None,
        "allowedNumbers": [],
        **dict.fromkeys(("userPhoneLine", "defaultFallback", "autoAttendant", "dayNightMode")),
        "saveCallRecording": True,
        "doNotRecordInternalCalls": False,
        "hideInPhoneList": False,
        "hideNumbers": False,
        "limitAccessToCallRecording": True,
        **{name: [] for name in ("callRecordingUsers", "callLogUsers", "managers")},
    }
