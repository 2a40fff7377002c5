"""`avgate request`: the conversation with the gateway, and how it ends."""

import stat
from pathlib import Path

import httpx
import pytest

from avgate_contracts.http import Runtime
from avgate_gateway.cli.exits import CommandError, Exit
from avgate_gateway.cli.gateway_client import GatewayClient
from avgate_gateway.cli.request.download import save, save_package
from avgate_gateway.cli.request.outcome import ending, exit_code
from avgate_gateway.cli.request.reaching import Reach
from avgate_gateway.cli.watching import watched

from .invented_answers import (
    REACH,
    as_json,
    client,
    no_sleep,
    part,
    request,
)


async def test_a_submission_carries_its_key_and_token() -> None:
    seen: list[httpx.Request] = []
    talk = client({"POST /v1/requests": as_json(request())}, seen)
    await talk.submit({"operation": "access"}, key="k-1")
    assert seen[0].headers["idempotency-key"] == "k-1"
    assert seen[0].headers["authorization"] == "Bearer token"


async def test_a_refusal_is_told_in_the_gateways_words() -> None:
    problem = {
        "title": "The body holds something that cannot be accepted",
        "status": 422,
        "errors": [{"pointer": "#/subject", "detail": "is missing"}],
    }
    talk = client({"GET /v1/requests/r-1": httpx.Response(422, json=problem)})
    with pytest.raises(CommandError, match=r"cannot be accepted\. #/subject: is missing") as raised:
        await talk.request("r-1")
    assert raised.value.code is Exit.WRONG


async def test_another_controllers_request_is_not_found() -> None:
    talk = client(
        {"GET /v1/requests/r-1": httpx.Response(404, json={"title": "No", "status": 404})}
    )
    with pytest.raises(CommandError) as raised:
        await talk.request("r-1")
    assert raised.value.code is Exit.NOT_FOUND


async def test_a_gateway_that_does_not_answer_is_said_to() -> None:
    talk = client({"GET /v1/requests/r-1": httpx.Response(503)})
    with pytest.raises(CommandError, match="does not answer") as raised:
        await talk.request("r-1")
    assert raised.value.code is Exit.UNREACHABLE


@pytest.mark.parametrize("url", ["http://gateway.example", "ftp://127.0.0.1", "gateway"])
def test_a_token_goes_nowhere_in_the_clear(url: str) -> None:
    with pytest.raises(CommandError, match="must be https"):
        GatewayClient.at(url, "token")


async def test_a_request_is_followed_until_somebody_is_needed() -> None:
    states = iter(
        [
            as_json(request(state="running")),
            as_json(request(state="running")),
            as_json(request(state="waiting", waiting_for="approval")),
        ]
    )
    runtime = Runtime(transport=lambda: httpx.MockTransport(lambda _: next(states)))
    talk = GatewayClient.at("http://127.0.0.1:1024", "token", runtime)
    calm = Runtime(sleep=no_sleep, monotonic=lambda: 0.0)
    seen = [r.state async for r in watched(talk, "r-1", seconds=9, runtime=calm)]
    assert seen == ["running", "waiting"]


async def test_a_request_is_not_followed_for_longer_than_asked() -> None:
    talk = client({"GET /v1/requests/r-1": as_json(request(state="running"))})
    time = iter([0.0, 1.0, 2.0, 3.0])
    runtime = Runtime(sleep=no_sleep, monotonic=lambda: next(time))
    seen = [r.state async for r in watched(talk, "r-1", seconds=2, runtime=runtime)]
    assert seen == ["running"]


async def test_a_package_is_saved_for_one_pair_of_eyes(tmp_path: Path) -> None:
    talk = client({"GET /v1/requests/r-1/package": httpx.Response(200, content=b"PK..")})
    saved = tmp_path / "copy.zip"
    assert await save_package(talk, "r-1", saved) == 4
    assert saved.read_bytes() == b"PK.."
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600


async def test_a_package_that_is_not_there_leaves_nothing_behind(tmp_path: Path) -> None:
    gone = httpx.Response(
        410, json={"title": "This has been destroyed, as promised", "status": 410}
    )
    talk = client({"GET /v1/requests/r-1/package": gone})
    with pytest.raises(CommandError, match="destroyed"):
        await save_package(talk, "r-1", tmp_path / "copy.zip")
    assert not _left_in(tmp_path)


async def test_a_hand_over_is_asked_for_and_shown() -> None:
    one = {"id": "h-1", "destination": "next", "state": "waiting", "attempts": 0}
    seen: list[httpx.Request] = []
    answers = {
        "POST /v1/requests/r-1/handover": httpx.Response(202, json=one),
        "GET /v1/requests/r-1/handovers": httpx.Response(200, json={"items": [one], "next": None}),
    }
    talk = client(answers, seen)
    assert (await talk.hand_over("r-1", "next")).state == "waiting"
    assert seen[0].read() == b'{"destination":"next"}'
    assert [found.id for found in await talk.handovers("r-1")] == ["h-1"]


async def test_a_letter_is_saved_in_the_version_that_is_asked_for(tmp_path: Path) -> None:
    seen: list[httpx.Request] = []
    path = "GET /v1/requests/r-1/letter"
    talk = client({path: httpx.Response(200, content=b"%PDF-1.7")}, seen)
    saved = tmp_path / "letter.pdf"
    assert await save(lambda file: talk.letter("r-1", {"version": 2}, file), saved) == 8
    assert seen[0].url.params["version"] == "2"
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600


def _left_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, Exit.DONE),
        ({"connectors": [part(outcome="nothing_held"), part(outcome="not_relevant")]}, Exit.DONE),
        ({"connectors": [part(), part(outcome="failed")]}, Exit.NOT_ALL_DONE),
        ({"connectors": [part(outcome="refused")]}, Exit.NOT_ALL_DONE),
        ({"closing": "rejected"}, Exit.NOT_ALL_DONE),
        ({"state": "waiting", "waiting_for": "identity"}, Exit.WAITS_FOR_A_PERSON),
        ({"state": "waiting", "waiting_for": "approval"}, Exit.WAITS_FOR_A_PERSON),
        ({"state": "waiting", "waiting_for": "person"}, Exit.WAITS_FOR_A_PERSON),
        ({"state": "waiting", "waiting_for": "upstream"}, Exit.UNDER_WAY),
        ({"state": "running"}, Exit.UNDER_WAY),
    ],
)
def test_the_exit_code_says_how_it_stands(changes: dict[str, object], code: Exit) -> None:
    assert exit_code(request(**changes)) is code


def test_the_next_command_is_a_colleagues_and_complete() -> None:
    waiting = request(state="waiting", waiting_for="approval")
    assert list(ending(waiting, REACH))[1].endswith(
        "avgate request approve r-1 --config avgate.toml --controller libervoice --client COLLEAGUE"
    )


def test_a_token_does_not_show_in_the_next_command() -> None:
    reach = Reach("https://gateway.example", "secret", None, None, None)
    assert reach.command("show", "r-1") == ("avgate request show r-1 --url https://gateway.example")
