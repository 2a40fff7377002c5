"""What a page reads and writes is its controller's alone, as with the calls in `tests/flow/test_own_rows`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Final
from uuid import uuid4

import pytest
import pytest_asyncio

from avgate_contracts.vocabulary import Operation
from avgate_gateway import console
from avgate_gateway.authentication import Scope
from avgate_gateway.store.queue import Pile

from ..flow.watched import Watch, asked_by, watched
from .hall import GUARDED, HERE, THERE, Hall, a_hall
from .lobby import told

ALLOWED: Final[Mapping[str, str]] = {
    "evidence.append": "there is one chain: the number and digest of its last entry tell of nobody",
    "checkpoints.length": "there is one chain: it is as long for everybody",
    "audit_pages._first_at": "a day is found by halving: of entries in between only their moment is read",
    "evidence.rows": "a stretch is examined as a whole, and only whether it fits is told",
    "pauses.lasting": "a process keeps in memory what is paused of everybody, and tells each their own",
    "pauses.ended": "likewise",
    "console_sessions.begin": "who signs in is nobody yet, and is whose their provider says",
    "console_sessions.forget": "drops what ended long ago, of everybody, and shows nothing",
    "console_sessions.time_out": "ends what has run out, of everybody, and shows nothing",
    "console_sessions.end_by_provider": "a provider ends what it began, by its own names of people",
}
ASKED: Final = [
    "/console/audit?day=2026-11-30",
    "/console/audit?case=0123abcd&person=anna&event=request.received",
    "/console/audit?before=5",
    "/console?pile=closed&operation=erase&connector=directory",
    *(f"/console?pile={pile}&connector=directory" for pile in Pile),
    "/console/deliveries?state=failed",
    "/console/deliveries?receiver=crm",
    "/console/tasks?state=completed",
    "/console/figures?from=2026-01-01&until=2026-12-31",
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hall(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hall]:
    async with a_hall(tmp_path_factory.mktemp("rows")) as hall:
        yield hall


@pytest.fixture(scope="module")
def watch(hall: Hall) -> Watch:
    made = Watch(ALLOWED)
    watched(hall.at.here.assembled.context.database, made)
    return made


@pytest.mark.parametrize("at", GUARDED, ids=" ".join)
@pytest.mark.asyncio(loop_scope="module")
async def test_every_statement_of_a_page_is_bound_to_its_controller(
    at: tuple[str, str], hall: Hall, watch: Watch
) -> None:
    for operation in GUARDED[at].operations or (Operation.ACCESS,):
        own = hall.own(at, operation)
        for controller, target in ((HERE, str(uuid4())), (THERE, own), (HERE, own)):
            who = await hall.somebody(controller, [scope.value for scope in Scope])
            with watch.call(controller):
                await hall.knock(at, target, operation, who)
    assert not watch.taken()


@pytest.mark.parametrize("url", ASKED)
@pytest.mark.asyncio(loop_scope="module")
async def test_whatever_a_page_is_asked_for_it_is_ones_own(
    url: str, hall: Hall, watch: Watch
) -> None:
    browser, _ = await hall.somebody(HERE, [scope.value for scope in Scope])
    with watch.call(HERE):
        answer = await browser.get(url)
    assert answer.status_code == 200, answer.text
    assert not watch.taken()


@pytest.mark.asyncio(loop_scope="module")
async def test_a_search_finds_ones_own(hall: Hall, watch: Watch) -> None:
    browser, csrf = await hall.somebody(HERE, [scope.value for scope in Scope])
    with watch.call(HERE):
        answer = await browser.post(
            "/console/people", {"csrf": csrf, "query": hall.requests[Operation.ACCESS]}
        )
    assert answer.status_code == 303, answer.text
    assert not watch.taken()


@pytest.mark.asyncio(loop_scope="module")
async def test_who_comes_and_goes_reaches_their_own(hall: Hall, watch: Watch) -> None:
    at, browser = hall.at, hall.at.browser()
    with watch.call(None):
        await at.through(browser, sub="u-7", sid="s-1")
    await at.here.let_pass(seconds=90)
    with watch.call(None):
        csrf = await browser.csrf()
        await browser.post("/console/sign-out", {"csrf": csrf})
    with watch.call(None):
        assert await told(at, sid="s-1") == 200
    await at.through(browser, sub="u-7", sid="s-2")
    await at.here.let_pass(minutes=61)
    with watch.call(None):
        assert (await browser.get("/console")).status_code == 303
    assert not watch.taken()


def test_every_question_of_the_pages_was_asked(watch: Watch) -> None:
    missing = asked_by(Path(console.__file__).parent) - watch.seen
    assert not missing, "have a page above ask it, or nobody sees whose rows it reaches"


def test_every_reason_is_needed(watch: Watch) -> None:
    assert watch.used == set(ALLOWED)
