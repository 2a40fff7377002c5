"""The directory's HTTP interface: the documented order calls, and those of the Dutch profile."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Awaitable, Callable, Mapping
from hmac import compare_digest

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from avgate_contracts.vocabulary import Category
from avgate_mocks.answers import KeyReusedError
from avgate_mocks.directory import pages
from avgate_mocks.directory.desk import CLEAN_UP, Desk, Fate, is_open
from avgate_mocks.directory.entry import Entry, Publication
from avgate_mocks.directory.markup import xml_response
from avgate_mocks.directory.order import REASONS, Flaw, Order, OrderRefusedError
from avgate_mocks.directory.reading import draft_of
from avgate_mocks.directory.register import ACCOUNTS
from avgate_mocks.kernel import Kernel, json_response
from avgate_mocks.ledger import idempotency_key
from avgate_mocks.people import Person

Answer = Callable[[Request, str], Response]


class FateOrder(BaseModel):
    """The body of `POST /_fate`."""

    model_config = ConfigDict(extra="forbid")

    tn: str
    fate: Fate
    code: int = 16115


class FeedOrder(BaseModel):
    """The body of `POST /_feed`."""

    model_config = ConfigDict(extra="forbid")

    tn: str


class Service:
    def __init__(self, kernel: Kernel, desk: Desk) -> None:
        self._kernel = kernel
        self._desk = desk
        self._passwords = {name: kernel.world.secret("directory", name) for name in ACCOUNTS}

    def routes(self) -> list[BaseRoute]:
        account = "/api/accounts/{account}"
        documented = [
            route
            for orders in (f"{account}/dldas", f"{account}/dlda")
            for route in (
                Route(orders, self._post, methods=["POST"]),
                Route(orders, self.for_user(self._list)),
                Route(f"{orders}/{{order}}", self._put, methods=["PUT"]),
                Route(f"{orders}/{{order}}", self.for_user(self._get)),
                Route(f"{orders}/{{order}}/history", self.for_user(self._history)),
            )
        ]
        return [
            *documented,
            Route("/api/tns/{tn}", self.for_user(self._number)),
            Route("/api/tns/{tn}/tndetails", self.for_user(self._details)),
            Route(f"{account}/listings", self.for_user(self._listings)),
            Route(f"{account}/listings/{{listing}}", self.for_user(self._listing)),
            Route("/_fate", self._fate, methods=["POST"]),
            Route("/_feed", self._feed, methods=["POST"]),
        ]

    def holds(self, person: Person) -> Mapping[Category, int]:
        """The publications a person still appears in, an effect that is yet to come not counted."""
        now = self._desk.settle()
        entries = self._desk.register.of_person(person.id)
        count = sum(self._desk.shelf.standing(entry, now) for entry in entries)
        return {Category.DIRECTORY_LISTING: count}

    # --- who is calling

    def for_user(self, answer: Answer) -> Callable[[Request], Awaitable[Response]]:
        """The answer, for those who say who they are and ask about their own account."""

        async def authenticated(request: Request) -> Response:
            user = self._user(request)
            if user is None:
                return _unauthorized()
            if request.path_params.get("account", ACCOUNTS[user]) != ACCOUNTS[user]:
                return xml_response(pages.said(403), 403)
            return answer(request, user)

        return authenticated

    def _user(self, request: Request) -> str | None:
        scheme, _, coded = request.headers.get("Authorization", "").partition(" ")
        try:
            name, _, password = b64decode(coded, validate=True).decode().partition(":")
        except (Base64Error, UnicodeDecodeError):
            return None
        expected = self._passwords.get(name, "")
        right = compare_digest(password.encode(), expected.encode())
        return name if scheme.lower() == "basic" and expected and right else None

    # --- orders

    async def _post(self, request: Request) -> Response:
        body = await request.body()
        return await self.for_user(lambda _, user: self._place(request, user, body))(request)

    def _place(self, request: Request, user: str, body: bytes) -> Response:
        try:
            draft = draft_of(body)
        except OrderRefusedError as error:
            return _refusal(error)

        def effect() -> Response:
            order = self._desk.place(draft, ACCOUNTS[user], user, idempotency_key(request))
            self._note(request, order, "order", 201)
            where = str(request.base_url).rstrip("/") + order.path
            return xml_response(pages.order_page(order), 201, {"Location": where})

        own = draft.customer_order_id
        try:
            if not own:
                return effect()
            return self._kernel.once_for(request, own, (user, "dldas", own), body, effect)
        except OrderRefusedError as error:
            return _refusal(error)
        except KeyReusedError:
            reused = Flaw(16115, "another order that has this CustomerOrderId")
            return _refusal(OrderRefusedError(reused))

    async def _put(self, request: Request) -> Response:
        body = await request.body()
        return await self.for_user(lambda _, __: self._change(request, body))(request)

    def _change(self, request: Request, body: bytes) -> Response:
        order = self._order(request)
        if order is None:
            return xml_response(pages.no_such_order(), 404)
        try:
            self._desk.change(order, draft_of(body))
        except OrderRefusedError as error:
            return _refusal(error)
        self._note(request, order, "order_change", 200)
        return xml_response(pages.order_page(order))

    def _note(self, request: Request, order: Order, kind: str, status: int) -> None:
        numbers = (number for number, _ in order.accepted())
        people = {self._desk.register.by_number[number].person for number in numbers}
        for person in sorted(people):
            self._kernel.effect(request, kind=kind, subject=person, status=status)

    def _order(self, request: Request) -> Order | None:
        order = self._desk.orders.get(request.path_params["order"])
        return order if order and order.account == request.path_params["account"] else None

    def _get(self, request: Request, _user: str) -> Response:
        order = self._order(request)
        if order is None:
            return xml_response(pages.no_such_order(), 404)
        return xml_response(pages.order_page(order))

    def _list(self, request: Request, _user: str) -> Response:
        account = request.path_params["account"]
        orders = [order for order in self._desk.orders.values() if order.account == account]
        return xml_response(pages.order_list(orders))

    def _history(self, request: Request, _user: str) -> Response:
        order = self._order(request)
        if order is None:
            return xml_response(pages.no_such_order(), 404)
        return xml_response(pages.history(order))

    # --- numbers and listings

    def _number(self, request: Request, user: str) -> Response:
        entry = self._desk.register.of_account(ACCOUNTS[user], request.path_params["tn"])
        if entry is None:
            return xml_response(pages.no_such_number(), 404)
        return xml_response(pages.number(entry))

    def _details(self, request: Request, user: str) -> Response:
        entry = self._desk.register.of_account(ACCOUNTS[user], request.path_params["tn"])
        if entry is None:
            return xml_response(pages.no_such_number(), 404)
        order = self._desk.orders.get(entry.open_order or "")
        return xml_response(
            pages.number_details(entry, order if order and is_open(order) else None)
        )

    def _listings(self, request: Request, user: str) -> Response:
        numbers = request.query_params.getlist("tn")
        found = (self._desk.register.of_account(ACCOUNTS[user], number) for number in numbers)
        shown = [(e, self._publications(e)) for e in found if e is not None and e.versions]
        return xml_response(pages.listings(shown, self._kernel.clock.now()))

    def _listing(self, request: Request, user: str) -> Response:
        entry = self._desk.register.listing(ACCOUNTS[user], request.path_params["listing"])
        if entry is None or not entry.versions:
            return xml_response(pages.no_such_listing(), 404)
        shown = [(entry, self._publications(entry))]
        return xml_response(pages.listings(shown, self._kernel.clock.now()))

    def _publications(self, entry: Entry) -> list[Publication]:
        return list(self._desk.shelf.publications(entry, self._kernel.clock.now()))

    # --- what tests bring about

    async def _fate(self, request: Request) -> Response:
        """Decides how the next order for a number goes wrong."""
        try:
            order = FateOrder.model_validate_json(await request.body())
        except ValidationError:
            return json_response({"wrong": "tn, fate and perhaps code"}, 422)
        code = CLEAN_UP if order.fate is Fate.CLEAN_UP else order.code
        if code not in REASONS:
            return json_response({"wrong": "code"}, 422)
        self._desk.destine(order.tn, order.fate, code)
        return json_response({"tn": order.tn, "fate": order.fate, "code": code})

    async def _feed(self, request: Request) -> Response:
        """Has the source operator's feed come in for one number, now."""
        try:
            order = FeedOrder.model_validate_json(await request.body())
        except ValidationError:
            return json_response({"wrong": "tn"}, 422)
        now = self._desk.settle()
        entry = self._desk.register.by_number.get(order.tn)
        relisted = entry is not None and self._desk.relist(entry, now)
        return json_response({"tn": order.tn, "relisted": relisted})


def _refusal(error: OrderRefusedError) -> Response:
    return xml_response(pages.refused(error.flaws), 400)


def _unauthorized() -> Response:
    asks = {"WWW-Authenticate": 'Basic realm="directory"'}
    return xml_response(pages.said(401), 401, asks)
