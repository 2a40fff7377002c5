"""What a recording keeps of real values: nothing, and yet all that a replay needs."""

import json
import re
import string
import unicodedata
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any
from unicodedata import normalize

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

import avgate_contracts as sdk
from avgate_contracts.kit.fake import is_stand_in
from avgate_contracts.kit.learning import ClashError
from avgate_contracts.kit.pattern import iban_remainder, is_bsn
from avgate_contracts.kit.redaction import CompressedError, Given, Redaction, fake
from avgate_contracts.kit.tape import Interaction, Meta, Tape

META = Meta.of(datetime(2026, 3, 2, tzinfo=UTC), "1.0", "acme", "access")
JSON = {"content-type": "application/json"}
RULES = Redaction()
HOST = "http://127.0.0.1:8790"

NAMES = st.text(st.characters(categories=["L"]), min_size=3, max_size=12).filter(
    lambda text: all(c.isalpha() for c in normalize("NFC", text)) and fake(text) != text
)
BITS = [*"aZxéß٣漢0123456789 .,:;@/+-_()'\"=&%?#{}[]", "ab", "1234", "06", "http://", "Xab"]
MESSY = st.lists(st.sampled_from(BITS)).map("".join)
MAILS = st.builds(
    "{}.{}@{}.nl".format,
    *[st.text(string.ascii_letters, min_size=2, max_size=9)] * 2,
    st.text(string.ascii_lowercase, min_size=3, max_size=9).filter(lambda name: name != "example"),
)
DIGITS = st.text(string.digits, min_size=5, max_size=20)
PHONES = st.from_regex(
    r"(\+31|0031|0)(6[1-5][2-9]{7}|20[2-9][2-9]{6}|74[2-9][2-9]{6})", fullmatch=True
)


def tape(*interactions: Interaction) -> Tape:
    return Tape(META, interactions)


def call(
    body: Any = None,
    answer: Any = None,
    *,
    method: str = "GET",
    path: str = "/people",
    sent: dict[str, str] = JSON,
    headers: dict[str, str] = JSON,
    status: int = 200,
) -> Interaction:
    told, said = (b if isinstance(b, bytes) else json.dumps(b).encode() for b in (body, answer))
    return Interaction(method, HOST + path, sent, told if body else b"", status, headers, said)


def redacted(*interactions: Interaction, rules: Redaction = RULES, **told: Any) -> Tape:
    return rules.redacted(tape(*interactions), Given(**told))


def held(answer: Any, rules: Redaction = RULES) -> Any:
    """What the recording has in the place of an answer."""
    (one,) = redacted(call(answer=answer), rules=rules).interactions
    return json.loads(one.body)


@given(MESSY | st.text() | MAILS | PHONES | DIGITS | st.lists(NAMES | DIGITS | MAILS).map(" ".join))
@example("AB12 CDEFG 123456")
@example("Jan-piet-klaas-2024")
@example("A1B2C3-XXXXXXXXXXXXXXXXXXXXX")
@example("+999123456")
@settings(max_examples=200)
def test_a_stand_in_stays_what_it_is(text: str) -> None:
    once = fake(text)
    assert fake(once) == once


@given(st.lists(MAILS | PHONES | DIGITS | NAMES, min_size=1, max_size=3))
@settings(max_examples=100)
def test_no_value_is_left_in_a_body_an_address_or_a_form(values: list[str]) -> None:
    one = call(
        {"search": values},
        {"items": [{"value": value, "json": json.dumps({"a": value})} for value in values]},
        method="POST",
    )
    (kept,) = redacted(one, texts=values).interactions
    for value in values:
        if fake(value) != value:
            assert value not in kept.body.decode()
            assert value not in kept.request_body.decode()


@given(NAMES)
def test_a_name_becomes_a_word_that_means_nothing_in_the_same_case(name: str) -> None:
    made = fake(name)
    assert is_stand_in(made)
    if name.isascii():
        assert (fake(name.upper()), fake(name.lower())) == (made.upper(), made.lower())


