"""A phone directory that takes orders the DLDA way, with a Dutch profile of our own.

Documented, and kept to the letter: the order calls under `/api/accounts/{id}/dldas` (and `/dlda`,
which the vendor's guide writes), `/api/tns/{tn}` and its `/tndetails`, order states, states of a number, and
the codes 16100 to 16116 (Bandwidth api-docs: managingLineFeatures, errors, numbers_v2), and the
notifications to those who subscribe (orderWebhook). Left out: OAuth beside Basic.

Ours, no documented system: E.164 numbers, Dutch addresses, `GET …/listings?tn=` and
`GET …/listings/{listingId}`, online and printed publications with their own clocks, the operators'
feed that re-lists once a day, `CustomerOrderId` as a key (an order that comes again is answered as
the first time), and two calls for tests: `POST /_fate` `{"tn", "fate": "fail" | "cancel" |
"clean_up", "code"?}` and `POST /_feed` `{"tn"}`.

`/_people` counts the publications a person appears in; one whose end is registered but has not
come counts. The ledger has `order` when one is accepted, and when it takes effect `change` or
`delist` (the latter when the online directory no longer shows the number), with the order's path
and key; `relist` is the feed's own doing.
"""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from avgate_mocks.dialect import Dialect
from avgate_mocks.directory import pages
from avgate_mocks.directory.desk import Desk
from avgate_mocks.directory.edition import Pace
from avgate_mocks.directory.markup import xml_response
from avgate_mocks.directory.register import ACCOUNTS
from avgate_mocks.directory.service import Service
from avgate_mocks.directory.subscription import Subscriptions
from avgate_mocks.directory.subscription_route import SubscriptionRoutes
from avgate_mocks.kernel import Kernel
from avgate_mocks.world import World


def build(world: World, _port: int, pace: Pace | None = None) -> ASGIApp:
    kernel = Kernel("directory", world)
    desk = Desk(kernel, pace or Pace())
    service = Service(kernel, desk)
    subscriptions = Subscriptions(kernel, next_due=desk.next_step, settle=desk.settle)
    desk.on_step(subscriptions.tell)
    routes = [*service.routes(), *SubscriptionRoutes(subscriptions, service.for_user).routes()]
    app = kernel.app(routes, holds=service.holds, dialect=Dialect(refusal=_refusal))

    async def punctual(scope: Scope, receive: Receive, send: Send) -> None:
        desk.settle()  # so that the ledger, too, shows what has come due
        await app(scope, receive, send)

    return punctual


def config_section(world: World, controller: str, port: int) -> Mapping[str, object]:
    return {
        "base_url": f"http://127.0.0.1:{port}/api",
        "account_id": ACCOUNTS[controller],
        "username": controller,
        "password": world.secret("directory", controller),
        "look_again_seconds": 1,  # as fast as orders go here
    }


def _refusal(status: int) -> Response:
    return xml_response(pages.said(status), status)
