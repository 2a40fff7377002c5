"""What is not accepted by OpenDSR is named in its words, and not repeated."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import uuid4

import httpx
import pytest
from tests.flow.harness import JsonMap
from tests.flow.indoors import Indoors
from tests.flow.opendsr_sender import DOMAIN, ID, Sender, a_request, identity

from avgate_gateway.api.application import application
from avgate_mocks.people import Role

from .answers import errors

pytestmark = pytest.mark.asyncio(loop_scope="module")
_BSN = "123456782"  # the example of the government's own documentation


async def test_a_controller_id_has_to_be_one_of_the_tokens_controller(sender: Sender) -> None:
    here = sender.here
    for own in (ID, "libervoice", None):
        body = a_request("access", here.person(Role.RUNNING), here, controller_id=own)
        assert (await sender.send(body)).status_code == 201
    told = [
        (
            await sender.send(
                a_request("access", here.person(Role.RUNNING), here, controller_id=other)
            )
        )
        for other in ("mister-voip", "nobody")
    ]
    assert errors(told[0], 403) == errors(told[1], 403)


WRONG: dict[str, tuple[JsonMap, str]] = {
    "no regulation": ({"regulation": None}, "#/regulation"),
    "another regulation": ({"regulation": "lgpd"}, "#/regulation"),
    "an id in capitals": ({"subject_request_id": str(uuid4()).upper()}, "#/subject_request_id"),
    "an id of version 1": (
        {"subject_request_id": "c232ab00-9414-11ec-b3c8-9f6bdeced846"}, "#/subject_request_id",
    ),
    "a rectification": ({"subject_request_type": "rectification"}, "#/subject_request_type"),
    "nobody": ({"subject_identities": None}, "#/subject_identities"),
    "a device": (
        {"subject_identities": [identity("ios_vendor_id", "geheim")]},
        "#/subject_identities/0/identity_type",
    ),
    "a digest": (
        {"subject_identities": [identity("email", "geheim", "sha256")]},
        "#/subject_identities/0/identity_format",
    ),
    "no address": ({"subject_identities": [identity("email", "geheim")]}, "#/subject_identities/0"),
    "no customer": (
        {"subject_identities": [identity("controller_customer_id", "geheim *")]},
        "#/subject_identities/0",
    ),
    "no zone": ({"submitted_time": "2026-01-05T10:00:00"}, "#/submitted_time"),
    "the future": ({"submitted_time": "2999-01-05T10:00:00Z"}, "#/submitted_time"),
    "a host that nobody allowed": (
        {"status_callback_urls": ["https://geheim.example/x"]}, "#/status_callback_urls/0",
    ),
    "a citizen service number": (
        {"extensions": {DOMAIN: {"identities": [identity("name_address", f"Jansen {_BSN}")]}}},
        f"#/extensions/{DOMAIN}/identities/0",
    ),
    "more than our extension has": (
        {"extensions": {DOMAIN: {"scope": "geheim"}}}, f"#/extensions/{DOMAIN}",
    ),
    "too many": (
        {"subject_identities": [identity("email", f"a{n}@b.example") for n in range(51)]},
        "#/subject_identities",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("changed", "where"), WRONG.values(), ids=list(WRONG))
async def test_what_cannot_be_accepted_is_named_and_not_repeated(
    sender: Sender, changed: JsonMap, where: str
) -> None:
    person = sender.here.person(Role.RUNNING)
    answer = await sender.send(a_request("access", person, sender.here, **changed))
    assert [one["reason"] for one in errors(answer)] == [where]
    assert "geheim" not in answer.text
    assert _BSN not in answer.text
    assert person.customer_id not in answer.text


@pytest.mark.parametrize("form", ["sha1", "md5", "sha256"])
async def test_a_digest_is_refused_as_discovery_says_and_told_what_to_send(
    sender: Sender, form: str
) -> None:
    prefix = sender.naming.prefix
    told = (await sender.http.get(f"{prefix}/discovery")).json()
    assert {one["identity_format"] for one in told["supported_identities"]} == {"raw"}
    person = sender.here.person(Role.RUNNING)
    both = [
        identity("controller_customer_id", person.customer_id),
        identity("email", "0" * 40, form),
    ]
    answer = await sender.send(a_request("erasure", person, sender.here, subject_identities=both))
    [error] = errors(answer)
    assert error["reason"] == "#/subject_identities/1/identity_format"
    assert "send the value itself, as raw" in error["message"]


async def test_what_the_guard_refuses_is_told_in_the_same_words(sender: Sender) -> None:
    at = sender.naming.collection
    assert errors(
        await sender.http.post(at, content=b"{", headers={"content-type": "application/json"})
    )
    assert errors(await sender.http.post(at, content=b"<x/>", headers={"content-type": "text/xml"}))
    assert errors(await sender.http.post(at, json={"x": "x" * 70_000}), 413)
    assert errors(await sender.http.get(at), 405)
    answer = await sender.http.get(f"{at}/{uuid4()}", headers={"authorization": "Bearer x.y.z"})
    assert errors(answer, 401)
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_nobody_may_send_where_it_is_not_set_up(here: Indoors) -> None:
    gateway = replace(here.assembled.gateway, opendsr=None)
    app = application(gateway, here.assembled.verifier, here.assembled.limits)
    headers = here.caller().headers
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(
        transport=transport, headers=headers, base_url="http://gateway.test"
    ) as http:
        for path in ("/opendsr/discovery", "/opengdpr/certificate.pem"):
            assert errors(await http.get(path), 404)
        body: Any = a_request("access", here.person(Role.RUNNING), here)
        assert errors(await http.post("/opendsr/requests", json=body), 404)
