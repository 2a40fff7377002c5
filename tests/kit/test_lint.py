"""What must not be in a recording is found, wherever it hides, and never repeated."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avgate_contracts.kit.lint import Finding, lint
from avgate_contracts.kit.redaction import Given, Redaction
from avgate_contracts.kit.residue import residue
from avgate_contracts.kit.tape import Interaction, Meta, Tape

META = Meta.of(datetime(2026, 3, 2, tzinfo=UTC), "1.0", "acme", "access")
JSON = {"content-type": "application/json"}
Headers = Mapping[str, str]
NONE: Headers = {}
FORM = {"content-type": "application/x-www-form-urlencoded"}
JWT = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJmbGV1ciJ9.c2ln"


def tape(
    answer: Any = None, body: bytes = b"", url: str = "http://a.example/x", headers: Headers = NONE
) -> Tape:
    said = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    sent = JSON | dict(headers)
    return Tape(META, (Interaction("GET", url, sent, body, 200, JSON, said),))


def kinds(found: list[Finding]) -> set[str]:
    return {each.kind for each in found}


REAL = [
    ("fleur.bakker@kpn.nl", "an e-mail address outside example.org and its like"),
    ("111222333", "a citizen service number"),
    ("NL91 ABNA 0417 1643 00", "a bank account"),
    ("NL91ABNA0417164300", "a bank account"),
    ("+31 6 42345678", "a phone number that can be somebody's"),
    ("0642345678", "a phone number that can be somebody's"),
    ("0031202345678", "a phone number that can be somebody's"),
    ("+49 30 901820", "a phone number that can be somebody's"),
    (JWT, "a JSON Web Token"),
    ("hunter-2222", "a live secret"),
    ("https://crm.acme.nl/x", "a host that is not an invented one"),
    (base64.b64encode(bytes(range(100, 220))).decode(), "a long text that nobody can read"),
]


@pytest.mark.parametrize(("value", "kind"), REAL)
@pytest.mark.parametrize(
    "hidden",
    [
        lambda value: value,
        lambda value: f"see {value}, thank you",
        lambda value: json.dumps({"a": [value]}),
        lambda value: base64.b64encode(f'{{"a": "{value}"}}'.encode()).decode(),
    ],
)
def test_it_is_found_in_an_answer_and_never_repeated(value: str, kind: str, hidden: Any) -> None:
    found = lint(tape({"items": [{"note": hidden(value)}]}), "access.yaml", ["hunter-2222"])
    assert kind in kinds(found)
    assert any("items.note" in each.where for each in found)
    assert not any(value in str(each) for each in found)
    assert all(str(each).startswith("access.yaml, interaction 1, answer, ") for each in found)


@pytest.mark.parametrize(("value", "kind"), REAL[:9])
def test_it_is_found_in_addresses_forms_xml_names_headers_and_broken_json(
    value: str, kind: str
) -> None:
    code = "".join(f"%{byte:02X}" for byte in value.encode())
    places = {
        "the address": tape(url=f"http://a.example/x/{code}?q=1"),
        "request, q": tape(body=f"q={code}".encode(), headers=FORM),
        "answer, a.b": tape(f"<a><b>{value}</b></a>".encode()),
        "answer, body": tape(f'{{"a": "{value}"'.encode()),
        "request, header etag": tape(headers={"etag": f'"{value}"'}),
    }
    for where, one in places.items():
        found = lint(one, "a.yaml")
        assert kind in kinds(found), where
        assert any(each.where.endswith(where) for each in found)
    named = lint(tape({value: 1}), "a.yaml")
    assert kind in kinds(named)
    assert not any(value in str(each) for each in named)


def test_a_secret_is_found_in_base64_and_escapes_too() -> None:
    coded = base64.b64encode(b"me:hunter-2222").decode()
    for body in (coded, "hunter\\u002d2222", "hunter%2D2222"):
        assert "a live secret" in kinds(
            lint(tape(f'{{"a": "{body}"}}'.encode()), "a", ["hunter-2222"])
        )


@pytest.mark.parametrize("name", ["authorization", "cookie", "x-api-key", "x-auth-token"])
def test_a_credential_header_is_found_by_its_name(name: str) -> None:
    assert kinds(lint(tape(headers={name: "x"}), "a")) == {"a credential header"}


@pytest.mark.parametrize(
    "body", [b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd\x00", b"\xff\xfb" * 99, b"a\0" * 99]
)
def test_a_body_that_nobody_can_read_is_found(body: bytes) -> None:
    assert "a body that nobody can read" in kinds(lint(tape(body), "a"))


@pytest.mark.parametrize(
    "plain",
    [
        "fleur.bakker@example.org", "+31200012345", "0612345678", "NL26TEST0012345678", "2026-03-31",
        "999912344", "123456789", "http://upstream.example/v1", "http://127.0.0.1:80/", "secret",
        "00000000-0000-4000-8000-0123456789ab", "1774958400", 1774958400123, 12.111222333, "",
    ],
)  # fmt: skip
def test_what_is_nobodys_is_not_found(plain: Any) -> None:
    assert lint(tape({"a": plain}), "a", ["secret", "abc"]) == []


VALUES = st.sampled_from([value for value, _ in REAL]) | st.text()
PHONES = st.from_regex(r"(\+31|0031|0)(6[1-5]|20[2-9])[2-9]{6,7}", fullmatch=True)
DIGITS = st.from_regex(r"[0-9]{5,20}", fullmatch=True)


@given(st.lists(VALUES | PHONES | DIGITS, max_size=3), st.sampled_from(["id", "note", "status"]))
@settings(max_examples=80)
def test_nothing_is_found_in_what_was_redacted(values: list[str], name: str) -> None:
    raw = tape({name: values, "more": {name: json.dumps(values)}}, json.dumps(values).encode())
    kept = Redaction().redacted(raw, Given(texts=values, secrets=["hunter-2222"]))
    assert lint(kept, "a", ["hunter-2222"]) == []


def test_a_real_looking_person_who_was_written_in_by_hand_is_found() -> None:
    kept = Redaction().redacted(tape({"items": [{"name": "Fleur Bakker", "status": "active"}]}))
    assert residue(kept, "access.yaml", Redaction()) == []
    by_hand = tape(
        {"items": [{"name": "Fleur Bakker", "status": "active"}]}, headers={"cookie": "a"}
    )
    address = residue(tape({}, url="http://a.example/people/4512345"), "a", Redaction())
    assert [each.where for each in address] == ["interaction 1, the address"]
    found = residue(by_hand, "access.yaml", Redaction())
    assert [each.where for each in found] == [
        "interaction 1, request, header cookie", "interaction 1, answer, items.name"
    ]  # fmt: skip
