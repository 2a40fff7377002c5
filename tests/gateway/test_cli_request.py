"""`avgate request`: the conversation with the gateway, and how it ends."""

import stat
from pathlib import Path

import httpx
import pytest

from avgate_client import AvgateClient, AvgateError, Runtime, UnreachableError, WhichLetter
from avgate_client.problems import BASE
from avgate_gateway.authentication import Scope
from avgate_gateway.cli.conversation import connected, failure
from avgate_gateway.cli.exits import CommandError, Exit
from avgate_gateway.cli.request.download import save_letter, save_package
from avgate_gateway.cli.request.following import Following
from avgate_gateway.cli.request.outcome import ending, exit_code
from avgate_gateway.cli.request.reaching import Reach
from avgate_gateway.cli.request.submitting import Order, _recorded
from avgate_gateway.cli.running import run
from avgate_gateway.cli.screen import Silent

from .invented_answers import (
    REACH,
    as_json,
    client,
    part,
    request,
)

URL = "http://127.0.0.1:8080"
DOWN = httpx.Response(503)
PROBLEM = {"content-type": "application/problem+json"}


async def test_a_refusal_is_told_in_the_gateways_words() -> None:
    problem = {
        "type": f"{BASE}invalid-content",
        "title": "The body holds something that cannot be accepted",
        "status": 422,
        "errors": [{"pointer": "#/subject", "detail": "is missing"}],
    }
    answer = httpx.Response(422, json=problem, headers=PROBLEM)
    told = await refused(answer)
    assert str(told).endswith("cannot be accepted. #/subject: is missing.")
    assert told.code is Exit.WRONG


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        (httpx.Response(404, json={"title": "No"}, headers=PROBLEM), Exit.NOT_FOUND, "No"),
        (httpx.Response(503), Exit.UNREACHABLE, f"{URL}/health/ready and its log say why"),
        (
            httpx.Response(503, json={"title": "Not now"}, headers={**PROBLEM, "retry-after": "2"}),
            Exit.UNREACHABLE,
            f"answers 503 (Not now); {URL}/health/ready and its log say why; try again in 2 seconds",
        ),
        (
            httpx.Response(429, json={"title": "Slow"}, headers={**PROBLEM, "retry-after": "60"}),
            Exit.UNREACHABLE,
            "answers 429 (Slow); try again in 60 seconds",
        ),
        (httpx.Response(403), Exit.WRONG, "refused with status 403"),
        (httpx.Response(200, json={}), Exit.WRONG, "no gateway of this release"),
        (httpx.Response(302), Exit.WRONG, "no gateway of this release"),
    ],
)
async def test_each_failure_has_its_exit_code(
    answer: httpx.Response, code: Exit, words: str
) -> None:
    told = await refused(answer)
    assert told.code is code
    assert words in str(told)


async def refused(answer: httpx.Response) -> CommandError:
    with pytest.raises(AvgateError) as raised:
        await client({"GET /v1/requests/r-1": answer}).get("r-1")
    return failure(raised.value, URL)


async def test_what_cannot_be_an_id_is_not_repeated() -> None:
    with pytest.raises(AvgateError) as raised:
        await client({}).get("jan@example.nl/../x")
    assert str(failure(raised.value, URL)) == "that cannot be the id of a request or task"


@pytest.mark.parametrize("url", ["http://gateway.example", "ftp://127.0.0.1", "gateway"])
async def test_a_token_goes_nowhere_in_the_clear(url: str) -> None:
    with pytest.raises(CommandError, match="must be https"):
        async with connected(url, "token"):
            pytest.fail("a client was opened")


async def test_what_happens_inside_a_conversation_is_told_as_a_command_does() -> None:
    with pytest.raises(CommandError, match=r"at http://127\.0\.0\.1:1024, or .* --url$") as raised:
        async with connected("http://127.0.0.1:1024", "token"):
            raise UnreachableError("nobody there", was_sent=False)
    assert raised.value.code is Exit.UNREACHABLE


