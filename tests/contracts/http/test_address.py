from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, unquote

import httpx
import pytest
from pydantic import SecretStr

from avgate_contracts import (
    ClientCredentials,
    ContractBrokenError,
    InvalidIdentifierError,
    MisconfiguredError,
)
from avgate_contracts.destination import Destinations
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
        "https://upstream.example/x?next=https://elsewhere.example/y",
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
        "https://upstream.example:22/x",
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
        "https://upstream.example/b/../a",
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


@pytest.mark.parametrize(
    "inside", ["10.0.0.1", "127.0.0.2", "169.254.169.254", "127.1", "[::1]:22"]
)
def test_an_allowed_host_that_leads_inside_is_refused_all_the_same(inside: str) -> None:
    """A connector of somebody else's may say more in `hosts()` than its settings do."""
    careless = Addresses("https://upstream.nl", {"upstream.nl", inside}, Destinations())
    with pytest.raises(MisconfiguredError):
        careless.url(f"https://{inside}/x", NO_IDS, None)


@pytest.mark.parametrize("port", [22, 25, 5432, 6379])
def test_a_port_that_speaks_something_else_is_refused_although_it_is_allowed(port: int) -> None:
    careless = Addresses(
        "https://upstream.nl", {"upstream.nl", f"upstream.nl:{port}"}, Destinations()
    )
    with pytest.raises(MisconfiguredError, match="the port must be"):
        careless.url(f"https://upstream.nl:{port}/x", NO_IDS, None)


def raw(template: str, ids: Mapping[str, str]) -> str:
    return template.format(**ids)


def encoded(template: str, ids: Mapping[str, str]) -> str:
    """What many clients do, and what does nothing about `..`"""
    return template.format(**{name: quote(value, safe="") for name, value in ids.items()})


def as_octets(template: str, ids: Mapping[str, str]) -> str:
    """Every character encoded: servers decode it, and then look at the path."""
    return template.format(
        **{n: "".join(f"%{byte:02x}" for byte in v.encode()) for n, v in ids.items()}
    )


SEVERAL = ["/users/{id}", "/users/{id}/calls/{call}", "/{id}"]
HOSTILE = ["..", ".", "", "../admin", "%2e%2e", "..%2f", "a/../../x", "//evil/x", "a/b", "?x=1",
           "a?x=1", "#f", "a#f", "\\..\\", "%00", "\x00", "\n", "a\r\nb", ";v=1", "\uff0e\uff0e", "%",
           "a%2fb", "...", "\u00e9"]  # fmt: skip


@pytest.mark.parametrize("careless", [raw, encoded, as_octets])
@pytest.mark.parametrize("template", SEVERAL)
@pytest.mark.parametrize("attack", HOSTILE)
def test_what_gets_past_the_filling_is_seen_in_the_prepared_address(
    careless: Callable[..., str], template: str, attack: str
) -> None:
    """[P01] The last check by itself: whatever `fill` lets through one day."""
    ids = {name: attack for name in ("id", "call") if f"{{{name}}}" in template}
    addresses = Addresses("https://upstream.example/api", {"upstream.example"}, fill=careless)
    with pytest.raises(InvalidIdentifierError):
        addresses.url(template, ids, None)


@pytest.mark.parametrize("careless", [encoded, as_octets])
def test_the_last_check_lets_whole_ids_through(careless: Callable[..., str]) -> None:
    addresses = Addresses("https://upstream.example/api", {"upstream.example"}, fill=careless)
    for value in ("+31612345678", "a.b-c_d", "jan@x", "a:b=c~d", "0"):
        url = addresses.url("/users/{id}/calls/{call}", {"id": value, "call": value}, {"page": 1})
        assert unquote(url.raw_path.decode()).count(value) == 2


def test_a_filling_that_leaves_a_place_or_adds_a_segment_is_seen() -> None:
    for made in ("/users", "/users/", "/users/{id}", "/users/7/erase", "/users/8", "/people/7",
                 "/users/7?all=true", "/../users/7", "/users/7/", "//users/7"):  # fmt: skip

        def wrong(_template: str, _ids: Mapping[str, str], made: str = made) -> str:
            return made

        addresses = Addresses("https://upstream.example/api", {"upstream.example"}, fill=wrong)
        with pytest.raises(InvalidIdentifierError):
            addresses.url("/users/{id}", {"id": "7"}, None)


@pytest.mark.parametrize("made", ["/users/7?all=true", "/users/7?z=1", "/users/7?"])
def test_a_filling_that_adds_a_parameter_to_others_is_seen(made: str) -> None:
    addresses = Addresses(
        "https://upstream.example/api", {"upstream.example"}, fill=lambda *_: made
    )
    with pytest.raises(InvalidIdentifierError):
        addresses.url("/users/{id}", {"id": "7"}, {"page": 1})


@pytest.mark.parametrize(("base", "other"), [("http://u.example", 81), ("https://u.example", 444)])
def test_a_scheme_has_its_usual_port_and_no_other(base: str, other: int) -> None:
    usual = {"http": 80, "https": 443}[base.partition(":")[0]]
    for hosts in ({"u.example"}, {f"u.example:{usual}"}):
        addresses = Addresses(base, hosts)
        for spelled in (base, f"{base}:{usual}"):
            assert addresses.url(f"{spelled}/x", NO_IDS, None).raw_path == b"/x"
        for port in (other, usual - 1):
            with pytest.raises(MisconfiguredError):
                addresses.url(f"{base}:{port}/x", NO_IDS, None)


def test_an_address_that_is_longer_than_the_library_takes_is_refused() -> None:
    assert ADDRESSES.url("/users", NO_IDS, {"q": "a" * 5_000}).query == b"q=" + b"a" * 5_000
    with pytest.raises(InvalidIdentifierError):
        ADDRESSES.url("/users", NO_IDS, {"q": "a" * 70_000})


@pytest.mark.parametrize("base", ["upstream.example", "/api", ""])
def test_a_base_without_a_scheme_is_an_operators_mistake(base: str) -> None:
    with pytest.raises(MisconfiguredError):
        Addresses(base, {"upstream.example"})


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
    "base", ["https://upstream.example/api", "http://127.0.0.1:8080", "https://[::1]:8443/a.b"]
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
