"""Which addresses are sent to: by what is written, before anything is looked up."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from urllib.parse import urlsplit

from avgate_contracts.destination import origin_of, why_not_called

_QUERY = re.compile(r"[!$&-;=?-Z_a-z~%]*")  # RFC 3986, section 3.4
_SPELLING = "the part after ? holds a letter that an address cannot hold"
_LEFT_OUT = {"https": ":443", "http": ":80"}


def why_not_sent(address: str, private_networks: Iterable[str]) -> str | None:
    """Why an address that somebody answers for cannot be called; None if it can."""
    plain, _, query = address.partition("?")
    if not _QUERY.fullmatch(query):
        return _SPELLING
    return why_not_called(plain, private_networks)


def host_of(address: str) -> str | None:
    """The host as a list of hosts has it: with its port, unless that is the usual one."""
    if origin_of(address.partition("?")[0]) is None:
        return None
    parts = urlsplit(address)
    return parts.netloc.lower().removesuffix(_LEFT_OUT[parts.scheme])


def is_among(address: str, hosts: Collection[str]) -> bool:
    """Whether it is on one of the hosts, at the very port that is listed."""
    return host_of(address) in hosts
