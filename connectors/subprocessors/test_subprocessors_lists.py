"""Published lists of processors, and the settings that name them."""

from __future__ import annotations

import httpx
import pytest
from pydantic import ValidationError

import avgate_contracts as sdk
from avgate_subprocessors import SubprocessorsSettings

from .stage import HOST, stage


async def test_a_published_line_is_made_plain_and_short() -> None:
    line = {"name": "Kluis\u202e\u0000\r\nBV", "purpose": "x" * 900, "products": ["", " WAN "]}
    nameless = {"name": "\u200b"}
    async with stage() as at:
        await at.tell("/_lists", {"provider": "kpn", "processors": [line, nameless]})
        kpn = next(one for one in await at.connector.published({}) if one.provider == "kpn")
    (processor,) = kpn.processors
    assert (processor.name, processor.products) == ("Kluis BV", ("WAN",))
    assert len(processor.purpose) == 200


@pytest.mark.parametrize(
    "table", ["\ufeffname;country\nKluis;NL\n", 'country,name\r\nNL,"Kluis"\r\n']
)
async def test_a_list_as_csv_may_come_in_either_dialect(table: str) -> None:
    only = [{"provider": "x", "url": f"{HOST}/lists/managed-voice.csv", "format": "csv"}]
    async with stage(lists=only) as at:
        at.network.changed = lambda *_: httpx.Response(200, content=table.encode())
        (found,) = await at.connector.published({})
    assert found.processors == (sdk.PublishedProcessor("Kluis", country="NL"),)


async def test_a_list_that_cannot_be_read_keeps_no_other_from_being_read() -> None:
    async with stage() as at:
        at.network.changed = lambda request, answer: (
            httpx.Response(200, text="<p>") if "kpn" in request.url.path else answer
        )
        found = await at.connector.published({})
        assert {one.provider for one in found} == {"managed-voice", "perfectview"}
        at.network.changed = lambda *_: httpx.Response(200, text="<p>")
        with pytest.raises(sdk.ContractBrokenError):
            await at.connector.published({})


def test_settings_name_each_processor_once_and_never_one_with_half_an_interface() -> None:
    half = {"name": "x", "title": "X", "opendsr_url": "https://x.example/v2"}
    by_hand = {"name": "x", "title": "X"}
    for wrong in ([half], [by_hand, by_hand]):
        with pytest.raises(ValidationError):
            SubprocessorsSettings.model_validate({"processors": wrong})


def test_only_the_hosts_that_the_settings_name_may_be_called() -> None:
    one = {"provider": "kpn", "url": "https://www.kpn.example/subs.json", "format": "json"}
    assert SubprocessorsSettings.model_validate({"lists": [one]}).hosts() == {
        *("subprocessors.invalid", "www.kpn.example")
    }
