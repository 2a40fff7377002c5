"""The mock directory: orders the DLDA way, and the Dutch profile beside it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.etree.ElementTree import Element

import httpx
import pytest
from defusedxml.ElementTree import fromstring
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from avgate_contracts.settings import ConnectorSettings
from avgate_mocks.directory import build, config_section
from avgate_mocks.loopback import NO_TLS
from avgate_mocks.people import LIBERVOICE, MISTER_VOIP, Person, Role, cast
from avgate_mocks.serving import bound, port_of, served
from avgate_mocks.upstreams import running
from avgate_mocks.world import World, world

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ORDERS, LISTINGS = "/api/accounts/5510/dldas", "/api/accounts/5510/listings"
ORDER = """<DldaOrder><CustomerOrderId>{own}</CustomerOrderId><DldaTnGroups><DldaTnGroup>
<TelephoneNumbers>{numbers}</TelephoneNumbers><SubscriberType>RESIDENTIAL</SubscriberType>
<ListingType>{listing}</ListingType><ListingName><LastName>Proef</LastName></ListingName>
<ListAddress>true</ListAddress><Address><City>Arnhem</City><Zip>6811 AA</Zip>{more}</Address>
</DldaTnGroup></DldaTnGroups></DldaOrder>"""


def order(*numbers: str, own: str = "", listing: str = "NON_PUBLISHED", more: str = "") -> str:
    inside = "".join(f"<TelephoneNumber>{number}</TelephoneNumber>" for number in numbers)
    return ORDER.format(numbers=inside, own=own, listing=listing, more=more)


@dataclass(frozen=True, slots=True)
class Directory:
    http: httpx.AsyncClient
    world: World

    def person(self, role: Role) -> Person:
        return cast(self.world.people)[role]

    async def get(self, path: str, **params: str) -> Element:
        return xml(await self.http.get(path, params=params))

    async def place(self, *numbers: str, status: int = 201, **more: str) -> Element:
        answer = await self.http.post(ORDERS, content=order(*numbers, **more))
        assert answer.status_code == status
        return xml(answer)

    async def wait(self, seconds: float) -> None:
        await self.http.post("/_clock", json={"advance_seconds": seconds})

    async def effects(self) -> list[tuple[str, str]]:
        ledger = (await self.http.get("/_ledger")).json()
        return [(effect["kind"], effect["subject"]) for effect in ledger["effects"]]

    async def held(self, person: Person) -> int:
        rows = (await self.http.get("/_people")).json()["people"]
        count: int = rows[person.position - 1]["holds"].get("directory_listing", 0)
        return count


@pytest.fixture
def shared() -> World:
    return world(seed=1, now=lambda: NOON)


@pytest.fixture
def caller(shared: World) -> Callable[[str], httpx.AsyncClient]:
    transport = httpx.ASGITransport(build(shared, 0))

    def call(controller: str) -> httpx.AsyncClient:
        auth = (controller, shared.secret("directory", controller))
        return httpx.AsyncClient(transport=transport, base_url="http://mock", auth=auth)

    return call


@pytest.fixture
async def directory(
    shared: World, caller: Callable[[str], httpx.AsyncClient]
) -> AsyncIterator[Directory]:
    async with caller(LIBERVOICE) as http:
        yield Directory(http, shared)


def xml(answer: httpx.Response) -> Element:
    assert answer.headers["content-type"] == "application/xml"
    root: Element = fromstring(answer.content)
    return root


def codes(root: Element) -> list[str]:
    return [error.findtext("Code", "") for error in root.iter("Error")]


def shown(root: Element) -> dict[str, str]:
    return {
        p.findtext("Kind", "") + p.findtext("EditionState", ""): p.findtext("Status", "")
        for p in root.iter("Publication")
    }


def number_of(person: Person) -> str:
    return person.lines[-1].number


def order_id(root: Element) -> str:
    return root.findtext("DldaOrder/OrderId", "")


async def test_an_order_goes_from_received_over_processing_to_complete(
    directory: Directory,
) -> None:
    placed = await directory.place(number_of(directory.person(Role.RUNNING)))
    path = f"{ORDERS}/{order_id(placed)}"
    states = [placed.findtext("DldaOrder/ProcessingStatus")]
    for seconds in (0.6, 1.5):
        await directory.wait(seconds)
        states.append((await directory.get(path)).findtext("DldaOrder/ProcessingStatus"))
    assert states == ["RECEIVED", "PROCESSING", "COMPLETE"]
    steps = (await directory.get(f"{path}/history")).iterfind("OrderHistory/Status")
    assert [step.text for step in steps] == states


async def test_answers_to_an_order_name_the_account_type_and_where_to_find_it(
    directory: Directory,
) -> None:
    answer = await directory.http.post(
        "/api/accounts/5510/dlda", content=order(number_of(directory.person(Role.RUNNING)))
    )
    placed = xml(answer)
    assert answer.headers["location"] == f"http://mock{ORDERS}/{order_id(placed)}"
    assert placed.findtext(".//AccountType") == "RESIDENCE"
    listed = await directory.get(ORDERS)
    assert listed.findtext(".//TotalCount") == "1"
    assert listed.findtext(".//orderId") == order_id(placed)


async def test_the_same_customer_order_id_gives_the_same_order_and_one_effect(
    directory: Directory,
) -> None:
    person = directory.person(Role.RUNNING)
    first = await directory.place(number_of(person), own="mine")
    again = await directory.place(number_of(person), own="mine")
    other = await directory.place(number_of(person), own="mine", listing="LISTED", status=400)
    await directory.wait(3)
    assert order_id(first) == order_id(again)
    assert codes(other) == ["16115"]
    assert await directory.effects() == [("order", person.id), ("delist", person.id)]


async def test_a_number_under_way_is_refused_with_the_order_that_holds_it(
    directory: Directory,
) -> None:
    number = number_of(directory.person(Role.RUNNING))
    placed = await directory.place(number)
    refused = await directory.place(number, status=400)
    assert codes(refused) == ["16103"]
    assert refused.findtext(".//Description", "").endswith(order_id(placed))


@pytest.mark.parametrize(
    ("number", "code"), [("+31800123456", "16100"), ("+31999999999", "16111"), ("", "16104")]
)
async def test_numbers_that_cannot_be_ordered_have_their_codes(
    directory: Directory, number: str, code: str
) -> None:
    assert codes(await directory.place(number, status=400)) == [code]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("RESIDENTIAL", "", "16109"),
        ("NON_PUBLISHED", "HIDDEN", "16110"),
        ("<City>", "<StateCode>NY</StateCode><City>", "16114"),
        ("Proef", "", "16115"),
        ("<DldaTnGroups>", "<DeleteDldaTnGroups>yes</DeleteDldaTnGroups><DldaTnGroups>", "16112"),
        ("<DldaTnGroups>", "<DeleteDldaTnGroups>true</DeleteDldaTnGroups><DldaTnGroups>", "16113"),
        ("<DldaOrder>", '<!DOCTYPE x [<!ENTITY e "e">]><DldaOrder>', "16115"),
        ("</DldaOrder>", "", "16115"),
    ],
)
async def test_orders_that_cannot_be_read_have_their_codes(
    directory: Directory, old: str, new: str, code: str
) -> None:
    body = order(number_of(directory.person(Role.RUNNING))).replace(old, new)
    answer = await directory.http.post(ORDERS, content=body)
    assert (answer.status_code, codes(xml(answer))) == (400, [code])


async def test_an_order_can_be_changed_only_until_it_is_processed(directory: Directory) -> None:
    person = directory.person(Role.RUNNING)
    number = number_of(person)
    path = f"{ORDERS}/{order_id(await directory.place(number))}"
    details = f"/api/tns/{number}/tndetails"
    assert (await directory.get(details)).findtext(".//Dlda/Status") == "Pending-Editable"
    changed = await directory.http.put(path, content=order(number, listing="NON_LISTED"))
    assert xml(changed).findtext(".//ListingType") == "NON_LISTED"
    await directory.wait(1)
    pending = await directory.get(details)
    assert pending.findtext(".//Dlda/Status") == "Pending-Locked"
    assert pending.findtext(".//Dlda/Link") == path
    assert codes(xml(await directory.http.put(path, content=order(number)))) == ["16105"]
    await directory.wait(2)
    assert (await directory.get(details)).findtext(".//Dlda/ListingType") == "NON_LISTED"


async def test_a_later_failure_keeps_the_earlier_listing_and_its_success(
    directory: Directory,
) -> None:
    number = number_of(directory.person(Role.RUNNING))
    await directory.http.post("/_fate", json={"tn": number, "fate": "fail", "code": 16108})
    placed = await directory.place(number)
    await directory.wait(3)
    ended = await directory.get(f"{ORDERS}/{order_id(placed)}")
    registered = await directory.get(f"/api/tns/{number}/tndetails")
    assert ended.findtext(".//ProcessingStatus") == "FAILED"
    assert codes(ended) == ["16108"]
    assert registered.findtext(".//Dlda/Status") == "Success"
    assert registered.findtext(".//Dlda/ListingType") == "LISTED"


async def test_an_order_that_fails_for_some_numbers_is_partial(directory: Directory) -> None:
    good, bad = (number_of(directory.person(r)) for r in (Role.RUNNING, Role.HEAVY))
    await directory.http.post("/_fate", json={"tn": bad, "fate": "fail"})
    placed = await directory.place(good, bad)
    await directory.wait(3)
    ended = await directory.get(f"{ORDERS}/{order_id(placed)}")
    assert ended.findtext(".//ProcessingStatus") == "PARTIAL"
    assert ended.findtext(".//Error/TelephoneNumber") == bad


async def test_a_clean_up_refuses_orders_for_a_day(directory: Directory) -> None:
    number = number_of(directory.person(Role.RUNNING))
    await directory.http.post("/_fate", json={"tn": number, "fate": "clean_up"})
    assert codes(await directory.place(number, status=400)) == ["16107"]
    await directory.wait(24 * 3600 + 1)
    await directory.place(number)


async def test_a_cancelled_order_lets_go_of_its_number(directory: Directory) -> None:
    number = number_of(directory.person(Role.RUNNING))
    await directory.http.post("/_fate", json={"tn": number, "fate": "cancel"})
    placed = await directory.place(number)
    await directory.wait(3)
    ended = await directory.get(f"{ORDERS}/{order_id(placed)}")
    assert ended.findtext(".//ProcessingStatus") == "CANCELLED"
    await directory.place(number)


async def test_a_delisting_leaves_the_closed_edition_as_it_is(directory: Directory) -> None:
    person = directory.person(Role.TWO_UPSTREAMS)
    number = number_of(person)
    before = await directory.held(person)
    assert set(shown(await directory.get(LISTINGS, tn=number)).values()) == {"LISTED"}
    await directory.place(number)
    await directory.wait(3)
    after = await directory.get(LISTINGS, tn=number)
    closed, following = after.iterfind(".//Publication[EditionId]")
    assert shown(after) == {"online": "ABSENT", "printAT_PRINTER": "LISTED", "printOPEN": "ABSENT"}
    assert closed.findtext("EffectiveUntil") == following.findtext("PublicationDate")
    assert await directory.held(person) == before - 2
    await directory.wait(200 * 86_400)
    assert set(shown(await directory.get(LISTINGS, tn=number)).values()) == {"ABSENT"}


async def test_the_feed_puts_back_a_marked_person_once_a_day(directory: Directory) -> None:
    marked, other = (directory.person(r) for r in (Role.SAME_NAME_SECOND, Role.RUNNING))
    await directory.place(number_of(marked), number_of(other))
    await directory.wait(3)
    await directory.wait(24 * 3600)
    effects = await directory.effects()
    assert ("relist", marked.id) in effects
    assert ("relist", other.id) not in effects
    fed = await directory.http.post("/_feed", json={"tn": number_of(other)})
    assert fed.json()["relisted"]
    assert (await directory.effects())[-1] == ("relist", other.id)


async def test_a_handed_on_number_is_listed_for_its_present_holder_alone(
    directory: Directory,
) -> None:
    before, after = (directory.person(r) for r in (Role.NUMBER_BEFORE, Role.NUMBER_AFTER))
    handed_on = after.lines[0]
    assert before.lines[0].number == handed_on.number
    listing = await directory.get(LISTINGS, tn=handed_on.number)
    assert listing.findtext(".//HeldSince") == handed_on.held.start.isoformat()
    assert listing.findtext(".//FirstName") == after.name.given


async def test_the_ended_contract_is_listed_nowhere(directory: Directory) -> None:
    assert await directory.held(directory.person(Role.ENDED)) == 0


async def test_what_does_not_exist_is_told_in_the_documented_way(directory: Directory) -> None:
    answer = await directory.http.get(f"{ORDERS}/nowhere")
    assert answer.status_code == 404
    said = xml(answer).findtext("ResponseStatus/Description", "")
    assert said.startswith("The resource does not exist")


async def test_an_account_is_closed_to_others_and_to_wrong_passwords(
    directory: Directory, caller: Callable[[str], httpx.AsyncClient]
) -> None:
    number = number_of(directory.person(Role.RUNNING))
    async with caller(MISTER_VOIP) as other:
        assert (await other.get(LISTINGS, params={"tn": number})).status_code == 403
        assert (await other.get(f"/api/tns/{number}/tndetails")).status_code == 404
        theirs = await other.post("/api/accounts/5520/dldas", content=order(number))
        assert codes(xml(theirs)) == ["16101"]
        wrong = await other.get(ORDERS, auth=(LIBERVOICE, "guessed"))
    assert (wrong.status_code, wrong.headers["www-authenticate"][:5]) == (401, "Basic")


async def test_serves_over_a_socket_with_the_address_its_config_names(shared: World) -> None:
    async with running(shared, ["directory"]) as addresses:
        section = config_section(shared, LIBERVOICE, int(addresses["directory"].rsplit(":")[-1]))
        base = ConnectorSettings(base_url=str(section["base_url"])).base_url
        auth = (str(section["username"]), str(section["password"]))
        async with httpx.AsyncClient(base_url=base, auth=auth, verify=NO_TLS) as http:
            answer = await http.get(f"/accounts/{section['account_id']}/dldas")
    assert answer.status_code == 200


async def test_a_number_is_told_by_itself_and_to_its_own_account_alone(
    directory: Directory, caller: Callable[[str], httpx.AsyncClient]
) -> None:
    number = number_of(directory.person(Role.RUNNING))
    found = await directory.get(f"/api/tns/{number}")
    async with caller(MISTER_VOIP) as other:
        assert (await other.get(f"/api/tns/{number}")).status_code == 404
    assert (found.tag, found.findtext("TelephoneNumber")) == ("TelephoneNumberResponse", number)


SUBSCRIPTION = """<Subscription><OrderType>dldas</OrderType><CallbackSubscription>
<URL>{address}</URL></CallbackSubscription></Subscription>"""
SUBSCRIPTIONS = "/api/accounts/5510/subscriptions"


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[str, asyncio.Queue[Element]]]:
    """An address, and what was posted there, in turn."""
    sock, posted = bound(0), asyncio.Queue[Element]()

    async def take(request: Request) -> Response:
        await posted.put(fromstring(await request.body()))
        return Response()

    async with served({sock: Starlette(routes=[Route("/told", take, methods=["POST"])])}):
        yield f"http://127.0.0.1:{port_of(sock)}/told", posted


async def test_a_listener_is_told_of_every_state_of_an_order_without_asking(
    directory: Directory,
) -> None:
    number = number_of(directory.person(Role.RUNNING))
    async with listening() as (address, posted):
        body = SUBSCRIPTION.format(address=address)
        made = await directory.http.post(SUBSCRIPTIONS, content=body)
        placed = order_id(await directory.place(number, own="own-1"))
        told = [await asyncio.wait_for(posted.get(), 5)]
        for seconds in (0.5, 1.5):
            await directory.wait(seconds)  # nobody looks at the order
            told.append(await asyncio.wait_for(posted.get(), 5))
    assert made.status_code == 201
    assert [each.findtext("Status") for each in told] == ["RECEIVED", "PROCESSING", "COMPLETE"]
    assert {each.findtext("OrderId") for each in told} == {placed}
    assert {each.findtext("CustomerOrderId") for each in told} == {"own-1"}
    done = [each.findtext("CompletedTelephoneNumbers/TelephoneNumber") for each in told]
    assert done == [None, None, number]


async def test_a_subscription_is_listed_and_ended(
    directory: Directory, caller: Callable[[str], httpx.AsyncClient]
) -> None:
    body = SUBSCRIPTION.format(address="http://127.0.0.1:9/told")
    made = await directory.http.post(SUBSCRIPTIONS, content=body)
    where = made.headers["Location"]
    own = xml(made).findtext("Subscriptions/Subscription/SubscriptionId")
    (listed,) = (await directory.get(SUBSCRIPTIONS)).iter("SubscriptionId")
    async with caller(MISTER_VOIP) as other:
        assert (await other.get(where)).status_code == 403
    assert where.endswith(f"{SUBSCRIPTIONS}/{own}")
    assert listed.text == own
    assert [(await directory.http.delete(where)).status_code for _ in range(2)] == [200, 404]


async def test_a_subscription_is_changed_to_another_address(directory: Directory) -> None:
    body = SUBSCRIPTION.format(address="http://127.0.0.1:9/told")
    where = (await directory.http.post(SUBSCRIPTIONS, content=body)).headers["Location"]
    async with listening() as (address, posted):
        moved = SUBSCRIPTION.format(address=address)
        changed = await directory.http.put(where, content=moved)
        assert changed.status_code == 200
        assert xml(changed).findtext(".//URL") == address
        placed = order_id(await directory.place(number_of(directory.person(Role.RUNNING))))
        assert (await asyncio.wait_for(posted.get(), 5)).findtext("OrderId") == placed


async def test_a_change_that_cannot_be_meant_leaves_a_subscription_as_it_is(
    directory: Directory,
) -> None:
    body = SUBSCRIPTION.format(address="http://127.0.0.1:9/told")
    where = (await directory.http.post(SUBSCRIPTIONS, content=body)).headers["Location"]
    refused = await directory.http.put(where, content=body.replace("dldas", "portins"))
    assert (refused.status_code, codes(xml(refused))) == (400, ["16115"])
    assert (await directory.get(where)).findtext(".//URL") == "http://127.0.0.1:9/told"
    absent = await directory.http.put(f"{SUBSCRIPTIONS}/none", content=body)
    assert absent.status_code == 404


async def test_a_subscription_says_the_expiry_that_it_was_given(directory: Directory) -> None:
    body = SUBSCRIPTION.format(address="http://127.0.0.1:9/told")
    body = body.replace("</URL>", "</URL><Expiry>3600</Expiry>")
    made = await directory.http.post(SUBSCRIPTIONS, content=body)
    assert xml(made).findtext(".//Expiry") == "3600"


@pytest.mark.parametrize(
    "body",
    [
        "no xml",
        SUBSCRIPTION.format(address="ftp://example.org"),
        SUBSCRIPTION.format(address="http://127.0.0.1:9").replace("dldas", "portins"),
    ],
)
async def test_a_subscription_to_nothing_is_refused(directory: Directory, body: str) -> None:
    answer = await directory.http.post(SUBSCRIPTIONS, content=body)
    assert (answer.status_code, codes(xml(answer))) == (400, ["16115"])
