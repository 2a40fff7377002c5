"""Lists and sound of the operator's are read to their end, a part at a time, or not taken for whole."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from avgate_contracts import (
    Category,
    ConnectorError,
    ContractBrokenError,
    IdentifierKind,
    Record,
    UnavailableError,
)
from avgate_mocks.people import Role

from .operator_bench import Bench, benched, characteristics, customer


async def test_sound_comes_while_it_is_read(bench: Bench) -> None:
    records = [record for record in await bench.held(Role.RUNNING) if record.attachments]
    assert {r.item.category for r in records} == {Category.VOICEMAIL, Category.RECORDING}
    for record in records:
        (sound,) = record.attachments
        size = 0
        async with sound.open() as chunks:
            async for chunk in chunks:
                size += len(chunk)
        assert size == characteristics(record)["audio"]["sizeBytes"]
        assert sound.media_type == "audio/x-wav"
    await bench.plant("html_200", path_contains="mediaStore", times=9)
    with pytest.raises(ContractBrokenError):
        async with records[0].attachments[0].open():
            pass


async def test_fifty_thousand_calls_come_a_page_at_a_time(bench: Bench) -> None:
    records = bench.connector.access(customer(Role.HEAVY, bench))
    async for record in records:
        if isinstance(record, Record) and record.occurred_at:
            break
    asked = [url for url in bench.network.asked if url.path.endswith("/usage")]
    assert len(asked) == 1
    assert int(asked[0].params["limit"]) <= 1000


def by_page(change: Callable[[Any, int], Any]) -> Callable[[httpx.Request, Any], Any]:
    """Changes the lists of what was used, of which it is told the how manieth page each is."""
    pages = 0

    def tamper(request: httpx.Request, content: Any) -> Any:
        nonlocal pages
        if not request.url.path.endswith("/usage"):
            return content
        pages += 1
        return change(content, pages)

    return tamper


@pytest.mark.parametrize(
    ("spoilt", "error"),
    [
        (lambda rows, _page: rows * 0, ContractBrokenError),
        (lambda rows, page: httpx.Response(200, json=rows, headers={"X-Total-Count": str(999 - page)}),
         UnavailableError),
        (lambda rows, _page: httpx.Response(200, json=rows), ContractBrokenError),
        (lambda _rows, _page: httpx.Response(200, html="<p>Onderhoud"), ContractBrokenError),
        (lambda rows, _page: [{**row, "usageDate": "gisteren"} for row in rows], ContractBrokenError),
    ],
    ids=["empty", "shrinking", "without length", "for people", "misshapen"],
)  # fmt: skip
async def test_a_spoilt_list_is_no_short_list(
    spoilt: Callable[[Any, int], Any], error: type[ConnectorError]
) -> None:
    async with benched(tamper=by_page(spoilt)) as bench:
        with pytest.raises(error):
            await bench.held(Role.RUNNING, IdentifierKind.CUSTOMER_ID)


async def test_a_list_that_moved_up_and_kept_its_length_is_not_taken_for_whole() -> None:
    def moving(rows: Any, page: int) -> Any:
        """Of the first page a row went, and at the end one came, before the second was asked for."""
        first = 1 if page > 1 else 0
        return [*rows, {**rows[-1], "id": "come-since"}][first : first + 3]

    async with benched(tamper=by_page(moving)) as bench:
        with pytest.raises(UnavailableError, match="moved up"):
            await bench.held(Role.ENDED, IdentifierKind.CUSTOMER_ID)


async def test_a_list_of_short_pages_is_read_to_its_end(bench: Bench) -> None:
    def short(request: httpx.Request, content: Any) -> Any:
        return content[:2] if request.url.path.endswith("/usage") else content

    whole = await bench.held(Role.ENDED)
    async with benched(tamper=short) as slow:
        found = await slow.held(Role.ENDED)
    assert [record.item for record in found] == [record.item for record in whole]


async def test_one_page_for_people_in_between_is_asked_away(bench: Bench) -> None:
    await bench.plant("html_200", path_contains="/usage")
    assert await bench.held(Role.ENDED)
