"""Replaying: the same answers to the same requests, and a clear word about all others."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

import avgate_contracts as sdk
from avgate_contracts.kit.redaction import Given, Redaction, fake
from avgate_contracts.kit.replay import TapeMissError, TapeTransport, matcher
from avgate_contracts.kit.tape import Interaction, Meta, Tape

META = Meta.of(datetime(2026, 3, 2, tzinfo=UTC), "1.0", "acme", "access")
JSON = {"content-type": "application/json"}
FORM = {"content-type": "application/x-www-form-urlencoded"}
XML = {"content-type": "application/xml"}
HOST = "http://upstream.example"


def call(
    method: str = "GET",
    path: str = "/people",
    body: bytes = b"",
    answer: Any = None,
    sent: dict[str, str] = JSON,
) -> Interaction:
    return Interaction(method, HOST + path, sent, body, 200, JSON, json.dumps(answer).encode())


def playing(*calls: Interaction, **options: Any) -> TapeTransport:
    return TapeTransport(Tape(META, calls), **options)


async def asked(
    tape: TapeTransport,
    method: str = "GET",
    path: str = "/people",
    body: bytes = b"",
    headers: dict[str, str] = JSON,
    host: str = HOST,
) -> Any:
    request = httpx.Request(method, host + path, content=body, headers=headers)
    return json.loads(await (await tape.handle_async_request(request)).aread())


async def missed(tape: TapeTransport, *args: Any, **options: Any) -> str:
    with pytest.raises(TapeMissError) as caught:
        await asked(tape, *args, **options)
    assert tape.missed[-1] == str(caught.value)
    return str(caught.value)


async def test_each_answer_is_given_once_and_in_order() -> None:
    tape = playing(call(answer=1), call(answer=2))
    assert [await asked(tape), await asked(tape)] == [1, 2]
    assert tape.all_used
    assert await missed(tape) == "GET /people is recorded 2 time(s) and was asked for once more"


async def test_what_was_used_up_answers_again_if_it_is_let() -> None:
    tape = playing(call(answer=1), call(answer=2), repeats=True)
    assert [await asked(tape) for _ in range(4)] == [1, 2, 2, 2]


async def test_it_knows_what_nobody_asked_for() -> None:
    tape = playing(call(path="/a"), call(path="/b"))
    await asked(tape, path="/b")
    assert [one.url for one in tape.unused] == [f"{HOST}/a"]
    assert not tape.all_used


async def test_order_and_spelling_of_what_is_sent_do_not_count() -> None:
    tape = playing(
        call("GET", "/people?a=1&b=x%20y"),
        call("POST", "/j", b'{"a": 1, "b": {"c": [1, 2]}}'),
        call("POST", "/f", b"a=1&b=x+y", sent=FORM),
        call("POST", "/x", b'<a b="1"><c>2</c></a>', sent=XML),
    )
    await asked(tape, "GET", "/people?b=x+y&a=1", host="http://elsewhere.example:8080")
    await asked(tape, "POST", "/j", b'{"b":{"c":[1,2]},"a":1}')
    await asked(tape, "POST", "/f", b"b=x%20y&a=1", FORM)
    await asked(tape, "POST", "/x", b'<?xml version="1.0"?>\n<a b="1">\n  <c>2</c>\n</a>', XML)
    assert tape.all_used


@pytest.mark.parametrize(
    ("recorded", "sent", "headers", "differs"),
    [
        (b'{"a": [1, 2]}', b'{"a": [2, 1]}', JSON, r"body a[0], body a[1]"),
        (b'{"a": {"mail": "x@kpn.nl"}}', b'{"a": {"mail": "y@kpn.nl"}}', JSON, "body a.mail"),
        (b'{"a": 1}', b'{"a": 1, "x@kpn.nl": 2}', JSON, f"body {fake('x@kpn.nl')}"),
        (b"a=1", b"a=2", FORM, "body a"),
        (b"<a><b>1</b></a>", b"<a><b>2</b></a>", XML, "body a.b[0]"),
        (b"", b"x", JSON, "body"),
    ],
)
async def test_a_miss_names_what_differs_and_no_value(
    recorded: bytes, sent: bytes, headers: dict[str, str], differs: str
) -> None:
    tape = playing(call("POST", "/people/7a", recorded, sent=headers))
    told = await missed(tape, "POST", "/people/7a", sent, headers)
    assert told == f"POST /people/* is recorded with other values: {differs} differ"


async def test_a_miss_names_no_path_that_may_be_a_value() -> None:
    tape = playing(call(path="/people/7a?mail=a%40b.nl"))
    assert await missed(tape, path="/people/8b?mail=a%40b.nl") == (
        "GET /people/* is recorded with other values: the path differ"
    )
    assert await missed(tape, path="/people/7a?mail=c%40b.nl") == (
        "GET /people/* is recorded with other values: query mail differ"
    )
    assert await missed(tape, path="/people/fleur/cards") == "GET /people/*/* is not recorded"


async def test_another_key_is_another_request() -> None:
    tape = playing(call("POST", "/x", sent={"idempotency-key": "kit-erase-1"}))
    told = await missed(tape, "POST", "/x", headers={"idempotency-key": "kit-erase-2"})
    assert told.endswith("the idempotency key differ")
    await asked(tape, "POST", "/x", headers={"idempotency-key": "kit-erase-1"})


async def test_another_condition_is_another_request() -> None:
    tape = playing(call(sent={"if-match": '"1"'}))
    assert "the header if-match" in await missed(tape, headers={"if-match": '"2"'})


async def test_what_differs_each_time_is_left_out_at_any_depth() -> None:
    tape = playing(
        call("POST", "/j?at=1", b'{"id": 1, "meta": {"sent": 1, "id": 2}}'),
        call("POST", "/x", b'<a at="1"><sent>1</sent></a>', sent=XML),
        volatile={"at", "sent", "meta.id"},
    )
    assert "body id" in await missed(tape, "POST", "/j?at=2", b'{"id": 2, "meta": {}}')
    await asked(tape, "POST", "/j?at=3", b'{"id": 1, "meta": {"sent": 9, "id": 9}}')
    await asked(tape, "POST", "/x", b'<a at="2"><sent>2</sent></a>', XML)


async def test_no_retry_and_no_except_hides_a_miss() -> None:
    tape = playing()
    runtime = sdk.Runtime(transport=lambda: tape)
    async with sdk.open_client(sdk.ConnectorSettings(base_url=HOST), sdk.Limits(), runtime) as http:
        with pytest.raises(TapeMissError):
            await http.send("GET", "/people")
    assert len(tape.missed) == 1
    assert not issubclass(TapeMissError, Exception)


async def test_a_client_may_close_it_and_the_next_goes_on() -> None:
    tape = playing(call(answer=1), call(answer=2))
    for expected in (1, 2):
        client = sdk.open_client(
            sdk.ConnectorSettings(base_url=HOST), sdk.Limits(), sdk.Runtime(transport=lambda: tape)
        )
        async with client as http:
            assert (await http.send("GET", "/people")).json() == expected


def test_a_matcher_says_the_same_of_the_same_requests() -> None:
    same, any_key = matcher({"at"}), matcher({"at"}, any_key=True)
    one = ("POST", f"{HOST}/x?at=1", b'{"a":1,"b":2}')
    other = ("post", "http://else.example/x?at=2", b'{"b": 2, "a": 1}')
    assert same(*one, "k") == same(*other, "k") != same(*other, "k2")
    assert any_key(*one, "k") == any_key(*other, None)


async def test_a_connector_that_is_given_stand_ins_sends_what_was_recorded() -> None:
    """Found, put together and taken apart: what is sent is what the recording made of it."""

    def upstream(request: httpx.Request) -> httpx.Response:
        card = {"oid": 1600072, "ref": "card-7a", "first": "Fleur", "last": "Bakker-de Wit"}
        card |= {
            "phone": "026-5365278",
            "href": f"{request.url.copy_with(path='/people/card-7a', query=None)}",
        }
        return httpx.Response(
            200, json={"items": [card], "next": "eyJwYWdlIjoyLCJvaWQiOjE2MDAwNzJ9"}
        )

    async def connector(http: sdk.HttpClient, mail: str, city: str) -> None:
        answer = await http.send("GET", "/people", params={"where": f"mail={mail.upper()}"})
        found = json.loads(answer.body)
        card = found["items"][0]
        changes: dict[str, sdk.Json] = {
            "name": f"{card['last'].upper()}, {card['first']}",
            "city": city,
            "type": "Person",
        }
        await http.send("PATCH", "/people/{ref}", ids={"ref": card["ref"]}, json=changes, key="k-1")
        await http.send("GET", card["href"], params={"after": found["next"], "oid": card["oid"]})
        digits = "+31" + card["phone"].replace("-", "")[1:]
        await http.send("POST", "/find", content=f"tn={digits}&limit=5".encode(), headers=FORM)

    raw: list[Interaction] = []

    async def heard(request: httpx.Request) -> httpx.Response:
        answer = upstream(request)
        raw.append(Interaction(request.method, str(request.url), dict(request.headers), request.content,
                               200, dict(answer.headers), answer.content))  # fmt: skip
        return answer

    live = sdk.ConnectorSettings(base_url="http://127.0.0.1:4711")
    runtime = sdk.Runtime(transport=lambda: httpx.MockTransport(heard))
    async with sdk.open_client(live, sdk.Limits(), runtime) as http:
        await connector(http, "fleur@kpn.nl", "Hilversum")
    kept = Redaction().redacted(Tape(META, tuple(raw)), Given(texts=["fleur@kpn.nl", "Hilversum"]))
    everything = repr([(one.url, one.request_body, one.body) for one in kept.interactions]).lower()
    assert not any(
        word in everything for word in ("fleur", "bakker", "hilversum", "kpn", "5365278")
    )
    tape = TapeTransport(kept)
    settings = Redaction().settings(sdk.ConnectorSettings, {"base_url": "http://127.0.0.1:8790"})
    async with sdk.open_client(settings, sdk.Limits(), sdk.Runtime(transport=lambda: tape)) as http:
        await connector(http, fake("fleur@kpn.nl"), fake("Hilversum"))
    assert tape.all_used
