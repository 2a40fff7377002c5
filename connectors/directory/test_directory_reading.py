"""What the directory connector believes, finds and says it cannot change, over a real socket."""

from __future__ import annotations

from datetime import UTC, date, datetime

import httpx
import pytest

from avgate_contracts import (
    AmbiguousSubjectError,
    ContractBrokenError,
    DataSubject,
    Failed,
    Field,
    FieldChange,
    Identifier,
    IdentifierKind,
    ItemChange,
    ItemRef,
    MisconfiguredError,
    Outcome,
    Refused,
    Unsupported,
)

from ..clock import Clock
from .stage import NEW_NAME, NOON, SETTINGS, acting, live


async def test_a_404_proves_that_something_is_gone_only_where_the_account_is_found() -> None:
    async with live() as stage:
        items = await stage.items()
        ended = ItemRef("no-such-listing/online", items[0].category, items[0].product)
        assert await stage.connector.still_held([ended]) == []
        (outcome,) = await stage.erase([ended])
        assert isinstance(outcome, Failed)
        assert outcome.code == "listing_not_found"
        elsewhere = {"base_url": f"{stage.settings.base_url}/elsewhere"}
        astray = stage.settings.model_copy(update=elsewhere)
        async with acting(astray, stage.subject, stage.clock) as other:
            with pytest.raises(MisconfiguredError):
                await other.connector.still_held(items)
            with pytest.raises(MisconfiguredError):
                await other.erase(items)


@pytest.mark.parametrize(("hour", "found"), [(21, 0), (22, 1)])  # Dutch summer time: 22 UTC is 0
async def test_a_number_changes_hands_at_dutch_midnight(hour: int, found: int) -> None:
    body = listings("Jansen").replace("<Publications/>", PUBLISHED)
    transport = httpx.MockTransport(lambda _: httpx.Response(200, text=body))
    clock = Clock(datetime(2026, 7, 1, hour, 30, tzinfo=UTC))
    phone = Identifier.of(IdentifierKind.PHONE, "+31200000001", date(2026, 7, 2))
    subject = DataSubject("s", (phone,))
    async with acting(SETTINGS, subject, clock, transport=transport) as acted:
        assert len(await acted.found()) == found


@pytest.mark.parametrize("odd", ["Nieuw\nNaam", "x" * 400, "\u202eNaam"])
async def test_a_listing_with_a_text_that_can_be_no_identifier_is_shown_all_the_same(
    odd: str,
) -> None:
    body = listings(odd).replace("<Publications/>", PUBLISHED).replace("Jansen", odd)
    transport = httpx.MockTransport(lambda _: httpx.Response(200, text=body))
    phone = Identifier.of(IdentifierKind.PHONE, "+31200000001")
    async with acting(
        SETTINGS, DataSubject("s", (phone,)), Clock(NOON), transport=transport
    ) as acted:
        [record] = await acted.found()
    assert [known.kind for known in record.identifiers] == [IdentifierKind.PHONE]
    assert record.fields[Field.NAME_FAMILY] == (odd,)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (FieldChange(Field.EMAIL, "a@example.nl", "b@example.nl"), Unsupported),
        (FieldChange(Field.NAME_FAMILY, "Somebody Else", NEW_NAME), Refused),
        (FieldChange(Field.ADDRESS_CITY, "", "\x00"), Refused),
    ],
)
async def test_what_cannot_be_changed_is_said_and_not_ordered(
    change: FieldChange, expected: type[Outcome]
) -> None:
    async with live() as stage:
        (item, *_) = await stage.items()
        (outcome,) = await stage.connector.rectify([ItemChange(item, (change,))], key="key-1")
    assert isinstance(outcome.outcome, expected)


async def test_what_is_registered_by_now_is_not_overwritten_for_what_is_still_shown() -> None:
    """Corrected by somebody else an hour ago: the page does not show it yet."""
    body = listings("Jansen-Pietersen").replace("<Publications/>", PUBLISHED)
    sent: list[str] = []

    def answered(request: httpx.Request) -> httpx.Response:
        sent.append(request.method)
        return httpx.Response(200, text=body)

    phone = Identifier.of(IdentifierKind.PHONE, "+31200000001")
    subject, transport = DataSubject("s", (phone,)), httpx.MockTransport(answered)
    async with acting(SETTINGS, subject, Clock(NOON), transport=transport) as acted:
        [record] = await acted.found()
        assert record.fields[Field.NAME_FAMILY] == ("Jansen",)
        change = FieldChange(Field.NAME_FAMILY, "Jansen", NEW_NAME)
        told = await acted.connector.rectify([ItemChange(record.item, (change,))], key="key-1")
    assert [getattr(one.outcome, "code", None) for one in told] == ["changed_meanwhile"]
    assert set(sent) == {"GET"}


