"""The documents that the directory answers with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from avgate_mocks.directory.content import Content
from avgate_mocks.directory.entry import Entry, Publication
from avgate_mocks.directory.markup import Node
from avgate_mocks.directory.order import Flaw, Group, Order, State


def moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def order_page(order: Order) -> Node:
    first, last = order.steps[0], order.steps[-1]
    document: tuple[Node, ...] = (
        ("CustomerOrderId", order.draft.customer_order_id),
        ("OrderCreateDate", moment(first.at)),
        ("AccountId", order.account),
        ("CreatedByUser", order.user),
        ("OrderId", order.id),
        ("LastModifiedDate", moment(last.at)),
        errors(order.flaws),
        ("ProcessingStatus", order.state.value),
        ("DldaTnGroups", tuple(_group(group) for group in order.draft.groups)),
    )
    return "DldaOrderResponse", (("DldaOrder", document),)


def _group(group: Group) -> Node:
    numbers = tuple(("TelephoneNumber", number) for number in group.numbers)
    content = group.content.nodes(subscriber_type=False)
    return "DldaTnGroup", (("TelephoneNumbers", numbers), *content)


def errors(flaws: Iterable[Flaw]) -> Node:
    return "ErrorList", tuple(("Error", tuple(_error(flaw))) for flaw in flaws)


def _error(flaw: Flaw) -> Iterator[Node]:
    yield "Code", str(flaw.code)
    yield "Description", flaw.description
    if flaw.number:
        yield "TelephoneNumber", flaw.number


def refused(flaws: Iterable[Flaw], answer: str = "DldaOrderResponse") -> Node:
    return answer, (errors(flaws),)


def no_such_order() -> Node:
    said: Node = ("Description", "The resource does not exist.")
    return "DldaOrderResponse", (("ResponseStatus", (said,)),)


def order_list(orders: Sequence[Order]) -> Node:
    rows = tuple(("OrderIdUserIdDate", _row(order)) for order in orders)
    total: Node = ("TotalCount", str(len(orders)))
    return "ResponseSelectWrapper", (("ListOrderIdUserIdDate", (total, *rows)),)


def _row(order: Order) -> tuple[Node, ...]:
    done = order.state in (State.COMPLETE, State.PARTIAL)
    return (
        ("accountId", order.account),
        ("CountOfTNs", str(len(list(order.accepted())) if done else 0)),
        ("userId", order.user),
        ("lastModifiedDate", moment(order.steps[-1].at)),
        ("OrderType", "dlda"),
        ("OrderDate", moment(order.steps[0].at)),
        ("orderId", order.id),
        ("OrderStatus", order.state.value),
    )


def history(order: Order) -> Node:
    steps = (
        (
            ("OrderDate", moment(step.at)),
            ("Note", step.note),
            ("Author", order.user),
            ("Status", step.state.value),
        )
        for step in order.steps
    )
    return "OrderHistoryWrapper", tuple(("OrderHistory", step) for step in steps)


def number(entry: Entry) -> Node:
    return "TelephoneNumberResponse", (
        ("TelephoneNumber", entry.number),
        ("Status", "Inservice"),
        ("AccountId", entry.account),
    )


def number_details(entry: Entry, order: Order | None) -> Node:
    """What is registered for a number, or while an order is on its way, only where that stands."""
    features: tuple[Node, ...] = tuple(_dlda(entry, order))
    details: tuple[Node, ...] = (
        ("FullNumber", entry.number),
        ("Status", "Inservice"),
        ("AccountId", entry.account),
        ("Features", features),
    )
    return "TelephoneNumberResponse", (("TelephoneNumberDetails", details),)


def _dlda(entry: Entry, order: Order | None) -> Iterator[Node]:
    if order is not None:
        word = "Pending-Editable" if order.state is State.RECEIVED else "Pending-Locked"
        yield "Dlda", (("Status", word), ("Link", order.path))
    elif entry.registered is not None:
        yield "Dlda", (("Status", "Success"), *entry.registered.nodes())
    elif entry.only_attempt_failed:
        yield "Dlda", (("Status", "Failed"),)


def no_such_number() -> Node:
    said: tuple[Node, ...] = (("Code", "16111"), ("Description", "The number is unknown."))
    return "TelephoneNumberResponse", (("ErrorList", (("Error", said),)),)


def listings(shown: Sequence[tuple[Entry, Sequence[Publication]]], now: datetime) -> Node:
    rows = tuple(listing(entry, publications, now) for entry, publications in shown)
    total: Node = ("TotalCount", str(len(rows)))
    return "ListingsResponse", (total, ("Listings", rows))


def listing(entry: Entry, publications: Sequence[Publication], now: datetime) -> Node:
    """Of the Dutch profile: where a number's present holder appears, and with what."""
    rows = tuple(("Publication", tuple(_publication(p, now))) for p in publications)
    return "Listing", (
        ("ListingId", entry.listing_id),
        ("TelephoneNumber", entry.number),
        ("HeldSince", entry.held_since.isoformat()),
        *_registered(entry),
        ("Publications", rows),
    )


