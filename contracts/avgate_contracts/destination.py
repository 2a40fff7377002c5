"""Where a connection may go: decided twice, by what is written and by what a name resolves to.

An address is a destination unless it is special, by a table of our own: `ipaddress.is_global` takes
multicast, IPv4 inside IPv6 and ranges that were assigned later for public. IPv6 is judged by what
may be called (2000::/3), so that a range nobody has heard of yet is special too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import NamedTuple, TypeAlias
from urllib.parse import urlsplit

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

# Where a reseller's own systems are: RFC 1918, RFC 6598 (shared), RFC 4193 (unique local).
PRIVATE: tuple[Network, ...] = tuple(
    ip_network(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
)
# The IANA registries of special-purpose addresses; RFC 6890 and its successors.
_SPECIAL_4 = tuple(
    IPv4Network(text)
    for text in [
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    ]
)
_GLOBAL_6 = IPv6Network("2000::/3")
_SPECIAL_6 = tuple(  # Teredo, documentation, 6to4, AS112: inside the global range and yet special
    IPv6Network(text)
    for text in ["2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20"]
)
# IPv4 in IPv6 that a network may well answer with: mapped (RFC 4291), and NAT64 (RFC 6052).
_CARRIES_IPV4 = (IPv6Network("::ffff:0:0/96"), IPv6Network("64:ff9b::/96"))
# Where clouds hand out credentials, outside of 169.254.0.0/16: in no network that may be allowed.
_METADATA = frozenset(
    ip_address(text)
    for text in ("100.100.100.200", "168.63.129.16", "fd00:ec2::254", "fd20:ce::254")
)

LOCALHOST = "localhost"
# RFC 2606, RFC 6761: names that lead nowhere; recordings are played as if they were upstreams.
_NOWHERE = frozenset({"example", "invalid", "test"})
_ADDRESS = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]{2,45}\]|[A-Za-z0-9._\-]{1,253})"
    r"(?::(?P<port>0|[1-9][0-9]{0,4}))?(?:/[!$&-.0-9:;=@A-Z_a-z~%/]*)?"
)
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_\-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")

_USUAL_PORT = {"https": 443, "http": 80, "sftp": 22}
_FIRST_FREE_PORT = 1024  # below lie services of the system, mail and remote shells among them
_LAST_PORT = 65_535
# What a line of HTTP can do harm to: databases, caches, NFS, SIP. A port of theirs is a mistake.
_SPEAK_OTHERWISE = frozenset(
    {1433, 1521, 2049, 3306, 3389, 5060, 5061, 5432, 5672, 6379, 11211, 27017}
)

_SPELLING = (
    "the host must be a name of letters, digits, - and dots (another script as xn--...), or an "
    "IP address in its one usual form: 192.0.2.1 or [2001:db8::1]"
)
_PORT = (
    "the port must be 443, 80 for http, or one from 1024 on that is not a database's or a phone's"
)
_HTTP = (
    "http is only for this machine (127.0.0.1, [::1], localhost) and for networks that "
    "private_networks of the connector's settings lists; write https"
)
_NOBODY = (
    "the host leads to an address at which no upstream is: this machine, a link, a cloud's "
    "metadata or a reserved range"
)


class Origin(NamedTuple):
    """Scheme, host (without brackets, in lower case) and port of an address."""

    scheme: str
    host: str
    port: int


def origin_of(address: str) -> Origin | None:
    """The origin of an address; None unless every parser would read the address alike."""
    parts = _ADDRESS.fullmatch(address)
    if parts is None:
        return None
    scheme = parts["scheme"]
    return Origin(
        scheme, parts["host"].strip("[]").lower(), int(parts["port"] or _USUAL_PORT[scheme])
    )


def why_not_called(address: str, private_networks: Iterable[str]) -> str | None:
    """Why an address that the operator has written cannot be called; None if it can.

    What stands there literally is meant: this machine may be written, and by nobody else.
    """
    origin = origin_of(address)
    if origin is None:
        return _SPELLING
    return Destinations.of([urlsplit(address).netloc], private_networks).why_not(origin)


def literal(host: str) -> Address | None:
    """The IP address that a host is, if it is one in its canonical form."""
    try:
        address = ip_address(host)
    except ValueError:
        return None
    return address if str(address) == host and "%" not in host else None


def private_network(text: str) -> Network:
    """A network that may hold upstreams; raises ValueError, which says what may be one."""
    try:
        network = ip_network(text)
    except ValueError:
        raise ValueError("must be a network without host bits, such as 10.0.0.0/8") from None
    if str(network) != text or not any(_lies_in(network, whole) for whole in PRIVATE):
        raise ValueError(f"must lie in one of {', '.join(map(str, PRIVATE))}")
    return network


@dataclass(frozen=True, slots=True, eq=False)  # told apart by identity: one for each client
class Destinations:
    """What one connector's settings let through; `local` are hosts of this machine, as written.

    Each method answers with the reason why not, or with None.
    """

    local: frozenset[str] = frozenset()
    private: tuple[Network, ...] = ()

    @classmethod
    def of(cls, hosts: Iterable[str], private_networks: Iterable[str]) -> Destinations:
        """From the hosts (`name` or `name:port`) and the networks of the settings."""
        names = {urlsplit(f"//{entry}").hostname or "" for entry in hosts}
        return cls(
            frozenset(name for name in names if is_this_machine(name)),
            tuple(private_network(text) for text in private_networks),
        )

    def why_not(self, origin: Origin) -> str | None:
        """Judges what is written, before any name is looked up."""
        if not _is_plain(origin.host):
            return _SPELLING
        if not _is_port(origin.scheme, origin.port):
            return _PORT
        address = literal(origin.host)
        if address is not None:
            return self.why_not_to(origin, [address])
        local = origin.host in self.local
        is_nowhere = origin.host.rpartition(".")[2] in _NOWHERE
        if origin.scheme == "http" and not (local or self.private or is_nowhere):
            return _HTTP
        if is_this_machine(origin.host) and not local:
            return _NOBODY
        return None

    def why_not_to(self, origin: Origin, answers: Iterable[Address]) -> str | None:
        """Judges every address that a host turned out to have: one that is special refuses all."""
        for answer in answers:
            if origin.host in self.local:
                why = None if answer.is_loopback else _NOBODY
            else:
                why = self._why_not_at(origin.scheme, unwrapped(answer))
            if why is not None:
                return why
        return None

    def _why_not_at(self, scheme: str, address: Address) -> str | None:
        if address in _METADATA:
            return _NOBODY
        if any(address in network for network in self.private):
            return None
        if not is_special(address):
            return _HTTP if scheme == "http" else None
        for network in PRIVATE:
            if address in network:
                return (
                    f"the host leads into the private network {network}; if the upstream is there, "
                    f'write private_networks = ["{network}"] into the settings of this connector'
                )
        return _NOBODY


def is_this_machine(host: str) -> bool:
    """Whether a host is a canonical loopback address, or the name `localhost` itself."""
    address = literal(host)
    return host == LOCALHOST if address is None else address.is_loopback


def is_special(address: Address) -> bool:
    """Whether an address, unwrapped, is anything but a public one."""
    if isinstance(address, IPv4Address):
        return any(address in network for network in _SPECIAL_4)
    return address not in _GLOBAL_6 or any(address in network for network in _SPECIAL_6)


def unwrapped(address: Address) -> Address:
    """The IPv4 address that a mapped or translated IPv6 address stands for; else the address."""
    if isinstance(address, IPv6Address) and any(address in block for block in _CARRIES_IPV4):
        return IPv4Address(address.packed[-4:])
    return address


def _is_plain(host: str) -> bool:
    """Whether a host is a canonical IP address, or a name that nobody can read as a number."""
    if literal(host) is not None:
        return True
    labels = host.split(".")
    return (
        all(_LABEL.fullmatch(label) for label in labels)
        and not _NUMBER.fullmatch(labels[-1])
        and not (labels[-1] == LOCALHOST and len(labels) > 1)
    )


def _is_port(scheme: str, port: int) -> bool:
    """Port 0 is what a sandbox has that is not started yet; no socket can be connected to it."""
    is_free = _FIRST_FREE_PORT <= port <= _LAST_PORT and port not in _SPEAK_OTHERWISE
    return is_free or port in {0, _USUAL_PORT.get(scheme)}


def _lies_in(network: Network, whole: Network) -> bool:
    if isinstance(network, IPv4Network):
        return isinstance(whole, IPv4Network) and network.subnet_of(whole)
    return isinstance(whole, IPv6Network) and network.subnet_of(whole)
