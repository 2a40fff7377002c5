"""What proves one request's evidence, over HTTP, to somebody who has nothing of ours."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from avgate_gateway.proving.note import verifier_key
from avgate_gateway.store import evidence, requests
from avgate_mocks.people import Role

from ..gateway.pdf_text import text_of  # noqa: TID252 -- tests are no packages of one another
from .harness import JsonMap, a_request
from .indoors import Indoors, indoors

VERIFIER = Path(__file__).parents[2] / "docs" / "verify_evidence.py"
EVERYWHERE = ("operator", "xelion", "directory", "subprocessors")
KILOBYTES = 10 * 1000


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Indoors]:
    async with indoors(tmp_path, EVERYWHERE) as made:
        await made.assembled.checkpointer.announce()
        yield made


def checked(here: Indoors, proof: bytes) -> tuple[int, str]:
    file = here.folder / "proof.json"
    file.write_bytes(proof)
    key = verifier_key(here.assembled.checkpointer.key.public_key())
    command = [sys.executable, str(VERIFIER), str(file), key]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 -- our own arguments
    return ended.returncode, ended.stdout + ended.stderr


async def test_an_erasure_everywhere_is_proved_in_ten_kilobytes(here: Indoors) -> None:
    person = here.person(Role.RUNNING)
    request_id = await here.carry_out(a_request("erase", person, *EVERYWHERE))
    early = await here.caller().get(f"/v1/requests/{request_id}/evidence/proof")
    assert (early.status_code, early.headers["retry-after"]) == (409, "30")
    assert early.json()["type"].endswith("/not-ready")
    await here.assembled.checkpointer.sign()
    answer = await here.caller().get(f"/v1/requests/{request_id}/evidence/proof")
    assert answer.status_code == 200
    told = answer.json()
    shown = (await here.get(f"/v1/requests/{request_id}/evidence"))["items"]
    assert [entry[0] for entry in told["entries"]] == [entry["sequence"] for entry in shown]
    assert len(answer.content) < KILOBYTES, (len(answer.content), len(shown))
    code, said = checked(here, answer.content)
    assert code == 0, said
    assert f"{len(shown)} entries of {request_id} are in a signed log" in said
    again = {"if-none-match": answer.headers["etag"]}
    cached = await here.caller().get(answer.request.url.path, headers=again)
    assert cached.status_code == 304


async def test_a_request_of_which_very_much_is_written_down_is_told_to_its_end(
    here: Indoors,
) -> None:
    context = here.assembled.context
    request_id = await here.carry_out(a_request("erase", here.person(Role.RUNNING), "directory"))
    async with context.database.write(request_id) as db:
        request = await requests.find(db, request_id)
        assert request is not None
        told = {"connector": "directory", "recipients": {"First": True}}
        for _ in range(2_000):  # a page of them
            await evidence.note(db, context.now(), request, "effect.ended", told)
        told = {"connector": "directory", "recipients": {"Laatste Bedrijf": True}}
        await evidence.note(db, context.now(), request, "effect.ended", told)
    await here.assembled.checkpointer.sign()
    shown = (await here.get(f"/v1/requests/{request_id}/evidence"))["items"]
    assert shown[-1]["details"] == told
    answer = await here.caller().get(f"/v1/requests/{request_id}/evidence/proof")
    code, said = checked(here, answer.content)
    assert (code, len(answer.json()["entries"])) == (0, len(shown)), said
    letter = await here.caller().get(f"/v1/requests/{request_id}/letter")
    assert "Laatste Bedrijf" in text_of(letter.content)


@pytest.mark.parametrize(
    "what", ["event", "moment", "one left out", "another's id", "path", "note"]
)
async def test_a_proof_that_was_changed_proves_nothing(here: Indoors, what: str) -> None:
    person = here.person(Role.RUNNING)
    request_id = await here.carry_out(a_request("access", person, "operator"))
    await here.assembled.checkpointer.sign()
    answer = await here.caller().get(f"/v1/requests/{request_id}/evidence/proof")
    assert checked(here, answer.content)[0] == 0
    assert checked(here, json.dumps(_spoilt(answer.json(), what)).encode())[0] == 1


def _spoilt(proof: JsonMap, what: str) -> JsonMap:
    first = proof["entries"][0]
    match what:
        case "event":
            first[4] = "request.closed"
        case "moment":
            first[1] = first[1].replace("T", " ")
        case "one left out":
            del proof["entries"][1]
        case "another's id":
            proof["request_id"] = first[3] = "00000000-0000-4000-8000-000000000000"
        case "path":
            proof["path"] = proof["path"][1:]
        case _:
            proof["checkpoint"] = proof["checkpoint"].replace(
                "avgate-evidence\n", "avgate-evidence\n1"
            )
    return proof
