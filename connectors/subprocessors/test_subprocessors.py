"""The subprocessors connector: replayed from cassettes, and on the mock where things go wrong.

Each test that uses `staged` replays the cassette of that name. If there is none it is recorded
from the mock, and kept only if the test passes, if `--record` asks for it: to record one anew, delete it first.
"""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeGuard
from uuid import UUID

import httpx
import pytest
from pydantic import ValidationError
from vcr import VCR  # type: ignore[import-untyped]  # it has no types

import avgate_contracts as sdk
from avgate_mocks.loopback import NO_TLS
from avgate_mocks.people import Name, Person
from avgate_mocks.subprocessors import build, config_section
from avgate_mocks.world import World, world
from avgate_subprocessors import SubprocessorsConnector, SubprocessorsSettings
from avgate_subprocessors.client import Clock

CASSETTES = Path(__file__).with_name("cassettes")
HOST = "http://subprocessors.example"
BY_HAND = {"name": "iaso-backup", "title": "IASO Backup", "products": ["IASO Backup"]}
CALLBACK = "https://gateway.example/v1/callbacks/token"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
EMAIL, CUSTOMER = sdk.IdentifierKind.EMAIL, sdk.IdentifierKind.CUSTOMER_ID
PHONE = sdk.IdentifierKind.PHONE
KEPT = (
    *("accept-encoding", "content-type", "etag", "idempotency-key", "if-none-match"),
    *("last-modified", "x-opendsr-processor-domain", "x-opendsr-signature"),
)


def subject(*identifiers: sdk.Identifier) -> sdk.DataSubject:
    return sdk.DataSubject("s-1", identifiers)


def of(kind: sdk.IdentifierKind, value: str, until: date | None = None) -> sdk.Identifier:
    return sdk.Identifier.of(kind, value, None, until)


SOMEBODY = subject(of(CUSTOMER, "C-1"), of(EMAIL, "subject@example.org"))
STRANGER = subject(of(EMAIL, "nobody@example.org"))


def invented(person: Person) -> Person:
    """Nobody at all: what is recorded of them needs no redaction, so every signature still fits."""
    (line, *_) = person.lines
    return replace(
        person,
        customer_id="C-1",
        name=Name("Test", "", "Persoon"),
        emails=("subject@example.org",),
        lines=(replace(line, number="+31612345678"),),
    )


def shared() -> World:
    made = world(seed=4, now=lambda: NOON)
    return replace(made, people=(invented(made.people[6]), *made.people[:2]))


def settings(**changes: object) -> SubprocessorsSettings:
    section = json.dumps(config_section(shared(), "libervoice", 80))
    written = json.loads(section.replace("http://127.0.0.1:80", HOST))
    written["processors"].append(BY_HAND)
    return SubprocessorsSettings.model_validate({**written, **changes})


def new_id() -> UUID:
    """What a client makes all its ids of."""
    return UUID("a7551968-d5d6-44b2-9831-000000000001")


