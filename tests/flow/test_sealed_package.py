"""A copy for one recipient: whom it is for is settled when it is asked for, and by nobody later."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pyrage
import pytest

from avgate_gateway import confidential
from avgate_gateway.store import requests
from avgate_gateway.vault import SUBJECT_KEY
from avgate_mocks.people import Role

from .harness import JsonMap, a_request
from .indoors import Indoors, indoors
from .sealed_file import at_rest, file_opened

IDENTITY = pyrage.x25519.Identity.generate()
KEY = str(IDENTITY.to_public())
OTHER = str(pyrage.x25519.Identity.generate().to_public())


async def made(here: Indoors, operation: str = "access", **more: str) -> str:
    person = here.person(Role.RUNNING)
    return await here.carry_out(a_request(operation, person, "directory", **more))


async def received(here: Indoors, request_id: str) -> JsonMap:
    found = await here.get(f"/v1/requests/{request_id}/evidence")
    return dict(found["items"][0]["details"])


@pytest.mark.parametrize("operation", ["access", "export"])
async def test_a_copy_for_a_recipient_opens_with_their_key_alone(
    tmp_path: Path, operation: str
) -> None:
    async with indoors(tmp_path, ("directory",)) as here:
        request_id = await made(here, operation, recipient=KEY)
        answer = await here.caller().get(f"/v1/requests/{request_id}/package")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-disposition"].endswith('.zip.age"')
        with pytest.raises(zipfile.BadZipFile):
            zipfile.ZipFile(io.BytesIO(answer.content))
        package = zipfile.ZipFile(io.BytesIO(pyrage.decrypt(answer.content, [IDENTITY])))
        assert package.testzip() is None
        assert "manifest.json" in package.namelist()


async def test_whoever_fetches_it_cannot_choose_another_recipient_or_none(tmp_path: Path) -> None:
    async with indoors(tmp_path, ("directory",)) as here:
        request_id = await made(here, recipient=KEY)
        url = f"/v1/requests/{request_id}/package"
        for answer in (
            await here.caller().get(url, params={"recipient": OTHER}),
            await here.caller().get(url, headers={"avgate-recipient": OTHER}),
            await here.caller().get(url, headers={"accept": "application/zip"}),
        ):
            assert answer.status_code in {200, 406, 422}
            if answer.status_code == 200:
                assert pyrage.decrypt(answer.content, [IDENTITY])


async def test_a_key_that_somebody_puts_into_the_database_opens_nothing(tmp_path: Path) -> None:
    async with indoors(tmp_path, ("directory",)) as here:
        mine, theirs = await made(here, recipient=OTHER), await made(here, recipient=KEY)
        with file_opened(tmp_path) as db:
            asked = "SELECT confidential_box FROM request WHERE id = ?"
            [(box,)] = db.execute(asked, (mine,)).fetchall()
            db.execute("UPDATE request SET confidential_box = ? WHERE id = ?", (box, theirs))
        answer = await here.caller().get(f"/v1/requests/{theirs}/package")
        assert answer.status_code == 503
        assert answer.json()["type"].endswith("/stored-data-unreadable")
        assert answer.headers["content-type"] == "application/problem+json"


async def test_the_evidence_tells_two_recipients_apart_and_names_neither(tmp_path: Path) -> None:
    async with indoors(tmp_path, ("directory",)) as here:
        ids = [await made(here, recipient=KEY) for _ in range(2)]
        told = [(await received(here, one))["sealed_to"] for one in ids]
        assert told[0] != told[1], "under each request's own key, or it would join requests"
        assert "sealed_to" not in await received(here, await made(here))
        assert KEY.encode() not in at_rest(tmp_path)
        context = here.assembled.context
        async with context.database.read() as db:
            sealed = await requests.sealed(db, ids[0])
        box = context.vault.box(sealed.subject_key, ids[0], SUBJECT_KEY)
        assert sealed.confidential
        plain = box.open(sealed.confidential, confidential.CONTEXT)
        assert confidential.from_bytes(plain).recipient == KEY


@pytest.mark.parametrize(
    ("operation", "recipient", "said"),
    [
        ("erase", KEY, "access or export only"),
        ("access", "age1abc", "must be an age public key"),
        ("access", str(IDENTITY), "must be an age public key"),
    ],
    ids=["of an erasure", "no key", "a secret key"],  # keys differ from process to process
)
async def test_a_recipient_that_cannot_be_is_refused(
    tmp_path: Path, operation: str, recipient: str, said: str
) -> None:
    async with indoors(tmp_path, ("directory",)) as here:
        body = a_request(operation, here.person(Role.RUNNING), recipient=recipient)
        answer = await here.caller().post(
            "/v1/requests", json=body, headers={"idempotency-key": "a"}
        )
        assert answer.status_code == 422
        assert said in answer.text
        assert recipient not in answer.text
