"""What the directory holds of a data subject, and how it is put right or taken out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import ClassVar

from avgate_contracts import (
    AmbiguousSubjectError,
    Category,
    Completed,
    Connector,
    DataSubject,
    Effect,
    ErasureWay,
    Failed,
    HttpClient,
    Identifier,
    IdentifierKind,
    ItemChange,
    ItemOutcome,
    ItemRef,
    Manifest,
    NotFoundError,
    Operation,
    Outcome,
    Pending,
    Product,
    Record,
    Refused,
    SupportsAccess,
    SupportsConfirm,
    SupportsErase,
    SupportsRectify,
    UnavailableError,
    local_day,
)
from avgate_directory.client import DONE, UNDER_WAY, DirectoryClient, DirectorySettings
from avgate_directory.comparing import is_ordered, obstacle
from avgate_directory.models import Content, Listing, Order, OrderError, Publication
from avgate_directory.whose import are_of, days, holder, identifiers, mark

_Outcomes = Mapping[str, Outcome]  # by ref
_CONTRADICTION = Refused("contradiction", "one listing cannot have two values in one field")
_NO_LISTING = Failed("listing_not_found", "the listing has ended; locate the subject again")
_OTHER_ORDER = Failed("not_in_order", "it took another order than was placed: look at it there")
_ANOTHERS = Refused("changed_meanwhile", "the listing is another's by now: see whose it is")
_NO_END = Failed("still_shown", "it is registered, and this publication says something else")


class DirectoryConnector(
    Connector, SupportsAccess, SupportsRectify, SupportsErase, SupportsConfirm
):
    """One item is one listing in one publication; one order changes all items of a listing.

    A printed edition whose editorial has closed keeps what it says until the next one is out.
    """

    manifest: ClassVar[Manifest] = Manifest(
        name="directory",
        title="Phone directory",
        processor="Directory publisher",
        finds_by=frozenset({IdentifierKind.PHONE}),
        holds=frozenset({Category.DIRECTORY_LISTING}),
        erases={Category.DIRECTORY_LISTING: ErasureWay.DELIST},
        not_relevant={
            Operation.EXPORT: "a listing is published, not provided under a contract; access shows it"
        },
        relists=True,
    )
    settings_type: ClassVar[type[DirectorySettings]] = DirectorySettings

    def __init__(
        self,
        settings: DirectorySettings,
        http: HttpClient,
        *,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        self._client = DirectoryClient(http, settings.account_id)
        self._interval = settings.look_again_seconds
        self._now = now or http.now

    async def check(self) -> None:
        await self._client.check()

    async def access(self, subject: DataSubject) -> AsyncIterator[Record]:
        """Every publication in which one of the subject's numbers appears as theirs.

        Raises AmbiguousSubjectError where one number is listed for more than one person.
        """
        phones = subject.of_kind(IdentifierKind.PHONE)
        for number in dict.fromkeys(phone.value for phone in phones):
            windows = [phone for phone in phones if phone.value == number]
            for record in await self._records(number, windows):
                yield record

    async def rectify(self, items: Sequence[ItemChange], *, key: str) -> Sequence[ItemOutcome]:
        """One order per listing, with the new content; Pending until `confirm` reads it back."""
        changes = {change.item.ref: change for change in items}

        async def begin(listing: Listing, group: Sequence[ItemRef]) -> _Outcomes:
            return await self._rectify(listing, [changes[item.ref] for item in group], key)

        return await self._each([change.item for change in items], begin)

    async def erase(self, items: Sequence[ItemRef], *, key: str) -> Sequence[ItemOutcome]:
        """One NON_PUBLISHED order per listing; Pending until `confirm` has seen it gone."""

        async def begin(listing: Listing, group: Sequence[ItemRef]) -> _Outcomes:
            if listing.registered.is_delisted or not any(_shown(listing, item) for item in group):
                return self._stand(listing, group, Effect.ALREADY_GONE)
            outcome = await self._order(listing, group, listing.registered.delisted(), key)
            return {item.ref: outcome for item in group}

        return await self._each(items, begin)

    async def confirm(self, job: str, items: Sequence[ItemRef]) -> Sequence[ItemOutcome]:
        """What became of an order, judged by what is registered now and not by its state alone."""
        order = await self._client.order(job)

        async def look(listing: Listing, group: Sequence[ItemRef]) -> _Outcomes:
            return await self._settled(order, listing, group)

        return await self._each(items, look)

    async def still_held(self, items: Sequence[ItemRef]) -> Sequence[ItemRef]:
        """Those that are shown now, one put back by a feed among them.

        An edition at the printer or in circulation is still shown until the next one is out.
        """
        held = dict[str, str]()
        for listing_id, group in _by_listing(items).items():
            listing = await self._client.present(listing_id)
            if listing is not None:
                held.update((i.ref, mark(listing)) for i in group if _shown(listing, i))
        found = ((item, held[item.ref]) for item in items if item.ref in held)
        return [replace(item, version=item.version and now) for item, now in found]

    async def _records(self, number: str, windows: Sequence[Identifier]) -> Sequence[Record]:
        found = await self._client.listings(number)
        theirs = [listing for listing in found if self._is_theirs(listing, windows)]
        if len({holder(listing.registered) for listing in theirs}) > 1:
            raise AmbiguousSubjectError(
                "the directory lists one number for more than one person; "
                "give the days on which it was the subject's"
            )
        return [
            _record(listing, publication, content)
            for listing in theirs
            for publication in listing.publications
            if (content := listing.content(publication)) is not None
        ]

    def _is_theirs(self, listing: Listing, windows: Iterable[Identifier]) -> bool:
        """A listing belongs to the present holder; without a date, to whoever has it today."""
        if listing.held_since is None:
            return any(window.covers(local_day(self._now())) for window in windows)
        return any(days(listing).overlaps(window) for window in windows)

    async def _each(
        self,
        items: Sequence[ItemRef],
        treat: Callable[[Listing, Sequence[ItemRef]], Awaitable[_Outcomes]],
    ) -> Sequence[ItemOutcome]:
        """Treats each listing once; one that cannot be treated now does not keep others waiting."""
        outcomes: dict[str, Outcome] = {}
        later: UnavailableError | None = None
        for listing_id, group in _by_listing(items).items():
            outcomes.update({item.ref: _NO_LISTING for item in group})
            try:
                listing = await self._client.present(listing_id)
                if listing is not None:
                    outcomes.update(await treat(listing, group))
            except NotFoundError:  # it went while it was treated
                continue
            except UnavailableError as error:
                later = error
        if later is not None:
            raise later
        return [ItemOutcome(item.ref, outcomes[item.ref]) for item in items]

    async def _order(
        self, listing: Listing, items: Sequence[ItemRef], content: Content, key: str
    ) -> Outcome:
        if not are_of(items, listing):
            return _ANOTHERS
        order = await self._client.change(listing, content, key)
        if isinstance(order, OrderError):
            return Refused(f"dlda_{order.code}", "the directory refused the order with this code")
        if not is_ordered(content, order.wanted(listing.telephone_number)):
            return _OTHER_ORDER
        return self._pending(order.order_id)

    def _pending(self, job: str) -> Pending:
        return Pending(job, self._now() + timedelta(seconds=self._interval))

    async def _rectify(
        self, listing: Listing, changes: Sequence[ItemChange], key: str
    ) -> _Outcomes:
        found = {c.item.ref: against for c in changes if (against := obstacle(listing, c))}
        items = [change.item for change in changes if change.item.ref not in found]
        wanted = [c for change in changes if change.item in items for c in change.changes]
        values = {change.name: change.after for change in wanted}
        if any(values[change.name] != change.after for change in wanted):
            return {change.item.ref: _CONTRADICTION for change in changes}
        content = listing.registered.with_values(values)
        if content == listing.registered:
            return found | self._stand(listing, items, Effect.ALREADY_RIGHT)
        outcome = await self._order(listing, items, content, key)
        return found | {item.ref: outcome for item in items}

    async def _settled(self, order: Order, listing: Listing, items: Sequence[ItemRef]) -> _Outcomes:
        standing = await self._client.standing(order, listing)
        if standing == DONE:
            effect = Effect.ERASED if listing.registered.is_delisted else Effect.RECTIFIED
            return self._stand(listing, items, effect, order.order_id)
        failed = Failed(standing, "the order came to nothing, for the reason in the code")
        outcome = self._pending(order.order_id) if standing == UNDER_WAY else failed
        return {item.ref: outcome for item in items}

    def _stand(
        self, listing: Listing, items: Iterable[ItemRef], effect: Effect, job: str | None = None
    ) -> dict[str, Outcome]:
        """How each publication stands now that the register says what it should."""
        return {item.ref: self._stands(listing, item, effect, job) for item in items}

    def _stands(self, listing: Listing, item: ItemRef, effect: Effect, job: str | None) -> Outcome:
        publication = _publication(listing, item)
        shown = publication.listed if publication else None
        if publication is None or shown is None or shown.looks_like(listing.registered):
            return Completed(effect)
        if publication.effective_until is None:
            return _NO_END
        if publication.kind == "print":
            return Completed(Effect.SCHEDULED, local_day(publication.effective_until))
        if job is None:
            raise UnavailableError("registered; online follows shortly", after=self._interval)
        return self._pending(job)


def _record(listing: Listing, publication: Publication, shown: Content) -> Record:
    told = publication.model_dump(mode="json", exclude={"listed", "status"}, exclude_none=True)
    since = listing.held_since.isoformat() if listing.held_since else None
    number = {"number": listing.telephone_number, "held_since": since}
    return Record(
        item=ItemRef(
            ref=f"{listing.listing_id}/{publication.publication_id}",
            category=Category.DIRECTORY_LISTING,
            product=Product.DIRECTORY,
            erasure=ErasureWay.DELIST,
            version=mark(listing),
        ),
        identifiers=tuple(identifiers(listing, shown)),
        data={**told, **number, **shown.model_dump(mode="json")},
        fields={name: (value,) for name, value in shown.fields.items()},
    )


def _by_listing(items: Iterable[ItemRef]) -> Mapping[str, Sequence[ItemRef]]:
    groups: dict[str, list[ItemRef]] = {}
    for item in items:
        groups.setdefault(item.ref.partition("/")[0], []).append(item)
    return groups


def _publication(listing: Listing, item: ItemRef) -> Publication | None:
    return listing.publication(item.ref.partition("/")[2])


def _shown(listing: Listing, item: ItemRef) -> Content | None:
    publication = _publication(listing, item)
    return listing.content(publication) if publication else None
