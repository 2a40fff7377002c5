"""Who may open which page: one entry for every route of the console, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from starlette.applications import Starlette
from starlette.routing import Route

from avgate_contracts.vocabulary import Operation
from avgate_gateway.authentication import Scope
from avgate_gateway.console.reasons import REASONS

from ..flow.authority import Guarded, Open

_AUTOMATIC = frozenset({"HEAD"})
_ALL = (Operation.ACCESS, Operation.EXPORT, Operation.ERASE, Operation.RECTIFY)
_COPIES, _PLANNED = _ALL[:2], _ALL[2:]
_READ = frozenset({Scope.READ})
_SIGNING_IN = "whoever signs in is nobody yet"
_LOOKED = Guarded(frozenset({Scope.READ, Scope.ACCESS}))
_BY_HAND = Guarded(frozenset({Scope.READ, Scope.COMPLETE_TASKS}), operations=(Operation.ERASE,))
_SENT = Guarded(frozenset({Scope.READ, Scope.ADMIN}))
_RESENT = Guarded(frozenset({Scope.READ, Scope.ADMIN}), operations=(Operation.ERASE,))
_OWN = Guarded()  # one's own, whatever one may do
_ONE = "/console/requests/{request_id}"


def _seen(*operations: Operation) -> Guarded:
    return Guarded(_READ, operations=operations)


def _done(*operations: Operation) -> Guarded:
    return Guarded(_READ, of_operation=True, operations=operations)


MATRIX: Final[Mapping[tuple[str, str], Guarded | Open]] = {
    ("GET", "/console"): _seen(),
    ("GET", "/console/people"): _seen(),
    ("POST", "/console/people"): _seen(),
    ("GET", "/console/people/held"): _LOOKED,
    ("POST", "/console/people/held"): _LOOKED,
    ("GET", "/console/people/revealed"): _LOOKED,
    ("POST", "/console/people/revealed"): _LOOKED,
    ("GET", "/console/print"): _seen(),
    ("POST", "/console/filter"): _seen(),
    ("POST", "/console/retry"): _seen(),
    ("GET", "/console/tasks"): _seen(),
    ("POST", "/console/tasks/{task_id}"): _BY_HAND,
    ("POST", f"{_ONE}/tasks/{{task_id}}"): _BY_HAND,
    ("GET", "/console/requests/new"): _seen(),
    ("POST", "/console/requests/new"): _seen(),
    ("POST", "/console/requests"): Guarded(_READ, of_operation=True, operations=_ALL),
    ("GET", _ONE): _seen(*_ALL),
    ("GET", f"{_ONE}/live"): _seen(*_COPIES),  # of what ends by itself, so they do
    ("POST", f"{_ONE}/identity"): _done(*_ALL),
    ("GET", f"{_ONE}/approval"): Guarded(frozenset({Scope.APPROVE}), operations=_PLANNED),
    ("POST", f"{_ONE}/approval"): Guarded(frozenset({Scope.APPROVE}), operations=_PLANNED),
    ("POST", f"{_ONE}/retry"): _done(*_ALL),
    ("POST", f"{_ONE}/extension"): _done(*_ALL),
    ("POST", f"{_ONE}/reveal"): _done(*_ALL),
    ("POST", f"{_ONE}/changes"): _done(Operation.RECTIFY),
    ("GET", f"{_ONE}/package"): _done(*_COPIES),
    ("POST", f"{_ONE}/cancel"): _done(*_ALL),
    ("GET", f"{_ONE}/letter"): _seen(*_COPIES),
    ("POST", f"{_ONE}/handover"): Guarded(frozenset({Scope.EXPORT}), operations=(Operation.EXPORT,)),
    ("GET", "/console/systems"): _seen(),
    ("POST", "/console/systems/check"): _seen(),
    ("POST", "/console/systems/{connector}/pause"): Guarded(frozenset({Scope.ADMIN})),
    ("POST", "/console/systems/{connector}/resume"): Guarded(frozenset({Scope.ADMIN})),
    ("GET", "/console/deliveries"): _seen(),
    ("POST", "/console/deliveries/enable"): _SENT,
    ("POST", "/console/deliveries/test"): _SENT,
    ("POST", "/console/deliveries/{delivery_id}/replay"): _RESENT,
    ("GET", "/console/processors"): _seen(),
    ("GET", "/console/processors.csv"): _seen(),
    ("GET", "/console/figures"): _seen(),
    ("GET", "/console/figures.csv"): _seen(),
    ("GET", "/console/audit"): Guarded(frozenset({Scope.READ_AUDIT})),
    ("POST", "/console/audit/verify"): Guarded(frozenset({Scope.READ_AUDIT})),
    ("GET", "/console/retention"): _seen(),
    ("GET", "/console/sessions"): _OWN,
    ("POST", "/console/sessions"): _OWN,
    ("POST", "/console/sign-out"): Open("it ends what the cookie opens, and nothing else"),
    ("POST", "/console/language"): Open("it changes what a browser is shown, and nothing here"),
    ("GET", "/console/sign-in"): Open(_SIGNING_IN),
    ("POST", "/console/sign-in"): Open(_SIGNING_IN),
    ("GET", "/console/sign-in/organisation"): Open(_SIGNING_IN),
    ("GET", "/console/sign-in/return"): Open(_SIGNING_IN),
    ("GET", "/console/sign-in/leave"): Open("it leads to the provider, who asks"),
    ("POST", "/console/sign-in/logout-token"): Open("a provider has no cookie; it signs what it says"),
    ("GET", "/console/assets/{version}/{name}"): Open("style sheets and scripts, as in our sources"),
}  # fmt: skip
LOOK: Final = {
    "kind_0": "email",
    "value_0": "nobody@voorbeeld.example",
    "reason": next(iter(REASONS)),
}
FORMS: Final[Mapping[str, Mapping[str, Any]]] = {
    "people": {"query": "nobody@voorbeeld.example"},
    "identity": {"method": "portal", "verified_by": "me", "verified_at": "2026-01-05T10:00"},
    "approval": {"digest": "0" * 64, "decision": "reject", "reason": "no"},
    "extension": {"reason": "many systems"},
    "reveal": {"reason": "to call back"},
    "changes": {"reason": "to correct it by hand"},
    "cancel": {"reason": "not asked"},
    "retry": {"connector": "directory"},
    "pause": {"reason": "it is moved"},
    "held": LOOK,
    "revealed": {**LOOK, "connector": "directory"},
    "enable": {"receiver": "crm"},
    "test": {"receiver": "crm"},
    "{task_id}": {"evidence": "seen to"},
    "sessions": {"session": "none of mine"},
}


def routes(pages: Starlette) -> Iterator[tuple[tuple[str, str], Route]]:
    """Method and path of every route, and the route."""
    for route in pages.routes:
        assert isinstance(route, Route), f"a kind of route that nobody has thought of: {route!r}"
        for method in (route.methods or set()) - _AUTOMATIC:
            yield (method, route.path), route
