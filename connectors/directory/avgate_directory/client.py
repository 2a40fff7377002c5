"""The calls the directory offers, one method each, and the XML of an order."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from html import escape
from uuid import UUID, uuid5

from pydantic import Field, SecretStr

from avgate_contracts import (
    Basic,
    ConnectorSettings,
    ContractBrokenError,
    Credentials,
    HttpClient,
    MisconfiguredError,
    NotFoundError,
    RefusedError,
    Response,
    UnavailableError,
)
from avgate_directory.models import (
    Content,
    Listing,
    ListingsAnswer,
    NumberAnswer,
    Order,
    OrderAnswer,
    OrderError,
    OrderListAnswer,
    RefusalAnswer,
    Registered,
)
from avgate_directory.reading import parsed, says

_ORDERS = UUID("7f1c7a52-6d0b-4c39-9a53-5b1c4a3c9d11")  # the name space of CustomerOrderIds
_MOST_ORDERS = 10  # of one intention, each placed when the one before came to nothing
_BUSY, _CLEANING_UP = 16103, 16107
_CLEAN_UP = 24 * 3600.0  # seconds: what the text of 16107 asks for
_XML = {"Accept": "application/xml"}
_SENT = {**_XML, "Content-Type": "application/xml; charset=utf-8"}


_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, 2.2
UNDER_WAY, DONE = "under_way", "done"


class DirectorySettings(ConnectorSettings):
    """`base_url` ends before `/accounts`; the account is the controller's own at the directory."""

    account_id: str
    username: str
    password: SecretStr
    look_again_seconds: float = Field(default=3600, gt=0)  # an order takes about a day

    def credentials(self) -> Credentials:
        return Basic(self.username, self.password)


class StrangeAnswerError(ContractBrokenError):
    """A 404 that need not come from the directory: a proxy's, or of another address."""


class DirectoryClient:
    """Speaks for one account; every method raises what `HttpClient.send` raises."""

    def __init__(self, http: HttpClient, account: str) -> None:
        self._http = http
        self._account = account

    async def check(self) -> None:
        """The cheapest call that proves credentials, account and contract."""
        page = {"page": 1, "size": 1}
        path = "/accounts/{account}/dldas"
        ids = {"account": self._account}
        answer = await self._http.send("GET", path, ids=ids, params=page, headers=_XML)
        parsed(answer.body, "ResponseSelectWrapper", OrderListAnswer)

    async def listings(self, number: str) -> tuple[Listing, ...]:
        """Where a number (E.164) appears: of the Dutch profile."""
        path = "/accounts/{account}/listings"
        ids, wanted = {"account": self._account}, {"tn": number}
        answer = await self._http.send("GET", path, ids=ids, params=wanted, headers=_XML)
        found = _listings(answer)
        if any(listing.telephone_number != number for listing in found):
            raise ContractBrokenError("the directory answered about another number than was asked")
        return found

    async def listing(self, listing_id: str) -> Listing:
        """One listing as it is now: of the Dutch profile."""
        path = "/accounts/{account}/listings/{listing}"
        ids = {"account": self._account, "listing": listing_id}
        found = _listings(await self._one(path, ids, "ListingsResponse"))
        if [listing.listing_id for listing in found] != [listing_id]:
            raise ContractBrokenError("the directory answered about another listing than was asked")
        return found[0]

    async def present(self, listing_id: str) -> Listing | None:
        """One listing, or None where the directory has it no more.

        A 404 counts only in the directory's own words, and beside an answer of the same account: a
        wrong account or address has none of its listings either. Raises MisconfiguredError where
        nothing at all is found, and ContractBrokenError for a 404 of somebody else's.
        """
        strange: StrangeAnswerError | None = None
        try:
            return await self.listing(listing_id)
        except NotFoundError:
            strange = None
        except StrangeAnswerError as error:
            strange = error
        with suppress(NotFoundError):
            await self.check()
            if strange is None:
                return None
            raise strange
        raise MisconfiguredError(
            "the directory knows neither the listing nor the account; check base_url and account_id"
        )

    async def registered(self, number: str) -> Registered:
        """Bandwidth api-docs: `GET /tns/{tn}/tndetails`, "Checking DLDA information"."""
        path, root = "/tns/{number}/tndetails", "TelephoneNumberResponse"
        answer = await self._one(path, {"number": number}, root)
        found = parsed(answer.body, root, NumberAnswer)
        if found.telephone_number_details.full_number != number:
            raise ContractBrokenError("the directory answered about another number than was asked")
        return found.telephone_number_details.features.dlda

    async def order(self, order_id: str) -> Order:
        """Bandwidth api-docs: `GET /accounts/{id}/dldas/{orderId}`."""
        path = "/accounts/{account}/dldas/{order}"
        ids = {"account": self._account, "order": order_id}
        answer = await self._one(path, ids, "DldaOrderResponse")
        found = parsed(answer.body, "DldaOrderResponse", OrderAnswer).dlda_order
        if found.order_id != order_id:
            raise ContractBrokenError("the directory answered about another order than was asked")
        return found

    async def standing(self, order: Order, listing: Listing) -> str:
        """`UNDER_WAY`, `DONE`, or a code for why not: by what is registered, not by a state's word.

        A later attempt that failed leaves the earlier registration, and its status says Success.
        """
        wanted = order.wanted(listing.telephone_number)
        if wanted is None:
            return "not_in_order"
        registered = await self.registered(listing.telephone_number)
        if order.under_way or (registered.content is None and registered.order_id):
            return UNDER_WAY
        if registered.content is not None and registered.content.does(wanted):
            return DONE if listing.registered.does(wanted) else UNDER_WAY
        error = order.error_of(listing.telephone_number)
        if error is not None:
            return f"dlda_{error.code}"
        complete = order.processing_status == "COMPLETE"
        return "not_as_ordered" if complete else f"order_{order.processing_status.lower()}"

    async def change(self, listing: Listing, content: Content, key: str) -> Order | OrderError:
        """Sees to it that an order for this content is under way, or has been carried out.

        The same key gives the same order, unless that one came to nothing or was undone. Returns the error where the directory refuses; raises UnavailableError while the
        number is taken by somebody else's order or by a clean-up.
        """
        order: Order | OrderError | None = None
        for nth in range(_MOST_ORDERS):
            own_id = _own_id(key, nth, listing)
            order = await self._place(own_id, listing.telephone_number, content)
            if isinstance(order, OrderError):
                return await self._despite(order, listing.telephone_number, content)
            order = await self.order(
                order.order_id
            )  # a repeat is answered as it was the first time
            if order.under_way or await self._has(listing, content):
                return order
        if order is None:
            raise AssertionError("at least one order is placed")
        return order

    async def _one(self, path: str, ids: Mapping[str, str], root: str) -> Response:
        """What has an id of its own; a 404 in other words says nothing: StrangeAnswerError."""
        answer = await self._http.send("GET", path, ids=ids, headers=_XML, accept=(404,))
        if answer.status != 404:
            return answer
        if says(answer.body, root):
            raise NotFoundError("the directory says there is no such thing", status=404)
        raise StrangeAnswerError("a 404 in other words than the directory's own")

    async def _has(self, listing: Listing, content: Content) -> bool:
        return (await self.listing(listing.listing_id)).registered.does(content)

    async def _place(self, own_id: str, number: str, content: Content) -> Order | OrderError:
        """Bandwidth api-docs: `POST /accounts/{id}/dldas`; `own_id` makes repeats harmless."""
        answer = await self._http.send(
            "POST",
            "/accounts/{account}/dldas",
            ids={"account": self._account},
            content=order_xml(own_id, number, content),
            headers=_SENT,
            key=own_id,
            accept=(400, 404),
            repeatable=True,
        )
        if answer.status == 404:
            raise StrangeAnswerError("there is no such place for orders: check base_url")
        if answer.status == 400:
            return _refusal(answer.body)
        order = parsed(answer.body, "DldaOrderResponse", OrderAnswer).dlda_order
        return order.error_of(number) or order

    async def _despite(
        self, error: OrderError, number: str, content: Content
    ) -> Order | OrderError:
        """The order that already does what the refused one would have done; else the refusal."""
        if error.code == _CLEANING_UP:
            raise UnavailableError("the directory is cleaning up a number", after=_CLEAN_UP)
        if error.code != _BUSY:
            return error
        order_id = error.order_id or (await self.registered(number)).order_id
        if order_id is not None:
            order = await self.order(order_id)
            wanted = order.wanted(number)
            if wanted is not None and wanted.does(content):
                return order
        raise UnavailableError("another order for this number is under way; try when it has ended")


