"""Only JSON that every reader understands alike gets in."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avgate_gateway.strict_json import MalformedJsonError, RefusedTextError, parse

MARKER = "06-12345678"

NUMBERS = st.integers(-(2**63) + 1, 2**63 - 1) | st.floats(
    -1e18, 1e18, allow_nan=False, allow_infinity=False
)
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]))
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)

MALFORMED = {
    "nothing": b"",
    "white space": b" \n",
    "a byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "UTF-16 without mark": '{"a": 1}'.encode("utf-16-le"),
    "UTF-32": '{"a": 1}'.encode("utf-32"),
    "invalid UTF-8": b'{"a": "\xff"}',
    "a surrogate as bytes": b'"\xed\xa0\x80"',
    "a name twice": b'{"a": 1, "a": 2}',
    "a name twice, spelled differently": b'{"a": 1, "\\u0061": 2}',
    "a name twice, deeper": b'[{"b": {"a": 1, "a": ":"}}]',
    "NaN": b'{"a": NaN}',
    "NaN among numbers": b"[1, NaN, 2]",
    "Infinity": b"[Infinity]",
    "minus Infinity": b"[-Infinity]",
    "a number beyond floats": b"1e999",
    "a number beyond floats, below zero": b"[-1e999]",
    "an integer beyond 64 bits": b"[9223372036854775808]",
    "an integer of 5,000 digits": b"[" + b"9" * 5000 + b"]",
    "100,000 levels": b"[" * 100_000,
    "objects in objects": b'{"a":' * 10_000,
    "33 levels": b"[" * 33 + b"]" * 33,
    "something behind it": b"{} {}",
    "a comma too many": b"[1,]",
    "single quotes": b"{'a': 1}",
    "a comment": b"{} // a",
    "a line end in a string": b'"a\nb"',
    "a NUL in a string": b'"a\x00b"',
}

REFUSED_TEXT = {
    "a lone high surrogate": b'{"a": "\\ud800"}',
    "a lone low surrogate": b'{"a": "x\\udc00"}',
    "surrogates in the wrong order": b'"\\udc00\\ud800"',
    "surrogates split over two strings": b'["\\ud83d", "\\ude00"]',
    "a surrogate in a name": b'{"\\ud800": 1}',
    "NUL": b'"a\\u0000b"',
    "NUL in a name": b'{"\\u0000": 1}',
    "escape": b'"\\u001b[31m"',
    "backspace": b'"\\b"',
    "form feed": b'"\\f"',
}

ACCEPTED = {
    "a pair of surrogates": (b'"\\ud83d\\ude00"', "\U0001f600"),
    "line ends and tabs": (b'"a\\r\\n\\tb"', "a\r\n\tb"),
    "an escaped backslash before u0000": (b'"\\\\u0000"', "\\u0000"),
    "colons and quotes in strings": (
        b'{"a:\\"": ":", "b": {"c": "\\\\"}}',
        {'a:"': ":", "b": {"c": "\\"}},
    ),
    "the largest integer": (b"9223372036854775807", 2**63 - 1),
    "32 levels": (b"[" * 32 + b"]" * 32, json.loads("[" * 32 + "]" * 32)),
    "null": (b"null", None),
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_refuses_what_is_not_plain_json(body: bytes) -> None:
    with pytest.raises(MalformedJsonError):
        parse(body)


@pytest.mark.parametrize("body", REFUSED_TEXT.values(), ids=REFUSED_TEXT)
def test_refuses_text_that_a_store_could_not_hold(body: bytes) -> None:
    with pytest.raises(RefusedTextError):
        parse(body)


@pytest.mark.parametrize(("body", "value"), ACCEPTED.values(), ids=ACCEPTED)
def test_reads_everything_else_as_it_is_meant(body: bytes, value: object) -> None:
    assert parse(body) == value


@given(VALUES)
def test_reads_what_an_ordinary_writer_wrote(value: object) -> None:
    assert parse(json.dumps(value).encode()) == value


@given(st.binary(max_size=200))
def test_never_fails_otherwise(body: bytes) -> None:
    with contextlib.suppress(MalformedJsonError, RefusedTextError):
        parse(body)


@pytest.mark.parametrize(
    "body", [f'{{"{MARKER}": 1, "{MARKER}": 2}}', f'["{MARKER}', f'"{MARKER}\\u0000"']
)
def test_never_repeats_what_was_sent(body: str) -> None:
    with pytest.raises((MalformedJsonError, RefusedTextError)) as caught:
        parse(body.encode())
    assert MARKER not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
