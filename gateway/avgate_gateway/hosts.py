"""Which hosts an address of PostgreSQL names: a standby may be one, and after a failure it is the one to write to."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

_ATTRIBUTES = "target_session_attrs"


def writable(address: str) -> str:
    """Of several hosts the one that can be written to, unless the address says otherwise: any may answer first."""
    parts = urlsplit(address)
    if "," not in parts.netloc or f"{_ATTRIBUTES}=" in parts.query:
        return address
    query = "&".join(filter(None, (parts.query, f"{_ATTRIBUTES}=read-write")))
    return urlunsplit(parts._replace(query=query))


def one_by_one(address: str) -> list[str]:
    """An address for each host: to one that is silent the driver would give the time of all of them."""
    parts = urlsplit(address)
    account, at, hosts = parts.netloc.rpartition("@")
    return [urlunsplit(parts._replace(netloc=f"{account}{at}{one}")) for one in hosts.split(",")]
