"""What makes a person findable is planted everywhere, and is found nowhere but in the answers to them.

Looked through: the database as whoever has its key reads it, its files, logs, metrics, problem
documents, the lists that are not about one request, and what the system tells of the process.
"""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from avgate_gateway.cli.logs import configure
from avgate_gateway.logs.rendering import formatter
from avgate_mocks.people import Person, Role

from .conftest import begun
from .harness import Mocks, Office, Served, a_request
from .indoors import BY_HAND, Indoors, indoors
from .marking import carried_out, markers, standing_in, talked_about
from .opendsr_sender import DOMAIN, SETTINGS, vouched_for
from .opendsr_sender import a_body as sent_on
from .sealed_file import at_rest


def badly_asked(http: httpx.Client, person: Person) -> bytes:
    """Answers to calls that are wrong in every way, with the person in each of them."""
    number, name = person.lines[0].number, person.name.full
    good = a_request("access", person)
    key = {"idempotency-key": number}
    answers = [
        http.post("/v1/requests", json={**good, number: name}, headers=key),
        http.post("/v1/requests", json={**good, "operation": name}, headers=key),
        http.post(
            "/v1/requests", json={"subject": {"identifiers": [{"kind": number}]}}, headers=key
        ),
        http.post("/v1/requests", content=f'{{"{name}": "{number}'.encode(), headers=key),
        http.post("/v1/requests", content=name.encode(), headers={"content-type": number}),
        http.post(
            "/v1/requests", json=good, headers={"idempotency-key": f"{person.emails[0]}\t{number}"}
        ),
        http.get(f"/v1/requests/{number}"),
        http.get(f"/{person.emails[0]}"),
        http.get("/v1/requests", params={"state": number, name: number}),
        http.get("/v1/requests", params={"cursor": person.iban}),
        http.get("/v1/requests", headers={"authorization": f"Bearer {number}"}),
        http.post(f"/v1/callbacks/{number}"),
        http.get(f"/opendsr/requests/{number}"),
        http.delete(f"/opendsr/requests/{number}"),
        http.post("/opendsr/requests", json=sent_badly(person)),
    ]
    assert all(answer.status_code >= 400 for answer in answers)
    return b"\n".join(answer.content + str(answer.headers).encode() for answer in answers)


def sent_badly(person: Person) -> dict[str, Any]:
    """A request by OpenDSR with the person where nobody is expected."""
    number, name = person.lines[0].number, person.name.full
    wrong = {"identity_type": name, "identity_value": number, "identity_format": number}
    body = sent_on("access", person, datetime.now(UTC), controller_id=name, **{name: number})
    body["subject_identities"].append(wrong)
    body["status_callback_urls"] = [f"https://{number}.example/{person.emails[0]}"]
    return {**body, "extensions": {DOMAIN: {name: number}, name: {number: name}}}


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mocks]:
    made = begun(tmp_path_factory.mktemp("marked"), seed=41, people=40)
    config = vouched_for(made.config.read_text())
    made.config.write_text(config + BY_HAND + SETTINGS)
    yield made
    made.end()


@pytest.fixture(scope="module")
def served(own: Mocks) -> Iterator[Served]:
    made = Served(own.config.parent, is_cold=True)  # what the system tells of it is looked at
    made.start()
    yield made
    made.end()


def test_a_person_stands_nowhere_but_in_the_answers_to_them(own: Mocks, served: Served) -> None:
    office = Office(served.caller("libervoice", "portal"), served.caller("libervoice", "second"))
    people = carried_out(own, office)
    assert len(people) > 100
    somebody = own.everyone[20]
    people |= markers(somebody)
    told = badly_asked(office.asks.http, somebody)
    lists = ("/metrics", "/v1/audit", "/v1/connectors", "/health/ready")
    for path in lists:
        answer = office.asks.http.get(path)
        assert answer.status_code == 200, path
        assert not standing_in(answer.content, people), path
    assert not standing_in(told, people)
    assert not standing_in(served.log().encode(), people)
    process = Path(f"/proc/{served.process.pid}")
    of_the_process = b"".join((process / name).read_bytes() for name in ("environ", "cmdline"))
    assert not standing_in(of_the_process, people)
    limits = (process / "limits").read_text()
    [core] = [line for line in limits.splitlines() if line.startswith("Max core file size")]
    assert core.split()[4:6] == ["0", "0"]
    for file in served.folder.glob("avgate.db*"):
        assert file.stat().st_mode & 0o077 == 0, file
    (served.folder / "mocks.log").unlink(missing_ok=True)  # theirs, not ours
    stored = at_rest(served.folder)
    assert b"request.received" in stored  # so it is read as it should be
    assert not standing_in(stored, people)


async def run_through(here: Indoors) -> set[str]:
    """An erasure, an access whose upstream breaks down, and answers about somebody else."""
    person, other = here.person(Role.RUNNING), here.person(Role.ENDED)
    await here.plant("operator", {"fault": "html_200", "times": 3})
    await here.carry_out(talked_about("access", person))
    await here.plant("directory", {"fault": "error_500", "times": 2})
    await here.carry_out(talked_about("erase", other))
    return markers(person, other)


async def test_not_even_the_most_talkative_log_names_anybody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    configure(logging.DEBUG)
    with caplog.at_level(logging.DEBUG):
        async with indoors(tmp_path, ("operator", "xelion", "directory")) as here:
            people = await run_through(here)
    ours = [r for r in caplog.records if not r.name.startswith(("avgate_mocks", "uvicorn"))]
    told = "\n".join(f"{formatter(json=True).format(record)} {vars(record)}" for record in ours)
    assert {"http.answered", "upstream.called"} <= {record.msg for record in ours}
    assert not standing_in(told.encode(), people)


async def test_the_search_finds_what_is_there(tmp_path: Path) -> None:
    """Its teeth: one line that names somebody, one column in clear."""
    async with indoors(tmp_path, ("directory",)) as here:
        person = here.person(Role.RUNNING)
        await here.carry_out(a_request("access", person, "directory"))
        assert not standing_in(at_rest(tmp_path), markers(person))
        body = a_request("access", person, "directory")
        body["identity"]["verified_by"] = f"desk, by {person.lines[0].number}"
        answer = await here.caller().post(
            "/v1/requests", json=body, headers={"idempotency-key": "a"}
        )
        assert answer.status_code == 202
        assert standing_in(at_rest(tmp_path), markers(person)) == {person.lines[0].number}
    (tmp_path / "a.log").write_text(f"looked for {person.name.full}")
    assert person.name.full in standing_in(at_rest(tmp_path), markers(person))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has it")
def test_a_process_that_holds_people_leaves_no_core_and_is_read_by_nobody_else() -> None:
    asked = (
        "import ctypes, resource, os; from avgate_gateway.hardening import keep_to_itself; "
        "keep_to_itself(); "
        "print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), resource.getrlimit(4), oct(os.umask(0)))"
    )
    told = subprocess.run(  # noqa: S603 -- ourselves
        [sys.executable, "-c", asked], capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == "0 (0, 0) 0o77"
