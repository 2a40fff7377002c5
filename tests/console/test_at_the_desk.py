"""What staff stumbled over who took a request from a message to its letter."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta

import pytest
import pytest_asyncio

from avgate_contracts.day import AMSTERDAM
from avgate_contracts.vocabulary import Category, IdentifierKind, Product
from avgate_gateway.case_number import case_number
from avgate_gateway.console.known import usual
from avgate_gateway.console.parts import Correction, corrections_of, fates_of
from avgate_gateway.report import Ending, OutcomeWord, ReportLine
from avgate_mocks.people import Role

from ..flow.harness import a_request
from ..flow.indoors import BY_HAND
from .pages import Pages, Person, opened, said

pytestmark = pytest.mark.asyncio(loop_scope="module")
EMAIL, PHONE, CUSTOMER = IdentifierKind.EMAIL, IdentifierKind.PHONE, IdentifierKind.CUSTOMER_ID


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pages(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pages]:
    names = ("xelion", "directory", "subprocessors")
    async with opened(tmp_path_factory.mktemp("desk"), names, more=BY_HAND) as made:
        yield made


async def erasure(pages: Pages) -> tuple[str, str]:
    """An erasure that waits for a colleague, and the digest of its plan."""
    request_id = await pages.here.submit(a_request("erase", pages.here.person(Role.RUNNING)))
    await pages.here.until(request_id)
    return request_id, (await pages.here.get(f"/v1/requests/{request_id}/plan"))["digest"]


async def in_dutch(pages: Pages, name: str) -> Person:
    staff = await pages.enter(name)
    staff.http.headers["accept-language"] = "nl"
    return staff


def field(html: str, name: str) -> str:
    found = re.search(rf'<(?:input|textarea) id="{name}"[^>]*>[^<]*', html)
    assert found
    return found[0]


async def test_what_is_wrong_with_a_decision_stands_at_its_field_and_what_was_typed_stays(
    pages: Pages,
) -> None:
    request_id, digest = await erasure(pages)
    staff, address = await pages.enter("M. Smit"), f"/console/requests/{request_id}/approval"
    typed = {"digest": digest, "number": "AVG-0000-0000", "reason": "Bewaar <dit>"}
    page = (await staff.send(address, 422, decision="approve", **typed)).text
    assert 'aria-invalid="true"' in field(page, "number")
    assert 'value="AVG-0000-0000"' in field(page, "number")
    assert field(page, "reason").endswith("Bewaar &lt;dit&gt;")
    assert "aria-invalid" not in field(page, "reason")
    page = (await staff.send(address, 422, decision="reject", **{**typed, "reason": ""})).text
    assert 'aria-invalid="true"' in field(page, "reason")
    assert "reason-wrong" in field(page, "reason")
    assert "aria-invalid" not in field(page, "number")
    assert 'href="#reason"' in page


async def test_what_was_refused_says_so_with_the_reason_of_the_letter_and_no_line_for_each_day(
    pages: Pages,
) -> None:
    request_id, digest = await erasure(pages)
    staff = await in_dutch(pages, "C. Weiger")
    told = {"digest": digest, "reason": "Uw contract loopt nog."}
    await staff.send(f"/console/requests/{request_id}/approval", 303, decision="reject", **told)
    page = said(await staff.see(f"/console/requests/{request_id}"))
    assert "Afgewezen door de tweede persoon." in page
    assert "De reden die in de brief staat: Uw contract loopt nog." in page
    assert page.count("Xelion Belgegevens") == 1
    assert "Toegezegd uiterlijk op" not in page
    [now] = re.findall(
        r'aria-current="step">(.*?)</li>', await staff.see(f"/console/requests/{request_id}")
    )
    assert said(now).endswith("Brief"), "the person is still to be told"


async def test_a_colleague_is_told_that_it_waits_for_them_and_that_all_systems_have_looked(
    pages: Pages,
) -> None:
    request_id, _ = await erasure(pages)
    page = said(await (await in_dutch(pages, "D. Collega")).see("/console?pile=mine"))
    row = page.partition(case_number(request_id))[2]
    assert "wacht op jouw beslissing" in row[:120]
    assert "3/3" in row[:120]


async def test_the_preview_says_why_something_is_left_to_hands_and_not_that_nothing_keeps_it(
    pages: Pages,
) -> None:
    request_id, _ = await erasure(pages)
    page = await (await in_dutch(pages, "D. Collega")).see(f"/console/requests/{request_id}")
    by_hand = said(page).partition("Met de hand te doen")[2].partition("Geldig tot")[0]
    assert "er is hier geen koppeling om het te verwijderen" in by_hand
    assert "Er is geen termijn" not in by_hand


async def test_work_at_a_company_names_it_and_is_not_ready_before_it_is_done(pages: Pages) -> None:
    request_id, digest = await erasure(pages)
    staff = await in_dutch(pages, "D. Collega")
    approved = {"digest": digest, "number": case_number(request_id), "decision": "approve"}
    await staff.send(f"/console/requests/{request_id}/approval", 303, **approved)
    await pages.here.until(request_id, "person")
    page = said(await staff.see(f"/console/requests/{request_id}"))
    assert "Laat IASO Backup dit wissen, en ga na of het weg is." in page
    assert "Subverwerkers (IASO Backup): Gegevens bij een subverwerker" in page
    assert "3 van 3 systemen zijn klaar" not in page
    access = await pages.here.submit(a_request("access", pages.here.person(Role.RUNNING)))
    await pages.here.until(access)
    assert "schriftelijk aan IASO Backup voor" in said(
        await staff.see(f"/console/requests/{access}")
    )


async def test_a_screen_reader_tells_the_rows_of_a_form_apart(pages: Pages) -> None:
    page = await (await pages.enter("M. Smit")).see("/console/requests/new")
    names = re.findall(r'<label for="\w+_\d">(.*?)</label>', page)
    assert len(names) > 20
    assert len({said(name) for name in names}) == len(names)


async def test_a_row_offers_what_was_not_given_yet() -> None:
    assert usual(["", "", "", ""]) == [EMAIL, PHONE, CUSTOMER, PHONE]
    assert usual([PHONE, "", "", ""]) == [PHONE, EMAIL, CUSTOMER, PHONE]
    assert usual([CUSTOMER, EMAIL, ""]) == [CUSTOMER, EMAIL, PHONE]


async def test_items_that_stay_until_several_days_share_a_row() -> None:
    def line(day: int, category: Category = Category.CONTACT) -> ReportLine:
        ending = Ending(OutcomeWord.RETAINED, until=date(2027, 3, day))
        return ReportLine("operator", category, Product.GENERAL, ending, 2)

    first, other = fates_of([line(9), line(3), line(3, Category.FINANCIAL), line(5)])
    assert (first.count, first.first, first.last) == (6, date(2027, 3, 3), date(2027, 3, 9))
    assert (other.category, other.count, other.is_later) == ("financial", 2, False)
    later = Ending(OutcomeWord.SCHEDULED, effective_from=date(2027, 6, 1))
    [fate] = fates_of([ReportLine("directory", None, None, later, 1)])
    assert (fate.is_later, fate.first) == (True, date(2027, 6, 1))


async def test_corrections_that_fare_alike_share_a_row() -> None:
    field = {"field": "address.street", "holds": ["Achterom"], "to": "Kade", "fit": "change"}
    item = {"connector": "directory", "by_hand": None, "fields": [field]}
    plan = {"items": [item, item, {**item, "connector": "xelion", "by_hand": "several"}]}
    told = ("address.street", "Achterom", "Kade", "change")
    assert corrections_of(plan) == [
        Correction("directory", *told, is_by_hand=False, count=2),
        Correction("xelion", *told, is_by_hand=True, count=1),
    ]
    assert corrections_of(None) == []


async def test_what_is_still_to_be_done_by_hand_comes_before_what_was_done(pages: Pages) -> None:
    request_id, digest = await erasure(pages)
    staff = await in_dutch(pages, "D. Collega")
    approved = {"digest": digest, "number": case_number(request_id), "decision": "approve"}
    await staff.send(f"/console/requests/{request_id}/approval", 303, **approved)
    await pages.here.until(request_id, "person")
    address = f"/console/requests/{request_id}"
    first = re.findall(rf'action="({address}/tasks/[^"]+)"', await staff.see(address))[0]
    await staff.send(first, 303, evidence="ticket 7", completed_by="D. Collega")
    page = await staff.see(address)
    tasks = [said(one) for one in re.findall(r'<h3 id="task-.*?</h3>', page, re.DOTALL)]
    assert "klaar" in tasks[-1]
    assert not [one for one in tasks[:-1] if "klaar" in one]


async def test_nothing_is_said_to_look_before_it_is_certain_who_asks(pages: Pages) -> None:
    body = a_request("access", pages.here.person(Role.RUNNING))
    del body["identity"]
    request_id = await pages.here.submit(body)
    page = await (await in_dutch(pages, "D. Collega")).see(f"/console/requests/{request_id}")
    assert "zoekt" not in said(page)
    [moment] = re.findall(r'id="verified_at"[^>]*value="([^"]*)"', page)
    assert abs(datetime.fromisoformat(moment) - datetime.now(AMSTERDAM).replace(tzinfo=None)) < (
        timedelta(minutes=2)
    )
