"""The letter to the person, over the real app: what it says, its versions, and its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any

import httpx
import pytest
import pytest_asyncio

from avgate_mocks.people import Role

from ..gateway.pdf_text import text_of  # noqa: TID252 -- tests are no packages of one another
from .harness import JsonMap, a_request
from .indoors import BY_HAND, Indoors, indoors
from .sealed_file import at_rest

pytestmark = pytest.mark.asyncio(loop_scope="module")
REASON = "Wij moeten bij twee andere bedrijven navraag doen."


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def here(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Indoors]:
    names = ("xelion", "directory", "subprocessors")
    async with indoors(tmp_path_factory.mktemp("letters"), names, more=BY_HAND) as made:
        yield made


async def letter(here: Indoors, request_id: str, **query: Any) -> httpx.Response:
    return await here.caller().get(f"/v1/requests/{request_id}/letter", params=query)


async def versions(here: Indoors, request_id: str) -> list[JsonMap]:
    return list((await here.get(f"/v1/requests/{request_id}/letters"))["items"])


async def said(here: Indoors, request_id: str, **query: Any) -> str:
    """What a letter says, on one line."""
    answer = await letter(here, request_id, **query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/pdf"
    return text_of(answer.content)


async def made(here: Indoors, request_id: str) -> list[JsonMap]:
    """What the evidence says of letters."""
    found = (await here.get(f"/v1/requests/{request_id}/evidence"))["items"]
    return [entry["details"] for entry in found if entry["event"] == "letter.made"]


async def test_it_says_how_it_stands_and_then_what_was_done(here: Indoors) -> None:
    person = here.person(Role.RUNNING)
    request_id = await here.submit(a_request("erase", person))
    await here.until(request_id, "approval")
    interim = await said(here, request_id)
    assert "Een tweede medewerker controleert dat nu" in interim
    assert "Wie hebben wij dit laten weten" not in interim
    await here.decide(request_id)
    await here.until(request_id, "person")
    told = await said(here, request_id)
    assert "Uw vermelding in de telefoongids" in told
    assert "Uit de gids gehaald op" in told
    assert "tot en met" in told
    assert "Een medewerker moet dit nog met de hand doen" in told
    assert "Wij hebben uw verzoek aan hen doorgegeven: • Uitgever van telefoongidsen" in told
    assert "De manier: portal" in told
    assert "Dear Sir or Madam" in await said(here, request_id, language="en")
    assert "KPN" in await said(here, request_id, providers="true")
    listed = await versions(here, request_id)
    assert [(one["version"], one["language"], one["providers"]) for one in listed] == [
        (1, "nl", False), (2, "nl", False), (3, "en", False), (4, "nl", True),
    ]  # fmt: skip
    assert interim == await said(here, request_id, version=1)
    for text in (interim, told):
        assert not [one.value for one in person.identifiers() if one.value in text]


async def test_asked_again_it_is_the_same_bytes_and_says_so(here: Indoors) -> None:
    request_id = await here.carry_out(
        a_request("access", here.person(Role.TWO_UPSTREAMS), "xelion"), "closed"
    )
    first, again = await letter(here, request_id), await letter(here, request_id)
    assert first.content == again.content
    digest = sha256(first.content).hexdigest()
    assert first.headers["etag"] == again.headers["etag"] == f'"{digest}"'
    assert first.headers["content-location"].endswith("/letter?version=1")
    unchanged = await here.caller().get(
        f"/v1/requests/{request_id}/letter", headers={"if-none-match": f'"{digest}"'}
    )
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    [listed] = await versions(here, request_id)
    assert (listed["sha256"], listed["size"]) == (digest, len(first.content))
    [noted] = await made(here, request_id)
    assert (noted["version"], noted["sha256"]) == (1, digest)
    assert "U krijgt hiervan een kopie" in await said(here, request_id)


async def test_many_askers_at_once_get_one_version(here: Indoors) -> None:
    request_id = await here.carry_out(
        a_request("access", here.person(Role.RUNNING), "directory"), "closed"
    )
    answers = await asyncio.gather(*(letter(here, request_id) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert len(await versions(here, request_id)) == len(await made(here, request_id)) == 1


async def test_a_later_answer_is_told_with_its_reason(here: Indoors) -> None:
    request_id = await here.submit(a_request("erase", here.person(Role.RUNNING), "directory"))
    await here.until(request_id, "approval")
    before = await letter(here, request_id)
    answer = await here.caller().post(
        f"/v1/requests/{request_id}/extension", json={"reason": REASON}
    )
    assert answer.status_code == 200, answer.text
    told = await said(here, request_id)
    assert f"De reden is: {REASON}" in told
    assert (await letter(here, request_id, version=1)).content == before.content
    assert REASON.encode() not in at_rest(here.folder)


@pytest.mark.parametrize(
    "query",
    [{"language": "fr"}, {"version": 0}, {"version": 1, "language": "nl"}, {"format": "html"}],
    ids=str,
)
async def test_what_is_not_to_be_had_is_refused(here: Indoors, query: JsonMap) -> None:
    request_id = await here.submit(a_request("erase", here.person(Role.RUNNING), "directory"))
    answer = await letter(here, request_id, **query)
    assert answer.status_code == 422, answer.text


async def test_a_version_that_was_never_made_is_not_found(here: Indoors) -> None:
    request_id = await here.submit(a_request("erase", here.person(Role.RUNNING), "directory"))
    assert (await letter(here, request_id, version=1)).status_code == 404


async def test_a_right_that_does_not_matter_here_is_answered_with_a_letter(here: Indoors) -> None:
    request_id = await here.submit(a_request("restrict", here.person(Role.RUNNING)))
    told = await said(here, request_id)
    assert "artikel 18 van de AVG" in told
    assert "niet van belang voor de diensten" in told
    assert "Autoriteit Persoonsgegevens, Postbus 93374" in told


async def test_a_refusal_without_a_reason_says_whom_to_ask(here: Indoors) -> None:
    request_id = await here.submit(a_request("erase", here.person(Role.RUNNING), "directory"))
    shown = await here.until(request_id, "approval")
    answer = await here.caller("colleague").post(
        f"/v1/requests/{request_id}/approval",
        json={"plan_digest": shown["plan"]["digest"], "decision": "reject"},
    )
    assert answer.json()["closing"] == "rejected"
    told = await said(here, request_id)
    assert "Neem contact met ons op als u wilt weten waarom." in told
    assert "De reden is" not in told


async def test_a_refusal_says_why_in_the_letter(here: Indoors) -> None:
    request_id = await here.submit(a_request("erase", here.person(Role.RUNNING), "directory"))
    shown = await here.until(request_id, "approval")
    url = f"/v1/requests/{request_id}/approval"
    body = {"plan_digest": shown["plan"]["digest"], "decision": "reject"}
    answer = await here.caller("colleague").post(url, json=body | {"reason": REASON})
    assert answer.json()["closing"] == "rejected"
    told = await said(here, request_id)
    assert (
        f"Wij hebben besloten uw verzoek niet uit te voeren. Er is niets aan uw gegevens veranderd. De reden is: {REASON}"
        in told
    )
    assert "Dan kunt u een klacht indienen" in told
    assert "U kunt ook naar de rechter gaan" in told
    assert REASON.encode() not in at_rest(here.folder)


async def test_a_request_that_staff_stopped_says_why_and_one_that_was_withdrawn_says_that(
    here: Indoors,
) -> None:
    said_of = []
    for reason in ({"reason": REASON}, {}):
        body = a_request("access", here.person(Role.RUNNING), identity=None)
        request_id = await here.submit(body)
        await here.caller().post(f"/v1/requests/{request_id}/cancel", json=reason)
        said_of.append(await said(here, request_id))
    assert (
        f"Wij zijn met uw verzoek gestopt. Er is niets aan uw gegevens veranderd. De reden is: {REASON}"
        in said_of[0]
    )
    assert "Uw verzoek is ingetrokken" in said_of[1]
    assert "De reden is" not in said_of[1]


async def test_each_processor_that_was_told_is_named_whoever_told_them(
    here: Indoors,
) -> None:
    """GDPR Art. 19: by name, whether a program told them or a person did."""
    body = a_request("erase", here.person(Role.ENDED), "subprocessors")
    request_id = await here.carry_out(body, "person")
    assert "PerfectView Hoe wisten" in await said(here, request_id)
    tasks = (await here.get("/v1/tasks"))["items"]
    [task] = [one for one in tasks if one["request_id"] == request_id]
    done = {"evidence": "called them"}
    await here.caller().post(f"/v1/tasks/{task['id']}/completion", json=done)
    await here.until(request_id, "closed")
    assert "IASO Backup • PerfectView Hoe wisten" in await said(here, request_id)


async def test_letters_go_with_the_persons_data_and_their_digests_stay(here: Indoors) -> None:
    """Last in this file: it lets a month pass."""
    request_id = await here.carry_out(
        a_request("access", here.person(Role.RUNNING), "directory"), "closed"
    )
    pdf = (await letter(here, request_id)).content
    await here.let_pass(days=31)
    assert (await letter(here, request_id)).status_code == 410
    assert (await letter(here, request_id, version=1)).status_code == 410
    [listed] = await versions(here, request_id)
    assert (listed["kept"], listed["sha256"]) == (False, sha256(pdf).hexdigest())
