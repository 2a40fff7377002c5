"""What a package holds: whole copies, without what expired upstream while it was being made."""

from __future__ import annotations

import io
import json
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

from avgate_mocks.people import Person, Role

from ..gateway.pdf_text import text_of  # noqa: TID252 -- tests are no packages of one another
from .harness import JsonMap, a_request
from .indoors import Indoors, indoors
from .sealed_file import file_opened


async def opened(here: Indoors, request_id: str) -> zipfile.ZipFile:
    answer = await here.caller().get(f"/v1/requests/{request_id}/package")
    assert answer.status_code == 200, answer.text
    return zipfile.ZipFile(io.BytesIO(answer.content))


def talkative(here: Indoors) -> Person:
    """Whoever has most recordings, so that their copy is written down in several pieces."""
    ours = [p for p in here.world.people[12:] if p.controller == "libervoice"]
    return max(ours, key=lambda person: person.volume.recordings)


def pieces(folder: Path, request_id: str, connector: str) -> int:
    with file_opened(folder) as db:
        asked = "SELECT count(*) FROM copy_part WHERE request_id = ? AND connector = ?"
        [(count,)] = db.execute(asked, (request_id, connector)).fetchall()
    return int(count)


async def test_half_a_copy_is_not_handed_out(tmp_path: Path) -> None:
    async with indoors(tmp_path, ("operator", "directory")) as here:
        person = talkative(here)
        broken: JsonMap = {"fault": "html_200", "path_contains": "/audio/", "times": 10_000}
        skip = person.volume.voicemails + person.volume.recordings - 1
        await here.plant("operator", {**broken, "skip": skip})
        body = a_request("access", person, "operator", "directory")
        request_id = await here.submit(body)
        await here.until(request_id, "person")
        assert pieces(tmp_path, request_id, "operator"), "nothing was written before it broke off"
        archive = await opened(here, request_id)
        assert not [name for name in archive.namelist() if "operator" in name]
        assert [name for name in archive.namelist() if "directory" in name]
        manifest: Any = json.loads(archive.read("manifest.json"))
        assert {section["connector"] for section in manifest["sections"]} == {"directory"}
        await here.plant("operator")
        await here.caller().post(f"/v1/requests/{request_id}/retry", json={})
        await here.until(request_id, "closed")
        whole = await opened(here, request_id)
        assert [name for name in whole.namelist() if name.endswith(".wav")]


async def test_a_recording_that_expires_while_it_is_copied_is_counted_as_gone(
    tmp_path: Path,
) -> None:
    async with indoors(tmp_path, ("xelion",)) as here:
        person = here.person(Role.RUNNING)
        held = await here.holds("xelion", person)
        gone: list[str] = []

        async def expire() -> None:
            """Takes the first sound away between its being seen and its being fetched."""
            here.before_call = expire
            last = here.calls[-1]
            if last.endswith("/audio") and here.calls.count(last) == 2 and not gone:
                gone.append(last.split("/")[-2])
                order = {"tenant": "libervoice", "oids": gone}
                await here.outside.post(f"{here.addresses['xelion']}/_by_hand", json=order)

        here.before_call = expire
        request_id = await here.carry_out(a_request("access", person, "xelion"))
        assert (await here.request(request_id))["state"] == "closed"
        assert len(gone) == 1
        evidence = (await here.get(f"/v1/requests/{request_id}/evidence"))["items"]
        [copied] = [one["details"] for one in evidence if one["event"] == "task.copied"]
        sounds = held["voicemail"] + held["recording"]
        assert (copied["files"], copied["files_gone"]) == (sounds - 1, 1)
        whole = await opened(here, request_id)
        assert len([name for name in whole.namelist() if name.endswith(".mp3")]) == sounds - 1
        manifest = json.loads(whole.read("manifest.json"))
        [system] = manifest["systems"]
        assert (system["files"], system["files_gone"]) == (sounds - 1, 1)
        assert manifest["complete"] is False
        [page] = [whole.read(one).decode() for one in whole.namelist() if one.endswith(".txt")]
        assert "kopiëren: 1." in page
        letter = await here.caller().get(f"/v1/requests/{request_id}/letter")
        assert "bestanden die er niet meer waren (1)" in text_of(letter.content)
        counted: Counter[str] = Counter()
        for line in await here.report(request_id):
            counted[line["category"]] += line["count"]
        assert counted == held


async def test_what_has_no_copy_or_no_plan_says_why(tmp_path: Path) -> None:
    async with indoors(tmp_path, ("directory",)) as here:
        person, caller = here.person(Role.RUNNING), here.caller()
        erasure = await here.submit(a_request("erase", person))
        access = await here.carry_out(a_request("access", person))
        await here.until(erasure)
        await here.decide(erasure, decision="reject")
        withdrawn = await here.submit(a_request("access", person))
        assert (await caller.post(f"/v1/requests/{withdrawn}/cancel")).status_code == 200
        for at, why in (
            (f"{erasure}/package", "Only an access and an export make a copy."),
            (f"{access}/plan", "Only an erasure and a rectification have a plan."),
            (f"{withdrawn}/package", "The request was not carried out: there is no copy."),
        ):
            answer = await caller.get(f"/v1/requests/{at}")
            assert answer.status_code == 404
            assert answer.json()["detail"].startswith(why)
