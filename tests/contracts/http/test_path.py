from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avgate_contracts import InvalidIdentifierError
from avgate_contracts.http.path import fill, has_exactly, query, segment

ATTACKS = [
    "..",
    ".",
    "",
    "../admin",
    "%2e%2e",
    "..%2f",
    "a/../../x",
    "//evil/x",
    "/",
    "a/b",
    "@evil",
    ":80",
    "?x=1",
    "a?x=1",
    "#f",
    ";v=1",
    "\\..\\",
    "a\\b",
    "%00",
    "\x00",
    "\n",
    "a\r\nX-Header: 1",
    "a\n",
    "a..b",
    "*",
    "%",
    "\u2024\u2024",  # one dot leaders, which normalise to dots
    "\uff0e\uff0e",  # full-width dots
    "\u2025",  # a two dot leader
    "\u2215",  # a division slash
    "٤٢",
    "a b",
    " ",
    "\ud800",
    "a" * 257,
]


@pytest.mark.parametrize("value", ATTACKS)
def test_an_id_that_is_not_one_plain_segment_is_refused(value: str) -> None:
    with pytest.raises(InvalidIdentifierError) as caught:
        fill("/subscribers/{id}", {"id": value})
    assert len(value) < 4 or value not in str(caught.value)


@pytest.mark.parametrize(
    "value",
    [
        "42",
        "+31612345678",
        "a-b_c.d~e",
        "urn:x:1",
        "jan@example.nl",
        "QUJD=",
        "-x",
        "_x",
        "a" * 256,
    ],
)
def test_a_plain_id_fills_its_place_and_decodes_to_itself(value: str) -> None:
    path = fill("/subscribers/{id}/calls", {"id": value})
    parts = path.split("/")
    assert parts[:2] + parts[3:] == ["", "subscribers", "calls"]
    assert unquote(parts[2]) == value


@given(st.text(max_size=30))
def test_whatever_is_not_refused_stays_in_its_segment(value: str) -> None:
    try:
        made = segment(value)
    except InvalidIdentifierError:
        return
    assert unquote(made) == value
    assert made not in {"", ".", ".."}
    assert not set(made) & set("/?#\\;@:")


@pytest.mark.parametrize(
    ("template", "ids"),
    [
        ("/subscribers/{id}", {}),
        ("/subscribers/{id}", {"other": "1"}),
        ("/subscribers", {"id": "1"}),
        ("/subscribers/{Id}", {}),
        ("/subscribers/{", {}),
        ("/subscribers?all=1", {}),
        ("/subscribers#x", {}),
        ("/a/../b", {}),
        ("/a/./b", {}),
        ("/a//b", {}),
        ("//evil/x", {}),
        ("/a%2fb", {}),
        ("/a\nb", {}),
        ("a", {}),
        ("", {}),
    ],
)
def test_a_template_that_is_no_plain_path_is_the_authors_mistake(
    template: str, ids: dict[str, str]
) -> None:
    with pytest.raises(ValueError, match="path"):
        fill(template, ids)


def test_what_a_template_and_its_ids_have_not_in_common_is_said() -> None:
    with pytest.raises(ValueError, match=r"differ in \['id', 'other'\]"):
        fill("/{tenant}/users/{id}", {"tenant": "acme", "other": "7"})


def test_a_template_may_hold_several_places_and_end_in_a_slash() -> None:
    ids = {"tenant": "acme", "id": "7"}
    assert fill("/{tenant}/users/{id}.json", ids) == "/acme/users/7.json"
    assert fill("/", {}) == "/"
    assert fill("/users/", {}) == "/users/"


@pytest.mark.parametrize(
    ("path", "has_it"),
    [
        ("/users/7/calls", True),
        ("/users/%37/calls", True),
        ("/users/6/calls", False),
        ("/users/8/calls", False),
        ("/people/7/calls", False),
        ("/userz/7/calls", False),
        ("/users/7/call", False),
        ("/users/7/calls/", False),
        ("/users/7", False),
        ("/users/%2537/calls", False),
        ("/users/7%2f/calls", False),
    ],
)
def test_a_path_has_the_segments_of_its_template_or_it_has_not(path: str, has_it: bool) -> None:
    assert has_exactly(path, "/users/{id}/calls", {"id": "7"}) is has_it


def test_parameters_arrive_as_they_were_given() -> None:
    assert query({"q": "a&b=c #/?%\n", "all": True, "none": False, "page": 2}) == (
        "q=a%26b%3Dc%20%23%2F%3F%25%0A&all=true&none=false&page=2"
    )
    assert query([("include", "a"), ("include", "b")]) == "include=a&include=b"
    assert query(None) == query({}) == ""


@pytest.mark.parametrize("value", ["", "\ud800"])
def test_an_empty_or_broken_filter_is_refused(value: str) -> None:
    with pytest.raises(InvalidIdentifierError) as caught:
        query({"number": value})
    assert caught.value.__context__ is None


def test_a_megabyte_of_id_is_refused_at_once() -> None:
    with pytest.raises(InvalidIdentifierError):
        fill("/subscribers/{id}", {"id": "a." * 500_000})
