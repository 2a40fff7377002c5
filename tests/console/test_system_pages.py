"""The pages of those who answer for the desk: systems, register, retention, figures, evidence."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import date

import httpx
import pytest
import pytest_asyncio

from avgate_gateway.authentication import Scope, mint, open_signing_key
from avgate_gateway.case_number import case_number
from avgate_gateway.console.links import console_audience
from avgate_gateway.console.processors import chosen
from avgate_gateway.proving.entry import Row
from avgate_gateway.register import seeded
from avgate_gateway.store import audit_pages, evidence
from avgate_gateway.store.audit_pages import Wanted
from avgate_gateway.store.evidence_schema import evidence as chain
from avgate_mocks.people import Role

from ..flow.harness import a_request
from ..flow.indoors import Indoors, indoors

pytestmark = pytest.mark.asyncio(loop_scope="module")
STAFF = (Scope.READ, Scope.ACCESS, Scope.READ_AUDIT)
PAGES = ("systems", "processors", "retention", "figures", "audit")
REASON = "Its supplier works on it <tonight>."


@dataclass
class Visitor:
    """Somebody who is signed in, and reads in a language."""

    http: httpx.AsyncClient

    async def page(self, path: str, status: int = 200) -> str:
        answer = await self.http.get(f"/console/{path}")
        assert answer.status_code == status, answer.text[:500]
        return answer.text

    async def send(self, path: str, status: int = 303, **fields: str) -> httpx.Response:
        token = re.search(r'name="csrf" value="([0-9a-f]+)"', await self.page("systems"))
        assert token
        form = {"csrf": token[1], **fields}
        answer = await self.http.post(f"/console/{path}", data=form)
        assert answer.status_code == status, answer.text[:500]
        return answer


async def enter(
    here: Indoors, name: str, scopes: Iterable[Scope], controller: str = "libervoice",
    language: str = "en",
) -> Visitor:  # fmt: skip
    code = mint(
        open_signing_key(here.folder / "avgate-token.jwk"), issuer="avgate",
        audience=console_audience("avgate"), controller=controller, client=f"console:{name}",
        scopes=scopes, lifetime=600, now=here.time.now().timestamp(), subject=name,
    )  # fmt: skip
    http = httpx.AsyncClient(
        base_url="https://desk.test",
        transport=httpx.ASGITransport(here.pages),
        headers={"accept-language": language},
    )
    answer = await http.post("/console/sign-in", data={"code": code, "back": "/console"})
    assert answer.status_code == 303, answer.text[:300]
    return Visitor(http)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def here(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Indoors]:
    async with indoors(tmp_path_factory.mktemp("pages"), ("operator", "directory")) as made:
        await made.carry_out(a_request("access", made.person(Role.RUNNING), "directory"), "closed")
        await made.carry_out(a_request("erase", made.person(Role.RUNNING), "operator"))
        yield made


def words(html: str) -> str:
    """What a page says, without its marks."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


@pytest.mark.parametrize("language", ["nl", "en"])
async def test_each_page_opens_in_both_languages_without_style_or_script_in_it(
    here: Indoors, language: str
) -> None:
    visitor = await enter(here, f"reader {language}", STAFF, language=language)
    for page in PAGES:
        html = await visitor.page(page)
        assert f'<html lang="{language}">' in html
        assert "style=" not in html
        assert not re.search(r"<script(?! src=)", html)
        assert html.count("<h1") == 1
        ids = re.findall(r' id="([^"]+)"', html)
        assert len(ids) == len(set(ids))


async def test_the_evidence_is_for_auditors_and_a_pause_for_administrators(here: Indoors) -> None:
    visitor = await enter(here, "support", (Scope.READ,))
    html = await visitor.page("systems")
    assert "Pause this system" not in html
    assert "/console/audit" not in html
    await visitor.page("audit", 403)
    await visitor.send("audit/verify", 403)
    await visitor.send("systems/operator/pause", 403, reason="x")
    await visitor.send("systems/operator/resume", 403)
    assert here.assembled.context.paused("libervoice") == {}


async def test_a_system_is_paused_in_view_and_resumed(here: Indoors) -> None:
    chief = await enter(here, "C. Chief", (*STAFF, Scope.ADMIN))
    assert "Say why" in (await chief.send("systems/operator/pause", 422, reason=" ")).text
    assert "BSN" in (await chief.send("systems/operator/pause", 422, reason="BSN 111222333")).text
    await chief.send("systems/nobody/pause", 404, reason="x")
    await chief.send("systems/operator/pause", reason=REASON)
    html = await chief.page("systems")
    assert "Its supplier works on it &lt;tonight&gt;." in html
    assert "Paused by C. Chief since" in words(html)
    request_id = await here.submit(a_request("access", here.person(Role.RUNNING), "operator"))
    await here.settle()
    waits = words(await chief.page(f"requests/{request_id}"))
    assert "Operator is paused by C. Chief since" in waits
    assert "Operator paused" in waits  # in the row of its part
    dutch = await enter(here, "N. Lander", STAFF, language="nl")
    assert "is gepauzeerd door C. Chief" in words(await dutch.page(f"requests/{request_id}"))
    await chief.send("systems/operator/resume")
    assert "Paused by" not in await chief.page("systems")
    assert (await here.until(request_id))["state"] == "closed"
    told = words(await chief.page("audit?event=connector.paused"))
    assert "System paused: Operator Its supplier works on it" in told


