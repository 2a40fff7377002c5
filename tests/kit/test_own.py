"""Ids that a connector makes itself come out other in a replay; one replay puts that right."""

import json
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from uuid import NAMESPACE_OID, UUID, uuid5

import httpx
import pytest

import avgate_contracts as sdk
from avgate_contracts.kit.own import Settling, own_ids
from avgate_contracts.kit.redaction import Given, Redaction
from avgate_contracts.kit.replay import TapeMissError, TapeTransport
from avgate_contracts.kit.residue import residue
from avgate_contracts.kit.tape import Interaction, Meta, Tape

META = Meta.of(datetime(2026, 3, 2, tzinfo=UTC), "1.0", "acme", "erase")
MAIL = "fleur@kpn.nl"
CARDS = {
    "7f6ad9a2-0000-4abc-9abc-1234567890ab": "one",
    "7f6ad9a2-0000-4abc-9abc-1234567890ac": "two",
}


async def erase(http: sdk.HttpClient, mail: str) -> list[str]:
    """A connector whose keys and ids are derived, and which reads back what it ordered."""
    found = json.loads((await http.send("GET", "/cards", params={"mail": mail})).body)
    ordered = []
    for card in found:
        order = str(uuid5(NAMESPACE_OID, f"kit-erase-1/{card}"))
        digest = sha256(f"{order}{mail}".encode()).hexdigest()
        body: dict[str, sdk.Json] = {"digest": digest, "order": order, "card": card}
        key = b64encode(digest[:9].encode()).decode()  # of no form that anybody could know
        answer = await http.send("POST", "/orders", json=body, key=key)
        assert json.loads(answer.body)["order"] == order
        state = await http.send("GET", "/orders/{id}", ids={"id": order})
        ordered.append(json.loads(state.body)["order"])
    return ordered


def upstream(request: httpx.Request) -> httpx.Response:
    if request.url.path == "/cards":
        return httpx.Response(200, json=list(CARDS))
    order = request.url.path.removeprefix("/orders/")
    return httpx.Response(
        200, json=json.loads(request.content) if request.content else {"order": order}
    )


async def played(transport: httpx.AsyncBaseTransport, mail: str) -> list[str]:
    settings = sdk.ConnectorSettings(base_url="http://upstream.example")
    runtime = sdk.Runtime(transport=lambda: transport)
    async with sdk.open_client(settings, sdk.Limits(), runtime) as http:
        return await erase(http, mail)


async def recorded() -> Tape:
    raw: list[Interaction] = []

    async def heard(request: httpx.Request) -> httpx.Response:
        answer = upstream(request)
        raw.append(Interaction(request.method, str(request.url), dict(request.headers),
                               request.content, 200, dict(answer.headers), answer.content))  # fmt: skip
        return answer

    await played(httpx.MockTransport(heard), MAIL)
    return Redaction().redacted(Tape(META, tuple(raw)), Given(texts=[MAIL]))


async def test_derived_ids_do_not_fit_a_recording_of_real_values() -> None:
    with pytest.raises(TapeMissError, match=r"body digest, body order, the idempotency key"):
        await played(TapeTransport(await recorded()), Redaction().fake(MAIL))


async def test_after_one_replay_that_learns_them_every_replay_fits() -> None:
    settling = Settling(await recorded())
    made = await played(settling, Redaction().fake(MAIL))
    assert settling.all_used
    tape = settling.settled()
    for _ in range(2):
        strict = TapeTransport(tape)
        assert await played(strict, Redaction().fake(MAIL)) == made
        assert strict.all_used
    assert residue(tape, "erase.yaml", Redaction()) == []


async def test_ids_of_the_upstream_are_redacted_and_not_taken_for_the_connectors() -> None:
    tape = await recorded()
    assert not any(card in repr([(i.body, i.url) for i in tape.interactions]) for card in CARDS)
    settling = Settling(tape)
    settings = sdk.ConnectorSettings(base_url="http://upstream.example")
    async with sdk.open_client(
        settings, sdk.Limits(), sdk.Runtime(transport=lambda: settling)
    ) as http:
        cards = json.loads(
            (await http.send("GET", "/cards", params={"mail": Redaction().fake(MAIL)})).body
        )
        assert all(str(UUID(card)).startswith("00000000-0000-4000-8000-") for card in cards)
        with pytest.raises(TapeMissError):
            await http.send(
                "POST", "/orders", json={"card": "7f6ad9a2-0000-4abc-9abc-1234567890ab"}
            )


async def test_an_id_that_was_one_id_is_not_two_afterwards() -> None:
    tape = await recorded()
    settling = Settling(replace(tape, interactions=tape.interactions[:3]))  # of one card
    client = sdk.open_client(
        sdk.ConnectorSettings(base_url="http://upstream.example"),
        sdk.Limits(),
        sdk.Runtime(transport=lambda: settling),
    )
    async with client as http:
        answer = await http.send("GET", "/cards", params={"mail": Redaction().fake(MAIL)})
        card, digest = json.loads(answer.body)[0], "ab12" * 16
        order, other = (f"{n}" * 8 + "-1111-5111-8111-" + "a" * 12 for n in (1, 2))
        body: dict[str, sdk.Json] = {"digest": digest, "order": order, "card": card}
        await http.send("POST", "/orders", json=body, key=digest[:32])
        with pytest.raises(TapeMissError):
            await http.send("GET", "/orders/{id}", ids={"id": other})


def test_what_a_connector_was_given_or_told_is_not_its_own() -> None:
    mine, theirs, given = (f"{n}" * 8 + "-1111-4111-8111-" + "a" * 12 for n in range(1, 4))
    calls = [
        Interaction("POST", f"http://a.example/{given}", {"idempotency-key": mine}, b"", 200, {}, theirs.encode()),
        Interaction("GET", f"http://a.example/{theirs}", {}, mine.encode(), 200, {}, b""),
    ]  # fmt: skip
    assert own_ids(calls, [given]) == {mine}
