"""[P02] What somebody types is data in every language that it is put into: it arrives as it was typed."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from avgate_mocks.people import Role

from .harness import a_request
from .indoors import Indoors, indoors

MARKERS = {
    "SQL": "O'Hara'); DROP TABLE request;--",
    "SQL comment": 'Arnhem" OR "1"="1" /* x */',
    "XML": "Oost & <West> ]]><!-- x -->",
    "XML entity": '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]>&e;',
    "JSON": 'Arnhem","admin":true,"x":"',
    "LDAP": "*)(uid=*))(|(uid=*",
    "SOAP": "</street></order><order><account>1</account>",
    "template": "Plein {{7*7}}${7*7}%{7*7}#{7*7}",
    "URL": "a?b=c&d=e#f%2e%2e/..;g",
    "backslash": "C:\\new\\table \\u0041 \\n",
}


async def archive(here: Indoors, request_id: str) -> str:
    answer = await here.caller().get(f"/v1/requests/{request_id}/package")
    assert answer.status_code == 200
    with zipfile.ZipFile(io.BytesIO(answer.content)) as opened:
        return "".join(opened.read(one).decode() for one in opened.namelist() if "json" in one)


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["operator", "directory"])
async def here(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Indoors]:
    async with indoors(tmp_path_factory.mktemp("literal"), (request.param,)) as made:
        yield made


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("language", MARKERS)
async def test_a_corrected_value_arrives_as_it_was_typed(here: Indoors, language: str) -> None:
    marker = MARKERS[language]
    [name] = here.addresses
    person = here.person(Role.RUNNING)
    before = {one.id: one for one in here.world.people if one is not person}
    changes = [{"field": "address.street", "to": marker}]
    asked = a_request("rectify", person, name)
    done = await here.carry_out({**asked, "changes": changes, "note": marker})
    words = {line["outcome"] for line in await here.report(done)}
    access = await here.carry_out(a_request("access", person, name))
    held = await archive(here, access)
    if words & {"rectified", "scheduled"}:
        assert json.dumps(marker, ensure_ascii=False)[1:-1] in held, words
    else:  # what an upstream cannot take is refused as a whole, and said to be
        assert (name, words) == ("directory", {"refused"})
    assert {one.id: one for one in here.world.people if one is not person} == before
    shown = await here.get(f"/v1/requests/{done}/evidence")
    assert marker in {entry["remark"] for entry in shown["items"]}
