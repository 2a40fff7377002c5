from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from avgate_contracts import (
    ClientCredentials,
    ContractBrokenError,
    InvalidIdentifierError,
    MisconfiguredError,
)
from avgate_contracts.http.address import Addresses
from avgate_contracts.http.path import NO_IDS

ADDRESSES = Addresses(
    "https://upstream.example/api", {"upstream.example", "files.example:8443", "[2a01:db8::1]"}
)


def test_a_path_goes_below_the_base() -> None:
    url = ADDRESSES.url("/users/{id}", {"id": "+316"}, {"page": 1})
    assert str(url) == "https://upstream.example/api/users/%2B316?page=1"


@pytest.mark.parametrize(
    "address",
    [
        "https://upstream.example/other?page=2",
        "https://upstream.example:443/other",
        "https://files.example:8443/a%20b",
        "https://[2a01:db8::1]/x",
    ],
)
def test_an_absolute_address_on_an_allowed_host_is_called_as_it_is(address: str) -> None:
    assert ADDRESSES.url(address, NO_IDS, None).raw_path in address.encode()


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/x",
        "https://upstream.example.evil.example/x",
        "https://upstream.example./x",
        "https://sub.upstream.example/x",
        "https://upstream.example:8443/x",
        "https://files.example/x",
        "http://upstream.example/x",  # down from https
        "https://169.254.169.254/latest/meta-data",
        "https://127.0.0.1/x",
        "https://\uff55pstream.example.evil/x",
    ],
)
def test_every_other_host_is_refused(address: str) -> None:
    with pytest.raises((MisconfiguredError, ContractBrokenError)) as caught:
        ADDRESSES.url(address, NO_IDS, None)
    assert "example" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "https://jan:secret@upstream.example/x",
        "https://upstream.example@evil.example/x",
        "https://upstream.example/a/../b",
        "https://upstream.example/a#b",
        "https://upstream.example/a b",
        "https://upstream.example\\@evil.example/x",
        "https://upstream.example/\x00",
        "https:///x",
        "https://upstream.example:99999/x",
    ],
)
def test_an_address_that_the_library_would_rewrite_is_refused(address: str) -> None:
    with pytest.raises((MisconfiguredError, ContractBrokenError)):
        ADDRESSES.url(address, NO_IDS, None)


def test_parameters_are_added_to_an_absolute_address() -> None:
    url = ADDRESSES.url("https://upstream.example/x?a=1", NO_IDS, {"b": 2})
    assert url.raw_path == b"/x?a=1&b=2"


@pytest.mark.parametrize(
    "attack",
    ["..", "", "../admin", "%2e%2e", "a/b", "//evil/x", "@evil", "\x00", "\n", "\uff0e\uff0e"],
)
async def test_nothing_is_sent_for_an_id_that_would_leave_its_segment(
    clients: Any, turns: Callable[..., Any], attack: str
) -> None:
    handler = turns()
    with pytest.raises(InvalidIdentifierError):
        await clients.over(handler).send("DELETE", "/subscribers/{id}", ids={"id": attack})
    assert handler.asked == []


async def test_nothing_is_sent_to_a_host_that_is_not_allowed(
    clients: Any, turns: Callable[..., Any]
) -> None:
    handler = turns(httpx.Response(200))
    client = clients.over(handler)
    with pytest.raises(MisconfiguredError):
        await client.send("GET", "https://evil.example/x")
    with pytest.raises(MisconfiguredError):
        client.stream("GET", "https://evil.example/x")
    assert handler.asked == []


async def test_a_base_or_token_address_off_the_allowed_hosts_is_an_operators_mistake(
    clients: Any,
) -> None:
    with pytest.raises(MisconfiguredError):
        clients.over(None, hosts=frozenset({"other.example"}))
    outside = ClientCredentials("https://login.example/token", "id", SecretStr("s"))
    with pytest.raises(MisconfiguredError):
        clients.over(None, credentials=outside)


@pytest.mark.parametrize(
    "base", ["https://upstream.example/api", "http://127.0.0.1:8080", "https://[::1]:1/a.b"]
)
@pytest.mark.parametrize(
    ("path", "ids", "params"),
    [
        ("/users/{id}", {"id": "+31 6".replace(" ", "")}, None),
        ("/a.b/{id}/..c", {"id": "x.y~z=@:"}, {"q": "é&=?/#%2f .. \U0001f600", "b": True}),
        ("/", {}, [("a", 1), ("a", 2)]),
        ("/tmf/v4/{id}/", {"id": "-x"}, {"relatedParty.id": "../.."}),
    ],
)
def test_an_address_below_the_base_is_what_the_library_reads_in_it(
    base: str, path: str, ids: dict[str, str], params: Any
) -> None:
    url = Addresses(base, {base.split("/")[2]}).url(path, ids, params)
    read = httpx.URL(str(url))
    assert url == read
    assert (url.raw_path, url.netloc, url.scheme) == (read.raw_path, read.netloc, read.scheme)
    assert url.query == read.query


@pytest.mark.parametrize("target", ["/a/../b", "/a/..?b", "/./a", "/a b", "/a#b", "/é"])
def test_what_the_library_would_change_is_left_to_its_own_reading(target: str) -> None:
    with pytest.raises((InvalidIdentifierError, UnicodeEncodeError)):
        ADDRESSES._below(target)
