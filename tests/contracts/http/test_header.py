from __future__ import annotations

import pytest

from avgate_contracts import InvalidIdentifierError
from avgate_contracts.http.header import header, headers


@pytest.mark.parametrize(
    "value", ["", "a\r\nX: 1", "a\nb", "a\x00", " a", "a ", "é", "\x7f", "\ud800"]
)
def test_a_value_that_could_break_out_of_its_header_is_refused(value: str) -> None:
    with pytest.raises(InvalidIdentifierError):
        header("x-name", value)
    with pytest.raises(InvalidIdentifierError):
        headers(None, accept="*/*", content_type=None, key=value)


@pytest.mark.parametrize("name", ["", "a b", "a:", "a\n", "é"])
def test_a_name_is_a_token(name: str) -> None:
    with pytest.raises(InvalidIdentifierError):
        header(name, "x")


@pytest.mark.parametrize("name", ["Host", "Cookie", "Content-Length", "Accept-Encoding"])
def test_what_the_client_sets_cannot_be_given(name: str) -> None:
    with pytest.raises(ValueError, match="itself"):
        headers({name: "x"}, accept="*/*", content_type=None, key=None)


def test_what_the_author_gives_goes_first() -> None:
    made = dict(
        headers(
            {"Accept": "text/csv", "Content-Type": "application/merge-patch+json"},
            accept="application/json",
            content_type="application/json",
            key="k-1",
        )
    )
    assert made == {
        b"accept": b"text/csv",
        b"accept-encoding": b"identity",
        b"user-agent": b"avgate",
        b"content-type": b"application/merge-patch+json",
        b"idempotency-key": b"k-1",
    }