async def test_a_package_is_saved_for_one_pair_of_eyes(tmp_path: Path) -> None:
    talk = client({"GET /v1/requests/r-1/package": httpx.Response(200, content=b"PK..")})
    saved = tmp_path / "copy.zip"
    assert await save_package(talk, "r-1", saved) == 4
    assert saved.read_bytes() == b"PK.."
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600


async def test_a_package_that_is_not_there_leaves_nothing_behind(tmp_path: Path) -> None:
    gone = httpx.Response(410, json={"title": "Destroyed, as promised"}, headers=PROBLEM)
    talk = client({"GET /v1/requests/r-1/package": gone})
    with pytest.raises(AvgateError, match="Destroyed"):
        await save_package(talk, "r-1", tmp_path / "copy.zip")
    assert not _left_in(tmp_path)


async def test_two_downloads_of_one_copy_do_not_meet(tmp_path: Path) -> None:
    (tmp_path / "copy.zip.part").touch()
    with pytest.raises(CommandError, match=r"copy\.zip\.part is in the way"):
        await save_package(client({}), "r-1", tmp_path / "copy.zip")
    assert _left_in(tmp_path) == [tmp_path / "copy.zip.part"]


async def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be written: No such file"):
        await save_package(client({}), "r-1", tmp_path / "nowhere/copy.zip")


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
    assert await save_letter(talk, "r-1", WhichLetter("en", version=2, providers=True), saved) == 8
    assert dict(seen[0].url.params) == {"language": "en", "version": "2", "providers": "true"}
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


@pytest.mark.parametrize("why", [(), ("--reason", " ")], ids=["none", "blank"])
def test_a_rejection_without_a_reason_is_refused_before_anybody_is_asked(
    why: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["request", "approve", "r-1", "--token", "t", "--yes", "--reject", *why]
    assert run(words) is Exit.USAGE
    assert "say why with --reason" in capsys.readouterr().err


async def test_where_the_gateway_goes_away_meanwhile_it_is_said_which_request_was_recorded() -> (
    None
):
    """Who is not told submits it once more, and under another key."""
    for silent in ("r-1", "r-1/report"):
        gone = {"GET /v1/requests/r-1": as_json(request()), f"GET /v1/requests/{silent}": DOWN}
        following = Following(client(gone), REACH, Silent(), json=False)
        with pytest.raises(CommandError) as raised:
            await following.conclude(await following.until_settled(request(), 1), waited=True)
        assert raised.value.code is Exit.UNREACHABLE
        assert str(raised.value).endswith(f": {REACH.command('show', 'r-1')}")


@pytest.mark.parametrize("answer", [httpx.Response(202, json={}), httpx.Response(503)])
async def test_a_submission_that_may_be_recorded_is_told_with_its_key(
    answer: httpx.Response,
) -> None:
    order = Order({}, "k-1", wait=False, seconds=0, output=None)
    with pytest.raises(CommandError, match=r"and not twice: --key k-1$"):
        await _recorded(client({"POST /v1/requests": answer}), order, URL)


async def test_a_request_is_followed_for_longer_than_a_token_lasts(tmp_path: Path) -> None:
    config = tmp_path / "avgate.toml"
    config.write_text('[controllers.a]\ntitle = "A"\nretention = "libervoice-2019"\n')
    seen: list[str] = []

    def answer(asked: httpx.Request) -> httpx.Response:
        seen.append(asked.headers["authorization"])
        return httpx.Response(401) if len(seen) == 2 else as_json(request())

    runtime = Runtime(transport=lambda: httpx.MockTransport(answer))
    token = Reach(URL, None, config, None, "desk").token_for({Scope.READ})
    async with AvgateClient(URL, token=token, runtime=runtime) as talk:
        for _ in range(2):
            await talk.get("r-1")
    assert seen[0] == seen[1]
    assert seen[2] not in seen[:2]


def test_what_keeps_a_token_from_being_signed_is_said_at_once(tmp_path: Path) -> None:
    config = tmp_path / "avgate.toml"
    config.write_text('[controllers.a]\ntitle = "A"\nretention = "libervoice-2019"\n')
    with pytest.raises(CommandError, match="no controller of that name"):
        Reach(URL, None, config, "b", "desk").token_for({Scope.READ})
