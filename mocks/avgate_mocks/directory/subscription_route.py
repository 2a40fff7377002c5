"""`/accounts/{id}/subscriptions`: who is to be told of orders."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from avgate_mocks.directory import pages
from avgate_mocks.directory.markup import Node, xml_response
from avgate_mocks.directory.order import OrderRefusedError
from avgate_mocks.directory.register import ACCOUNTS
from avgate_mocks.directory.subscription import ORDER_TYPE, Subscription, Subscriptions

Answer = Callable[[Request, str], Response]
ForUser = Callable[[Answer], Callable[[Request], Awaitable[Response]]]


class SubscriptionRoutes:
    """`for_user` lets in those who may see the account in the path."""

    def __init__(self, subscriptions: Subscriptions, for_user: ForUser) -> None:
        self._subscriptions = subscriptions
        self._for_user = for_user

    def routes(self) -> list[BaseRoute]:
        every = "/api/accounts/{account}/subscriptions"
        one = f"{every}/{{subscription}}"
        return [
            Route(every, self._post, methods=["POST"]),
            Route(every, self._for_user(self._list), methods=["GET"]),
            Route(one, self._for_user(self._get), methods=["GET"]),
            Route(one, self._put, methods=["PUT"]),
            Route(one, self._for_user(self._delete), methods=["DELETE"]),
        ]

    async def _post(self, request: Request) -> Response:
        body = await request.body()
        return await self._for_user(lambda _, user: self._subscribe(request, user, body))(request)

    def _subscribe(self, request: Request, user: str, body: bytes) -> Response:
        try:
            made = self._subscriptions.subscribe(ACCOUNTS[user], body)
        except OrderRefusedError as error:
            return _refusal(error)
        return xml_response(_page(made), 201, {"Location": f"{request.url}/{made.id}"})

    async def _put(self, request: Request) -> Response:
        body = await request.body()
        return await self._for_user(lambda _, user: self._change(request, user, body))(request)

    def _change(self, request: Request, user: str, body: bytes) -> Response:
        found = self._found(request, user)
        if found is None:
            return _absent()
        try:
            return xml_response(_page(self._subscriptions.change(found, body)))
        except OrderRefusedError as error:
            return _refusal(error)

    def _list(self, _request: Request, user: str) -> Response:
        return xml_response(_page(*self._subscriptions.of_account(ACCOUNTS[user])))

    def _get(self, request: Request, user: str) -> Response:
        found = self._found(request, user)
        return _absent() if found is None else xml_response(_page(found))

    def _delete(self, request: Request, user: str) -> Response:
        found = self._found(request, user)
        if found is None:
            return _absent()
        del self._subscriptions.held[found.id]
        return Response()

    def _found(self, request: Request, user: str) -> Subscription | None:
        found = self._subscriptions.held.get(request.path_params["subscription"])
        return found if found and found.account == ACCOUNTS[user] else None


def _refusal(error: OrderRefusedError) -> Response:
    return xml_response(pages.refused(error.flaws, "SubscriptionsResponse"), 400)


def _absent() -> Response:
    return xml_response(pages.said(404), 404)


def _page(*held: Subscription) -> Node:
    return pages.subscriptions(
        (one.id, ORDER_TYPE, one.order_id, one.address, one.expiry) for one in held
    )