async def test_health_is_asked_behind_the_page_and_not_of_what_is_paused(here: Indoors) -> None:
    chief = await enter(here, "H. Chief", (*STAFF, Scope.ADMIN))
    await chief.send("systems/directory/pause", reason="at rest")
    await here.let_pass(minutes=1)
    here.calls.clear()
    await chief.page("systems")
    await chief.page("systems")
    asked = [call for call in here.calls if "/api/accounts" in call]
    assert asked == []
    await chief.send("systems/check")
    before = len(here.calls)
    assert before > 0
    await chief.send("systems/check")
    assert len(here.calls) == before  # half a minute has not passed
    assert "answers" in words(await chief.page("systems"))
    await chief.send("systems/directory/resume")


async def test_the_register_is_searched_and_downloaded(here: Indoors) -> None:
    visitor = await enter(here, "R. Reader", STAFF)
    everything = seeded("libervoice")
    html = await visitor.page("processors?words=internet+KPN")
    assert "KPN" in html
    assert "Kaspersky" not in html
    assert "Nothing fits" in await visitor.page("processors?words=nobody-at-all")
    assert 'aria-invalid="true"' in await visitor.page("processors?since=yesterday")
    answer = await visitor.http.get("/console/processors.csv?words=kpn")
    assert answer.headers["content-disposition"] == 'attachment; filename="processors.csv"'
    lines = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert [line["name"] for line in lines] == ["KPN"]
    assert len(chosen(everything, "", None)) == len(everything)
    since = chosen(everything, "", date(2020, 1, 1))
    assert since == []
    old = chosen(everything, "", date(2019, 1, 1))
    assert 0 < len(old) < len(everything)  # an entry of no date is no change


async def test_the_register_is_read_and_searched_in_dutch(here: Indoors) -> None:
    reader = await enter(here, "N. Lezer", STAFF, language="nl")
    html = await reader.page("processors?words=leverancier+telefonie")
    assert "Leverancier van Operator" in html
    assert "Vaste telefonie" in html
    assert "Privacyverklaring van Libervoice B.V., bijlage 1" in html
    everything = await reader.page("processors")
    for entry in seeded("libervoice"):
        assert entry.purpose not in everything
        assert f"{entry.source}<" not in everything
    lines = (await reader.http.get("/console/processors.csv?words=kpn")).text
    assert "Internettoegang: verbindingsgegevens en metadata" in lines


@pytest.mark.parametrize("controller", ["libervoice", "mister-voip"])
async def test_where_a_term_stands_is_told_in_dutch_too(here: Indoors, controller: str) -> None:
    reader = await enter(here, f"N. Lezer {controller}", STAFF, controller, language="nl")
    told = words(await reader.page("retention"))
    assert "rij Communicatie metadata" in told
    assert "Staat niet zelf in de matrix" in told
    for english in (" row ", "footnote", "Not in the matrix", "The statement", "(blank)"):
        assert english not in told


async def test_retention_says_what_stops_an_erasure_and_where_it_stands(here: Indoors) -> None:
    visitor = await enter(here, "B. Reader", STAFF)
    told = words(await visitor.page("retention"))
    assert "a duty by law: 7 years stops an erasure" in told
    assert "finding fraud, and security: 15 months analysis" in told
    assert "Bijlage 1: Bewaartermijnmatrix" in told
    dutch = await enter(here, "B. Lezer", STAFF, language="nl")
    assert "een wettelijke plicht: 7 jaar houdt wissen tegen" in words(
        await dutch.page("retention")
    )


async def test_figures_count_what_was_done_and_name_nobody(here: Indoors) -> None:
    visitor = await enter(here, "F. Reader", STAFF)
    told = words(await visitor.page("figures"))
    assert re.search(r"Access \d+ \d+ 100 % 100 % 0", told)
    assert "disputes about bills" in told
    answer = await visitor.http.get("/console/figures.csv?period=month")
    rows = {tuple(row[:3]): row[3] for row in csv.reader(io.StringIO(answer.text[1:]))}
    assert int(rows["right", "erase", "received"]) == 1
    assert int(rows["retained", "disputes", "items"]) > 0
    assert rows["requests", "", "rejected"] == "0"
    for identifier in here.person(Role.RUNNING).identifiers():
        assert identifier.value not in answer.text + told
    wrong = await visitor.page("figures?from=2026-05-05&until=2026-05-04")
    assert "Give two days" in wrong
    nothing = await visitor.page("figures?from=2001-01-01&until=2001-02-01")
    assert "Nothing came in or was closed" in nothing