@given(MAILS)
def test_an_address_becomes_one_that_nobody_has_however_it_is_written(mail: str) -> None:
    assert re.fullmatch(r"[a-z]+@example\.org", fake(mail))
    assert fake(mail.title()) == fake(mail)
    assert fake(mail.upper()) == fake(mail).upper()


@given(st.from_regex(r"(6[1-5]|20|74)[2-9]{7}", fullmatch=True).filter(lambda text: len(text) == 9))
def test_a_phone_number_gets_the_same_stand_in_in_every_spelling(number: str) -> None:
    if number == "612345678":
        return
    made = fake(f"+31{number}")[3:]
    assert made[:3] in {"600", "200"}
    assert fake(f"0{number}") == f"0{made}"
    assert fake(f"0031{number}") == f"0031{made}"
    assert fake(f"31{number}") == f"31{made}"
    spaced = fake(f"+31 (0){number[0]} {number[1:4]} {number[4:]}")
    assert spaced == f"+31 (0){made[0]} {made[1:4]} {made[4:]}"


@given(st.from_regex(r"[1-9][0-9]{8}", fullmatch=True))
def test_a_number_is_never_a_citizen_service_number_of_somebody(digits: str) -> None:
    made = fake(digits)
    assert len(made) == 9
    assert made.startswith("9999") or not is_bsn(made)


@given(st.integers(10**9, 10**10 - 1))
def test_an_account_keeps_its_form_and_has_right_check_digits(account: int) -> None:
    made = fake(f"NL91 ABNA {account:010d}"[:14] + f" {account:010d}"[5:])
    assert re.fullmatch(r"NL\d\d TEST[\d ]+", made)
    assert iban_remainder(made.replace(" ", "")) == 1


@pytest.mark.parametrize(
    ("real", "form"),
    [
        ("aabbccdd-1111-4222-8333-444455556666", r"00000000-0000-4000-8000-[0-9a-f]{12}"),
        ("10.11.12.13", r"198\.1[89]\.\d+\.\d+"),
        ("2a02:a210::1", r"2001:db8:[0-9a-f:]+"),
        ("00:1b:44:11:3a:b7", r"02:00:5e:00:[0-9a-f]{2}:[0-9a-f]{2}"),
        ("3572 AB", r"\d{4} S[ADS]"),
        ("3572AB", r"\d{4}S[ADS]"),
        ("893116000000000001", r"999\d{15}"),
        ("C-043643", r"C-99\d{4}"),
        ("51061ca5a9f3af50", r"fa4e[0-9a-f]{12}"),
        ("eyJhbGciOiJub25lIn0.eyJzdWIiOiJmbGV1ciJ9.c2ln", r"fa4e[0-9a-f]{20}"),
        ("https://crm.acme.nl/people/1600072?q=x", r"https://x\w{7}\.example/people/99\d{5}\?q=x"),
        ("http://localhost:4711/people", r"http://upstream\.example/people"),
        ("Fleur van den Berg", r"X\w{7} x\w{7} x\w{7} X\w{7}"),
    ],
)
def test_a_value_keeps_its_form(real: str, form: str) -> None:
    assert re.fullmatch(form, fake(real))


@pytest.mark.parametrize(
    "plain",
    [
        "fleur.bakker@example.org", "beheer@mail.acme.example", "+31200012345", "+31612345678",
        "NL00AVGT0000000450", "198.51.100.7", "2026-03-31", "2026-03-31 13:00:00", "12:30",
        "2026-03-31T12:00:00.500Z", "Sun, 26 Jan 2025 00:00:00 GMT", "P1Y2M", "audio/x-wav", "NL",
        "true", "", "42", "http://upstream.example/v1", "1774958400", "9.1.4",
    ],
)  # fmt: skip
def test_what_is_nobodys_stays(plain: str) -> None:
    assert fake(plain) == plain


