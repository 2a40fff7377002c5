from __future__ import annotations

import pytest

from avgate_contracts import ContractBrokenError, InvalidIdentifierError
from avgate_contracts.http.body import decoded, encoded


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<!DOCTYPE html><html>Log in</html>",
        b'{"a": 1',
        b'{"a": 1, "a": 2}',
        b'{"a": {"b": 1, "b": 1}}',
        b"NaN",
        b'{"a": Infinity}',
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a": ' + b"9" * 5_000 + b"}",
        b'\xef\xbb\xbf{"a": 1}',
        '{"a": 1}'.encode("utf-16"),
        b'{"a": "\xe9"}',
        b'{"a": "\\ud800"}',
        b'{"\\uDC00": 1}',
        b'{"a": "\x00"}',
        b"{} {}",
    ],
)
def test_what_readers_could_take_differently_is_refused(body: bytes) -> None:
    with pytest.raises(ContractBrokenError) as caught:
        decoded(body)
    assert caught.value.__context__ is None


def test_plain_json_is_read() -> None:
    assert decoded(b'{"a": [1, 1.5, "\\u00e9", null, true], "b": {}}') == {
        "a": [1, 1.5, "é", None, True],
        "b": {},
    }
    assert decoded(b'"\\ud83d\\ude00"') == "\N{GRINNING FACE}"
    assert decoded(b"null") is None


def test_a_body_is_written_in_utf_8_without_escapes() -> None:
    assert encoded({"naam": "Zoë"}) == '{"naam":"Zoë"}'.encode()
    assert encoded(None) == b"null"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800"])
def test_what_json_cannot_hold_is_refused_before_the_wire(value: str | float) -> None:
    with pytest.raises(InvalidIdentifierError) as caught:
        encoded({"a": value})
    assert caught.value.__context__ is None