async def test_figures_of_another_controller_are_its_own(here: Indoors) -> None:
    stranger = await enter(here, "S. Stranger", STAFF, "mister-voip")
    answer = await stranger.http.get("/console/figures.csv")
    rows = {tuple(row[:3]): row[3] for row in csv.reader(io.StringIO(answer.text[1:]))}
    assert (rows["requests", "", "received"], rows["requests", "", "closed"]) == ("0", "0")
    told = words(await stranger.page("audit"))
    assert "Somebody signed in here" in told  # they did, and nothing else was ever theirs
    async with here.assembled.context.database.read() as db:
        [first, *_] = await evidence.entries(db, controller="libervoice", limit=1)
    case = case_number(first.request_id or "")
    assert "There is no such case" in await stranger.page(f"audit?case={case}")


async def test_the_evidence_is_narrowed_by_person_event_case_and_day(here: Indoors) -> None:
    auditor = await enter(here, "A. Auditor", STAFF)
    async with here.assembled.context.database.read() as db:
        entries = await evidence.entries(db, controller="libervoice", limit=500)
    html = await auditor.page("audit")
    numbers = [
        int(one.replace(",", ""))
        for one in re.findall(r'data-label="No." class="n">([\d,]+)<', html)
    ]
    assert numbers == sorted((entry.sequence for entry in entries), reverse=True)[:50]
    assert entries[-1].digest in html
    of = next(entry.request_id for entry in entries if entry.event == "plan.approved")
    told = await auditor.page(f"audit?case={case_number(of or '')}&event=plan.approved")
    assert told.count('data-label="Digest"') == 1
    assert f"/console/requests/{of}" in told
    by = await auditor.page("audit?person=COLLEAGUE")
    assert set(re.findall(r'data-label="Done by">([^<]+)<', by)) == {"colleague"}
    assert "Nothing fits" in await auditor.page("audit?day=2020-01-01")
    assert await auditor.page("audit?day=never&before=-1&case=%00&event=x' OR 1=1")


async def test_a_stretch_is_read_again_and_what_was_changed_is_named(here: Indoors) -> None:
    auditor = await enter(here, "V. Auditor", STAFF)
    answer = await auditor.send("audit/verify", 200, first="1")
    assert "are as they were written" in words(answer.text)
    assert "Entries 1 to" in words(answer.text)
    late = await auditor.send("audit/verify", 200, first="3")
    assert "Entries 3 to" in words(late.text)
    async with here.assembled.context.database.read() as db:
        entries = await evidence.entries(db, limit=500)
    ended = next(entry.sequence for entry in entries if entry.event == "effect.ended")
    within = await auditor.send("audit/verify", 200, first=str(ended))  # what it ends lies before
    assert f"Entries {ended} to" in words(within.text)
    changed = chain.update().where(chain.c.sequence == 4)
    async with here.assembled.context.database.read() as db:
        [*_, fourth] = await evidence.entries(db, limit=4)
    async with here.assembled.context.database.write() as db:
        await db.execute(changed.values(event="plan.approved"))
    for first in ("1", "2", "4"):
        told = words((await auditor.send("audit/verify", 200, first=first)).text)
        assert "entry 4 does not fit the chain" in told
        assert "Up to entry 3 everything fits" in told
    async with here.assembled.context.database.write() as db:
        await db.execute(changed.values(event=fourth.event))
    for odd in ("", "x", "0", "-5", "9" * 30):
        await auditor.send("audit/verify", 200, first=odd)
    beyond = words((await auditor.send("audit/verify", 200, first="99999")).text)
    assert "99,998" not in beyond, "nobody looked at what is not there"


async def test_a_day_is_found_by_halving_and_nobody_elses_entries(here: Indoors) -> None:
    async with here.assembled.context.database.read() as db:
        entries = await evidence.entries(db, controller="libervoice", limit=500)
        middle = entries[len(entries) // 2].at
        newer = await audit_pages.page(db, Wanted("libervoice", since=middle, limit=500), _any)
        older = await audit_pages.page(db, Wanted("libervoice", until=middle, limit=500), _any)
        theirs = await audit_pages.page(db, Wanted("mister-voip", limit=500), _any)
        short = await audit_pages.page(db, Wanted("libervoice", limit=3), _any)
        rest = await audit_pages.page(
            db, Wanted("libervoice", before=short.before, limit=500), _any
        )
    assert {e.sequence for e in newer.entries} == {e.sequence for e in entries if e.at >= middle}
    assert {e.sequence for e in older.entries} == {e.sequence for e in entries if e.at < middle}
    assert {entry.event for entry in theirs.entries} <= {"console.signed_in"}
    assert [e.sequence for e in (*short.entries, *rest.entries)] == [
        e.sequence for e in reversed(entries)
    ]
    assert rest.before is None


def _any(row: Row) -> bool:
    return True