def _registered(entry: Entry) -> Iterator[Node]:
    """What the next edition will go by; also while an order is on its way."""
    if entry.registered is not None:
        yield "FeedCode", entry.registered.feed_code
        yield "RegisteredAt", moment(entry.versions[-1].at)
        yield "Registered", entry.registered.nodes()


def _publication(publication: Publication, now: datetime) -> Iterator[Node]:
    yield "PublicationId", publication.id
    yield "Kind", publication.kind
    if publication.edition is not None:
        yield "EditionId", publication.edition.id
        yield "EditionState", publication.edition.state(now)
        yield "EditorialCloseDate", moment(publication.edition.closes_at)
        yield "PublicationDate", moment(publication.edition.published_at)
    yield "Status", "LISTED" if publication.shown else "ABSENT"
    yield "EffectiveFrom", moment(publication.since)
    if publication.until is not None:
        yield "EffectiveUntil", moment(publication.until)
    if publication.shown is not None:
        yield "Listed", _visible(publication.shown)


def _visible(content: Content) -> tuple[Node, ...]:
    """What a reader of the directory sees: no address where it is not to be listed."""
    hidden = () if content.list_address else ("Address",)
    return tuple(node for node in content.nodes() if node[0] not in hidden)


def no_such_listing() -> Node:
    return "ListingsResponse", (("Description", "The resource does not exist."),)


def said(status: int) -> Node:
    """For refusals that have nothing to do with an order."""
    return "ErrorResponse", (("Code", str(status)), ("Description", f"Error {status}."))


def subscriptions(held: Iterable[tuple[str, str, str, str, str]]) -> Node:
    """Each as its id, its order type, its order or nothing, its address, and its expiry if any."""
    rows = tuple(("Subscription", tuple(_subscription(*one))) for one in held)
    return "SubscriptionsResponse", (("Subscriptions", rows),)


def _subscription(
    own: str, order_type: str, order_id: str, address: str, expiry: str
) -> Iterator[Node]:
    yield "SubscriptionId", own
    yield "OrderType", order_type
    if order_id:
        yield "OrderId", order_id
    ends = (("Expiry", expiry),) if expiry else ()
    yield "CallbackSubscription", (("URL", address), *ends, ("Status", "Active"))


def notification(subscription: str, order_type: str, order: Order) -> Node:
    """That an order is in another state; numbers that are done stand in its last one alone."""
    return "Notification", tuple(_notification(subscription, order_type, order))


def _notification(subscription: str, order_type: str, order: Order) -> Iterator[Node]:
    yield "SubscriptionId", subscription
    yield "OrderType", order_type
    yield "OrderId", order.id
    if order.draft.customer_order_id:
        yield "CustomerOrderId", order.draft.customer_order_id
    yield "Status", order.state.value
    yield "Note", order.steps[-1].note
    if order.state in (State.COMPLETE, State.PARTIAL):
        done = (number for number, _ in order.accepted())
        yield "CompletedTelephoneNumbers", tuple(("TelephoneNumber", each) for each in done)
    yield "LastModifiedDate", moment(order.steps[-1].at)