class Network(httpx.AsyncBaseTransport):
    """The mock, behind whatever a test does to its answers."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self.inner = inner
        self.asked: list[httpx.Request] = []
        self.changed: Callable[[httpx.Request, httpx.Response], httpx.Response] | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = await self.inner.handle_async_request(request)
        return self.changed(request, answer) if self.changed else answer


class Elsewhere(httpx.AsyncBaseTransport):
    """A mock behind an alias, so that its results lie on another host."""

    def __init__(self, token: str) -> None:
        self.app = httpx.ASGITransport(build(shared(), 0))
        self.token = token

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        told = {**request.headers, "host": "subprocessors.example"}
        if "authorization" in told:
            told["authorization"] = f"Bearer {self.token}"
        url, content = request.url.copy_with(host=told["host"]), await request.aread()
        behind = httpx.Request(request.method, url, headers=told, content=content)
        return await self.app.handle_async_request(behind)


@dataclass(slots=True)
class Stage:
    connector: SubprocessorsConnector
    network: Network
    mock: httpx.AsyncClient | None  # None while a cassette is played
    moment: datetime = NOON

    async def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)
        await self.tell("/_clock", {"advance_seconds": seconds})

    async def tell(self, path: str, order: object) -> None:
        if self.mock is not None:
            assert (await self.mock.post(path, json=order)).is_success

    async def findings(self, who: sdk.DataSubject = SOMEBODY) -> list[sdk.Finding]:
        return [finding async for finding in self.connector.access(who)]

    async def found(self, who: sdk.DataSubject = SOMEBODY) -> list[sdk.Record]:
        return [one for one in await self.findings(who) if isinstance(one, sdk.Record)]

    async def unseen(self, who: sdk.DataSubject = SOMEBODY) -> list[sdk.Unseen]:
        return [one for one in await self.findings(who) if isinstance(one, sdk.Unseen)]

    async def items(self, who: sdk.DataSubject = SOMEBODY) -> list[sdk.ItemRef]:
        """All that an erasure plans: a processor without an interface has no records."""
        return [one.item for one in await self.findings(who) if one.item is not None]

    async def erase(self, items: list[sdk.ItemRef], key: str = "key-1") -> list[sdk.Outcome]:
        return [o.outcome for o in await self.connector.erase(items, key=key)]

    async def confirm(self, job: str, item: sdk.ItemRef) -> sdk.Outcome:
        (outcome,) = await self.connector.confirm(job, [item])
        return outcome.outcome

    def posts(self) -> list[httpx.Request]:
        return [request for request in self.network.asked if request.method == "POST"]

    async def kinds(self) -> list[str]:
        assert self.mock is not None
        return [e["kind"] for e in (await self.mock.get("/_ledger")).json()["effects"]]


@asynccontextmanager
async def stage(*, played: bool = False, **changes: object) -> AsyncIterator[Stage]:
    """A connector on a fresh mock, or on nothing but the cassette that is being played."""
    app = None if played else httpx.ASGITransport(build(shared(), 0))
    network = Network(app or httpx.AsyncHTTPTransport(verify=NO_TLS))
    mock = httpx.AsyncClient(transport=app, base_url="http://mock") if app else None
    limits = SubprocessorsConnector.manifest.limits
    chosen = settings(**changes)

    async def sleep(seconds: float) -> None:
        await set_up.sleep(seconds)

    runtime = sdk.Runtime(transport=lambda: network, sleep=sleep)
    async with sdk.open_client(chosen, limits, runtime) as http:
        clock = Clock(lambda: set_up.moment, sleep)
        connector = SubprocessorsConnector(chosen, http, clock=clock, new_id=new_id)
        set_up = Stage(connector, network, mock)
        yield set_up


def redact(request: Any, response: Any, _tape: Any) -> tuple[Any, Any]:
    """What a cassette keeps of an interaction: only headers that are named here, so no token."""
    request.headers = {n: v for n, v in request.headers.items() if n.lower() in KEPT}
    response["headers"] = {n: v for n, v in response["headers"].items() if n.lower() in KEPT}
    return request, response


def same_conditions(one: Any, other: Any) -> None:
    for name in ("idempotency-key", "if-none-match"):
        assert one.headers.get(name) == other.headers.get(name)


def unless_told(request: Any) -> Any:
    """Leaves out what a test tells the mock."""
    told = request.path.startswith("/_") or request.method == "DELETE"
    return None if told else request


@asynccontextmanager
async def staged(name: str) -> AsyncIterator[Stage]:
    """A stage whose calls are played from a cassette, all of them, each once and in turn."""
    path = CASSETTES / f"{name}.yaml"
    played = path.exists()
    recorder = VCR(
        record_mode="none" if played else "once",
        record_on_exception=False,
        match_on=("method", "path", "query", "body", "conditions"),
        before_record_request=unless_told,
        before_save_interaction=redact,
    )
    recorder.register_matcher("conditions", same_conditions)
    async with stage(played=played) as set_up:
        with recorder.use_cassette(str(path), allow_playback_repeats=False) as tape:
            yield set_up
            assert tape.all_played or not played


async def test_access_shows_what_every_processor_holds_and_whom_to_ask_by_hand() -> None:
    async with staged("access") as at:
        findings = await at.findings()
    records = [one for one in findings if isinstance(one, sdk.Record)]
    (unseen,) = (one for one in findings if isinstance(one, sdk.Unseen))
    seen = {(r.data["processor"], r.data.get("kind"), r.item.erasure) for r in records}
    assert seen == {
        ("perfectview", "contact_card", sdk.ErasureWay.FORWARD),
        ("perfectview", "conversation_note", sdk.ErasureWay.FORWARD),
        ("workspace365", "account", sdk.ErasureWay.FORWARD),
    }
    assert (unseen.part, unseen.why) == ("IASO Backup", sdk.WhyUnseen.NO_INTERFACE)
    assert unseen.item is not None
    assert unseen.item.erasure is sdk.ErasureWay.BY_HAND
    assert all(SOMEBODY.known_by(record.identifiers) for record in records)
    assert {record.item.category for record in records} == {sdk.Category.PROCESSOR_DATA}


async def test_an_export_holds_what_access_shows() -> None:
    async with staged("export") as at:
        exported = [record async for record in at.connector.export(SOMEBODY)]
        kinds = {json.loads(r.content)["subject_request_type"] for r in at.posts()}
    held = {one.data.get("kind") for one in exported if isinstance(one, sdk.Record)}
    assert held == {"contact_card", "conversation_note", "account"}
    assert [one.part for one in exported if isinstance(one, sdk.Unseen)] == ["IASO Backup"]
    assert kinds == {"portability"}


async def test_nothing_is_shown_of_somebody_no_processor_knows() -> None:
    async with staged("stranger") as at:
        findings = await at.findings(STRANGER)
    assert [(type(one), one.item.ref) for one in findings if one.item is not None] == [
        (sdk.Unseen, "by-hand:iaso-backup")
    ]


async def test_an_erasure_is_pending_until_the_processor_confirms_and_then_nothing_is_held() -> (
    None
):
    async with staged("erase") as at:
        items = await at.items()
        outcomes = await at.erase(items)
        pending = {o.job: i for o, i in zip(outcomes, items, strict=True) if is_pending(o)}
        early = [await at.confirm(job, item) for job, item in pending.items()]
        await at.sleep(2)
        late = [await at.confirm(job, item) for job, item in pending.items()]
        left = await at.connector.still_held(items)
    assert len(pending) == 2
    assert all(is_pending(outcome) for outcome in early)
    assert late == [sdk.Completed(sdk.Effect.ERASED)] * 2
    assert left == []  # and nobody can look at the one that is asked by hand


async def test_a_list_is_read_once_and_then_only_if_it_changed() -> None:
    async with staged("published") as at:
        first = await at.connector.published({})
        seen = {one.provider: one.etag or "" for one in first}
        again = await at.connector.published(seen)
        await at.sleep(7 * 86_400)
        (changed,) = await at.connector.published(seen)
    assert {one.provider for one in first} == {"kpn", "managed-voice", "perfectview"}
    assert again == []
    assert "Stroomlijn Facturatie" in {line.name for line in changed.processors}


async def test_check_proves_addresses_tokens_and_certificates() -> None:
    async with staged("check") as at:
        await at.connector.check()


async def test_the_same_intention_is_one_request_however_often_it_comes() -> None:
    async with stage() as at:
        items = await at.items()
        first, again, other = [await at.erase(items, key) for key in ("a", "a", "b")]
        assert first == again
        assert first != other
        ids = {json.loads(r.content)["subject_request_id"] for r in at.posts()[2:]}
        assert all(UUID(i).version == 4 and i == i.lower() for i in ids)


async def test_an_address_to_call_is_sent_along_and_changes_nothing_else() -> None:
    async with stage() as at:
        items = await at.items()
        at.network.asked.clear()
        told = await at.connector.erase_and_call_back(items, key="key-1", callback_url=CALLBACK)
        assert [o.outcome for o in told] == await at.erase(items)
        called, plain = at.posts()[:2], at.posts()[2:]
        bodies = [json.loads(request.content) for request in called]
        assert [body.pop("status_callback_urls") for body in bodies] == [[CALLBACK]] * 2
        assert bodies == [json.loads(request.content) for request in plain]
        assert [keys(r) for r in called] == [keys(r) for r in plain]
        await at.sleep(2)
        assert sorted(await at.kinds()) == ["erase", "erase", "order", "order"]


async def test_a_repeat_with_another_address_to_call_is_the_same_request() -> None:
    async with stage() as at:
        items = [item for item in await at.items() if "perfectview" in item.ref]
        for address in (CALLBACK, f"{CALLBACK}-2"):
            told = await at.connector.erase_and_call_back(items, key="a", callback_url=address)
            assert all(is_pending(one.outcome) for one in told)
        assert await at.kinds() == ["order"]


async def test_an_erasure_whose_answer_was_lost_takes_effect_once() -> None:
    async with stage() as at:
        items = [item for item in await at.items() if "perfectview" in item.ref]
        lost = {"fault": "error_after", "method": "POST", "path_contains": "perfectview"}
        await at.tell("/_faults", {"rules": [lost]})
        assert all(is_pending(outcome) for outcome in await at.erase(items))
        await at.sleep(2)
        assert await at.kinds() == ["order", "erase"]


async def test_a_lost_answer_with_no_tries_left_leaves_the_outcome_unknown() -> None:
    async with stage() as at:
        items = [item for item in await at.items() if "perfectview" in item.ref]
        lost = {"fault": "error_after", "method": "POST", "times": 9}
        await at.tell("/_faults", {"rules": [lost]})
        assert {type(outcome) for outcome in await at.erase(items)} == {sdk.Unknown}


async def test_a_repeat_is_the_same_to_the_last_byte_however_late_it_comes() -> None:
    async with stage() as at:
        items = [item for item in await at.items() if "perfectview" in item.ref]
        at.network.asked.clear()
        for _ in range(2):
            await at.connector.erase_and_call_back(items, key="a", callback_url=CALLBACK)
            await at.sleep(90)
        await at.erase(items, "b")
    first, again, other = (request.content for request in at.posts())
    assert first == again
    assert json.loads(first)["submitted_time"] < json.loads(other)["submitted_time"]


async def test_only_the_times_of_the_latest_requests_are_kept() -> None:
    async with stage() as at:
        client = at.connector._clients["perfectview"]
        times = {client._first_submitted(f"request-{number}") for number in range(1001)}
        await at.sleep(90)
    assert client._first_submitted("request-1") in times
    assert client._first_submitted("request-0") not in times


@pytest.mark.parametrize("status", [400, 409, 422])
async def test_an_id_that_a_processor_will_not_take_twice_is_looked_up(status: int) -> None:
    async with stage() as at:
        items = [item for item in await at.items() if "perfectview" in item.ref]
        first = await at.erase(items)
        at.network.changed = lambda request, answer: (
            httpx.Response(status) if request.method == "POST" else answer
        )
        assert jobs(await at.erase(items)) == jobs(first)
        at.network.inner = httpx.MockTransport(lambda _: httpx.Response(400))
        refused = await at.erase(items, "another key")
    assert {getattr(outcome, "code", "") for outcome in refused} == {"refused"}


async def test_a_request_is_pending_in_progress_and_completed() -> None:
    async with staged("states") as at:
        items = [item for item in await at.items() if "perfectview" in item.ref]
        (job,) = jobs(await at.erase(items))
        waits = (0.0, 0.7, 1.0)
        outcomes = []
        for wait in waits:
            await at.sleep(wait)
            outcomes.append(await at.confirm(job, items[0]))
    assert [is_pending(outcome) for outcome in outcomes] == [True, True, False]


async def test_a_cancelled_request_is_a_refusal() -> None:
    async with staged("cancelled") as at:
        items = [item for item in await at.items() if "perfectview" in item.ref]
        (job,) = jobs(await at.erase(items))
        if at.mock is not None:
            path = f"/opendsr/perfectview/v2/requests/{job.partition(':')[2]}"
            token = at.posts()[0].headers["authorization"]
            await at.mock.delete(path, headers={"Authorization": token})
        outcome = await at.confirm(job, items[0])
    assert isinstance(outcome, sdk.Refused)
    assert outcome.code == "cancelled"


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("x-opendsr-signature", "AAAA"),
        ("x-opendsr-signature", "not base64"),
        ("x-opendsr-processor-domain", "workspace365.example"),
    ],
)
async def test_a_completion_that_is_not_signed_by_the_processor_is_not_believed(
    header: str, value: str
) -> None:
    async with stage() as at:
        items = [item for item in await at.items() if "perfectview" in item.ref]
        (job,) = jobs(await at.erase(items))
        await at.sleep(2)
        at.network.changed = lambda _, answer: with_header(answer, header, value)
        outcome = await at.confirm(job, items[0])
    assert isinstance(outcome, sdk.Failed)
    assert outcome.code == "bad_signature"


async def test_a_changed_body_does_not_fit_its_signature() -> None:
    async with stage() as at:
        items = [item for item in await at.items() if "perfectview" in item.ref]
        (job,) = jobs(await at.erase(items))
        at.network.changed = lambda request, answer: (
            rewritten(answer) if "/requests/" in request.url.path else answer
        )
        outcome = await at.confirm(job, items[0])
    assert isinstance(outcome, sdk.Failed)
    assert outcome.code == "bad_signature"


async def test_a_processor_may_change_its_key() -> None:
    async with stage() as at:
        await at.found()
        at.network.inner = httpx.ASGITransport(build(shared(), 0))
        at.mock = httpx.AsyncClient(transport=at.network.inner, base_url="http://mock")
        assert await at.found()


async def test_a_token_goes_to_its_own_processor_and_to_nobody_else() -> None:
    async with stage() as at:
        await at.found()
        await at.connector.published({})
        sent = {
            (r.url.path.split("/")[2], r.headers["authorization"])
            for r in at.network.asked
            if "authorization" in r.headers
        }
        open_to_all = [r.url.path for r in at.network.asked if "authorization" not in r.headers]
    assert len(sent) == len({token for _, token in sent}) == 2
    assert {path.rsplit("/")[-1] for path in open_to_all} == {
        *("discovery", "certificate.pem", "kpn.json", "managed-voice.csv")
    }


async def test_a_token_does_not_follow_results_to_another_host() -> None:
    (one, *_) = json.loads(settings().model_dump_json())["processors"]
    alias = {**one, "opendsr_url": one["opendsr_url"].replace(HOST, "http://alias.example")}
    async with stage(processors=[{**alias, "token": "token"}]) as at:
        behind = Elsewhere(shared().secret("subprocessors/perfectview", "libervoice"))
        at.network.inner = behind
        at.mock = httpx.AsyncClient(transport=behind.app, base_url="http://mock")
        with pytest.raises(sdk.MisconfiguredError):  # the mock lets nobody download without it
            await at.found()
        last = at.network.asked[-1]
    assert last.url.host == "subprocessors.example"
    assert "authorization" not in last.headers


async def test_a_refused_token_is_for_an_operator_to_put_right() -> None:
    written = json.loads(settings().model_dump_json())["processors"][:1]
    async with stage(processors=[{**written[0], "token": "wrong"}]) as at:
        with pytest.raises(sdk.MisconfiguredError):
            await at.connector.check()
        with pytest.raises(sdk.MisconfiguredError):
            await at.found()


async def test_a_processor_that_takes_hashes_is_told_no_address() -> None:
    async with stage() as at:
        await at.found()
        (told,) = [r.content.decode() for r in at.posts() if "workspace365" in r.url.path]
    assert "sha256" in told
    assert "subject@example.org" not in told


async def test_a_number_goes_out_through_the_extension_and_only_while_it_is_the_subjects() -> None:
    yesterday = NOON.date() - timedelta(days=1)
    mine, given_up = of(PHONE, "+31612345678"), of(PHONE, "+31687654321", yesterday)
    async with staged("by_number") as at:
        unseen = await at.unseen(subject(mine, given_up))
        (told,) = [json.loads(r.content) for r in at.posts()]
    assert told["subject_identities"] == []
    named = told["extensions"]["perfectview.example"]["identities"]
    assert [one["identity_value"] for one in named] == [mine.value]
    assert {one.part for one in unseen} == {"Workspace365", "IASO Backup"}


@pytest.mark.parametrize(("hour", "asked"), [(22, 0), (23, 1)])  # 23 UTC is Dutch midnight
async def test_a_number_changes_hands_at_dutch_midnight(hour: int, asked: int) -> None:
    mine = sdk.Identifier.of(PHONE, "+31612345678", NOON.date() + timedelta(days=1))
    async with stage() as at:
        at.moment = NOON.replace(hour=hour)
        await at.found(subject(mine))
    assert len(at.posts()) == asked


async def test_a_processor_that_knows_people_by_something_else_is_named_and_what_it_needs() -> None:
    async with staged("other_identifier") as at:
        findings = await at.findings(subject(of(CUSTOMER, "C-1")))
    told = {f.part: (f.why, f.needs) for f in findings if isinstance(f, sdk.Unseen) and not f.item}
    assert told == {"Workspace365": (sdk.WhyUnseen.OTHER_IDENTIFIER, frozenset({EMAIL}))}
    shown = {f.data["processor"] for f in findings if isinstance(f, sdk.Record)}
    assert shown == {"perfectview"}


async def test_nobody_is_left_out_because_nothing_is_known_that_any_processor_takes() -> None:
    async with stage() as at:
        unseen = await at.unseen(subject(of(sdk.IdentifierKind.XELION_ID, "17")))
    needs = {one.part: one.needs for one in unseen}
    assert needs == {
        "PerfectView": frozenset({EMAIL, CUSTOMER, PHONE}),
        "Workspace365": frozenset({EMAIL}),
        "IASO Backup": frozenset(),
    }


async def test_a_processor_that_shows_nothing_to_anybody_is_for_a_person_to_ask() -> None:
    async with stage() as at:
        at.network.changed = lambda request, answer: (
            without_access(answer) if request.url.path.endswith("/discovery") else answer
        )
        unseen = await at.unseen()
    assert {one.part for one in unseen} == {"PerfectView", "Workspace365", "IASO Backup"}
    assert {one.why for one in unseen} == {sdk.WhyUnseen.NO_INTERFACE}


async def test_only_a_processor_without_an_interface_becomes_a_task() -> None:
    async with stage() as at:
        items = await at.items(subject(of(CUSTOMER, "C-1")))  # workspace365 knows people by e-mail
        by_hand = [item for item in items if item.erasure is sdk.ErasureWay.BY_HAND]
        outcomes = await at.erase(by_hand)
    assert [getattr(outcome, "code", "") for outcome in outcomes] == ["no_interface"]


async def test_nothing_is_erased_by_a_number_where_something_lasting_is_known() -> None:
    async with stage() as at:
        who = subject(of(CUSTOMER, "C-1"), of(PHONE, "+31612345678"))
        await at.erase([item for item in await at.items(who) if "perfectview" in item.ref])
        told = json.loads(at.posts()[-1].content)
    assert "extensions" not in told
    assert [one["identity_value"] for one in told["subject_identities"]] == ["C-1"]


async def test_two_customers_under_one_request_are_for_a_person_to_tell_apart() -> None:
    other = shared().people[1]
    async with stage() as at:
        with pytest.raises(sdk.AmbiguousSubjectError) as raised:
            await at.found(subject(of(CUSTOMER, "C-1"), of(EMAIL, other.emails[0])))
    assert other.emails[0] not in str(raised.value)


async def test_a_slow_processor_is_asked_again_later_for_the_same_request() -> None:
    async with stage(patience=0.3) as at:
        for _ in range(2):
            with pytest.raises(sdk.UnavailableError):
                await at.found()
        bodies = [r.content for r in at.posts() if "perfectview" in r.url.path]
        await at.sleep(2)
        assert await at.found()
    first, second = (json.loads(body)["subject_request_id"] for body in bodies)
    assert first == second


async def test_a_published_line_is_made_plain_and_short() -> None:
    line = {"name": "Kluis\u202e\u0000\r\nBV", "purpose": "x" * 900, "products": ["", " WAN "]}
    nameless = {"name": "\u200b"}
    async with stage() as at:
        await at.tell("/_lists", {"provider": "kpn", "processors": [line, nameless]})
        kpn = next(one for one in await at.connector.published({}) if one.provider == "kpn")
    (processor,) = kpn.processors
    assert (processor.name, processor.products) == ("Kluis BV", ("WAN",))
    assert len(processor.purpose) == 200


@pytest.mark.parametrize(
    "table", ["\ufeffname;country\nKluis;NL\n", 'country,name\r\nNL,"Kluis"\r\n']
)
async def test_a_list_as_csv_may_come_in_either_dialect(table: str) -> None:
    only = [{"provider": "x", "url": f"{HOST}/lists/managed-voice.csv", "format": "csv"}]
    async with stage(lists=only) as at:
        at.network.changed = lambda *_: httpx.Response(200, content=table.encode())
        (found,) = await at.connector.published({})
    assert found.processors == (sdk.PublishedProcessor("Kluis", country="NL"),)


async def test_a_list_that_cannot_be_read_keeps_no_other_from_being_read() -> None:
    async with stage() as at:
        at.network.changed = lambda request, answer: (
            httpx.Response(200, text="<p>") if "kpn" in request.url.path else answer
        )
        found = await at.connector.published({})
        assert {one.provider for one in found} == {"managed-voice", "perfectview"}
        at.network.changed = lambda *_: httpx.Response(200, text="<p>")
        with pytest.raises(sdk.ContractBrokenError):
            await at.connector.published({})


def test_settings_name_each_processor_once_and_never_one_with_half_an_interface() -> None:
    half = {"name": "x", "title": "X", "opendsr_url": "https://x.example/v2"}
    by_hand = {"name": "x", "title": "X"}
    for wrong in ([half], [by_hand, by_hand]):
        with pytest.raises(ValidationError):
            SubprocessorsSettings.model_validate({"processors": wrong})


def test_only_the_hosts_that_the_settings_name_may_be_called() -> None:
    one = {"provider": "kpn", "url": "https://www.kpn.example/subs.json", "format": "json"}
    assert SubprocessorsSettings.model_validate({"lists": [one]}).hosts() == {
        *("subprocessors.invalid", "www.kpn.example")
    }


def keys(request: httpx.Request) -> tuple[str, str]:
    return request.headers["idempotency-key"], json.loads(request.content)["subject_request_id"]


def is_pending(outcome: sdk.Outcome) -> TypeGuard[sdk.Pending]:
    return isinstance(outcome, sdk.Pending)


def jobs(outcomes: list[sdk.Outcome]) -> set[str]:
    return {outcome.job for outcome in outcomes if is_pending(outcome)}


def with_header(answer: httpx.Response, name: str, value: str) -> httpx.Response:
    answer.headers[name] = value
    return answer


def without_access(answer: httpx.Response) -> httpx.Response:
    """A discovery of a processor that erases and shows nothing."""
    body = json.loads(b"".join(answer.stream.__dict__["_body"]))
    return httpx.Response(200, json={**body, "supported_subject_request_types": ["erasure"]})


def rewritten(answer: httpx.Response) -> httpx.Response:
    """The same answer, but for what became of the request."""
    body = b"".join(answer.stream.__dict__["_body"])
    return httpx.Response(
        200, headers=answer.headers, content=body.replace(b"pending", b"completed")
    )