def _refusal(body: bytes) -> OrderError:
    """What is wrong with an order; raises RefusedError where something before the directory said no."""
    try:
        return parsed(body, "DldaOrderResponse", RefusalAnswer).error_list[0]
    except ContractBrokenError:
        message = "an order was refused in other words than the directory's own: check base_url"
        raise RefusedError(message, status=400) from None


def _listings(answer: Response) -> tuple[Listing, ...]:
    found = parsed(answer.body, "ListingsResponse", ListingsAnswer)
    if found.total_count != len(found.listings):
        raise ContractBrokenError("the directory's answer holds fewer listings than it counts")
    return found.listings


def _own_id(key: str, nth: int, listing: Listing) -> str:
    """The same for the same intention about the same registration; says nothing of a person."""
    registration = f"{listing.listing_id}/{listing.registered_at.isoformat()}"
    return str(uuid5(_ORDERS, f"{key}/{registration}/{nth}"))


def order_xml(own_id: str, number: str, content: Content) -> bytes:
    """An order for one number, always the same bytes for the same arguments."""
    parts = (
        _tag("TelephoneNumbers", _tag("TelephoneNumber", escape(number))),
        _tag("SubscriberType", escape(content.subscriber)),
        _tag("ListingType", content.listing_type),
        _tag("ListingName", _tags(content.listing_name)),
        _tag("ListAddress", "true" if content.list_address else "false"),
        _tag("Address", _tags({**content.address, "AddressType": "DLDA"})),
    )
    groups = _tag("DldaTnGroups", _tag("DldaTnGroup", "".join(parts)))
    document = _tag("DldaOrder", _tag("CustomerOrderId", escape(own_id)) + groups)
    return f'<?xml version="1.0" encoding="UTF-8"?>{document}'.encode()


def _tag(name: str, inside: str) -> str:
    return f"<{name}>{inside}</{name}>"


def _tags(values: Mapping[str, str]) -> str:
    return "".join(_tag(name, escape(value, quote=False)) for name, value in values.items())


def writable(text: str) -> bool:
    """Whether XML has a way to write these characters."""
    return not _UNWRITABLE.search(text)
