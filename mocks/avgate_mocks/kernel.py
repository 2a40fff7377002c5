"""What every mock is built on: time, faults, ledger, answers and the `/_…` paths."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

import orjson
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from avgate_contracts.vocabulary import Category
from avgate_mocks.answers import Answers
from avgate_mocks.clock import Clock
from avgate_mocks.controls import ClockOrder, FaultOrder
from avgate_mocks.dialect import Dialect
from avgate_mocks.disturbance import Disturbance, token_expired
from avgate_mocks.fault import Faults
from avgate_mocks.ledger import Effect, Ledger, Repeat, idempotency_key
from avgate_mocks.people import Person
from avgate_mocks.world import World

Holds = Callable[[Person], Mapping[Category, int]]


def json_response(
    content: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    return Response(orjson.dumps(content), status, headers, "application/json")


class Kernel:
    """The state that all mocks have; each mock makes one and adds its own beside it."""

    def __init__(self, name: str, world: World) -> None:
        self.name = name
        self.world = world
        self.clock = Clock(world.now)
        self.ledger = Ledger()
        self.answers = Answers()
        self.faults = Faults(world.seed, name, world.mood)

    def effect(self, request: Request, *, kind: str, subject: str | None, status: int) -> None:
        """Note that this call took effect; to be called where it does, before the answer."""
        self.ledger.effects.append(
            Effect(
                at=self.clock.now(),
                method=request.method,
                path=request.url.path,
                idempotency_key=idempotency_key(request),
                status=status,
                subject=subject,
                kind=kind,
            )
        )

    def event(self, *, kind: str, subject: str | None) -> None:
        """Note what happened by itself, without a call: an order completed, a number re-listed."""
        self.ledger.effects.append(Effect(self.clock.now(), "", "", None, 0, subject, kind))

    def once(
        self, request: Request, caller: str, body: bytes, effect: Callable[[], Response]
    ) -> Response:
        """Run `effect` unless the same caller made this call with this Idempotency-Key before.

        Raises KeyReusedError if the key came with another body before.
        """
        key = idempotency_key(request)
        if key is None:
            return effect()
        return self.once_for(
            request, key, (caller, request.method, request.url.path, key), body, effect
        )

    def once_for(
        self,
        request: Request,
        name: str,
        key: tuple[str, ...],
        body: bytes,
        effect: Callable[[], Response],
    ) -> Response:
        """As `once`, for upstreams whose key is a field of the body; `name` is what repeats list."""
        if self.answers.known(key):
            self.ledger.repeats.append(
                Repeat(self.clock.now(), request.method, request.url.path, name)
            )
        return self.answers.once(key, body, effect)

    def token_expired(self, request: Request) -> bool:
        """Whether a fault wants this call's token to have run out; ask in authentication."""
        return token_expired(request)

    def app(self, routes: Sequence[BaseRoute], *, holds: Holds, dialect: Dialect) -> ASGIApp:
        """The mock: its own routes, the `/_…` paths, and faults around the former."""

        async def refuse(_request: Request, error: Exception) -> Response:
            response = dialect.refusal(getattr(error, "status_code", 500))
            response.headers.update(getattr(error, "headers", None) or {})
            return response

        return Disturbance(
            Starlette(
                routes=[*self._controls(holds), *routes],
                exception_handlers={HTTPException: refuse, Exception: refuse},
            ),
            self.faults,
            dialect,
            wall_clock=self.world.now,
            sleep=self.world.sleep,
            latency_seconds=0 if dialect.spends_latency_itself else self.world.latency_seconds,
        )

    def _controls(self, holds: Holds) -> list[Route]:
        async def people(_request: Request) -> Response:
            return json_response({"people": [_row(person, holds) for person in self.world.people]})

        return [
            Route("/_people", people),
            Route("/_ledger", self._ledger),
            Route("/_clock", self._clock, methods=["GET", "POST"]),
            Route("/_faults", self._faults, methods=["GET", "POST"]),
        ]

    async def _ledger(self, _request: Request) -> Response:
        return json_response(self.ledger.as_json())

    async def _clock(self, request: Request) -> Response:
        if request.method == "POST":
            try:
                order = ClockOrder.model_validate_json(await request.body())
            except ValidationError as error:
                return _bad_order(error)
            self._move(order)
        return json_response({"now": self.clock.now().isoformat()})

    def _move(self, order: ClockOrder) -> None:
        if order.now is not None:
            self.clock.move_to(order.now)
        if order.advance_seconds is not None:
            self.clock.advance(timedelta(seconds=order.advance_seconds))

    async def _faults(self, request: Request) -> Response:
        if request.method == "POST":
            try:
                order = FaultOrder.model_validate_json(await request.body())
            except ValidationError as error:
                return _bad_order(error)
            self._plant(order)
        return json_response({"mood": self.faults.mood, "rules": self.faults.rules})

    def _plant(self, order: FaultOrder) -> None:
        if order.mood is not None:
            self.faults.mood = order.mood
        if order.rules is not None:
            self.faults.plant(rule.rule() for rule in order.rules)


def _row(person: Person, holds: Holds) -> dict[str, object]:
    counts = {category.value: count for category, count in holds(person).items() if count}
    return {
        "id": person.id,
        "controller": person.controller,
        "identifiers": [identifier.as_json() for identifier in person.identifiers()],
        "holds": counts,
    }


def _bad_order(error: ValidationError) -> Response:
    wrong = [{"at": list(line["loc"]), "why": line["msg"]} for line in error.errors()]
    return json_response({"wrong": wrong}, 422)
