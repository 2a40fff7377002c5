"""Who may call what: one entry for every route, which must say so or give the reason why not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from fastapi import FastAPI
from starlette.routing import BaseRoute, Route

from avgate_contracts.vocabulary import Operation
from avgate_gateway.authentication import OF_OPERATION, Scope

_AUTOMATIC = frozenset({"HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Guarded:
    """What a token must carry: these scopes, and with `of_operation` the one of the request's own."""

    scopes: frozenset[Scope] = frozenset()
    of_operation: bool = False
    operations: tuple[Operation, ...] = ()  # that it exists for; of an id in the address

    def needed(self, operation: Operation) -> frozenset[Scope]:
        return self.scopes | ({OF_OPERATION[operation]} if self.of_operation else set())


@dataclass(frozen=True, slots=True)
class Open:
    """Needs no token, because."""

    because: str


Entry = Guarded | Open
_ALL = (Operation.ACCESS, Operation.EXPORT, Operation.ERASE, Operation.RECTIFY)
_COPIES, _PLANNED = _ALL[:2], _ALL[2:]


def _scope(scope: Scope, *operations: Operation) -> Guarded:
    return Guarded(frozenset({scope}), operations=operations)


_OF_OPERATION = Guarded(of_operation=True, operations=_ALL)
_SHOWN = "tells what anybody may read in our sources, and nothing of this process"


def _of_version(prefix: str, collection: str) -> Mapping[tuple[str, str], Entry]:
    """The routes of one version of OpenDSR."""
    every, one = f"{prefix}/{collection}", f"{prefix}/{collection}/{_SENT}"
    copy = Guarded(frozenset({Scope.READ}), of_operation=True, operations=_COPIES)
    sent = (Operation.ACCESS, Operation.EXPORT, Operation.ERASE)
    return {
        ("GET", f"{prefix}/discovery"): Open(_KNOWN_FROM),
        ("GET", f"{prefix}/certificate.pem"): Open(_KNOWN_FROM),
        ("POST", every): Guarded(of_operation=True, operations=sent),
        ("GET", one): _scope(Scope.READ, *sent),
        ("DELETE", one): Guarded(of_operation=True, operations=(Operation.ERASE,)),
        ("GET", f"{one}/results"): copy,
        ("GET", f"{one}/package"): copy,
    }


_ONE = "/v1/requests/{request_id}"
_KNOWN_FROM = "whoever sends by OpenDSR reads it before they have a token; it names nobody"
_SENT = "{subject_request_id}"  # a request under its sender's id
MATRIX: Final[Mapping[tuple[str, str], Entry]] = {
    ("POST", "/v1/requests"): _OF_OPERATION,
    ("GET", "/v1/requests"): _scope(Scope.READ),
    ("GET", _ONE): _scope(Scope.READ, *_ALL),
    ("POST", f"{_ONE}/identity"): _OF_OPERATION,
    ("POST", f"{_ONE}/approval"): _scope(Scope.APPROVE, *_PLANNED),
    ("POST", f"{_ONE}/cancel"): _OF_OPERATION,
    ("POST", f"{_ONE}/retry"): _OF_OPERATION,
    ("POST", f"{_ONE}/extension"): _OF_OPERATION,
    ("GET", f"{_ONE}/plan"): _scope(Scope.READ, *_PLANNED),
    ("GET", f"{_ONE}/report"): _scope(Scope.READ, *_ALL),
    ("GET", f"{_ONE}/evidence"): _scope(Scope.READ, *_ALL),
    ("GET", f"{_ONE}/evidence/proof"): _scope(Scope.READ, *_ALL),
    ("GET", f"{_ONE}/package"): Guarded(frozenset({Scope.READ}), of_operation=True, operations=_COPIES),
    ("GET", f"{_ONE}/letter"): _scope(Scope.READ, *_ALL),
    ("GET", f"{_ONE}/letters"): _scope(Scope.READ, *_ALL),
    ("POST", f"{_ONE}/handover"): _scope(Scope.EXPORT, Operation.EXPORT),
    ("GET", f"{_ONE}/handovers"): _scope(Scope.READ, *_ALL),
    ("GET", f"{_ONE}/events"): _scope(Scope.READ, *_COPIES),  # of what ends by itself, so they do
    ("GET", "/v1/tasks"): _scope(Scope.READ),
    ("POST", "/v1/tasks/{task_id}/completion"): _scope(Scope.COMPLETE_TASKS, Operation.ERASE),
    ("GET", "/v1/processors"): _scope(Scope.READ),
    ("GET", "/v1/retention"): _scope(Scope.READ),
    ("GET", "/v1/connectors"): _scope(Scope.READ),
    ("POST", "/v1/connectors/{connector}/pause"): _scope(Scope.ADMIN),
    ("POST", "/v1/connectors/{connector}/resume"): _scope(Scope.ADMIN),  # of what was paused just now
    ("GET", "/v1/audit"): _scope(Scope.READ_AUDIT),
    ("GET", "/metrics"): _scope(Scope.READ_METRICS),
    ("GET", "/v1/webhooks"): _scope(Scope.READ),
    ("GET", "/v1/webhooks/deliveries"): _scope(Scope.READ),
    ("POST", "/v1/webhooks/deliveries/{delivery_id}/replay"): _scope(Scope.ADMIN),
    ("POST", "/v1/webhooks/endpoints/{name}/enable"): _scope(Scope.ADMIN),
    ("POST", "/v1/webhooks/endpoints/{name}/test"): _scope(Scope.ADMIN),
    ("POST", "/v1/webhooks/endpoints/{name}/resend"): _scope(Scope.ADMIN),
    ("POST", "/v1/callbacks/{token}"): Open("an upstream has no token; the address is the secret"),
    ("GET", "/health/live"): Open("what restarts processes has no token, and is told one word"),
    ("GET", "/health/ready"): Open("what balances load has no token; it names nobody"),
    ("GET", "/openapi.json"): Open(_SHOWN),
    ("GET", "/docs"): Open(_SHOWN),
    **_of_version("/opendsr", "requests"),
    **_of_version("/opengdpr", "opengdpr_requests"),
}  # fmt: skip


def routes(app: FastAPI) -> Iterator[tuple[str, str]]:
    """Method and path of every route of the application."""
    for route in _walked(app.routes):
        yield from ((method, route.path) for method in (route.methods or set()) - _AUTOMATIC)


def _walked(found: list[BaseRoute]) -> Iterator[Route]:
    for one in found:
        if not isinstance(one, Route):  # a mount or a websocket would pass every check here unseen
            raise TypeError(f"a kind of route that nobody has thought of: {one!r}")
        yield one