def test_the_same_value_has_one_stand_in_wherever_it_is() -> None:
    card = {"id": "card-7a", "number": "4512345", "name": "Fleur Bakker", "mail": "f.b@kpn.nl"}
    first = call(answer={"items": [card]}, path="/people?mail=f.b%40kpn.nl")
    link = {"href": f"{HOST}/people/4512345", "oid": 4512345}
    second = call({"name": "Bakker, Fleur"}, link, method="PATCH", path="/people/4512345")
    one, two = redacted(first, second, texts=["f.b@kpn.nl"]).interactions
    (found,) = json.loads(one.body)["items"]
    assert one.url == f"http://upstream.example/people?mail={found['mail'].replace('@', '%40')}"
    assert two.url == f"http://upstream.example/people/{found['number']}"
    assert json.loads(two.body) == {"href": two.url, "oid": int(found["number"])}
    given_name, family_name = found["name"].split()
    assert json.loads(two.request_body) == {"name": f"{family_name}, {given_name}"}


def test_the_words_of_a_connector_stay_readable() -> None:
    form = b"grant_type=client_credentials&scope=read"
    login = call(form, {"access_token": "abc"}, method="POST", path="/oauth/token",
                 sent={"content-type": "application/x-www-form-urlencoded"})  # fmt: skip
    search = call(answer={"items": []}, path="/people/search?where=type%3DPerson&limit=100")
    one, two = redacted(login, search).interactions
    assert one.request_body == form
    assert two.url == "http://upstream.example/people/search?where=type%3DPerson&limit=100"


def test_a_token_and_a_secret_are_gone_and_the_shape_of_the_answer_stays() -> None:
    body = b"client_id=acme&client_secret=hunter-2222"
    answer = {"access_token": "live-token", "token_type": "Bearer", "expires_in": 300}
    (one,) = redacted(
        call(body, answer, method="POST", sent={"content-type": "application/x-www-form-urlencoded",
                                                "authorization": "Basic aHVudGVy"}),
        secrets=["hunter-2222"],
    ).interactions  # fmt: skip
    found = json.loads(one.body)
    assert found.keys() == answer.keys()
    assert (found["token_type"], found["expires_in"]) == ("Bearer", 300)
    assert re.fullmatch(r"token-\d{4}", found["access_token"])
    assert one.request_body == b"client_id=acme&client_secret=secret"
    assert one.request_headers.keys() == {"content-type"}


def test_a_token_that_is_sent_back_is_the_one_that_was_given() -> None:
    first = call(answer={"renewalToken": "r-live-1"}, path="/login")
    second = call("r-live-1", {"authentication": "live"}, method="POST", path="/renew")
    one, two = redacted(first, second).interactions
    assert json.loads(two.request_body) == json.loads(one.body)["renewalToken"] != "r-live-1"


def test_an_echoed_secret_is_gone_too() -> None:
    (one,) = redacted(
        call(answer={"error": "no hunter-2222!"}), secrets=["hunter-2222"]
    ).interactions
    assert b"hunter" not in one.body


def test_only_headers_that_are_named_stay() -> None:
    headers = {**JSON, "set-cookie": "a=b", "x-request-id": "1", "etag": '"abc"', "x-next": "2"}
    (one,) = redacted(
        call(answer={}, headers=headers), rules=Redaction(headers=["x-next"])
    ).interactions
    assert one.headers.keys() == {"content-type", "etag", "x-next"}


def test_what_a_header_holds_is_redacted_too() -> None:
    headers = JSON | {
        "location": f"{HOST}/people/f.b%40kpn.nl",
        "etag": '"4512345"',
        "allow": "GET",
    }
    (one,) = redacted(call(answer={"id": "4512345"}, headers=headers)).interactions
    assert one.headers["location"] == f"http://upstream.example/people/{fake('f.b@kpn.nl')}"
    assert one.headers["etag"] == f'"{fake("4512345")}"'
    assert one.headers["allow"] == "GET"


def test_members_that_hold_codes_stay_unless_they_hold_something_else() -> None:
    assert held({"status": "active", "@type": "Individual"}) == {
        "status": "active",
        "@type": "Individual",
    }
    assert held({"status": "fleur@kpn.nl"})["status"].endswith("@example.org")
    assert held({"type": "+31642345678"})["type"].startswith("+31600")


