"""What is called how: files by the number by which people speak of a request, parts of a page by a name."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from avgate_gateway.case_number import case_number
from avgate_mocks.people import Role

from ..flow.harness import a_request
from .pages import Pages, opened, said

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pages(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pages]:
    async with opened(tmp_path_factory.mktemp("named"), ("directory",)) as made:
        yield made


async def test_files_are_called_by_the_case_number(pages: Pages) -> None:
    anna = await pages.enter("A. Bakker")
    body = a_request("access", pages.here.person(Role.RUNNING), "directory")
    request_id = await pages.here.carry_out(body, "closed")
    number = case_number(request_id)
    for path, told in (
        ("package", f'attachment; filename="{number}.zip"'),
        ("letter", f'inline; filename="{number}-brief-1.pdf"'),
        ("letter?language=en", f'inline; filename="{number}-letter-2.pdf"'),
    ):
        answer = await anna.http.get(f"/console/requests/{request_id}/{path}")
        assert answer.headers["content-disposition"] == told
    over_http = await pages.here.caller().get(f"/v1/requests/{request_id}/package")
    name = f"avgate-access-{request_id}.zip"
    assert over_http.headers["content-disposition"] == f'attachment; filename="{name}"'


async def test_what_stands_beside_a_request_has_a_name(pages: Pages) -> None:
    anna = await pages.enter("A. Bakker")
    body = a_request("erase", pages.here.person(Role.RUNNING), "directory")
    page = await anna.see(f"/console/requests/{await pages.here.submit(body)}")
    asides = re.findall(r"<aside[^>]*>", page)
    assert [one for one in asides if 'aria-label="About this request"' in one] == asides != []


async def test_each_sign_in_is_ended_by_a_button_that_says_which(pages: Pages) -> None:
    anna = await pages.enter("A. Bakker")
    page = said(await anna.see("/console/sessions"))
    assert re.search(r"End it : \d+ \w+ \d{4}, \d\d:\d\d", page)
