"""The client against a gateway that runs: its page block by block, and answers that get lost."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
import pytest

from avgate_client import AvgateClient, DataSubject, Identifier, IdentifierKind, Patience, Runtime
from avgate_client.problems import NotReadyError, PlanChangedError, SecondPersonRequiredError
from avgate_gateway.authentication import Scope
from avgate_mocks.people import Person

from .conftest import Casting
from .harness import Served, token

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "client/README.md"
DESCRIBED = json.loads((ROOT / "contracts/openapi/gateway.json").read_text("utf-8"))
SCOPES = tuple(scope for scope in Scope if scope is not Scope.ADMIN)
# For those who watch the process, for upstreams, and for dialects that have clients of their own.
NOT_OURS = ("/health/", "/metrics", "/v1/callbacks/", "/opendsr", "/opengdpr", "/console")


class Faulty(httpx.AsyncHTTPTransport):
    """The network, which loses the answers to some calls after they were carried out."""

    def __init__(self, lost: dict[str, int]) -> None:
        super().__init__(trust_env=False)
        self.lost = lost
        self.seen: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        answer = await super().handle_async_request(request)
        name = f"{request.method} {request.url.path.rsplit('/', 1)[1]}"
        if self.lost.get(name, 0):
            self.lost[name] -= 1
            await answer.aread()
            await answer.aclose()
            raise httpx.ReadError("the answer was lost")
        return answer


@asynccontextmanager
async def talking(
    served: Served, name: str = "desk", lost: dict[str, int] | None = None
) -> AsyncIterator[tuple[AvgateClient, Faulty]]:
    network = Faulty(lost or {})
    made = token(served.folder / "avgate-token.jwk", "libervoice", name, SCOPES)
    client = AvgateClient(
        served.base, token=made, patience=Patience(longest_wait=5.0),
        runtime=Runtime(transport=lambda: network),
    )  # fmt: skip
    async with client:
        yield client, network


def customer(person: Person) -> str:
    [found] = [one for one in person.identifiers() if one.kind == "customer_id"]
    return found.value


async def test_a_submission_whose_answers_were_lost_is_recorded_once(
    served: Served, anyone: Casting
) -> None:
    async with talking(served, "lossy", {"POST requests": 2}) as (client, network):
        held = Identifier.of(IdentifierKind.CUSTOMER_ID, customer(anyone()))
        request = await client.restrict(DataSubject([held]))
        assert len({asked.headers["idempotency-key"] for asked in network.seen}) == 1
        assert len(network.seen) == 3
        alike = [
            one.id
            async for one in client.requests(reference=request.subject.reference, page_size=1)
        ]
        assert alike == [request.id]


async def test_a_decision_whose_answer_was_lost_is_made_once(
    served: Served, anyone: Casting
) -> None:
    asked = {"customer_id": customer(anyone(runs=False))}
    async with (
        talking(served) as (client, _),
        talking(served, "colleague", {"POST approval": 1}) as (colleague, network),
    ):
        body = {"method": "portal", "verified_by": "jan", "verified_at": "2026-01-05T10:00:00Z"}
        request = await client.submit(
            {
                "operation": "erase",
                "subject": {
                    "identifiers": [{"kind": "customer_id", "value": asked["customer_id"]}]
                },
                "identity": {**body},
                "scope": {"connectors": ["operator"]},
            }
        )
        request = await request.wait(seconds=40)
        assert request.waiting_for == "approval"
        plan = await client.plan(request.id)
        with pytest.raises(SecondPersonRequiredError):
            await client.approve(request.id, plan.digest)
        with pytest.raises(PlanChangedError):
            await colleague.approve(request.id, "0" * 64)
        await colleague.approve(request.id, plan.digest)
        assert [a.url.path.rsplit("/", 1)[1] for a in network.seen] == ["approval"] * 3
        closed = await client.wait(request.id, "closed", seconds=40)
        entries = await client.evidence(request.id)
        assert [entry.event for entry in entries].count("plan.approved") == 1
        told = [event async for event in client.events(closed.id)]
        assert [event.sequence for event in told] == [entry.sequence for entry in entries]
        assert (await client.report(request.id)).state == "closed"
        with suppress(NotReadyError):  # a checkpoint is signed every half minute
            assert json.loads(await client.proof(request.id))["request_id"] == request.id


async def test_all_that_the_gateway_tells_of_itself_can_be_read(served: Served) -> None:
    async with talking(served) as (client, _):
        assert {one.name for one in await client.connectors()} >= {"operator", "xelion"}
        assert (await client.retention()).items
        assert all(one.name for one in await client.processors())
        states = {task.state async for task in client.tasks(None, page_size=2)}
        assert states <= {"open", "completed"}
        chain = [entry async for entry in client.audit(page_size=7)]
        assert chain == sorted(chain, key=lambda entry: entry.sequence)
        later = [entry.sequence async for entry in client.audit(after=chain[2].sequence)]
        assert later[: len(chain) - 3] == [entry.sequence for entry in chain[3:]]


def paths_of_the_client() -> set[str]:
    source = "".join(
        path.read_text("utf-8") for path in (ROOT / "client/avgate_client").glob("*.py")
    )
    below = re.findall(r'_below\(request_id, "([\w/]+)"', source)
    below += re.findall(r'_decide\(\s*request_id, "(\w+)"', source)
    whole = re.findall(r'"(/v1/[a-z/{}]+)"', source)
    return {re.sub(r"\{\w+\}", "{}", path) for path in whole} | {
        f"/v1/requests/{{}}/{b}" for b in below
    }


def test_every_call_of_the_api_is_one_of_the_clients() -> None:
    described = {
        re.sub(r"\{\w+\}", "{}", path)
        for path in DESCRIBED["paths"]
        if not path.startswith(NOT_OURS)
    }
    assert described <= paths_of_the_client()


def blocks() -> Iterator[str]:
    yield from re.findall(
        r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )


def test_the_page_does_what_it_says(
    served: Served, anyone: Casting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    keys = served.folder / "avgate-token.jwk"
    person = anyone(runs=False)
    monkeypatch.setenv("AVGATE_URL", served.base)
    monkeypatch.setenv("AVGATE_TOKEN", token(keys, "libervoice", "desk", SCOPES))
    monkeypatch.setenv("AVGATE_COLLEAGUE_TOKEN", token(keys, "libervoice", "colleague", SCOPES))
    monkeypatch.setenv("CUSTOMER_ID", customer(person))
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for number, code in enumerate(blocks()):
        exec(compile(code, f"{PAGE.name}, block {number}", "exec"), names)  # noqa: S102 -- our own page
    said = capsys.readouterr().out
    for expected in ("stays:", " erased", "plan.approved", "saved ", "409 The request is in a"):
        assert expected in said
    assert [path.name for path in tmp_path.iterdir()] == ["copy.zip"]