def test_the_author_says_what_else_stays() -> None:
    answer = {
        "traits": [{"name": "bankAccount", "value": "Fleur"}],
        "name": "Fleur",
        "stage": "won",
    }
    rules = Redaction(keep=["traits.name", "stage"])
    found = held(answer, rules)
    assert (found["traits"][0]["name"], found["stage"]) == ("bankAccount", "won")
    assert found["name"] == found["traits"][0]["value"] == fake("Fleur")


def test_what_the_author_lets_stay_is_nobodys_address_or_number() -> None:
    found = held({"note": "mail f.b@kpn.nl or 0642345678"}, Redaction(keep=["note"]))
    assert re.fullmatch(r"mail x\w+@example\.org or 0600\d{6}", found["note"])


def test_numbers_stay_unless_they_are_long_or_the_author_says_so() -> None:
    answer = {"total": 12, "price": 12.5, "phone": 31642345678, "seen": 1774958400, "pin_of": 1234}
    found = held(answer, Redaction(names=["pin_of"]))
    assert (found["total"], found["price"], found["seen"]) == (12, 12.5, 1774958400)
    assert str(found["phone"]).startswith("31600")
    assert found["pin_of"] == 9999


def test_a_day_of_birth_is_everybodys() -> None:
    found = held({"dateOfBirth": "1984-02-03", "birth_year": 1984})
    assert found == {"dateOfBirth": "1970-01-01", "birth_year": 1970}


def test_names_of_members_that_are_data_go_too() -> None:
    (name,) = held({"f.b@kpn.nl": 1})
    assert name == fake("f.b@kpn.nl")


def test_json_inside_a_text_and_inside_base64_is_opened() -> None:
    found = held({"raw": '{"name":"Fleur"}', "coded": "eyJuYW1lIjoiRmxldXIgQmFra2VyIn0="})
    assert json.loads(found["raw"]) == {"name": fake("Fleur")}
    assert fake("coded")  # any word has one
    assert "Rmxld" not in found["coded"]


def test_xml_is_redacted_element_by_element() -> None:
    body = b'<L xmlns="urn:x"><Name of="Fleur">Fleur</Name><Status>LISTED</Status><N>+31642345678</N></L>'
    headers = {"content-type": "application/xml"}
    (one,) = redacted(call(answer=body, headers=headers)).interactions
    text = one.body.decode()
    assert text.count(fake("Fleur")) == 2
    assert "LISTED" in text
    assert fake("+31642345678") in text


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("application/xml", '<?xml version="1.0" encoding="windows-1252"?><N>Zoë Bakker</N>'),
        ("text/plain; charset=windows-1252", "Zoë Bakker"),
    ],
)
def test_a_text_in_another_encoding_is_redacted_and_kept_in_utf_8(
    media_type: str, body: str
) -> None:
    one = call(answer=body.encode("windows-1252"), headers={"content-type": media_type})
    (kept,) = redacted(one).interactions
    assert fake("Zoë Bakker") in kept.body.decode()
    assert "1252" not in kept.body.decode() + kept.headers["content-type"]


def _is_its_own(address: IPv4Address | IPv6Address) -> bool:
    """Whether it is not IPv4 written as IPv6, which is another kind of address once it is read."""
    return isinstance(address, IPv4Address) or address.ipv4_mapped is None


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


IDENTIFIERS = st.one_of(
    st.tuples(st.just(sdk.IdentifierKind.EMAIL), MAILS),
    st.tuples(st.just(sdk.IdentifierKind.PHONE), PHONES),
    st.tuples(st.just(sdk.IdentifierKind.IP), st.ip_addresses().filter(_is_its_own).map(str)),
    st.tuples(st.just(sdk.IdentifierKind.IMSI), st.from_regex(r"[1-9][0-9]{14}", fullmatch=True)),
    st.tuples(st.just(sdk.IdentifierKind.ICCID), st.from_regex(r"89[0-9]{17}", fullmatch=True)),
    st.tuples(
        st.just(sdk.IdentifierKind.CUSTOMER_ID), st.from_regex(r"C-[0-9]{4,8}", fullmatch=True)
    ),
    st.tuples(
        st.just(sdk.IdentifierKind.XELION_ID), st.from_regex(r"[1-9][0-9]{4,17}", fullmatch=True)
    ),
    st.tuples(
        st.just(sdk.IdentifierKind.NAME_ADDRESS),
        # Other spellings of a character are refused as an identifier.
        st.lists(NAMES, min_size=1, max_size=4).map(" ".join).map(_plain),
    ),
)