@pytest.mark.parametrize(
    ("registered", "kind", "is_to_come"),
    [
        ("LISTED", "online", True),
        ("NON_LISTED", "online", True),  # which enquiries give out, and no book
        ("NON_LISTED", "print", False),
        ("NON_PUBLISHED", "online", False),
    ],
)
async def test_what_a_page_is_to_show_from_a_known_day_is_held(
    registered: str, kind: str, *, is_to_come: bool
) -> None:
    body = listings("Jansen").replace(">LISTED<", f">{registered}<")
    body = body.replace("<Publications/>", f"<Publications>{to_come(kind)}</Publications>")
    transport = httpx.MockTransport(lambda _: httpx.Response(200, text=body))
    phone = Identifier.of(IdentifierKind.PHONE, "+31200000001")
    async with acting(
        SETTINGS, DataSubject("s", (phone,)), Clock(NOON), transport=transport
    ) as acted:
        items = await acted.items()
        assert len(items) == is_to_come
        assert await acted.connector.still_held(items) == items


def to_come(kind: str) -> str:
    """It shows nothing yet."""
    day = "2026-04-01T00:00:00Z"
    edition = f"<EditionId>e</EditionId><EditionState>open</EditionState><EditorialCloseDate>{day}"
    edition += f"</EditorialCloseDate><PublicationDate>{day}</PublicationDate>"
    return (
        f"<Publication><PublicationId>{kind}</PublicationId><Kind>{kind}</Kind>"
        "<Status>ABSENT</Status><EffectiveFrom>2026-01-01T00:00:00Z</EffectiveFrom>"
        f"<EffectiveUntil>{day}</EffectiveUntil>{edition if kind == 'print' else ''}</Publication>"
    )


LISTED = (
    "<SubscriberType>RESIDENTIAL</SubscriberType><ListingType>LISTED</ListingType>"
    "<ListingName><LastName>{0}</LastName></ListingName><ListAddress>true</ListAddress>"
    "<Address><City>Ede</City><Zip>1234 AB</Zip></Address>"
)
LISTING = (
    "<Listing><ListingId>L-{0}</ListingId><TelephoneNumber>+31200000001</TelephoneNumber>"
    "<RegisteredAt>2026-01-01T00:00:00Z</RegisteredAt><Registered>" + LISTED + "</Registered>"
    "<Publications/></Listing>"
)
ONLINE = (
    "<Publication><PublicationId>online</PublicationId><Kind>online</Kind>"
    "<Status>LISTED</Status><EffectiveFrom>2026-01-01T00:00:00Z</EffectiveFrom>"
    "<Listed>" + LISTED.format("Jansen") + "</Listed></Publication>"
)
PUBLISHED = f"<Publications>{ONLINE}</Publications>"


def listings(*names: str) -> str:
    inside = "".join(LISTING.format(name) for name in names)
    count = f"<TotalCount>{len(names)}</TotalCount>"
    return f"<ListingsResponse>{count}<Listings>{inside}</Listings></ListingsResponse>"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (listings("Jansen", "Pietersen").replace("<Publications/>", PUBLISHED),
         AmbiguousSubjectError),
        (listings("Jansen"), ContractBrokenError),
        (listings("Jansen").replace("00001<", "00002<"), ContractBrokenError),
        (listings("Jansen").replace(">LISTED<", ">SECRET<"), ContractBrokenError),
        ("<html><body>Jansen</body></html>", ContractBrokenError),
        ("<ListingsResponse><Jansen>", ContractBrokenError),
        ("<!DOCTYPE a [<!ENTITY b 'Jansen'>]>" + listings("&b;"), ContractBrokenError),
        ("<ListingsResponse>" + "<a>" * 50 + "Jansen" + "</a>" * 50 + "</ListingsResponse>",
         ContractBrokenError),
        (listings("Jansen").replace("<TotalCount>1", "<TotalCount>2"), ContractBrokenError),
        (listings("Jansen").replace(">L-", ">L/"), ContractBrokenError),
        (
            listings("Jansen").replace(
                "<Publications/>", f"<Publications>{ONLINE}{ONLINE}</Publications>"
            ),
            ContractBrokenError,
        ),
    ],
)  # fmt: skip
async def test_an_answer_that_contradicts_itself_or_the_contract_names_nobody(
    body: str, error: type[Exception]
) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, text=body))
    phone = Identifier.of(IdentifierKind.PHONE, "+31200000001")
    subject = DataSubject("s", (phone,))
    async with acting(SETTINGS, subject, Clock(NOON), transport=transport) as acted:
        with pytest.raises(error) as caught:
            await acted.found()
    assert "Jansen" not in f"{caught.value} {caught.value.__context__}"
