from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pytest
from pydantic import BaseModel, ConfigDict, Field

from avgate_contracts import ContractBrokenError, Response


class Line(BaseModel):
    number: str
    since: date


class Person(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(alias="fullName")
    lines: list[Line] = []
    extras: Mapping[str, int] = {}


def answer(body: bytes, media_type: str = "application/json") -> Response:
    return Response(200, {"content-type": media_type}, body)


def test_a_body_is_parsed_into_a_model_or_a_list_of_them() -> None:
    one = b'{"fullName": "Jan", "lines": [{"number": "1", "since": "2026-01-01"}]}'
    assert answer(one).parse(Person).lines[0].since == date(2026, 1, 1)
    assert [p.name for p in answer(b"[" + one + b"]").parse(list[Person])] == ["Jan"]


def test_a_difference_is_told_by_place_and_type_alone() -> None:
    body = (
        b'{"fullName": 5, "lines": [{"number": "0612345678", "since": "Jansen"}],'
        b' "extras": {"0612345678": "Jansen"}, "Jansen": 1}'
    )
    with pytest.raises(ContractBrokenError) as caught:
        answer(body).parse(Person)
    said = str(caught.value)
    assert "Jansen" not in said
    assert "0612345678" not in said
    assert "fullName (string_type)" in said
    assert "lines.0.since (date_from_datetime_parsing)" in said
    assert "extras.* (int_parsing)" in said
    assert "* (extra_forbidden)" in said
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    "body", [b"<html>Log in</html>", b"", b'{"fullName": "a", "fullName": "b"}']
)
def test_a_page_of_html_with_200_is_no_data(body: bytes) -> None:
    with pytest.raises(ContractBrokenError):
        answer(body, "text/html").parse(Person)
    with pytest.raises(ContractBrokenError):
        answer(body, "text/html").json()


def test_text_is_read_in_the_charset_it_names() -> None:
    assert answer("Zoë".encode("cp1252"), 'text/plain; charset="windows-1252"').text() == "Zoë"
    assert answer("Zoë".encode()).text() == "Zoë"


@pytest.mark.parametrize("charset", ["utf-8", "no-such", "a\x00b"])
def test_text_in_another_charset_than_it_names_is_refused(charset: str) -> None:
    with pytest.raises(ContractBrokenError):
        answer(b"Zo\xeb", f"text/plain; charset={charset}").text()


def test_neither_body_nor_headers_show() -> None:
    shown = repr(Response(200, {"location": "/people/0612345678"}, b"Jansen"))
    assert "Jansen" not in shown
    assert "0612345678" not in shown