@given(IDENTIFIERS)
def test_an_identifier_stays_one_of_its_kind_however_an_upstream_spells_it(
    known: tuple[sdk.IdentifierKind, str],
) -> None:
    kind, value = known
    assert sdk.canonical(kind, fake(value)) == fake(sdk.canonical(kind, value))


def test_a_sound_becomes_the_smallest_one_of_its_kind() -> None:
    headers = {"content-type": "audio/x-mp3"}
    (one,) = redacted(call(answer=b"\xff\xfb\x90\xc4" * 999, headers=headers)).interactions
    assert one.body.startswith(b"\xff\xfb")
    assert len(one.body) < 16
    assert one.headers == headers


def test_a_web_page_becomes_an_empty_one() -> None:
    page = b"<!DOCTYPE html><p>Fleur Bakker"
    (one,) = redacted(call(answer=page, headers={"content-type": "text/html"})).interactions
    assert b"Fleur" not in one.body


def test_the_lines_of_a_table_are_redacted_and_its_heading_is_not() -> None:
    table = b"name;mail\r\nFleur;f.b@kpn.nl\r\n"
    (one,) = redacted(call(answer=table, headers={"content-type": "text/csv"})).interactions
    assert one.body.decode() == f"name;mail\r\n{fake('Fleur')};{fake('f.b@kpn.nl')}\r\n"


def test_a_compressed_answer_is_refused() -> None:
    packed = call(answer=b"\x1f\x8b", headers={**JSON, "content-encoding": "gzip"})
    with pytest.raises(CompressedError):
        redacted(packed)


def test_a_body_in_which_nothing_is_anybodys_stays_byte_for_byte() -> None:
    body = b'{ "mail": "a@example.org",  "n": 1.50, "status":"ok" }'
    (one,) = redacted(call(answer=body)).interactions
    assert one.body == body


def test_two_values_that_would_be_called_the_same_are_refused_and_another_salt_helps() -> None:
    numbers = [str(n) for n in range(10_000, 10_300)]
    with pytest.raises(ClashError, match="salt") as caught:
        held({"codes": numbers})
    assert not re.search(r"\d", str(caught.value))
    few = ["10000", next(n for n in numbers[1:] if fake(n) == fake("10000") or n == numbers[-1])]
    assert len(set(held({"codes": few}, Redaction(salt="2"))["codes"])) == 2


class AcmeSettings(sdk.ConnectorSettings):
    token: SecretStr
    tenant: str
    region: sdk.Product = sdk.Product.MOBILE


def test_the_settings_of_a_replay_name_no_host_and_no_secret() -> None:
    given_settings = {"base_url": f"{HOST}/api", "token": "live", "tenant": "acme", "region": "wan"}
    made = Redaction().settings(AcmeSettings, given_settings)
    assert made.base_url == "http://upstream.example/api"
    assert made.token.get_secret_value() == "secret"
    assert (made.tenant, made.region) == ("acme", sdk.Product.WAN)


def test_addresses_of_ours_are_in_networks_of_nobodys() -> None:
    assert not ip_address(fake("145.58.29.1")).is_global


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | MESSY | MAILS | NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(MESSY | NAMES, inner, max_size=3),
    max_leaves=8,
))  # fmt: skip
@settings(max_examples=80)
def test_redacting_a_redacted_recording_changes_nothing(answer: Any) -> None:
    try:
        once = redacted(call({"a": answer}, answer, method="POST"))
        again = Redaction().redacted(once)
    except ClashError:
        return
    assert again.interactions[0].body == once.interactions[0].body
    assert again.interactions[0].request_body == once.interactions[0].request_body
