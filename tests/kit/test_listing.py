"""What an answer says of a further page, by whatever name, and that it was asked for."""

import json

import pytest

from avgate_contracts.kit.listing import unfinished
from avgate_contracts.kit.tape import Interaction

BASE = "https://crm.example/v2/invoices"
JSON = {"content-type": "application/json"}


def page(query: str, **body: object) -> Interaction:
    return Interaction("GET", f"{BASE}{query}", {}, b"", 200, JSON, json.dumps(body).encode())


@pytest.mark.parametrize("name", ["cursor", "endCursor", "after_cursor", "pageToken", "bookmark"])
def test_the_place_to_go_on_from_is_asked_for_by_whatever_name_it_has(name: str) -> None:
    first, last = page("?of=7", data=[1, 2], **{name: "f2"}), page("?of=7&cursor=f2", data=[3])
    assert unfinished([first, last]) == []
    assert unfinished([first]) != []
    nested = page("?of=7", data=[1, 2], meta={name: "f2"})
    assert unfinished([nested]) != []


@pytest.mark.parametrize(
    "last",
    [
        {"data": [1, 2], "cursor": None},
        {"data": [1, 2], "cursor": ""},
        {"data": [], "cursor": "f2"},
        {"data": [1, 2], "cursor": "f2", "has_more": False},
        {"data": [1, 2], "cursor": "f1", "next": None},
        {"id": "f1", "cursor": "f2"},
    ],
    ids=["none", "empty", "no item", "no more", "no next", "no list"],
)
def test_a_place_is_none_to_go_on_from_where_something_else_says_so(
    last: dict[str, object],
) -> None:
    assert unfinished([page("?of=7", **last)]) == []
