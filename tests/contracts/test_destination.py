"""Where an address may lead: as the config is read, and by what a name turns out to be."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from avgate_contracts import ConnectorSettings, WebAddress
from avgate_contracts.destination import PRIVATE as NETWORKS
from avgate_contracts.destination import (
    Destinations,
    Origin,
    is_special,
    literal,
    origin_of,
    private_network,
    unwrapped,
)

from .addresses import MISSPELT, NOBODY, PRIVATE, PUBLIC

ANYWHERE = Destinations(private=NETWORKS)
ALL_NETWORKS = tuple(map(str, NETWORKS))


class Deep(BaseModel):
    url: WebAddress


class Nested(ConnectorSettings):
    lists: tuple[Deep, ...] = ()
    by_name: dict[str, Deep] = Field(default_factory=dict)


def read(address: str, networks: tuple[str, ...] = ()) -> ConnectorSettings:
    return ConnectorSettings(base_url=address, private_networks=networks)


@pytest.mark.parametrize("scheme", ["https", "http"])
@pytest.mark.parametrize("host", [*MISSPELT.values(), *NOBODY.values()], ids=[*MISSPELT, *NOBODY])
def test_a_host_that_leads_inside_is_refused_when_the_config_is_read(
    host: str, scheme: str
) -> None:
    with pytest.raises(ValidationError):
        read(f"{scheme}://{host}/api", ALL_NETWORKS)
    with pytest.raises(ValidationError):
        read(f"{scheme}://{host}:8443")


@pytest.mark.parametrize("host", [*MISSPELT.values(), *NOBODY.values()], ids=[*MISSPELT, *NOBODY])
def test_and_refused_wherever_else_it_comes_from(host: str) -> None:
    bare = host.strip("[]")
    assert ANYWHERE.why_not(Origin("https", bare, 443)) or (":" in bare and host == "::1")


@pytest.mark.parametrize("host", PUBLIC)
def test_a_public_host_is_called_over_https_only(host: str) -> None:
    assert read(f"https://{host}/api").base_url == f"https://{host}/api"
    with pytest.raises(ValidationError, match="http is only for this machine"):
        read(f"http://{host}/api")


@pytest.mark.parametrize(("host", "network"), PRIVATE.items())
def test_a_private_address_is_called_if_its_network_is_listed(host: str, network: str) -> None:
    with pytest.raises(ValidationError) as caught:
        read(f"https://{host}/api")
    assert f'private_networks = ["{network}"]' in str(caught.value)  # what to write
    read(f"https://{host}/api", (network,))
    read(f"http://{host}/api", (network,))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.0.1", "[::1]", "localhost"])
def test_this_machine_is_called_if_it_is_written_so(host: str) -> None:
    for scheme in ("http", "https"):
        read(f"{scheme}://{host}:8790/api")
    by_another_name = Destinations.of(["upstream.nl"], ALL_NETWORKS)
    assert by_another_name.why_not(Origin("https", host.strip("[]"), 8790))


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/passwd",
        "gopher://upstream.nl/",
        "ftp://upstream.nl/",
        "unix:/run/docker.sock",
        "//upstream.nl/",
        "HTTPS://upstream.nl/",
        "https:upstream.nl",
        "https:///x",
        "https://upstream.nl/#x",
        "https://upstream.nl/?x",
        "https://upstream.nl/a b",
        "https://upstream.nl/\u00e9",
    ],
)
def test_what_is_no_plain_web_address_is_refused(address: str) -> None:
    with pytest.raises(ValidationError):
        read(address)


def test_an_address_is_plain_wherever_a_setting_has_it() -> None:
    for odd in ("https://upstream.nl/\u00e9", "https://\u2460.nl", "https://upstream.nl/a b"):
        with pytest.raises(ValidationError):
            TypeAdapter(WebAddress).validate_python(odd)


@pytest.mark.parametrize(
    "port", [1, 21, 22, 25, 80, 110, 993, 1023, 3306, 5432, 6379, 11211, 65536, 99999]
)
def test_a_port_of_something_else_is_refused(port: int) -> None:
    for host in ("upstream.nl", "127.0.0.1"):
        with pytest.raises(ValidationError):
            read(f"https://{host}:{port}/")


@pytest.mark.parametrize("port", [0, 443, 1024, 8080, 8443, 65535])
def test_a_port_of_the_web_is_allowed(port: int) -> None:
    read(f"https://upstream.nl:{port}/")


@pytest.mark.parametrize("deep", ["http://upstream.nl/", "https://10.0.0.1", "https://127.1"])
def test_addresses_are_found_wherever_they_stand_in_the_settings(deep: str) -> None:
    base = "https://upstream.nl"
    with pytest.raises(ValidationError):
        Nested.model_validate({"base_url": base, "lists": [{"url": deep}]})
    with pytest.raises(ValidationError):
        Nested.model_validate({"base_url": base, "by_name": {"a": {"url": deep}}})


@pytest.mark.parametrize(
    "network",
    ["0.0.0.0/0", "::/0", "127.0.0.0/8", "169.254.0.0/16", "10.0.0.1/8", "10.0.0.0/7", "fe80::/10",
     "8.8.8.0/24", "10.0.0.0/255.0.0.0", "10", "", "x", "::ffff:10.0.0.0/104"],
)  # fmt: skip
def test_only_a_private_network_can_be_listed(network: str) -> None:
    with pytest.raises(ValueError, match="must"):
        private_network(network)
    with pytest.raises(ValidationError):
        read("https://upstream.nl", (network,))


def test_a_name_is_judged_by_all_that_it_resolves_to() -> None:
    at = Origin("https", "upstream.nl", 443)
    public, private, local = map(ip_address, ("93.184.216.34", "10.0.0.1", "127.0.0.1"))
    assert Destinations().why_not_to(at, [public]) is None
    assert Destinations().why_not_to(at, [public, private])
    assert Destinations().why_not_to(at, [public, local])
    ours = Destinations.of([], ["10.0.0.0/8"])
    assert ours.why_not_to(at, [public, private]) is None
    assert ours.why_not_to(at, [private, local])
    assert ours.why_not_to(Origin("http", "upstream.nl", 80), [private]) is None
    assert ours.why_not_to(Origin("http", "upstream.nl", 80), [private, public])


def test_localhost_is_this_machine_whatever_resolves_it() -> None:
    here, at = Destinations.of(["localhost:8790"], []), Origin("http", "localhost", 8790)
    assert here.why_not_to(at, [ip_address("::1"), ip_address("127.0.0.1")]) is None
    assert here.why_not_to(at, [ip_address("93.184.216.34")])


@given(st.ip_addresses())
@example(ip_address("64:ff9b::7f00:1"))
@example(ip_address("::7f00:1"))
@example(ip_address("2002:7f00:1::"))
def test_what_is_not_global_is_special(address: object) -> None:
    """The library's own table is never stricter than ours; that ours is stricter, the list shows."""
    found = ip_address(str(address))
    assert is_special(unwrapped(found)) or unwrapped(found).is_global
    assert literal(str(found)) == found


PIECES = ["upstream.nl", "127.1", "a", "1", ".", ":", ":443", ":8080", "@", "/", "//", "\\", "?", "#",
          "%", "%2e", "[", "]", "[2a01:db8::1]", "\t", "\r\n", "\x00", " ", "0x7f", "-", "_",
          "\u2460", "\uff0e", "\u00e9", "xn--"]  # fmt: skip
TEXT = st.lists(st.sampled_from(PIECES), max_size=5).map("".join)


@given(TEXT)
@example("a@b")
@example("upstream.nl:443@evil")
@example("a\\@b")
def test_an_address_that_is_taken_is_read_alike_by_every_parser(rest: str) -> None:
    """[S08] The standard library, the HTTP library and ours; what they differ on is refused."""
    address = f"https://{rest}"
    ours = origin_of(address)
    if ours is None or Destinations().why_not(ours) is not None:
        return
    split, theirs = urlsplit(address), httpx.URL(address)
    assert split.hostname == theirs.raw_host.decode() == ours.host
    assert (split.port or 443) == (theirs.port or 443) == ours.port
    assert not split.username
    assert not theirs.userinfo
