"""What somebody who searches, or sends a form, is told where it leads nowhere yet."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from avgate_mocks.people import Role

from .lobby import a_request_form
from .pages import Pages, opened, said

pytestmark = pytest.mark.asyncio(loop_scope="module")
PEOPLE = "/console/people"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pages(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pages]:
    async with opened(tmp_path_factory.mktemp("searching"), ("directory",)) as made:
        yield made


@pytest.mark.parametrize("typed", ["Bilal de Smit", "two, things", "a@b"])
async def test_whoever_types_a_name_is_told_what_to_look_for(typed: str, pages: Pages) -> None:
    anna = await pages.enter("A. Bakker")
    page = (await anna.send(PEOPLE, query=typed)).text
    assert "Nobody is searched by name alone" in said(page)
    assert f'value="{typed}"' in page, "what was typed is lost"
    assert 'href="/console/requests/new"' in page


async def test_whoever_types_something_known_is_not(pages: Pages) -> None:
    anna, person = await pages.enter("A. Bakker"), pages.here.person(Role.RUNNING)
    for typed in (person.emails[0], "020 123 4567", "C-100017", ""):
        assert "by name alone" not in (await anna.send(PEOPLE, query=typed)).text, typed


async def test_each_mistake_says_of_which_field_it_is(pages: Pages) -> None:
    anna = await pages.enter("A. Bakker")
    form = a_request_form(method="", value_0="12", to_0="x", from_0="x", right="rectify",
                          field_0="address.city")  # fmt: skip
    told = said((await anna.send("/console/requests", 422, **form)).text)
    assert "Value: This is no e-mail address." in told
    assert "How: Fill this in." in told
