"""A message that came in before today: the days to answer count from it, and everything says so."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest
import pytest_asyncio

from avgate_contracts.day import local_day
from avgate_gateway.due import due_dates

from ..gateway.pdf_text import text_of
from .lobby import a_request_form
from .pages import Pages, opened, said

pytestmark = pytest.mark.asyncio(loop_scope="module")
NEW = "/console/requests"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pages(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pages]:
    async with opened(tmp_path_factory.mktemp("before"), ("directory",)) as made:
        yield made


def ago(pages: Pages, days: int) -> date:
    return local_day(pages.here.time.now()) - timedelta(days=days)


async def test_the_days_to_answer_count_from_when_the_person_asked(pages: Pages) -> None:
    anna = await pages.enter("A. Bakker")
    asked = ago(pages, 9)
    answer = await anna.send(NEW, 303, **a_request_form(asked_on=asked.isoformat()))
    address = answer.headers["location"].partition("?")[0]
    shown = await pages.here.request(address.rpartition("/")[2])
    promised = date.fromisoformat(shown["due"]["promised"])
    assert promised == asked + timedelta(days=28)
    page = said(await anna.see(address))
    assert f"Asked by the person on {asked.day} " in page
    letter = await anna.http.get(f"{address}/letter?language=en")
    assert f"On {asked:%-d %B %Y}" in text_of(letter.content)


async def test_without_a_day_they_count_from_today(pages: Pages) -> None:
    anna = await pages.enter("A. Bakker")
    answer = await anna.send(NEW, 303, **a_request_form(asked_on=""))
    shown = await pages.here.request(
        answer.headers["location"].partition("?")[0].rpartition("/")[2]
    )
    due = due_dates(pages.here.time.now(), 28)
    assert shown["due"]["legal"] == due.legal.isoformat()
    assert "Asked by the person on" not in await anna.see(answer.headers["location"])


@pytest.mark.parametrize(
    ("days", "told"),
    [(-2, "This lies in the future."), (40, "This is more than a month ago."), (None, "Fill in a")],
)
async def test_a_day_that_cannot_be_is_told_beside_its_field(
    pages: Pages, days: int | None, told: str
) -> None:
    anna = await pages.enter("A. Bakker")
    typed = "yesterday" if days is None else ago(pages, days).isoformat()
    page = (await anna.send(NEW, 422, **a_request_form(asked_on=typed))).text
    assert f"Day on which the person asked it: {told}" in said(page)
    assert f'value="{typed}"' in page, "what was typed is lost"
    assert "<title>Mistake: New request" in page
    assert 'role="alert" class="notice bad" tabindex="-1" autofocus' in page


async def test_two_days_the_wrong_way_round_are_told_at_the_second(pages: Pages) -> None:
    anna = await pages.enter("A. Bakker")
    days = {"kind_0": "phone", "value_0": "020 123 4567", "since_0": "2026-01-02", "until_0": "2026-01-01"}  # fmt: skip
    told = "This day has to be later than the first."
    page = (await anna.send(NEW, 422, **a_request_form(**days))).text
    assert f'<small class="wrong" id="until_0-wrong">{told}' in page
    page = (await anna.send("/console/people", 422, **days)).text
    assert f'aria-describedby="wrong_0"><small class="wrong" id="wrong_0">{told}' in page
    assert page.index("until_0") < page.index('id="wrong_0"')
