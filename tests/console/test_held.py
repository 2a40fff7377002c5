"""Looking what systems hold: the true numbers, nothing of the person, and a trace of whoever looked."""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
import sqlalchemy as sa

from avgate_gateway.authentication import Scope
from avgate_gateway.store import evidence
from avgate_gateway.store.schema import metadata
from avgate_mocks.people import Person as Subject
from avgate_mocks.people import Role

from .pages import Pages, opened, said

pytestmark = pytest.mark.asyncio(loop_scope="module")
LOOK = "/console/people/held"
REVEAL = "/console/people/revealed"
WHY = {"reason": "asks_if_known", "ticket": "T-1234"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pages(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pages]:
    folder = tmp_path_factory.mktemp("held")
    async with opened(folder, ("operator", "xelion", "directory", "subprocessors")) as made:
        yield made


def by_mail(person: Subject, **more: str) -> dict[str, str]:
    return {"kind_0": "email", "value_0": person.emails[0], **more}


def secrets(person: Subject) -> list[str]:
    """What is nobody's business on a page of numbers: all but what was typed."""
    known = [one.value for one in person.identifiers() if one.value not in person.emails]
    return [*known, person.name.family, person.address.street, person.iban]


def logged(caplog: pytest.LogCaptureFixture) -> str:
    """What the gateway logged; the mocks, which run beside it here, log what they like."""
    ours = (one for one in caplog.records if not one.name.startswith(("uvicorn", "avgate_mocks")))
    return "\n".join(f"{one.getMessage()} {one.__dict__}" for one in ours)


async def traces(pages: Pages) -> list[dict[str, str]]:
    async with pages.here.assembled.context.database.read() as db:
        found = await evidence.entries(db, limit=10_000)
    wanted = [one for one in found if one.event in {"subject.looked", "subject.revealed"}]
    return [{"event": one.event, "details": one.details} for one in wanted]


async def rows(pages: Pages) -> dict[str, int]:
    """How many rows each table has, but for what every call of a page writes."""
    passing = {"evidence", "rate", "console_session"}
    async with pages.here.assembled.context.database.read() as db:
        counts = {}
        for table in metadata.sorted_tables:
            if table.name not in passing:
                query = sa.select(sa.func.count()).select_from(table)
                counts[table.name] = int((await db.execute(query)).scalar_one())
    return counts


def numbers(html: str) -> dict[str, dict[str, int]]:
    """By system and category what the table says."""
    found: dict[str, dict[str, int]] = {}
    for body in re.findall(
        r"<tbody>(.*?)</tbody>", html.split('id="found"', maxsplit=1)[0], re.DOTALL
    ):
        title = re.search(r'scope="rowgroup"[^>]*>([^<]*)', body)
        assert title is not None
        lines = re.findall(r'data-label="What">([^<]*)</td>\s*<td[^>]*class="n">([^<]*)<', body)
        found[title[1]] = {what: int(count.replace(",", "")) for what, count in lines}
    return found


async def test_it_counts_what_each_system_holds_and_tells_nothing_else(
    pages: Pages, caplog: pytest.LogCaptureFixture
) -> None:
    here, anna = pages.here, await pages.enter("A. Bakker")
    person = here.person(Role.RUNNING)
    before, effects = await rows(pages), await here.effects("subprocessors")
    caplog.set_level(logging.DEBUG)
    page = (await anna.send(LOOK, 200, **by_mail(person, **WHY))).text
    told = numbers(page)
    for name, title in (("operator", "Operator"), ("xelion", "Xelion")):
        truth = await here.holds(name, person)
        assert sum(told[title].values()) == sum(truth.values()), name
        assert sorted(told[title].values()) == sorted(truth.values()), name
    assert "stays" in said(page)
    assert "GDPR Art." in page, "what keeps it is told"
    [trace] = await traces(pages)
    assert trace["event"] == "subject.looked"
    assert '"reason":"asks_if_known"' in trace["details"]
    assert '"ticket":"T-1234"' in trace["details"]
    assert '"by":"console:A. Bakker"' in trace["details"]
    for value in secrets(person):
        assert value not in page, "a page of numbers says something of the person"
        assert value not in logged(caplog)
    for value in (*secrets(person), *person.emails):
        assert value not in trace["details"]
        assert value not in logged(caplog)
    assert await rows(pages) == before, "something was written"
    assert await here.effects("subprocessors") == effects, "another company was asked"
    assert "only a request of its own may ask them" in page
    assert await here.chain_breaks_at() is None


async def test_nobody_looks_without_a_reason_and_no_reason_names_the_person(pages: Pages) -> None:
    here, anna = pages.here, await pages.enter("A. Bakker")
    person = here.person(Role.ENDED)
    looked, calls = len(await traces(pages)), len(here.calls)
    for reason, ticket in (
        ("", ""), ("curious", ""), ("other", ""), ("asks_if_known", person.name.family),
        ("asks_if_known", "0612345678"), ("asks_if_known", person.customer_id),
    ):  # fmt: skip
        form = by_mail(
            person, reason=reason, ticket=ticket, kind_1="customer_id", value_1=person.customer_id
        )
        page = (await anna.send(LOOK, 422, **form)).text
        assert 'aria-invalid="true"' in page
        assert person.emails[0] in page, "what was typed is lost"
    assert (len(await traces(pages)), len(here.calls)) == (looked, calls)


async def test_what_cannot_be_an_identifier_is_said_beside_it(pages: Pages) -> None:
    anna = await pages.enter("A. Bakker")
    calls = len(pages.here.calls)
    for path in (LOOK, REVEAL, "/console/people"):
        form = {"kind_0": "phone", "value_0": "12", "since_0": "2020-01-01", **WHY}
        page = said((await anna.send(path, 422, **form)).text)
        assert "This is no telephone number." in page
    assert len(pages.here.calls) == calls


async def test_a_person_is_shown_once_with_a_reason_and_a_trace(
    pages: Pages, caplog: pytest.LogCaptureFixture
) -> None:
    here, anna = pages.here, await pages.enter("A. Bakker")
    person = here.person(Role.RUNNING)
    caplog.set_level(logging.DEBUG)
    await anna.send(REVEAL, 422, **by_mail(person), connector="operator")
    before = len(await traces(pages))
    page = (await anna.send(REVEAL, 200, **by_mail(person, **WHY), connector="operator")).text
    card = page.split('id="card"')[1].split("</article>")[0]
    for value in (person.name.family, person.address.street):
        assert value in card
    assert person.iban not in page, "nobody is recognised by a bank account"
    trace = (await traces(pages))[-1]
    assert len(await traces(pages)) == before + 1
    assert trace["event"] == "subject.revealed"
    assert '"connector":"operator"' in trace["details"]
    for value in (*secrets(person), *person.emails):
        assert value not in trace["details"]
        assert value not in logged(caplog)
    again = (await anna.send(LOOK, 200, **by_mail(person, **WHY))).text
    assert person.address.street not in again
    await anna.send(REVEAL, 404, **by_mail(person, **WHY), connector="nowhere")


async def test_a_system_that_is_away_keeps_no_other_from_answering(pages: Pages) -> None:
    here, anna = pages.here, await pages.enter("A. Bakker")
    person = here.person(Role.RUNNING)
    await here.plant("xelion", {"fault": "error_503", "times": 10_000})
    try:
        page = (await anna.send(LOOK, 200, **by_mail(person, **WHY))).text
    finally:
        await here.plant("xelion")
    told = numbers(page)
    assert told["Xelion"] == {}
    assert "cannot be reached" in page
    assert sum(told["Operator"].values()) == sum((await here.holds("operator", person)).values())


async def test_a_number_that_was_handed_on_leads_to_its_days_only(pages: Pages) -> None:
    here, anna = pages.here, await pages.enter("A. Bakker")
    before, after = here.person(Role.NUMBER_BEFORE), here.person(Role.NUMBER_AFTER)
    [shared] = {line.number for line in before.lines} & {line.number for line in after.lines}
    page = (await anna.send(LOOK, 200, kind_0="phone", value_0=shared, **WHY)).text
    told = numbers(page)
    assert not any(told.values()), "of which of the two?"
    assert "this fits more than one person" in page
    [line] = [one for one in before.lines if one.number == shared]
    assert line.held.end is not None
    dated = {"since_0": line.held.start.isoformat(), "until_0": line.held.end.isoformat()}
    page = (await anna.send(LOOK, 200, kind_0="phone", value_0=shared, **dated, **WHY)).text
    truth = await here.holds("operator", before)
    assert sum(numbers(page)["Operator"].values()) == sum(truth.values())


async def test_two_things_that_are_known_begin_one_request(pages: Pages) -> None:
    person, anna = pages.here.person(Role.RUNNING), await pages.enter("A. Bakker")
    form = by_mail(person, kind_1="customer_id", value_1=person.customer_id, right="erase")
    page = (await anna.send("/console/requests/new", 200, **form)).text
    for value in (person.emails[0], person.customer_id):
        assert f'value="{value}"' in page
    found = (await anna.send("/console/people", 200, **form)).text
    assert found.count('name="value_') == 3, "the two, and room for another"


@pytest.mark.parametrize(
    ("path", "scopes", "status"),
    [
        (LOOK, [Scope.READ], 403),
        (LOOK, [Scope.ACCESS], 403),
        (LOOK, [Scope.READ, Scope.ACCESS], 422),  # no reason was given
        (REVEAL, [Scope.READ, Scope.ERASE], 403),
        (REVEAL, [Scope.READ, Scope.ACCESS], 422),
    ],
)
async def test_it_takes_the_right_to_see_what_is_held(
    path: str, scopes: list[Scope], status: int, pages: Pages
) -> None:
    person = pages.here.person(Role.RUNNING)
    one = await pages.enter("-".join(scopes), scopes)
    calls = len(pages.here.calls)
    await one.send(path, status, **by_mail(person), csrf=one.csrf or "none")
    assert len(pages.here.calls) == calls
    if Scope.READ in scopes:
        page = (await one.send("/console/people", query=person.emails[0])).text
        assert (LOOK in page) is (status == 422), "offered to whoever may, and only to them"


async def test_a_paused_system_is_left_alone_and_the_page_says_so(pages: Pages) -> None:
    anna, person = await pages.enter("A. Bakker"), pages.here.person(Role.RUNNING)
    chief = await pages.enter("chief", [Scope.READ, Scope.ADMIN])
    await chief.send("/console/systems/operator/pause", 303, reason="its supplier works on it")
    page = said((await anna.send(LOOK, 200, **by_mail(person), **WHY)).text)
    assert "is paused: it was not asked" in page
    assert "its supplier works on it" in page
    await chief.send("/console/systems/operator/resume", 303)
    assert "is paused" not in said((await anna.send(LOOK, 200, **by_mail(person), **WHY)).text)


async def test_what_an_erasure_left_and_no_look_finds_is_not_told_to_be_nothing(
    pages: Pages,
) -> None:
    here, anna = pages.here, await pages.enter("A. Bakker")
    person = here.person(Role.SAME_NAME_SECOND)
    request_id = await here.erased(person, "xelion")
    totals = (await here.get(f"/v1/requests/{request_id}/report"))["totals"]
    page = (await anna.send(LOOK, 200, **by_mail(person), **WHY)).text
    own = page.partition(">Xelion<")[2].partition("</tbody>")[0]
    assert "left by an earlier erasure" in said(own)
    assert "holds nothing" not in said(own)
    told = re.findall(r"no look finds it any more: ([^(]+) \((\d+)\), ([a-z ]+)", said(own))
    assert sum(int(count) for _, count, _ in told) == totals["retained"] + totals["by_hand"]
    assert {"stays", "to be done by hand"} <= {word.split(" until")[0].strip() for *_, word in told}
    assert f'<a href="/console/requests/{request_id}">' in own
